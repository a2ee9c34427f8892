//! Archives of course files: each file is read as its name says, and stands at its path in the archive.

use std::path::Path;

use super::archive::Archive;
use super::{Extracted, Format, IndexError, Reader, Remark, TEXT, ending};
use crate::Place;

/// An archive may hold archives, and those once more.
const NESTING: usize = 3;
/// The most readable files of an archive.
const READABLE: usize = 2_000;

/// Reads all files that can be read. One that cannot is named in a remark; the archive is refused as a whole when it
/// is built to do harm: too large, too deep, or with a path that leaves it.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
    let mut all = Extracted::default();
    let mut left = READABLE;
    archive(bytes, "", NESTING, &mut left, reader, &mut all)?;
    match (all.blocks.is_empty(), all.remarks.is_empty()) {
        (true, true) => Err(IndexError::NothingReadable),
        _ => Ok(all),
    }
}

fn archive(
    bytes: &[u8],
    above: &str,
    nesting: usize,
    left: &mut usize,
    reader: &Reader,
    all: &mut Extracted,
) -> Result<(), IndexError> {
    if nesting == 0 {
        return Err(IndexError::TooNested { limit: NESTING });
    }
    let mut zip = Archive::open(bytes)?;
    for name in zip.names() {
        check_path(&name)?;
        let Some(format) = Format::of(&name).filter(|_| is_wanted(&name)) else { continue };
        *left = left.checked_sub(1).ok_or(IndexError::TooManyFiles { limit: READABLE })?;
        let path = format!("{above}{name}");
        let bytes = match zip.read(&name) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) if error.is_harm() => return Err(error),
            Err(error) => {
                all.remarks.push(Remark::Skipped { file: path, error: Box::new(error) });
                continue;
            }
        };
        match format {
            Format::Zip => archive(&bytes, &format!("{path}/"), nesting - 1, left, reader, all)?,
            format => file(&bytes, path, format, reader, all)?,
        }
    }
    Ok(())
}

/// Reads one file of the archive.
fn file(bytes: &[u8], path: String, format: Format, reader: &Reader, all: &mut Extracted) -> Result<(), IndexError> {
    let read = format.check(&ending(&path), bytes).and_then(|()| format.read_soundly(bytes, reader));
    match read {
        Ok(mut read) => {
            for block in &mut read.blocks {
                let place = block.place.take().map(Box::new);
                block.place = Some(Place::File { file: path.clone(), place });
            }
            all.blocks.append(&mut read.blocks);
            all.remarks.extend(read.remarks.into_iter().map(|remark| remark.within(&path)));
            if all.size() > TEXT { Err(IndexError::TooLarge { limit: TEXT }) } else { Ok(()) }
        }
        Err(error) if error.is_harm() => Err(error),
        Err(error) => {
            all.remarks.push(Remark::Skipped { file: path, error: Box::new(error) });
            Ok(())
        }
    }
}

/// Refuses paths that leave the archive. Nothing is ever written by these names, but who makes such an archive means harm.
fn check_path(name: &str) -> Result<(), IndexError> {
    let climbs = name.split(['/', '\\']).any(|part| part == "..");
    let absolute = Path::new(name).is_absolute() || name.starts_with('\\') || name.get(1..2) == Some(":");
    let sound = !climbs && !absolute && !name.contains('\0');
    if sound { Ok(()) } else { Err(IndexError::ClimbingPath { path: name.chars().take(200).collect() }) }
}

/// Not what systems and programs put beside people's files.
fn is_wanted(name: &str) -> bool {
    !name
        .split('/')
        .any(|part| part.starts_with(['.', '~']) || matches!(part, "__MACOSX" | "node_modules" | "__pycache__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbing_paths_are_refused_and_furniture_is_left_out() {
        for path in ["../a.md", "a/../../b.md", "/etc/passwd", "C:\\a.md", "\\\\host\\a.md", "a\\..\\b.md", "a\0.md"] {
            assert!(matches!(check_path(path), Err(IndexError::ClimbingPath { .. })), "{path}");
        }
        for path in ["a.md", "week 1/讲义.md", "a..b.md", "..a/b.md"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["__MACOSX/a.md", ".git/a.md", "x/.b.md", "x/~$a.docx", "node_modules/a/README.md"] {
            assert!(!is_wanted(path), "{path}");
        }
        assert!(is_wanted("a/b.md"));
    }
}
