//! Blocks to passages: the pure part of ingestion.
//!
//! A section is cut into passages of about equal size. Cuts fall between blocks, or between the sentences of a
//! paragraph; code, tables and formulas are cut only when they are far too long, and then between lines.

use std::ops::Range;

use crate::analyze::sentences;
use crate::extract::{Block, Kind};
use crate::{Mark, Place};

/// Rises when passages change for the same blocks, so that documents are cut again though their bytes are the same.
pub(crate) const VERSION: u32 = 1;

/// The size that passages aim at, in words.
const AIM: usize = 170;
/// The most characters of a heading, and the most headings, that a passage knows.
const HEADING: usize = 300;
const HEADINGS: usize = 10;
/// The most words of a passage that is cut from prose.
const MOST: usize = 220;
/// Code, tables and formulas up to this size stay whole.
const WHOLE: usize = 400;

/// A passage's text and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) section: Vec<String>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) text: String,
}

/// The size of a text in words; seven Chinese characters say about as much as four English words.
pub(crate) fn size(text: &str) -> usize {
    let (mut words, mut han, mut in_word) = (0, 0, false);
    for c in text.chars() {
        let wide = matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
        han += usize::from(wide);
        words += usize::from(c.is_alphanumeric() && !wide && !in_word);
        in_word = c.is_alphanumeric() && !wide;
    }
    words + (han * 4).div_ceil(7)
}

/// Cuts a document's blocks into passages, in order.
pub(crate) fn chunk(blocks: &[Block]) -> Vec<Chunk> {
    blocks.chunk_by(together).flat_map(section).collect()
}

fn together(a: &Block, b: &Block) -> bool {
    a.section == b.section && Place::joins(a.place.as_ref(), b.place.as_ref())
}

/// A piece that is not cut further: a sentence, or a whole block.
#[derive(Debug, Clone)]
struct Piece {
    block: usize,
    /// Its bytes within the block.
    range: Range<usize>,
    size: usize,
    /// A cut behind it falls between blocks.
    ends_block: bool,
    /// A cut behind it would part what belongs together: a sentence, or a line that announces the next block.
    holds: bool,
}

fn section(blocks: &[Block]) -> Vec<Chunk> {
    let pieces = pieces(blocks);
    let total: usize = pieces.iter().map(|piece| piece.size).sum();
    let aim = total.div_ceil(total.div_ceil(AIM).max(1));
    let mut chunks = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &pieces[before]);
        if at > start && before.is_some_and(|before| cuts(size, before, piece, aim)) {
            chunks.push(join(blocks, &pieces[start..at]));
            (start, size) = (at, 0);
        }
        size += piece.size;
    }
    if start < pieces.len() {
        chunks.push(join(blocks, &pieces[start..]));
    }
    chunks
}

/// Whether to cut between two pieces when `size` words stand before the cut.
fn cuts(size: usize, before: &Piece, next: &Piece, aim: usize) -> bool {
    if size + next.size > MOST {
        // A short announcement may pull its code or table over the limit, but not a lot.
        return !(before.holds && size < AIM / 3 && size + next.size <= WHOLE);
    }
    if before.holds {
        return false;
    }
    let over = size + next.size / 2 >= aim;
    over || (before.ends_block && size * 4 >= aim * 3 && size + next.size > aim)
}

fn pieces(blocks: &[Block]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let next = blocks.get(at + 1);
        let announces = block.text.trim_end().ends_with([':', '：']) && next.is_some();
        let parted = next.is_some_and(|next| flows(block, next));
        let ranges = ranges(block);
        let last = ranges.len().saturating_sub(1);
        pieces.extend(ranges.into_iter().enumerate().map(|(n, range)| Piece {
            block: at,
            size: size(&block.text[range.clone()]).max(1),
            range,
            ends_block: n == last,
            holds: n == last && (announces || parted),
        }));
    }
    pieces
}

/// A paragraph that goes on in the next block, as it does over a page's end.
fn flows(block: &Block, next: &Block) -> bool {
    let ended = block.text.trim_end().ends_with(|c: char| !c.is_alphanumeric() && !matches!(c, ',' | '-' | '，'));
    let goes_on = next.text.starts_with(|c: char| c.is_lowercase());
    block.kind == Kind::Prose && next.kind == Kind::Prose && block.place != next.place && !ended && goes_on
}

