//! Reading: the events of a CommonMark parser become blocks and spans.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::flank;
use super::math::{self, Piece, Shielded, Shown};
use super::table::Table;
use super::{Block, Document, Kind, Quote, Span, Style};

/// The longest language label of a piece of code, in characters.
const LANGUAGE: usize = 20;

/// Reads `markdown` as a whole.
pub(super) fn document(markdown: &str) -> Document {
    let shielded = Shielded::new(&readable(markdown));
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader { shielded: &shielded, ..Reader::new(&shielded) };
    let text = flank::lettered(shielded.text());
    for event in Parser::new_ext(&text, options) {
        reader.take(event);
    }
    reader.flush();
    Document { blocks: reader.blocks }
}

/// `text` without the characters that no reader should meet: control characters (a terminal would obey
/// them), overrides of the writing direction, and those that this module uses itself.
pub(super) fn readable(text: &str) -> String {
    let unwanted = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202d}' | '\u{202e}' | '\u{fdd0}' | '\u{fdd1}' | flank::LETTER)
    };
    text.replace("\r\n", "\n").chars().filter(|c| !unwanted(*c)).collect()
}

/// Where the reader stands in the document.
struct Reader<'a> {
    shielded: &'a Shielded,
    blocks: Vec<Block>,
    spans: Vec<Span>,
    bold: usize,
    italic: usize,
    strike: usize,
    links: Vec<Option<String>>,
    quotes: usize,
    /// The next number of each list that is open, outermost first; `None` for bullets.
    lists: Vec<Option<u64>>,
    marker: String,
    heading: bool,
    code: Option<(String, String)>,
    table: Option<Table>,
}

