//! Passages that repeat a better one are left out: the same page in two versions, a slide and its handout.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use crate::analyze::is_han;
use crate::{Hit, IndexError};

/// The share of different words that two passages have in common from which on they say the same.
const SAME: f32 = 0.9;

/// The first `limit` hits that do not repeat an earlier one, in their order; those behind are not asked for.
pub(super) fn thin(hits: impl Iterator<Item = Result<Hit, IndexError>>, limit: usize) -> Result<Vec<Hit>, IndexError> {
    let mut kept: Vec<Hit> = Vec::new();
    let mut words: Vec<Vec<u64>> = Vec::new();
    for hit in hits {
        let hit = hit?;
        let own = different_words(&hit.passage.text);
        if !words.iter().any(|other| alike(&own, other) >= SAME) {
            words.push(own);
            kept.push(hit);
        }
        if kept.len() == limit {
            break;
        }
    }
    Ok(kept)
}

/// The hashes of the words of a text in small letters, and of its Chinese characters; sorted, each once. Roughly: cutting and
/// stemming twenty passages takes longer than searching.
fn different_words(text: &str) -> Vec<u64> {
    let mut words = Vec::with_capacity(text.len() / 5);
    for run in text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        let (mut plain, mut letters) = (FxHasher::default(), false);
        for c in run.chars() {
            if is_han(c) {
                let mut own = FxHasher::default();
                c.hash(&mut own);
                words.push(own.finish());
            } else {
                c.to_lowercase().for_each(|c| c.hash(&mut plain));
                letters = true;
            }
        }
        words.extend(letters.then(|| plain.finish()));
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// The share that two sorted sets have in common of what either has (Jaccard); nothing and nothing have nothing in common.
fn alike(a: &[u64], b: &[u64]) -> f32 {
    // A set that is much smaller cannot be alike; counting the common ones is what costs.
    let (small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if (small.len() as f32) < SAME * large.len() as f32 || large.is_empty() {
        return 0.0;
    }
    let common = small.iter().filter(|word| large.binary_search(word).is_ok()).count();
    common as f32 / (a.len() + b.len() - common) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Passage;

    fn hit(place: u32, text: &str) -> Hit {
        let (course, document) = ("c".to_owned(), "d".to_owned());
        let passage =
            Passage { course, document, section: Vec::new(), marks: Vec::new(), place, text: text.to_owned() };
        Hit { score: 1.0, coverage: 1.0, passage }
    }

    #[test]
    fn what_repeats_a_better_passage_is_left_out() {
        let first = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda";
        let hits = vec![
            hit(0, first),
            hit(1, &format!("{first} sigma")),
            hit(2, "alpha beta gamma delta"),
            hit(3, &first.to_uppercase()),
            hit(4, "学习率太大时，损失会发散。"),
        ];
        let thinned = |hits: Vec<Hit>, limit| thin(hits.into_iter().map(Ok), limit).unwrap();
        let places = |limit| thinned(hits.clone(), limit).iter().map(|hit| hit.passage.place).collect::<Vec<_>>();
        assert_eq!(places(10), [0, 2, 4]);
        assert_eq!(places(2), [0, 2]);
        assert_eq!(thinned(vec![hit(0, "?"), hit(1, "?")], 5).len(), 2);
    }
}
