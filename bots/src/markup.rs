//! Markup: untrusted CommonMark becomes a small styled document that each platform renders without risk.
//!
//! Model output, notes and student text are read once, by [`Document::parse`]; nothing of their markup
//! reaches a platform as markup. From there on, text is text and style is data: Telegram gets plain text
//! with entities ([`telegram`]), Discord gets Markdown with every special character escaped
//! ([`discord`]), a terminal gets ANSI codes or none ([`console`]). [`split`] cuts a document into
//! messages that fit.

use crate::chat::Sources;

pub mod console;
pub mod discord;
mod flank;
mod foreign;
mod math;
mod mend;
mod parse;
mod split;
mod table;
pub mod telegram;

pub use foreign::{escape, foreign, isolate};
pub use split::split;

/// A styled text: blocks from top to bottom, free of any platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The blocks, in reading order. None is empty.
    pub blocks: Vec<Block>,
}

/// One block: a paragraph, a heading, an item of a list, a piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Whether it is quoted.
    pub quote: Quote,
    /// Its text, in runs of one style. Code has one span.
    pub spans: Vec<Span>,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Running text.
    Paragraph,
    /// A line that the next block follows closely, such as the title of a source.
    Line,
    /// A heading of any level, shown in bold.
    Heading,
    /// An item of a list, or a further paragraph of one.
    Item {
        /// How many lists it is within, less one.
        depth: usize,
        /// `•`, `1.`, `☐`, `☑`; empty for all but the first paragraph of an item.
        marker: String,
    },
    /// Code, or a table drawn in characters of one width.
    Code {
        /// The language after the fence, in `[A-Za-z0-9+#._-]`, or empty.
        language: String,
    },
}

/// Whether a block is quoted, and how much room the quote may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Not quoted.
    None,
    /// Quoted, and shown whole.
    Open,
    /// Quoted below a source: folded where the platform can, small where it can do that.
    Folded,
}

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text as it is read: no markup, no control characters but line feeds and tabs.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// How a run of text looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Style {
    /// Bold.
    pub bold: bool,
    /// Italic.
    pub italic: bool,
    /// Struck through.
    pub strike: bool,
    /// Code within a line; then no other style is shown.
    pub code: bool,
    /// Where it leads: an `http` or `https` address.
    pub link: Option<String>,
}

/// A platform's way to write and to measure a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Plain text with entities beside it; measured in UTF-16 code units of the text.
    Telegram,
    /// Discord's Markdown; measured in characters, the markup included.
    Discord,
}

impl Dialect {
    /// The length of `document` as the platform counts it against the longest message.
    pub fn measure(self, document: &Document) -> usize {
        match self {
            Self::Telegram => telegram::render(document).text.encode_utf16().count(),
            Self::Discord => discord::render(document).chars().count(),
        }
    }
}

impl Document {
    /// Reads whole CommonMark with tables and strikethrough. Raw HTML stays as it was written; LaTeX becomes Unicode,
    /// or code where it has no such form.
    pub fn parse(markdown: &str) -> Self {
        parse::document(markdown)
    }

    /// Reads CommonMark that may have been cut off anywhere: what is open at the end is closed.
    pub fn parse_growing(markdown: &str) -> Self {
        parse::document(&mend::close(markdown))
    }

    /// One line of plain text; no character of it is markup.
    pub fn line(text: &str) -> Self {
        Self { blocks: Block::new(Kind::Paragraph, Quote::None, vec![Span::plain(text)]).into_iter().collect() }
    }

    /// Appends `sources` as a block: the label, then each title with its quote below.
    pub fn push_sources(&mut self, sources: &Sources) {
        if sources.items.is_empty() {
            return;
        }
        self.blocks.extend(Block::new(Kind::Heading, Quote::None, vec![Span::plain(&sources.label)]));
        for source in &sources.items {
            let title = format!("[{}] {}", source.n, isolate(&math::plain(&source.title)));
            self.blocks.extend(Block::new(Kind::Line, Quote::None, vec![Span::plain(&title)]));
            self.blocks.extend(Block::new(
                Kind::Line,
                Quote::Folded,
                vec![Span::plain(&math::plain(source.quote.trim()))],
            ));
        }
    }

    /// Nothing is to be seen.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The text as it is read, without any style: the last resort where a platform refuses the styled form.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (at, block) in self.blocks.iter().enumerate() {
            if at > 0 {
                text.push_str(separator(&self.blocks[at - 1], block));
            }
            text.push_str(&block.lead());
            text.push_str(&block.text());
        }
        text
    }
}

impl Block {
    /// A block of `spans`; `None` when there is nothing to be seen in them.
    fn new(kind: Kind, quote: Quote, spans: Vec<Span>) -> Option<Self> {
        let spans: Vec<Span> = spans.into_iter().filter(|span| !span.text.is_empty()).collect();
        let visible = spans.iter().any(|span| !span.text.trim().is_empty());
        visible.then_some(Self { kind, quote, spans })
    }

    /// The text of all spans.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// What stands before the text of a list item: the indentation and the marker.
    fn lead(&self) -> String {
        match &self.kind {
            Kind::Item { depth, marker } if marker.is_empty() => "  ".repeat(depth + 1),
            Kind::Item { depth, marker } => format!("{}{marker} ", "  ".repeat(*depth)),
            _ => String::new(),
        }
    }
}

impl Span {
    /// Text with no style. Characters that no reader should meet are left out.
    pub fn plain(text: &str) -> Self {
        Self { text: parse::readable(text), style: Style::default() }
    }
}

/// What stands between two blocks: items of a list and a heading with its text are kept close.
fn separator(above: &Block, below: &Block) -> &'static str {
    match (&above.kind, &below.kind) {
        (Kind::Item { .. }, Kind::Item { .. }) | (Kind::Line, Kind::Line) => "\n",
        (Kind::Heading, below) if *below != Kind::Heading => "\n",
        _ => "\n\n",
    }
}

#[cfg(test)]
mod tests;
