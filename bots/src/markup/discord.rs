//! Discord: Markdown in which nothing but our own signs has a meaning.
//!
//! Rules by Discord's own description (support.discord.com, "Markdown Text 101") and the shape of its
//! parser: a backslash before any sign that is no letter makes it plain, except within code and addresses.

use super::{Block, Document, Kind, Quote, Span, separator};

/// Keeps two signs apart without being seen.
const APART: char = '\u{200b}';

/// Renders `document`.
pub fn render(document: &Document) -> String {
    let mut out = String::new();
    for (at, block) in document.blocks.iter().enumerate() {
        if at > 0 {
            out.push_str(separator(&document.blocks[at - 1], block));
        }
        out.push_str(&lines(block));
    }
    out
}

/// `text` so that it is shown as it is: for the plain form of a message that was refused.
pub fn plain(text: &str) -> String {
    escape(text, true)
}

/// One block with the signs that begin its lines.
fn lines(block: &Block) -> String {
    let prefix = match block.quote {
        Quote::None => "",
        Quote::Open => "> ",
        Quote::Folded => "> -# ",
    };
    let body = match &block.kind {
        Kind::Code { language } => return fenced(&block.text(), language),
        Kind::Item { depth, marker } => format!("{}{}", lead(*depth, marker), inline(block, false)),
        Kind::Paragraph | Kind::Line | Kind::Heading => inline(block, true),
    };
    let lines: Vec<String> = body.split('\n').map(|line| format!("{prefix}{line}")).collect();
    lines.join("\n")
}

fn lead(depth: usize, marker: &str) -> String {
    let indent = "  ".repeat(depth);
    match marker {
        "" => format!("{indent}  "),
        "•" => format!("{indent}- "),
        "☐" | "☑" => format!("{indent}- {marker} "),
        number => format!("{indent}{number} "),
    }
}

/// A piece of code; a fence within it is broken up, since Discord knows only one length of fence.
fn fenced(code: &str, language: &str) -> String {
    let code = code.replace("``", &format!("`{APART}`"));
    let end = if code.ends_with('`') { "\n" } else { "" };
    format!("```{language}\n{code}{end}\n```")
}

fn inline(block: &Block, line_start: bool) -> String {
    let mut out = String::new();
    for span in &block.spans {
        let start = if out.is_empty() { line_start } else { out.ends_with('\n') };
        let piece = styled(span, block.kind == Kind::Heading, start);
        let clash = |c: char| "*~`".contains(c);
        if out.ends_with(clash) && piece.starts_with(clash) {
            out.push(APART);
        }
        out.push_str(&piece);
    }
    out
}

/// One span with its signs hugging the text: Discord takes `** x **` for no emphasis.
fn styled(span: &Span, heading: bool, line_start: bool) -> String {
    let inner = span.text.trim();
    if inner.is_empty() {
        return span.text.clone();
    }
    let (before, rest) = span.text.split_at(span.text.len() - span.text.trim_start().len());
    let after = &rest[inner.len()..];
    let line_start = (line_start && before.is_empty()) || before.ends_with('\n');
    let body = match (&span.style.link, span.style.code) {
        (_, true) => return format!("{before}{}{after}", code(inner)),
        (Some(link), _) if link != inner => {
            format!("[{}](<{}>)", escape(inner, false).replace('\n', " "), address(link))
        }
        _ => escape(inner, line_start),
    };
    let bold = if span.style.bold || heading { "**" } else { "" };
    let italic = if span.style.italic { "*" } else { "" };
    let strike = if span.style.strike { "~~" } else { "" };
    format!("{before}{strike}{bold}{italic}{body}{italic}{bold}{strike}{after}")
}

/// Code within a line; a backtick in it asks for two around it, two in a row are broken up.
fn code(text: &str) -> String {
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let text = text.replace("``", &format!("`{APART}`"));
    format!("`` {text} ``")
}

/// An address that stays within its angle brackets.
fn address(link: &str) -> String {
    link.replace('<', "%3C").replace('>', "%3E").replace('\\', "%5C")
}

