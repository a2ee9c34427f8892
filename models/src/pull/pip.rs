//! Downloads a wheel with pip, whatever index the user's pip is set up for, and takes a file out of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Phase, Progress, PullError, Report};

/// How pip may be called.
const COMMANDS: [&str; 3] = ["python3 -m pip", "pip3", "pip"];

/// How often a running pip is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The pip of this machine.
#[derive(Debug)]
pub(super) struct Pip {
    /// How it may be called, the best way first; words are separated by spaces.
    pub(super) commands: Vec<String>,
    /// What `pip download` is told besides.
    pub(super) options: Vec<String>,
}

impl Default for Pip {
    fn default() -> Self {
        Self { commands: COMMANDS.map(str::to_owned).to_vec(), options: Vec::new() }
    }
}

/// A wheel of a Python package.
#[derive(Debug)]
pub(super) struct Wheel<'a> {
    pub(super) pip: &'a Pip,
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) size: Option<u64>,
}

impl Wheel<'_> {
    /// The wheel's `file`, unpacked in `partial`. A wheel that is there already is not downloaded again.
    pub(super) fn file(&self, file: &str, partial: &Path, report: &mut Report<'_>) -> Result<PathBuf, PullError> {
        let folder = partial.join("wheel");
        let wheel = match find_wheel(&folder) {
            Some(wheel) => wheel,
            None => self.download(&folder, report)?,
        };
        let name = file.rsplit('/').next().unwrap_or(file);
        let out = partial.join(name);
        if let Err(error) = unpack(&wheel, file, &out) {
            // A broken wheel must not be found again by the next pull.
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
        Ok(out)
    }

    /// pip writes into a folder of its own, which gets its name when pip is done: what stands in `folder` is whole.
    fn download(&self, folder: &Path, report: &mut Report<'_>) -> Result<PathBuf, PullError> {
        let work = folder.with_extension("part");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(work.join("out")).map_err(PullError::file(&work))?;
        self.run_pip(&work, report)?;
        fs::rename(work.join("out"), folder).map_err(PullError::file(folder))?;
        let _ = fs::remove_dir_all(&work);
        find_wheel(folder).ok_or_else(|| self.failed("it downloaded no wheel"))
    }

    fn run_pip(&self, work: &Path, report: &mut Report<'_>) -> Result<(), PullError> {
        let said = work.join("said");
        let log = fs::File::create(&said).map_err(PullError::file(&said))?;
        let Some(mut pip) = self.start(work, &log)? else {
            return Err(PullError::NoPip { package: self.package.to_owned(), tried: self.pip.commands.clone() });
        };
        loop {
            let done = size_of(work);
            report(Progress { phase: Phase::Download, done, total: self.size.map(|size| size.max(done)) });
            match pip.try_wait().map_err(PullError::file(work))? {
                None => std::thread::sleep(LOOK),
                Some(status) if status.success() => return Ok(()),
                Some(_) => return Err(self.failed(&last_lines(&said))),
            }
        }
    }

    /// Starts the first pip that runs. It keeps its temporary files in `work`, where they count as progress.
    fn start(&self, work: &Path, log: &fs::File) -> Result<Option<Child>, PullError> {
        for command in self.pip.commands.iter().filter(|command| runs(command)) {
            let log = log.try_clone().map_err(PullError::file(work))?;
            let started = pip(command)
                .args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar=off"])
                .args(&self.pip.options)
                .arg("--dest")
                .arg(work.join("out"))
                .arg(self.requirement())
                .env("TMPDIR", work)
                .env("PIP_REQUIRE_VIRTUALENV", "0")
                .stderr(log)
                .spawn();
            match started {
                Ok(child) => return Ok(Some(child)),
                Err(error) => tracing::debug!(%error, command, "pip does not start"),
            }
        }
        Ok(None)
    }

    fn requirement(&self) -> String {
        format!("{}=={}", self.package, self.version)
    }

    fn failed(&self, said: &str) -> PullError {
        PullError::Pip { requirement: self.requirement(), said: said.to_owned() }
    }
}

fn pip(command: &str) -> Command {
    let mut words = command.split_whitespace();
    let mut pip = Command::new(words.next().unwrap_or_default());
    pip.args(words).arg("--disable-pip-version-check").stdin(Stdio::null()).stdout(Stdio::null());
    pip
}

fn runs(command: &str) -> bool {
    pip(command).arg("--version").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn find_wheel(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "whl"))
}

/// Bytes of all files below `folder`; those that vanish while it looks do not count.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

fn last_lines(said: &Path) -> String {
    let text = fs::read(said).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" ")
}

fn unpack(wheel: &Path, file: &str, out: &Path) -> Result<(), PullError> {
    let broken = |source| PullError::Wheel { wheel: wheel.to_path_buf(), file: file.to_owned(), source };
    let opened = fs::File::open(wheel).map_err(PullError::file(wheel))?;
    let mut archive = zip::ZipArchive::new(opened).map_err(broken)?;
    let mut packed = archive.by_name(file).map_err(broken)?;
    let mut unpacked = fs::File::create(out).map_err(PullError::file(out))?;
    io::copy(&mut packed, &mut unpacked).map_err(PullError::file(out))?;
    Ok(())
}
