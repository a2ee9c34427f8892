//! Text to sentences, for quoting and for checking an answer one claim at a time.

mod abbreviations;

use self::abbreviations::goes_on;
use super::lexer::is_han;

/// The sentences of a text, without the white space around them.
///
/// Every line ends a sentence, since extracted and generated text breaks lines between items and paragraphs
/// only. A fenced code block, a display formula, a table row and an indented line each stay whole.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (unit, after) = rest.split_at(whole(rest));
        if unit.is_empty() {
            let (line, after) = rest.split_at(rest.find('\n').map_or(rest.len(), |end| end + 1));
            split(line, &mut found);
            rest = after;
        } else {
            found.push(unit.trim());
            rest = after;
        }
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// The length of what stays whole at the start of `text`; 0 for an ordinary line.
fn whole(text: &str) -> usize {
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    let start = line.trim();
    let behind = |close: &str| {
        let from = line.len();
        let end = text[from..].find(close).map(|at| from + at + close.len());
        end.map(|end| text[end..].find('\n').map_or(text.len(), |line| end + line + 1))
    };
    if start.starts_with("```") || start.starts_with("~~~") {
        return behind(&start[..3]).unwrap_or(text.len());
    }
    for (open, close) in [("$$", "$$"), ("\\[", "\\]")] {
        if start.starts_with(open) && !start[open.len()..].contains(close) {
            return behind(close).unwrap_or(0);
        }
    }
    let indented = (line.starts_with("    ") || line.starts_with('\t'))
        && !start.starts_with(['-', '*', '•'])
        && !start.starts_with(|c: char| c.is_ascii_digit());
    if start.starts_with('|') || indented { line.len() } else { 0 }
}

/// Splits a line at the ends of its sentences.
fn split<'t>(line: &'t str, found: &mut Vec<&'t str>) {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let hidden = hidden(&chars);
    let mut start = 0;
    let mut at = 0;
    while at < chars.len() {
        if hidden[at] || !is_terminator(chars[at].1) {
            at += 1;
            continue;
        }
        let run = at + count(&chars[at..], is_terminator);
        let end = run + count(&chars[run..], is_closer);
        let offset = chars.get(end).map_or(line.len(), |(offset, _)| *offset);
        if ends(line, &chars, at, run, end) {
            found.push(line[start..offset].trim());
            start = offset;
        }
        at = end;
    }
    found.push(line[start..].trim());
}

fn count(chars: &[(usize, char)], is: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|(_, c)| is(*c)).count()
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_wide_terminator(c)
}

fn is_wide_terminator(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '；' | '｡')
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '"' | '\'' | '”' | '’' | '」' | '』' | '）' | '】' | '》' | '»' | '*' | '_' | '~')
}

/// Whether a sentence ends with the terminators from `at` to `run`; `end` is behind closing quotes.
fn ends(line: &str, chars: &[(usize, char)], at: usize, run: usize, end: usize) -> bool {
    if chars[at..run].iter().any(|(_, c)| is_wide_terminator(*c)) {
        return true;
    }
    let Some((offset, next)) = chars.get(end) else { return true };
    if !next.is_whitespace() {
        let before = at.checked_sub(1).map(|at| chars[at].1);
        return (is_han(*next) || *next == '“') && (chars[at].1 != '.' || before.is_some_and(is_han));
    }
    let rest = line[*offset..].trim_start();
    let Some(next) = rest.chars().next() else { return true };
    match chars[at].1 {
        '.' if run == at + 1 => !goes_on(&line[..chars[at].0], rest),
        '.' | '…' => !next.is_lowercase(),
        // A factorial or a comparison in running text.
        _ => !"=<>+-*/^,)".contains(next),
    }
}

