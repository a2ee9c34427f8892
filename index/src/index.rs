//! The index as a whole: opened once, shared by all.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tantivy::{IndexReader, ReloadPolicy};

use crate::IndexError;
use crate::extract::Program;
use crate::schema::{self, Fields};

/// The passages of all courses, in a folder.
///
/// Methods block and take `&self`: share it in an `Arc` and call it off the async threads. One process may
/// have it open at a time; searches run beside each other and beside one change.
pub struct Index {
    pub(crate) inner: tantivy::Index,
    pub(crate) reader: IndexReader,
    pub(crate) fields: Fields,
    pub(crate) folder: PathBuf,
    /// What reads files apart from this process.
    pub(crate) program: Option<Program>,
    changes: Mutex<()>,
}

impl Index {
    /// Opens the index in `folder`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// [`IndexError::Incompatible`] when another version of the program wrote it, [`IndexError::Store`] when it
    /// cannot be read or made.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let (inner, fields) = schema::open(folder)?;
        let reader = inner.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { inner, reader, fields, folder: folder.to_owned(), program: None, changes: Mutex::new(()) })
    }

    /// Reads files from now on in processes of their own: `program`, started with `arguments`, must call
    /// [`serve`](crate::serve) at once. Without it files are read in this process, within the same limits but for
    /// memory, and a parser that aborts takes the process with it.
    #[must_use]
    pub fn reading_apart(self, program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program: Some(Program::new(program, arguments)), ..self }
    }

    /// Waits for the turn to change the index. What a change that failed left behind was never committed.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Index").finish_non_exhaustive()
    }
}
