//! One open sled database: typed reads, changes that are whole or absent, and the way to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sled::transaction::{TransactionError, Transactional, TransactionalTree};

use super::MemoryError;
use super::folder::{Folder, StoreError, of_file, sync_folder};
use super::kinds::Numbers;
use super::record::{Record, decode, encode};

/// What sled may keep of the store in memory, in bytes.
const CACHE: u64 = 64 << 20;
/// Bytes that must be free on the disk for a change: sled writes segments of 512 KiB.
const ROOM: u64 = 2 << 20;
/// Bytes that must be free on the disk to take a message in, so that what was taken in can be answered.
pub(super) const ROOM_FOR_NEW: u64 = 2 * ROOM;
/// Records copied at a time when the store is rebuilt.
const COPIED_AT_ONCE: usize = 256;

/// Puts and removals that become visible, and durable, together.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// By tree, then by key; `None` removes.
    values: BTreeMap<&'static str, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    needs: u64,
}

impl Change {
    /// A change that needs `bytes` of free disk instead of the usual.
    pub(super) fn with_room(bytes: u64) -> Self {
        Self { needs: bytes, ..Self::default() }
    }

    /// Puts a record.
    pub(super) fn put<R: Record>(&mut self, key: impl Into<Vec<u8>>, record: &R) -> Result<(), MemoryError> {
        let bytes = encode(record)?;
        self.values.entry(R::TREE).or_default().insert(key.into(), Some(bytes));
        Ok(())
    }

    /// Removes a record, if it is there.
    pub(super) fn remove<R: Record>(&mut self, key: impl Into<Vec<u8>>) {
        self.values.entry(R::TREE).or_default().insert(key.into(), None);
    }

    /// The change without its removals: even to remove a key, sled writes that key.
    fn puts(&self) -> Self {
        let put = |values: &BTreeMap<Vec<u8>, Option<Vec<u8>>>| {
            values
                .iter()
                .filter(|(_, value)| value.is_some())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        let values = self.values.iter().map(|(name, values)| (*name, put(values))).collect();
        Self { values, needs: self.needs }
    }
}

/// The open store.
#[derive(Debug)]
pub(super) struct Trees {
    number: u64,
    db: sled::Db,
    /// sled's log, open a second time to be synced.
    log: File,
    /// sled's files for large values that are known to be on disk.
    blobs: BTreeSet<PathBuf>,
    next: u64,
    changed: bool,
    /// Let go after sled was closed.
    folder: Arc<Folder>,
}

impl Trees {
    /// Opens the store that the folder names as current, a new one in a new folder.
    pub(super) fn open(folder: &Arc<Folder>) -> Result<Self, MemoryError> {
        let current = folder.current()?;
        let number = current.unwrap_or(1);
        folder.sync()?;
        let trees = Self::open_number(folder, number)?;
        if current.is_none() {
            folder.switch(number)?;
        }
        folder.sweep(number)?;
        Ok(trees)
    }

    fn open_number(folder: &Arc<Folder>, number: u64) -> Result<Self, MemoryError> {
        let path = folder.store(number);
        // Nothing is flushed but by `settle`: a timer would only add writes.
        let config = sled::Config::new().path(&path).cache_capacity(CACHE).flush_every_ms(None);
        let db = config.open().map_err(StoreError::from)?;
        sync_folder(&path)?;
        folder.sync()?;
        let log_path = path.join("db");
        let log = File::open(&log_path).map_err(of_file(&log_path))?;
        let blobs = BTreeSet::new();
        let mut trees = Self { folder: folder.clone(), number, db, log, blobs, next: 0, changed: true };
        trees.next = trees.get::<Numbers>(Numbers::KEY)?.unwrap_or_default().next;
        Ok(trees)
    }

    /// The record at `key`.
    pub(super) fn get<R: Record>(&self, key: impl AsRef<[u8]>) -> Result<Option<R>, MemoryError> {
        let key = key.as_ref();
        let bytes = self.tree(R::TREE)?.get(key).map_err(StoreError::from)?;
        bytes.map(|bytes| decode(key, &bytes)).transpose()
    }

    /// The records whose keys begin with `prefix`, in the order of their keys.
    pub(super) fn scan<R: Record>(&self, prefix: &[u8]) -> Result<Scan<R>, MemoryError> {
        let entries = self.tree(R::TREE)?.scan_prefix(prefix);
        Ok(Scan { entries, kind: std::marker::PhantomData })
    }

    /// The next number, which `change` uses up.
    pub(super) fn number(&mut self, change: &mut Change) -> Result<u64, MemoryError> {
        let number = self.next;
        self.next += 1;
        change.put(Numbers::KEY, &Numbers { next: self.next })?;
        Ok(number)
    }

