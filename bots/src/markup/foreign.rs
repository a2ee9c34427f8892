//! Foreign words in sentences of ours: titles, names and questions stand for themselves, and keep to their own direction.

/// `text` as it is put into a sentence of Markdown: escaped and isolated.
pub fn foreign(text: &str) -> String {
    isolate(&escape(text))
}

/// Text that stands for itself in Markdown, on one line: what people write is shown, never followed.
pub fn escape(text: &str) -> String {
    let text = text.trim();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        // At its beginning a paragraph could become an item of a list, or the line above a heading.
        let begins_block = match c {
            '-' | '+' | '=' => at == 0,
            '.' | ')' => at > 0 && at == digits,
            _ => false,
        };
        if begins_block || "\\`*_[]<>~|$#&".contains(c) {
            // As a character reference: a backslash before a bracket would begin a formula.
            escaped.push_str(&format!("&#{};", u32::from(c)));
        } else {
            escaped.push(if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
        }
    }
    escaped
}

/// The marks between which text has a direction of its own (Unicode Standard Annex 9, first strong isolate).
const ISOLATE: char = '\u{2068}';
const END: char = '\u{2069}';

/// `text` within marks that keep it from turning the line around it, where it holds a script that is written
/// from right to left; any other text stays as it is. Its own embeddings and isolates are taken out: an unpaired
/// one would end ours.
pub fn isolate(text: &str) -> String {
    let embeds = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.chars().any(|c| embeds(&c) || is_right_to_left(c)) {
        return text.to_owned();
    }
    let text: String = text.chars().filter(|c| !embeds(c)).collect();
    if text.chars().any(is_right_to_left) { format!("{ISOLATE}{text}{END}") } else { text }
}

/// The blocks of Hebrew, Arabic and the scripts beside them.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::{Document, Kind};

    #[test]
    fn only_what_runs_from_right_to_left_is_isolated() {
        for (text, isolated) in [
            ("notes.md", "notes.md"),
            ("梯度.md", "梯度.md"),
            ("", ""),
            ("מבוא.pdf", "\u{2068}מבוא.pdf\u{2069}"),
            ("a \u{202e}b\u{2069}", "a b"),
            ("مد\u{2069} x", "\u{2068}مد x\u{2069}"),
        ] {
            assert_eq!(isolate(text), isolated, "{text:?}");
        }
    }

    proptest! {
        /// Whatever a title holds, a sentence with it reads as one paragraph of plain text.
        #[test]
        fn foreign_words_are_shown_and_never_followed(title in r"[a-c1-3\\`*_\[\]<>~|$#&+.)(=!: \n学：מ-]{1,30}") {
            for (before, after) in [("", " is forgotten."), ("The notes of “", "” are empty."), ("忘掉", "。")] {
                let document = Document::parse(&format!("{before}{}{after}", foreign(&title)));
                prop_assert_eq!(document.blocks.len(), 1);
                let block = &document.blocks[0];
                prop_assert!(block.kind == Kind::Paragraph, "{:?}", block);
                prop_assert!(block.spans.iter().all(|span| span.style == Default::default()), "{:?}", block);
                let plain = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "").split_whitespace().collect::<String>();
                prop_assert_eq!(plain(&block.text()), plain(&format!("{before}{title}{after}")));
            }
        }
    }
}
