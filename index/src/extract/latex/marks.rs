//! The small marks of LaTeX: command names, braces, accents, ligatures of quotes and dashes.

use unicode_normalization::UnicodeNormalization;

/// What stands behind a backslash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A command by its word, or `(` and `[`.
    Word(&'a str),
    /// What the command prints, such as `ä` for `\"a`.
    Text(String),
    /// The content of `\verb|…|`.
    Verbatim(&'a str),
}

/// Reads the command at the start of `text`; what follows it is returned too.
pub(super) fn name(text: &str) -> (Name<'_>, &str) {
    let after = text.strip_prefix('\\').unwrap_or(text);
    let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
    let (word, rest) = after.split_at(length);
    if word.is_empty() {
        return sign(after);
    }
    if word == "verb"
        && let Some(fence) = rest.chars().next()
        && let Some((inner, rest)) = rest[fence.len_utf8()..].split_once(fence)
    {
        return (Name::Verbatim(inner), rest);
    }
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    if let Some(mark) = accent(word)
        && let Some((letter, rest)) = letter(rest)
    {
        return (Name::Text(accented(letter, mark)), rest);
    }
    let printed = match word {
        "ss" => "ß",
        "ae" => "æ",
        "oe" => "œ",
        "o" => "ø",
        "l" => "ł",
        "aa" => "å",
        "ldots" | "dots" => "…",
        "LaTeX" => "LaTeX",
        "TeX" => "TeX",
        "textbackslash" => "\\",
        "S" => "§",
        "quad" | "qquad" => " ",
        _ => return (Name::Word(word), rest),
    };
    (Name::Text(printed.to_owned()), rest)
}

/// A command of one sign.
fn sign(after: &str) -> (Name<'_>, &str) {
    let Some(c) = after.chars().next() else { return (Name::Text(String::new()), after) };
    let rest = &after[c.len_utf8()..];
    if matches!(c, '(' | '[') {
        return (Name::Word(&after[..1]), rest);
    }
    if let Some(mark) = accent(&after[..c.len_utf8()])
        && let Some((letter, rest)) = letter(rest)
    {
        return (Name::Text(accented(letter, mark)), rest);
    }
    let printed = match c {
        '%' | '&' | '_' | '#' | '$' | '{' | '}' => c.to_string(),
        '-' | '/' | '!' => String::new(),
        _ => " ".to_owned(),
    };
    (Name::Text(printed), rest)
}

/// The combining character of an accent's command.
fn accent(command: &str) -> Option<char> {
    let mark = match command {
        "\"" => '\u{308}',
        "'" => '\u{301}',
        "`" => '\u{300}',
        "^" => '\u{302}',
        "~" => '\u{303}',
        "=" => '\u{304}',
        "." => '\u{307}',
        "c" => '\u{327}',
        "v" => '\u{30c}',
        "u" => '\u{306}',
        "H" => '\u{30b}',
        "r" => '\u{30a}',
        _ => return None,
    };
    Some(mark)
}

/// The letter that an accent goes onto: `a`, `{a}` or `\i`.
fn letter(text: &str) -> Option<(char, &str)> {
    let (inner, rest) = match group(text) {
        Some((inner, rest)) => (inner, rest),
        None if text.starts_with("\\i") => (&text[..2], &text[2..]),
        None => text.split_at(text.chars().next()?.len_utf8()),
    };
    let letter = inner.trim_start_matches('\\').chars().next()?;
    letter.is_alphabetic().then_some((letter, rest))
}

fn accented(letter: char, mark: char) -> String {
    [letter, mark].into_iter().nfc().collect()
}

/// A character of running text as it is printed, and what follows it.
pub(super) fn character(text: &str) -> (&str, &str) {
    const PRINTED: &[(&str, &str)] = &[
        ("---", "—"),
        ("--", "–"),
        ("``", "“"),
        ("''", "”"),
        ("\"`", "„"),
        ("\"'", "“"),
        ("~", " "),
        ("{", ""),
        ("}", ""),
    ];
    for (written, printed) in PRINTED {
        if let Some(rest) = text.strip_prefix(written) {
            return (printed, rest);
        }
    }
    text.split_at(text.chars().next().map_or(0, char::len_utf8))
}

/// The content of the braces that `text` begins with, and what follows them.
pub(super) fn group(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\n', '\t']);
    let inner = text.strip_prefix('{')?;
    let (mut depth, mut escaped) = (1usize, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..at], &inner[at + 1..]));
        }
    }
    None
}

/// Takes an argument in square brackets from the start of `text`.
pub(super) fn optional<'a>(text: &mut &'a str) -> Option<&'a str> {
    let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
    *text = rest;
    Some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_apart() {
        for (text, expected, rest) in [
            ("\\emph{a}", Name::Word("emph"), "{a}"),
            ("\\\"{o}n", Name::Text("ö".into()), "n"),
            ("\\'e", Name::Text("é".into()), ""),
            ("\\c{c}a", Name::Text("ç".into()), "a"),
            ("\\ss en", Name::Text("ß".into()), "en"),
            ("\\% x", Name::Text("%".into()), " x"),
            ("\\[x", Name::Word("["), "x"),
            ("\\verb|a%b| c", Name::Verbatim("a%b"), " c"),
            ("\\", Name::Text(String::new()), ""),
            ("\\中", Name::Text(" ".into()), ""),
        ] {
            assert_eq!(name(text), (expected, rest), "{text}");
        }
    }

    #[test]
    fn braces_match() {
        assert_eq!(group("{a{b}\\}c}d"), Some(("a{b}\\}c", "d")));
        assert_eq!(group("{a"), None);
        assert_eq!(group("a"), None);
    }
}
