//! Zip archives and the formats that are made of them: files by name, bounded however little or much they claim.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::IndexError;

/// The most bytes that come out of one archive, archives within it included.
const UNPACKED: u64 = 300_000_000;
/// The most bytes of one file in it.
const FILE: u64 = 100_000_000;
/// The most files in it.
const FILES: usize = 20_000;

/// An open archive.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The names of its entries, in its order.
    names: Vec<String>,
    /// How many more bytes may come out of it.
    left: u64,
}

impl<'a> Archive<'a> {
    /// Opens an archive; nothing is unpacked yet.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, IndexError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(trouble)?;
        if zip.len() > FILES {
            return Err(IndexError::TooManyFiles { limit: FILES });
        }
        let names = zip.file_names_raw().map(name).collect();
        Ok(Self { zip, names, left: UNPACKED })
    }

    /// The names of its files, in its order.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().filter(|name| !name.ends_with('/')).cloned().collect()
    }

    /// The bytes of a file; none when there is no such file. Names are compared without regard to case when
    /// nothing else fits, as office programs do.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, IndexError> {
        let name = name.trim_start_matches('/');
        let known = self.names.iter().position(|other| other == name);
        let Some(at) = known.or_else(|| self.names.iter().position(|other| other.eq_ignore_ascii_case(name))) else {
            return Ok(None);
        };
        let limit = self.left.min(FILE);
        let mut bytes = Vec::new();
        self.zip.by_index(at).map_err(trouble)?.take(limit + 1).read_to_end(&mut bytes).map_err(corrupt)?;
        if bytes.len() as u64 > limit {
            return Err(IndexError::TooLarge { limit });
        }
        self.left -= bytes.len() as u64;
        Ok(Some(bytes))
    }

    /// The bytes of a file without which there is no document.
    pub(super) fn required(&mut self, name: &str) -> Result<Vec<u8>, IndexError> {
        self.read(name)?.ok_or_else(|| IndexError::Corrupt { reason: format!("no {name} in it") })
    }

    /// The text of a file, such as XML.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, IndexError> {
        Ok(self.read(name)?.and_then(|bytes| super::encoding::decode(&bytes)))
    }

    /// The text of a file without which there is no document.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, IndexError> {
        let bytes = self.required(name)?;
        super::encoding::decode(&bytes).ok_or_else(|| IndexError::Corrupt { reason: format!("{name} is not text") })
    }
}

/// Whether the bytes are an office document that was encrypted: such a one is no zip archive any more.
pub(super) fn is_encrypted_office(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") && bytes.windows(name.len()).any(|window| window == name)
}

/// A path as it is meant, seen from the folder of the file that names it: `../media/a.xml` from `word/document.xml`.
pub(super) fn resolve(from: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or_default();
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The name of an entry: archives that Chinese systems made have it in GB18030, and do not say so.
fn name(raw: &[u8]) -> String {
    super::encoding::decode(raw).unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned())
}

fn trouble(error: ZipError) -> IndexError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => IndexError::PasswordProtected,
        error => corrupt(error),
    }
}

fn corrupt(error: impl ToString) -> IndexError {
    IndexError::Corrupt { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_the_encoding_that_they_were_written_in() {
        for path in ["第一章/讲义.md", "week1/a.md", "Übung/Lösung.pdf"] {
            assert_eq!(name(path.as_bytes()), path);
        }
        assert_eq!(name(&encoding_rs::GB18030.encode("第一章/讲义.md").0), "第一章/讲义.md");
    }

    #[test]
    fn paths_are_resolved_within_the_archive() {
        for (from, target, expected) in [
            ("word/document.xml", "footnotes.xml", "word/footnotes.xml"),
            ("ppt/slides/slide1.xml", "../notesSlides/n1.xml", "ppt/notesSlides/n1.xml"),
            ("ppt/presentation.xml", "/ppt/slides/slide1.xml", "ppt/slides/slide1.xml"),
            ("OEBPS/content.opf", "text/ch1.xhtml#top", "OEBPS/text/ch1.xhtml"),
            ("a.xml", "../../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolve(from, target), expected);
        }
    }
}
