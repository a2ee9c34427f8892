//! Bold text beside Chinese, Japanese and Korean characters, which are written without spaces: CommonMark closes
//! `**学习率：**` only before a space or a sign, and opens `**“词”**` only after one. Where such a mark stands, an invisible
//! space is put beside it for the parser, and taken away again from what it reads.

use std::borrow::Cow;

/// A space that ends no line and that no text needs.
pub(super) const SPACE: char = '\u{2028}';

/// `markdown` with spaces beside the bold marks that the parser would pass over.
pub(super) fn spaced(markdown: &str) -> Cow<'_, str> {
    if !markdown.contains("**") || !markdown.chars().any(is_wide) {
        return Cow::Borrowed(markdown);
    }
    let mut out = String::with_capacity(markdown.len() + 16);
    for paragraph in markdown.split_inclusive("\n\n") {
        space(paragraph, &mut out);
    }
    Cow::Owned(out)
}

/// Marks come in pairs: where their number is odd nobody knows which belong together, and nothing is changed.
fn space(paragraph: &str, out: &mut String) {
    let marks = marks(paragraph);
    let mut done = 0;
    if marks.len().is_multiple_of(2) {
        for (place, mark) in marks.into_iter().enumerate() {
            let before = paragraph[..mark].chars().next_back();
            let after = paragraph[mark + 2..].chars().next();
            let opens = place % 2 == 0;
            out.push_str(&paragraph[done..mark]);
            if opens && before.is_some_and(is_wide) && after.is_some_and(is_sign) {
                out.push(SPACE);
            }
            out.push_str("**");
            if !opens && before.is_some_and(is_sign) && after.is_some_and(is_wide) {
                out.push(SPACE);
            }
            done = mark + 2;
        }
    }
    out.push_str(&paragraph[done..]);
}

/// Where runs of exactly two stars stand outside of code.
fn marks(paragraph: &str) -> Vec<usize> {
    let bytes = paragraph.as_bytes();
    let run = |at: usize| bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count();
    let (mut marks, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'`' => {
                let fence = &paragraph[at..at + run(at)];
                at += fence.len();
                // A run of as many backticks ends the code; without one it is none.
                let mut end = at;
                while let Some(next) = bytes[end.min(bytes.len())..].iter().position(|byte| *byte == b'`') {
                    end += next;
                    let length = run(end);
                    end += length;
                    if length == fence.len() {
                        at = end;
                        break;
                    }
                }
            }
            b'*' => {
                let length = run(at);
                if length == 2 {
                    marks.push(at);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    marks
}

/// A character of a script that is written without spaces, its signs included.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn is_sign(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && c != '*'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_stand_where_the_parser_needs_them_and_nowhere_else() {
        for (markdown, expected) in [
            ("**学习率：**表示步长", "**学习率：**|表示步长"),
            ("这是**“学习率”**的含义", "这是|**“学习率”**|的含义"),
            ("（见下）**重点**内容", "（见下）**重点**内容"),
            ("**rate:**text", "**rate:**text"),
            ("代码 `**a：**b` 和 **词：**义", "代码 `**a：**b` 和 **词：**|义"),
            ("**词：**义 **", "**词：**义 **"),
            ("***词：***义", "***词：***义"),
            (r"\**词：**义", r"\**词：**义"),
        ] {
            assert_eq!(spaced(markdown).replace(SPACE, "|"), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_but_spaces_is_put_in(text in "[a*`\\\\：学“” \n]{0,40}") {
            prop_assert_eq!(spaced(&text).replace(SPACE, ""), text);
        }
    }
}
