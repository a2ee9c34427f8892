//! Characters to lines, in the order in which the page draws them: authors' programs draw column by column.

use super::super::text::is_wide;
use super::glyphs::Glyph;

/// A line of text; `y` grows upwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) x: f64,
    pub(super) end: f64,
    pub(super) y: f64,
    /// The size of most of its characters in points, rounded to halves; 0 when it is not known.
    pub(super) size: f64,
}

/// The lines of a page.
pub(super) fn lines(glyphs: &[Glyph]) -> Vec<Line> {
    let gap = word_gap(glyphs);
    let mut lines: Vec<Line> = Vec::new();
    let mut start = 0;
    for at in 1..=glyphs.len() {
        if at == glyphs.len() || breaks(&glyphs[start], &glyphs[at - 1], &glyphs[at]) {
            lines.extend(line(&glyphs[start..at], gap));
            start = at;
        }
    }
    lines
}

/// Lines of text whose places are not known.
pub(super) fn plain(text: &str) -> Vec<Line> {
    let line = |text: &str| Line { text: text.trim().to_owned(), x: 0.0, end: 0.0, y: 0.0, size: 0.0 };
    text.lines().map(line).filter(|line| !line.text.is_empty()).collect()
}

/// The width of white space that parts words, as a share of the font size. Programs that draw spaces place
/// other characters loosely; TeX draws none, so that only the gap tells.
fn word_gap(glyphs: &[Glyph]) -> f64 {
    let spaces = glyphs.iter().filter(|glyph| glyph.text == " ").count();
    if spaces * 25 > glyphs.len() { 0.5 } else { 0.14 }
}

/// Whether a new line begins between two characters.
fn breaks(first: &Glyph, before: &Glyph, next: &Glyph) -> bool {
    let size = before.size.max(next.size).max(1.0);
    let (down, back) = ((next.y - before.y).abs(), before.end - next.x);
    let off_base = (next.y - first.y).abs() > size * 0.9;
    // An index stands lower or higher than its base by less than half of the size and goes on to the right.
    down > size * 0.6 || off_base || (back > size * 0.8 && (down > size * 0.1 || next.x < first.x + size))
}

fn line(glyphs: &[Glyph], gap: f64) -> Option<Line> {
    let mut text = String::new();
    let mut end: Option<f64> = None;
    for glyph in glyphs {
        let apart = end.is_some_and(|end| glyph.x - end > gap * glyph.size.max(1.0));
        let wide = text.chars().next_back().is_some_and(is_wide) && glyph.text.starts_with(is_wide);
        if apart && !wide && !text.ends_with(' ') && !glyph.text.starts_with(' ') {
            text.push(' ');
        }
        if !(glyph.text == " " && text.ends_with(' ')) {
            text.push_str(&glyph.text);
        }
        end = Some(glyph.end.max(glyph.x));
    }
    let text = text.trim().to_owned();
    let first = glyphs.iter().find(|glyph| glyph.text != " ")?;
    let size = size(glyphs);
    (!text.is_empty()).then(|| Line { text, x: first.x, end: end.unwrap_or(first.x), y: first.y, size })
}

/// The size of most characters, rounded to half points.
fn size(glyphs: &[Glyph]) -> f64 {
    let mut sizes: Vec<f64> = glyphs.iter().map(|glyph| (glyph.size * 2.0).round() / 2.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(text: &str, x: f64, y: f64, size: f64) -> Vec<Glyph> {
        let place = |(at, c): (usize, char)| {
            let x = x + at as f64 * size * 0.5;
            Glyph { x, y, end: x + size * 0.5, size, text: c.to_string() }
        };
        text.chars().enumerate().map(place).filter(|glyph| glyph.text != "_").collect()
    }

    fn texts(glyphs: &[Glyph]) -> Vec<String> {
        lines(glyphs).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn gaps_part_words_and_jumps_part_lines() {
        let page = [glyphs("the_chain_rule", 50.0, 700.0, 10.0), glyphs("is_short", 50.0, 688.0, 10.0)].concat();
        assert_eq!(texts(&page), ["the chain rule", "is short"]);
    }

    #[test]
    fn an_index_stays_on_its_line() {
        let page =
            [glyphs("x", 50.0, 700.0, 10.0), glyphs("i", 55.0, 697.0, 7.0), glyphs("=", 62.0, 700.0, 10.0)].concat();
        assert_eq!(texts(&page), ["xi ="]);
    }

    #[test]
    fn chinese_characters_are_never_parted() {
        let page = [glyphs("梯", 50.0, 700.0, 10.0), glyphs("度", 62.0, 700.0, 10.0)].concat();
        assert_eq!(texts(&page), ["梯度"]);
    }
}
