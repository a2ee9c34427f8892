//! Turns, conversations and what they cost.

use tutor_bots::chat::IncomingId;
use tutor_models::generate::Usage;

use super::kinds::{Afresh, Numbers, TurnFor, TurnOf, TurnPlace, key, under};
use super::trees::{Change, Trees};
use super::{MemoryError, StudentId, TotalUsage, Turn, meter, students};

pub(super) fn record(trees: &mut Trees, turn: &Turn) -> Result<(), MemoryError> {
    let Some(student) = students::today(trees, &turn.student)? else { return Ok(()) };
    if trees.get::<TurnFor>(&turn.incoming.0)?.is_some() {
        return Ok(());
    }
    let mut change = Change::default();
    let number = trees.number(&mut change)?;
    let place = TurnPlace { conversation: turn.conversation.clone(), number };
    if turn.usage != Usage::default() {
        let mut total = usage(trees, &student)?;
        total.turns += 1;
        total.tokens += turn.usage;
        change.put(student.0.as_str(), &total)?;
        meter::add(trees, &mut change, &meter::of_turn(turn, &student), turn.at, turn.usage)?;
    }
    change.put(key(&student.0, &number.to_be_bytes()), &TurnOf(place.clone()))?;
    change.put(place.key(), &Turn { student, ..turn.clone() })?;
    change.put(turn.incoming.0.as_str(), &TurnFor(place))?;
    trees.apply(&change)
}

pub(super) fn answer_to(trees: &Trees, id: &IncomingId) -> Result<Option<Turn>, MemoryError> {
    match trees.get::<TurnFor>(&id.0)? {
        Some(TurnFor(place)) => trees.get(place.key()),
        None => Ok(None),
    }
}

pub(super) fn recent(trees: &Trees, conversation: &str, limit: usize) -> Result<Vec<Turn>, MemoryError> {
    let from = trees.get::<Afresh>(conversation)?.map_or(0, |afresh| afresh.from);
    let first = key(conversation, &from.to_be_bytes());
    let mut recent = Vec::new();
    for entry in trees.scan::<Turn>(&under(conversation))?.rev() {
        let (key, turn) = entry?;
        if recent.len() == limit || key < first {
            break;
        }
        if turn.dialogue {
            recent.push(turn);
        }
    }
    recent.reverse();
    Ok(recent)
}

pub(super) fn start_afresh(trees: &mut Trees, conversation: &str) -> Result<(), MemoryError> {
    let from = trees.get::<Numbers>(Numbers::KEY)?.unwrap_or_default().next;
    let mut change = Change::default();
    change.put(conversation, &Afresh { from })?;
    trees.apply(&change)
}

pub(super) fn usage(trees: &Trees, student: &StudentId) -> Result<TotalUsage, MemoryError> {
    Ok(trees.get(&student.0)?.unwrap_or_default())
}

/// Where a student's turns are, oldest first.
pub(super) fn places(trees: &Trees, student: &StudentId) -> Result<Vec<TurnPlace>, MemoryError> {
    trees.scan::<TurnOf>(&under(&student.0))?.map(|entry| Ok(entry?.1.0)).collect()
}

/// A student's turns, oldest first.
pub(super) fn of(trees: &Trees, student: &StudentId) -> Result<Vec<Turn>, MemoryError> {
    let mut turns = Vec::new();
    for place in places(trees, student)? {
        turns.extend(trees.get::<Turn>(place.key())?);
    }
    Ok(turns)
}