/// `text` with every sign escaped that Discord would heed. Addresses stand in angle brackets, which shows
/// them as they are and without a preview.
fn escape(text: &str, mut line_start: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(url) = url(rest).filter(|_| !out.ends_with(char::is_alphanumeric)) {
            out.push_str(&format!("<{url}>"));
            rest = &rest[url.len()..];
            line_start = false;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        sign(&mut out, c, rest, line_start);
        line_start = c == '\n' || (line_start && (c == ' ' || c.is_ascii_digit()));
    }
    out
}

/// Writes the character `c`, before which the line may be empty but for a number, and behind which `rest` stands.
fn sign(out: &mut String, c: char, rest: &str, line_start: bool) {
    let special = match c {
        '\\' | '*' | '_' | '~' | '|' | '`' | '<' => true,
        '[' => !is_citation(rest),
        '#' | '>' | '-' | '+' => line_start,
        '.' | ')' => line_start && out.ends_with(|c: char| c.is_ascii_digit()),
        _ => false,
    };
    if special {
        out.push('\\');
    }
    out.push(c);
    if c == '@' && (rest.starts_with("everyone") || rest.starts_with("here")) {
        out.push(APART);
    }
}

/// `rest` goes on as the number of a source, such as `3]`, that nobody takes for a link.
fn is_citation(rest: &str) -> bool {
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < rest.len() && after.starts_with(']') && !after.starts_with("](")
}

/// The web address that `rest` begins with, without the punctuation that ends a sentence.
fn url(rest: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme))?;
    let ends = |c: char| c.is_whitespace() || "<>\"`\\".contains(c) || !c.is_ascii();
    let whole = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let whole = whole.trim_end_matches(|c: char| ".,:;!?'*_~|])".contains(c));
    (whole.len() > scheme.len()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_of_the_text_has_a_meaning() {
        let cases = [
            ("2 * 3 * 4 and snake_case", r"2 \* 3 \* 4 and snake\_case"),
            ("# no heading", r"\# no heading"),
            ("a # b > c - d", "a # b > c - d"),
            ("> no quote\n- no item\n+ none\n-# small", "\\> no quote\n\\- no item\n\\+ none\n\\-# small"),
            ("1. one\n12) two", "1\\. one\n12\\) two"),
            ("||secret|| ~~gone~~ `code`", r"\|\|secret\|\| \~\~gone\~\~ \`code\`"),
            ("hello @everyone and @here", "hello @\u{200b}everyone and @\u{200b}here"),
            ("<@123> <@&5> <#9> <:smile:1> <t:1>", r"\<@123> \<@&5> \<#9> \<:smile:1> \<t:1>"),
            ("[a](http://b.c)", r"\[a](<http://b.c>)"),
            ("as in [1] and [12]", "as in [1] and [12]"),
            ("[1](x)", r"\[1](x)"),
            (r"\alpha \(x_1\)", r"\\alpha \\(x\_1\\)"),
            ("see https://a.b/c_d?e=*f*.", r"see <https://a.b/c_d?e=*f>\*."),
            ("名字 _x_", r"名字 \_x\_"),
        ];
        for (text, escaped) in cases {
            assert_eq!(plain(text), escaped, "{text:?}");
        }
    }

    #[test]
    fn our_own_signs_are_understood() {
        let cases = [
            ("**bold** and *it*", "**bold** and *it*"),
            ("**a *b* c**", "**a** ***b*** **c**"),
            ("**a**_b_", "**a**\u{200b}*b*"),
            ("# Title\ntext", "**Title**\ntext"),
            ("- a\n  - b\n\n1. c", "- a\n  - b\n1. c"),
            ("> said *so*\n> there", "> said *so* there"),
            ("`a_b` and ``a`b``", "`a_b` and `` a`b ``"),
            ("```rust\nlet x = \"`` ```\";\n```", "```rust\nlet x = \"`\u{200b}` `\u{200b}``\";\n```"),
            ("[notes](https://a.b/c_(d)_<e>)", "[notes](<https://a.b/c_(d)_%3Ce%3E>)"),
            ("[my *notes*](https://a.b)", "[my](<https://a.b>) *[notes](<https://a.b>)*"),
            ("[x](javascript:alert(1))", "x"),
            ("~~gone~~", "~~gone~~"),
        ];
        for (markdown, rendered) in cases {
            assert_eq!(render(&Document::parse(markdown)), rendered, "{markdown:?}");
        }
    }
}
