//! Splitting: a document becomes messages that fit, cut where a reader would cut.
//!
//! Blocks are laid from the top into the message at hand. What decides about a cut stands before it, so a
//! text that grows leaves the messages before its last one as they were.

use unicode_segmentation::UnicodeSegmentation;

use super::{Block, Dialect, Document, Kind, Span};

/// Cuts `document` into parts that measure at most `limit` each in `dialect`.
///
/// A cut falls between blocks; within one, between sentences, else words, else grapheme clusters (a
/// cluster longer than a message is cut between characters). Code is cut between lines, and only when it is
/// longer than a message; each piece is code of the same language.
pub fn split(document: &Document, limit: usize, dialect: Dialect) -> Vec<Document> {
    let mut parts = Parts { limit, dialect, done: Vec::new(), open: Document::default() };
    for block in &document.blocks {
        parts.lay(block.clone());
    }
    parts.close();
    parts.done
}

struct Parts {
    limit: usize,
    dialect: Dialect,
    done: Vec<Document>,
    open: Document,
}

impl Parts {
    /// Lays `block` into the part at hand, and what does not fit into the next ones.
    fn lay(&mut self, block: Block) {
        let mut rest = Some(block);
        while let Some(block) = rest.take() {
            if self.fits(&block) {
                self.open.blocks.push(block);
            } else if self.is_full_for(&block) {
                self.turn();
                rest = Some(block);
            } else {
                rest = self.lay_start(block);
            }
        }
    }

    fn fits(&self, block: &Block) -> bool {
        let mut whole = self.open.clone();
        whole.blocks.push(block.clone());
        self.dialect.measure(&whole) <= self.limit
    }

    /// The block had better begin a part of its own: code is not torn, and a part that is more than half
    /// full ends with its last block.
    fn is_full_for(&self, block: &Block) -> bool {
        let code = matches!(block.kind, Kind::Code { .. });
        !self.open.is_empty() && (code || self.dialect.measure(&self.open) * 2 >= self.limit)
    }

    /// Lays as much of `block` as fits and returns the rest of it.
    fn lay_start(&mut self, block: Block) -> Option<Block> {
        let text = block.text();
        let cut = self.cut(&block, &text);
        let Some((start, rest)) = cut.and_then(|at| divide(&block, at)) else {
            if self.open.is_empty() {
                // Not even one character fits: it is laid down nevertheless, so that there is an end.
                self.open.blocks.push(block);
                self.close();
                return None;
            }
            self.close();
            return Some(block);
        };
        self.open.blocks.extend(start);
        self.close();
        rest
    }

    /// Where `block` is cut, in bytes of its text.
    fn cut(&self, block: &Block, text: &str) -> Option<usize> {
        let longest = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(self.limit);
        let ends: Vec<usize> = longest.collect();
        let fit = ends.partition_point(|end| {
            divide(block, *end).is_some_and(|(start, _)| start.is_none_or(|start| self.fits(&start)))
        });
        let end = *ends.get(fit.checked_sub(1)?)?;
        let least = if self.open.is_empty() { 1 } else { 0 };
        border(text, end, matches!(block.kind, Kind::Code { .. })).filter(|at| *at >= least)
    }

    /// Ends the part at hand; a heading at its end goes with the text that it heads.
    fn turn(&mut self) {
        let headings = self.open.blocks.iter().rev().take_while(|block| block.kind == Kind::Heading).count();
        let kept = self.open.blocks.len() - headings;
        let carried = if kept > 0 { self.open.blocks.split_off(kept) } else { Vec::new() };
        self.close();
        self.open.blocks = carried;
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }
}

/// The best place for a cut in `text` at or before `end`: after a line of code or a sentence, else a
/// word, not too far back; else a grapheme cluster; else `end`.
fn border(text: &str, end: usize, code: bool) -> Option<usize> {
    if end == text.len() {
        return Some(end);
    }
    let last = |borders: &mut dyn Iterator<Item = usize>, least: usize| {
        borders.take_while(|at| *at <= end).filter(|at| *at > least).last()
    };
    let lines = || last(&mut text.match_indices('\n').map(|(at, _)| at + 1), 0);
    let sentences = || last(&mut text.split_sentence_bound_indices().map(|(at, _)| at), end / 2);
    let words = || last(&mut text.split_word_bound_indices().map(|(at, _)| at), end / 2);
    let clusters = || last(&mut text.grapheme_indices(true).map(|(at, _)| at), 0);
    let kind = if code { lines() } else { sentences().or_else(words) };
    kind.or_else(clusters).or((end > 0).then_some(end))
}

/// `block` as two, cut at the byte `at` of its text, without the white space around the cut.
fn divide(block: &Block, at: usize) -> Option<(Option<Block>, Option<Block>)> {
    let (mut before, mut after, mut place) = (Vec::new(), Vec::new(), 0);
    for span in &block.spans {
        let here = at.saturating_sub(place).min(span.text.len());
        place += span.text.len();
        let (start, rest) = (span.text.get(..here)?, span.text.get(here..)?);
        before.push(Span { text: start.to_owned(), style: span.style.clone() });
        after.push(Span { text: rest.to_owned(), style: span.style.clone() });
    }
    let code = matches!(block.kind, Kind::Code { .. });
    trim(&mut before, |text| if code { text.trim_end_matches('\n') } else { text.trim_end() }, true);
    trim(&mut after, |text| if code { text.strip_prefix('\n').unwrap_or(text) } else { text.trim_start() }, false);
    let rest = match &block.kind {
        Kind::Item { depth, .. } => Kind::Item { depth: *depth, marker: String::new() },
        kind => kind.clone(),
    };
    Some((Block::new(block.kind.clone(), block.quote, before), Block::new(rest, block.quote, after)))
}

/// Trims the run of spans at one end.
fn trim(spans: &mut Vec<Span>, trimmed: impl Fn(&str) -> &str, end: bool) {
    loop {
        let Some(span) = (if end { spans.last_mut() } else { spans.first_mut() }) else { return };
        span.text = trimmed(&span.text).to_owned();
        if !span.text.is_empty() {
            return;
        }
        spans.remove(if end { spans.len() - 1 } else { 0 });
    }
}
