//! Where in the notes a question points: "in lecture 3", "on page 12", "第三章".

use std::sync::LazyLock;

use regex::Regex;

use crate::{Passage, Place};

/// How much a passage gains that stands where the question points: as much as half of all that was asked.
pub(super) const BONUS: f32 = 0.5;

/// What a question points to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Hints {
    /// Pages or slides.
    pub(super) pages: Vec<u32>,
    /// Numbers of lectures, chapters, sections, weeks and the like.
    pub(super) parts: Vec<u32>,
}

static ENGLISH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let before = r"(?:\b(?:in|on|from|of|at|see)\s+)?(?:\bthe\s+)?";
    let kind = r"\b(lecture|lesson|chapter|section|unit|week|part|module|lab|page|slide)s?";
    let number = r"\s*(?:no\.?|number|#)?\s*(\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b";
    Regex::new(&format!("(?i){before}{kind}{number}")).ok()
});

static CHINESE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kind = "(章|节|讲|课|单元|周|部分|页|张幻灯片|张)";
    Regex::new(&format!(
        "在?第\\s*([0-9０-９]{{1,4}}|[一二三四五六七八九十百两]{{1,5}})\\s*{kind}(?:中|里面|里|内|上)?的?"
    ))
    .ok()
});

impl Hints {
    /// Reads them, and the question without them; a question that only points is kept whole.
    pub(super) fn read(text: &str) -> (Self, String) {
        let mut hints = Self::default();
        let mut rest = text.to_owned();
        for (pattern, number, kind) in [(&ENGLISH, 2, 1), (&CHINESE, 1, 2)] {
            let Some(pattern) = pattern.as_ref() else { continue };
            for found in pattern.captures_iter(text) {
                let Some(value) = value(&found[number]) else { continue };
                let kind = found[kind].to_lowercase();
                let paged = matches!(kind.as_str(), "page" | "slide" | "页" | "张" | "张幻灯片");
                let known = if paged { &mut hints.pages } else { &mut hints.parts };
                known.push(value);
                rest = rest.replacen(&found[0], " ", 1);
            }
        }
        let only_points = crate::analyze::content_words(&rest).is_empty();
        (hints, if only_points { text.to_owned() } else { rest })
    }

    /// Whether it points anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.parts.is_empty()
    }

    /// Whether it points to a page.
    pub(super) fn names_page(&self, page: Option<u32>) -> bool {
        page.is_some_and(|page| self.pages.contains(&page))
    }

    /// Whether it points to a document by its number, as in `03-optimisation.md` or `lecture3.pdf`.
    pub(super) fn names_document(&self, name: &str) -> bool {
        let base = name.rsplit('/').next().unwrap_or(name);
        first_number(base).or_else(|| chinese_part(base)).is_some_and(|number| self.parts.contains(&number))
    }

    /// Whether a passage stands where it points to.
    pub(super) fn name(&self, passage: &Passage) -> bool {
        let place = passage.place_of("");
        let page = self.pages.is_empty() || self.names_page(place.and_then(Place::leaf));
        let file = || place.and_then(Place::file).is_some_and(|file| self.names_document(file));
        let heading = || passage.section.iter().any(|heading| self.names_heading(heading));
        let part = self.parts.is_empty() || self.names_document(&passage.document) || file() || heading();
        !self.is_empty() && page && part
    }

    /// A heading's own number: "3. Optimisation", "Lecture 3", "第三章".
    fn names_heading(&self, heading: &str) -> bool {
        let (inner, _) = Self::read(heading);
        let leading =
            heading.trim_start().split(|c: char| !c.is_ascii_digit()).next().and_then(|text| text.parse().ok());
        leading.into_iter().chain(inner.parts).any(|number: u32| self.parts.contains(&number))
    }
}

/// The first number of a name; a year is none.
fn first_number(name: &str) -> Option<u32> {
    let mut numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.find_map(|digits| digits.parse().ok().filter(|number| *number < 1_000))
}

