//! Rules about export and about forgetting.

use serde_json::json;
use tutor_bots::chat::Acceptance;

use super::sample::{account, at, course_id, id, incoming, mark, membership, message_id, question, turn, welcome};
use crate::memory::{Forgotten, Memory, Role};

/// Two students in one course, one group and a direct chat each; each has one of everything.
async fn two_students(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
        memory.join(&membership(name, "a", Role::Student, 3)).await.unwrap();
        memory.record(&turn(&format!("{name}-1"), name, "group")).await.unwrap();
        memory.record(&turn(&format!("{name}-2"), name, name)).await.unwrap();
        memory.pass_on(&question(&format!("{name}-1"), name, "a")).await.unwrap();
        memory.accept(&incoming(&format!("{name}-3"), name, name), at(3)).await.unwrap();
        memory.offer_link(&id(name), &format!("CODE-{name}"), at(60)).await.unwrap();
    }
}

pub(super) async fn exports_all_of_one_student(memory: &dyn Memory) {
    two_students(memory).await;
    let export = memory.export(&id("ada")).await.unwrap().unwrap();
    assert!(!export.to_string().contains("ben"), "nothing of another student");
    let message = incoming("ada-3", "ada", "ada");
    let expected = json!({
        "student": {
            "id": "ada", "accounts": ["telegram:ada"], "language": null, "course": null,
            "created": "2026-09-01T08:00:00Z",
        },
        "memberships": [
            {"course": "a", "student": "ada", "role": "student", "joined": "2026-09-01T08:03:00Z"},
        ],
        "turns": [turn("ada-1", "ada", "group"), turn("ada-2", "ada", "ada")],
        "questions": [{
            "incoming": "ada-1", "course": "a", "student": "ada", "text": "Question ada-1",
            "at": "2026-09-01T08:02:00Z",
        }],
        "usage": {"turns": 2, "tokens": {"prompt_tokens": 20, "cached_tokens": 8, "completion_tokens": 4}},
        "usage_by_day": [{
            "day": "2026-09-01", "name": "ada", "requests": 2,
            "tokens": {"prompt_tokens": 20, "cached_tokens": 8, "completion_tokens": 4},
        }],
        "pending": [{"accepted": "2026-09-01T08:03:00Z", "message": message}],
        "link_code_expires": "2026-09-01T09:00:00Z",
    });
    assert_eq!(export, expected);
}

pub(super) async fn removes_all_of_one_student(memory: &dyn Memory) {
    two_students(memory).await;
    let gone = memory.forget(&id("ada")).await.unwrap();
    // Profile, account, membership, code, usage in all and of a day, question, pending message.
    assert_eq!(gone, Forgotten { turns: 2, records: 8 });

    assert_eq!(memory.student(&account("ada")).await.unwrap(), None);
    assert_eq!(memory.student_by_id(&id("ada")).await.unwrap(), None);
    assert_eq!(memory.students().await.unwrap().len(), 1);
    assert_eq!(memory.memberships(&id("ada")).await.unwrap(), []);
    assert_eq!(memory.usage(&id("ada")).await.unwrap().turns, 0);
    assert_eq!(memory.export(&id("ada")).await.unwrap(), None);
    for message in ["ada-1", "ada-2"] {
        assert_eq!(memory.turn(&message_id(message)).await.unwrap(), None);
    }
    assert_eq!(memory.recent("telegram:ada", 9).await.unwrap(), []);
    assert_eq!(memory.recent("telegram:group", 9).await.unwrap(), [turn("ben-1", "ben", "group")]);
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), [question("ben-1", "ben", "a")]);
    assert_eq!(memory.pending("telegram").await.unwrap().len(), 1);
    assert_eq!(memory.link("CODE-ada", &account("ben"), at(4)).await.unwrap(), None);
    assert_eq!(memory.forget(&id("ada")).await.unwrap(), Forgotten::default());
}

pub(super) async fn keeps_what_others_have(memory: &dyn Memory) {
    two_students(memory).await;
    let before = memory.export(&id("ben")).await.unwrap().unwrap();
    memory.forget(&id("ada")).await.unwrap();
    assert_eq!(memory.export(&id("ben")).await.unwrap().unwrap(), before);
    memory.record(&turn("ben-4", "ben", "group")).await.unwrap();
    let recent = memory.recent("telegram:group", 9).await.unwrap();
    assert_eq!(recent, [turn("ben-1", "ben", "group"), turn("ben-4", "ben", "group")]);
    assert!(memory.link("CODE-ben", &account("cem"), at(4)).await.unwrap().is_some());
}

/// What was under way when the student was forgotten does not bring anything back.
pub(super) async fn stays_forgotten(memory: &dyn Memory) {
    two_students(memory).await;
    let late = memory.student_by_id(&id("ada")).await.unwrap().unwrap();
    memory.forget(&id("ada")).await.unwrap();

    memory.record(&turn("ada-3", "ada", "ada")).await.unwrap();
    memory.save_student(&late).await.unwrap();
    memory.join(&membership("ada", "a", Role::Teacher, 5)).await.unwrap();
    memory.offer_link(&id("ada"), "LATE", at(60)).await.unwrap();
    memory.set_standing(&message_id("ada-3"), &["100".to_owned()]).await.unwrap();
    memory.delivered(&message_id("ada-3")).await.unwrap();
    assert!(!memory.pass_on(&question("ada-3", "ada", "a")).await.unwrap());

    assert_eq!(memory.forget(&id("ada")).await.unwrap(), Forgotten::default(), "there is nothing to forget");
    assert_eq!(memory.turn(&message_id("ada-3")).await.unwrap(), None);
    assert_eq!(memory.memberships(&id("ada")).await.unwrap(), []);
    let again = memory.accept(&incoming("ada-3", "ada", "ada"), at(9)).await.unwrap();
    assert_eq!(again, Acceptance::Known, "a copy of the message does not start over");
    assert_eq!(welcome(memory, "ada").await.created, at(0), "a new student may have the pseudonym");
    assert_eq!(memory.export(&id("ada")).await.unwrap().unwrap()["turns"], json!([]));
}

pub(super) async fn forgets_places_that_only_the_student_used(memory: &dyn Memory) {
    two_students(memory).await;
    memory.record(&turn("ada-5", "ada", "channel")).await.unwrap();
    for place in ["telegram:group", "telegram:channel", "telegram:ada", "telegram:ada:7", "telegram:adam"] {
        memory.set_place_course(place, &course_id("a")).await.unwrap();
        memory.start_afresh(place).await.unwrap();
    }
    for chat in ["group", "channel", "ada", "adam"] {
        memory.mark(&mark(chat, "1")).await.unwrap();
    }
    memory.forget(&id("ada")).await.unwrap();
    assert_eq!(memory.marks("telegram").await.unwrap(), [mark("adam", "1"), mark("group", "1")]);
    for (place, kept) in [
        ("telegram:group", true),
        ("telegram:channel", false),
        ("telegram:ada", false),
        ("telegram:ada:7", false),
        ("telegram:adam", true),
    ] {
        assert_eq!(memory.place_course(place).await.unwrap().is_some(), kept, "{place}");
    }
    assert_eq!(memory.recent("telegram:group", 9).await.unwrap(), [], "still afresh");
}
