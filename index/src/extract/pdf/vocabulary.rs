//! The words of a document, which tell whether a hyphen at a line's end belongs to its word.

use std::collections::HashSet;

use super::lines::Line;

/// All words, in small letters, those with hyphens too.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashSet<String>);

impl Vocabulary {
    /// The words of all lines but the halves at their ends.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a Line>) -> Self {
        let words = lines.flat_map(|line| {
            let text = line.text.strip_suffix('-').map_or(line.text.as_str(), |text| text.trim_end_matches(is_part));
            text.split(|c: char| !is_part(c)).map(|word| word.trim_matches('-').to_lowercase())
        });
        Self(words.filter(|word| !word.is_empty()).collect())
    }

    /// Whether `before-` at a line's end and `after` on the next are one word without its hyphen. It stays when the
    /// document writes the word so elsewhere, or when both halves are words and the whole is none.
    pub(super) fn is_parted(&self, before: &str, after: &str) -> bool {
        let before = before.rsplit(|c| !is_part(c)).next().unwrap_or_default().to_lowercase();
        let after = after.split(|c| !is_part(c)).next().unwrap_or_default().to_lowercase();
        let known = |word: &str| self.0.contains(word);
        let whole = known(&format!("{before}{after}"));
        let hyphened = known(&format!("{before}-{after}")) || (known(&before) && known(&after));
        whole || !hyphened
    }
}

fn is_part(c: char) -> bool {
    c.is_alphabetic() || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_stay_where_the_document_writes_them() {
        let line = |text: &str| Line { text: text.into(), x: 0.0, end: 0.0, y: 0.0, size: 0.0 };
        let lines = [line("A multi-agent chat is optimized when con-"), line("firming. The gradient or feed forward")];
        let words = Vocabulary::of(lines.iter());
        for (before, after, parted) in [
            ("it is con", "firming that", true),
            ("the multi", "agent case", false),
            ("because chat", "optimized models", false),
            ("the gradi", "ent points", true),
            ("a feed", "forward net", false),
        ] {
            assert_eq!(words.is_parted(before, after), parted, "{before}-{after}");
        }
    }
}
