//! How long steps take on this machine, learned while it works: a step's size decides how evenly answers flow.

use std::time::Duration;

/// Sizes are counted together up to each power of two: 1, 2, 4, … 2,048 tokens.
const SIZES: usize = 12;

/// How much longer than a step without prompts one with a part of a prompt may take.
const STRETCH: f32 = 2.2;

/// Milliseconds that a step with a part of a short prompt may take in any case: five words a second are as fast as people
/// read, and small parts of prompts are read slowly.
const READABLE: f32 = 200.0;

/// A prompt of so many tokens is short: answers are slower beside it, but not for long.
const SHORT: usize = 1024;

/// The least of a prompt that a step reads beside answers.
const LEAST: usize = 8;

/// What a token takes in steps of each size, in milliseconds; recent ones count more.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Pace {
    each: [Option<f32>; SIZES],
}

fn size(tokens: usize) -> usize {
    (tokens.max(1).next_power_of_two().trailing_zeros() as usize).min(SIZES - 1)
}

impl Pace {
    /// Takes note of a step of `tokens` tokens, all of prompts or all of answers.
    pub(super) fn note(&mut self, tokens: usize, took: Duration) {
        let each = took.as_secs_f32() * 1000.0 / tokens.max(1) as f32;
        let known = self.each[size(tokens)].get_or_insert(each);
        *known += 0.2 * (each - *known);
    }

    /// What a step of so many tokens takes, in milliseconds; `None` where none of about that size was seen.
    pub(super) fn cost(&self, tokens: usize) -> Option<f32> {
        Some(self.each[size(tokens)]? * tokens as f32)
    }

    /// How much of prompts to read beside `writing` answers while `reading` prompts wait, the shortest of `shortest` tokens:
    /// as much as a step takes when more people wait for a first word than read on, else what lets answers flow evenly.
    pub(super) fn beside_answers(&self, writing: usize, reading: usize, shortest: usize, most: usize) -> usize {
        if reading > writing {
            return most;
        }
        let each = self.each[size(64)..].iter().flatten().copied().fold(f32::INFINITY, f32::min);
        let alone = self.cost(writing).unwrap_or(0.0);
        let readable = if shortest <= SHORT { READABLE } else { 0.0 };
        let room = (alone * STRETCH).max(readable) - alone;
        ((room / each) as usize).max(LEAST).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn it_learns_what_steps_take() {
        let mut pace = Pace::default();
        assert_eq!(pace.cost(3), None);
        pace.note(4, ms(40));
        assert_eq!((pace.cost(3), pace.cost(4), pace.cost(5)), (Some(30.0), Some(40.0), None));
        pace.note(4, ms(20));
        assert_eq!(pace.cost(4), Some(36.0));
        pace.note(100_000, ms(100_000));
        assert_eq!(pace.cost(2000), Some(2000.0));
    }

    #[test]
    fn a_prompt_stretches_steps_only_so_far() {
        let mut pace = Pace::default();
        assert_eq!(pace.beside_answers(4, 1, 300, 512), LEAST, "nothing is known yet");
        pace.note(4, ms(20));
        pace.note(128, ms(128));
        assert!((179..=180).contains(&pace.beside_answers(4, 1, 300, 512)), "up to a readable pace");
        assert_eq!(pace.beside_answers(4, 1, 6_000, 512), 24, "but only a stretch while a long one is read");
        pace.note(32, ms(400));
        assert!((479..=480).contains(&pace.beside_answers(32, 1, 300, 512)), "or a stretch of what it takes anyway");
        assert_eq!(pace.beside_answers(4, 5, 300, 512), 512, "more wait than read on");
    }
}
