//! Lines of all pages to blocks: the contents and larger type make headings, the rest paragraphs.

use std::sync::Arc;

use super::super::text::is_wide;
use super::super::{Block, Kind};
use super::contents::Contents;
use super::heads::{body_size, drop_running_heads};
use super::lines::Line;
use super::vocabulary::Vocabulary;
use crate::Place;

/// Larger than any type, in points.
const LISTED: f64 = 1e6;

/// A page's number and its lines.
pub(super) type Page = (u32, Vec<Line>);

/// The blocks of a document; its own contents know headings best.
pub(super) fn blocks(mut pages: Vec<Page>, contents: Contents) -> Vec<Block> {
    let body = body_size(&pages);
    drop_running_heads(&mut pages, body);
    let words = Vocabulary::of(pages.iter().flat_map(|(_, lines)| lines));
    let mut outline = Outline { body, contents, words, ..Outline::default() };
    for (number, lines) in &pages {
        outline.page(*number, lines);
    }
    outline.close(f64::MAX);
    outline.blocks
}

/// An open heading.
struct Heading {
    size: f64,
    text: String,
    page: u32,
    /// How many blocks stand before it.
    before: usize,
}

#[derive(Default)]
struct Outline {
    body: f64,
    contents: Contents,
    words: Vocabulary,
    blocks: Vec<Block>,
    /// The open headings.
    headings: Vec<Heading>,
    section: Arc<[String]>,
}

impl Outline {
    fn page(&mut self, number: u32, lines: &[Line]) {
        let before = self.blocks.len();
        let mut start = 0;
        for at in 1..=lines.len() {
            if at == lines.len() || self.parts(lines, start, at) {
                self.paragraph(number, &lines[start..at]);
                start = at;
            }
        }
        if self.blocks.len() == before && !lines.is_empty() {
            // A title slide: nothing stands below its headings, so they are the text.
            let text = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
            self.push(number, Kind::Prose, text);
        }
    }

    fn paragraph(&mut self, number: u32, lines: &[Line]) {
        let text = join(lines, &self.words);
        if let Some(level) = self.contents.level(&text) {
            return self.listed(number, level, text);
        }
        if let [first, rest @ ..] = lines
            && !rest.is_empty()
            && let Some(level) = self.contents.level(&first.text)
        {
            self.listed(number, level, first.text.clone());
            return self.paragraph(number, rest);
        }
        if lines.iter().all(|line| self.is_heading(line)) && text.chars().count() <= 200 {
            self.heading(number, lines[0].size, text);
        } else {
            let kind = if is_item(&text) { Kind::List } else { Kind::Prose };
            self.push(number, kind, text);
        }
    }

    fn push(&mut self, number: u32, kind: Kind, text: String) {
        self.blocks.push(Block {
            section: self.section.clone(),
            place: Some(Place::Page { page: number }),
            kind,
            text,
        });
    }

    /// A heading that the contents list stands above all that only larger type makes.
    fn listed(&mut self, page: u32, level: usize, text: String) {
        self.heading(page, LISTED - level as f64, text);
    }

    fn heading(&mut self, page: u32, size: f64, text: String) {
        self.close(size);
        self.headings.push(Heading { size, text, page, before: self.blocks.len() });
        self.section = self.path();
    }

    /// Closes the headings of a size and below. One below which nothing stands was a text in large type, as
    /// the points of a slide are.
    fn close(&mut self, size: f64) {
        while let Some(last) = self.headings.pop_if(|heading| heading.size <= size + 0.25) {
            self.section = self.path();
            if last.before == self.blocks.len() {
                self.push(last.page, Kind::Prose, last.text);
            }
        }
    }

    fn path(&self) -> Arc<[String]> {
        self.headings.iter().map(|heading| heading.text.clone()).collect()
    }

    fn is_heading(&self, line: &Line) -> bool {
        let letters = line.text.chars().filter(|c| c.is_alphabetic()).count();
        let signs = line.text.chars().filter(|c| !c.is_whitespace()).count();
        self.body > 0.0 && line.size >= self.body * 1.15 && letters >= 2 && letters * 2 >= signs && !is_item(&line.text)
    }

    /// Whether a new paragraph begins at line `at` of the one that began at `start`.
    fn parts(&self, lines: &[Line], start: usize, at: usize) -> bool {
        let (first, before, next) = (&lines[start], &lines[at - 1], &lines[at]);
        if next.size == 0.0 {
            return ends_sentence(&before.text) || is_item(&next.text);
        }
        let size = before.size.max(next.size);
        let down = before.y - next.y;
        let new_column = down < -size;
        let heading = self.is_heading(next);
        let other_size = (before.size - next.size).abs() > size * 0.1;
        let other_role = self.is_heading(before) != heading || (heading && other_size);
        let indented =
            next.x > before.x + size * 0.8 && (before.x - first.x).abs() < size * 3.0 && ends_sentence(&before.text);
        let short = before.end < next.end - size * 8.0 && ends_sentence(&before.text);
        other_role
            || down > size * 1.9
            || is_item(&next.text)
            || indented
            || short
            || (new_column && ends_sentence(&before.text))
    }
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '’', ')', '）', '」'])
        .ends_with(['.', '!', '?', ':', '。', '！', '？', '：', '；'])
}

