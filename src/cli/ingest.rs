//! `tutor ingest`: files and folders become passages of a course.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::ReplyEvent;
use tutor_index::{Ingested, Status};

use super::{Failure, Output};
use crate::app::App;
use crate::dialogue::{Reply, document_name, file_trouble, learn};
use crate::memory::Course;

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: String,
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
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

    /// Carries it out: every path is tried, and one failure fails the command.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = super::courses::known(app, &self.course).await?;
        let mut failed = false;
        for path in &self.paths {
            for (file, name) in documents(path) {
                let done = self.one(app, output, &course, &file, &name).await;
                failed |= done.is_err();
                self.tell(app, output, &name, done).await;
            }
        }
        if failed { Err(Failure::Silent) } else { Ok(()) }
    }

    async fn one(
        &self,
        app: &App,
        output: &Output,
        course: &Course,
        file: &Path,
        name: &str,
    ) -> Result<Ingested, String> {
        let language = output.terminal().language;
        let bytes = tokio::fs::read(file).await.map_err(|error| {
            let reason = error.to_string();
            app.parts.words.say(
                language,
                "cli-cannot-read",
                &[("path", &file.display().to_string()), ("reason", &reason)],
            )
        })?;
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
            Ok(Err(error)) => Err(file_trouble(&app.parts.words, language, name, &error)),
            Err(trouble) => Err(crate::dialogue::trouble(&app.parts.words, language, &trouble)),
        }
    }

    async fn tell(&self, app: &App, output: &Output, name: &str, done: Result<Ingested, String>) {
        if self.json {
            let line = match &done {
                Ok(Ingested { status, document }) => json!({
                    "document": name, "status": status, "passages": document.passages, "pages": document.pages, "error": null,
                }),
                Err(error) => {
                    json!({"document": name, "status": "failed", "passages": 0, "pages": null, "error": error})
                }
            };
            return output.json(&line).await;
        }
        match done {
            Ok(Ingested { status, document }) => {
                let key = match status {
                    Status::Added => "learned-added",
                    Status::Replaced => "learned-replaced",
                    Status::Unchanged => "learned-unchanged",
                };
                let say =
                    |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
                let passages = say("passages", &[("count", &document.passages.to_string())]);
                output.out(say(key, &[("name", name), ("passages", &passages)])).await;
            }
            Err(error) => output.error(&error).await,
        }
    }
}

/// The files behind a path with their document names: a file by its own name; all readable files of a
/// folder, by their paths within it.
fn documents(path: &Path) -> Vec<(PathBuf, String)> {
    if !path.is_dir() {
        return vec![(path.to_owned(), document_name(&path.to_string_lossy()))];
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
            let file = entry.path();
            // A link could lead out of the folder, or round in it.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(file),
                Ok(kind) if kind.is_file() && tutor_index::supports(&file.to_string_lossy()) => {
                    let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
                    found.push((file, name));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}
