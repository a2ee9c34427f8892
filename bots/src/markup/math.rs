//! Formulas: LaTeX between its delimiters is kept from the parser of Markdown, and read as people read it.
//!
//! Each formula is replaced by a placeholder that Markdown takes for a word, and put back into whatever
//! the parser makes of it: into text as a line of Unicode ([`unicode`]), or as code where it has no such form;
//! into code and addresses character by character, so a dollar sign there comes to no harm.

mod script;
mod symbols;
mod unicode;

use unicode::unicode;

/// Stands around the number of a formula; text cannot hold these characters (`parse::readable`).
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';
/// What formulas stand between, besides single dollars.
const DELIMITERS: [(&str, &str); 3] = [("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]")];
/// The longest formula, in bytes; beyond it a delimiter is taken as text.
const LONGEST: usize = 2000;

/// A part of a placeholder, which stands for a word.
pub(super) fn is_placeholder(c: char) -> bool {
    matches!(c, OPEN | CLOSE)
}

/// Text whose formulas are replaced by placeholders.
pub(super) struct Shielded {
    text: String,
    formulas: Vec<String>,
}

impl Shielded {
    /// Takes the formulas out of `source`.
    pub(super) fn new(source: &str) -> Self {
        let mut shielded = Self { text: String::with_capacity(source.len()), formulas: Vec::new() };
        let mut rest = source;
        while let Some(at) = rest.find(['\\', '$']) {
            shielded.text.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = formula(rest, source[..source.len() - rest.len()].chars().next_back());
            match length {
                Some(length) => shielded.formula(&rest[..length]),
                None => shielded.text.push_str(&rest[..skip(rest)]),
            }
            rest = &rest[length.unwrap_or_else(|| skip(rest))..];
        }
        shielded.text.push_str(rest);
        shielded
    }

    fn formula(&mut self, formula: &str) {
        self.text.push_str(&format!("{OPEN}{}{CLOSE}", self.formulas.len()));
        self.formulas.push(formula.to_owned());
    }

    /// The text with placeholders.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// `part` of the text, with the formulas in their places as they were written.
    pub(super) fn restore(&self, part: &str) -> String {
        let as_written = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Formula(formula) => formula,
        };
        self.pieces(part).map(as_written).collect()
    }

    /// `part` of the text, in pieces of text and formulas with their delimiters.
    pub(super) fn pieces<'a>(&'a self, part: &'a str) -> impl Iterator<Item = Piece<'a>> {
        part.split(OPEN).enumerate().flat_map(|(at, piece)| {
            let (formula, text) = match piece.split_once(CLOSE) {
                Some((number, text)) if at > 0 => (number.parse().ok(), text),
                _ => (None, piece),
            };
            let formula = formula.and_then(|number: usize| self.formulas.get(number));
            formula.map(|formula| Piece::Formula(formula)).into_iter().chain([Piece::Text(text)])
        })
    }
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text without formulas.
    Text(&'a str),
    /// A formula, with its delimiters.
    Formula(&'a str),
}

/// A formula as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// In Unicode.
    Text(String),
    /// As it was written, on one line, without its delimiters.
    Latex(String),
}

