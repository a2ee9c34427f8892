//! Two scores to one: what the words say, and what the embeddings say.
//!
//! Neither is ranked first: both have a scale of their own. A BM25 score is divided by what a passage of mean length
//! would get that holds every word once, so it is about 1 where everything was found; a cosine is at most 1 as it is.
//! Sums of such scores keep how much better the best passage is, which sums of ranks forget.

use super::bm25::Words;

/// How well a row fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub(super) row: usize,
    /// What rows are ordered by.
    pub(super) score: f32,
    /// The share of what was asked that its words hold: about 1 for all.
    pub(super) words: f32,
    /// The cosine with what was asked, when there are vectors.
    pub(super) meaning: Option<f32>,
}

/// The best rows of a range, the best first; equals in their order. Rows that hold no word and mean something else
/// are left out.
pub(super) fn fuse(
    words: &Words,
    cosines: Option<&[f32]>,
    meaning: f32,
    rows: &[std::ops::Range<usize>],
    limit: usize,
) -> Vec<Fit> {
    let share = if cosines.is_some() { meaning } else { 0.0 };
    let fit = |row: usize| {
        let fitting = if words.whole > 0.0 { words.scores[row] / words.whole } else { 0.0 };
        let meaning = cosines.map(|cosines| cosines[row]);
        let score = (1.0 - share) * fitting + share * meaning.unwrap_or(0.0);
        Fit { row, score, words: words.held[row], meaning }
    };
    best(rows.iter().cloned().flatten().map(fit), limit)
}

/// The fits with the highest scores above 0, the highest first; of equal ones the first.
fn best(fits: impl Iterator<Item = Fit>, limit: usize) -> Vec<Fit> {
    let better = |a: &Fit, b: &Fit| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row));
    let mut best: Vec<Fit> = Vec::new();
    // Most rows are worse than what is known already and cost one comparison.
    let mut least = 0.0;
    for fit in fits.filter(|_| limit > 0) {
        if fit.score > least {
            best.push(fit);
        }
        if best.len() >= limit.saturating_mul(8) {
            best.select_nth_unstable_by(limit - 1, better);
            best.truncate(limit);
            least = best[limit - 1].score;
        }
    }
    best.sort_by(better);
    best.truncate(limit);
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(scores: &[f32]) -> Words {
        let held = scores.iter().map(|score| score / 2.0).collect();
        Words { scores: scores.to_vec(), whole: 2.0, held }
    }

    fn rows(fits: &[Fit]) -> Vec<usize> {
        fits.iter().map(|fit| fit.row).collect()
    }

    #[test]
    fn without_vectors_words_decide_and_what_holds_none_is_left_out() {
        let fits = fuse(&words(&[1.0, 0.0, 2.0, 1.0]), None, 0.6, &[0..2, 2..4], 3);
        assert_eq!(rows(&fits), [2, 0, 3]);
        assert_eq!((fits[0].score, fits[0].words, fits[0].meaning), (1.0, 1.0, None));
    }

    #[test]
    fn both_scores_count_by_their_shares() {
        let found = |meaning| rows(&fuse(&words(&[2.0, 1.0, 0.0]), Some(&[0.1, 0.5, 0.9]), meaning, &[0..2, 2..3], 3));
        assert_eq!(found(0.0), [0, 1]);
        assert_eq!(found(1.0), [2, 1, 0]);
        assert_eq!(found(0.6), [2, 1, 0]);
        assert_eq!(found(0.3), [0, 1, 2]);
    }

    #[test]
    fn only_the_rows_of_the_ranges_are_found() {
        let scores = words(&[5.0, 4.0, 3.0, 2.0]);
        assert_eq!(rows(&fuse(&scores, None, 0.6, &[1..2, 3..4], 9)), [1, 3]);
        assert_eq!(rows(&fuse(&scores, None, 0.6, &[], 9)), [0; 0]);
        assert_eq!(rows(&fuse(&scores, None, 0.6, &[0..2, 2..4], 0)), [0; 0]);
    }
}
