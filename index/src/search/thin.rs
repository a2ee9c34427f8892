//! Passages that repeat a better one are left out: the same page in two versions, a slide and its handout.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use crate::Hit;
use crate::analyze::is_han;

/// The share of different words that two passages have in common from which on they say the same.
const SAME: f32 = 0.9;

/// The first `limit` hits that do not repeat an earlier one, in their order.
pub(super) fn thin(hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    let mut kept: Vec<Hit> = Vec::new();
    let mut words: Vec<HashSet<u64>> = Vec::new();
    for hit in hits {
        if kept.len() == limit {
            break;
        }
        let own = different_words(&hit.passage.text);
        if !words.iter().any(|other| alike(&own, other) >= SAME) {
            words.push(own);
            kept.push(hit);
        }
    }
    kept
}

/// The hashes of the words of a text in small letters, and of its Chinese characters. Roughly: cutting and stemming twenty
/// passages takes longer than searching.
fn different_words(text: &str) -> HashSet<u64> {
    let runs = text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    let mut words = HashSet::new();
    for run in runs {
        let plain: String = run.chars().filter(|c| !is_han(*c)).flat_map(char::to_lowercase).collect();
        words.extend(run.chars().filter(|c| is_han(*c)).map(|c| hash(&c)));
        words.extend((!plain.is_empty()).then(|| hash(&plain)));
    }
    words
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The share that two sets have in common of what either has (Jaccard); nothing and nothing have nothing in common.
fn alike(a: &HashSet<u64>, b: &HashSet<u64>) -> f32 {
    // A set that is much smaller cannot be alike; counting the common ones is what costs.
    let (small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if (small.len() as f32) < SAME * large.len() as f32 || large.is_empty() {
        return 0.0;
    }
    let common = small.iter().filter(|word| large.contains(*word)).count();
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
        let places = |limit| thin(hits.clone(), limit).iter().map(|hit| hit.passage.place).collect::<Vec<_>>();
        assert_eq!(places(10), [0, 2, 4]);
        assert_eq!(places(2), [0, 2]);
        assert_eq!(thin(vec![hit(0, "?"), hit(1, "?")], 5).len(), 2);
    }
}
