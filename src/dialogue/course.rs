//! Courses in the chat: join, switch, list, create, invite; the teacher's documents, rules and questions.

use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};
use tutor_bots::chat::{Audience, Button, IncomingId};
use tutor_bots::markup;
use tutor_index::{Document, Status};

use super::answer::rule_name;
use super::intent::button;
use super::policy;
use super::turn::{Outcome, Scene};
use super::{Trouble, account, meaning};
use crate::memory::{Course, CourseId, Invitation, Membership, MemoryError, Role, Unsupported};

/// How long an invitation is valid.
pub(crate) const INVITATION_DAYS: i64 = 90;

/// Letters and digits that nobody mistakes for others.
const CODE_LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// A random code of `length` letters; 8 letters are 39 bits.
pub(crate) fn random_code(length: usize) -> String {
    let letter = |_| char::from(CODE_LETTERS[rand::random_range(0..CODE_LETTERS.len())]);
    (0..length).map(letter).collect()
}

/// A fresh invitation.
pub(crate) fn invitation(course: &CourseId, role: Role, now: Timestamp) -> Invitation {
    let expires = now + SignedDuration::from_hours(24 * INVITATION_DAYS);
    Invitation { code: random_code(8), course: course.clone(), role, expires }
}

pub(super) async fn join(scene: &Scene<'_>, code: &str) -> Result<Outcome, Trouble> {
    let memory = &scene.parts.memory;
    if code.is_empty() {
        return Ok(scene.tell("join-how", &[]));
    }
    if scene.incoming.place.audience == Audience::Group {
        return Ok(scene.tell("join-direct", &[]));
    }
    let shown: String = code.chars().take(32).collect();
    let Some(invitation) = memory.invitation(&code.to_uppercase(), Timestamp::now()).await? else {
        return Ok(scene.tell("join-unknown", &[("code", &shown)]));
    };
    let Some(course) = memory.course(&invitation.course).await? else {
        return Ok(scene.tell("join-unknown", &[("code", &shown)]));
    };
    enter(scene, &course, invitation.role).await?;
    let example = scene.say("join-example", &[]);
    Ok(match invitation.role {
        Role::Student => scene.tell("joined", &[("course", &course.title), ("example", &example)]),
        Role::Teacher => scene.tell("joined-teacher", &[("course", &course.title)]),
    })
}

/// Puts the person into the course and turns their questions to it; nobody loses a higher role.
async fn enter(scene: &Scene<'_>, course: &Course, role: Role) -> Result<(), Trouble> {
    let (memory, student) = (&scene.parts.memory, &scene.person.student);
    let before = memory.membership(&course.id, &student.id).await?;
    let role = before.map_or(role, |membership| membership.role.max(role));
    let membership =
        Membership { course: course.id.clone(), student: student.id.clone(), role, joined: Timestamp::now() };
    memory.join(&membership).await?;
    let mut student = student.clone();
    student.course = Some(course.id.clone());
    Ok(memory.save_student(&student).await?)
}

pub(super) async fn list(scene: &Scene<'_>) -> Result<Outcome, Trouble> {
    if scene.incoming.place.audience == Audience::Group {
        return Ok(scene.tell("direct-only", &[]));
    }
    let courses = policy::courses(scene.parts, &scene.person).await?;
    if courses.is_empty() {
        return Ok(scene.tell(account::no_course(scene), &[]));
    }
    Ok(Outcome::text(choice(scene, "courses-list", &courses)))
}

