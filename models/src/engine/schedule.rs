//! What the next step computes, and where a new prompt goes. Pure: state in, decision out.

use super::Token;

/// What a slot wants of the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It holds no request.
    Nothing,
    /// It has this many tokens of its prompt to read, at least 1.
    Read {
        /// Tokens that are left.
        rest: usize,
        /// Tokens that there were when it began.
        of: usize,
        /// When its request came in; a smaller number is earlier.
        since: u64,
    },
    /// It writes: one token, and drafted ones to be checked.
    Write {
        /// Tokens, at least 1.
        tokens: usize,
    },
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

/// Every so many steps the prompt that waits longest is read first, so that short ones cannot starve it.
const OLDEST: u64 = 4;

/// Step number `turn`, in the order of slots. Every answer gets its token; what is left goes to the prompts, those with
/// least left to read first, since so most people see a first word soonest. One prompt gets as much as it can take before
/// the next gets any: llama.cpp computes the parts of prompts of unequal length one after another.
pub(super) fn step(wants: &[Want], budget: Budget, turn: u64) -> Vec<Share> {
    let mut tokens = vec![0; wants.len()];
    let mut room = budget.step;
    let mut reading: Vec<(usize, usize, u64)> = Vec::new();
    for (slot, want) in wants.iter().enumerate() {
        match want {
            Want::Write { tokens: wanted } => {
                tokens[slot] = (*wanted).min(room);
                room -= tokens[slot];
            }
            Want::Read { rest, since, .. } => reading.push((slot, *rest, *since)),
            Want::Nothing => {}
        }
    }
    if room < budget.step {
        room = room.min(budget.beside_answers);
    }
    if turn.is_multiple_of(OLDEST) {
        reading.sort_by_key(|(.., since)| *since);
    } else {
        reading.sort_by_key(|(_, rest, since)| (*rest, *since));
    }
    for (slot, rest, _) in reading {
        tokens[slot] = rest.min(room);
        room -= tokens[slot];
    }
    tokens
        .into_iter()
        .enumerate()
        .filter(|(_, tokens)| *tokens > 0)
        .map(|(slot, tokens)| Share { slot, tokens })
        .collect()
}

/// What a slot holds, as a prompt that looks for a place sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holding<'a> {
    /// The tokens whose state it keeps.
    pub(super) kept: &'a [Token],
    /// The prompt that it is about to read, where it has not read all of it.
    pub(super) reading: Option<&'a [Token]>,
    /// It has no request.
    pub(super) free: bool,
    /// When it was last used; a larger number is later.
    pub(super) used: u64,
}

/// Where a prompt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a free slot.
    Slot {
        /// The slot.
        slot: usize,
        /// Whose state of the first `reused` tokens it takes.
        source: Source,
        /// Tokens that need not be computed.
        reused: usize,
    },
    /// Nowhere yet: another slot is reading what it begins with, and it can copy that.
    Follow,
    /// Nowhere: no slot is free.
    Full,
}

/// Where the state of a prompt's beginning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// In the slot itself.
    Own,
    /// In another slot.
    Slot(usize),
    /// Among the states that were kept when their slots were given away.
    Kept,
}

/// A shorter beginning is read again rather than waited for or copied.
const WORTH_COPYING: usize = 16;

