//! The command line: arguments to one command, carried out here or by the server that holds the data folder.

mod ask;
mod bench;
mod chat;
mod courses;
mod demo;
mod eval;
pub(crate) mod extract;
mod ingest;
mod keys;
mod models;
mod output;
mod search;
mod serve;
mod spoken;
mod students;
mod summary;
mod table;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tutor_prompts::{Language, Spoken, Words};

pub(crate) use output::{Line, Output, Terminal};

use crate::app::{App, OpenError};
use crate::config::Settings;
use crate::control;
use crate::dialogue::{MESSAGE_LIMIT, Trouble};
use crate::model::chain;

/// How long a command waits for another command to be through with the data folder.
const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments. What people read of them stands in the catalogue, under `cli-…`.
#[derive(Debug, Parser)]
#[command(name = "tutor", version, disable_help_subcommand = true)]
struct Arguments {
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", env = "TUTOR_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Work(Work),
    Chat(chat::Arguments),
    Models(models::Arguments),
    Bench(bench::Arguments),
    #[command(subcommand)]
    Eval(eval::Arguments),
    Serve,
    Demo,
}

/// A command on the data folder; it can be sent to the server that holds the folder.
#[derive(Debug, Clone, Serialize, Deserialize, Subcommand)]
pub(crate) enum Work {
    Ingest(ingest::Arguments),
    Search(search::Arguments),
    Ask(ask::Arguments),
    Summary(summary::Arguments),
    Courses(courses::Arguments),
    Students(students::Arguments),
    Keys(keys::Arguments),
    Usage(usage::Arguments),
    /// An evaluation over a data folder; `tutor eval` makes it.
    #[command(skip)]
    Eval(Box<eval::Task>),
    /// What a watched folder needs; no person writes it.
    #[command(skip)]
    Watched(ingest::watch::Batch),
}

impl Work {
    /// Carries it out; the exit code: 0 for done, 1 for failed.
    pub(crate) async fn run(self, app: &App, output: &Output) -> u8 {
        let done = match self {
            Self::Ingest(arguments) => arguments.run(app, output).await,
            Self::Search(arguments) => arguments.run(app, output).await,
            Self::Ask(arguments) => arguments.run(app, output).await,
            Self::Summary(arguments) => arguments.run(app, output).await,
            Self::Courses(arguments) => arguments.run(app, output).await,
            Self::Students(arguments) => arguments.run(app, output).await,
            Self::Keys(arguments) => arguments.run(app, output).await,
            Self::Usage(arguments) => arguments.run(app, output).await,
            Self::Eval(task) => task.run(app, output).await,
            Self::Watched(batch) => batch.run(app, output).await,
        };
        match done {
            Ok(()) => 0,
            Err(failure) => {
                output.error(&failure.sentence(app, output.terminal().language)).await;
                1
            }
        }
    }

    /// Paths as the server finds them, whatever folder it was started in.
    fn absolute(mut self) -> Self {
        if let Self::Ingest(arguments) = &mut self {
            arguments.make_absolute();
        }
        self
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message of the catalogue with its values.
    Said(&'static str, Vec<(&'static str, String)>),
    /// A part of the tutor failed.
    Trouble(Trouble),
    /// All was said already.
    Silent,
}

impl<T: Into<Trouble>> From<T> for Failure {
    fn from(trouble: T) -> Self {
        Self::Trouble(trouble.into())
    }
}

impl Failure {
    fn sentence(&self, app: &App, language: Language) -> String {
        match self {
            Self::Said(key, values) => {
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                app.parts.words.say(language, key, &values)
            }
            Self::Trouble(Trouble::ModelMissing(reason)) => {
                let model = app.parts.model.chat_name();
                app.parts.words.say(language, "serve-model-failed", &[("model", model), ("reason", reason)])
            }
            Self::Trouble(trouble) => {
                let sentence = crate::dialogue::trouble(&app.parts.words, language, trouble);
                format!("{sentence}\n({})", chain(trouble))
            }
            Self::Silent => String::new(),
        }
    }
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    let language = output::language_of_environment();
    let words = match Words::load() {
        Ok(words) => Arc::new(words),
        Err(error) => return fail(&error.to_string(), 1),
    };
    let spoken = Spoken::new(words.clone(), language);
    let matches = spoken::localise(Arguments::command(), &spoken).get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let settings = match Settings::load(arguments.config.as_deref(), arguments.data.as_deref()) {
        Ok(settings) => settings,
        Err(problems) => return fail(&spoken::problems(&spoken, &problems), 2),
    };
    output::start_logs(&settings, matches!(arguments.command, Command::Serve));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), 1),
    };
    let code = runtime.block_on(dispatch(arguments.command, settings, spoken));
    // A thread that reads the terminal cannot be ended; it must not hold the program up.
    runtime.shutdown_timeout(Duration::from_secs(2));
    ExitCode::from(code)
}

