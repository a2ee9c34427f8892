//! People and their accounts in the store.

use jiff::Timestamp;
use tutor_bots::chat::AccountId;

use super::kinds::{Merged, Owner};
use super::trees::{Change, Trees};
use super::{MemoryError, Student, StudentId};

/// The person behind an account.
pub(super) fn of(trees: &Trees, account: &AccountId) -> Result<Option<Student>, MemoryError> {
    match trees.get::<Owner>(account.as_str())? {
        Some(owner) => with_id(trees, &owner.student),
        None => Ok(None),
    }
}

/// The person with this pseudonym.
pub(super) fn with_id(trees: &Trees, id: &StudentId) -> Result<Option<Student>, MemoryError> {
    trees.get(&id.0)
}

/// The pseudonym that stands for `id` today: another one after two students were linked, none after the
/// student was forgotten.
pub(super) fn today(trees: &Trees, id: &StudentId) -> Result<Option<StudentId>, MemoryError> {
    if with_id(trees, id)?.is_some() {
        return Ok(Some(id.clone()));
    }
    Ok(trees.get::<Merged>(&id.0)?.map(|merged| merged.into))
}

pub(super) fn welcome(
    trees: &mut Trees,
    account: &AccountId,
    id: StudentId,
    now: Timestamp,
) -> Result<Student, MemoryError> {
    if let Some(known) = of(trees, account)? {
        return Ok(known);
    }
    if today(trees, &id)?.is_some() {
        return Err(MemoryError::Exists(id.0));
    }
    let student = Student { id, accounts: vec![account.clone()], language: None, course: None, created: now };
    let mut change = Change::default();
    change.put(student.id.0.as_str(), &student)?;
    change.put(account.as_str(), &Owner { student: student.id.clone() })?;
    trees.apply(&change)?;
    Ok(student)
}

pub(super) fn save(trees: &mut Trees, student: &Student) -> Result<(), MemoryError> {
    let Some(stored) = with_id(trees, &student.id)? else { return Ok(()) };
    let changed = Student { language: student.language, course: student.course.clone(), ..stored };
    let mut change = Change::default();
    change.put(student.id.0.as_str(), &changed)?;
    trees.apply(&change)
}

pub(super) fn all(trees: &Trees) -> Result<Vec<Student>, MemoryError> {
    trees.scan(&[])?.map(|entry| Ok(entry?.1)).collect()
}
