//! PDF to blocks, page by page.
//!
//! `pdf-extract` finds the characters, their places and sizes; lines, paragraphs and headings are made of them
//! here. A page on which it fails falls back to the plainer reader of `lopdf`, so that one odd font does not
//! cost a book.

mod contents;
mod glyphs;
mod heads;
mod lines;
mod outline;
mod repair;
mod scan;
mod vocabulary;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, Error, ObjectId};

use self::contents::Contents;
use self::glyphs::Glyphs;
use self::lines::Line;
use self::scan::Scanner;
use super::{Extracted, PAGES, Reader, TEXT};
use crate::{IndexError, Remark};

/// A page with fewer characters and a picture as large as a page is a scan with a stamp or a page number.
const SCANNED: usize = 20;

/// Reads all pages.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
    let mut document = open(bytes)?;
    let list = document.get_pages();
    let pages = u32::try_from(list.len()).unwrap_or(u32::MAX);
    match pages {
        0 => return Err(IndexError::Corrupt { reason: "no pages".into() }),
        1..=PAGES => {}
        _ => return Err(IndexError::TooManyPages { pages, limit: PAGES }),
    }
    repair::repair(&mut document)?;
    let mut read = Vec::with_capacity(list.len());
    let mut length = 0;
    let mut scans = Scans::default();
    for (number, id) in list {
        reader.page(number, pages)?;
        let lines = scans.lines(&document, number, id, page(&document, number, reader));
        length += lines.iter().map(|line| line.text.len() as u64).sum::<u64>();
        if length > TEXT {
            return Err(IndexError::TooLarge { limit: TEXT });
        }
        read.push((number, lines));
    }
    let blocks = outline::blocks(read, Contents::of(&document));
    Ok(Extracted { blocks, pages: Some(pages), remarks: scans.remarks() })
}

/// The pages that are pictures of text.
#[derive(Default)]
struct Scans {
    scanner: Scanner,
    recognised: Vec<u32>,
    blank: Vec<u32>,
}

impl Scans {
    /// A page's lines: those that were read, or those that can be recognised when there are next to none.
    fn lines(&mut self, document: &Document, number: u32, page: ObjectId, read: Vec<Line>) -> Vec<Line> {
        let letters = |lines: &[Line]| -> usize { lines.iter().map(|line| line.text.chars().count()).sum() };
        let count = letters(&read);
        if count >= SCANNED || !scan::has_picture(document, page) {
            return read;
        }
        let recognised = self.scanner.read(document, page).map(|text| lines::plain(&text)).unwrap_or_default();
        if letters(&recognised) > count {
            self.recognised.push(number);
            return recognised;
        }
        if read.is_empty() {
            self.blank.push(number);
        }
        read
    }

    fn remarks(self) -> Vec<Remark> {
        let recognised = Remark::Recognised { file: None, pages: self.recognised };
        let blank = Remark::NoText { file: None, pages: self.blank };
        let said = |remark: &Remark| match remark {
            Remark::Recognised { pages, .. } | Remark::NoText { pages, .. } => !pages.is_empty(),
            Remark::Skipped { .. } => true,
        };
        [recognised, blank].into_iter().filter(said).collect()
    }
}

/// Opens the file; one that is encrypted for nobody in particular opens with an empty password.
fn open(bytes: &[u8]) -> Result<Document, IndexError> {
    let corrupt = |error: Error| IndexError::Corrupt { reason: error.to_string() };
    let mut document = match Document::load_mem(bytes) {
        Ok(document) => document,
        Err(Error::InvalidPassword | Error::Decryption(_)) => return Err(IndexError::PasswordProtected),
        Err(error) => return Err(corrupt(error)),
    };
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(IndexError::PasswordProtected);
    }
    Ok(document)
}

fn page(document: &Document, number: u32, reader: &Reader) -> Vec<Line> {
    let mut glyphs = Glyphs::new(&reader.stop);
    let done = catch_unwind(AssertUnwindSafe(|| pdf_extract::output_doc_page(document, &mut glyphs, number)));
    match done {
        Ok(Ok(())) => lines::lines(&glyphs.found),
        Ok(Err(_)) | Err(_) => {
            tracing::debug!(page = number, "page read by the plainer reader");
            let plain = catch_unwind(AssertUnwindSafe(|| document.extract_text(&[number]).unwrap_or_default()));
            let plain = lines::plain(&plain.unwrap_or_default());
            let placed = lines::lines(&glyphs.found);
            let length = |lines: &[Line]| lines.iter().map(|line| line.text.len()).sum::<usize>();
            // What was read before the fault may be all there is.
            if length(&placed) > length(&plain) { placed } else { plain }
        }
    }
}
