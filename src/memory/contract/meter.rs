//! Rules about what is metered by day.

use tutor_models::generate::Usage;

use super::sample::{account, at, id, spending, turn, welcome};
use crate::memory::{DayUsage, Memory, Meter, Spending, Turn, day};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

async fn shown(memory: &dyn Memory, meter: Meter) -> Vec<(String, String, u64, usize)> {
    let rows = memory.metered(meter, None).await.unwrap();
    rows.into_iter().map(|r| (r.name, r.day.to_string(), r.usage.requests, r.usage.tokens.prompt_tokens)).collect()
}

fn row(name: &str, day: u8, requests: u64, prompt: usize) -> (String, String, u64, usize) {
    (name.to_owned(), format!("2026-09-{day:02}"), requests, prompt)
}

pub(super) async fn adds_up_by_day_and_name(memory: &dyn Memory) {
    for (name, minutes) in [("b", 0), ("a", 1), ("b", 2), ("b", DAY)] {
        memory.meter(&spending(name, minutes)).await.unwrap();
    }
    memory.meter(&Spending { key: None, ..spending("", 3) }).await.unwrap();
    assert_eq!(shown(memory, Meter::Key).await, [row("a", 1, 1, 7), row("b", 1, 2, 14), row("b", 2, 1, 7)]);
    assert_eq!(shown(memory, Meter::Model).await, [row("small", 1, 4, 28), row("small", 2, 1, 7)]);
    assert_eq!(shown(memory, Meter::Student).await, []);
    let today = memory.metered_on(Meter::Key, "b", day(at(0))).await.unwrap();
    let tokens = Usage { prompt_tokens: 14, cached_tokens: 6, completion_tokens: 2 };
    assert_eq!((today, today.total()), (DayUsage { requests: 2, tokens }, 16));
    assert_eq!(memory.metered_on(Meter::Course, "b", day(at(0))).await.unwrap(), DayUsage::default());
    let late = memory.metered(Meter::Key, Some(day(at(DAY)))).await.unwrap();
    assert_eq!(late.len(), 1);
}

pub(super) async fn counts_a_turn_for_its_student_course_and_model(memory: &dyn Memory) {
    welcome(memory, "ada").await;
    memory.record(&turn("m1", "ada", "ada")).await.unwrap();
    memory.record(&turn("m1", "ada", "ada")).await.unwrap();
    memory.record(&Turn { course: None, model: None, ..turn("m2", "ada", "ada") }).await.unwrap();
    memory.record(&Turn { usage: Usage::default(), ..turn("m3", "ada", "ada") }).await.unwrap();
    assert_eq!(shown(memory, Meter::Student).await, [row("ada", 1, 2, 20)]);
    assert_eq!(shown(memory, Meter::Course).await, [row("cs231n", 1, 1, 10)]);
    assert_eq!(shown(memory, Meter::Model).await, [row("small", 1, 1, 10)]);
}

pub(super) async fn follows_a_student_who_is_linked(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
        memory.record(&turn(&format!("{name}-1"), name, name)).await.unwrap();
    }
    memory.record(&Turn { at: at(DAY), ..turn("ben-2", "ben", "ben") }).await.unwrap();
    memory.offer_link(&id("ada"), "K7Q2", at(60)).await.unwrap();
    memory.link("K7Q2", &account("ben"), at(1)).await.unwrap().unwrap();
    assert_eq!(shown(memory, Meter::Student).await, [row("ada", 1, 2, 20), row("ada", 2, 1, 10)]);
    memory.record(&turn("ben-3", "ben", "ben")).await.unwrap();
    assert_eq!(shown(memory, Meter::Student).await[0], row("ada", 1, 3, 30), "under way when they were linked");
}

pub(super) async fn keeps_a_course_s_sums_when_a_student_is_forgotten(memory: &dyn Memory) {
    for name in ["ada", "ben"] {
        welcome(memory, name).await;
        memory.record(&turn(&format!("{name}-1"), name, name)).await.unwrap();
    }
    memory.forget(&id("ada")).await.unwrap();
    assert_eq!(shown(memory, Meter::Student).await, [row("ben", 1, 1, 10)]);
    assert_eq!(shown(memory, Meter::Course).await, [row("cs231n", 1, 2, 20)]);
}