/// A line that begins with a bullet.
fn is_item(text: &str) -> bool {
    let bullet = |c: char| {
        matches!(
            c,
            '•' | '▪'
                | '■'
                | '●'
                | '○'
                | '◦'
                | '–'
                | '➢'
                | '✓'
                | '‣'
                | '∙'
                | '·'
                | '◆'
                | '❖'
                | '\u{f0b7}'
                | '\u{f0a7}'
        )
    };
    text.starts_with(bullet) || text.starts_with("- ")
}

/// Lines as running text: a word that was parted at the end of a line is joined again.
fn join(lines: &[Line], words: &Vocabulary) -> String {
    let mut text = String::new();
    for line in lines {
        let next = line.text.as_str();
        let mut before = text.chars().rev();
        let (last, last_but_one) = (before.next(), before.next());
        let parted =
            last == Some('-') && last_but_one.is_some_and(char::is_alphabetic) && next.starts_with(char::is_lowercase);
        if parted {
            let before = &text[..text.len() - 1];
            if words.is_parted(before, next) {
                text.pop();
            }
        } else if last.is_some_and(|last| !(is_wide(last) && next.starts_with(is_wide))) {
            text.push(' ');
        }
        text.push_str(next);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f64, size: f64) -> Line {
        Line { text: text.into(), x: 50.0, end: 50.0 + text.chars().count() as f64 * size / 2.0, y, size }
    }

    #[test]
    fn type_sizes_make_headings_and_heads_are_dropped() {
        let page = |n: u32, title: &str, text: [&str; 2]| {
            let head = line(&format!("Lecture notes {n}"), 800.0, 9.0);
            (
                n,
                vec![
                    head,
                    line(title, 760.0, 16.0),
                    line(text[0], 740.0, 10.0),
                    line(text[1], 728.0, 10.0),
                    line(&n.to_string(), 20.0, 9.0),
                ],
            )
        };
        let pages = vec![
            page(1, "Chain rule", ["The chain rule multi-", "plies derivatives."]),
            page(2, "Gradients", ["They point uphill,", "and we walk downhill."]),
            page(3, "学习率", ["学习率决定更新", "的幅度。"]),
        ];
        let seen: Vec<_> = blocks(pages, Contents::default())
            .into_iter()
            .map(|b| (b.place.and_then(|place| place.page()), b.section.to_vec(), b.text))
            .collect();
        assert_eq!(
            seen,
            [
                (Some(1), vec!["Chain rule".to_owned()], "The chain rule multiplies derivatives.".to_owned()),
                (Some(2), vec!["Gradients".to_owned()], "They point uphill, and we walk downhill.".to_owned()),
                (Some(3), vec!["学习率".to_owned()], "学习率决定更新的幅度。".to_owned()),
            ]
        );
    }

    #[test]
    fn what_the_contents_list_is_a_heading_in_any_type() {
        let page = vec![line("1.2 Loss", 700.0, 10.0), line("It falls and", 688.0, 10.0), line("rises.", 676.0, 10.0)];
        let contents = Contents::with(&[("Loss", 2), ("Absent", 1)]);
        let blocks = blocks(vec![(1, page)], contents);
        assert_eq!(
            (blocks[0].section.to_vec(), blocks[0].text.as_str()),
            (vec!["1.2 Loss".to_owned()], "It falls and rises.")
        );
    }

    #[test]
    fn points_in_large_type_are_text() {
        let points = vec![
            line("Overview", 700.0, 30.0),
            line("Schedulers", 600.0, 20.0),
            line("Containers", 500.0, 20.0),
            line("3", 20.0, 9.0),
        ];
        let page = vec![line("Next", 700.0, 30.0), line(&"body text ".repeat(40), 500.0, 10.0)];
        let seen: Vec<_> = blocks(vec![(1, points), (2, page)], Contents::default())
            .into_iter()
            .map(|b| (b.place.and_then(|place| place.page()), b.section.join(" › "), b.text))
            .collect();
        let on = |page, section: &str, text: &str| (Some(page), section.to_owned(), text.to_owned());
        assert_eq!(seen[..2], [on(1, "Overview", "Schedulers"), on(1, "Overview › Containers", "3")]);
        assert_eq!(seen[2].1, "Next");
    }

    #[test]
    fn a_title_page_is_text() {
        let pages = vec![
            (1, vec![line("Systems for AI", 500.0, 30.0)]),
            (2, vec![line(&"body text ".repeat(40), 500.0, 10.0)]),
        ];
        assert_eq!(blocks(pages, Contents::default())[0].text, "Systems for AI");
    }
}
