//! PDF to blocks, page by page.
//!
//! `pdf-extract` finds the characters, their places and sizes; lines, paragraphs and headings are made of them
//! here. A page on which it fails falls back to the plainer reader of `lopdf`, so that one odd font does not
//! cost a book.

mod glyphs;
mod lines;
mod outline;
mod repair;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, Error};

use self::glyphs::Glyphs;
use self::lines::Line;
use super::{Extracted, PAGES, Reader, TEXT};
use crate::IndexError;

/// Reads all pages.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
    let mut document = open(bytes)?;
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    let pages = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    match pages {
        0 => return Err(IndexError::Corrupt { reason: "no pages".into() }),
        1..=PAGES => {}
        _ => return Err(IndexError::TooManyPages { pages, limit: PAGES }),
    }
    repair::repair(&mut document)?;
    let mut read = Vec::with_capacity(numbers.len());
    let mut length = 0;
    for number in numbers {
        reader.page(number, pages)?;
        let lines = page(&document, number, reader);
        length += lines.iter().map(|line| line.text.len() as u64).sum::<u64>();
        if length > TEXT {
            return Err(IndexError::TooLarge { limit: TEXT });
        }
        read.push((number, lines));
    }
    Ok(Extracted { blocks: outline::blocks(read), pages: Some(pages) })
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