pub(super) async fn switch(scene: &Scene<'_>, wanted: &str) -> Result<Outcome, Trouble> {
    let (memory, place) = (&scene.parts.memory, &scene.incoming.place);
    let courses = policy::courses(scene.parts, &scene.person).await?;
    let named = CourseId::parse(wanted);
    let found = courses.iter().find(|course| Some(&course.id) == named.as_ref());
    let shown: String = wanted.chars().take(64).collect();
    match (found, place.audience) {
        (None, Audience::Direct) if wanted.is_empty() && courses.is_empty() => {
            Ok(scene.tell(account::no_course(scene), &[]))
        }
        (None, Audience::Direct) if wanted.is_empty() => Ok(Outcome::text(choice(scene, "switch-how", &courses))),
        // In a group the list would show which courses somebody is in.
        (None, _) => Ok(scene.tell("course-unknown", &[("course", &shown)])),
        (Some(course), Audience::Group) => {
            if let Some(refusal) = teachers_only(scene, course).await? {
                return Ok(refusal);
            }
            memory.set_place_course(&place.key(), &course.id).await?;
            Ok(scene.tell("switched-group", &[("course", &course.title)]))
        }
        (Some(course), Audience::Direct) => {
            let mut student = scene.person.student.clone();
            student.course = Some(course.id.clone());
            memory.save_student(&student).await?;
            Ok(scene.tell("switched", &[("course", &course.title)]))
        }
    }
}

pub(super) async fn leave(scene: &Scene<'_>, wanted: &str) -> Result<Outcome, Trouble> {
    if scene.incoming.place.audience == Audience::Group {
        return Ok(scene.tell("direct-only", &[]));
    }
    let courses = policy::courses(scene.parts, &scene.person).await?;
    let named = CourseId::parse(wanted);
    let Some(course) = courses.iter().find(|course| Some(&course.id) == named.as_ref()) else {
        if courses.is_empty() {
            return Ok(scene.tell(account::no_course(scene), &[]));
        }
        return Ok(Outcome::text(choice(scene, "leave-how", &courses)));
    };
    let memory = &scene.parts.memory;
    let left = memory.leave(&course.id, &scene.person.student.id).await?;
    if scene.person.student.course.as_ref() == Some(&course.id) {
        let mut student = scene.person.student.clone();
        student.course = None;
        memory.save_student(&student).await?;
    }
    Ok(scene.tell(if left { "left" } else { "left-as-admin" }, &[("course", &course.title)]))
}

pub(super) async fn create(scene: &Scene<'_>, argument: &str) -> Result<Outcome, Trouble> {
    if !scene.person.admin {
        return Ok(scene.tell("admin-only", &[]));
    }
    let (id, title) = argument.split_once(char::is_whitespace).unwrap_or((argument, argument));
    if id.is_empty() {
        return Ok(scene.tell("course-how", &[]));
    }
    let Some(id) = CourseId::parse(id) else {
        let shown: String = id.chars().take(64).collect();
        return Ok(scene.tell("course-bad-id", &[("id", &shown)]));
    };
    let title: String = title.trim().chars().take(200).collect();
    let course = Course::new(id, title, Timestamp::now());
    match scene.parts.memory.create_course(&course).await {
        Err(MemoryError::Exists(_)) => return Ok(scene.tell("course-exists", &[("course", course.id.as_str())])),
        created => created?,
    }
    enter(scene, &course, Role::Teacher).await?;
    Ok(scene.tell("course-created", &[("course", course.id.as_str()), ("title", &course.title)]))
}

pub(super) async fn invite(scene: &Scene<'_>, course: &Course, argument: &str) -> Result<Outcome, Trouble> {
    if let Some(refusal) = teachers_only(scene, course).await? {
        return Ok(refusal);
    }
    let teacher = matches!(argument.to_lowercase().as_str(), "teacher" | "老师" | "教师");
    if teacher && scene.incoming.place.audience == Audience::Group {
        return Ok(scene.tell("direct-only", &[]));
    }
    let role = if teacher { Role::Teacher } else { Role::Student };
    let invitation = invitation(&course.id, role, Timestamp::now());
    scene.parts.memory.invite(&invitation).await?;
    let role = scene.say(if teacher { "role-teacher" } else { "role-student" }, &[]);
    let days = INVITATION_DAYS.to_string();
    let values = [("course", course.title.as_str()), ("role", &role), ("code", &invitation.code), ("days", &days)];
    Ok(scene.tell("invited", &values))
}

pub(super) async fn documents(scene: &Scene<'_>, course: &Course) -> Result<Outcome, Trouble> {
    Ok(Outcome::text(document_list(scene, course, "documents-list", &[]).await?))
}

