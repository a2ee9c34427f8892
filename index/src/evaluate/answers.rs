//! How good answers are: what they say beside known answers, what stands behind them, and what was refused.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::Coverage;
use super::measure::{Latency, share};
use crate::analyze::is_han;

/// What became of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The notes hold what was asked.
    pub covered: bool,
    /// The tutor said that they do not.
    pub refused: bool,
    /// It said what the notes say in their own words, since they did not support what the model wrote.
    pub quoted: bool,
    /// What it said, without marks; empty when it refused.
    pub text: String,
    /// Answers of which each is right; none where they are not known.
    pub gold: Vec<String>,
    /// For each source, whether it holds what was asked.
    pub sources: Vec<bool>,
    /// How many sentences it said.
    pub sentences: usize,
    /// How many of them the notes support.
    pub supported: usize,
    /// When the first word came; none when no model was asked.
    pub first_token: Option<Duration>,
}

/// The figures of many answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Answering {
    /// Whether the right questions were answered and refused.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// Questions that the notes hold and whose answer is known: the next two are over them, refusals count as 0.
    pub known: usize,
    /// The share whose answer contains a right one.
    pub contains: f64,
    /// The mean F1 over tokens with the right answer that is nearest: long answers are low in it, whatever they say.
    pub f1: f64,
    /// The share of sources that hold what was asked, over all answers about the notes.
    pub sources: f64,
    /// The share of sentences that the notes support, over all answers.
    pub supported: f64,
    /// The share of answers in the notes' own words.
    pub quoted: f64,
    /// How long the first word took, passages and all.
    pub first_token: Latency,
}

impl Answering {
    /// Of any number of answers.
    #[must_use]
    pub fn of(answers: &[Answer]) -> Self {
        let count = |covered, refused| {
            answers.iter().filter(|answer| answer.covered == covered && answer.refused == refused).count()
        };
        let (indexed, absent) = (count(true, false) + count(true, true), count(false, false) + count(false, true));
        let (answered, refused) = (share(count(true, false), indexed), share(count(false, true), absent));
        let about_notes = || answers.iter().filter(|answer| answer.covered);
        let known: Vec<&Answer> = about_notes().filter(|answer| !answer.gold.is_empty()).collect();
        let mean = |of: &dyn Fn(&Answer) -> f64| {
            known.iter().map(|answer| of(answer)).sum::<f64>() / known.len().max(1) as f64
        };
        let sources: Vec<bool> = about_notes().flat_map(|answer| answer.sources.iter().copied()).collect();
        let sum = |of: fn(&Answer) -> usize| answers.iter().map(of).sum();
        Self {
            coverage: Coverage { indexed, answered, absent, refused },
            known: known.len(),
            contains: mean(&|answer| f64::from(u8::from(holds(&answer.text, &answer.gold)))),
            f1: mean(&|answer| answer.gold.iter().map(|gold| f1(&answer.text, gold)).fold(0.0, f64::max)),
            sources: share(sources.iter().filter(|right| **right).count(), sources.len()),
            supported: share(sum(|answer| answer.supported), sum(|answer| answer.sentences)),
            quoted: share(sum(|answer| answer.quoted.into()), sum(|answer| (!answer.refused).into())),
            first_token: Latency::of(answers.iter().filter_map(|answer| answer.first_token).collect()),
        }
    }
}

/// Whether a text contains one of some answers, token by token.
#[must_use]
pub fn holds(text: &str, answers: &[String]) -> bool {
    let text = tokens(text);
    let stands = |answer: &String| {
        let answer = tokens(answer);
        !answer.is_empty() && text.windows(answer.len()).any(|window| window == answer)
    };
    answers.iter().any(stands)
}

