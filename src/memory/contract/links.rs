//! Rules about linking accounts.

use tutor_models::generate::Usage;
use tutor_prompts::Language;

use super::sample::{account, at, course_id, id, membership, message_id, question, turn, welcome};
use crate::memory::{Memory, Role, Student, TotalUsage};

pub(super) async fn links_two_students_into_one(memory: &dyn Memory) {
    let ada = welcome(memory, "ada").await;
    let other = memory.welcome(&account("ben"), id("ben"), at(-60)).await.unwrap();
    memory.save_student(&Student { language: Some(Language::Zh), ..other }).await.unwrap();
    memory.save_student(&Student { course: Some(course_id("a")), ..ada }).await.unwrap();
    for (student, course, role, joined) in [
        ("ada", "a", Role::Student, 3),
        ("ben", "a", Role::Teacher, 7),
        ("ada", "b", Role::Teacher, 9),
        ("ben", "b", Role::Student, 5),
        ("ben", "c", Role::Student, 1),
    ] {
        memory.join(&membership(student, course, role, joined)).await.unwrap();
    }
    for (message, student) in [("m1", "ada"), ("m2", "ben"), ("m3", "ada"), ("m4", "ben")] {
        memory.record(&turn(message, student, "group")).await.unwrap();
    }
    memory.pass_on(&question("m2", "ben", "a")).await.unwrap();
    memory.offer_link(&id("ben"), "BEN1", at(60)).await.unwrap();
    memory.offer_link(&id("ada"), "K7Q2", at(60)).await.unwrap();

    let linked = memory.link("k7q2", &account("ben"), at(1)).await.unwrap().unwrap();

    let expected = Student {
        id: id("ada"),
        accounts: vec![account("ada"), account("ben")],
        language: Some(Language::Zh),
        course: Some(course_id("a")),
        created: at(-60),
    };
    assert_eq!(linked, expected);
    assert_eq!(memory.students().await.unwrap(), std::slice::from_ref(&expected));
    assert_eq!(memory.student(&account("ben")).await.unwrap(), Some(expected));
    let courses = [("a", Role::Teacher, 3), ("b", Role::Teacher, 5), ("c", Role::Student, 1)];
    let courses = courses.map(|(course, role, joined)| membership("ada", course, role, joined));
    assert_eq!(memory.memberships(&id("ada")).await.unwrap(), courses);
    assert_eq!(memory.memberships(&id("ben")).await.unwrap(), []);
    assert_eq!(memory.turn(&message_id("m2")).await.unwrap().unwrap().student, id("ada"));
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), [question("m2", "ada", "a")]);
    let tokens = Usage { prompt_tokens: 40, cached_tokens: 16, completion_tokens: 8 };
    assert_eq!(memory.usage(&id("ada")).await.unwrap(), TotalUsage { turns: 4, tokens });
    assert_eq!(memory.usage(&id("ben")).await.unwrap(), TotalUsage::default());
    let export = memory.export(&id("ada")).await.unwrap().unwrap();
    let order: Vec<_> = export["turns"].as_array().unwrap().iter().map(|turn| turn["incoming"].clone()).collect();
    assert_eq!(order, ["m1", "m2", "m3", "m4"]);
    assert_eq!(memory.link("BEN1", &account("ada"), at(2)).await.unwrap(), None, "went with its student");
}

pub(super) async fn takes_each_code_once_and_in_time(memory: &dyn Memory) {
    for name in ["ada", "ben", "cem"] {
        welcome(memory, name).await;
    }
    memory.offer_link(&id("ada"), "k7q2", at(10)).await.unwrap();
    for (code, name, minutes, why) in [
        ("K7Q3", "ben", 1, "no such code"),
        ("K7Q2", "ada", 1, "one's own"),
        ("K7Q2", "ben", 10, "expired just now"),
        ("K7Q2", "ben", 11, "expired"),
        ("", "ben", 1, "no code"),
    ] {
        assert_eq!(memory.link(code, &account(name), at(minutes)).await.unwrap(), None, "{why}");
    }
    assert!(memory.link("K7q2", &account("ben"), at(9)).await.unwrap().is_some());
    assert_eq!(memory.link("K7Q2", &account("cem"), at(9)).await.unwrap(), None, "used up");
}

pub(super) async fn replaces_an_older_offer(memory: &dyn Memory) {
    for name in ["ada", "ben", "cem"] {
        welcome(memory, name).await;
    }
    memory.offer_link(&id("ada"), "OLD", at(10)).await.unwrap();
    memory.offer_link(&id("ada"), "NEW", at(10)).await.unwrap();
    memory.offer_link(&id("nobody"), "GHOST", at(10)).await.unwrap();
    assert_eq!(memory.link("OLD", &account("ben"), at(1)).await.unwrap(), None);
    assert_eq!(memory.link("GHOST", &account("ben"), at(1)).await.unwrap(), None);

    memory.offer_link(&id("cem"), "NEW", at(10)).await.unwrap();
    let linked = memory.link("NEW", &account("ben"), at(1)).await.unwrap().unwrap();
    assert_eq!(linked.id, id("cem"), "the latest offer of a code counts");
}

pub(super) async fn adopts_an_account_without_a_student(memory: &dyn Memory) {
    welcome(memory, "ada").await;
    memory.offer_link(&id("ada"), "K7Q2", at(10)).await.unwrap();
    let linked = memory.link("K7Q2", &account("new"), at(1)).await.unwrap().unwrap();
    assert_eq!(linked.accounts, [account("ada"), account("new")]);
    assert_eq!(memory.student(&account("new")).await.unwrap(), Some(linked));
}

pub(super) async fn keeps_a_turn_that_was_under_way(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
    }
    memory.offer_link(&id("ada"), "K7Q2", at(10)).await.unwrap();
    memory.link("K7Q2", &account("ben"), at(1)).await.unwrap();

    memory.record(&turn("m1", "ben", "group")).await.unwrap();
    memory.join(&membership("ben", "a", Role::Student, 2)).await.unwrap();
    assert!(memory.pass_on(&question("m1", "ben", "a")).await.unwrap());

    assert_eq!(memory.turn(&message_id("m1")).await.unwrap(), Some(turn("m1", "ada", "group")));
    assert_eq!(memory.memberships(&id("ada")).await.unwrap(), [membership("ada", "a", Role::Student, 2)]);
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), [question("m1", "ada", "a")]);
    assert_eq!(memory.usage(&id("ada")).await.unwrap().turns, 1);
}

pub(super) async fn links_again_and_again(memory: &dyn Memory) {
    for name in ["ada", "ben", "cem"] {
        welcome(memory, name).await;
    }
    memory.offer_link(&id("ben"), "ONE", at(10)).await.unwrap();
    memory.link("ONE", &account("cem"), at(1)).await.unwrap().unwrap();
    memory.offer_link(&id("ada"), "TWO", at(10)).await.unwrap();
    let ada = memory.link("TWO", &account("cem"), at(1)).await.unwrap().unwrap();
    assert_eq!(ada.accounts, [account("ada"), account("ben"), account("cem")]);
    memory.record(&turn("m1", "cem", "group")).await.unwrap();
    assert_eq!(memory.turn(&message_id("m1")).await.unwrap().unwrap().student, id("ada"));
}
