//! Mending: what a stream that was cut anywhere left open is closed, so that a half-written text looks like one.

/// `markdown` with its open code, emphasis, formulas and links closed, for showing only.
pub(super) fn close(markdown: &str) -> String {
    let text = markdown.trim_end();
    match last_paragraph(text) {
        Tail::Code(fence) => whole_lines(text, fence),
        Tail::Text(start) => {
            let (before, tail) = text.split_at(start);
            format!("{before}{}", closed(without_loose_end(tail)))
        }
    }
}

/// What a text ends in.
enum Tail<'a> {
    /// An open piece of code, with its fence.
    Code(&'a str),
    /// A paragraph that begins at this byte.
    Text(usize),
}

fn last_paragraph(text: &str) -> Tail<'_> {
    let mut fence: Option<&str> = None;
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let mark = fence_of(line);
        at += line.len();
        match fence {
            Some(open) if mark.starts_with(open) && line.trim() == mark => {
                fence = None;
                start = at;
            }
            Some(_) => {}
            None if !mark.is_empty() && opens(line, mark) => fence = Some(mark),
            None if line.trim().is_empty() => start = at,
            None => {}
        }
    }
    fence.map_or(Tail::Text(start), Tail::Code)
}

/// The run of backticks or tildes that begins `line`, when it is long enough for a fence.
fn fence_of(line: &str) -> &str {
    let line = line.trim_start();
    let Some(mark) = line.chars().next().filter(|c| matches!(c, '`' | '~')) else { return "" };
    let length = line.len() - line.trim_start_matches(mark).len();
    if length >= 3 { &line[..length] } else { "" }
}

fn opens(line: &str, mark: &str) -> bool {
    !line.trim_start()[mark.len()..].contains('`')
}

/// An open piece of code without the beginning of its closing fence.
fn whole_lines(text: &str, fence: &str) -> String {
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let partial = !last.trim().is_empty() && fence.starts_with(last.trim()) && !before.is_empty();
    if partial { before.to_owned() } else { text.to_owned() }
}

/// `tail` without the signs at its end that mean nothing yet: half a marker, an underline that may become
/// a heading, a link whose address is not whole.
fn without_loose_end(tail: &str) -> String {
    let (before, last) = tail.rsplit_once('\n').map_or(("", tail), |(before, last)| (before, last));
    let bare = last.chars().all(|c| "-=#*+>|`~_: .".contains(c) || c.is_ascii_digit());
    let tail =
        if bare && !before.is_empty() && !last.trim().chars().all(|c| c.is_ascii_digit()) { before } else { tail };
    let tail = match tail.rfind('[').map(|at| (at, &tail[at..])) {
        Some((at, link)) => match link.split_once("](") {
            Some((label, address)) if !address.contains(')') => format!("{}{}", &tail[..at], &label[1..]),
            _ => tail.to_owned(),
        },
        None => tail.to_owned(),
    };
    tail.trim_end().to_owned()
}

/// `tail` with everything closed that is open in it.
fn closed(tail: String) -> String {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = tail.as_str();
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let token = token(rest, first);
        let after = rest[token.len()..].chars().next();
        match first {
            '`' => match code_span(&rest[token.len()..], token) {
                Some(length) => {
                    rest = &rest[token.len() + length..];
                    before = '`';
                    continue;
                }
                None => return end_code(&tail, rest, token, &open),
            },
            '*' | '_' | '~' => emphasis(&mut open, token, before, after),
            '\\' | '$' => formula(&mut open, token),
            _ => {}
        }
        before = token.chars().next_back().unwrap_or(' ');
        rest = &rest[token.len()..];
    }
    finish(&tail, &open)
}

/// The first token of `rest`: a run of one sign, an escaped character, or a character.
pub(super) fn token(rest: &str, first: char) -> &str {
    let length = match first {
        '`' | '*' | '_' | '~' => rest.len() - rest.trim_start_matches(first).len(),
        '$' if rest.starts_with("$$") => 2,
        '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        other => other.len_utf8(),
    };
    &rest[..length]
}

/// The length of a code span behind its opening run, without the closing run; `None` when it is open.
pub(super) fn code_span(inside: &str, run: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = inside[from..].find('`').map(|at| at + from) {
        let length = inside[at..].len() - inside[at..].trim_start_matches('`').len();
        if length == run.len() {
            return Some(at + length);
        }
        from = at + length;
    }
    None
}

