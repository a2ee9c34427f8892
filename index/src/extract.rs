//! Files to blocks: one file a format beneath, the checks and limits that hold for all of them here.
//!
//! Files come from people, so parsing runs in a process of its own with limits on memory, time and output, and
//! there on a thread with a large stack and a net under panics: whatever a parser does, the caller gets an answer.

mod archive;
mod child;
mod docx;
mod encoding;
mod epub;
mod format;
mod formula;
mod html;
mod latex;
mod markdown;
mod notebook;
mod parent;
mod pdf;
mod pptx;
mod reader;
mod relations;
mod sections;
mod sheets;
mod source;
mod subtitles;
mod tables;
mod text;
mod turns;
mod xml;
mod zipped;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::format::{Format, ending};
use self::reader::{Reader, bounded};
use self::sections::Sections;
use crate::{IndexError, Place, Remark};

pub use self::child::serve;
pub(crate) use self::encoding::decode;
pub use self::format::SUPPORTED;
pub(crate) use self::parent::Program;
pub(crate) use self::sheets::separator;

/// Rises when blocks change for the same bytes, so that documents are read again though their bytes are the same.
pub(crate) const VERSION: u32 = 3;

/// The most bytes of a file.
const BYTES: u64 = 50_000_000;
/// The most pages or slides of a document.
const PAGES: u32 = 2_000;
/// The most bytes of text that come out of a file.
const TEXT: u64 = 20_000_000;
/// How long reading a file may take.
const TIME: Duration = Duration::from_secs(120);

/// What kind of text a block is, which decides where it may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Prose,
    List,
    Code,
    Table,
    Formula,
}

/// A paragraph, list, code block, table or formula.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// The headings above it, outermost first.
    #[serde(with = "path")]
    pub(crate) section: Arc<[String]>,
    /// Where it begins, for formats that have places.
    pub(crate) place: Option<Place>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Block {
    /// Leaves out marks of where a word may be parted: words with them are not found, and quotes of them not either.
    fn show(&mut self) {
        let is_unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}');
        if self.text.contains(is_unseen) {
            self.text.retain(|c| !is_unseen(c));
        }
        if self.section.iter().any(|title| title.contains(is_unseen)) {
            self.section = self.section.iter().map(|title| title.replace(is_unseen, "")).collect();
        }
    }
}

/// What was read from a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extracted {
    pub(crate) blocks: Vec<Block>,
    /// How many pages or slides it has, for formats that have them.
    pub(crate) pages: Option<u32>,
    /// What could not be read of it.
    pub(crate) remarks: Vec<Remark>,
}

impl Extracted {
    /// The bytes of its text.
    fn size(&self) -> u64 {
        self.blocks.iter().map(|block| block.text.len() as u64).sum()
    }

    /// An error when it holds nothing to learn, or too much. What nobody sees is left out of it.
    fn checked(mut self) -> Result<Self, IndexError> {
        self.blocks.iter_mut().for_each(Block::show);
        if self.size() > TEXT {
            return Err(IndexError::TooLarge { limit: TEXT });
        }
        let skipped = self.remarks.iter().any(|remark| matches!(remark, Remark::Skipped { .. }));
        match (self.blocks.is_empty(), self.pages) {
            (true, _) if skipped => Err(IndexError::NothingReadable),
            (true, Some(pages)) => Err(IndexError::NoText { pages }),
            (true, None) => Err(IndexError::Empty),
            (false, _) => Ok(self),
        }
    }
}

/// Whether files with this name's ending can be read.
#[must_use]
pub fn supports(name: &str) -> bool {
    Format::of(name).is_some()
}

/// Reads a file, in a process of its own when there is a program for it; `page` hears of each page (its number, all
/// pages) and answers whether to go on.
pub(crate) fn extract(
    program: Option<&Program>,
    name: &str,
    bytes: &[u8],
    page: &mut dyn FnMut(u32, u32) -> bool,
) -> Result<Extracted, IndexError> {
    check(name, bytes)?;
    match program {
        Some(program) => program.read(name, bytes, page, TIME),
        None => read(name, bytes.to_vec(), page),
    }
}

/// Reads a file in this process.
fn read(name: &str, bytes: Vec<u8>, page: &mut dyn FnMut(u32, u32) -> bool) -> Result<Extracted, IndexError> {
    let format = check(name, &bytes)?;
    bounded(bytes, page, TIME, move |bytes, reader| format.read(bytes, reader))?.checked()
}

/// Checks what can be known before parsing: size, ending, and whether the bytes are of that kind at all.
fn check(name: &str, bytes: &[u8]) -> Result<Format, IndexError> {
    let Some(format) = Format::of(name) else {
        return Err(IndexError::Unsupported { format: ending(name), supported: SUPPORTED });
    };
    if bytes.len() as u64 > BYTES {
        return Err(IndexError::TooLarge { limit: BYTES });
    }
    format.check(&ending(name), bytes)?;
    Ok(format)
}

/// A heading path between processes.
mod path {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Arc<[String]>, to: S) -> Result<S::Ok, S::Error> {
        path.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[String]>, D::Error> {
        Vec::<String>::deserialize(from).map(Arc::from)
    }
}

#[cfg(test)]
mod tests;
