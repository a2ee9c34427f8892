//! The two languages that the tutor speaks.

use serde::{Deserialize, Serialize};

/// A language of the tutor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// All languages, the default first.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// `en` or `zh`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Reads an IETF tag such as `zh-Hans-CN` or a POSIX locale such as `zh_CN.UTF-8`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_', '.']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// The language that a text is written in; `None` when it has no letters to tell by.
    ///
    /// One Han character says about as much as three Latin letters, so "什么是 gradient descent?" is Chinese.
    pub fn of(text: &str) -> Option<Self> {
        let is_han = |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
        // Hexagrams stand among the Han characters and are no letters.
        let (han, latin): (Vec<char>, Vec<char>) = text.chars().filter(|c| c.is_alphabetic()).partition(is_han);
        let (han, latin) = (han.len(), latin.len());
        match (han, latin) {
            (0, 0) => None,
            (han, latin) if han * 6 >= latin => Some(Self::Zh),
            _ => Some(Self::En),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags_and_locales() {
        for (tag, expected) in [
            ("en", Some(Language::En)),
            ("en-GB", Some(Language::En)),
            ("zh_CN.UTF-8", Some(Language::Zh)),
            ("zh-Hant-TW", Some(Language::Zh)),
            ("C", None),
            ("", None),
        ] {
            assert_eq!(Language::from_tag(tag), expected, "{tag}");
        }
    }

    #[test]
    fn tells_the_language_of_a_text() {
        for (text, expected) in [
            ("What is backpropagation?", Some(Language::En)),
            ("什么是 gradient descent?", Some(Language::Zh)),
            ("Adam 算法", Some(Language::Zh)),
            ("What does 梯度 mean in this chapter of the notes, and where is it used?", Some(Language::En)),
            ("?! 12", None),
            ("䷀ 学习率太大会怎样？", Some(Language::Zh)),
            ("䷀", None),
        ] {
            assert_eq!(Language::of(text), expected, "{text}");
        }
    }
}