impl<'a> Reader<'a> {
    fn new(shielded: &'a Shielded) -> Self {
        Self {
            shielded,
            blocks: Vec::new(),
            spans: Vec::new(),
            bold: 0,
            italic: 0,
            strike: 0,
            links: Vec::new(),
            quotes: 0,
            lists: Vec::new(),
            marker: String::new(),
            heading: false,
            code: None,
            table: None,
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) => self.text(&text, false),
            Event::Code(text) => self.text(&text, true),
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text, false),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text, false);
            }
            Event::SoftBreak => self.text(" ", false),
            Event::HardBreak => self.text("\n", false),
            Event::Rule => {
                self.flush();
                self.text("———", false);
                self.flush();
            }
            Event::TaskListMarker(done) => self.marker = if done { "☑" } else { "☐" }.to_owned(),
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.italic += 1,
            Tag::Strong => self.bold += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let address = readable(&self.shielded.restore(&dest_url));
                self.links.push(web_address(&address));
            }
            Tag::TableCell => self.spans.clear(),
            Tag::TableRow | Tag::TableHead => {
                self.table.iter_mut().for_each(Table::row);
            }
            block => {
                self.flush();
                self.open_block(block);
            }
        }
    }

    fn open_block(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.heading = true,
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::CodeBlock(kind) => self.code = Some((self.language(&kind), String::new())),
            Tag::List(first) => self.lists.push(first),
            Tag::Item => self.marker = self.next_marker(),
            Tag::Table(alignments) => self.table = Some(Table::new(alignments)),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.italic -= 1,
            TagEnd::Strong => self.bold -= 1,
            TagEnd::Strikethrough => self.strike -= 1,
            TagEnd::Link | TagEnd::Image => drop(self.links.pop()),
            TagEnd::TableCell => {
                let cell = self.spans.drain(..).map(|span| span.text).collect::<String>();
                self.table.iter_mut().for_each(|table| table.cell(&cell));
            }
            TagEnd::TableRow | TagEnd::TableHead => {}
            block => {
                self.flush();
                self.close_block(block);
            }
        }
    }

    fn close_block(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.heading = false,
            TagEnd::BlockQuote(_) => self.quotes -= 1,
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Item => self.marker.clear(),
            _ => {}
        }
    }

    fn language(&self, kind: &CodeBlockKind<'_>) -> String {
        let CodeBlockKind::Fenced(info) = kind else { return String::new() };
        let info = readable(&self.shielded.restore(info));
        let allowed = |c: &char| c.is_ascii_alphanumeric() || "+#._-".contains(*c);
        info.trim().chars().take_while(allowed).take(LANGUAGE).collect()
    }

    fn next_marker(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}.", *number - 1)
            }
            _ => "•".to_owned(),
        }
    }

    fn text(&mut self, text: &str, code: bool) {
        if let Some((_, content)) = &mut self.code {
            content.push_str(&readable(&self.shielded.restore(text)));
            return;
        }
        if code {
            return self.span(&self.shielded.restore(text), Style { code, ..Style::default() });
        }
        for piece in self.shielded.pieces(text) {
            match piece {
                Piece::Text(text) => self.span(text, self.style()),
                Piece::Formula(formula) => match math::shown(formula) {
                    Shown::Text(text) => self.span(&text, self.style()),
                    Shown::Latex(text) => self.span(&text, Style { code: true, ..Style::default() }),
                },
            }
        }
    }

    fn span(&mut self, text: &str, style: Style) {
        let text = readable(text);
        match self.spans.last_mut() {
            Some(last) if last.style == style => join(&mut last.text, &text),
            _ => self.spans.push(Span { text, style }),
        }
    }

    fn style(&self) -> Style {
        Style {
            bold: self.bold > 0,
            italic: self.italic > 0,
            strike: self.strike > 0,
            code: false,
            link: self.links.iter().rev().find_map(Clone::clone),
        }
    }

    /// Ends the block that is being read.
    fn flush(&mut self) {
        if let Some((language, content)) = self.code.take() {
            return self.push(Kind::Code { language }, vec![Span::plain(content.trim_end_matches('\n'))]);
        }
        if let Some(table) = self.table.take() {
            let drawn = table.draw();
            return self.push(Kind::Code { language: String::new() }, vec![Span::plain(&drawn)]);
        }
        let spans = trimmed(std::mem::take(&mut self.spans));
        if !spans.is_empty() {
            let kind = self.kind();
            self.push(kind, spans);
        }
    }

    fn kind(&mut self) -> Kind {
        match self.lists.len() {
            _ if self.heading => Kind::Heading,
            0 => Kind::Paragraph,
            lists => Kind::Item { depth: lists - 1, marker: std::mem::take(&mut self.marker) },
        }
    }

    fn push(&mut self, kind: Kind, spans: Vec<Span>) {
        let quote = if self.quotes > 0 { Quote::Open } else { Quote::None };
        self.blocks.extend(Block::new(kind, quote, spans));
    }
}

/// The address, when it leads to the web; any other scheme is not shown as a link.
fn web_address(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let web = lower.starts_with("http://") || lower.starts_with("https://");
    let clean = !address.contains(|c: char| c.is_whitespace() || c.is_control());
    (web && clean && address.len() <= 2048).then(|| address.to_owned())
}

/// Appends `more`; a line break in the source is no space between two characters of Chinese or Japanese.
fn join(text: &mut String, more: &str) {
    let wide = |c: char| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}');
    let mut ends = text.chars().rev();
    let broken = ends.next() == Some(' ') && ends.next().is_some_and(wide);
    if broken && more.chars().next().is_some_and(wide) {
        text.pop();
    }
    text.push_str(more);
}

/// `spans` without white space at either end.
fn trimmed(mut spans: Vec<Span>) -> Vec<Span> {
    while let Some(last) = spans.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        spans.pop();
    }
    let first = spans.iter().position(|span| !span.text.trim().is_empty()).unwrap_or(spans.len());
    spans.drain(..first);
    if let Some(first) = spans.first_mut() {
        first.text = first.text.trim_start().to_owned();
    }
    spans
}
