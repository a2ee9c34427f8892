//! A lock between processes that pull the same model: a locked file that is removed when the pull is over.

use std::fs::File;
use std::path::{Path, PathBuf};

use fs4::fs_std::FileExt;

use super::PullError;

/// Held while it lives. The system frees it when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closed, and so unlocked, after the file was removed.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits until nobody else holds the lock at `path`.
    pub(super) fn take(path: &Path) -> Result<Self, PullError> {
        loop {
            let file = File::create(path).map_err(PullError::file(path))?;
            FileExt::lock_exclusive(&file).map_err(PullError::file(path))?;
            // The one who held it before has removed the file: another may by now hold a lock on a new one.
            if is_at(&file, path) {
                return Ok(Self { _file: file, path: path.to_path_buf() });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if cfg!(unix)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::debug!(%error, "a lock file stays");
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_one_holds_the_lock_and_nothing_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.lock");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = Lock::take(&path).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
