//! The formats: which file is read by what. A new one is a file beside this one and a line in each table below.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    Extracted, Reader, archive, docx, encoding, epub, html, latex, markdown, notebook, pdf, pptx, sheets, source,
    subtitles, text, zipped,
};
use crate::IndexError;

/// The endings of names that can be read, as people write them; source code of many languages besides.
pub const SUPPORTED: &[&str] = &[
    ".pdf",
    ".docx",
    ".pptx",
    ".xlsx",
    ".epub",
    ".ipynb",
    ".md",
    ".markdown",
    ".tex",
    ".html",
    ".htm",
    ".txt",
    ".text",
    ".csv",
    ".tsv",
    ".srt",
    ".vtt",
    ".py",
    ".zip",
];

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Pdf,
    Docx,
    Pptx,
    Xlsx,
    Epub,
    Notebook,
    Markdown,
    Latex,
    Html,
    Text,
    Csv,
    Subtitles,
    /// Code in this language.
    Source(&'static str),
    Zip,
}

impl Format {
    /// The format that a name's ending says.
    pub(super) fn of(name: &str) -> Option<Self> {
        let ending = ending(name);
        let format = match ending.as_str() {
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            "pptx" => Self::Pptx,
            "xlsx" => Self::Xlsx,
            "epub" => Self::Epub,
            "ipynb" => Self::Notebook,
            "md" | "markdown" => Self::Markdown,
            "tex" => Self::Latex,
            "html" | "htm" => Self::Html,
            "txt" | "text" => Self::Text,
            "csv" | "tsv" => Self::Csv,
            "srt" | "vtt" => Self::Subtitles,
            "zip" => Self::Zip,
            ending => Self::Source(source::language(ending)?),
        };
        Some(format)
    }

    /// Reads a file whose content was checked.
    pub(super) fn read(self, bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
        let text = || encoding::decode(bytes).ok_or(IndexError::Corrupt { reason: "not text".into() });
        let blocks = match self {
            Self::Pdf => return pdf::read(bytes, reader),
            Self::Pptx => return pptx::read(bytes, reader),
            Self::Zip => return zipped::read(bytes, reader),
            Self::Docx => docx::read(bytes)?,
            Self::Xlsx => sheets::xlsx(bytes)?,
            Self::Epub => epub::read(bytes)?,
            Self::Notebook => notebook::read(&text()?)?,
            Self::Markdown => markdown::read(&text()?)?,
            Self::Latex => latex::read(&text()?),
            Self::Html => html::read(&text()?)?,
            Self::Text => text::read(&text()?),
            Self::Csv => sheets::csv(&text()?)?,
            Self::Subtitles => subtitles::read(&text()?)?,
            Self::Source(language) => source::read(&text()?, language),
        };
        Ok(Extracted { blocks, ..Extracted::default() })
    }

    /// Reads a file; a parser that panics makes it a damaged one.
    pub(super) fn read_soundly(self, bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
        let read = catch_unwind(AssertUnwindSafe(|| self.read(bytes, reader)));
        read.unwrap_or_else(|_| Err(IndexError::Corrupt { reason: "the parser failed".into() }))?.checked()
    }

    /// Checks whether the bytes can be of this format at all; `ending` is what their name says.
    pub(super) fn check(self, ending: &str, bytes: &[u8]) -> Result<(), IndexError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(IndexError::Empty);
        }
        let start = &bytes[..bytes.len().min(1024)];
        let fits = match self {
            Self::Pdf => start.windows(5).any(|window| window == b"%PDF-"),
            Self::Docx | Self::Pptx | Self::Xlsx if archive::is_encrypted_office(bytes) => {
                return Err(IndexError::PasswordProtected);
            }
            Self::Docx | Self::Pptx | Self::Xlsx | Self::Epub | Self::Zip => start.starts_with(b"PK"),
            _ => !start.starts_with(b"%PDF-") && encoding::is_text(bytes),
        };
        if fits { Ok(()) } else { Err(IndexError::WrongType { expected: ending.to_owned() }) }
    }
}

/// What stands behind the last dot of a name, in small letters.
pub(super) fn ending(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_that_people_are_told_of_has_its_format() {
        assert!(SUPPORTED.iter().all(|ending| Format::of(&format!("a{ending}")).is_some()));
    }
}
