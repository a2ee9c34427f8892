//! `tutor eval`: how well questions find their passages and how good the answers are, on public collections or on a
//! teacher's own questions.

mod answers;
mod list;
mod retrieval;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use tutor_index::evaluate::{EvaluateError, Fault};
use tutor_prompts::Spoken;

use super::{Failure, Output, Work};
use crate::app::App;
use crate::config::Settings;
use crate::model::chain;

/// Its subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Search.
    Retrieval(retrieval::Arguments),
    /// Answers.
    Answers(answers::Arguments),
}

/// Carries it out: collections away from the data folder, a course's questions where the course is; the exit code.
pub(super) async fn run(arguments: Arguments, settings: Settings, spoken: &Spoken) -> u8 {
    match arguments {
        Arguments::Retrieval(arguments) => retrieval::run(arguments, settings, spoken).await,
        Arguments::Answers(arguments) => answers::run(arguments, settings, spoken).await,
    }
}

/// An evaluation over a data folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// A teacher's questions, searched for.
    List(list::Task),
    /// Questions answered.
    Answers(answers::Task),
}

impl Task {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List(task) => task.run(app, output).await,
            Self::Answers(task) => task.run(app, output).await,
        }
    }
}

impl From<Task> for Work {
    fn from(task: Task) -> Self {
        Self::Eval(Box::new(task))
    }
}

/// The message that says why an evaluation failed, with its values.
fn sentence(error: &EvaluateError) -> (&'static str, Vec<(&'static str, String)>) {
    let EvaluateError::List { path, line, column, fault } = error else {
        return ("eval-failed", vec![("reason", chain(error))]);
    };
    let (kind, found) = match fault {
        Fault::Missing => ("missing", ""),
        Fault::Unknown => ("unknown", ""),
        Fault::Twice => ("twice", ""),
        Fault::Empty => ("empty", ""),
        Fault::NoNumber(found) => ("number", found.as_str()),
        Fault::Cells => ("cells", ""),
    };
    let values = [("fault", kind), ("column", column), ("found", found)].map(|(name, value)| (name, value.to_owned()));
    let place = [("path", path.display().to_string()), ("line", line.to_string())];
    ("eval-list-wrong", [place.to_vec(), values.to_vec()].concat())
}

impl From<EvaluateError> for Failure {
    fn from(error: EvaluateError) -> Self {
        let (key, values) = sentence(&error);
        Self::Said(key, values)
    }
}

/// Says before there is any output why an evaluation failed; the exit code.
fn fail(error: &EvaluateError, spoken: &Spoken) -> u8 {
    let (key, values) = sentence(error);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    super::output::print_error(&spoken.say(key, &values));
    1
}

/// A share as a table shows it; none of nothing.
fn share(value: f64, of: usize) -> String {
    if of == 0 { super::table::NONE.to_owned() } else { format!("{value:.3}") }
}