fn chinese_part(name: &str) -> Option<u32> {
    value(&CHINESE.as_ref()?.captures(name)?[1])
}

/// A number in digits or in words.
fn value(text: &str) -> Option<u32> {
    const ENGLISH: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    if let Some(at) = ENGLISH.iter().position(|word| text.eq_ignore_ascii_case(word)) {
        return u32::try_from(at + 1).ok();
    }
    let digits: Option<String> =
        text.chars().map(|c| if c.is_ascii_digit() { Some(c) } else { wide_digit(c) }).collect();
    digits.and_then(|digits| digits.parse().ok()).or_else(|| chinese(text))
}

fn wide_digit(c: char) -> Option<char> {
    char::from_digit(u32::from(c).checked_sub(u32::from('０'))?, 10)
}

/// A Chinese number below a thousand: 十二, 二十, 一百零五 without 零.
fn chinese(text: &str) -> Option<u32> {
    const DIGITS: &str = "一二三四五六七八九";
    let (mut sum, mut digit) = (0, None);
    for c in text.chars() {
        match c {
            '百' => sum += digit.take().unwrap_or(1) * 100,
            '十' => sum += digit.take().unwrap_or(1) * 10,
            '两' => digit = Some(2),
            _ => digit = Some(u32::try_from(DIGITS.chars().position(|known| known == c)? + 1).ok()?),
        }
    }
    Some(sum + digit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;

    #[test]
    fn hints_are_read_and_taken_out() {
        for (text, pages, parts, rest) in [
            ("What is momentum in lecture 3?", vec![], vec![3], "What is momentum  ?"),
            ("on page 12, what does the figure show", vec![12], vec![], " , what does the figure show"),
            ("What did chapter two say about convexity", vec![], vec![2], "What did   say about convexity"),
            ("在第三章中，什么是梯度下降？", vec![], vec![3], " ，什么是梯度下降？"),
            ("第十二页的公式是什么意思", vec![12], vec![], " 公式是什么意思"),
            ("第２１讲里的动量", vec![], vec![21], " 动量"),
            ("summarise page 4", vec![4], vec![], "summarise  "),
            ("What is a page table?", vec![], vec![], "What is a page table?"),
            ("two sections later", vec![], vec![], "two sections later"),
            ("lecture 3", vec![], vec![3], "lecture 3"),
        ] {
            let (hints, left) = Hints::read(text);
            assert_eq!((hints.pages, hints.parts, left.as_str()), (pages, parts, rest), "{text}");
        }
    }

    #[test]
    fn chinese_numbers() {
        for (text, expected) in
            [("三", 3), ("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("一百", 100), ("两", 2)]
        {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn passages_stand_where_hints_point() {
        let passage = |document: &str, heading: &str, page: Option<u32>| Passage {
            course: "c".into(),
            document: document.into(),
            section: vec![heading.into()],
            marks: page.map(|page| Mark { start: 0, place: Place::Page { page } }).into_iter().collect(),
            place: 0,
            text: String::new(),
        };
        let third = Hints { pages: vec![], parts: vec![3] };
        for (document, heading, expected) in [
            ("03-learning-rate.md", "", true),
            ("lecture3.pdf", "", true),
            ("2024/lecture13.pdf", "", false),
            ("book.pdf", "3 Optimisation", true),
            ("book.pdf", "Chapter 3: Optimisation", true),
            ("book.pdf", "第三章 优化", true),
            ("第三讲.pptx", "", true),
            ("book.pdf", "13 Attention", false),
            ("book.pdf", "Three ideas", false),
        ] {
            assert_eq!(third.name(&passage(document, heading, None)), expected, "{document} {heading}");
        }
        let page = Hints { pages: vec![12], parts: vec![] };
        assert!(page.name(&passage("a.pdf", "", Some(12))) && !page.name(&passage("a.pdf", "", Some(1))));
        assert!(!Hints::default().name(&passage("a.pdf", "", Some(12))));
    }
}