pub(super) async fn remove(scene: &Scene<'_>, course: &Course, name: &str) -> Result<Outcome, Trouble> {
    if let Some(refusal) = teachers_only(scene, course).await? {
        return Ok(refusal);
    }
    if name.is_empty() {
        return Ok(Outcome::text(document_list(scene, course, "remove-how", &[]).await?));
    }
    let (id, wanted) = (course.id.to_string(), name.to_owned());
    let removed = scene.parts.on_index(move |index| index.remove(&id, &wanted)).await?;
    let shown: String = name.chars().take(100).collect();
    Ok(scene.tell(if removed { "removed" } else { "remove-unknown" }, &[("course", &course.title), ("name", &shown)]))
}

/// Brings back what a document was before its last change.
pub(super) async fn restore(scene: &Scene<'_>, course: &Course, name: &str) -> Result<Outcome, Trouble> {
    if let Some(refusal) = teachers_only(scene, course).await? {
        return Ok(refusal);
    }
    let (id, wanted) = (course.id.to_string(), name.to_owned());
    if name.is_empty() {
        let documents = scene.parts.on_index(move |index| index.restorable(&id)).await?;
        let key = if documents.is_empty() { "restore-none" } else { "restore-how" };
        return Ok(Outcome::text(below(scene, scene.write(key, &[("course", &course.title)]), &documents)));
    }
    let restored = scene.parts.on_index(move |index| index.restore(&id, &wanted, &mut |_| ControlFlow::Continue(())));
    let shown: String = name.chars().take(100).collect();
    let Some(restored) = restored.await? else {
        return Ok(scene.tell("restore-unknown", &[("course", &course.title), ("name", &shown)]));
    };
    let passages = scene.say("passages", &[("count", &restored.document.passages.to_string())]);
    let key = if restored.status == Status::Replaced { "restored-instead" } else { "restored" };
    Ok(scene.tell(key, &[("name", &shown), ("passages", &passages)]))
}

/// The course's documents as a list below the message `key`.
pub(super) async fn document_list(
    scene: &Scene<'_>,
    course: &Course,
    key: &str,
    values: &[(&str, &str)],
) -> Result<String, Trouble> {
    let id = course.id.to_string();
    let documents = scene.parts.on_index(move |index| index.documents(&id)).await?;
    let mut values = values.to_vec();
    values.push(("course", &course.title));
    if documents.is_empty() {
        return Ok(scene.write("documents-none", &values));
    }
    Ok(below(scene, scene.write(key, &values), &documents))
}

/// Documents as a list below a text.
fn below(scene: &Scene<'_>, mut text: String, documents: &[Document]) -> String {
    text.push('\n');
    for document in documents {
        let size = match document.pages {
            Some(pages) => scene.say("pages", &[("count", &pages.to_string())]),
            None => scene.say("passages", &[("count", &document.passages.to_string())]),
        };
        let name = markup::isolate(&format!("`{}`", document.name.replace('`', "'")));
        text.push_str(&format!("\n- {name} ({size})"));
    }
    text.trim_end().to_owned()
}

pub(super) async fn questions(scene: &Scene<'_>, course: &Course) -> Result<Outcome, Trouble> {
    if scene.incoming.place.audience == Audience::Group {
        return Ok(scene.tell("direct-only", &[]));
    }
    if let Some(refusal) = teachers_only(scene, course).await? {
        return Ok(refusal);
    }
    let questions = scene.parts.memory.open_questions(&course.id).await?;
    if questions.is_empty() {
        return Ok(scene.tell("questions-none", &[("course", &course.title)]));
    }
    let mut outcome = scene.tell("questions-list", &[("course", &course.title)]);
    outcome.said.text.push('\n');
    for (n, question) in (1..).zip(questions.iter().take(20)) {
        let date = question.at.strftime("%Y-%m-%d");
        let text = markup::foreign(&question.text);
        outcome.said.text.push_str(&format!("\n{n}. {text} ({date})"));
        let label = format!("{} {n}", scene.say("question-done", &[]));
        outcome.said.buttons.push(Button { label, data: button::close(&question.incoming) });
    }
    Ok(outcome)
}

