//! Gathers a document's blocks below its headings, for all formats that have headings.

use std::sync::Arc;

use super::{Block, Kind};
use crate::Place;

/// The most characters of a heading; it is repeated with every passage below it.
const TITLE: usize = 300;

/// The blocks so far, and where the next one stands.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) blocks: Vec<Block>,
    /// The place of the blocks that follow.
    pub(super) place: Option<Place>,
    /// The open headings with their levels; 1 is the highest.
    headings: Vec<(usize, String)>,
    section: Arc<[String]>,
    has_main_heading: bool,
}

impl Sections {
    /// Opens a heading; it closes those of its level and below. Empty ones are left out.
    pub(super) fn heading(&mut self, level: usize, title: &str) {
        let title: String = title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE).collect();
        if title.is_empty() {
            return;
        }
        self.has_main_heading |= level <= 1;
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, title));
        self.section = self.headings.iter().map(|(_, title)| title.clone()).collect();
    }

    /// Closes all headings, as a new slide or chapter does.
    pub(super) fn close(&mut self) {
        self.headings.clear();
        self.section = Arc::default();
    }

    /// Adds a block; an empty text is none.
    pub(super) fn push(&mut self, kind: Kind, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.blocks.push(Block { section: self.section.clone(), place: self.place.clone(), kind, text });
        }
    }

    /// Adds code between fences that are longer than any in it.
    pub(super) fn code(&mut self, language: &str, code: &str) {
        let code = code.trim_matches('\n').trim_end();
        if !code.trim().is_empty() {
            let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or_default();
            let fence = "`".repeat(longest.max(2) + 1);
            self.push(Kind::Code, format!("{fence}{language}\n{code}\n{fence}"));
        }
    }

    /// The blocks, below `title` when no heading of the first level was read.
    pub(super) fn finish(self, title: Option<String>) -> Vec<Block> {
        let mut blocks = self.blocks;
        if let Some(title) = title.filter(|_| !self.has_main_heading) {
            put_below(&mut blocks, &title);
        }
        blocks
    }
}

/// Puts one more heading above all others.
pub(super) fn put_below(blocks: &mut [Block], title: &str) {
    for block in blocks {
        block.section = std::iter::once(title.to_owned()).chain(block.section.iter().cloned()).collect();
    }
}
