//! Messages that are being answered, noted beside the memory: what ended the program again and again is given up.
//!
//! The model's library is C++ and may abort. Its message is still pending then, and would end the program at each start.

use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tutor_bots::chat::IncomingId;

/// How often a message may have been begun and not ended. It is no small number, since those beside it count as well, and so
/// does a server that is killed while it is busy; whoever restarts it at once is through in a minute.
const TRIES: u8 = 20;

/// A folder with one small file a message in work: how often it was begun.
///
/// The files are not synced: they need to outlive the process, not the machine.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    folder: PathBuf,
}

impl Begun {
    /// In `folder`, which is made when it is first needed.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Notes that a message is being answered until what is returned is dropped; none when it was tried too often.
    /// A folder that cannot be written to stops nobody.
    pub(super) fn begin(&self, id: &IncomingId) -> Option<Ended> {
        let name: String = Sha256::digest(&id.0)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let file = self.folder.join(name);
        let before = fs::read(&file).ok().and_then(|bytes| bytes.first().copied()).unwrap_or(0);
        if before >= TRIES {
            return None;
        }
        let ended = Ended(file);
        let write = || fs::write(&ended.0, [before + 1]);
        if let Err(error) = write().or_else(|_| fs::create_dir_all(&self.folder).and_then(|()| write())) {
            tracing::warn!(%error, "cannot note that a message is being answered");
        }
        Some(ended)
    }
}

/// Removes the note when the work has ended, in whatever way.
#[derive(Debug)]
pub(super) struct Ended(PathBuf);

impl Drop for Ended {
    fn drop(&mut self) {
        // Where it could not be written there is none.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_too_often_without_an_end_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Begun::new(folder.path().join("begun"));
        let (poison, other) = (IncomingId("telegram:1:2".into()), IncomingId("telegram:1:3".into()));
        for _ in 0..TRIES {
            // As if the process ended here.
            std::mem::forget(begun.begin(&poison).unwrap());
            drop(begun.begin(&other).unwrap());
        }
        assert!(begun.begin(&poison).is_none());
        assert!(begun.begin(&poison).is_none(), "the note went with whoever read it");
        assert!(begun.begin(&other).is_some());
    }
}
