//! The index as a whole: opened once, shared by all.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tantivy::{IndexReader, ReloadPolicy};

use crate::extract::Program;
use crate::schema::{self, Fields};
use crate::search::roster::Roster;
use crate::vectors::Vectors;
use crate::{Embed, IndexError};

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
    pub(crate) vectors: Vectors,
    pub(crate) embedder: Option<Arc<dyn Embed>>,
    pub(crate) rosters: Rosters,
    changes: Mutex<()>,
}

impl Index {
    /// Opens the index in `folder`, which is made when it is not there. Passages are found by their words, and by
    /// their meaning too when there is an embedder.
    ///
    /// # Errors
    ///
    /// [`IndexError::Incompatible`] when another version of the program wrote it, [`IndexError::Store`] when it
    /// cannot be read or made.
    pub fn open(folder: &Path, embedder: Option<Arc<dyn Embed>>) -> Result<Self, IndexError> {
        let (inner, fields) = schema::open(folder)?;
        let reader = inner.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let vectors = Vectors::new(folder.join("vectors"));
        let index = Self {
            inner,
            reader,
            fields,
            folder: folder.to_owned(),
            program: None,
            vectors,
            embedder,
            rosters: Rosters::default(),
            changes: Mutex::new(()),
        };
        index.sweep()?;
        Ok(index)
    }

    /// Reads files from now on in processes of their own: `program`, started with `arguments`, must call
    /// [`serve`](crate::serve) at once. Without it files are read in this process, within the same limits but for
    /// memory, and a parser that aborts takes the process with it.
    #[must_use]
    pub fn reading_apart(self, program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program: Some(Program::new(program, arguments)), ..self }
    }

    /// Removes the vectors that a crash, or a change while there was no embedder, left behind.
    fn sweep(&self) -> Result<(), IndexError> {
        Ok(self.vectors.sweep(&self.vector_names()?, self.embedder.as_deref())?)
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

/// The most courses whose rosters are kept; one takes 4 bytes a passage of the whole index.
const ROSTERS: usize = 64;

/// The rosters of the courses that were searched since the last change.
#[derive(Default)]
pub(crate) struct Rosters {
    known: Mutex<(u64, HashMap<String, Arc<Roster>>)>,
}

impl Rosters {
    /// A course's roster, when it was listed at this commit.
    pub(crate) fn get(&self, course: &str, commit: u64) -> Option<Arc<Roster>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.1.get(course).filter(|_| known.0 == commit).cloned()
    }

    /// Keeps a roster, and forgets those of older commits.
    pub(crate) fn put(&self, course: &str, commit: u64, roster: Roster) -> Arc<Roster> {
        let roster = Arc::new(roster);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 < commit || known.1.len() >= ROSTERS {
            *known = (commit, HashMap::new());
        }
        if known.0 == commit {
            known.1.insert(course.to_owned(), roster.clone());
        }
        roster
    }

    /// Forgets all, since vectors came without a commit.
    pub(crate) fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }
}