fn end_code(tail: &str, rest: &str, run: &str, open: &[&str]) -> String {
    let inside = rest[run.len()..].trim();
    match inside.is_empty() {
        true => finish(tail[..tail.len() - rest.len()].trim_end(), open),
        false => finish(&format!("{tail}{run}"), open),
    }
}

/// A run of signs opens or closes emphasis by CommonMark's rule; at the very end of the text, where
/// nothing stands behind it yet, it may be half of anything.
fn emphasis<'a>(open: &mut Vec<&'a str>, token: &'a str, before: char, after: Option<char>) {
    let word = |c: char| c.is_alphanumeric();
    let mut opens = after.is_none_or(|c| !c.is_whitespace());
    let mut closes = !before.is_whitespace();
    if token.starts_with('_') {
        opens &= !word(before);
        closes &= !after.is_some_and(word);
    }
    if token.starts_with('~') && token.len() != 2 && after.is_some() {
        return;
    }
    match open.iter().rposition(|other| *other == token).filter(|_| closes) {
        Some(at) => open.truncate(at),
        None if opens => open.push(token),
        None => {}
    }
}

fn formula<'a>(open: &mut Vec<&'a str>, token: &'a str) {
    let opener = match token {
        "\\)" => "\\(",
        "\\]" => "\\[",
        other => other,
    };
    match open.iter().rposition(|other| *other == opener) {
        Some(at) if token == "$$" || token != opener => open.truncate(at),
        _ if matches!(token, "$$" | "\\(" | "\\[") => open.push(token),
        _ => {}
    }
}

/// `text` with the closing signs of `open`; signs with nothing behind them are taken away instead.
fn finish(text: &str, open: &[&str]) -> String {
    let mut text = text.trim_end();
    let mut open = open.to_vec();
    while let Some(last) = open.last()
        && let Some(shorter) = text.strip_suffix(*last)
    {
        text = shorter.trim_end();
        open.pop();
    }
    let closing = open.iter().rev().map(|token| match *token {
        "\\(" => "\\)",
        "\\[" => "\\]",
        other => other,
    });
    let closing: String = closing.collect();
    format!("{text}{closing}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::Document;

    #[test]
    fn what_is_open_is_closed() {
        let cases = [
            ("this is **bol", "this is **bol**"),
            ("this is **", "this is"),
            ("this is *it", "this is *it*"),
            ("**a *b", "**a *b***"),
            ("**bold** and", "**bold** and"),
            ("a `co", "a `co`"),
            ("a `", "a"),
            ("a ``x` y", "a ``x` y``"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("snake_case_name", "snake_case_name"),
            ("~~gone", "~~gone~~"),
            ("see [the notes](http://exa", "see the notes"),
            ("see [the notes](http://example.org)", "see [the notes](http://example.org)"),
            ("as in [1", "as in [1"),
            ("```rust\nfn main", "```rust\nfn main"),
            ("```rust\nfn main\n``", "```rust\nfn main"),
            ("```\n**x\n```\n**y", "```\n**x\n```\n**y**"),
            ("a\n\n**b", "a\n\n**b**"),
            ("A title\n-", "A title"),
            ("A title\n==", "A title"),
            (r"so \(a_1", r"so \(a_1\)"),
            ("$$ a_1 + b", "$$ a_1 + b$$"),
            ("* item\n* ", "* item"),
            ("", ""),
        ];
        for (cut, mended) in cases {
            assert_eq!(close(cut), mended, "{cut:?}");
        }
    }

    proptest! {
        /// Wherever a text is cut, no marker shows that the whole text would not show.
        #[test]
        fn no_marker_shows_in_a_cut_text(cut in 0usize..70) {
            let whole = "One **bold** word, *one* in `code_x`, ~~gone~~ and **more *so* here**.";
            let shown = Document::parse_growing(&whole[..cut.min(whole.len())]).text();
            prop_assert!(!shown.contains(['*', '~', '`']), "{shown}");
        }

        #[test]
        fn any_text_can_be_mended(text in r"[a\\*_`~$()\[\]\n #>-]{0,40}") {
            close(&text);
        }
    }
}
