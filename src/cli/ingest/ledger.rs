//! What was learned from a watched folder, on disk: a file that is deleted while nobody watches is found out later.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The names of documents and the hashes of what was learned, of one course from some paths.
#[derive(Debug)]
pub(super) struct Ledger {
    file: PathBuf,
}

impl Ledger {
    /// That of a course and paths, in the data folder.
    pub(super) fn of(data: &Path, course: &str, paths: &[PathBuf]) -> Self {
        let mut digest = Sha256::new_with_prefix(course);
        for path in paths {
            digest.update(b"\0");
            digest.update(path.as_os_str().as_encoded_bytes());
        }
        let name: String = digest.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { file: data.join("watched").join(format!("{name}.json")) }
    }

    /// What it says; nothing where it is not there or cannot be understood.
    pub(super) fn read(&self) -> BTreeMap<String, String> {
        let text = fs::read(&self.file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Has it say something else, on disk when this returns.
    pub(super) fn write(&self, learned: &BTreeMap<String, String>) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(&self.file);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let beside = self.file.with_extension("new");
        let mut file = fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(learned)?)?;
        file.sync_all()?;
        fs::rename(beside, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_who_watches_the_same() {
        let data = tempfile::tempdir().unwrap();
        let paths = [PathBuf::from("/notes"), PathBuf::from("/slides")];
        let learned = BTreeMap::from([("a.md".to_owned(), "hash".to_owned())]);
        let ledger = Ledger::of(data.path(), "ml", &paths);
        assert!(ledger.read().is_empty());
        ledger.write(&learned).unwrap();
        assert_eq!(Ledger::of(data.path(), "ml", &paths).read(), learned);
        for other in [Ledger::of(data.path(), "ai", &paths), Ledger::of(data.path(), "ml", &paths[..1])] {
            assert!(other.read().is_empty());
        }
        fs::write(&ledger.file, "{").unwrap();
        assert!(ledger.read().is_empty());
    }
}
