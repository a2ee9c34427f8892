//! What is kept about one student: shown whole, or removed whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tutor_bots::chat::{AccountId, Mark};

use super::kinds::{Afresh, LinkOffer, Merged, Owner, PassedOn, PlaceCourse, TurnFor, TurnOf, key, under};
use super::trees::{Change, Trees};
use super::{Forgotten, Membership, MemoryError, Student, StudentId, TotalUsage, Turn};
use super::{courses, inbox, links, meter, questions, students, turns};

pub(super) fn export(trees: &Trees, id: &StudentId) -> Result<Option<Value>, MemoryError> {
    let Some(student) = students::with_id(trees, id)? else { return Ok(None) };
    let pending = inbox::from_accounts(trees, &student.accounts)?;
    let pending: Vec<_> =
        pending.iter().map(|waiting| json!({"accepted": waiting.accepted, "message": waiting.incoming})).collect();
    Ok(Some(json!({
        "student": student,
        "memberships": courses::of(trees, id)?,
        "turns": turns::of(trees, id)?,
        "questions": questions::of(trees, id)?,
        "usage": turns::usage(trees, id)?,
        "usage_by_day": meter::of_student(trees, id)?,
        "pending": pending,
        "link_code_expires": links::offered(trees, id)?.map(|offer| offer.expires),
    })))
}

pub(super) fn forget(trees: &mut Trees, id: &StudentId) -> Result<Forgotten, MemoryError> {
    let Some(student) = students::with_id(trees, id)? else {
        // An earlier attempt may have failed at its last step, the removal of the old files.
        trees.sweep()?;
        return Ok(Forgotten::default());
    };
    let mut change = Change::default();
    let turns = remove_turns(trees, &mut change, &student)?;
    remove_conversations(trees, &mut change, &student)?;
    let records = remove_profile(trees, &mut change, &student)? + remove_messages(trees, &mut change, &student)?;
    trees.rebuild(&change)?;
    Ok(Forgotten { turns, records })
}

fn remove_profile(trees: &Trees, change: &mut Change, student: &Student) -> Result<usize, MemoryError> {
    let id = student.id.0.as_str();
    let mut records = 1 + student.accounts.len();
    change.remove::<Student>(id);
    for account in &student.accounts {
        change.remove::<Owner>(account.as_str());
    }
    for name in links::names(trees, &student.id)? {
        change.remove::<Merged>(name);
    }
    for membership in courses::of(trees, &student.id)? {
        change.remove::<Membership>(key(id, membership.course.as_str().as_bytes()));
        records += 1;
    }
    records += usize::from(links::offered(trees, &student.id)?.is_some());
    change.remove::<LinkOffer>(id);
    records += usize::from(trees.get::<TotalUsage>(id)?.is_some());
    change.remove::<TotalUsage>(id);
    Ok(records + meter::remove(trees, change, &student.id)?)
}

/// Questions to the teacher, and messages that are not answered yet.
fn remove_messages(trees: &Trees, change: &mut Change, student: &Student) -> Result<usize, MemoryError> {
    let questions = questions::of(trees, &student.id)?;
    for question in &questions {
        change.remove::<PassedOn>(question.incoming.0.as_str());
    }
    let waiting = inbox::from_accounts(trees, &student.accounts)?;
    for message in &waiting {
        inbox::settle(trees, change, &message.incoming.id)?;
    }
    Ok(questions.len() + waiting.len())
}

fn remove_turns(trees: &Trees, change: &mut Change, student: &Student) -> Result<usize, MemoryError> {
    let places = turns::places(trees, &student.id)?;
    for place in &places {
        if let Some(turn) = trees.get::<Turn>(place.key())? {
            change.remove::<TurnFor>(turn.incoming.0);
        }
        change.remove::<Turn>(place.key());
        change.remove::<TurnOf>(key(&student.id.0, &place.number.to_be_bytes()));
    }
    Ok(places.len())
}

/// What is kept about conversations in which nobody but this student has spoken.
fn remove_conversations(trees: &Trees, change: &mut Change, student: &Student) -> Result<(), MemoryError> {
    let spoke: BTreeSet<_> = turns::places(trees, &student.id)?.into_iter().map(|place| place.conversation).collect();
    let waits = inbox::from_accounts(trees, &student.accounts)?;
    let waits: BTreeSet<_> = waits.iter().map(|waiting| waiting.incoming.place.key()).collect();
    let theirs = |key: &str| spoke.contains(key) || waits.contains(key) || names_account(key, student);
    for conversation in conversations(trees)? {
        if theirs(&conversation) && alone(trees, &conversation, &student.id)? {
            change.remove::<Afresh>(conversation.as_str());
            change.remove::<Mark>(conversation.as_str());
            change.remove::<PlaceCourse>(conversation);
        }
    }
    Ok(())
}

/// Conversations of which something is kept besides their turns.
fn conversations(trees: &Trees) -> Result<BTreeSet<String>, MemoryError> {
    let mut keys = BTreeSet::new();
    for entry in trees.scan::<Afresh>(&[])? {
        keys.insert(entry?.0);
    }
    for entry in trees.scan::<Mark>(&[])? {
        keys.insert(entry?.0);
    }
    for entry in trees.scan::<PlaceCourse>(&[])? {
        keys.insert(entry?.0);
    }
    Ok(keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect())
}

/// A chat with one person often has that person's account as its key, or as the beginning of it.
fn names_account(conversation: &str, student: &Student) -> bool {
    let after = |account: &AccountId| conversation.strip_prefix(account.as_str());
    student.accounts.iter().filter_map(after).any(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Nobody else has spoken in a conversation, so that even its key is about this student.
fn alone(trees: &Trees, conversation: &str, student: &StudentId) -> Result<bool, MemoryError> {
    for entry in trees.scan::<Turn>(&under(conversation))? {
        if entry?.1.student != *student {
            return Ok(false);
        }
    }
    Ok(true)
}
