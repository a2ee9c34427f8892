//! Telegram: plain text with entities beside it, so that no character of the text can be taken for markup.

use super::{Document, Kind, Quote, Span, separator};

/// A text with its entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rich {
    /// The text as it is read.
    pub text: String,
    /// How parts of it look: outer ones before inner ones, in the order of the text.
    pub entities: Vec<Entity>,
}

/// How a part of a text looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Where it begins, in UTF-16 code units.
    pub offset: usize,
    /// How long it is, in UTF-16 code units; at least 1.
    pub length: usize,
}

/// The kinds of entities that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityKind {
    /// `bold`
    Bold,
    /// `italic`
    Italic,
    /// `strikethrough`
    Strike,
    /// `code`
    Code,
    /// `pre`, with the language or an empty string.
    Pre(String),
    /// `text_link` to a web address.
    Link(String),
    /// `blockquote`
    Quote,
    /// `expandable_blockquote`
    FoldedQuote,
}

/// The most entities that Telegram heeds in one message; the rest would be dropped by the server.
const MOST: usize = 100;

/// Renders `document`.
pub fn render(document: &Document) -> Rich {
    let mut page = Page::default();
    for (at, block) in document.blocks.iter().enumerate() {
        if at > 0 {
            page.push(separator(&document.blocks[at - 1], block));
        }
        let start = page.place();
        page.push(&block.lead());
        for span in &block.spans {
            page.span(span, &block.kind);
        }
        match block.quote {
            Quote::Open => page.quote(EntityKind::Quote, start, at > 0 && joins(document, at)),
            Quote::Folded => page.quote(EntityKind::FoldedQuote, start, false),
            Quote::None => {}
        }
    }
    page.finish()
}

/// The block `at` continues the quote above it.
fn joins(document: &Document, at: usize) -> bool {
    document.blocks[at - 1].quote == Quote::Open && !is_code(&document.blocks[at - 1].kind)
}

fn is_code(kind: &Kind) -> bool {
    matches!(kind, Kind::Code { .. })
}

/// A text that is being written, in both of its measures.
#[derive(Default)]
struct Page {
    text: String,
    units: usize,
    entities: Vec<Entity>,
}

impl Page {
    fn place(&self) -> usize {
        self.units
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.units += text.encode_utf16().count();
    }

    fn span(&mut self, span: &Span, kind: &Kind) {
        let inner = span.text.trim();
        let before = &span.text[..span.text.len() - span.text.trim_start().len()];
        let start = self.place() + if is_code(kind) { 0 } else { before.encode_utf16().count() };
        let length = if is_code(kind) { span.text.as_str() } else { inner }.encode_utf16().count();
        self.push(&span.text);
        if length > 0 {
            let kinds = kinds(span, kind);
            self.entities.extend(kinds.into_iter().map(|kind| Entity { kind, offset: start, length }));
        }
    }

    /// Marks all since `start` as quoted. Code in a quote stays code: the two cannot be nested.
    fn quote(&mut self, kind: EntityKind, start: usize, joins: bool) {
        let last_is_pre = self.entities.last().is_some_and(|last| matches!(last.kind, EntityKind::Pre(_)));
        if last_is_pre && self.entities.last().is_some_and(|last| last.offset >= start) {
            return;
        }
        let units = self.units;
        let above = self.entities.iter_mut().rev().find(|entity| entity.kind == EntityKind::Quote);
        if let Some(above) = above.filter(|_| joins) {
            above.length = units - above.offset;
            return;
        }
        let at = self.entities.iter().position(|entity| entity.offset >= start).unwrap_or(self.entities.len());
        self.entities.insert(at, Entity { kind, offset: start, length: units - start });
    }

    fn finish(mut self) -> Rich {
        self.entities.truncate(MOST);
        Rich { text: self.text, entities: self.entities }
    }
}

/// The entities of one span, outermost first. Code excludes all others.
fn kinds(span: &Span, kind: &Kind) -> Vec<EntityKind> {
    if let Kind::Code { language } = kind {
        return vec![EntityKind::Pre(language.clone())];
    }
    if span.style.code {
        return vec![EntityKind::Code];
    }
    let link = span.style.link.as_ref().filter(|link| **link != span.text).cloned().map(EntityKind::Link);
    let bold = span.style.bold || *kind == Kind::Heading;
    let styles =
        [(bold, EntityKind::Bold), (span.style.italic, EntityKind::Italic), (span.style.strike, EntityKind::Strike)];
    link.into_iter().chain(styles.into_iter().filter(|(on, _)| *on).map(|(_, kind)| kind)).collect()
}
