//! Traditional Chinese characters as simplified ones, so that either finds the other.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Each line: a simplified character and the traditional ones that are written so. Made of `TSCharacters.txt` of OpenCC
/// (Apache-2.0), the first simplified form of each. The crates that convert whole texts choose among forms by phrases,
/// at ten times the size; for searching it is enough that both sides come out alike.
static TABLE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let pairs = include_str!("simplified.txt").lines().flat_map(|line| {
        let mut characters = line.chars();
        let simple = characters.next();
        characters.filter_map(move |traditional| Some((traditional, simple?)))
    });
    pairs.collect()
});

/// The simplified form of a character; any other character as it is.
pub(super) fn simplified(c: char) -> char {
    // Nothing before the Chinese blocks is looked up.
    if c < '\u{3400}' { c } else { TABLE.get(&c).copied().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_becomes_simplified_and_all_else_stays() {
        let text: String = "學習率與機器學習，乾燥ABC後來の".chars().map(simplified).collect();
        assert_eq!(text, "学习率与机器学习，干燥ABC后来の");
    }

    #[test]
    fn what_is_simplified_stays() {
        let changed: Vec<char> = TABLE.values().copied().filter(|simple| simplified(*simple) != *simple).collect();
        assert_eq!(changed, [], "a second look-up would change them");
        assert!(TABLE.len() > 4_000);
    }
}