/// The place of a prompt, of which `kept` tokens are known outside the slots. At least one of its tokens is left to
/// compute, since the next one follows from it.
pub(super) fn place(prompt: &[Token], slots: &[Holding<'_>], kept: usize) -> Place {
    let most = prompt.len().saturating_sub(1);
    let shared = |tokens: &[Token]| tokens.iter().zip(prompt).take_while(|(a, b)| a == b).count().min(most);
    let kept = kept.min(most);
    let ready: Vec<usize> = slots.iter().map(|slot| shared(slot.kept)).collect();
    let promised = slots.iter().filter_map(|slot| slot.reading).map(shared).max().unwrap_or(0);
    let best = |slots: &mut dyn Iterator<Item = usize>| slots.max_by_key(|slot| (ready[*slot], usize::MAX - slot));
    let free = |slot: &usize| slots[*slot].free;
    let Some(own) = best(&mut (0..slots.len()).filter(free)) else { return Place::Full };
    let Some(any) = best(&mut (0..slots.len())) else { return Place::Full };
    let known = ready[any].max(kept);
    if promised >= WORTH_COPYING && promised > known {
        return Place::Follow;
    }
    if ready[own] + WORTH_COPYING > known && ready[own] > 0 {
        return Place::Slot { slot: own, source: Source::Own, reused: ready[own] };
    }
    // The slot whose loss costs least: one that knows nothing, or was used longest ago.
    let Some(slot) =
        (0..slots.len()).filter(free).min_by_key(|slot| (!slots[*slot].kept.is_empty(), slots[*slot].used))
    else {
        return Place::Full;
    };
    if known < WORTH_COPYING {
        return Place::Slot { slot, source: Source::Own, reused: ready[slot] };
    }
    let source = if ready[any] >= kept { Source::Slot(any) } else { Source::Kept };
    Place::Slot { slot, source, reused: known }
}

/// A slot in use and a free one below it, where moving the one to the other lets a step be computed in fewer parts:
/// llama.cpp computes only sequences with consecutive numbers together.
pub(super) fn gap(busy: &[bool]) -> Option<(usize, usize)> {
    let last = busy.iter().rposition(|busy| *busy)?;
    let hole = busy[..last].iter().position(|busy| !busy)?;
    Some((last, hole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Want::{Nothing, Write};
    use super::*;

    const BUDGET: Budget = Budget { step: 8, beside_answers: 4 };

    fn read(rest: usize, since: u64) -> Want {
        Want::Read { rest, of: rest, since }
    }

    const WRITE: Want = Write { tokens: 1 };

    #[test]
    fn answers_come_first_and_short_prompts_before_long_ones() {
        let cases: [(&[Want], &[(usize, usize)]); 9] = [
            (&[], &[]),
            (&[Nothing, Nothing], &[]),
            (&[WRITE, Nothing, WRITE], &[(0, 1), (2, 1)]),
            (&[Write { tokens: 3 }, WRITE], &[(0, 3), (1, 1)]),
            (&[read(20, 0)], &[(0, 8)]),
            (&[read(20, 1), read(3, 2)], &[(0, 5), (1, 3)]),
            (&[read(20, 2), read(20, 1)], &[(1, 8)]),
            (&[WRITE, read(20, 1), read(3, 2)], &[(0, 1), (1, 1), (2, 3)]),
            (&[WRITE, read(20, 1)], &[(0, 1), (1, 4)]),
        ];
        for (wants, expected) in cases {
            let got: Vec<(usize, usize)> =
                step(wants, BUDGET, 1).iter().map(|share| (share.slot, share.tokens)).collect();
            assert_eq!(got, expected, "{wants:?}");
        }
    }

    #[test]
    fn a_long_prompt_holds_nobody_back_and_is_not_starved() {
        let mut rests = [100_usize, 6, 6];
        let mut done = Vec::new();
        for turn in 1..100 {
            let wants: Vec<Want> = rests
                .iter()
                .zip(0..)
                .map(|(rest, since)| if *rest > 0 { read(*rest, since) } else { Nothing })
                .collect();
            for share in step(&wants, BUDGET, turn) {
                rests[share.slot] -= share.tokens;
                if rests[share.slot] == 0 {
                    done.push(share.slot);
                }
            }
            // Short ones keep coming.
            if rests[2] == 0 && rests[0] > 0 {
                rests[2] = 6;
            }
        }
        assert_eq!((done[0], rests[0]), (1, 0), "{done:?}");
    }

    fn holding(kept: &'static [Token], free: bool, used: u64) -> Holding<'static> {
        Holding { kept, reading: None, free, used }
    }

    const LONG: [Token; 40] = [7; 40];

    #[test]
    fn a_prompt_goes_where_most_of_it_is_known() {
        let slots = [holding(&[1, 2, 9], true, 5), holding(&LONG, false, 9), holding(&[1, 2, 3, 4], true, 1)];
        let at = |slot, source, reused| Place::Slot { slot, source, reused };
        let mut longer = LONG.to_vec();
        longer.push(1);
        let cases: [(&[Token], Place); 5] = [
            (&[1, 2, 3, 5], at(2, Source::Own, 3)),
            (&[1, 2, 9, 9], at(0, Source::Own, 2 + 1)),
            (&[1, 2, 3, 4], at(2, Source::Own, 3)),
            (&[8, 8], at(2, Source::Own, 0)),
            (&longer, at(2, Source::Slot(1), 40)),
        ];
        for (prompt, expected) in cases {
            assert_eq!(place(prompt, &slots, 0), expected, "{prompt:?}");
        }
        assert_eq!(place(&longer, &slots, 41), at(2, Source::Slot(1), 40), "one token is left to compute");
        assert_eq!(place(&[1, 2, 3, 5], &slots, 4), at(2, Source::Own, 3), "a little more is not worth a copy");
        assert_eq!(place(&[1], &[], 9), Place::Full);
        assert_eq!(place(&[1], &[holding(&[1], false, 0)], 0), Place::Full);
    }

    #[test]
    fn what_is_being_read_is_waited_for_and_then_copied() {
        let other: Vec<Token> = LONG.iter().copied().chain([1, 1]).collect();
        let prompt: Vec<Token> = LONG.iter().copied().chain([2, 2]).collect();
        let mut slots =
            [Holding { kept: &LONG[..4], reading: Some(&other), free: false, used: 1 }, holding(&[], true, 0)];
        assert_eq!(place(&prompt, &slots, 0), Place::Follow);
        let kept = Place::Slot { slot: 1, source: Source::Kept, reused: 41 };
        assert_eq!(place(&prompt, &slots, 99), kept, "what was kept need not be waited for");
        slots[0].kept = &LONG;
        assert_eq!(place(&prompt, &slots, 30), Place::Slot { slot: 1, source: Source::Slot(0), reused: 40 });
    }

    #[test]
    fn an_empty_slot_is_taken_before_one_that_knows_something() {
        let slots = [holding(&LONG, true, 1), holding(&[], true, 9)];
        assert_eq!(place(&[1, 2], &slots, 0), Place::Slot { slot: 1, source: Source::Own, reused: 0 });
    }

    #[test]
    fn gaps_are_found() {
        let cases: [(&[bool], Option<(usize, usize)>); 5] = [
            (&[], None),
            (&[false, false], None),
            (&[true, true, false], None),
            (&[true, false, true, false], Some((2, 1))),
            (&[false, false, true, true], Some((3, 0))),
        ];
        for (busy, expected) in cases {
            assert_eq!(gap(busy), expected, "{busy:?}");
        }
    }

    proptest! {
        #[test]
        fn a_step_is_within_its_budget_and_goes_on_with_someone(
            wants in prop::collection::vec(
                prop_oneof![
                    Just(Nothing),
                    (1..4_usize).prop_map(|tokens| Write { tokens }),
                    (1..50_usize, 0..9_u64).prop_map(|(rest, since)| read(rest, since)),
                ],
                1..9,
            ),
            turn in 0..8_u64,
        ) {
            let shares = step(&wants, Budget { step: 32, beside_answers: 4 }, turn);
            prop_assert!(shares.is_sorted_by_key(|share| share.slot));
            let (mut reads, mut writes) = (0, 0);
            for share in &shares {
                match wants[share.slot] {
                    Want::Read { rest, .. } => { prop_assert!((1..=rest).contains(&share.tokens)); reads += share.tokens; }
                    Write { tokens } => { prop_assert_eq!(share.tokens, tokens); writes += share.tokens; }
                    Nothing => prop_assert!(false, "a slot without a request got a share"),
                }
            }
            prop_assert!(reads + writes <= 32 && (writes == 0 || reads <= 4));
            let reading = wants.iter().any(|want| matches!(want, Want::Read { .. }));
            prop_assert_eq!(reads > 0, reading);
        }

        #[test]
        fn a_place_is_free_and_its_source_knows_what_is_reused(
            prompt in prop::collection::vec(0..2_i32, 1..80),
            kept in prop::collection::vec((prop::collection::vec(0..2_i32, 0..80), any::<bool>(), 0..9_u64), 0..5),
            outside in 0..90_usize,
        ) {
            let slots: Vec<Holding<'_>> =
                kept.iter().map(|(kept, free, used)| Holding { kept, reading: None, free: *free, used: *used }).collect();
            match place(&prompt, &slots, outside) {
                Place::Slot { slot, source, reused } => {
                    prop_assert!(slots[slot].free && reused < prompt.len());
                    let source = match source {
                        Source::Own => slots[slot].kept,
                        Source::Slot(other) => slots[other].kept,
                        Source::Kept => &prompt[..outside.min(prompt.len())],
                    };
                    prop_assert_eq!(&source[..reused], &prompt[..reused]);
                }
                Place::Full => prop_assert!(slots.iter().all(|slot| !slot.free)),
                Place::Follow => prop_assert!(false, "nobody is reading"),
            }
        }
    }
}
