//! What can go wrong: one error for the whole crate, so that a caller can tell each cause to people.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

/// Why a document was not learned, or the index could not answer.
///
/// Every error of [`Index::ingest`](crate::Index::ingest) leaves the index as it was.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IndexError {
    /// The name's ending says a format that cannot be read.
    #[serde(skip)]
    #[error("files of type {format:?} cannot be read")]
    Unsupported {
        /// The ending of the name, in small letters; empty when it has none.
        format: String,
        /// The endings that can be read.
        supported: &'static [&'static str],
    },
    /// The content is not what the name's ending says.
    #[error("the content is not {expected}")]
    WrongType {
        /// The ending of the name.
        expected: String,
    },
    /// The content breaks the rules of its format.
    #[error("the file is damaged: {reason}")]
    Corrupt {
        /// What is wrong, for the log.
        reason: String,
    },
    /// The document opens with a password only.
    #[error("the file is protected by a password")]
    PasswordProtected,
    /// The document has pages but no text on them, as scans have.
    #[error("none of the {pages} pages has text")]
    NoText {
        /// How many pages it has.
        pages: u32,
    },
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It has too many bytes.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The most bytes: of the file, or of the text in it.
        limit: u64,
    },
    /// It has too many pages.
    #[error("{pages} pages are more than {limit}")]
    TooManyPages {
        /// How many it has.
        pages: u32,
        /// The most.
        limit: u32,
    },
    /// A table has too many rows.
    #[error("more than {limit} rows")]
    TooManyRows {
        /// The most.
        limit: usize,
    },
    /// An archive holds too many files.
    #[error("more than {limit} files")]
    TooManyFiles {
        /// The most.
        limit: usize,
    },
    /// Archives hold archives, too deep.
    #[error("archives are nested more than {limit} deep")]
    TooNested {
        /// The most.
        limit: usize,
    },
    /// A path in an archive leads out of it.
    #[error("the path {path:?} leaves its archive")]
    ClimbingPath {
        /// The path, or its beginning.
        path: String,
    },
    /// None of the files in an archive could be read.
    #[error("none of its files can be read")]
    NothingReadable,
    /// Reading it needs too much memory.
    #[error("reading needs more than {limit} bytes of memory")]
    TooMuchMemory {
        /// The limit.
        limit: u64,
    },
    /// Reading it took too long.
    #[error("reading took longer than {seconds} seconds")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The embedder failed while a document was learned.
    #[serde(skip)]
    #[error(transparent)]
    Embedder(#[from] crate::embed::EmbedFailed),
    /// The caller's progress function asked to stop.
    #[error("stopped")]
    Cancelled,
    /// A course or document name that cannot be stored: empty, longer than 512 bytes, or with a NUL in it.
    #[error("not a name: {name:?}")]
    BadName {
        /// The name.
        name: String,
    },
    /// The folder holds an index that this version of the program cannot read; its documents have to be
    /// learned again into an empty folder.
    #[serde(skip)]
    #[error("the index in {} has version {found}, this program reads {expected}", folder.display())]
    Incompatible {
        /// The index's folder.
        folder: PathBuf,
        /// The version found there; 0 when none is stated.
        found: u32,
        /// The version that this program reads and writes.
        expected: u32,
    },
    /// Reading or writing the index on disk failed. A full disk is
    /// [`io::ErrorKind::StorageFull`].
    #[error("the index cannot be read or written")]
    #[serde(skip)]
    Store {
        /// The cause, its kind kept.
        #[source]
        source: io::Error,
    },
}

impl IndexError {
    /// Whether the file is built to do harm, or too much for what may be spent on it: an archive that holds it is
    /// refused as a whole.
    pub(crate) fn is_harm(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. }
                | Self::TooManyFiles { .. }
                | Self::TooNested { .. }
                | Self::ClimbingPath { .. }
                | Self::TooMuchMemory { .. }
                | Self::TooSlow { .. }
                | Self::Cancelled
        )
    }
}

impl From<io::Error> for IndexError {
    fn from(source: io::Error) -> Self {
        Self::Store { source }
    }
}

impl From<serde_json::Error> for IndexError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store { source: error.into() }
    }
}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> Self {
        let kind = kind(&error);
        Self::Store { source: io::Error::new(kind, error) }
    }
}

/// The kind of the I/O error that lies beneath.
fn kind(error: &TantivyError) -> io::ErrorKind {
    match error {
        TantivyError::IoError(error)
        | TantivyError::LockFailure(LockError::IoError(error), _)
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: error, .. })
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. }) => error.kind(),
        TantivyError::LockFailure(LockError::LockBusy, _) => io::ErrorKind::ResourceBusy,
        TantivyError::DataCorruption(_) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_full_disk_can_be_told_from_other_troubles() {
        let full = || Arc::new(io::Error::from(io::ErrorKind::StorageFull));
        for error in [
            TantivyError::IoError(full()),
            TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: full(), filepath: "a".into() }),
            TantivyError::LockFailure(LockError::IoError(full()), None),
        ] {
            let IndexError::Store { source } = IndexError::from(error) else { panic!("not a store error") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        }
    }
}
