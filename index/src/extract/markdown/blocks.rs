//! The Markdown parser's events to blocks.

use std::mem::take;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::super::text::is_wide;
use super::super::{Block, Kind, Sections, html};
use super::clean::Cleaned;
use crate::IndexError;

/// Stands for a line end that only fits the text to a width.
const BREAK: char = '\u{e002}';

/// Gathers blocks from events.
#[derive(Default)]
pub(super) struct Builder {
    sections: Sections,
    cleaned: Cleaned,
    /// The text of the block that is being read.
    buffer: String,
    /// The open lists: the next item's number, or none for bullets.
    lists: Vec<Option<u64>>,
    /// The cells of the table row that is being read.
    row: Vec<String>,
    rows: Vec<String>,
    /// The language of the code block that is being read.
    code: Option<String>,
    in_html: bool,
    /// HTML in Markdown is read as Markdown in turn, but only once.
    nested: bool,
}

impl Builder {
    /// Goes on below the headings of `sections`.
    pub(super) fn below(sections: Sections) -> Self {
        Self { sections, ..Self::default() }
    }

    /// What was read, to be gone on with.
    pub(super) fn into_sections(self) -> Sections {
        self.sections
    }

    /// Reads Markdown to its end.
    pub(super) fn read(&mut self, markdown: &str) -> Result<(), IndexError> {
        let outer = std::mem::replace(&mut self.cleaned, Cleaned::new(markdown));
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_MATH;
        let text = take(&mut self.cleaned.text);
        for event in Parser::new_ext(&text, options) {
            self.event(event)?;
        }
        self.end_block();
        self.cleaned = outer;
        Ok(())
    }

    /// The blocks, below `title` when no heading of the first level was read.
    pub(super) fn finish(self, title: Option<String>) -> Vec<Block> {
        self.sections.finish(title)
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), IndexError> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => return self.end(tag),
            Event::Text(text) => self.buffer.push_str(&text),
            Event::Code(code) => self.buffer.push_str(&code),
            Event::InlineMath(formula) => self.buffer.push_str(&format!("${formula}$")),
            Event::DisplayMath(formula) => self.buffer.push_str(&format!("$${formula}$$")),
            Event::Html(html) if self.in_html => self.buffer.push_str(&html),
            Event::InlineHtml(html) if html.starts_with("<br") => self.buffer.push(BREAK),
            Event::SoftBreak => self.buffer.push(BREAK),
            Event::HardBreak => self.buffer.push('\n'),
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::CodeBlock(kind) => {
                self.end_block();
                self.code = Some(match kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default().to_owned(),
                    CodeBlockKind::Indented => String::new(),
                });
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.end_block();
                }
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::HtmlBlock => {
                self.end_block();
                self.in_html = true;
            }
            Tag::Heading { .. } | Tag::Table(_) | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => self.end_block(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), IndexError> {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level as usize),
            TagEnd::Paragraph if self.lists.is_empty() => self.end_block(),
            TagEnd::Paragraph | TagEnd::Item => self.end_line(),
            TagEnd::List(_) => {
                if self.lists.len() == 1 {
                    self.end_block();
                }
                self.lists.pop();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::TableCell => {
                let cell = take(&mut self.buffer);
                self.row.push(self.text(&cell).replace('\n', " "));
            }
            TagEnd::TableHead => {
                self.end_row();
                let columns = self.rows.first().map_or(0, |row| row.matches(" | ").count() + 1);
                self.rows.push(format!("|{}", " --- |".repeat(columns)));
            }
            TagEnd::TableRow => self.end_row(),
            TagEnd::Table => self.end_table(),
            TagEnd::HtmlBlock => return self.end_html(),
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.end_block(),
            _ => {}
        }
        Ok(())
    }

    fn start_item(&mut self) {
        self.end_line();
        let depth = self.lists.len().saturating_sub(1);
        self.buffer.push_str(&"  ".repeat(depth.min(8)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.buffer.push_str(&format!("{number}. "));
                *number += 1;
            }
            _ => self.buffer.push_str("- "),
        }
    }

    fn end_line(&mut self) {
        if !self.buffer.is_empty() && !self.buffer.ends_with('\n') {
            self.buffer.push('\n');
        }
    }

    fn end_row(&mut self) {
        let cells = take(&mut self.row).join(" | ");
        self.rows.push(format!("| {cells} |"));
    }

    fn end_heading(&mut self, level: usize) {
        let text = take(&mut self.buffer);
        let title = self.text(&text).replace('\n', " ");
        self.sections.heading(level, &title);
    }

    /// Ends the paragraph or list that is being read.
    fn end_block(&mut self) {
        let buffer = take(&mut self.buffer);
        let text = self.text(&buffer);
        if self.lists.is_empty() {
            let kind = if is_formula(&text) { Kind::Formula } else { Kind::Prose };
            self.push(kind, text);
        } else if !is_item_mark(&text) {
            self.push(Kind::List, text);
        }
    }

    fn end_code(&mut self) {
        let code = take(&mut self.buffer);
        let language = self.code.take().unwrap_or_default();
        self.sections.code(&language, &self.cleaned.restore(&code));
    }

    fn end_table(&mut self) {
        let rows = take(&mut self.rows).join("\n");
        self.push(Kind::Table, rows);
    }

    fn end_html(&mut self) -> Result<(), IndexError> {
        self.in_html = false;
        let html = take(&mut self.buffer);
        if self.nested || !html.contains('>') {
            return Ok(());
        }
        let markdown = html::to_markdown(&html)?;
        if markdown.trim().is_empty() {
            return Ok(());
        }
        self.nested = true;
        let lists = take(&mut self.lists);
        let read = self.read(&markdown);
        self.lists = lists;
        self.nested = false;
        read
    }

    fn push(&mut self, kind: Kind, text: String) {
        self.sections.push(kind, text);
    }

    /// Text as it is to be read: formulas back in place, lines joined.
    fn text(&self, raw: &str) -> String {
        let raw = raw.trim_matches(|c: char| c == BREAK || (c.is_whitespace() && c != ' '));
        let mut text = String::with_capacity(raw.len());
        let mut chars = raw.chars().peekable();
        while let Some(c) = chars.next() {
            if c != BREAK {
                text.push(c);
                continue;
            }
            let before = text.chars().next_back().is_none_or(is_wide);
            let after = chars.peek().is_none_or(|c| is_wide(*c));
            let between_wide = before && after;
            if !between_wide && !text.ends_with([' ', '\n']) {
                text.push(' ');
            }
        }
        self.cleaned.restore(&text).trim_end().to_owned()
    }
}

/// The mark of an item whose text is a block of its own, such as code.
fn is_item_mark(text: &str) -> bool {
    let text = text.trim();
    text == "-" || text.strip_suffix('.').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// A paragraph that is nothing but one formula.
fn is_formula(text: &str) -> bool {
    let inner = |open: &str, close: &str| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    inner("$$", "$$").or_else(|| inner("\\[", "\\]")).is_some_and(|inner| !inner.contains("$$"))
}