async fn dispatch(command: Command, settings: Settings, spoken: Spoken) -> u8 {
    match command {
        Command::Work(Work::Ingest(arguments)) if arguments.watches() => {
            ingest::watch::run(arguments, settings, &spoken).await
        }
        Command::Work(work) => work_somewhere(work, settings, &spoken).await,
        Command::Chat(arguments) => chat::run(arguments, settings, &spoken).await,
        Command::Models(arguments) => models::run(arguments, &settings, &spoken).await,
        Command::Bench(arguments) => bench::run(arguments, &settings, &spoken).await,
        Command::Eval(arguments) => eval::run(arguments, settings, &spoken).await,
        Command::Serve => serve::run(settings, &spoken).await,
        Command::Demo => demo::run(settings, &spoken).await,
    }
}

/// Carries `work` out here, or has the server that holds the data folder do it.
async fn work_somewhere(work: Work, settings: Settings, spoken: &Spoken) -> u8 {
    let work = work.absolute();
    let (lines, written) = mpsc::channel(64);
    let output = Output::new(lines, Terminal::of_this_process(spoken.language()));
    let printing = tokio::task::spawn_blocking(move || output::print(written));
    let code = carry_out(work, settings, spoken, &output).await;
    drop(output);
    let _ = printing.await;
    code
}

/// Carries `work` out in the process that holds the data folder; the exit code.
async fn carry_out(work: Work, settings: Settings, spoken: &Spoken, output: &Output) -> u8 {
    match open(settings.clone(), spoken).await {
        Ok(Place::Here(app)) => work.run(&app, output).await,
        Ok(Place::Server) => match control::work(&settings.data, work, output).await {
            Ok(code) => code,
            Err(_) => {
                output.error(&spoken.say("cli-server-gone", &[])).await;
                1
            }
        },
        Err(error) => {
            output.error(&open_failure(spoken, &error)).await;
            1
        }
    }
}

/// Where a command is carried out.
enum Place {
    Here(Box<App>),
    Server,
}

/// Opens the data folder; when a server holds it, says so; when another command does, waits for it.
async fn open(settings: Settings, spoken: &Spoken) -> Result<Place, OpenError> {
    let start = std::time::Instant::now();
    let words = spoken.words();
    loop {
        match App::open(settings.clone(), words.clone()) {
            Ok(app) => return Ok(Place::Here(Box::new(app))),
            Err(OpenError::Held { .. }) if control::answers(&settings.data).await => return Ok(Place::Server),
            Err(OpenError::Held { .. }) if start.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn open_failure(spoken: &Spoken, error: &OpenError) -> String {
    match error {
        OpenError::Held { folder, pid } => {
            spoken.say("cli-held", &[("folder", &folder.display().to_string()), ("pid", &pid.to_string())])
        }
        error => spoken.say("cli-open-failed", &[("reason", &chain(error))]),
    }
}

/// Refuses a question that is empty, or longer than a chat would take.
fn check_length(question: &str) -> Result<(), Failure> {
    let length = question.chars().count();
    if !question.chars().any(char::is_alphanumeric) {
        return Err(Failure::Said("cli-empty", Vec::new()));
    }
    if length > MESSAGE_LIMIT {
        let values = vec![("length", length.to_string()), ("limit", MESSAGE_LIMIT.to_string())];
        return Err(Failure::Said("cli-too-long", values));
    }
    Ok(())
}

/// Says why nothing was done.
fn fail(text: &str, code: u8) -> ExitCode {
    output::print_error(text);
    ExitCode::from(code)
}
