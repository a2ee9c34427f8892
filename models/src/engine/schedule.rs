//! Who gets how much of the next decode step, and which slot a new prompt gets. Pure: state in, decision out.

/// What a slot wants of the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It holds no request.
    Nothing,
    /// It has this many tokens of its prompt to read, at least 1.
    Read(usize),
    /// It writes: one token.
    Write,
}

/// A slot's part of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// The slot.
    pub(super) slot: usize,
    /// Tokens, at least 1.
    pub(super) tokens: usize,
}

/// How many tokens a step may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// The most of a step.
    pub(super) step: usize,
    /// The most for prompts while answers are written: their tokens come no later than such a step takes.
    pub(super) beside_answers: usize,
}

/// Whose turn it is to read first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Turns {
    next: usize,
}

impl Turns {
    /// The next step. Every answer gets its token; what is left goes to the prompts, in full to the first in turn and
    /// the rest to those after it. The turn then passes on, so that a long prompt does not hold back the others.
    pub(super) fn step(&mut self, wants: &[Want], budget: Budget) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for (slot, want) in wants.iter().enumerate() {
            if *want == Want::Write && shares.len() < budget.step {
                shares.push(Share { slot, tokens: 1 });
            }
        }
        let room = budget.step - shares.len();
        let mut room = if shares.is_empty() { room } else { room.min(budget.beside_answers) };
        let mut first = None;
        for slot in (0..wants.len()).map(|step| (self.next + step) % wants.len()) {
            let Want::Read(rest) = wants[slot] else { continue };
            let tokens = rest.min(room);
            if tokens == 0 {
                break;
            }
            shares.push(Share { slot, tokens });
            first.get_or_insert(slot);
            room -= tokens;
        }
        self.next = first.map_or(self.next, |slot| slot + 1);
        shares
    }
}

/// What a slot holds, for a prompt that looks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate<'a, T> {
    /// The slot.
    pub(super) slot: usize,
    /// The tokens whose state it keeps.
    pub(super) kept: &'a [T],
    /// When it was last used; a larger number is later.
    pub(super) used: u64,
}

/// The free slot for a prompt and how many of its tokens need not be computed: the slot with the longest common
/// prefix, of equal ones the one that was used longest ago. At least one token is left to compute, since the next one
/// follows from it.
pub(super) fn choose<T: PartialEq>(prompt: &[T], free: &[Candidate<'_, T>]) -> Option<(usize, usize)> {
    let most = prompt.len().saturating_sub(1);
    let shared = |kept: &[T]| kept.iter().zip(prompt).take_while(|(a, b)| a == b).count().min(most);
    free.iter()
        .rev()
        .map(|candidate| (shared(candidate.kept), candidate))
        .max_by(|(a, x), (b, y)| a.cmp(b).then(y.used.cmp(&x.used)))
        .map(|(reused, candidate)| (candidate.slot, reused))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Want::{Nothing, Read, Write};
    use super::*;

    const BUDGET: Budget = Budget { step: 8, beside_answers: 4 };

    fn shares(list: &[(usize, usize)]) -> Vec<Share> {
        list.iter().map(|(slot, tokens)| Share { slot: *slot, tokens: *tokens }).collect()
    }

    #[test]
    fn answers_come_first_and_prompts_share_the_rest() {
        let cases: [(&[Want], usize, &[(usize, usize)], usize); 9] = [
            (&[], 0, &[], 0),
            (&[Nothing, Nothing], 1, &[], 1),
            (&[Write, Nothing, Write], 0, &[(0, 1), (2, 1)], 0),
            (&[Read(20)], 0, &[(0, 8)], 1),
            (&[Read(3), Read(20)], 0, &[(0, 3), (1, 5)], 1),
            (&[Read(20), Read(20)], 1, &[(1, 8)], 2),
            (&[Read(20), Read(20)], 2, &[(0, 8)], 1),
            (&[Write, Read(20), Read(3)], 2, &[(0, 1), (2, 3), (1, 1)], 3),
            (&[Write, Read(20)], 0, &[(0, 1), (1, 4)], 2),
        ];
        for (wants, turn, expected, next) in cases {
            let mut turns = Turns { next: turn };
            assert_eq!(turns.step(wants, BUDGET), shares(expected), "{wants:?} from {turn}");
            assert_eq!(turns.next, next, "{wants:?} from {turn}");
        }
    }

    #[test]
    fn a_long_prompt_does_not_hold_back_a_short_one() {
        let (mut turns, mut rests) = (Turns::default(), [100_usize, 6, 6]);
        let mut done = Vec::new();
        while rests.iter().any(|rest| *rest > 0) {
            let wants = rests.map(|rest| if rest > 0 { Read(rest) } else { Nothing });
            for share in turns.step(&wants, BUDGET) {
                rests[share.slot] -= share.tokens;
                if rests[share.slot] == 0 {
                    done.push(share.slot);
                }
            }
        }
        assert_eq!(done, [1, 2, 0]);
    }

    #[test]
    fn a_prompt_gets_the_slot_that_knows_most_of_it() {
        let free = [
            Candidate { slot: 0, kept: &[1, 2, 9][..], used: 5 },
            Candidate { slot: 2, kept: &[1, 2, 3, 4][..], used: 1 },
            Candidate { slot: 3, kept: &[7][..], used: 2 },
        ];
        let cases: [(&[i32], Option<(usize, usize)>); 5] = [
            (&[1, 2, 3, 5], Some((2, 3))),
            (&[1, 2, 9, 9], Some((0, 3))),
            (&[1, 2, 3, 4], Some((2, 3))),
            (&[1, 2], Some((2, 1))),
            (&[8, 8], Some((2, 0))),
        ];
        for (prompt, expected) in cases {
            assert_eq!(choose(prompt, &free), expected, "{prompt:?}");
        }
        assert_eq!(choose::<i32>(&[1], &[]), None);
    }

    proptest! {
        #[test]
        fn a_step_is_within_its_budget_and_starves_nobody(
            wants in prop::collection::vec(prop_oneof![Just(Nothing), Just(Write), (1..50_usize).prop_map(Read)], 1..9),
            turn in 0..9_usize,
        ) {
            let mut turns = Turns { next: turn };
            let step = turns.step(&wants, Budget { step: 16, beside_answers: 4 });
            let (mut read, mut written) = (0, 0);
            for share in &step {
                match wants[share.slot] {
                    Read(rest) => { prop_assert!((1..=rest).contains(&share.tokens)); read += share.tokens; }
                    Write => { prop_assert_eq!(share.tokens, 1); written += 1; }
                    Nothing => prop_assert!(false, "a slot without a request got a share"),
                }
            }
            prop_assert_eq!(written, wants.iter().filter(|want| **want == Write).count());
            prop_assert!(read + written <= 16 && (written == 0 || read <= 4));
            let reading = wants.iter().any(|want| matches!(want, Read(_)));
            prop_assert_eq!(read > 0, reading);
        }
    }
}
