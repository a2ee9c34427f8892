//! The table of contents that a PDF carries (its bookmarks): which lines are headings, and of which level.

use std::collections::{HashMap, HashSet};

use pdf_extract::{Dictionary, Document, Object, ObjectId, decode_text_string};

/// The most entries that are looked at.
const ENTRIES: usize = 10_000;
/// The deepest level.
const DEPTH: usize = 10;

/// The levels of the entries, from 1, by their wording.
#[derive(Debug, Default)]
pub(super) struct Contents(HashMap<String, usize>);

impl Contents {
    /// The bookmarks of a document. They may be wrong: only what stands so in the text becomes a heading.
    pub(super) fn of(document: &Document) -> Self {
        let root = document.catalog().ok().and_then(|catalog| document.get_dict_in_dict(catalog, b"Outlines").ok());
        let mut contents = Self::default();
        let mut seen = HashSet::new();
        if let Some(root) = root {
            contents.read(document, root, 1, &mut seen);
        }
        contents
    }

    /// Reads the entries below `parent`; entries that lead back to others are read once.
    fn read(&mut self, document: &Document, parent: &Dictionary, level: usize, seen: &mut HashSet<ObjectId>) {
        let reference = |entry: &Dictionary, key: &[u8]| entry.get(key).and_then(Object::as_reference).ok();
        let mut next = reference(parent, b"First");
        while let Some(id) = next.filter(|id| level <= DEPTH && seen.len() < ENTRIES && seen.insert(*id)) {
            let Ok(entry) = document.get_dictionary(id) else { break };
            let title = entry.get_deref(b"Title", document).ok().and_then(|title| decode_text_string(title).ok());
            if let Some(wording) = title.map(|title| wording(&title)).filter(|wording| !wording.is_empty()) {
                self.0.entry(wording).or_insert(level);
            }
            self.read(document, entry, level + 1, seen);
            next = reference(entry, b"Next");
        }
    }

    /// The level of a heading that reads so; none when the contents do not list it.
    pub(super) fn level(&self, text: &str) -> Option<usize> {
        self.0.get(&wording(text)).copied()
    }

    #[cfg(test)]
    pub(super) fn with(entries: &[(&str, usize)]) -> Self {
        Self(entries.iter().map(|(title, level)| (wording(title), *level)).collect())
    }
}

/// A title without its number and signs. What ends with a number is left as it is: printed contents end lines so.
fn wording(title: &str) -> String {
    let title = title.trim().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | '\t'));
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
