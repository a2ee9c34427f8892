//! `tutor ingest --watch`: keeps a folder learned.
//!
//! This process only looks at files. What they need is carried out as any command is, here or by the server that holds
//! the data folder, and the folder is free in between: a server may start, stop and start again beside it.
//!
//! It looks once a second and waits for no events: those are lost on network drives and in containers, and a file that is
//! being written has to be looked at again anyway.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tutor_index::Index;
use tutor_prompts::Spoken;

use super::files::{found, named};
use super::folder::{Folder, Needs, Stamp};
use super::ledger::Ledger;
use super::told::{Became, Told};
use super::{Arguments, one, unreadable};
use crate::app::App;
use crate::cli::ask::printable;
use crate::cli::{Failure, Line, Output, Terminal, Work, output};
use crate::config::Settings;

/// How often files are looked at, and how long after a failure nothing is tried.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(5);
/// Files that are learned in one go; other commands wait for that long.
const MOST: usize = 16;

/// What a watched folder needs, as one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Batch {
    course: String,
    needs: Needs,
}

impl Batch {
    /// Carries it out, and tells a line of JSON for each document.
    pub(crate) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = crate::cli::courses::known(app, &self.course).await?;
        for (file, name) in &self.needs.learn {
            let told = one(app, output, &course, file, name).await;
            output.json(&told).await;
        }
        for (name, hash) in self.needs.forget {
            let (id, document) = (course.id.to_string(), name.clone());
            let forgot = app.parts.on_index(move |index| forget(index, &id, &document, &hash)).await?;
            let told = Told::gone(&name, if forgot { Became::Removed } else { Became::Left });
            output.json(&told).await;
        }
        Ok(())
    }
}

/// Takes a document out if it is still the one with this hash.
fn forget(index: &Index, course: &str, name: &str, hash: &str) -> Result<bool, tutor_index::IndexError> {
    let documents = index.documents(course)?;
    let is_ours = documents.iter().any(|document| document.name == name && document.sha256 == hash);
    Ok(is_ours && index.remove(course, name)?)
}

/// Watches until it is told to end; the exit code.
pub(in crate::cli) async fn run(mut arguments: Arguments, settings: Settings, spoken: &Spoken) -> u8 {
    arguments.make_absolute();
    let (lines, written) = mpsc::channel(64);
    let output = Output::new(lines, Terminal::of_this_process(spoken.language()));
    let printing = tokio::task::spawn_blocking(move || output::print(written));
    let ended = async {
        let mut watch = Watch::new(&arguments, settings, spoken, &output);
        tokio::select! {
            code = watch.run() => Ok(code),
            told = told_to_end() => told.map(|()| 0),
        }
    };
    let code = match ended.await {
        Ok(code) => code,
        Err(error) => {
            output.error(&error.to_string()).await;
            1
        }
    };
    if code == 0 {
        output.note(&spoken.say("cli-watch-ended", &[])).await;
    }
    drop(output);
    let _ = printing.await;
    code
}

/// Ctrl-C, or the system's word.
async fn told_to_end() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}

/// A watch under way.
struct Watch<'a> {
    arguments: &'a Arguments,
    settings: Settings,
    spoken: &'a Spoken,
    output: &'a Output,
    folder: Folder,
    ledger: Ledger,
    /// What was said last to be wrong; it is not said again until all is well.
    trouble: Option<String>,
}

impl<'a> Watch<'a> {
    fn new(arguments: &'a Arguments, settings: Settings, spoken: &'a Spoken, output: &'a Output) -> Self {
        let ledger = Ledger::of(&settings.data, &arguments.course, &arguments.paths);
        let folder = Folder::new(ledger.read());
        Self { arguments, settings, spoken, output, folder, ledger, trouble: None }
    }

