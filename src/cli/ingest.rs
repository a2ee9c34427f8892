//! `tutor ingest`: files and folders become passages of a course, once or for as long as a folder is watched.

mod files;
mod folder;
mod ledger;
mod told;
pub(super) mod watch;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{FetchError, ReplyEvent};
use tutor_index::{IndexError, Ingested};
use tutor_prompts::Spoken;

use self::files::{Found, found, named};
use self::told::Told;
use super::ask::printable;
use super::{Failure, Output};
use crate::app::App;
use crate::dialogue::{FILE_LIMIT, Reply, file_trouble, learn};
use crate::memory::Course;

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: String,
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[arg(long)]
    watch: bool,
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Makes relative paths absolute, since a server works in a folder of its own.
    pub(super) fn make_absolute(&mut self) {
        for path in &mut self.paths {
            *path = std::path::absolute(&*path).unwrap_or_else(|_| path.clone());
        }
    }

    /// Whether it goes on until it is told to end.
    pub(super) fn watches(&self) -> bool {
        self.watch
    }

    /// Carries it out: every path is tried, and one failure fails the command.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = super::courses::known(app, &self.course).await?;
        let spoken = Spoken::new(app.parts.words.clone(), output.terminal().language);
        let mut failed = false;
        let mut files = Vec::new();
        for path in &self.paths {
            let shown = printable(&path.display().to_string());
            let refused = match found(path) {
                Ok(Found { files: none, .. }) if none.is_empty() => {
                    let supported = tutor_index::SUPPORTED.join(&spoken.say("list-separator", &[]));
                    spoken.say("cli-no-files", &[("path", &shown), ("supported", &supported)])
                }
                Ok(Found { files: more, left_out }) => {
                    files.extend(more);
                    if left_out > 0 && !self.json {
                        output.note(&spoken.say("cli-left-out", &[("count", &left_out.to_string())])).await;
                    }
                    continue;
                }
                Err(error) => unreadable(&spoken, &shown, &error.to_string()),
            };
            Told::failed(&shown, refused).show(&spoken, output, self.json).await;
            failed = true;
        }
        for (file, name) in named(files) {
            let told = one(app, output, &course, &file, &name).await;
            failed |= told.has_failed();
            told.show(&spoken, output, self.json).await;
        }
        if failed { Err(Failure::Silent) } else { Ok(()) }
    }
}

fn unreadable(spoken: &Spoken, path: &str, reason: &str) -> String {
    spoken.say("cli-cannot-read", &[("path", path), ("reason", reason)])
}

/// Learns one file, with progress, and says what became of it.
async fn one(app: &App, output: &Output, course: &Course, file: &Path, name: &str) -> Told {
    let (words, language) = (&app.parts.words, output.terminal().language);
    match learned(app, output, course, file, name).await {
        Ok(ingested) => {
            let remarks = crate::dialogue::remarks(words, language, name, &ingested.remarks);
            Told::learned(name, &ingested, remarks)
        }
        Err(error) => Told::failed(name, error),
    }
}

async fn learned(app: &App, output: &Output, course: &Course, file: &Path, name: &str) -> Result<Ingested, String> {
    let (words, language) = (&app.parts.words, output.terminal().language);
    let shown = printable(&file.display().to_string());
    let bytes = match tutor_bots::console::Disk::read(file, FILE_LIMIT).await {
        Ok(bytes) => bytes,
        Err(FetchError::TooLarge { limit }) => {
            return Err(file_trouble(words, language, &shown, &IndexError::TooLarge { limit }));
        }
        Err(FetchError::Failed { reason }) => {
            return Err(unreadable(&Spoken::new(words.clone(), language), &shown, &reason));
        }
    };
    let (events, mut received) = mpsc::channel(16);
    let reply = Reply::new(events, CancellationToken::new());
    let work = async move { learn(&app.parts, course, name, bytes, language, &reply).await };
    let show = async {
        while let Some(event) = received.recv().await {
            if let ReplyEvent::Progress(line) = event {
                output.status(&line).await;
            }
        }
    };
    let (done, ()) = tokio::join!(work, show);
    match done {
        Ok(Ok(ingested)) => Ok(ingested),
        Ok(Err(error)) => Err(file_trouble(words, language, name, &error)),
        Err(trouble) => Err(crate::dialogue::trouble(words, language, &trouble)),
    }
}