/// Takes a question off the list; only a teacher of its course finds it there.
pub(super) async fn close_question(scene: &Scene<'_>, id: &IncomingId) -> Result<Outcome, Trouble> {
    let memory = &scene.parts.memory;
    for course in policy::courses(scene.parts, &scene.person).await? {
        let listed = memory.open_questions(&course.id).await?.iter().any(|question| question.incoming == *id);
        if listed && teachers_only(scene, &course).await?.is_none() {
            memory.close_question(id).await?;
        }
    }
    Ok(scene.tell("question-closed", &[]))
}

pub(super) async fn rules(scene: &Scene<'_>, course: &Course, argument: &str) -> Result<Outcome, Trouble> {
    let mut course = course.clone();
    let wanted = Rule::read(argument);
    if let Some(rule) = wanted {
        if let Some(refusal) = teachers_only(scene, &course).await? {
            return Ok(refusal);
        }
        match rule {
            Rule::Unsupported(rule) => course.unsupported = rule,
            Rule::Meaning(share) => course.meaning = share,
        }
        scene.parts.memory.save_course(&course).await?;
    }
    let (kind, percent) = meaning::told(&course);
    let unsupported = scene.write("rules-now", &[("course", &course.title), ("rule", rule_name(course.unsupported))]);
    let search = scene.write("meaning-now", &[("course", &course.title), ("kind", kind), ("percent", &percent)]);
    Ok(Outcome::text(match wanted {
        None => format!("{unsupported}\n\n{search}\n\n{}", scene.say("rules-how", &[])),
        Some(Rule::Unsupported(_)) => unsupported,
        Some(Rule::Meaning(_)) => search,
    }))
}

/// A rule that a teacher sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// What becomes of unsupported sentences.
    Unsupported(Unsupported),
    /// How much meaning counts in search.
    Meaning(Option<u8>),
}

impl Rule {
    fn read(argument: &str) -> Option<Self> {
        let (name, value) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
        match name.to_lowercase().as_str() {
            "mark" => Some(Self::Unsupported(Unsupported::Mark)),
            "drop" => Some(Self::Unsupported(Unsupported::Drop)),
            "meaning" => meaning::read(value).map(Self::Meaning),
            _ => None,
        }
    }
}

/// What to say to somebody who does not teach the course.
pub(super) async fn teachers_only(scene: &Scene<'_>, course: &Course) -> Result<Option<Outcome>, Trouble> {
    let teaches = policy::role(scene.parts, &scene.person, &course.id).await? == Some(Role::Teacher);
    Ok((!teaches).then(|| scene.tell("teacher-only", &[("course", &course.title)])))
}

/// Courses as a list below the message `key`, the one in use marked.
pub(super) fn choice(scene: &Scene<'_>, key: &str, courses: &[Course]) -> String {
    let mut text = scene.say(key, &[]);
    text.push('\n');
    for course in courses {
        text.push_str(&format!("\n- `{}` {}", course.id, markup::foreign(&course.title)));
        if scene.person.student.course.as_ref() == Some(&course.id) {
            text.push_str(&format!(" ({})", scene.say("courses-current", &[])));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        for (argument, expected) in [
            ("mark", Some(Rule::Unsupported(Unsupported::Mark))),
            ("Drop", Some(Rule::Unsupported(Unsupported::Drop))),
            ("meaning 40", Some(Rule::Meaning(Some(40)))),
            ("meaning  off", Some(Rule::Meaning(Some(0)))),
            ("meaning default", Some(Rule::Meaning(None))),
            ("meaning", None),
            ("meaning 400", None),
            ("", None),
        ] {
            assert_eq!(Rule::read(argument), expected, "{argument}");
        }
    }

    #[test]
    fn codes_have_no_letters_that_look_alike() {
        let code = random_code(8);
        assert_eq!(code.len(), 8);
        assert!(!code.contains(['0', 'O', '1', 'I', 'L']));
        assert_ne!(code, random_code(8));
    }
}
