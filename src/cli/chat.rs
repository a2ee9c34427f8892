//! `tutor chat`: the tutor in this terminal, alone or beside a running server.

use std::io::{Cursor, IsTerminal as _, Read as _};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tutor_bots::chat::Tutor;
use tutor_bots::console::{self, Display, Input};
use tutor_prompts::Spoken;

use super::{Place, open, open_failure, output};
use crate::app::CONSOLE_OWNER;
use crate::config::Settings;
use crate::control::RemoteTutor;
use crate::dialogue::{Dialogue, menu};
use crate::memory::CourseId;
use crate::model::chain;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: Option<String>,
}

/// Carries it out; the exit code.
pub(super) async fn run(arguments: Arguments, settings: Settings, spoken: &Spoken) -> u8 {
    let first = match arguments.course.as_deref().map(CourseId::parse) {
        None => None,
        Some(Some(course)) => Some(format!("/switch {course}")),
        Some(None) => {
            let id = arguments.course.unwrap_or_default();
            output::print_error(&spoken.say("course-bad-id", &[("id", &id)]));
            return 2;
        }
    };
    let tutor: Arc<dyn Tutor> = match open(settings.clone(), spoken).await {
        Ok(Place::Here(app)) => Arc::new(Dialogue::new(app.parts.clone())),
        Ok(Place::Server) => {
            let commands = menu(&spoken.words());
            Arc::new(RemoteTutor::new(settings.data.clone(), commands, spoken.say("cli-server-gone", &[])))
        }
        Err(error) => {
            output::print_error(&open_failure(spoken, &error));
            return 1;
        }
    };
    with_person(tutor, spoken, first.as_deref()).await
}

/// Talks with whoever is at standard input, to its end; `first` is said before they are asked.
pub(super) async fn with_person(tutor: Arc<dyn Tutor>, spoken: &Spoken, first: Option<&str>) -> u8 {
    if let Some(first) = first {
        let line = Cursor::new(format!("{first}\n"));
        let code = talk(tutor.clone(), Input::Lines(Box::new(line)), spoken).await;
        if code != 0 {
            return code;
        }
    }
    let input = if std::io::stdin().is_terminal() {
        output::print_error(&spoken.say("console-welcome", &[]));
        // What is typed is kept by the memory alone, where it can be forgotten.
        Input::Terminal { history: None }
    } else {
        Input::Lines(Box::new(std::io::BufReader::new(std::io::stdin().take(1 << 26))))
    };
    talk(tutor, input, spoken).await
}

/// Talks over `input`, on standard output.
async fn talk(tutor: Arc<dyn Tutor>, input: Input, spoken: &Spoken) -> u8 {
    let config = console_config(spoken);
    match console::run(config, input, std::io::stdout(), tutor, CancellationToken::new()).await {
        Ok(()) => 0,
        Err(error) => {
            output::print_error(&chain(&error));
            1
        }
    }
}

fn console_config(spoken: &Spoken) -> console::Config {
    let live = std::io::stdout().is_terminal();
    // The console puts the path in itself.
    let with_path = |key| spoken.say(key, &[("path", "{path}")]);
    console::Config {
        student: CONSOLE_OWNER.to_owned(),
        locale: Some(spoken.language().tag().to_owned()),
        display: if live { Display::Live(console::terminal_size) } else { Display::Plain },
        ink: output::ink(live && std::env::var_os("NO_COLOR").is_none()),
        words: console::Words {
            prompt: format!("{}> ", spoken.say("console-prompt", &[])),
            saved: with_path("console-saved"),
            not_saved: with_path("console-not-saved"),
            stopped: spoken.say("console-stopped", &[]),
            cut_off: spoken.say("console-cut-off", &[]),
        },
        folder: std::env::current_dir().unwrap_or_default(),
    }
}
