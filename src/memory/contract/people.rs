//! Rules about people.

use tutor_prompts::Language;

use super::sample::{account, at, course_id, id, welcome};
use crate::memory::{Memory, MemoryError, Student};

pub(super) async fn welcomes_once(memory: &dyn Memory) {
    assert_eq!(memory.student(&account("ada")).await.unwrap(), None);
    let ada = memory.welcome(&account("ada"), id("s1"), at(5)).await.unwrap();
    let expected =
        Student { id: id("s1"), accounts: vec![account("ada")], language: None, course: None, created: at(5) };
    assert_eq!(ada, expected);
    assert_eq!(memory.welcome(&account("ada"), id("s2"), at(9)).await.unwrap(), expected);
    assert_eq!(memory.student(&account("ada")).await.unwrap(), Some(expected.clone()));
    assert_eq!(memory.student_by_id(&id("s1")).await.unwrap(), Some(expected));
    assert_eq!(memory.student_by_id(&id("s2")).await.unwrap(), None);
}

pub(super) async fn refuses_a_pseudonym_that_is_taken(memory: &dyn Memory) {
    memory.welcome(&account("ada"), id("s1"), at(0)).await.unwrap();
    let refused = memory.welcome(&account("ben"), id("s1"), at(0)).await;
    assert!(matches!(refused, Err(MemoryError::Exists(name)) if name == "s1"));
    assert_eq!(memory.student(&account("ben")).await.unwrap(), None);
}

pub(super) async fn saves_language_and_course_only(memory: &dyn Memory) {
    let ada = welcome(memory, "ada").await;
    let changed = Student { language: Some(Language::Zh), course: Some(course_id("cs231n")), ..ada.clone() };
    let meddled = Student { accounts: vec![account("eve")], created: at(99), ..changed.clone() };
    memory.save_student(&meddled).await.unwrap();
    assert_eq!(memory.student_by_id(&ada.id).await.unwrap(), Some(changed));
    assert_eq!(memory.student(&account("eve")).await.unwrap(), None);

    memory.save_student(&Student { id: id("nobody"), ..ada }).await.unwrap();
    assert_eq!(memory.student_by_id(&id("nobody")).await.unwrap(), None);
}

pub(super) async fn lists_everybody_by_pseudonym(memory: &dyn Memory) {
    for name in ["cem", "ada", "ben"] {
        welcome(memory, name).await;
    }
    let names: Vec<_> = memory.students().await.unwrap().into_iter().map(|student| student.id.0).collect();
    assert_eq!(names, ["ada", "ben", "cem"]);
}
