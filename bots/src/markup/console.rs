//! Console: the document for a terminal, with ANSI codes (ECMA-48, SGR) or without any.

use super::{Block, Document, Kind, Quote, Span, separator};

/// Whether the terminal shows styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// With ANSI codes.
    Colour,
    /// Text alone, for files and pipes.
    Plain,
}

/// Renders `document`, without a line feed at its end.
pub fn render(document: &Document, ink: Ink) -> String {
    let mut out = String::new();
    for (at, block) in document.blocks.iter().enumerate() {
        if at > 0 {
            out.push_str(separator(&document.blocks[at - 1], block));
        }
        out.push_str(&lines(block, ink));
    }
    out
}

fn lines(block: &Block, ink: Ink) -> String {
    let body: String = block.spans.iter().map(|span| styled(span, block, ink)).collect();
    let body = format!("{}{body}", block.lead());
    let prefix = match (&block.kind, block.quote) {
        (Kind::Code { .. }, _) => "    ",
        (_, Quote::None) => return body,
        (_, Quote::Open | Quote::Folded) => "│ ",
    };
    let lines: Vec<String> = body.split('\n').map(|line| format!("{prefix}{line}")).collect();
    lines.join("\n")
}

/// The codes are set again on each line, so that a pager that cuts lines shows them right.
fn styled(span: &Span, block: &Block, ink: Ink) -> String {
    let link = span.style.link.as_ref().filter(|link| **link != span.text);
    let shown = link.map_or_else(|| span.text.clone(), |link| format!("{} <{link}>", span.text));
    let codes = codes(span, block);
    if ink == Ink::Plain || codes.is_empty() {
        return shown;
    }
    let lines = shown.split('\n').map(|line| format!("\u{1b}[{codes}m{line}\u{1b}[0m"));
    lines.collect::<Vec<_>>().join("\n")
}

fn codes(span: &Span, block: &Block) -> String {
    let code = span.style.code || matches!(block.kind, Kind::Code { .. });
    let heading = block.kind == Kind::Heading;
    let table = [
        (span.style.bold || heading, "1"),
        (block.quote == Quote::Folded, "2"),
        (span.style.italic, "3"),
        (span.style.link.is_some(), "4"),
        (span.style.strike, "9"),
        (code, "36"),
    ];
    table.iter().filter(|(on, _)| *on).map(|(_, code)| *code).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_become_codes_and_text_can_set_none() {
        let cases = [
            ("**a** b", "\u{1b}[1ma\u{1b}[0m b"),
            ("# T", "\u{1b}[1mT\u{1b}[0m"),
            ("`x`", "\u{1b}[36mx\u{1b}[0m"),
            ("a \u{1b}[31mred\u{7}", "a [31mred"),
            ("> q", "│ q"),
            ("[n](http://a.b)", "\u{1b}[4mn <http://a.b>\u{1b}[0m"),
        ];
        for (markdown, rendered) in cases {
            assert_eq!(render(&Document::parse(markdown), Ink::Colour), rendered, "{markdown:?}");
        }
    }

    #[test]
    fn a_pipe_gets_text_alone() {
        let document = Document::parse("# T\n**a** `b`\n\n```c\nx\n  y\n```\n\n- one\n  - two");
        assert_eq!(render(&document, Ink::Plain), "T\na b\n\n    x\n      y\n\n• one\n  • two");
    }
}
