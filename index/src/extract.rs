//! Files to blocks: one file a format beneath, the checks and limits that hold for all of them here.
//!
//! Files come from people, so parsing runs on a thread of its own with a large stack, a time limit and a net
//! under panics: whatever a parser does, the caller gets an answer.

mod encoding;
mod html;
mod markdown;
mod pdf;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::{IndexError, Place};

/// Rises when blocks change for the same bytes, so that documents are read again though their bytes are the same.
pub(crate) const VERSION: u32 = 2;

/// The endings of names that can be read, as people write them.
pub const SUPPORTED: &[&str] = &[".pdf", ".md", ".markdown", ".txt", ".text", ".html", ".htm"];

/// The most bytes of a file.
const BYTES: u64 = 50_000_000;
/// The most pages of a document.
const PAGES: u32 = 2_000;
/// The most bytes of text that come out of a file.
const TEXT: u64 = 20_000_000;
/// How long reading a file may take.
const TIME: Duration = Duration::from_secs(120);
/// Parsers recurse over nested structures; only what they touch becomes memory.
const STACK: usize = 512 << 20;

/// What kind of text a block is, which decides where it may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Prose,
    List,
    Code,
    Table,
    Formula,
}

/// A paragraph, list, code block, table or formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The headings above it, outermost first.
    pub(crate) section: Arc<[String]>,
    /// Where it begins, for formats that have places.
    pub(crate) place: Option<Place>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// What was read from a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Extracted {
    pub(crate) blocks: Vec<Block>,
    /// How many pages it has, for formats that have pages.
    pub(crate) pages: Option<u32>,
}

/// Whether files with this name's ending can be read.
#[must_use]
pub fn supports(name: &str) -> bool {
    Format::of(name).is_some()
}

/// Reads a file; `page` hears of each page (its number, all pages) and answers whether to go on.
pub(crate) fn extract(
    name: &str,
    bytes: &[u8],
    page: &mut dyn FnMut(u32, u32) -> bool,
) -> Result<Extracted, IndexError> {
    let format = check(name, bytes)?;
    let extracted = bounded(bytes.to_vec(), page, TIME, move |bytes, reader| format.read(bytes, reader))?;
    let length: usize = extracted.blocks.iter().map(|block| block.text.len()).sum();
    if length as u64 > TEXT {
        return Err(IndexError::TooLarge { limit: TEXT });
    }
    match (extracted.blocks.is_empty(), extracted.pages) {
        (true, Some(pages)) => Err(IndexError::NoText { pages }),
        (true, None) => Err(IndexError::Empty),
        (false, _) => Ok(extracted),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pdf,
    Markdown,
    Text,
    Html,
}

impl Format {
    fn of(name: &str) -> Option<Self> {
        match ending(name).as_str() {
            "pdf" => Some(Self::Pdf),
            "md" | "markdown" => Some(Self::Markdown),
            "txt" | "text" => Some(Self::Text),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }

    fn read(self, bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
        let text = || encoding::decode(bytes).ok_or(IndexError::Corrupt { reason: "not text".into() });
        let blocks = match self {
            Self::Pdf => return pdf::read(bytes, reader),
            Self::Markdown => markdown::read(&text()?)?,
            Self::Html => html::read(&text()?)?,
            Self::Text => text::read(&text()?),
        };
        Ok(Extracted { blocks, pages: None })
    }
}

/// The line from a parser to the thread that waits for it.
pub(super) struct Reader {
    pages: SyncSender<(u32, u32)>,
    stop: Arc<AtomicBool>,
}

impl Reader {
    /// Tells which page is being read; an error when nobody wants the rest.
    fn page(&self, page: u32, pages: u32) -> Result<(), IndexError> {
        let told = self.pages.send((page, pages));
        if told.is_err() || self.stopped() { Err(IndexError::Cancelled) } else { Ok(()) }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Checks what can be known before parsing: size, ending, and whether the bytes are of that kind at all.
fn check(name: &str, bytes: &[u8]) -> Result<Format, IndexError> {
    let Some(format) = Format::of(name) else {
        return Err(IndexError::Unsupported { format: ending(name), supported: SUPPORTED });
    };
    if bytes.len() as u64 > BYTES {
        return Err(IndexError::TooLarge { limit: BYTES });
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(IndexError::Empty);
    }
    let start = &bytes[..bytes.len().min(1024)];
    let is_pdf = start.windows(5).any(|window| window == b"%PDF-");
    let fits = match format {
        Format::Pdf => is_pdf,
        _ => !start.starts_with(b"%PDF-") && encoding::is_text(bytes),
    };
    if fits { Ok(format) } else { Err(IndexError::WrongType { expected: ending(name) }) }
}

fn ending(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default()
}

/// Runs `work` on a thread of its own within `time`.
fn bounded(
    bytes: Vec<u8>,
    page: &mut dyn FnMut(u32, u32) -> bool,
    time: Duration,
    work: impl FnOnce(&[u8], &Reader) -> Result<Extracted, IndexError> + Send + 'static,
) -> Result<Extracted, IndexError> {
    let (pages, told) = sync_channel(4);
    let stop = Arc::new(AtomicBool::new(false));
    let reader = Reader { pages, stop: stop.clone() };
    let run = move || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&bytes, &reader)));
        done.unwrap_or_else(|_| Err(IndexError::Corrupt { reason: "the parser failed".into() }))
    };
    let thread = thread::Builder::new().name("extract".into()).stack_size(STACK).spawn(run)?;
    let ended = follow(&told, page, Instant::now() + time, time);
    if let Err(error) = ended {
        // The thread ends at its next page, or whenever its parser lets it.
        stop.store(true, Ordering::Relaxed);
        return Err(error);
    }
    thread.join().unwrap_or_else(|_| Err(IndexError::Corrupt { reason: "the parser failed".into() }))
}

