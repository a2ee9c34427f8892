//! Whether the notes cover a question: a probability from how well the best passages fit.

/// The logistic regression of "the question is about what is indexed" on the share of words and the cosine.
#[derive(Debug)]
struct Calibration {
    words: f32,
    meaning: f32,
    bias: f32,
}

/// With words alone.
const WORDS: Calibration = Calibration { words: 10.5, meaning: 0.0, bias: -4.62 };
/// With words and embeddings.
const BOTH: Calibration = Calibration { words: 7.6, meaning: 16.1, bias: -9.55 };

/// The probability, 0 to 1, calibrated so that at 0.5 about 95 % of the questions that the notes answer pass; see
/// `BENCHMARKS.md`. `words` is the share of the question's words that a passage holds, `meaning` the cosine of the two.
pub(super) fn coverage(words: f32, meaning: Option<f32>) -> f32 {
    let Calibration { words: a, meaning: b, bias } = if meaning.is_some() { BOTH } else { WORDS };
    1.0 / (1.0 + (-(a * words + b * meaning.unwrap_or(0.0) + bias)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_of_either_covers_more() {
        assert!(coverage(0.9, None) > 0.9 && coverage(0.2, None) < 0.2);
        assert!(coverage(0.5, Some(0.6)) > coverage(0.5, Some(0.2)));
        assert!(coverage(0.8, Some(0.4)) > coverage(0.2, Some(0.4)));
        assert!(coverage(0.0, Some(0.1)) < 0.1 && coverage(9.0, Some(1.0)) <= 1.0);
    }
}
