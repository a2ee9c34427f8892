//! The store's folder: a lock, a pointer to the store in use, and a fresh store beside it when data is forgotten.
//!
//! ```text
//! memory/
//!   LOCK      held by the process that uses the folder
//!   CURRENT   the number of the store in use; replaced by rename, so it names the old store or the new one
//!   store-1/  sled's files
//! ```

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FlockOperation;

use super::MemoryError;

const LOCK: &str = "LOCK";
const CURRENT: &str = "CURRENT";
const CURRENT_NEXT: &str = "CURRENT.next";
const STORE: &str = "store-";

/// Why the store failed. It can be cloned, since all that waited for one flush learn of its failure.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum StoreError {
    /// The disk is nearly full; nothing was changed.
    #[error("{free} bytes are free on the disk, {needed} are needed")]
    Full {
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be free for this change.
        needed: u64,
    },
    /// Another process uses the folder.
    #[error("another process uses {}", .0.display())]
    Locked(PathBuf),
    /// The folder is not as this program left it.
    #[error("{} does not tell which store is in use", .0.display())]
    Astray(PathBuf),
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// sled failed.
    #[error(transparent)]
    Sled(#[from] sled::Error),
    /// The thread that owns the store has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// What is in memory may differ from what is on disk: the store must be opened again.
    pub(super) fn breaks(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Sled(_))
    }
}

impl From<StoreError> for MemoryError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

/// Says of which file an error tells.
pub(super) fn of_file(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    |source| StoreError::Io { path: path.to_owned(), source: Arc::new(source) }
}

/// A folder that this process has locked.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

/// A process that is being started holds copies of our files for a moment, so closing the file would not do.
impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = rustix::fs::flock(&self.lock, FlockOperation::Unlock) {
            tracing::warn!(%error, "the memory's lock was not released");
        }
    }
}

impl Folder {
    /// Locks the folder at `path`, creating it (for this user alone) if need be.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(of_file(path))?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(of_file(&lock_path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked(path.to_owned())),
            Err(error) => Err(of_file(&lock_path)(error.into())),
        }
    }

    /// The path of a store.
    pub(super) fn store(&self, number: u64) -> PathBuf {
        self.path.join(format!("{STORE}{number}"))
    }

    /// The number of the store in use; `None` in a new folder.
    ///
    /// The pointer is written after the first store, so a crash in between leaves one store and no pointer.
    pub(super) fn current(&self) -> Result<Option<u64>, StoreError> {
        let pointer = self.path.join(CURRENT);
        let stores = self.stores()?;
        let number = match std::fs::read_to_string(&pointer) {
            Ok(text) => text.trim().parse().map_err(|_| StoreError::Astray(pointer.clone()))?,
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(of_file(&pointer)(error)),
            Err(_) => match stores[..] {
                [] => return Ok(None),
                [only] => only,
                [..] => return Err(StoreError::Astray(pointer)),
            },
        };
        if stores.contains(&number) { Ok(Some(number)) } else { Err(StoreError::Astray(pointer)) }
    }

    /// Makes `number` the store in use, in one step that a crash cannot halve.
    pub(super) fn switch(&self, number: u64) -> Result<(), StoreError> {
        let next = self.path.join(CURRENT_NEXT);
        let mut file = File::create(&next).map_err(of_file(&next))?;
        file.write_all(format!("{number}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(of_file(&next))?;
        std::fs::rename(&next, self.path.join(CURRENT)).map_err(of_file(&next))?;
        self.sync()
    }

    /// Removes every store but `keep`: what was forgotten, and what a crash left behind.
    pub(super) fn sweep(&self, keep: u64) -> Result<(), StoreError> {
        for number in self.stores()?.into_iter().filter(|number| *number != keep) {
            let path = self.store(number);
            std::fs::remove_dir_all(&path).map_err(of_file(&path))?;
        }
        self.sync()
    }

    /// Checks that at least `needed` bytes are free, since a store is hurt by a disk that fills up under it.
    pub(super) fn room(&self, needed: u64) -> Result<(), StoreError> {
        let disk = rustix::fs::statvfs(&self.path).map_err(|error| of_file(&self.path)(error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed { Err(StoreError::Full { free, needed }) } else { Ok(()) }
    }

    /// Puts the folder's own entries on disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        sync_folder(&self.path)
    }

    fn stores(&self) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(of_file(&self.path))? {
            let name = entry.map_err(of_file(&self.path))?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_prefix(STORE)?.parse::<u64>().ok()));
        }
        Ok(numbers)
    }
}

/// Puts the entries of a folder on disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(of_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_which_store_is_in_use() {
        for (stores, pointer, expected) in [
            (&[][..], None, Ok(None)),
            (&["store-1"], None, Ok(Some(1))),
            (&["store-1", "store-2"], Some("2\n"), Ok(Some(2))),
            (&["store-1", "store-2"], None, Err(())),
            (&["store-1"], Some("2\n"), Err(())),
            (&["store-1"], Some("one"), Err(())),
        ] {
            let place = tempfile::tempdir().unwrap();
            let folder = Folder::open(place.path()).unwrap();
            for store in stores {
                std::fs::create_dir(place.path().join(store)).unwrap();
            }
            if let Some(pointer) = pointer {
                std::fs::write(place.path().join(CURRENT), pointer).unwrap();
            }
            assert_eq!(folder.current().map_err(|_| ()), expected, "{stores:?} {pointer:?}");
        }
    }

    #[test]
    fn switches_and_sweeps() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        for number in [1, 2, 10] {
            std::fs::create_dir(folder.store(number)).unwrap();
        }
        folder.switch(2).unwrap();
        folder.sweep(2).unwrap();
        assert_eq!(folder.current().unwrap(), Some(2));
        assert_eq!(folder.stores().unwrap(), [2]);
    }

    #[test]
    fn is_used_by_one_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::open(place.path()).unwrap();
        assert!(matches!(Folder::open(place.path()), Err(StoreError::Locked(_))));
        drop(first);
        Folder::open(place.path()).unwrap();
    }

    #[test]
    fn asks_for_room() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        folder.room(1).unwrap();
        assert!(matches!(folder.room(u64::MAX), Err(StoreError::Full { needed: u64::MAX, .. })));
    }
}
