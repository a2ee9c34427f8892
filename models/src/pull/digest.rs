//! SHA-256 of files, and the record of a digest beside a file in the form that `sha256sum --check` reads.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Phase, Progress, PullError, Report};

/// The digest of a file in lower-case hex.
pub(super) fn of_file(path: &Path, report: &mut Report<'_>) -> Result<String, PullError> {
    let mut read = || -> io::Result<String> {
        let mut file = fs::File::open(path)?;
        let total = Some(file.metadata()?.len());
        let (mut hash, mut done, mut block) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let length = file.read(&mut block)?;
            if length == 0 {
                return Ok(hex(&hash.finalize()));
            }
            hash.update(&block[..length]);
            done += length as u64;
            report(Progress { phase: Phase::Verify, done, total });
        }
    };
    read().map_err(PullError::file(path))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest that `record` holds; `None` where there is no record.
pub(super) fn recorded(record: &Path) -> Result<Option<String>, PullError> {
    match fs::read_to_string(record) {
        Ok(line) => Ok(line.split_whitespace().next().map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PullError::File { path: record.to_path_buf(), source }),
    }
}

/// Records that `file` has `digest`.
pub(super) fn record(record: &Path, digest: &str, file: &str) -> Result<(), PullError> {
    fs::write(record, format!("{digest}  {file}\n")).map_err(PullError::file(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_standard_and_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (file, beside) = (folder.path().join("a"), folder.path().join("a.sha256"));
        fs::write(&file, "abc").unwrap();
        let mut steps = Vec::new();
        let digest = of_file(&file, &mut |progress| steps.push(progress)).unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(steps, [Progress { phase: Phase::Verify, done: 3, total: Some(3) }]);
        assert_eq!(recorded(&beside).unwrap(), None);
        record(&beside, &digest, "a").unwrap();
        assert_eq!(recorded(&beside).unwrap(), Some(digest));
    }
}
