//! Downloads a file of a Hugging Face repository, or of a mirror, and takes up a download that was cut off.

use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Repo, RepoType};

use super::{Fetched, Phase, Progress, PullError, Report};

/// A hub: the address and the key to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hub {
    /// An address other than the one that the environment names.
    pub(super) endpoint: Option<String>,
    /// A key, for models whose licence must be accepted first.
    pub(super) token: Option<String>,
}

impl Hub {
    /// The hub of `HF_ENDPOINT`, else the public one, with the key of `HF_TOKEN`, else the one that the hub's own
    /// tools saved.
    pub(super) fn from_env() -> Self {
        let token = std::env::var("HF_TOKEN").ok().filter(|token| !token.is_empty());
        Self { endpoint: None, token }
    }

    /// `file` of `repo`, downloaded into `cache`. What a download that was cut off left there is used.
    pub(super) fn file(
        &self,
        repo: &str,
        revision: &str,
        file: &str,
        cache: &Path,
        report: &mut Report<'_>,
    ) -> Result<Fetched, PullError> {
        let failed = |source| PullError::Hub { repo: repo.to_owned(), file: file.to_owned(), source: Box::new(source) };
        let mut builder = ApiBuilder::from_env().with_cache_dir(cache.to_path_buf()).with_progress(false);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        if let Some(token) = &self.token {
            builder = builder.with_token(Some(token.clone()));
        }
        let api = builder.build().map_err(failed)?;
        let repo = api.repo(Repo::with_revision(repo.to_owned(), RepoType::Model, revision.to_owned()));
        let mut size = None;
        let mut attempt =
            || repo.download_with_progress(file, Meter { report: &mut *report, done: 0, size: &mut size });
        let pointer = persist(cache, &mut attempt).map_err(failed)?;
        let path = fs::canonicalize(&pointer).map_err(PullError::file(&pointer))?;
        check_size(&path, file, size, cache)?;
        let stated = path.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|name| is_digest(name));
        Ok(Fetched { path, stated })
    }
}

/// Tries again for as long as each try brings more bytes. What cannot be continued is dropped and begun again, once.
fn persist(cache: &Path, attempt: &mut dyn FnMut() -> Result<PathBuf, ApiError>) -> Result<PathBuf, ApiError> {
    let mut before = downloaded(cache);
    loop {
        let error = match attempt() {
            Ok(path) => return Ok(path),
            Err(error) => error,
        };
        let now = downloaded(cache);
        let stale = matches!(error, ApiError::InvalidResume);
        if stale && before > 0 {
            let _ = fs::remove_dir_all(cache);
            before = 0;
        } else if now > before && !stale {
            tracing::info!(%error, bytes = now, "the download was cut off, going on");
            before = now;
        } else {
            return Err(error);
        }
    }
}

/// Bytes of unfinished downloads in the cache.
fn downloaded(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => downloaded(&entry.path()),
        Ok(_) if entry.path().extension().is_some_and(|end| end == "part") => {
            entry.metadata().map_or(0, |data| data.len())
        }
        _ => 0,
    };
    entries.flatten().map(size).sum()
}

/// A mirror may close the connection early, or send the whole file where the rest was asked for.
fn check_size(path: &Path, file: &str, expected: Option<u64>, cache: &Path) -> Result<(), PullError> {
    let actual = fs::metadata(path).map_err(PullError::file(path))?.len();
    match expected {
        Some(expected) if expected != actual => {
            let _ = fs::remove_dir_all(cache);
            Err(PullError::WrongSize { file: file.to_owned(), expected, actual })
        }
        _ => Ok(()),
    }
}

/// The hub names the blobs of large files by their SHA-256.
fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

struct Meter<'a, 'r> {
    report: &'a mut Report<'r>,
    done: u64,
    size: &'a mut Option<u64>,
}

impl hf_hub::api::Progress for Meter<'_, '_> {
    fn init(&mut self, size: usize, _filename: &str) {
        self.done = 0;
        *self.size = Some(size as u64);
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        (self.report)(Progress { phase: Phase::Download, done: self.done, total: *self.size });
    }

    fn finish(&mut self) {}
}
