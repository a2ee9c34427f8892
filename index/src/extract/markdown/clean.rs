//! The pass before the Markdown parser: formulas are hidden from it, and what dialects add is taken out.
//!
//! Jekyll notes hold Liquid tags (`{% … %}`, `{{ … }}`) and attribute lists (`{:target=…}`); the textbooks made
//! with d2lbook hold `:label:`, `:numref:` and `[**…**]`. Formulas must be hidden, since `\\(a_i*b_i*c\\)` reads
//! as emphasis and a line of a formula that begins with `+` as a list.

/// Stands before and behind a hidden formula's number.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Text that the parser may read, and the formulas that were taken out of it.
#[derive(Debug, Default)]
pub(super) struct Cleaned {
    pub(super) text: String,
    formulas: Vec<String>,
}

impl Cleaned {
    /// Cleans Markdown; fenced code is left alone.
    pub(super) fn new(markdown: &str) -> Self {
        let mut cleaned = Self::default();
        let markdown: String = markdown.chars().filter(|c| !('\u{e000}'..='\u{e002}').contains(c)).collect();
        let mut fence: Option<&str> = None;
        let mut start = 0;
        let mut at = 0;
        for line in markdown.split_inclusive('\n') {
            let marks = fence_marks(line);
            match (fence, marks) {
                (None, Some(marks)) => {
                    cleaned.stretch(&markdown[start..at]);
                    cleaned.text.push_str(&opening(line, marks));
                    fence = Some(marks);
                }
                (Some(open), marks) => {
                    cleaned.text.push_str(line);
                    start = at + line.len();
                    let closes = marks.is_some_and(|m| m.starts_with(open)) && line.trim() == marks.unwrap_or_default();
                    fence = if closes { None } else { fence };
                }
                (None, None) => {}
            }
            at += line.len();
        }
        if fence.is_none() {
            cleaned.stretch(&markdown[start..]);
        }
        cleaned
    }

    /// Puts the formulas back.
    pub(super) fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, hidden)) = rest.split_once(OPEN) {
            restored.push_str(before);
            let (number, after) = hidden.split_once(CLOSE).unwrap_or((hidden, ""));
            let formula = number.parse().ok().and_then(|number: usize| self.formulas.get(number));
            restored.push_str(formula.map_or("", String::as_str));
            rest = after;
        }
        restored + rest
    }

    /// Cleans text without fenced code in it.
    fn stretch(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['`', '$', '\\', '{', ':', '[', '*']) {
            self.text.push_str(&rest[..at]);
            rest = self.mark(&rest[at..]);
        }
        self.text.push_str(rest);
    }

    /// Takes what stands at the start of `text`, and returns what is behind it.
    fn mark<'t>(&mut self, text: &'t str) -> &'t str {
        if let Some(code) = code_span(text) {
            self.text.push_str(code);
            return &text[code.len()..];
        }
        if let Some((formula, rest)) = formula(text) {
            self.text.push_str(&format!("{OPEN}{}{CLOSE}", self.formulas.len()));
            self.formulas.push(formula);
            return rest;
        }
        if let Some(rest) = dropped(text) {
            return rest;
        }
        if let Some((_, rest)) = between(text, "[**", "**]")
            && !rest.starts_with(['(', '['])
        {
            self.text.push_str("**");
            return &text[3..];
        }
        if let Some(rest) = text.strip_prefix("**]").filter(|rest| !rest.starts_with(['(', '['])) {
            self.text.push_str("**");
            return rest;
        }
        // An escaped character must not be taken for a mark's start.
        let escaped = text.starts_with('\\') && text[1..].starts_with(|c: char| c.is_ascii_punctuation());
        let length = if escaped { 2 } else { 1 };
        self.text.push_str(&text[..length]);
        &text[length..]
    }
}

/// The backticks or tildes that open or close a fenced block on this line.
fn fence_marks(line: &str) -> Option<&str> {
    let line = line.trim();
    let length = |mark: char| line.chars().take_while(|c| *c == mark).count();
    let (ticks, tildes) = (length('`'), length('~'));
    match (ticks >= 3 && !line[ticks..].contains('`'), tildes >= 3) {
        (true, _) => Some(&line[..ticks]),
        (_, true) => Some(&line[..tildes]),
        _ => None,
    }
}

/// An opening fence with a plain language name: ```` ```{.python .input} ```` becomes ```` ```python ````.
fn opening(line: &str, marks: &str) -> String {
    let (indent, info) = line.split_once(marks).unwrap_or(("", line));
    let words = info.trim().trim_matches(['{', '}']);
    let language = words.split([' ', ',']).next().unwrap_or_default().trim_start_matches('.');
    format!("{indent}{marks}{language}\n")
}

fn code_span(text: &str) -> Option<&str> {
    let ticks = text.len() - text.trim_start_matches('`').len();
    if ticks == 0 {
        return None;
    }
    let marks = &text[..ticks];
    let end = text[ticks..].find(marks)? + 2 * ticks;
    (!text[..end].contains("\n\n")).then(|| &text[..end])
}

/// A formula at the start of `text`, as it is to be shown, and what follows it.
fn formula(text: &str) -> Option<(String, &str)> {
    let escaped = [("\\\\(", "\\\\)", "\\(", "\\)"), ("\\\\[", "\\\\]", "\\[", "\\]")];
    for (open, close, shown_open, shown_close) in escaped {
        if let Some((inner, rest)) = between(text, open, close) {
            return Some((format!("{shown_open}{inner}{shown_close}"), rest));
        }
    }
    for (open, close) in [("\\(", "\\)"), ("\\[", "\\]")] {
        // Brackets are escaped in ordinary text too: only what looks like TeX is a formula.
        if let Some((inner, rest)) =
            between(text, open, close).filter(|(inner, _)| inner.contains(['\\', '^', '_', '=']))
        {
            return Some((format!("{open}{inner}{close}"), rest));
        }
    }
    let (inner, rest) = between(text, "$$", "$$")?;
    (!inner.trim().is_empty()).then(|| (format!("$${inner}$$"), rest))
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let (inner, rest) = text.strip_prefix(open)?.split_once(close)?;
    (inner.len() < 5_000 && !inner.contains("\n\n")).then_some((inner, rest))
}

/// What is behind a mark that says nothing to a reader, if one stands at the start of `text`.
fn dropped(text: &str) -> Option<&str> {
    if let Some((_, rest)) = between(text, "{%", "%}").or_else(|| between(text, "{:", "}")) {
        return Some(rest);
    }
    if let Some((inner, rest)) = between(text, "{{", "}}") {
        let inner = inner.trim();
        let value =
            ["site.", "page.", "include.", "layout.", "content", "'", "\""].iter().any(|v| inner.starts_with(v));
        return (value || inner.contains(" | ")).then_some(rest);
    }
    let (role, rest) = text.strip_prefix(':')?.split_once(':')?;
    if role.is_empty() || role.len() > 12 || !role.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return None;
    }
    if role == "end_tab" {
        return Some(rest);
    }
    let (argument, rest) = rest.strip_prefix('`')?.split_once('`')?;
    (!argument.contains('\n')).then_some(rest)
}
