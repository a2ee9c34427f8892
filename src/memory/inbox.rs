//! Messages that were accepted: those on their way, those that must not be answered twice, and how far they reach.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tutor_bots::chat::{Acceptance, AccountId, Incoming, IncomingId, Mark, Pending};

use super::MemoryError;
use super::kinds::{Prunable, Seen, Waiting, pruning_key, pruning_time, seen_key};
use super::trees::{Change, ROOM_FOR_NEW, Trees};

/// How long the id of a delivered message stays known. Platforms deliver again for some days at most.
pub(super) const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Ids that one accepted message prunes at most: more than it brings.
const PRUNED_AT_ONCE: usize = 8;

pub(super) fn accept(trees: &mut Trees, incoming: &Incoming, now: Timestamp) -> Result<Acceptance, MemoryError> {
    let seen = seen_key(&incoming.id);
    let mut change = Change::with_room(ROOM_FOR_NEW);
    if let Some(before) = trees.get::<Seen>(&seen)? {
        if before.waiting.is_some() || now <= known_until(before.accepted) {
            return Ok(Acceptance::Known);
        }
        change.remove::<Prunable>(pruning_key(before.accepted, &seen));
    }
    prune(trees, &mut change, now)?;
    let number = trees.number(&mut change)?;
    change.put(seen, &Seen { accepted: now, waiting: Some(number) })?;
    let waiting = Waiting { incoming: incoming.clone(), accepted: now, standing: Vec::new() };
    change.put(number.to_be_bytes(), &waiting)?;
    trees.apply(&change)?;
    Ok(Acceptance::New)
}

fn known_until(accepted: Timestamp) -> Timestamp {
    accepted.checked_add(KNOWN_FOR).unwrap_or(Timestamp::MAX)
}

/// The key ends with that of the [`Seen`], after eight bytes of time.
fn prune(trees: &Trees, change: &mut Change, now: Timestamp) -> Result<(), MemoryError> {
    let oldest_kept = now.checked_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
    let end = pruning_time(oldest_kept);
    for entry in trees.scan::<Prunable>(&[])?.take(PRUNED_AT_ONCE) {
        let (key, _) = entry?;
        match key.split_at_checked(end.len()) {
            Some((time, seen)) if *time < end[..] => {
                change.remove::<Seen>(seen);
                change.remove::<Prunable>(key);
            }
            _ => break,
        }
    }
    Ok(())
}

pub(super) fn pending(trees: &Trees, platform: &str) -> Result<Vec<Pending>, MemoryError> {
    let mut pending = Vec::new();
    for entry in trees.scan::<Waiting>(&[])? {
        let Waiting { incoming, standing, .. } = entry?.1;
        if incoming.place.platform == platform {
            pending.push(Pending { incoming, standing });
        }
    }
    Ok(pending)
}

pub(super) fn set_standing(trees: &mut Trees, id: &IncomingId, messages: &[String]) -> Result<(), MemoryError> {
    let Some(number) = trees.get::<Seen>(seen_key(id))?.and_then(|seen| seen.waiting) else { return Ok(()) };
    let Some(waiting) = trees.get::<Waiting>(number.to_be_bytes())? else { return Ok(()) };
    let mut change = Change::default();
    change.put(number.to_be_bytes(), &Waiting { standing: messages.to_vec(), ..waiting })?;
    trees.apply(&change)
}

pub(super) fn delivered(trees: &mut Trees, id: &IncomingId) -> Result<(), MemoryError> {
    let mut change = Change::default();
    settle(trees, &mut change, id)?;
    trees.apply(&change)
}

/// The message leaves the inbox, its id stays.
pub(super) fn settle(trees: &Trees, change: &mut Change, id: &IncomingId) -> Result<(), MemoryError> {
    let seen = seen_key(id);
    let Some(Seen { accepted, waiting: Some(number) }) = trees.get(&seen)? else { return Ok(()) };
    change.remove::<Waiting>(number.to_be_bytes());
    change.put(pruning_key(accepted, &seen), &Prunable {})?;
    change.put(seen, &Seen { accepted, waiting: None })
}

pub(super) fn mark(trees: &mut Trees, mark: &Mark) -> Result<(), MemoryError> {
    let mut change = Change::default();
    change.put(mark.place.key(), mark)?;
    trees.apply(&change)
}

pub(super) fn marks(trees: &Trees, platform: &str) -> Result<Vec<Mark>, MemoryError> {
    let mut marks = Vec::new();
    for entry in trees.scan::<Mark>(&[])? {
        let mark = entry?.1;
        if mark.place.platform == platform {
            marks.push(mark);
        }
    }
    Ok(marks)
}

/// What waits from any of these accounts, in the order of acceptance.
pub(super) fn from_accounts(trees: &Trees, accounts: &[AccountId]) -> Result<Vec<Waiting>, MemoryError> {
    let accounts: BTreeSet<_> = accounts.iter().collect();
    let mut found = Vec::new();
    for entry in trees.scan::<Waiting>(&[])? {
        let waiting = entry?.1;
        if accounts.contains(&waiting.incoming.account) {
            found.push(waiting);
        }
    }
    Ok(found)
}