/// The harmonic mean of precision and recall over tokens, each as often as it stands there, as SQuAD's own script computes it.
fn f1(text: &str, answer: &str) -> f64 {
    let (text, answer) = (tokens(text), tokens(answer));
    let mut left: HashMap<&str, usize> = HashMap::new();
    for token in &answer {
        *left.entry(token).or_default() += 1;
    }
    let mut common = 0;
    for token in &text {
        if let Some(left) = left.get_mut(token.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    share(2 * common, text.len() + answer.len())
}

/// SQuAD's normal form: small letters, no punctuation, no articles, words between spaces; each Chinese character is a
/// token, as CMRC's script has it.
fn tokens(text: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            c if is_han(c) => spaced.extend([' ', c, ' ']),
            c if c.is_alphanumeric() || c.is_whitespace() => spaced.push(c),
            _ => {}
        }
    }
    let words = spaced.split_whitespace().filter(|word| !matches!(*word, "a" | "an" | "the"));
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_or_chinese_characters() {
        for (text, expected) in [
            ("The U.S. won 1,000 medals!", "us won 1000 medals"),
            ("an  apple a day", "apple day"),
            ("用ReLU层，2012年。", "用 relu 层 2012 年"),
            ("?!", ""),
        ] {
            assert_eq!(tokens(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn an_answer_is_contained_at_the_borders_of_tokens() {
        for (text, answer, expected) in [
            ("It was Denver Broncos who won.", "the Denver Broncos", true),
            ("It was in 2012.", "12", false),
            ("该层用于分类任务。", "分类", true),
            ("该层用于任务。", "分类", false),
            ("anything", "", false),
        ] {
            assert_eq!(holds(text, &[answer.to_owned()]), expected, "{text} / {answer}");
        }
    }

    #[test]
    fn f1_by_hand() {
        // 2 of 5 said, 2 of 2 known: precision 0.4, recall 1.
        assert!((f1("Denver Broncos won in Santa", "Denver Broncos") - 4.0 / 7.0).abs() < 1e-9);
        // A token counts as often as it stands in both.
        assert!((f1("no no no", "no no") - 0.8).abs() < 1e-9);
        // 分类 of 分类任务: precision 0.5, recall 1.
        assert!((f1("分类任务", "分类") - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!((f1("", "x"), f1("x", ""), f1("x", "y")), (0.0, 0.0, 0.0));
    }

    #[test]
    fn figures_by_hand() {
        let gold = vec!["Denver Broncos".to_owned(), "Denver".to_owned()];
        let answers = [
            // Right: contains it, F1 with the nearer of two is 4/5; one of two sources holds it, 1 of 2 sentences stands.
            Answer {
                covered: true,
                text: "Denver Broncos won.".to_owned(),
                gold: gold.clone(),
                sources: vec![true, false],
                sentences: 2,
                supported: 1,
                first_token: Some(Duration::from_millis(200)),
                ..Answer::default()
            },
            // Refused though the notes hold it.
            Answer { covered: true, refused: true, gold, ..Answer::default() },
            // Answered though they do not; its source and answer cannot be right and are not looked at.
            Answer {
                text: "Denver.".to_owned(),
                gold: vec!["Denver".to_owned()],
                sources: vec![true],
                quoted: true,
                sentences: 2,
                supported: 2,
                first_token: Some(Duration::from_millis(400)),
                ..Answer::default()
            },
            Answer { refused: true, ..Answer::default() },
            Answer { refused: true, ..Answer::default() },
            // Nothing is known of its answer.
            Answer { covered: true, text: "Yes.".to_owned(), sources: vec![true], ..Answer::default() },
        ];
        let figures = Answering::of(&answers);
        assert_eq!(figures.coverage, Coverage { indexed: 3, answered: 2.0 / 3.0, absent: 3, refused: 2.0 / 3.0 });
        assert_eq!((figures.known, figures.contains), (2, 0.5));
        assert!((figures.f1 - 0.4).abs() < 1e-9);
        assert_eq!((figures.sources, figures.supported, figures.quoted), (2.0 / 3.0, 0.75, 1.0 / 3.0));
        assert_eq!(figures.first_token, Latency { p50_ms: 200.0, p99_ms: 400.0 });
        assert_eq!(Answering::of(&[]).contains, 0.0);
    }
}
