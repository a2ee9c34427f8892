//! Two accounts that become one student.

use jiff::Timestamp;
use tutor_bots::chat::AccountId;

use super::kinds::{LinkOffer, Merged, Owner, PassedOn, TurnOf, key};
use super::trees::{Change, Trees};
use super::{Membership, MemoryError, Student, StudentId, TotalUsage, Turn, courses, meter, students, turns};

pub(super) fn offer(trees: &mut Trees, student: &StudentId, code: &str, expires: Timestamp) -> Result<(), MemoryError> {
    if students::with_id(trees, student)?.is_none() {
        return Ok(());
    }
    let code = code.to_uppercase();
    let mut change = Change::default();
    for (offerer, _) in offers(trees, &code)? {
        change.remove::<LinkOffer>(offerer.0);
    }
    change.put(student.0.as_str(), &LinkOffer { code, expires })?;
    trees.apply(&change)
}

pub(super) fn link(
    trees: &mut Trees,
    code: &str,
    account: &AccountId,
    now: Timestamp,
) -> Result<Option<Student>, MemoryError> {
    let offers = offers(trees, &code.to_uppercase())?;
    let Some((offerer, _)) = offers.into_iter().find(|(_, offer)| now < offer.expires) else { return Ok(None) };
    let Some(mut student) = students::with_id(trees, &offerer)? else { return Ok(None) };
    let mut change = Change::default();
    match students::of(trees, account)? {
        Some(other) if other.id == student.id => return Ok(None),
        Some(other) => merge(trees, &mut change, &mut student, other)?,
        None => adopt(&mut change, &mut student, vec![account.clone()])?,
    }
    change.remove::<LinkOffer>(offerer.0);
    change.put(student.id.0.as_str(), &student)?;
    trees.apply(&change)?;
    Ok(Some(student))
}

fn offers(trees: &Trees, code: &str) -> Result<Vec<(StudentId, LinkOffer)>, MemoryError> {
    let mut found = Vec::new();
    for entry in trees.scan::<LinkOffer>(&[])? {
        let (key, offer) = entry?;
        if offer.code == code {
            found.push((StudentId(String::from_utf8_lossy(&key).into_owned()), offer));
        }
    }
    Ok(found)
}

fn merge(trees: &Trees, change: &mut Change, student: &mut Student, other: Student) -> Result<(), MemoryError> {
    merge_memberships(trees, change, &student.id, &other.id)?;
    merge_turns(trees, change, &student.id, &other.id)?;
    merge_questions(trees, change, &student.id, &other.id)?;
    merge_usage(trees, change, &student.id, &other.id)?;
    meter::merge(trees, change, &student.id, &other.id)?;
    merge_names(trees, change, &student.id, &other.id)?;
    change.remove::<LinkOffer>(other.id.0.as_str());
    change.remove::<Student>(other.id.0.as_str());
    student.language = student.language.or(other.language);
    student.course = student.course.take().or(other.course);
    student.created = student.created.min(other.created);
    adopt(change, student, other.accounts)
}

fn adopt(change: &mut Change, student: &mut Student, accounts: Vec<AccountId>) -> Result<(), MemoryError> {
    for account in accounts {
        change.put(account.as_str(), &Owner { student: student.id.clone() })?;
        student.accounts.push(account);
    }
    Ok(())
}

fn merge_memberships(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    for mut membership in courses::of(trees, from)? {
        change.remove::<Membership>(key(&from.0, membership.course.as_str().as_bytes()));
        membership.student = to.clone();
        if let Some(own) = courses::membership(trees, &membership.course, to)? {
            membership.role = membership.role.max(own.role);
            membership.joined = membership.joined.min(own.joined);
        }
        change.put(key(&to.0, membership.course.as_str().as_bytes()), &membership)?;
    }
    Ok(())
}

fn merge_turns(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    for place in turns::places(trees, from)? {
        if let Some(turn) = trees.get::<Turn>(place.key())? {
            change.put(place.key(), &Turn { student: to.clone(), ..turn })?;
        }
        let number = place.number.to_be_bytes();
        change.remove::<TurnOf>(key(&from.0, &number));
        change.put(key(&to.0, &number), &TurnOf(place))?;
    }
    Ok(())
}

fn merge_questions(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    for entry in trees.scan::<PassedOn>(&[])? {
        let (key, mut passed) = entry?;
        if passed.question.student == *from {
            passed.question.student = to.clone();
            change.put(key, &passed)?;
        }
    }
    Ok(())
}

fn merge_usage(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    let Some(more) = trees.get::<TotalUsage>(&from.0)? else { return Ok(()) };
    let mut total = trees.get::<TotalUsage>(&to.0)?.unwrap_or_default();
    total.turns += more.turns;
    total.tokens += more.tokens;
    change.remove::<TotalUsage>(from.0.as_str());
    change.put(to.0.as_str(), &total)
}

fn merge_names(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    for earlier in names(trees, from)? {
        change.put(earlier, &Merged { into: to.clone() })?;
    }
    change.put(from.0.as_str(), &Merged { into: to.clone() })
}

/// The pseudonyms of students who were merged into this one.
pub(super) fn names(trees: &Trees, student: &StudentId) -> Result<Vec<Vec<u8>>, MemoryError> {
    let mut names = Vec::new();
    for entry in trees.scan::<Merged>(&[])? {
        let (name, merged) = entry?;
        if merged.into == *student {
            names.push(name);
        }
    }
    Ok(names)
}

/// The code that a student offers.
pub(super) fn offered(trees: &Trees, student: &StudentId) -> Result<Option<LinkOffer>, MemoryError> {
    trees.get(&student.0)
}
