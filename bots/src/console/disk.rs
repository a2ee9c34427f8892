//! Disk: files that the person names are read, files that the tutor sends are written beside them.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::chat::{Attachment, FetchError, FileRef, Files};

/// Reads files of this machine, as far as the person who runs the program may.
pub struct Disk;

#[async_trait]
impl Files for Disk {
    async fn fetch(&self, file: &FileRef, limit: u64) -> Result<Vec<u8>, FetchError> {
        Self::read(Path::new(&file.reference), limit).await
    }
}

impl Disk {
    /// The bytes of the file at `path`, at most `limit`.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] before anything is read; [`FetchError::Failed`] also for what is no regular file, such as a
    /// pipe that would be waited for.
    pub async fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FetchError> {
        let failed = |error: io::Error| FetchError::Failed { reason: error.kind().to_string() };
        let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
        if !metadata.is_file() {
            return Err(FetchError::Failed { reason: "not a regular file".to_owned() });
        }
        if metadata.len() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        let open = tokio::fs::File::open(path).await.map_err(failed)?;
        let mut bytes = Vec::new();
        open.take(limit.saturating_add(1)).read_to_end(&mut bytes).await.map_err(failed)?;
        if bytes.len() as u64 > limit { Err(FetchError::TooLarge { limit }) } else { Ok(bytes) }
    }
}

/// How many names are tried for one file.
const NAMES: usize = 1000;

/// Writes `file` into `folder` under its own name, or as `name-1.ext` and so on where that is taken.
pub(crate) async fn save(file: &Attachment, folder: &Path) -> io::Result<PathBuf> {
    let mut taken = io::Error::from(ErrorKind::AlreadyExists);
    for n in 0..NAMES {
        let path = folder.join(numbered(&file.name, n));
        // What the tutor sends may be all that it keeps about a person: nobody else on the machine may read it.
        let opened = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).await;
        match opened {
            Ok(mut open) => {
                open.write_all(&file.bytes).await?;
                open.flush().await?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

/// The name that a file is tried under for the `n`th time: nothing in it leads to another folder or hides it.
fn numbered(name: &str, n: usize) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim_start_matches('.');
    let plain = if plain.is_empty() { "file" } else { plain };
    match (n, plain.rsplit_once('.')) {
        (0, _) => plain.to_owned(),
        (_, Some((stem, ending))) => format!("{stem}-{n}.{ending}"),
        (_, None) => format!("{plain}-{n}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_the_folder() {
        let cases = [
            ("notes.json", 0, "notes.json"),
            ("notes.json", 2, "notes-2.json"),
            ("notes", 1, "notes-1"),
            ("../../etc/passwd", 0, "passwd"),
            ("..\\a.txt", 0, "a.txt"),
            (".bashrc", 0, "bashrc"),
            ("..", 0, "file"),
            ("a\u{1b}[2J.md", 0, "a[2J.md"),
            ("讲义.md", 1, "讲义-1.md"),
        ];
        for (name, n, expected) in cases {
            assert_eq!(numbered(name, n), expected, "{name:?}");
        }
    }
}
