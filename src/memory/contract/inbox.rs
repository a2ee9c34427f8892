//! Rules about messages on their way.

use tutor_bots::chat::{Acceptance, Incoming, Pending};

use super::sample::{account, at, incoming, mark, message_id};
use crate::memory::Memory;

const DAY: i64 = 24 * 60;

async fn waiting(memory: &dyn Memory) -> Vec<String> {
    memory.pending("telegram").await.unwrap().into_iter().map(|pending| pending.incoming.id.0).collect()
}

pub(super) async fn accepts_a_message_once(memory: &dyn Memory) {
    let message = incoming("m1", "ada", "ada");
    assert_eq!(memory.accept(&message, at(0)).await.unwrap(), Acceptance::New);
    assert_eq!(memory.accept(&message, at(1)).await.unwrap(), Acceptance::Known, "while it is pending");
    memory.delivered(&message.id).await.unwrap();
    assert_eq!(memory.accept(&message, at(2)).await.unwrap(), Acceptance::Known, "after it was delivered");
    assert_eq!(waiting(memory).await, [""; 0]);
}

pub(super) async fn keeps_pending_messages_in_order_by_platform(memory: &dyn Memory) {
    for number in [3, 1, 12, 2] {
        memory.accept(&incoming(&format!("m{number}"), "ada", "ada"), at(number)).await.unwrap();
    }
    let mut elsewhere = incoming("d1", "ada", "ada");
    elsewhere.place.platform = "discord".to_owned();
    memory.accept(&elsewhere, at(4)).await.unwrap();
    assert_eq!(waiting(memory).await, ["m3", "m1", "m12", "m2"]);
    let expected = Pending { incoming: elsewhere, standing: Vec::new() };
    assert_eq!(memory.pending("discord").await.unwrap(), [expected]);
    memory.delivered(&message_id("m1")).await.unwrap();
    memory.delivered(&message_id("m1")).await.unwrap();
    assert_eq!(waiting(memory).await, ["m3", "m12", "m2"]);
}

pub(super) async fn notes_what_stands(memory: &dyn Memory) {
    let message = Incoming { account: account("ada"), ..incoming("m1", "ada", "ada") };
    memory.accept(&message, at(0)).await.unwrap();
    for standing in [&["100"][..], &["100", "101"]] {
        let standing: Vec<_> = standing.iter().map(|id| (*id).to_owned()).collect();
        memory.set_standing(&message.id, &standing).await.unwrap();
        let expected = Pending { incoming: message.clone(), standing };
        assert_eq!(memory.pending("telegram").await.unwrap(), [expected]);
    }
}

pub(super) async fn knows_ids_for_ninety_days(memory: &dyn Memory) {
    let (delivered, pending) = (incoming("m1", "ada", "ada"), incoming("m2", "ada", "ada"));
    memory.accept(&delivered, at(0)).await.unwrap();
    memory.accept(&pending, at(0)).await.unwrap();
    memory.delivered(&delivered.id).await.unwrap();
    assert_eq!(memory.accept(&delivered, at(90 * DAY)).await.unwrap(), Acceptance::Known);
    assert_eq!(memory.accept(&pending, at(900 * DAY)).await.unwrap(), Acceptance::Known, "pending for ever");
    assert_eq!(memory.accept(&delivered, at(90 * DAY + 1)).await.unwrap(), Acceptance::New);
    assert_eq!(memory.accept(&delivered, at(91 * DAY)).await.unwrap(), Acceptance::Known);
    assert_eq!(waiting(memory).await, ["m2", "m1"]);
}

pub(super) async fn ignores_messages_that_it_does_not_know(memory: &dyn Memory) {
    memory.delivered(&message_id("m1")).await.unwrap();
    memory.set_standing(&message_id("m1"), &["100".to_owned()]).await.unwrap();
    assert_eq!(memory.accept(&incoming("m1", "ada", "ada"), at(0)).await.unwrap(), Acceptance::New);
}

pub(super) async fn keeps_the_last_mark_of_each_place(memory: &dyn Memory) {
    for (chat, at) in [("ada", "100"), ("ben", "7"), ("ada", "101"), ("ada", "99")] {
        memory.mark(&mark(chat, at)).await.unwrap();
    }
    let mut elsewhere = mark("ada", "5");
    elsewhere.place.platform = "discord".to_owned();
    memory.mark(&elsewhere).await.unwrap();
    assert_eq!(memory.marks("telegram").await.unwrap(), [mark("ada", "99"), mark("ben", "7")]);
    assert_eq!(memory.marks("discord").await.unwrap(), [elsewhere]);
    assert_eq!(memory.marks("console").await.unwrap(), []);
}
