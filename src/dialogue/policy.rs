//! Who may do what, and which course a message is about.

use tutor_bots::chat::{AccountId, Audience, Place};

use super::{Parts, Trouble};
use crate::memory::{Course, CourseId, Role, Student};

/// The person behind a message, with what the settings say of them.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Who it is.
    pub(crate) student: Student,
    /// Named as an admin in the settings.
    pub(crate) admin: bool,
}

impl Person {
    /// The person with the student's record and all linked accounts.
    pub(crate) fn new(parts: &Parts, student: Student) -> Self {
        let admin = student.accounts.iter().any(|account: &AccountId| parts.admins.contains(account));
        Self { student, admin }
    }
}

/// What a message is about.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// This course.
    Course(Course),
    /// The person is in several courses and chose none.
    Choose(Vec<Course>),
    /// The person is in no course, or the group has none.
    Nothing,
}

/// The course that a message at `place` is about. In a group it is the group's; the person's own courses
/// are never looked at there, so that nothing of them shows.
pub(crate) async fn about(parts: &Parts, person: &Person, place: &Place) -> Result<About, Trouble> {
    if place.audience == Audience::Group {
        let course = match parts.memory.place_course(&place.key()).await? {
            Some(id) => parts.memory.course(&id).await?,
            None => None,
        };
        return Ok(course.map_or(About::Nothing, About::Course));
    }
    let mut courses = courses(parts, person).await?;
    let chosen = courses.iter().position(|course| Some(&course.id) == person.student.course.as_ref());
    Ok(match (chosen, courses.len()) {
        (Some(at), _) => About::Course(courses.swap_remove(at)),
        (None, 0) => About::Nothing,
        (None, 1) => About::Course(courses.swap_remove(0)),
        (None, _) => About::Choose(courses),
    })
}

/// The courses that a person may enter: an admin all, others their own.
pub(crate) async fn courses(parts: &Parts, person: &Person) -> Result<Vec<Course>, Trouble> {
    if person.admin {
        return Ok(parts.memory.courses().await?);
    }
    let mut courses = Vec::new();
    for membership in parts.memory.memberships(&person.student.id).await? {
        courses.extend(parts.memory.course(&membership.course).await?);
    }
    Ok(courses)
}

/// The person's role in a course; an admin teaches everywhere.
pub(crate) async fn role(parts: &Parts, person: &Person, course: &CourseId) -> Result<Option<Role>, Trouble> {
    if person.admin {
        return Ok(Some(Role::Teacher));
    }
    Ok(parts.memory.membership(course, &person.student.id).await?.map(|membership| membership.role))
}
