//! Rules about turns, what they cost, and questions for the teacher.

use tutor_models::generate::Usage;

use super::sample::{at, course_id, id, message_id, question, turn, welcome};
use crate::memory::{Memory, OpenQuestion, TotalUsage, Turn};

async fn recent(memory: &dyn Memory, chat: &str, limit: usize) -> Vec<String> {
    let turns = memory.recent(&format!("telegram:{chat}"), limit).await.unwrap();
    turns.into_iter().map(|turn| turn.incoming.0).collect()
}

pub(super) async fn keeps_a_turn_once(memory: &dyn Memory) {
    welcome(memory, "ada").await;
    let first = turn("m1", "ada", "ada");
    memory.record(&first).await.unwrap();
    memory.record(&Turn { asked: "Another".to_owned(), ..first.clone() }).await.unwrap();
    assert_eq!(memory.turn(&first.incoming).await.unwrap(), Some(first.clone()));
    assert_eq!(memory.recent(&first.conversation, 9).await.unwrap(), [first]);
    assert_eq!(memory.usage(&id("ada")).await.unwrap().turns, 1);
}

pub(super) async fn recalls_the_latest_of_one_conversation(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
    }
    for number in 1..=12 {
        let name = if number % 2 == 0 { "ada" } else { "ben" };
        let dialogue = number != 11;
        memory.record(&Turn { dialogue, ..turn(&format!("m{number}"), name, "group") }).await.unwrap();
        memory.record(&turn(&format!("t{number}"), name, "group:7")).await.unwrap();
        memory.record(&turn(&format!("d{number}"), name, name)).await.unwrap();
    }
    assert_eq!(recent(memory, "group", 3).await, ["m9", "m10", "m12"], "of all who speak there");
    assert_eq!(recent(memory, "group:7", 2).await, ["t11", "t12"]);
    assert_eq!(recent(memory, "ada", 2).await, ["d10", "d12"]);
    assert_eq!(recent(memory, "group", 100).await.len(), 11);
    assert_eq!(recent(memory, "group", 0).await, [""; 0]);
    assert_eq!(recent(memory, "grou", 9).await, [""; 0]);
}

pub(super) async fn starts_afresh(memory: &dyn Memory) {
    welcome(memory, "ada").await;
    memory.start_afresh("telegram:a").await.unwrap();
    for chat in ["a", "b"] {
        memory.record(&turn(&format!("{chat}1"), "ada", chat)).await.unwrap();
    }
    memory.start_afresh("telegram:a").await.unwrap();
    assert_eq!(recent(memory, "a", 9).await, [""; 0]);
    assert_eq!(recent(memory, "b", 9).await, ["b1"]);
    assert!(memory.turn(&message_id("a1")).await.unwrap().is_some(), "kept, no longer referred to");
    memory.record(&turn("a2", "ada", "a")).await.unwrap();
    assert_eq!(recent(memory, "a", 9).await, ["a2"]);
}

pub(super) async fn counts_what_was_used(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
    }
    memory.record(&turn("m1", "ada", "group")).await.unwrap();
    memory.record(&turn("m2", "ada", "ada")).await.unwrap();
    memory.record(&Turn { usage: Usage::default(), dialogue: false, ..turn("m3", "ada", "ada") }).await.unwrap();
    let tokens = Usage { prompt_tokens: 20, cached_tokens: 8, completion_tokens: 4 };
    assert_eq!(memory.usage(&id("ada")).await.unwrap(), TotalUsage { turns: 2, tokens });
    assert_eq!(memory.usage(&id("ben")).await.unwrap(), TotalUsage::default());
}

pub(super) async fn passes_a_question_on_once(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
    }
    for (message, name, course) in [("m9", "ada", "a"), ("m1", "ben", "a"), ("m5", "ada", "b")] {
        assert!(memory.pass_on(&question(message, name, course)).await.unwrap());
    }
    let again = OpenQuestion { text: "Another".to_owned(), at: at(9), ..question("m9", "ada", "a") };
    assert!(!memory.pass_on(&again).await.unwrap());
    let expected = [question("m9", "ada", "a"), question("m1", "ben", "a")];
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), expected, "oldest first");
    assert!(memory.close_question(&message_id("m9")).await.unwrap());
    assert!(!memory.close_question(&message_id("m9")).await.unwrap());
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), expected[1..]);
    assert_eq!(memory.open_questions(&course_id("b")).await.unwrap().len(), 1);
}

pub(super) async fn answers_nothing_about_strangers(memory: &dyn Memory) {
    memory.record(&turn("m1", "nobody", "group")).await.unwrap();
    assert!(!memory.pass_on(&question("m1", "nobody", "a")).await.unwrap());
    assert_eq!(memory.turn(&message_id("m1")).await.unwrap(), None);
    assert_eq!(recent(memory, "group", 9).await, [""; 0]);
    assert_eq!(memory.open_questions(&course_id("a")).await.unwrap(), []);
    assert_eq!(memory.usage(&id("nobody")).await.unwrap(), TotalUsage::default());
    assert_eq!(memory.export(&id("nobody")).await.unwrap(), None);
}
