//! What of a document could not be read, though the rest was learned.

use serde::{Deserialize, Serialize};

use crate::IndexError;

/// A remark on a document; whoever gave it is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Remark {
    /// Pages without text, as scans have them.
    NoText {
        /// The file in an archive, when it is one.
        file: Option<String>,
        /// The pages, counted from 1, in order.
        pages: Vec<u32>,
    },
    /// Pages whose text was recognised from their image, which may be wrong in places.
    Recognised {
        /// The file in an archive, when it is one.
        file: Option<String>,
        /// The pages, counted from 1, in order.
        pages: Vec<u32>,
    },
    /// A file of an archive that was left out.
    Skipped {
        /// Its path in the archive.
        file: String,
        /// Why.
        error: Box<IndexError>,
    },
}

impl Remark {
    /// The same, of a file in an archive.
    pub(crate) fn within(self, path: &str) -> Self {
        let file = Some(path.to_owned());
        match self {
            Self::NoText { pages, .. } => Self::NoText { file, pages },
            Self::Recognised { pages, .. } => Self::Recognised { file, pages },
            skipped @ Self::Skipped { .. } => skipped,
        }
    }
}