/// How `formula`, with its delimiters, is shown.
pub(super) fn shown(formula: &str) -> Shown {
    let inside = DELIMITERS.iter().find_map(|(open, close)| formula.strip_prefix(open)?.strip_suffix(close));
    let inside = inside.or_else(|| formula.strip_prefix('$')?.strip_suffix('$')).unwrap_or(formula);
    match unicode(inside) {
        Some(text) => Shown::Text(text),
        None => Shown::Latex(inside.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Plain text whose formulas are shown in Unicode, where they can be.
pub(super) fn plain(text: &str) -> String {
    let shielded = Shielded::new(&super::parse::readable(text));
    let piece = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Formula(formula) => match shown(formula) {
            Shown::Text(text) => text.replace('\n', " "),
            Shown::Latex(_) => formula.to_owned(),
        },
    };
    shielded.pieces(shielded.text()).map(piece).collect()
}

/// How much of `rest`, which begins with a backslash or a dollar, is no formula: an escaped pair or one sign.
fn skip(rest: &str) -> usize {
    let pair = rest.starts_with('\\') || rest.starts_with("$$");
    let mut characters = rest.chars();
    let first = characters.next().map_or(0, char::len_utf8);
    first + if pair { characters.next().map_or(0, char::len_utf8) } else { 0 }
}

/// The length of the formula at the start of `rest`, in bytes.
fn formula(rest: &str, before: Option<char>) -> Option<usize> {
    if let Some((open, close)) = DELIMITERS.iter().find(|(open, _)| rest.starts_with(open)) {
        let inside = window(&rest[open.len()..]);
        return inside.find(close).filter(|at| *at > 0).map(|at| open.len() + at + close.len());
    }
    if let Some(name) = rest.strip_prefix("\\begin{").and_then(|rest| rest.split_once('}')).map(|(name, _)| name) {
        let close = format!("\\end{{{name}}}");
        return window(rest).find(&close).map(|at| at + close.len());
    }
    (rest.starts_with('$') && before != Some('$')).then(|| inline(&rest[1..]))?.map(|length| length + 2)
}

/// What a formula may reach over: up to the end of the paragraph, and never across a code fence.
fn window(rest: &str) -> &str {
    let mut end = rest.len().min(LONGEST);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let borders = ["\n\n", "`", "~~~"];
    let border = borders.iter().filter_map(|border| rest[..end].find(border)).min();
    &rest[..border.unwrap_or(end)]
}

/// The length of `$…$` without its dollars, by pandoc's rule (no white space inside at either end, no digit
/// behind, so that prices are no formulas), within a line or into one that begins like a formula.
fn inline(inside: &str) -> Option<usize> {
    let inside = window(inside);
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let goes_on = |at: usize| inside[at + 1..].starts_with(|c: char| c.is_alphabetic() || "\\{(".contains(c));
    let end = inside.match_indices('\n').map(|(at, _)| at).find(|at| !goes_on(*at)).unwrap_or(inside.len());
    inside[..end].match_indices('$').map(|(at, _)| at).find(|at| closes(inside, *at))
}

fn closes(inside: &str, at: usize) -> bool {
    let before = inside[..at].chars().next_back();
    let after = inside[at + 1..].chars().next();
    let escaped = before == Some('\\');
    before.is_some_and(|c| !c.is_whitespace()) && !escaped && !after.is_some_and(|c| c.is_ascii_digit() || c == '$')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_found_and_prices_are_not() {
        let cases: [(&str, &[&str]); 14] = [
            ("the norm $a_1 * b_2$ is", &["$a_1 * b_2$"]),
            ("$$\nx_1 = y_2\n- z\n$$", &["$$\nx_1 = y_2\n- z\n$$"]),
            (r"so \(w_{ij}\) and \[ a_b \]", &[r"\(w_{ij}\)", r"\[ a_b \]"]),
            (r"\begin{align} a_1 &= b_1 \end{align}", &[r"\begin{align} a_1 &= b_1 \end{align}"]),
            ("it costs $5 or $6 today", &[]),
            ("from $5–$10", &[]),
            (r"an escaped \$a_1$ dollar", &[]),
            (r"two backslashes \\(a_1\\)", &[]),
            ("$a_1", &[]),
            ("- $5\n- 6$", &[]),
            ("$a_1 +\nb_1$", &["$a_1 +\nb_1$"]),
            ("`$` and `x$`", &[]),
            ("$a$ und $b$", &["$a$", "$b$"]),
            ("$$ unclosed\n\nparagraph $$", &[]),
        ];
        for (source, formulas) in cases {
            assert_eq!(Shielded::new(source).formulas, formulas, "{source:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_taken_out_is_put_back(source in r"[ab1_*$\\()\[\] \n`~é数]{0,60}") {
            let shielded = Shielded::new(&source);
            prop_assert_eq!(shielded.restore(shielded.text()), source);
        }
    }
}
