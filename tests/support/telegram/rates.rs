//! Rates: 1 message a second in a direct chat after a small burst, 20 a minute in a group, 30 a second in all.
//!
//! By core.telegram.org/bots/faq, "My bot is hitting limits". One call more than a bot may plan is let
//! through, since calls that were made on time can arrive closer together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

const BURST: f64 = 4.0;

#[derive(Default)]
pub(super) struct Rates {
    /// What a direct chat has left of its burst, and since when.
    direct: HashMap<i64, (f64, Instant)>,
    groups: HashMap<i64, Vec<Instant>>,
    all: Vec<Instant>,
    /// Chats that may not be called before a moment.
    closed: HashMap<i64, Instant>,
}

impl Rates {
    /// Nothing may be sent to `chat` for so long.
    pub(super) fn close(&mut self, chat: i64, now: Instant, time: Duration) {
        self.closed.insert(chat, now + time);
    }

    /// How long `chat` is still closed.
    pub(super) fn closed(&self, chat: i64, now: Instant) -> Option<Duration> {
        self.closed.get(&chat).and_then(|end| end.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Counts a call to `chat`; tells which limit it exceeds.
    pub(super) fn count(&mut self, chat: i64, now: Instant) -> Option<&'static str> {
        self.all.retain(|time| now - *time < Duration::from_secs(1));
        self.all.push(now);
        if self.all.len() > 31 {
            return Some("30 a second");
        }
        if chat < 0 {
            let calls = self.groups.entry(chat).or_default();
            calls.retain(|time| now - *time < Duration::from_secs(60));
            calls.push(now);
            return (calls.len() > 20).then_some("20 a minute in a group");
        }
        let (left, since) = self.direct.entry(chat).or_insert((BURST, now));
        *left = (*left + (now - *since).as_secs_f64()).min(BURST) - 1.0;
        *since = now;
        (*left < 0.0).then_some("1 a second in a direct chat")
    }
}
