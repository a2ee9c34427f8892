//! Questions on their way to a teacher. There are few: what is dealt with is removed.

use tutor_bots::chat::IncomingId;

use super::kinds::PassedOn;
use super::trees::{Change, Trees};
use super::{CourseId, MemoryError, OpenQuestion, StudentId, students};

pub(super) fn pass_on(trees: &mut Trees, question: &OpenQuestion) -> Result<bool, MemoryError> {
    let Some(student) = students::today(trees, &question.student)? else { return Ok(false) };
    if trees.get::<PassedOn>(&question.incoming.0)?.is_some() {
        return Ok(false);
    }
    let mut change = Change::default();
    let number = trees.number(&mut change)?;
    let passed = PassedOn { number, question: OpenQuestion { student, ..question.clone() } };
    change.put(question.incoming.0.as_str(), &passed)?;
    trees.apply(&change)?;
    Ok(true)
}

pub(super) fn open(trees: &Trees, course: &CourseId) -> Result<Vec<OpenQuestion>, MemoryError> {
    matching(trees, |question| question.course == *course)
}

/// A student's questions, oldest first.
pub(super) fn of(trees: &Trees, student: &StudentId) -> Result<Vec<OpenQuestion>, MemoryError> {
    matching(trees, |question| question.student == *student)
}

fn matching(trees: &Trees, wanted: impl Fn(&OpenQuestion) -> bool) -> Result<Vec<OpenQuestion>, MemoryError> {
    let mut found = Vec::new();
    for entry in trees.scan::<PassedOn>(&[])? {
        let passed = entry?.1;
        if wanted(&passed.question) {
            found.push(passed);
        }
    }
    found.sort_by_key(|passed| passed.number);
    Ok(found.into_iter().map(|passed| passed.question).collect())
}

pub(super) fn close(trees: &mut Trees, id: &IncomingId) -> Result<bool, MemoryError> {
    if trees.get::<PassedOn>(&id.0)?.is_none() {
        return Ok(false);
    }
    let mut change = Change::default();
    change.remove::<PassedOn>(id.0.as_str());
    trees.apply(&change)?;
    Ok(true)
}