/// The places of a block's pieces within it.
fn ranges(block: &Block) -> Vec<Range<usize>> {
    let whole = block.text.len();
    match block.kind {
        Kind::Prose | Kind::List => {
            let found = places(&block.text, &sentences(&block.text));
            found.into_iter().flat_map(|range| shorter(&block.text, range, MOST / 2)).collect()
        }
        _ if size(&block.text) <= WHOLE => std::iter::once(0..whole).collect(),
        _ => {
            let lines: Vec<&str> = block.text.lines().filter(|line| !line.trim().is_empty()).collect();
            places(&block.text, &lines).into_iter().flat_map(|range| shorter(&block.text, range, MOST / 2)).collect()
        }
    }
}

/// Where parts of a text stand, given in order.
fn places(text: &str, parts: &[&str]) -> Vec<Range<usize>> {
    let mut end = 0;
    let place = |part: &&str| {
        let start = end + text[end..].find(part)?;
        end = start + part.len();
        Some(start..end)
    };
    parts.iter().filter_map(place).collect()
}

/// Cuts what is longer than `most` words between words, or between characters when there are no spaces.
fn shorter(text: &str, range: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let piece = &text[range.clone()];
    // A word can be long without counting for much, such as an encoded image.
    if size(piece) <= most && piece.len() <= most * 24 {
        return vec![range];
    }
    let middle = piece.char_indices().nth(piece.chars().count() / 2).map_or(0, |(at, _)| at);
    let border = |c: char| c.is_whitespace() || matches!(c, '，' | '、' | '；');
    let near = |at: usize| at.abs_diff(middle);
    let spaces = piece.char_indices().filter(|(at, c)| *at > 0 && border(*c)).map(|(at, c)| at + c.len_utf8());
    let cut = spaces.filter(|at| *at < piece.len()).min_by_key(|at| near(*at)).filter(|at| near(*at) * 3 < piece.len());
    let cut = range.start + cut.unwrap_or(middle);
    if cut <= range.start || cut >= range.end {
        return vec![range];
    }
    [shorter(text, range.start..cut, most), shorter(text, cut..range.end, most)].concat()
}

fn join(blocks: &[Block], pieces: &[Piece]) -> Chunk {
    let first = &blocks[pieces[0].block];
    let mut text = String::new();
    let mut marks: Vec<Mark> = Vec::new();
    let mut before: Option<&Block> = None;
    for run in pieces.chunk_by(|a, b| a.block == b.block) {
        let block = &blocks[run[0].block];
        let part = block.text[run[0].range.start..run[run.len() - 1].range.end].trim_end();
        match before {
            Some(before) if flows(before, block) && text.ends_with('-') => {
                text.pop();
            }
            Some(before) if flows(before, block) => text.push(' '),
            Some(before) if before.kind == Kind::List && block.kind == Kind::List => text.push('\n'),
            Some(_) => text.push_str("\n\n"),
            None => {}
        }
        if let Some(place) = block.place.as_ref().filter(|place| marks.last().is_none_or(|mark| mark.place != **place))
        {
            marks.push(Mark { start: text.len(), place: place.clone() });
        }
        text.push_str(part);
        before = Some(block);
    }
    let removed = text.len() - text.trim_start().len();
    for mark in &mut marks {
        mark.start = mark.start.saturating_sub(removed);
    }
    let section = first.section.iter().take(HEADINGS).map(|heading| short(heading)).collect();
    Chunk { section, marks, text: text.trim().to_owned() }
}

