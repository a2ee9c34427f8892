//! `tutor eval`: how well questions find their passages, on collections with known answers.

mod retrieval;

use clap::Subcommand;
use tutor_prompts::Spoken;

use crate::config::Settings;

/// Its subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Search.
    Retrieval(retrieval::Arguments),
}

/// Carries it out in this process and away from the data folder; the exit code.
pub(super) async fn run(arguments: Arguments, settings: &Settings, spoken: &Spoken) -> u8 {
    match arguments {
        Arguments::Retrieval(arguments) => retrieval::run(arguments, settings, spoken).await,
    }
}