/// Passes pages on until the parser's end of the line is gone.
fn follow(
    told: &Receiver<(u32, u32)>,
    page: &mut dyn FnMut(u32, u32) -> bool,
    deadline: Instant,
    time: Duration,
) -> Result<(), IndexError> {
    loop {
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((number, pages)) if !page(number, pages) => return Err(IndexError::Cancelled),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return Err(IndexError::TooSlow { seconds: time.as_secs() }),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(name: &str, bytes: &[u8]) -> String {
        match extract(name, bytes, &mut |_, _| true) {
            Ok(_) => "read".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_name_and_the_content_must_agree() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
        for (name, bytes, expected) in [
            ("notes.md", b"# Hello\n\nText.".as_slice(), "read"),
            ("NOTES.MD", b"# Hello\n\nText.", "read"),
            ("folder.d/notes.txt", b"Hello", "read"),
            ("notes.txt", png, "the content is not txt"),
            ("notes.md", b"\x00\x01\x02\x03", "the content is not md"),
            ("notes.pdf", b"plain text", "the content is not pdf"),
            ("notes.txt", b"%PDF-1.4 ...", "the content is not txt"),
            ("notes.exe", b"MZ", "files of type \"exe\" cannot be read"),
            ("notes", b"text", "files of type \"\" cannot be read"),
            ("notes.md", b"", "the file is empty"),
            ("notes.txt", b" \n\t ", "the file is empty"),
            ("notes.md", b"<!-- nothing to see -->", "the file is empty"),
        ] {
            assert_eq!(reason(name, bytes), expected, "{name}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused_before_parsing() {
        let large = vec![b'a'; usize::try_from(BYTES).unwrap() + 1];
        assert!(matches!(extract("a.txt", &large, &mut |_, _| true), Err(IndexError::TooLarge { limit: BYTES })));
    }

    #[test]
    fn a_parser_that_panics_is_a_damaged_file() {
        let panics = |_: &[u8], _: &Reader| -> Result<Extracted, IndexError> { panic!("a parser's fault") };
        let done = bounded(Vec::new(), &mut |_, _| true, TIME, panics);
        assert!(matches!(done, Err(IndexError::Corrupt { .. })));
    }

    #[test]
    fn a_parser_that_hangs_is_left_behind() {
        let hangs = |_: &[u8], reader: &Reader| {
            while !reader.stopped() {
                thread::yield_now();
            }
            Ok(Extracted::default())
        };
        let done = bounded(Vec::new(), &mut |_, _| true, Duration::from_millis(5), hangs);
        assert!(matches!(done, Err(IndexError::TooSlow { .. })));
    }

    #[test]
    fn a_caller_that_wants_no_more_stops_the_parser() {
        let endless = |_: &[u8], reader: &Reader| {
            loop {
                reader.page(1, 2)?;
            }
        };
        let done = bounded(Vec::new(), &mut |_, _| false, TIME, endless);
        assert!(matches!(done, Err(IndexError::Cancelled)));
    }
}
