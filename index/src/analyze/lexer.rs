//! Text to lexemes: runs of Chinese characters are cut by jieba, all else at Unicode's word borders.

use std::cell::RefCell;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use jieba_rs::Jieba;
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::numbers::numbers;
use super::simplified::simplified;

/// The dictionary, unpacked when the first Chinese text comes.
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Phrases that questions are built of; all are stop words.
pub(super) const QUESTIONS: &[&str] = &[
    "会怎样",
    "会怎么样",
    "会如何",
    "会发生什么",
    "怎么办",
    "是怎样",
    "是如何",
    "是什么",
    "什么是",
    "为什么",
    "有什么",
    "有哪些",
    "怎么样",
    "做什么",
    "用来做什么",
];

/// Finds them: the first; of two that begin at the same place, the longer.
static QUESTION: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let phrases = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(QUESTIONS);
    phrases.expect("the phrases are few and fixed")
});

/// The most bytes of a term; longer ones are no words and are cut.
const LONGEST: usize = 200;

/// A piece of text that means something, in small letters and Unicode's compatible form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lexeme {
    /// A word or an identifier.
    Word(String),
    /// A TeX command, without its backslash.
    Command(String),
    /// A number, as [`numbers`] gives it.
    Number(String),
    /// A Chinese word.
    Han(String),
}

impl Lexeme {
    /// The term that stands for it in the index.
    pub(super) fn into_term(self) -> String {
        match self {
            Self::Word(word) | Self::Command(word) => stem(word),
            Self::Number(text) | Self::Han(text) => text,
        }
    }

    /// The terms of an identifier's parts, when it has several.
    pub(super) fn parts(&self) -> Vec<String> {
        match self {
            Self::Word(word) if word.contains('_') => {
                word.split('_').filter(|part| !part.is_empty()).map(|part| stem(part.to_owned())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A Chinese character, also one of the rare blocks.
pub(crate) fn is_han(c: char) -> bool {
    // Most text has none, which one comparison tells.
    c >= '々'
        && matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '々' | '〇')
}

/// Cuts a text.
pub(super) fn lex(text: &str) -> Vec<Lexeme> {
    let text = normal(text);
    let mut lexemes = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let han = is_han(first);
        let end = rest.find(|c| is_han(c) != han).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if han {
            han_words(run, &mut lexemes);
        } else {
            words(run, &mut lexemes);
        }
        rest = after;
    }
    lexemes
}

/// Chinese words. The phrases that questions are built of are cut out first: in 学习率太大会怎样, jieba would else take
/// the end of the topic and the beginning of 会怎样 for the word 大会.
fn han_words(run: &str, lexemes: &mut Vec<Lexeme>) {
    let mut done = 0;
    for phrase in QUESTION.find_iter(run) {
        cut_words(&run[done..phrase.start()], lexemes);
        lexemes.push(Lexeme::Han(run[phrase.range()].to_owned()));
        done = phrase.end();
    }
    cut_words(&run[done..], lexemes);
}

/// Without guessing at unknown words: a guess depends on what stands around, and then a question and its passage are cut
/// differently.
fn cut_words(run: &str, lexemes: &mut Vec<Lexeme>) {
    let words = JIEBA.cut_for_search(run, false);
    lexemes.extend(words.into_iter().map(|word| Lexeme::Han(word.to_owned())));
}

/// The runs of Chinese characters in a text.
pub(super) fn han_runs(text: &str) -> Vec<String> {
    if text.is_ascii() || !text.chars().any(is_han) {
        return Vec::new();
    }
    let text = normal(text);
    text.split(|c| !is_han(c)).filter(|run| !run.is_empty()).map(str::to_owned).collect()
}

/// A run of Chinese characters as words that do not overlap.
pub(super) fn cut(run: &str) -> Vec<&str> {
    JIEBA.cut(run, false)
}

/// Small letters in Unicode's compatible form, Chinese simplified; raised digits as `^2`, lowered ones as `_2`, as TeX has them.
fn normal(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' => spelled.push('^'),
            '₀'..='₉' => spelled.push('_'),
            '①'..='⑳' => spelled.push(' '),
            '’' => {
                spelled.push('\'');
                continue;
            }
            _ => {}
        }
        spelled.push(c);
    }
    // Nearly all text is in that form already, and seeing so is cheaper than making it.
    match is_nfkc_quick(spelled.chars()) {
        IsNormalized::Yes => small(spelled.chars(), text.len()),
        _ => small(spelled.nfkc(), text.len()),
    }
}

fn small(chars: impl Iterator<Item = char>, length: usize) -> String {
    let mut text = String::with_capacity(length);
    for c in chars {
        if c.is_ascii() {
            text.push(c.to_ascii_lowercase());
        } else {
            text.extend(c.to_lowercase().map(simplified));
        }
    }
    text
}

fn words(text: &str, lexemes: &mut Vec<Lexeme>) {
    for (at, word) in text.unicode_word_indices() {
        if word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'_')) {
            lexemes.extend(numbers(word).into_iter().map(Lexeme::Number));
            continue;
        }
        let command = text[..at].ends_with('\\');
        let after = &text[at + word.len()..];
        let mark = ["++", "#"].into_iter().find(|mark| word.len() == 1 && after.starts_with(mark));
        for part in word.split(['.', ':', '·']) {
            let part = part.trim_matches(['_', '\'']);
            let part = part.strip_suffix("'s").unwrap_or(part);
            let part = [shortened(part), mark.unwrap_or_default()].concat();
            if !part.is_empty() {
                lexemes.push(if command { Lexeme::Command(part) } else { Lexeme::Word(part) });
            }
        }
    }
}

fn shortened(word: &str) -> &str {
    let mut end = word.len().min(LONGEST);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

thread_local! {
    static STEMS: RefCell<Stems> = RefCell::default();
}

/// The stems of words that were met; a course has a few thousand, and stemming is a fifth of the work of learning it.
#[derive(Default)]
struct Stems(FxHashMap<String, String>);

impl Stems {
    /// The most words that are kept.
    const MOST: usize = 20_000;

    fn of(&mut self, word: &str) -> String {
        if let Some(stem) = self.0.get(word) {
            return stem.clone();
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        let stem = Stemmer::create(Algorithm::English).stem(word).into_owned();
        self.0.insert(word.to_owned(), stem.clone());
        stem
    }
}

/// English words by Snowball's rules; identifiers and words of other scripts stay.
fn stem(word: String) -> String {
    if word.len() > 2 && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\'') {
        STEMS.with_borrow_mut(|stems| stems.of(&word))
    } else {
        word
    }
}