    /// Looks and does what is needed, for ever; the exit code when it cannot even begin.
    async fn run(&mut self) -> u8 {
        // Whether there is such a course is known before anything is waited for.
        if !self.carry_out(Needs::default()).await {
            return 1;
        }
        for path in &self.arguments.paths {
            let (path, course) = (printable(&path.display().to_string()), &self.arguments.course);
            self.output.note(&self.spoken.say("cli-watching", &[("path", &path), ("course", course)])).await;
        }
        let start = Instant::now();
        loop {
            let done = match self.look(start).await {
                Ok(()) => self.tend(start).await,
                Err(trouble) => {
                    self.say_once(trouble).await;
                    false
                }
            };
            tokio::time::sleep(if done { LOOK } else { PAUSE }).await;
        }
    }

    /// Looks at all files.
    async fn look(&mut self, start: Instant) -> Result<(), String> {
        let paths = self.arguments.paths.clone();
        let seen = tokio::task::spawn_blocking(move || all(&paths)).await.map_err(|error| error.to_string())?;
        let seen = seen.map_err(|(path, error)| {
            unreadable(self.spoken, &printable(&path.display().to_string()), &error.to_string())
        })?;
        self.folder.see(seen, start.elapsed());
        Ok(())
    }

    /// Does what is needed; whether all of it could be done.
    async fn tend(&mut self, start: Instant) -> bool {
        loop {
            let needs = self.folder.needs(start.elapsed(), MOST);
            if needs.is_empty() {
                self.trouble = None;
                return true;
            }
            let done = self.carry_out(needs).await;
            if let Err(error) = self.ledger.write(&self.folder.all_learned()) {
                self.say_once(error.to_string()).await;
            }
            if !done {
                return false;
            }
        }
    }

    /// Has needs carried out, and takes in what became of each; whether that worked.
    async fn carry_out(&mut self, needs: Needs) -> bool {
        let stamps: Vec<(String, Option<Stamp>)> =
            needs.learn.iter().map(|(_, name)| (name.clone(), self.folder.stamp(name))).collect();
        let work = Work::Watched(Batch { course: self.arguments.course.clone(), needs });
        let (lines, mut written) = mpsc::channel(64);
        let inner = Output::new(lines, self.output.terminal().clone());
        let (settings, spoken) = (self.settings.clone(), self.spoken);
        let work = async move { crate::cli::carry_out(work, settings, spoken, &inner).await };
        let hear = async {
            let mut troubles = Vec::new();
            while let Some(line) = written.recv().await {
                match line {
                    Line::Out(text) => self.hear(&text, &stamps).await,
                    Line::Error(text) => troubles.push(text),
                    line => self.output.line(line).await,
                }
            }
            troubles
        };
        let (code, troubles) = tokio::join!(work, hear);
        if !troubles.is_empty() {
            self.say_once(troubles.join("\n")).await;
        }
        code == 0
    }

    /// Takes in what became of a document.
    async fn hear(&mut self, line: &str, stamps: &[(String, Option<Stamp>)]) {
        let Ok(told) = serde_json::from_str::<Told>(line) else { return };
        let name = &told.document;
        let stamp = stamps.iter().find(|(known, _)| known == name).and_then(|(_, stamp)| *stamp);
        match told.status {
            Became::Added | Became::Replaced | Became::Unchanged => {
                self.folder.learned(name, stamp, told.sha256.clone());
            }
            Became::Failed => self.folder.failed(name, stamp),
            Became::Removed | Became::Left => self.folder.forgotten(name),
        }
        // At the start most files are known, which people need not read.
        if self.arguments.json || told.status != Became::Unchanged {
            told.show(self.spoken, self.output, self.arguments.json).await;
        }
    }

    async fn say_once(&mut self, trouble: String) {
        if self.trouble.as_ref() != Some(&trouble) {
            self.output.error(&trouble).await;
            self.trouble = Some(trouble);
        }
    }
}

/// All readable files behind the paths, with their documents' names and how they look.
fn all(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String, Stamp)>, (PathBuf, io::Error)> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(found(path).map_err(|error| (path.clone(), error))?.files);
    }
    // A file that went away since is not there.
    let seen = named(files).into_iter().filter_map(|(path, name)| {
        let stamp = stamp(&path)?;
        Some((path, name, stamp))
    });
    Ok(seen.collect())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(path).ok()?;
    Some(Stamp { size: data.len(), modified: data.modified().ok(), inode: data.ino() })
}
