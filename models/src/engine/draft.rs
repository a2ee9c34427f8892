//! Prompt-lookup drafting: an answer that quotes the notes goes on as they do, so what followed the same words before is
//! proposed, and one step checks several tokens at once. A wrong proposal costs time, never a word.

use super::Token;

/// The longest and the shortest run of tokens that is looked up.
const RUN: std::ops::RangeInclusive<usize> = 2..=4;

/// The most tokens of a draft.
pub(super) const MOST: usize = 32;

/// What followed the last tokens of `text` when they stood there before; the latest place of the longest run counts. Where
/// that place reaches into the draft itself, as in a text that repeats itself, the draft goes on from its own beginning.
pub(super) fn lookup(text: &[Token], most: usize) -> Vec<Token> {
    for run in RUN.rev() {
        let Some(end) = text.len().checked_sub(run).filter(|end| *end > 0) else { continue };
        let (before, last) = (&text[..text.len() - 1], &text[end..]);
        if let Some(at) = before.windows(run).rposition(|window| window == last) {
            let period = end - at;
            let mut draft: Vec<Token> = Vec::with_capacity(most);
            while draft.len() < most {
                draft.push(text[at + run + draft.len() % period]);
            }
            return draft;
        }
    }
    Vec::new()
}

/// How well one answer's drafts do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Luck {
    /// Drafted tokens that were right, recent ones counted more.
    right: f32,
    /// Drafted tokens of which it was found out: the right ones, and of each draft the first wrong one.
    tried: f32,
    /// Steps until the next try after drafts did not pay.
    rest: u32,
}

impl Default for Luck {
    fn default() -> Self {
        Self { right: 3.0, tried: 5.0, rest: 0 }
    }
}

impl Luck {
    /// Takes note of a draft of `drafted` tokens, of which the first `right` were right.
    pub(super) fn note(&mut self, drafted: usize, right: usize) {
        const FADES: f32 = 0.8;
        let wrong = usize::from(right < drafted);
        self.right = self.right * FADES + right as f32;
        self.tried = self.tried * FADES + (right + wrong) as f32;
    }

    /// How likely a drafted token is right when those before it are.
    fn share(&self) -> f32 {
        self.right / self.tried
    }

    /// How many tokens to draft: as many as write most tokens a second, when a step of `n` tokens takes `cost(n)`; `None`
    /// where that was never measured, which is reason to try. None at all when drafts do not pay: then it rests a while.
    pub(super) fn length(&mut self, cost: impl Fn(usize) -> Option<f32>) -> usize {
        if self.rest > 0 {
            self.rest -= 1;
            return 0;
        }
        let alone = cost(1);
        let mut best = (0, 1.0 / alone.unwrap_or(1.0));
        for drafted in [2, 4, 8, 16, MOST] {
            let (Some(alone), Some(cost)) = (alone, cost(1 + drafted)) else { return drafted };
            let speed = self.expected(drafted) / cost;
            // A tenth more than without: measurements vary.
            if speed > best.1.max(1.1 / alone) {
                best = (drafted, speed);
            }
        }
        if best.0 == 0 {
            self.rest = 16;
            // Some hope for the next try, which tells how it is by then.
            (self.right, self.tried) = (self.share().max(0.4), 1.0);
        }
        best.0
    }

    /// Tokens that a step with so many drafted ones is expected to write: each counts only when those before it are right.
    fn expected(self, drafted: usize) -> f32 {
        (0..=drafted).map(|n| self.share().powi(i32::try_from(n).unwrap_or(i32::MAX))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_place_of_the_longest_run_is_continued() {
        let cases: [(&[Token], &[Token]); 7] = [
            (&[1, 2, 3, 4, 9, 9, 1, 2], &[3, 4, 9]),
            (&[1, 2, 3, 1, 2, 4, 9, 1, 2], &[4, 9, 1]),
            (&[5, 1, 2, 3, 6, 1, 2, 7, 5, 1, 2], &[3, 6, 1]),
            (&[1, 1, 1, 1], &[1, 1, 1]),
            (&[7, 1, 2, 1, 2], &[1, 2, 1]),
            (&[1, 2], &[]),
            (&[], &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(lookup(text, 3), expected, "{text:?}");
        }
    }

    #[test]
    fn drafts_are_as_long_as_they_pay() {
        let flat = |n: usize| Some(10.0 + n as f32 * 0.1);
        let steep = |n: usize| Some(n as f32 * 5.0);
        let luck = |right| Luck { right, tried: 1.0, rest: 0 };
        let mut lucky = luck(0.95);
        assert_eq!(lucky.length(flat), MOST);
        assert_eq!(lucky.length(steep), 0, "a draft that saves nothing");
        let mut unlucky = luck(0.05);
        assert_eq!(unlucky.length(|n| Some(10.0 + n as f32)), 0);
        assert!((0..16).all(|_| unlucky.length(flat) == 0), "it rests after it did not pay");
        assert!(unlucky.length(flat) > 0, "and tries again");
        assert_eq!(Luck::default().length(|n| (n == 1).then_some(1.0)), 2, "what was never measured is tried");
    }

    #[test]
    fn luck_follows_what_happens() {
        let mut luck = Luck::default();
        (0..20).for_each(|_| luck.note(4, 4));
        assert!(luck.share() > 0.95);
        (0..20).for_each(|_| luck.note(4, 0));
        assert!(luck.share() < 0.05);
        // Three of four tokens right each time, or one wrong after three.
        (0..40).for_each(|_| luck.note(8, 3));
        assert!((luck.share() - 0.75).abs() < 0.01, "{}", luck.share());
    }
}
