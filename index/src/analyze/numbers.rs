//! The numbers of a text, in one form, so that a claim's numbers can be looked for in its source.

use super::lexer::is_han;

/// The numbers written in digits, in order: `1,000` as `1000`, `50 %` and `50 percent` and `百分之50` as `50%`,
/// `−3` as `-3`, `007` as `7`. Digits in names (`x1`, `conv2d`) and the numbers of list items are no numbers.
#[must_use]
pub fn numbers(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().map(plain).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !starts_number(&chars, at) {
            at += 1;
            continue;
        }
        let (number, end) = number(&chars, at);
        if !in_name(&chars, at) && !numbers_item(&chars, at, end) {
            let sign = if is_negative(&chars, at) { "-" } else { "" };
            let percent = if is_percent(&chars, at, end) { "%" } else { "" };
            found.push(format!("{sign}{number}{percent}"));
        }
        at = end;
    }
    found
}

/// Full-width digits and signs as plain ones.
fn plain(c: char) -> char {
    match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        '％' => '%',
        '．' => '.',
        '−' | '－' => '-',
        _ => c,
    }
}

fn is_digit(chars: &[char], at: usize) -> bool {
    chars.get(at).is_some_and(char::is_ascii_digit)
}

fn starts_number(chars: &[char], at: usize) -> bool {
    let point =
        chars[at] == '.' && is_digit(chars, at + 1) && !at.checked_sub(1).is_some_and(|at| chars[at].is_alphanumeric());
    point || is_digit(chars, at)
}

/// The number in its one form, and where it ends.
fn number(chars: &[char], start: usize) -> (String, usize) {
    let mut text = String::new();
    let mut at = start;
    loop {
        match chars.get(at) {
            Some(c) if c.is_ascii_digit() => text.push(*c),
            Some('.') if is_digit(chars, at + 1) => text.push('.'),
            Some(',') if separates_thousands(chars, start, at) => {}
            Some('_') if at > start && is_digit(chars, at + 1) => {}
            _ => break,
        }
        at += 1;
    }
    if let Some(end) = exponent(chars, at) {
        text.extend(chars[at..end].iter().map(char::to_ascii_lowercase).filter(|c| *c != '+'));
        at = end;
    }
    let digits = text.trim_start_matches('0');
    let text = if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        format!("0{digits}")
    } else {
        digits.to_owned()
    };
    (text, at)
}

/// A comma between groups of three digits, the first of which may be shorter.
fn separates_thousands(chars: &[char], start: usize, at: usize) -> bool {
    let three = (1..=3).all(|n| is_digit(chars, at + n)) && !is_digit(chars, at + 4);
    let before = chars[start..at].iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let first = at - before == start;
    three && !chars[start..at].contains(&'.') && if first { (1..=3).contains(&before) } else { before == 3 }
}

/// The end of `e-3` behind a number.
fn exponent(chars: &[char], at: usize) -> Option<usize> {
    chars.get(at).filter(|c| matches!(c, 'e' | 'E'))?;
    let digits = if matches!(chars.get(at + 1), Some('+' | '-')) { at + 2 } else { at + 1 };
    let count = chars[digits.min(chars.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let end = digits + count;
    (count > 0 && !chars.get(end).is_some_and(|c| c.is_alphabetic() && !is_han(*c))).then_some(end)
}

/// Digits behind a letter belong to a name, but for sizes such as `32x32`.
fn in_name(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| chars[before]) else { return false };
    let size = matches!(before, 'x' | 'X' | '×') && at > 1 && is_digit(chars, at - 2);
    (before == '_' || (before.is_alphabetic() && !is_han(before))) && !size
}

/// A minus sign that stands before a number, not between two.
fn is_negative(chars: &[char], at: usize) -> bool {
    let minus = at.checked_sub(1).is_some_and(|at| chars[at] == '-');
    let opens = |c: char| c.is_whitespace() || "([{=,:;|$<>~≈≤≥（，：".contains(c);
    minus && at.checked_sub(2).is_none_or(|at| opens(chars[at]))
}

fn is_percent(chars: &[char], at: usize, end: usize) -> bool {
    let behind: String = chars[end..].iter().take(10).collect();
    let behind = behind.trim_start_matches([' ', '\u{a0}', '\\']).to_lowercase();
    let before: String = chars[at.saturating_sub(3)..at].iter().collect();
    ["%", "percent", "per cent", "pct"].iter().any(|sign| behind.starts_with(sign)) || before == "百分之"
}

/// `1.`, `2)` or `3、` at the start of a line.
fn numbers_item(chars: &[char], at: usize, end: usize) -> bool {
    let line = chars[..at].iter().rposition(|c| *c == '\n').map_or(0, |line| line + 1);
    let alone = chars[line..at].iter().all(|c| c.is_whitespace() || matches!(c, '(' | '（' | '>' | '*' | '#' | '-'));
    let mark = chars.get(end).is_some_and(|c| matches!(c, '.' | ')' | '、' | '）' | '．'));
    let apart = chars.get(end + 1).is_some_and(|c| c.is_whitespace() || is_han(*c) || *c == '*');
    alone && mark && apart && end - at <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("In 1998, 1,000 of 1,234,567.5 images", "1998 1000 1234567.5"),
            ("learning rates 0.001, .5 and 1e-3, 1E+4", "0.001 0.5 1e-3 1e4"),
            ("50%, 50 %, 50 percent, 12.5\\% and 百分之50", "50% 50% 50% 12.5% 50%"),
            ("from -3 to −4, but 3-5 and CIFAR-10", "-3 -4 3 5 10"),
            ("x=-2, f(-1), \\(y = -12\\)", "-2 -1 -12"),
            ("x1, h_2, conv2d, ResNet50 are names", ""),
            ("[32x32x3] and 224×224", "32 32 3 224 224"),
            ("1. First take 5\n2) then 6\n3、再取7", "5 6 7"),
            ("1. 2. 3", "2 3"),
            ("共有１，０００张，２０１２年的第3章", "1 0 2012 3"),
            ("Python 3.10 and 1.2.3", "3.10 1.2.3"),
            ("on 2014-05-03 at 12:30", "2014 5 3 12 30"),
            ("007 0.50 0 00", "7 0.50 0 0"),
            ("1_000_000 rows, f(1,2,3)", "1000000 1 2 3"),
            ("no digits, three words, 三", ""),
            ("5GB of 3D data, the 2nd", "5 3 2"),
        ] {
            assert_eq!(numbers(text).join(" "), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_numbers(text in "[0-9.,eE%_xX \\-\n百分之１中]{0,40}") {
            let _ = numbers(&text);
        }

        #[test]
        fn separators_make_no_difference(number in 1_000_u32..2_000_000_000) {
            let plain = number.to_string();
            let grouped: String = plain.chars().rev().enumerate().flat_map(|(n, c)| {
                (n > 0 && n % 3 == 0).then_some(',').into_iter().chain(Some(c))
            }).collect::<String>().chars().rev().collect();
            proptest::prop_assert_eq!(numbers(&grouped), vec![plain]);
        }
    }
}
