//! Rules about courses.

use super::sample::{at, course, course_id, id, invitation, membership, welcome};
use crate::memory::{Course, Invitation, Memory, MemoryError, Role, Unsupported};

pub(super) async fn creates_a_course_once(memory: &dyn Memory) {
    assert_eq!(memory.course(&course_id("b")).await.unwrap(), None);
    for name in ["b", "a"] {
        memory.create_course(&course(name)).await.unwrap();
    }
    let again = memory.create_course(&Course { title: "Another".to_owned(), ..course("b") }).await;
    assert!(matches!(again, Err(MemoryError::Exists(name)) if name == "b"));
    assert_eq!(memory.course(&course_id("b")).await.unwrap(), Some(course("b")));
    assert_eq!(memory.courses().await.unwrap(), [course("a"), course("b")]);
}

pub(super) async fn changes_title_and_rules_only(memory: &dyn Memory) {
    memory.create_course(&course("a")).await.unwrap();
    let changed = Course { title: "Anew".to_owned(), unsupported: Unsupported::Drop, meaning: Some(40), ..course("a") };
    memory.save_course(&Course { created: at(99), ..changed.clone() }).await.unwrap();
    assert_eq!(memory.course(&course_id("a")).await.unwrap(), Some(changed));
    memory.save_course(&course("b")).await.unwrap();
    assert_eq!(memory.course(&course_id("b")).await.unwrap(), None);
}

pub(super) async fn lets_students_in_and_out(memory: &dyn Memory) {
    welcome(memory, "ada").await;
    let place = membership("ada", "a", Role::Student, 3);
    memory.join(&place).await.unwrap();
    assert_eq!(memory.membership(&course_id("a"), &id("ada")).await.unwrap(), Some(place));

    memory.join(&membership("ada", "a", Role::Teacher, 8)).await.unwrap();
    let promoted = membership("ada", "a", Role::Teacher, 3);
    assert_eq!(memory.membership(&course_id("a"), &id("ada")).await.unwrap(), Some(promoted));

    assert!(memory.leave(&course_id("a"), &id("ada")).await.unwrap());
    assert!(!memory.leave(&course_id("a"), &id("ada")).await.unwrap());
    assert_eq!(memory.membership(&course_id("a"), &id("ada")).await.unwrap(), None);
}

/// Names that are the beginning of another's must not be mixed up.
pub(super) async fn keeps_to_the_student_and_the_course(memory: &dyn Memory) {
    for name in ["s", "s1", "s1a"] {
        welcome(memory, name).await;
        for course in ["b", "a"] {
            memory.join(&membership(name, &format!("{course}{name}"), Role::Student, 0)).await.unwrap();
        }
    }
    for name in ["s", "s1", "s1a"] {
        let expected = ["a", "b"].map(|course| membership(name, &format!("{course}{name}"), Role::Student, 0));
        assert_eq!(memory.memberships(&id(name)).await.unwrap(), expected);
    }
    memory.join(&membership("nobody", "a", Role::Teacher, 0)).await.unwrap();
    assert_eq!(memory.memberships(&id("nobody")).await.unwrap(), []);
}

pub(super) async fn knows_invitations_until_they_expire(memory: &dyn Memory) {
    memory.invite(&invitation("k7q2", "a", 10)).await.unwrap();
    let kept = Invitation { code: "K7Q2".to_owned(), ..invitation("k7q2", "a", 10) };
    for (code, minutes, expected) in
        [("K7Q2", 9, Some(&kept)), ("k7q2", 9, Some(&kept)), ("K7Q2", 10, None), ("K7Q", 9, None)]
    {
        assert_eq!(memory.invitation(code, at(minutes)).await.unwrap().as_ref(), expected, "{code} at {minutes}");
    }
}

pub(super) async fn knows_the_course_of_a_place(memory: &dyn Memory) {
    assert_eq!(memory.place_course("telegram:-100").await.unwrap(), None);
    for course in ["a", "b"] {
        memory.set_place_course("telegram:-100", &course_id(course)).await.unwrap();
    }
    assert_eq!(memory.place_course("telegram:-100").await.unwrap(), Some(course_id("b")));
    assert_eq!(memory.place_course("telegram:-100:7").await.unwrap(), None);
}
