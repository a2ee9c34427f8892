//! Flanks: emphasis in Chinese, Japanese and Korean, which CommonMark often leaves open.
//!
//! Its rule wants white space between a sign of punctuation and a letter on the two sides of `**`. These scripts
//! write none, so `**学习率：**表示` stays unstyled (commonmark/commonmark-spec #650). Here an invisible
//! letter is put between the punctuation and the sign where one of the neighbours is of these scripts; it is
//! taken away again when the parser's text is read (`parse::readable`).

use super::mend::{code_span, token};

/// The invisible letter: to the parser neither white space nor punctuation.
pub(super) const LETTER: char = '\u{fdd2}';

/// `text` with the invisible letter where emphasis would otherwise not open or not close.
pub(super) fn lettered(text: &str) -> String {
    let mut lettered = String::with_capacity(text.len());
    for paragraph in text.split_inclusive("\n\n") {
        Paragraph { rest: paragraph, before: '\n', open: Vec::new(), out: &mut lettered }.write();
    }
    lettered
}

/// Where the writer stands in a paragraph.
struct Paragraph<'a, 'b> {
    rest: &'a str,
    /// The character before the rest.
    before: char,
    /// The signs that wait for their counterparts.
    open: Vec<&'a str>,
    out: &'b mut String,
}

impl<'a> Paragraph<'a, '_> {
    fn write(mut self) {
        while let Some(first) = self.rest.chars().next() {
            let token = token(self.rest, first);
            let after = &self.rest[token.len()..];
            match first {
                '`' => match code_span(after, token) {
                    Some(length) => self.copy(token.len() + length),
                    None => self.copy(token.len()),
                },
                '*' | '~' => self.emphasis(token, after.chars().next().unwrap_or('\n')),
                _ => self.copy(token.len()),
            }
        }
    }

    fn copy(&mut self, length: usize) {
        let (copied, rest) = self.rest.split_at(length);
        self.out.push_str(copied);
        self.before = copied.chars().next_back().unwrap_or(self.before);
        self.rest = rest;
    }

    fn emphasis(&mut self, token: &'a str, after: char) {
        let before = self.before;
        let foreign = is_foreign(before) || is_foreign(after);
        let waits = self.open.iter().rposition(|open| *open == token);
        match waits.filter(|_| !before.is_whitespace()) {
            Some(at) => {
                self.open.truncate(at);
                if foreign && is_sign(before) && !is_sign(after) && !after.is_whitespace() {
                    self.out.push(LETTER);
                }
                self.copy(token.len());
            }
            None => {
                self.copy(token.len());
                if waits.is_none() && !after.is_whitespace() {
                    self.open.push(token);
                    if foreign && is_sign(after) && !is_sign(before) && !before.is_whitespace() {
                        self.out.push(LETTER);
                    }
                }
            }
        }
    }
}

/// What CommonMark takes for punctuation: neither letter nor digit nor white space.
fn is_sign(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && !super::math::is_placeholder(c)
}

/// A character of Chinese, Japanese or Korean, their punctuation included.
fn is_foreign(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::{Document, Kind};

    /// The text with `<>` around what is bold, `//` around what is italic, `--` around what is struck out.
    fn seen(markdown: &str) -> String {
        let spans = Document::parse(markdown).blocks.into_iter().flat_map(|block| block.spans);
        let wrap = |on: bool, text: String, a: &str, b: &str| if on { format!("{a}{text}{b}") } else { text };
        spans
            .map(|span| {
                let text = wrap(span.style.bold, span.text, "<", ">");
                let text = wrap(span.style.italic, text, "/", "/");
                wrap(span.style.strike, wrap(span.style.code, text, "`", "`"), "-", "-")
            })
            .collect()
    }

    #[test]
    fn emphasis_beside_chinese_punctuation_is_read() {
        let cases = [
            ("**学习率：**表示步长", "<学习率：>表示步长"),
            ("这是**“引号”**的例子", "这是<“引号”>的例子"),
            ("**梯度（gradient）**是", "<梯度（gradient）>是"),
            ("见**(a)**节，*注意！*然后~~删去。~~好", "见<(a)>节，/注意！/然后-删去。-好"),
            ("**Loss.**表示**误差。**The end", "<Loss.>表示<误差。>The end"),
            ("甲：**乙**，丙：**丁**。", "甲：<乙>，丙：<丁>。"),
            ("**甲（*乙*）丙**", "<甲（>/<乙>/<）丙>"),
            ("**중요:**입니다", "<중요:>입니다"),
            ("- **第一：**甲\n- **第二：**乙", "<第一：>甲<第二：>乙"),
            ("> **第一：**甲", "<第一：>甲"),
            ("**公式 $x$：**表示", "<公式 x：>表示"),
            // As CommonMark has it.
            ("2 * 3 * 4，**x** *y*", "2 * 3 * 4，<x> /y/"),
            ("**foo.**bar", "**foo.**bar"),
            (r"甲：\*乙\*：丙", "甲：*乙*：丙"),
            ("`**甲：**乙` **丙：**丁", "`**甲：**乙` <丙：>丁"),
            ("甲 **乙", "甲 **乙"),
        ];
        for (markdown, read) in cases {
            assert_eq!(seen(markdown), read, "{markdown:?}");
        }
    }

    #[test]
    fn code_and_addresses_are_left_alone() {
        let code = "```text\n**甲：**乙 *丙。*丁\n```";
        let document = Document::parse(code);
        assert!(matches!(document.blocks[0].kind, Kind::Code { .. }));
        assert_eq!(document.text(), "**甲：**乙 *丙。*丁");
        let document = Document::parse("[甲](http://a.b/**甲：**乙)");
        assert_eq!(document.blocks[0].spans[0].style.link.as_deref(), Some("http://a.b/**甲：**乙"));
    }

    proptest! {
        /// Whatever stands inside and around, a bold run of Chinese is bold, and nothing else is.
        #[test]
        fn bold_runs_are_bold(
            before in "[甲乙、。：（“ a]{0,4}", inside in "[甲a“（《][甲乙，：a ]{0,4}[甲a”）》：。！]", after in "[甲乙、。：）” a]{0,4}",
        ) {
            prop_assume!(before.ends_with([' ', '甲', '乙', '、', '。', '：', '（', '“']) || before.is_empty());
            prop_assume!(after.starts_with([' ', '甲', '乙', '、', '。', '：', '）', '”']) || after.is_empty());
            let read = seen(&format!("{before}**{inside}**{after}"));
            let expected = format!("{before}<{inside}>{after}");
            prop_assert_eq!(read, expected.trim());
        }

        /// The invisible letter never reaches a reader.
        #[test]
        fn nothing_is_added(text in r"[甲：。a*~`\\ \n>$\[\]()#-]{0,60}") {
            prop_assert!(!Document::parse(&text).text().contains(LETTER));
            let without: String = lettered(&text).chars().filter(|c| *c != LETTER).collect();
            prop_assert_eq!(without, text);
        }
    }
}
