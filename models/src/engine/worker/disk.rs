//! What outlives a restart: the states of beginnings of prompts that hold nothing of a person.
//!
//! The folder is written beside the old one and takes its place as a whole. It is an addition: what cannot be read or
//! written is left out, and then read again from the prompts.

use std::io;
use std::path::Path;

use super::super::Token;
use super::super::decode::Decode;
use super::{WORTH_KEEPING, Worker};

/// The most states that are written.
const MOST: usize = 256;

impl<D: Decode> Worker<D> {
    /// Takes in what an earlier run has left in `folder`.
    pub(in super::super) fn recall(&mut self, folder: &Path) {
        let Ok(files) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        // Those worth most have the smallest numbers; what is taken in last stays longest.
        paths.sort_by(|a, b| b.cmp(a));
        for path in paths {
            if let Some(tokens) = self.decoder.read(0, &path) {
                self.slots[0].shared = tokens.len();
                self.slots[0].kept = tokens;
                self.keep(0);
            }
            self.decoder.cut(0, 0);
            self.slots[0].forget();
        }
        tracing::debug!(bytes = self.prefixes.bytes(), "prefixes recalled");
    }

    /// Leaves in `folder` what a later run may use. Afterwards nothing is known any more.
    pub(in super::super) fn remember(&mut self, folder: &Path) {
        (0..self.slots.len()).for_each(|slot| self.keep(slot));
        if let Err(error) = self.write_all(folder) {
            tracing::warn!(%error, "prefixes not saved");
        }
    }

    fn write_all(&mut self, folder: &Path) -> io::Result<()> {
        let beside = folder.with_extension("new");
        if beside.exists() {
            std::fs::remove_dir_all(&beside)?;
        }
        std::fs::create_dir_all(&beside)?;
        let mut written: Vec<Vec<Token>> = Vec::new();
        for (mut tokens, shared, state) in self.prefixes.take_shared() {
            tokens.truncate(shared);
            let known = written.iter().any(|other| other.starts_with(&tokens));
            if known || tokens.len() < WORTH_KEEPING || written.len() == MOST {
                continue;
            }
            let path = beside.join(format!("{:03}.state", written.len()));
            if self.decoder.restore(0, &state) && self.decoder.cut(0, shared) && self.decoder.write(0, &path, &tokens) {
                written.push(tokens);
            }
        }
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::rename(&beside, folder)
    }
}
