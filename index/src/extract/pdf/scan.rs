//! The text of scanned pages: tesseract recognises it, where it is installed.
//!
//! A scanned page is one large picture; no renderer is needed to hand it on.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pdf_extract::{Document, Object, ObjectId, Stream};

/// The languages to recognise, as far as they are installed; the last stands for the others.
const LANGUAGES: &[&str] = &["chi_sim", "eng"];
/// A picture of fewer pixels on a side shows no page.
const SIDE: i64 = 600;
/// A picture of more pixels than this is left alone.
const PIXELS: i64 = 100_000_000;
/// How long all pages of a document may take together; the rest is told to have no text.
const TIME: Duration = Duration::from_secs(80);
/// The most bytes of text on a page.
const TEXT: u64 = 200_000;

/// Recognises pages, until its time is over.
#[derive(Debug)]
pub(super) struct Scanner {
    /// What tesseract is to look for; none where it is not installed, unknown until the first page.
    languages: Option<Option<String>>,
    left: Duration,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { languages: None, left: TIME }
    }
}

impl Scanner {
    /// The text of a page's picture; none when it has none, or when it cannot be recognised.
    pub(super) fn read(&mut self, document: &Document, page: ObjectId) -> Option<String> {
        let picture = picture(document, page, SIDE)?;
        let languages = self.languages.get_or_insert_with(languages).clone()?;
        let start = Instant::now();
        let text = (!self.left.is_zero()).then(|| recognise(&portable(picture)?, &languages).ok()).flatten();
        self.left = self.left.saturating_sub(start.elapsed());
        text.filter(|text| !text.trim().is_empty())
    }
}

/// Whether a page shows a picture of any size.
pub(super) fn has_picture(document: &Document, page: ObjectId) -> bool {
    picture(document, page, 1).is_some()
}

/// The largest picture of a page with at least `least` pixels on each side.
fn picture(document: &Document, page: ObjectId, least: i64) -> Option<&Stream> {
    let (own, inherited) = document.get_page_resources(page).ok()?;
    let inherited = inherited.into_iter().filter_map(|id| document.get_dictionary(id).ok());
    let resources = own.into_iter().chain(inherited);
    let objects = resources.filter_map(|resources| document.get_dict_in_dict(resources, b"XObject").ok());
    let streams = objects
        .flat_map(|objects| objects.iter())
        .filter_map(|(_, object)| document.dereference(object).ok()?.1.as_stream().ok());
    let pictures = streams.filter_map(|stream| {
        let is_picture = stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image");
        let (width, height) = (side(stream, b"Width")?, side(stream, b"Height")?);
        let fits = width.min(height) >= least && width.checked_mul(height)? <= PIXELS;
        (is_picture && fits).then_some((width * height, stream))
    });
    pictures.max_by_key(|(size, _)| *size).map(|(_, stream)| stream)
}

fn side(stream: &Stream, name: &[u8]) -> Option<i64> {
    stream.dict.get(name).and_then(Object::as_i64).ok().filter(|side| *side > 0)
}

/// The picture in a form that tesseract reads: JPEG as it is, plain pixels with a header. Other forms are rare.
fn portable(picture: &Stream) -> Option<Vec<u8>> {
    let filters = picture.filters().unwrap_or_default();
    if filters == [b"DCTDecode".as_slice()] {
        return Some(picture.content.clone());
    }
    if filters.iter().any(|filter| !matches!(*filter, b"FlateDecode" | b"LZWDecode" | b"ASCII85Decode")) {
        return None;
    }
    let pixels = if filters.is_empty() { picture.content.clone() } else { picture.decompressed_content().ok()? };
    let (width, height) = (side(picture, b"Width")?, side(picture, b"Height")?);
    let row = |bytes: i64| usize::try_from(bytes.checked_mul(height)?).ok();
    let length = Some(pixels.len());
    match side(picture, b"BitsPerComponent")? {
        // In a PDF 1 is white, in a bitmap it is black.
        1 if length == row((width + 7) / 8) => {
            Some(with_header("P4", width, height, "", pixels.into_iter().map(|byte| !byte).collect()))
        }
        8 if length == row(width) => Some(with_header("P5", width, height, "255\n", pixels)),
        8 if length == row(width * 3) => Some(with_header("P6", width, height, "255\n", pixels)),
        _ => None,
    }
}

fn with_header(kind: &str, width: i64, height: i64, depth: &str, pixels: Vec<u8>) -> Vec<u8> {
    [format!("{kind}\n{width} {height}\n{depth}").into_bytes(), pixels].concat()
}

/// What to look for; none when tesseract is not installed.
fn languages() -> Option<String> {
    let listed = Command::new("tesseract").arg("--list-langs").stderr(Stdio::null()).output().ok()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let installed: Vec<&str> = listed.lines().skip(1).map(str::trim).collect();
    let known: Vec<&str> = LANGUAGES.iter().copied().filter(|language| installed.contains(language)).collect();
    if known.is_empty() { installed.first().map(|language| (*language).to_owned()) } else { Some(known.join("+")) }
}

/// Runs tesseract on one picture. It inherits this process's limits on memory and time on the processor.
fn recognise(picture: &[u8], languages: &str) -> io::Result<String> {
    let mut command = Command::new("tesseract");
    command.args(["stdin", "stdout", "-l", languages]).env("OMP_THREAD_LIMIT", "1");
    let mut tesseract = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (input, output) = (tesseract.stdin.take(), tesseract.stdout.take());
    let mut text = String::new();
    let done = thread::scope(|scope| {
        // It may answer before it has read all.
        scope.spawn(move || input.map(|mut input| input.write_all(picture)));
        output.map_or(Ok(0), |output| output.take(TEXT).read_to_string(&mut text))
    });
    // It has closed its output, or said more than any page holds.
    let _ = tesseract.kill();
    tesseract.wait()?;
    done.map(|_| text)
}