    /// Carries out a change in memory, as one; [`Trees::settle`] puts it on disk.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), MemoryError> {
        if change.values.is_empty() {
            return Ok(());
        }
        self.folder.room(change.needs.max(ROOM))?;
        let trees = change.values.keys().map(|name| self.tree(name)).collect::<Result<Vec<_>, _>>()?;
        self.changed = true;
        let outcome = trees.as_slice().transaction(|views: &Vec<TransactionalTree>| {
            for (view, values) in views.iter().zip(change.values.values()) {
                for (key, value) in values {
                    match value {
                        Some(value) => view.insert(key.as_slice(), value.as_slice())?,
                        None => view.remove(key.as_slice())?,
                    };
                }
            }
            Ok(())
        });
        outcome.map_err(|error: TransactionError<Infallible>| match error {
            TransactionError::Storage(error) => StoreError::from(error).into(),
            TransactionError::Abort(never) => match never {},
        })
    }

    /// Puts all changes so far on disk.
    ///
    /// sled's own flush hands the bytes to the kernel and waits for them to be written, without the file's
    /// length and without the disk's cache; hence the sync after it.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        if self.changed {
            self.db.flush()?;
            self.sync_blobs()?;
            self.log.sync_data().map_err(of_file(&self.folder.store(self.number)))?;
            self.changed = false;
        }
        Ok(())
    }

    /// Copies all but what `change` removes into a new store, and goes on with that one. The old files are
    /// deleted: nothing of what was removed, now or at any time before, is left in the folder.
    pub(super) fn rebuild(&mut self, change: &Change) -> Result<(), MemoryError> {
        self.settle()?;
        self.folder.sweep(self.number)?;
        self.folder.room(ROOM.saturating_add(size(&self.folder.store(self.number))?))?;
        let number = self.number + 1;
        let next = match self.copy(number, change) {
            Ok(next) => next,
            Err(error) => {
                self.folder.sweep(self.number)?;
                return Err(error);
            }
        };
        self.folder.switch(number)?;
        drop(std::mem::replace(self, next));
        Ok(self.folder.sweep(number)?)
    }

    /// Removes what an interrupted [`Trees::rebuild`] left.
    pub(super) fn sweep(&self) -> Result<(), MemoryError> {
        Ok(self.folder.sweep(self.number)?)
    }

    fn copy(&self, number: u64, change: &Change) -> Result<Self, MemoryError> {
        let mut next = Self::open_number(&self.folder, number)?;
        for name in self.db.tree_names() {
            let changed = std::str::from_utf8(&name).ok().and_then(|name| change.values.get(name));
            let kept = |key: &[u8]| changed.is_none_or(|values| !values.contains_key(key));
            copy_tree(&self.db, &next.db, &name, kept).map_err(StoreError::from)?;
        }
        next.next = self.next;
        next.apply(&change.puts())?;
        next.changed = true;
        next.settle()?;
        Ok(next)
    }

    fn tree(&self, name: &str) -> Result<sled::Tree, StoreError> {
        Ok(self.db.open_tree(name)?)
    }

    /// sled keeps large values in files of their own, and does not sync those.
    fn sync_blobs(&mut self) -> Result<(), StoreError> {
        let folder = self.folder.store(self.number).join("blobs");
        let entries = std::fs::read_dir(&folder).map_err(of_file(&folder))?;
        let present: BTreeSet<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let new: Vec<_> = present.difference(&self.blobs).collect();
        for path in &new {
            File::open(path).and_then(|file| file.sync_data()).map_err(of_file(path))?;
        }
        if !new.is_empty() {
            sync_folder(&folder)?;
        }
        self.blobs = present;
        Ok(())
    }
}

/// Records of one kind, in the order of their keys.
pub(super) struct Scan<R> {
    entries: sled::Iter,
    kind: std::marker::PhantomData<R>,
}

type Entry<R> = Result<(Vec<u8>, R), MemoryError>;

fn entry<R: Record>(entry: sled::Result<(sled::IVec, sled::IVec)>) -> Entry<R> {
    let (key, bytes) = entry.map_err(StoreError::from)?;
    Ok((key.to_vec(), decode(&key, &bytes)?))
}

impl<R: Record> Iterator for Scan<R> {
    type Item = Entry<R>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(entry)
    }
}

impl<R: Record> DoubleEndedIterator for Scan<R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(entry)
    }
}

fn copy_tree(from: &sled::Db, to: &sled::Db, name: &[u8], kept: impl Fn(&[u8]) -> bool) -> sled::Result<()> {
    let (from, to) = (from.open_tree(name)?, to.open_tree(name)?);
    let mut entries = from.iter().filter(|entry| entry.as_ref().map_or(true, |(key, _)| kept(key))).peekable();
    while entries.peek().is_some() {
        let mut batch = sled::Batch::default();
        for entry in entries.by_ref().take(COPIED_AT_ONCE) {
            let (key, value) = entry?;
            batch.insert(key, value);
        }
        to.apply_batch(batch)?;
    }
    Ok(())
}

/// The bytes of all files below a folder.
fn size(path: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(path).map_err(of_file(path))? {
        let entry = entry.map_err(of_file(path))?;
        let about = entry.metadata().map_err(of_file(path))?;
        bytes += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}
