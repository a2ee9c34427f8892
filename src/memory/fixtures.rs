//! The bytes of every kind of record as each version wrote them.
//!
//! When a test here fails, a type has changed what stands on disk: raise the kind's `VERSION`, teach its
//! `migrate` the older form, and add the new bytes beside the old ones, which must be read for ever.

use tutor_bots::chat::Button;
use tutor_models::generate::Usage;
use tutor_prompts::Language;

use super::contract::sample::{
    account, at, course, course_id, id, incoming, invitation, key, mark, membership, question, turn,
};
use super::kinds::{
    Afresh, LinkOffer, Merged, Numbers, Owner, PassedOn, PlaceCourse, Prunable, Seen, TurnFor, TurnOf, TurnPlace,
    Waiting,
};
use super::record::{Record, decode, encode};
use super::{ApiKey, Course, DayUsage, KeyHash, Priority, Role, Said, Student, TotalUsage, Turn};

/// `written` is what the record's version writes, and reads back to the same.
fn stands_as<R: Record>(record: &R, version: u8, written: &str) {
    let bytes = [&[version], written.as_bytes()].concat();
    let encoded = encode(record).unwrap();
    assert_eq!(String::from_utf8_lossy(&encoded[1..]), written, "{}", R::TREE);
    assert_eq!(encoded[0], version, "{}", R::TREE);
    let read: R = decode(b"key", &bytes).unwrap();
    assert_eq!(encode(&read).unwrap(), bytes, "{}", R::TREE);
}

/// `written` is what an older version wrote, and is read as the record.
fn was<R: Record + PartialEq + std::fmt::Debug>(record: &R, version: u8, written: &str) {
    let bytes = [&[version], written.as_bytes()].concat();
    assert_eq!(decode::<R>(b"key", &bytes).unwrap(), *record, "{}", R::TREE);
}

