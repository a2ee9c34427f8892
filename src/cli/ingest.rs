//! `tutor ingest`: files and folders become passages of a course.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{FetchError, ReplyEvent};
use tutor_index::{IndexError, Ingested, Status};

use super::ask::printable;
use super::{Failure, Output};
use crate::app::App;
use crate::dialogue::{FILE_LIMIT, Reply, document_name, file_trouble, learn};
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
        let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
        let mut failed = false;
        let mut files = Vec::new();
        for path in &self.paths {
            let shown = printable(&path.display().to_string());
            let supported = tutor_index::SUPPORTED.join(&say("list-separator", &[]));
            match found(path) {
                Ok(Found { files: none, .. }) if none.is_empty() => {
                    let reason = say("cli-no-files", &[("path", &shown), ("supported", &supported)]);
                    self.tell(app, output, &shown, Err(reason)).await;
                    failed = true;
                }
                Ok(Found { files: more, left_out }) => {
                    files.extend(more);
                    if left_out > 0 && !self.json {
                        output.note(&say("cli-left-out", &[("count", &left_out.to_string())])).await;
                    }
                }
                Err(error) => {
                    let reason = say("cli-cannot-read", &[("path", &shown), ("reason", &error.to_string())]);
                    self.tell(app, output, &shown, Err(reason)).await;
                    failed = true;
                }
            }
        }
        for (file, name) in named(files) {
            let done = self.one(app, output, &course, &file, &name).await;
            failed |= done.is_err();
            self.tell(app, output, &printable(&name), done).await;
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
        let shown = printable(&file.display().to_string());
        let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(language, key, values);
        let bytes = match tutor_bots::console::Disk::read(file, FILE_LIMIT).await {
            Ok(bytes) => bytes,
            Err(FetchError::TooLarge { limit }) => {
                return Err(file_trouble(&app.parts.words, language, &shown, &IndexError::TooLarge { limit }));
            }
            Err(FetchError::Failed { reason }) => {
                return Err(say("cli-cannot-read", &[("path", &shown), ("reason", &reason)]));
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
            Ok(Err(error)) => Err(file_trouble(&app.parts.words, language, name, &error)),
            Err(trouble) => Err(crate::dialogue::trouble(&app.parts.words, language, &trouble)),
        }
    }

    async fn tell(&self, app: &App, output: &Output, name: &str, done: Result<Ingested, String>) {
        if self.json {
            let line = match &done {
                Ok(Ingested { status, document, remarks }) => json!({
                    "document": name, "status": status, "passages": document.passages, "pages": document.pages,
                    "remarks": crate::dialogue::remarks(&app.parts.words, output.terminal().language, name, remarks), "error": null,
                }),
                Err(error) => {
                    json!({"document": name, "status": "failed", "passages": 0, "pages": null, "remarks": [], "error": error})
                }
            };
            return output.json(&line).await;
        }
        match done {
            Ok(Ingested { status, document, remarks }) => {
                let key = match status {
                    Status::Added => "learned-added",
                    Status::Replaced => "learned-replaced",
                    Status::Unchanged => "learned-unchanged",
                };
                let say =
                    |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
                let passages = say("passages", &[("count", &document.passages.to_string())]);
                output.out(say(key, &[("name", name), ("passages", &passages)])).await;
                for remark in crate::dialogue::remarks(&app.parts.words, output.terminal().language, name, &remarks) {
                    output.error(&remark).await;
                }
            }
            Err(error) => output.error(&error).await,
        }
    }
}

/// What stands behind a path.
#[derive(Debug, Default)]
struct Found {
    /// The files, each by its path from where the names begin: its own name, or its path within the folder.
    files: Vec<(PathBuf, PathBuf)>,
    /// Files of a folder that cannot be read, by their names.
    left_out: usize,
}

/// The file at a path, whatever its type; all readable files of a folder.
fn found(path: &Path) -> std::io::Result<Found> {
    let mut found = Found::default();
    if !std::fs::metadata(path)?.is_dir() {
        let base = path.parent().unwrap_or(path);
        found.files.push((path.to_owned(), path.strip_prefix(base).unwrap_or(path).to_owned()));
        return Ok(found);
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (file, kind) = (entry.path(), entry.file_type()?);
            // A link could lead out of the folder, or round in it.
            if entry.file_name().to_string_lossy().starts_with('.') || kind.is_symlink() {
                continue;
            } else if kind.is_dir() {
                folders.push(file);
            } else if kind.is_file() && tutor_index::supports(&file.to_string_lossy()) {
                let within = file.strip_prefix(path).unwrap_or(&file).to_owned();
                found.files.push((file, within));
            } else {
                found.left_out += 1;
            }
        }
    }
    found.files.sort();
    Ok(found)
}

/// The files with their document names. Where two would have the same, each is named from one folder further up, so that
/// `week1/notes.md` does not take the place of `week2/notes.md`.
fn named(files: Vec<(PathBuf, PathBuf)>) -> Vec<(PathBuf, String)> {
    let mut lengths: Vec<usize> = files.iter().map(|(_, within)| within.components().count()).collect();
    let end = |file: &Path, length: usize| -> PathBuf {
        let parts: Vec<_> = file.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        parts[parts.len().saturating_sub(length)..].iter().collect()
    };
    loop {
        let names: Vec<PathBuf> = files.iter().zip(&lengths).map(|((file, _), length)| end(file, *length)).collect();
        let same = |at: usize| {
            let other = |other: usize| other != at && names[other] == names[at] && files[other].0 != files[at].0;
            (0..names.len()).any(other) && lengths[at] < files[at].0.components().count()
        };
        let longer: Vec<usize> = (0..names.len()).filter(|at| same(*at)).collect();
        if longer.is_empty() {
            let name = |path: PathBuf| match path.parent() {
                Some(parent) if parent != Path::new("") => path.to_string_lossy().into_owned(),
                _ => document_name(&path.to_string_lossy()),
            };
            return files.into_iter().zip(names).map(|((file, _), path)| (file, name(path))).collect();
        }
        longer.into_iter().for_each(|at| lengths[at] += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let file = |file: &str, within: &str| (PathBuf::from(file), PathBuf::from(within));
        let files = vec![
            file("/c/week1/notes.md", "notes.md"),
            file("/c/week2/notes.md", "notes.md"),
            file("/c/plan.md", "plan.md"),
            file("/d/a/x/1.md", "x/1.md"),
            file("/d/b/x/1.md", "x/1.md"),
            file("/notes.md", "notes.md"),
            file("/c/plan.md", "plan.md"),
        ];
        let names: Vec<String> = named(files).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            ["week1/notes.md", "week2/notes.md", "plan.md", "a/x/1.md", "b/x/1.md", "notes.md", "plan.md"]
        );
    }

    #[test]
    fn a_folder_gives_its_readable_files_and_counts_the_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["b.md", "sub/a.txt", "song.mp3", ".hidden.md"] {
            std::fs::write(folder.path().join(name), "text").unwrap();
        }
        let found = found(folder.path()).unwrap();
        let within: Vec<_> = found.files.iter().map(|(_, within)| within.to_str().unwrap()).collect();
        assert_eq!((within, found.left_out), (vec!["b.md", "sub/a.txt"], 1));
    }
}