/// Which characters are inside a formula or a piece of code.
fn hidden(chars: &[(usize, char)]) -> Vec<bool> {
    let mut hidden = vec![false; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let close: &[char] = match (chars[at].1, chars.get(at + 1).map(|(_, c)| *c)) {
            ('$', Some('$')) => &['$', '$'],
            ('$', Some(next)) if !next.is_whitespace() => &['$'],
            ('`', _) => &['`'],
            ('\\', Some('(')) => &['\\', ')'],
            ('\\', Some('[')) => &['\\', ']'],
            _ => {
                at += 1;
                continue;
            }
        };
        let from = at + close.len();
        let closes = |window: &[(usize, char)]| window.iter().map(|(_, c)| c).eq(close);
        let Some(length) = chars.get(from..).and_then(|rest| rest.windows(close.len()).position(closes)) else {
            at += 1;
            continue;
        };
        let end = from + length + close.len();
        hidden[at..end].fill(true);
        at = end;
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_sentences() {
        for (text, expected) in [
            ("One. Two! Three?", vec!["One.", "Two!", "Three?"]),
            ("See e.g. Fig. 3 of Dr. Smith. It is No. 5.", vec!["See e.g. Fig. 3 of Dr. Smith.", "It is No. 5."]),
            ("The answer is no. He left.", vec!["The answer is no.", "He left."]),
            ("The rate is 0.001. It decays, i.e. shrinks.", vec!["The rate is 0.001.", "It decays, i.e. shrinks."]),
            ("He said \"stop.\" She did.", vec!["He said \"stop.\"", "She did."]),
            ("This is **bold.** Next one.", vec!["This is **bold.**", "Next one."]),
            (
                "Multiply by the matrix W. The result is a vector.",
                vec!["Multiply by the matrix W.", "The result is a vector."],
            ),
            (
                "It was found by J. R. Smith in 1998. Later it spread.",
                vec!["It was found by J. R. Smith in 1998.", "Later it spread."],
            ),
            (
                "Cats, dogs, etc. are animals. Trees etc. They grow.",
                vec!["Cats, dogs, etc. are animals.", "Trees etc.", "They grow."],
            ),
            ("Smith et al. show this. Done.", vec!["Smith et al. show this.", "Done."]),
            ("1. First do this. Then that.\n2. Second.", vec!["1. First do this.", "Then that.", "2. Second."]),
            ("Use $f(x. y)$ here. Then `a. B` there.", vec!["Use $f(x. y)$ here.", "Then `a. B` there."]),
            ("Call np.dot(a, b) twice. 5! = 120 holds.", vec!["Call np.dot(a, b) twice.", "5! = 120 holds."]),
            ("Wait... what? Well... Yes.", vec!["Wait... what?", "Well...", "Yes."]),
            ("small letters too. they split here.", vec!["small letters too.", "they split here."]),
            ("No end", vec!["No end"]),
            ("- one\n- two. Three", vec!["- one", "- two.", "Three"]),
            ("  \n ", vec![]),
        ] {
            assert_eq!(sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn chinese_sentences() {
        for (text, expected) in [
            ("学习率很小。损失下降！对吗？", vec!["学习率很小。", "损失下降！", "对吗？"]),
            ("他说：“好。”然后走了。", vec!["他说：“好。”", "然后走了。"]),
            ("先看图1.2；再看表3。", vec!["先看图1.2；", "再看表3。"]),
            (
                "使用ReLU函数。The rest is English. 其余是中文。",
                vec!["使用ReLU函数。", "The rest is English.", "其余是中文。"],
            ),
            ("损失很小.梯度也小.", vec!["损失很小.", "梯度也小."]),
            ("真的？！是的。", vec!["真的？！", "是的。"]),
        ] {
            assert_eq!(sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn code_formulas_and_tables_stay_whole() {
        let text = "Look. See:\n```python\nx = 1. # One. Two.\n```\nAfter it.\n\n$$\na = 1. \\\\\nb = 2.\n$$\n| a. B | c |\n    y = 2. # Z. Q\n";
        assert_eq!(
            sentences(text),
            [
                "Look.",
                "See:",
                "```python\nx = 1. # One. Two.\n```",
                "After it.",
                "$$\na = 1. \\\\\nb = 2.\n$$",
                "| a. B | c |",
                "y = 2. # Z. Q",
            ]
        );
        assert_eq!(sentences("```\nnever closed. At all."), ["```\nnever closed. At all."]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_and_order_is_kept(text in "([A-Za-z0-9 .!?。！？；…)\\]\"”$`\\\\(\\[|中文\n]|```|\\$\\$){0,80}") {
            let mut rest = text.as_str();
            for sentence in sentences(&text) {
                proptest::prop_assert!(!sentence.is_empty());
                let at = rest.find(sentence).unwrap();
                proptest::prop_assert!(rest[..at].trim().is_empty(), "lost {:?}", &rest[..at]);
                rest = &rest[at + sentence.len()..];
            }
            proptest::prop_assert!(rest.trim().is_empty(), "lost {rest:?}");
        }
    }
}
