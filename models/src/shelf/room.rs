//! Which models leave the memory for another one. Pure.

/// A model in memory, as far as its room goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Bytes that it takes.
    pub(super) bytes: u64,
    /// When it was last asked for; a larger number is later.
    pub(super) used: u64,
}

/// The places of the models that leave so that `needed` bytes more fit under `limit`: those asked for longest ago, and no
/// more than must. `leaving` bytes are being given back already. Where it would not fit though all left, all leave: what is
/// asked for is wanted more than what is not.
pub(super) fn leave(held: &[Held], leaving: u64, needed: u64, limit: u64) -> Vec<usize> {
    let mut all = leaving + needed + held.iter().map(|held| held.bytes).sum::<u64>();
    let mut order: Vec<usize> = (0..held.len()).collect();
    order.sort_by_key(|place| held[*place].used);
    // What is leaving already will be gone in the end.
    let goal = limit.saturating_add(leaving);
    let mut gone = Vec::new();
    for place in order {
        if all <= goal {
            break;
        }
        all -= held[place].bytes;
        gone.push(place);
    }
    gone.sort_unstable();
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(all: &[(u64, u64)]) -> Vec<Held> {
        all.iter().map(|(bytes, used)| Held { bytes: *bytes, used: *used }).collect()
    }

    #[test]
    fn who_was_asked_for_longest_ago_leaves_first_and_no_more_than_must() {
        let three = held(&[(4, 30), (2, 10), (3, 20)]);
        for (needed, limit, expected) in [
            (1, 10, vec![]),
            (2, 10, vec![1]),
            (3, 10, vec![1]),
            (4, 10, vec![1, 2]),
            (7, 10, vec![0, 1, 2]),
            (20, 10, vec![0, 1, 2]),
            (u64::MAX / 2, u64::MAX, vec![]),
        ] {
            assert_eq!(leave(&three, 0, needed, limit), expected, "{needed} of {limit}");
        }
        assert!(leave(&[], 0, 5, 1).is_empty());
    }

    #[test]
    fn nobody_leaves_for_room_that_is_being_given_back() {
        let one = held(&[(4, 1)]);
        assert!(leave(&one, 6, 6, 10).is_empty());
        assert_eq!(leave(&one, 6, 7, 10), [0]);
    }
}
