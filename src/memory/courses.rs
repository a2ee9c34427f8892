//! Courses, who is in them, and which chats are about them.

use jiff::Timestamp;

use super::kinds::{PlaceCourse, key, under};
use super::trees::{Change, Trees};
use super::{Course, CourseId, Invitation, Membership, MemoryError, StudentId, students};

pub(super) fn create(trees: &mut Trees, course: &Course) -> Result<(), MemoryError> {
    if trees.get::<Course>(course.id.as_str())?.is_some() {
        return Err(MemoryError::Exists(course.id.to_string()));
    }
    put(trees, course)
}

pub(super) fn save(trees: &mut Trees, course: &Course) -> Result<(), MemoryError> {
    match trees.get::<Course>(course.id.as_str())? {
        Some(stored) => put(trees, &Course { created: stored.created, ..course.clone() }),
        None => Ok(()),
    }
}

fn put(trees: &mut Trees, course: &Course) -> Result<(), MemoryError> {
    let mut change = Change::default();
    change.put(course.id.as_str(), course)?;
    trees.apply(&change)
}

pub(super) fn all(trees: &Trees) -> Result<Vec<Course>, MemoryError> {
    trees.scan(&[])?.map(|entry| Ok(entry?.1)).collect()
}

pub(super) fn join(trees: &mut Trees, membership: &Membership) -> Result<(), MemoryError> {
    let Some(student) = students::today(trees, &membership.student)? else { return Ok(()) };
    let before = self::membership(trees, &membership.course, &student)?;
    let joined = before.map_or(membership.joined, |before| before.joined);
    let mut change = Change::default();
    let place = key(&student.0, membership.course.as_str().as_bytes());
    change.put(place, &Membership { student, joined, ..membership.clone() })?;
    trees.apply(&change)
}

pub(super) fn leave(trees: &mut Trees, course: &CourseId, student: &StudentId) -> Result<bool, MemoryError> {
    if membership(trees, course, student)?.is_none() {
        return Ok(false);
    }
    let mut change = Change::default();
    change.remove::<Membership>(key(&student.0, course.as_str().as_bytes()));
    trees.apply(&change)?;
    Ok(true)
}

pub(super) fn membership(
    trees: &Trees,
    course: &CourseId,
    student: &StudentId,
) -> Result<Option<Membership>, MemoryError> {
    trees.get(key(&student.0, course.as_str().as_bytes()))
}

/// A student's places in courses, by course.
pub(super) fn of(trees: &Trees, student: &StudentId) -> Result<Vec<Membership>, MemoryError> {
    trees.scan(&under(&student.0))?.map(|entry| Ok(entry?.1)).collect()
}

pub(super) fn invite(trees: &mut Trees, invitation: &Invitation) -> Result<(), MemoryError> {
    let code = invitation.code.to_uppercase();
    let mut change = Change::default();
    change.put(code.as_str(), &Invitation { code: code.clone(), ..invitation.clone() })?;
    trees.apply(&change)
}

pub(super) fn invitation(trees: &Trees, code: &str, now: Timestamp) -> Result<Option<Invitation>, MemoryError> {
    let found = trees.get::<Invitation>(code.to_uppercase())?;
    Ok(found.filter(|invitation| now < invitation.expires))
}

pub(super) fn of_place(trees: &Trees, conversation: &str) -> Result<Option<CourseId>, MemoryError> {
    Ok(trees.get::<PlaceCourse>(conversation)?.map(|place| place.course))
}

pub(super) fn set_of_place(trees: &mut Trees, conversation: &str, course: &CourseId) -> Result<(), MemoryError> {
    let mut change = Change::default();
    change.put(conversation, &PlaceCourse { course: course.clone() })?;
    trees.apply(&change)
}