#[test]
fn people() {
    let student = Student {
        id: id("s1"),
        accounts: vec![account("1"), account("2")],
        language: Some(Language::Zh),
        course: Some(course_id("cs231n")),
        created: at(0),
    };
    let written = r#"{"id":"s1","accounts":["telegram:1","telegram:2"],"language":"zh","course":"cs231n","created":"2026-09-01T08:00:00Z"}"#;
    stands_as(&student, 1, written);
    let new = Student { language: None, course: None, ..student };
    let written = r#"{"id":"s1","accounts":["telegram:1","telegram:2"],"language":null,"course":null,"created":"2026-09-01T08:00:00Z"}"#;
    stands_as(&new, 1, written);
    stands_as(&Owner { student: id("s1") }, 1, r#"{"student":"s1"}"#);
    stands_as(&Merged { into: id("s1") }, 1, r#"{"into":"s1"}"#);
    let offer = LinkOffer { code: "K7Q2".to_owned(), expires: at(15) };
    stands_as(&offer, 1, r#"{"code":"K7Q2","expires":"2026-09-01T08:15:00Z"}"#);
}

#[test]
fn courses() {
    was(&course("a"), 1, r#"{"id":"a","title":"About a","unsupported":"mark","created":"2026-09-01T08:00:00Z"}"#);
    let written =
        r#"{"id":"a","title":"About a","unsupported":"mark","meaning":null,"created":"2026-09-01T08:00:00Z"}"#;
    stands_as(&course("a"), 2, written);
    let written = r#"{"id":"a","title":"About a","unsupported":"mark","meaning":40,"created":"2026-09-01T08:00:00Z"}"#;
    stands_as(&Course { meaning: Some(40), ..course("a") }, 2, written);
    let written = r#"{"course":"a","student":"s1","role":"teacher","joined":"2026-09-01T08:03:00Z"}"#;
    stands_as(&membership("s1", "a", Role::Teacher, 3), 1, written);
    let written = r#"{"code":"K7Q2","course":"a","role":"student","expires":"2026-09-01T08:09:00Z"}"#;
    stands_as(&invitation("K7Q2", "a", 9), 1, written);
    stands_as(&PlaceCourse { course: course_id("a") }, 1, r#"{"course":"a"}"#);
}

#[test]
fn messages() {
    let waiting = Waiting { incoming: incoming("m1", "7", "7"), accepted: at(0), standing: vec!["100".to_owned()] };
    let written = concat!(
        r#"{"incoming":{"id":"m1","account":"telegram:7","name":"Name of 7","locale":"en","#,
        r#""place":{"platform":"telegram","chat":"7","thread":null,"audience":"direct"},"#,
        r#""surface":{"message_limit":4096,"edits":true,"buttons":true,"files":true,"upload_limit":20971520},"#,
        r#""content":{"text":"Question m1"}},"accepted":"2026-09-01T08:00:00Z","standing":["100"]}"#,
    );
    stands_as(&waiting, 1, written);
    let seen = Seen { accepted: at(0), waiting: Some(7) };
    stands_as(&seen, 1, r#"{"accepted":"2026-09-01T08:00:00Z","waiting":7}"#);
    stands_as(&Prunable {}, 1, "{}");
    let written = r#"{"place":{"platform":"telegram","chat":"7","thread":null,"audience":"direct"},"at":"100"}"#;
    stands_as(&mark("7", "100"), 1, written);
    stands_as(&Numbers { next: 8 }, 1, r#"{"next":8}"#);
}

#[test]
fn turns() {
    let written = concat!(
        r#"{"incoming":"m1","conversation":"telegram:7","student":"s1","course":"cs231n","at":"2026-09-01T08:01:00Z","#,
        r#""asked":"Question m1","understood":"What is m1?","said":{"text":"It distributes gradients [1].","#,
        r#""sources":{"label":"Sources","items":[{"n":1,"title":"notes.md › Gates","quote":"The add gate distributes."}]},"#,
        r#""buttons":[{"label":"Ask the teacher","data":"ask:1"}]},"dialogue":true,"#,
        r#""usage":{"prompt_tokens":10,"cached_tokens":4,"completion_tokens":2},"model":"small"}"#,
    );
    stands_as(&turn("m1", "s1", "7"), 2, written);
    let first = written.replace(r#","model":"small""#, "");
    was(&Turn { model: None, ..turn("m1", "s1", "7") }, 1, &first);
    let said = Said { text: "Done.".to_owned(), sources: None, buttons: Vec::<Button>::new() };
    let plain = Turn {
        course: None,
        understood: None,
        said,
        dialogue: false,
        usage: Usage::default(),
        model: None,
        ..turn("m1", "s1", "7")
    };
    let written = concat!(
        r#"{"incoming":"m1","conversation":"telegram:7","student":"s1","course":null,"at":"2026-09-01T08:01:00Z","#,
        r#""asked":"Question m1","understood":null,"said":{"text":"Done.","sources":null,"buttons":[]},"#,
        r#""dialogue":false,"usage":{"prompt_tokens":0,"cached_tokens":0,"completion_tokens":0},"model":null}"#,
    );
    stands_as(&plain, 2, written);
    let place = TurnPlace { conversation: "telegram:7".to_owned(), number: 5 };
    stands_as(&TurnOf(place.clone()), 1, r#"{"conversation":"telegram:7","number":5}"#);
    stands_as(&TurnFor(place), 1, r#"{"conversation":"telegram:7","number":5}"#);
    stands_as(&Afresh { from: 5 }, 1, r#"{"from":5}"#);
}

#[test]
fn questions_and_usage() {
    let passed = PassedOn { number: 5, question: question("m1", "s1", "a") };
    let written = concat!(
        r#"{"number":5,"question":{"incoming":"m1","course":"a","student":"s1","#,
        r#""text":"Question m1","at":"2026-09-01T08:02:00Z"}}"#,
    );
    stands_as(&passed, 1, written);
    let tokens = Usage { prompt_tokens: 10, cached_tokens: 4, completion_tokens: 2 };
    let written = r#"{"turns":3,"tokens":{"prompt_tokens":10,"cached_tokens":4,"completion_tokens":2}}"#;
    stands_as(&TotalUsage { turns: 3, tokens }, 1, written);
    let written = r#"{"requests":3,"tokens":{"prompt_tokens":10,"cached_tokens":4,"completion_tokens":2}}"#;
    stands_as(&DayUsage { requests: 3, tokens }, 1, written);
}

#[test]
fn keys() {
    let hash = "3cea23b2b33dce6e93e24999f29aa0a0a8e4a1d8b8b8b1b0b5a1ff3c2a3cf3f1";
    let limited = ApiKey {
        hash: KeyHash(hash.to_owned()),
        requests_per_minute: Some(60),
        tokens_per_day: Some(100_000),
        priority: Priority::Background,
        expires: Some(at(9)),
        ..key("grader")
    };
    let written = concat!(
        r#"{"name":"grader","hash":"3cea23b2b33dce6e93e24999f29aa0a0a8e4a1d8b8b8b1b0b5a1ff3c2a3cf3f1","#,
        r#""requests_per_minute":60,"tokens_per_day":100000,"priority":"background","#,
        r#""created":"2026-09-01T08:00:00Z","expires":"2026-09-01T08:09:00Z"}"#,
    );
    was(&limited, 1, written);
    let written = concat!(
        r#"{"name":"grader","hash":"3cea23b2b33dce6e93e24999f29aa0a0a8e4a1d8b8b8b1b0b5a1ff3c2a3cf3f1","#,
        r#""requests_per_minute":60,"tokens_per_day":100000,"priority":"background","teaches":["cs231n"],"#,
        r#""created":"2026-09-01T08:00:00Z","expires":"2026-09-01T08:09:00Z"}"#,
    );
    stands_as(&ApiKey { teaches: vec![course_id("cs231n")], ..limited }, 2, written);
}
