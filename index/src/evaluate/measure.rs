//! Ranks to figures: how high the passages that answer stand, and how long finding them took.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::Serialize;

/// How many ranks of each search are looked at.
pub(super) const RANKS: usize = 10;

/// Means over all questions of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ranking {
    /// How many questions were asked.
    pub questions: usize,
    /// The share of what is relevant that stands first. With one relevant passage a question, it is the share of
    /// questions whose passage does.
    pub recall_1: f64,
    /// The same among the first five.
    pub recall_5: f64,
    /// The mean of 1 / rank of the first relevant passage among ten; 0 where there is none.
    pub mrr_10: f64,
    /// Normalised discounted cumulative gain of the first ten, with grades as gains, as trec_eval computes it.
    pub ndcg_10: f64,
}

/// What a question should find: units (passages, or whole documents) with their grades, of which 0 means nothing.
pub(super) type Relevant = BTreeMap<usize, u32>;

/// Gathers the figures of one question after the other.
#[derive(Debug, Default)]
pub(super) struct Tally {
    questions: usize,
    sums: [f64; 4],
}

impl Tally {
    /// Counts one search; of a unit that was found several times the first rank counts.
    pub(super) fn add(&mut self, found: &[usize], relevant: &Relevant) {
        let mut seen = HashSet::new();
        let gain = |unit: &usize| f64::from(relevant.get(unit).copied().unwrap_or(0));
        let gains: Vec<f64> =
            found.iter().take(RANKS).map(|unit| if seen.insert(*unit) { gain(unit) } else { 0.0 }).collect();
        let mut ideal: Vec<f64> = relevant.keys().map(gain).filter(|gain| *gain > 0.0).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        let recall = |ranks: usize| share(gains.iter().take(ranks).filter(|gain| **gain > 0.0).count(), ideal.len());
        let first = gains.iter().position(|gain| *gain > 0.0);
        let best = discounted(ideal.iter().take(RANKS));
        let figures = [
            recall(1),
            recall(5),
            first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
            if best > 0.0 { discounted(gains.iter()) / best } else { 0.0 },
        ];
        self.questions += 1;
        self.sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }

    /// The means.
    pub(super) fn ranking(&self) -> Ranking {
        let [recall_1, recall_5, mrr_10, ndcg_10] = self.sums.map(|sum| sum / self.questions.max(1) as f64);
        Ranking { questions: self.questions, recall_1, recall_5, mrr_10, ndcg_10 }
    }
}

/// Gains divided by the logarithm of their rank.
fn discounted<'a>(gains: impl Iterator<Item = &'a f64>) -> f64 {
    gains.zip(2_u32..).map(|(gain, rank)| gain / f64::from(rank).log2()).sum()
}

/// A part of a whole; 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The time within which half and 99 % of the searches were done, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

impl Latency {
    /// Of any number of searches; the percentiles are observed times (nearest rank).
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
            times.get(rank).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        Self { p50_ms: at(50), p99_ms: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(found: &[usize], relevant: &[(usize, u32)]) -> Ranking {
        let mut tally = Tally::default();
        tally.add(found, &relevant.iter().copied().collect());
        tally.ranking()
    }

    #[test]
    fn one_relevant_passage_at_rank_two() {
        let found = ranking(&[7, 3, 9], &[(3, 1)]);
        assert_eq!((found.recall_1, found.recall_5, found.mrr_10), (0.0, 1.0, 0.5));
        assert!((found.ndcg_10 - 0.630_929_753_571_457_4).abs() < 1e-12);
    }

    /// Worked by hand: (3/1 + 1/2) / (3/1 + 2/log2(3) + 1/2) with the unit of grade 2 missing.
    #[test]
    fn grades_are_gains_and_zero_is_not_relevant() {
        let found = ranking(&[1, 5, 3], &[(1, 3), (2, 2), (3, 1), (5, 0)]);
        let ideal = 3.0 + 2.0 / 3_f64.log2() + 0.5;
        assert!((found.ndcg_10 - 3.5 / ideal).abs() < 1e-12);
        assert!((found.recall_1 - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_unit_that_is_found_twice_counts_once() {
        let found = ranking(&[4, 4, 4], &[(4, 1), (6, 1)]);
        assert_eq!((found.recall_5, found.mrr_10), (0.5, 1.0));
        assert!(found.ndcg_10 < 1.0);
    }

    #[test]
    fn nothing_found_is_zero_and_means_are_over_all_questions() {
        let mut tally = Tally::default();
        tally.add(&[], &[(1, 1)].into());
        tally.add(&[1], &[(1, 1)].into());
        let ranking = tally.ranking();
        assert_eq!((ranking.questions, ranking.mrr_10, ranking.ndcg_10), (2, 0.5, 0.5));
        assert_eq!(Tally::default().ranking().mrr_10, 0.0);
    }

    #[test]
    fn percentiles_are_times_that_were_seen() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(Latency::of(times), Latency { p50_ms: 100.0, p99_ms: 198.0 });
        assert_eq!(Latency::of(Vec::new()), Latency { p50_ms: 0.0, p99_ms: 0.0 });
    }
}
