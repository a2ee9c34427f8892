//! Plain text to blocks: paragraphs stand between empty lines, underlined lines are headings.

use std::sync::Arc;

use super::{Block, Kind};

/// The blocks of a plain text.
pub(super) fn read(text: &str) -> Vec<Block> {
    let mut section: Arc<[String]> = Arc::default();
    let mut blocks = Vec::new();
    for paragraph in paragraphs(text) {
        let mut lines = paragraph.as_slice();
        if let [title, line, rest @ ..] = lines
            && is_underline(line)
            && title.chars().count() <= 120
        {
            section = Arc::from([title.trim().to_owned()]);
            lines = rest;
        }
        if !lines.is_empty() {
            let (kind, text) = block(lines);
            blocks.push(Block { section: section.clone(), place: None, kind, text });
        }
    }
    blocks
}

/// Joins lines that were broken to fit a width: with a space, or without one between Chinese characters.
pub(super) fn joined<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines.into_iter().map(str::trim).filter(|line| !line.is_empty()) {
        if let (Some(before), Some(after)) = (text.chars().next_back(), line.chars().next())
            && !(is_wide(before) && is_wide(after))
        {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// A Chinese character or full-width sign: lines of such text are broken anywhere.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut found = vec![Vec::new()];
    for line in text.lines().map(|line| line.trim_matches(|c| c == '\u{c}' || c == '\u{feff}').trim_end()) {
        if !line.is_empty() {
            if let Some(last) = found.last_mut() {
                last.push(line);
            }
        } else if found.last().is_some_and(|last| !last.is_empty()) {
            found.push(Vec::new());
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found
}

fn is_underline(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
}

/// Items and indented lines keep their lines; other lines were broken to fit and become one.
fn block(lines: &[&str]) -> (Kind, String) {
    let item = |line: &&str| {
        let line = line.trim_start();
        let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
        line.starts_with(['-', '*', '•', '·'])
            || (digits.len() < line.len() && digits.starts_with(['.', ')', '、', '．']))
    };
    let indented = lines.iter().filter(|line| line.starts_with("    ") || line.starts_with('\t')).count();
    if lines.len() > 1 && indented == lines.len() {
        return (Kind::Code, lines.join("\n"));
    }
    if lines.iter().filter(|line| item(line)).count() > 1 {
        return (Kind::List, lines.join("\n"));
    }
    (Kind::Prose, joined(lines.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_headings_and_items_are_told_apart() {
        let text = "Gradients\n=========\n\nA line that was\nbroken to fit.\n\n- one\n- two\n\n学习率决定\n更新的幅度。\n\n    x = 1\n    y = 2\n";
        let read = read(text);
        let seen: Vec<(Kind, &str)> = read.iter().map(|block| (block.kind, block.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                (Kind::Prose, "A line that was broken to fit."),
                (Kind::List, "- one\n- two"),
                (Kind::Prose, "学习率决定更新的幅度。"),
                (Kind::Code, "    x = 1\n    y = 2"),
            ]
        );
        assert!(read.iter().all(|block| block.section.as_ref() == ["Gradients"]));
    }
}