/// A heading at a length that can stand above every passage: what is longer is a paragraph that was set as one.
fn short(heading: &str) -> String {
    match heading.char_indices().nth(HEADING) {
        Some((end, _)) => format!("{}…", heading[..end].trim_end()),
        None => heading.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn block(section: &str, kind: Kind, text: &str) -> Block {
        Block { section: Arc::from([section.to_owned()]), place: None, kind, text: text.into() }
    }

    fn prose(words: usize) -> String {
        (0..words).map(|n| if n % 12 == 11 { "ends. " } else { "word " }).collect::<String>().trim().to_owned()
    }

    #[test]
    fn sizes_count_words_and_characters() {
        for (text, expected) in
            [("one two, three", 3), ("", 0), ("学习率决定更新", 4), ("用ReLU代替", 3), ("f(x_i) = 2", 4)]
        {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn a_paragraph_that_is_set_as_a_heading_is_cut() {
        let chunks = chunk(&[block(&"long ".repeat(1_000), Kind::Prose, "One.")]);
        assert_eq!(chunks[0].section[0].chars().count(), HEADING);
        assert!(chunks[0].section[0].ends_with("long…"));
    }

    #[test]
    fn small_paragraphs_of_a_section_are_one_passage() {
        let chunks = chunk(&[
            block("a", Kind::Prose, "One."),
            block("a", Kind::List, "- x"),
            block("a", Kind::List, "- y"),
            block("b", Kind::Prose, "Two."),
        ]);
        let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        assert_eq!(texts, ["One.\n\n- x\n- y", "Two."]);
    }

    #[test]
    fn long_prose_is_cut_evenly_at_sentence_ends() {
        let chunks = chunk(&[block("a", Kind::Prose, &prose(500))]);
        let sizes: Vec<usize> = chunks.iter().map(|chunk| size(&chunk.text)).collect();
        assert!(sizes.iter().all(|size| (120..=MOST).contains(size)), "{sizes:?}");
        assert!(chunks.iter().all(|chunk| chunk.text.ends_with('.') || chunk == chunks.last().unwrap()));
    }

    #[test]
    fn code_stays_whole_beside_its_announcement() {
        let code = format!("```\n{}\n```", "let a = b;\n".repeat(60));
        let chunks = chunk(&[
            block("a", Kind::Prose, &prose(160)),
            block("a", Kind::Prose, "It looks like this:"),
            block("a", Kind::Code, &code),
        ]);
        assert!(
            chunks.iter().any(|chunk| chunk.text.ends_with(&format!("It looks like this:\n\n{code}"))),
            "{chunks:#?}"
        );
    }

    #[test]
    fn a_sentence_over_a_page_s_end_is_joined() {
        let page = |page, text| Block { place: Some(Place::Page { page }), ..block("a", Kind::Prose, text) };
        let chunks = chunk(&[page(1, "The gradi-"), page(2, "ent points up. Then"), page(3, "we go on.")]);
        assert_eq!(chunks[0].text, "The gradient points up. Then we go on.");
        let marks: Vec<(usize, Option<u32>)> =
            chunks[0].marks.iter().map(|mark| (mark.start, mark.place.page())).collect();
        assert_eq!(marks, [(0, Some(1)), (9, Some(2)), (29, Some(3))]);
    }

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        let kind =
            prop_oneof![Just(Kind::Prose), Just(Kind::List), Just(Kind::Code), Just(Kind::Table), Just(Kind::Formula)];
        let word = prop_oneof![
            8 => "[a-z]{1,9}", 1 => Just(".".to_owned()), 1 => Just("\n".to_owned()), 2 => "[学习率，。]{1,6}", 1 => "x{400,900}"
        ];
        let text = prop::collection::vec(word, 1..300).prop_map(|words| words.join(" "));
        let block =
            (0..4_u8, kind, text).prop_map(|(section, kind, text)| block(&section.to_string(), kind, text.trim()));
        prop::collection::vec(block.prop_filter("empty", |block| !block.text.is_empty()), 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn nothing_is_lost_order_is_kept_and_sizes_are_bounded(blocks in blocks()) {
            let chunks = chunk(&blocks);
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let before: String = blocks.iter().map(|block| letters(&block.text)).collect();
            let after: String = chunks.iter().map(|chunk| letters(&chunk.text)).collect();
            prop_assert_eq!(before, after);
            for chunk in &chunks {
                prop_assert!(size(&chunk.text) <= WHOLE + AIM);
                prop_assert!(!chunk.text.is_empty());
            }
        }

        #[test]
        fn no_passage_crosses_a_heading(blocks in blocks()) {
            for chunk in chunk(&blocks) {
                let own = blocks.iter().filter(|block| block.section[..] == chunk.section[..]);
                let own: String = own.flat_map(|block| block.text.split_whitespace()).collect();
                let text: String = chunk.text.split_whitespace().collect();
                prop_assert!(own.contains(&text));
            }
        }
    }
}
