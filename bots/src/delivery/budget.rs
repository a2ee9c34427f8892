//! Budgets: how many calls a chat and a bot may still make. One ledger is shared by all deliveries.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Pace, Scope};

/// A rate in the sense of the generic cell rate algorithm (ITU-T I.371): one call in `every`, and up to
/// `burst` at once after a rest. In any window of length `w` it lets at most `burst + w / every` through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time that one call uses up.
    pub every: Duration,
    /// How many calls may follow each other at once; at least 1.
    pub burst: u32,
}

/// What was called so far, by chat and in all. Times are counted from any fixed moment.
#[derive(Debug, Default)]
pub struct Ledger {
    bot: Account,
    chats: HashMap<String, Account>,
}

/// The state of one rate: calls are booked into the future, one every [`Rate::every`].
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    /// When all booked calls would be over at an even pace.
    booked: Duration,
    /// Nothing is called before, on the platform's order.
    paused: Duration,
}

/// How many chats the ledger holds before it forgets those that are at rest.
const CHATS: usize = 1024;

impl Account {
    /// The earliest time of a call that leaves `keep` calls in hand, or all but one where fewer exist.
    fn ready_at(self, rate: Rate, keep: u32) -> Duration {
        let spare = rate.burst.saturating_sub(1);
        let lead = rate.every * (spare - keep.min(spare));
        self.booked.saturating_sub(lead).max(self.paused)
    }

    fn book(&mut self, rate: Rate, now: Duration) {
        self.booked = self.booked.max(now) + rate.every;
    }
}

impl Ledger {
    /// The earliest time of a call to `chat` that leaves it `keep` further calls in hand. Where calls are
    /// kept back, half of the bot's burst is kept too.
    pub fn ready_at(&self, chat: &str, pace: &Pace, keep: u32) -> Duration {
        let account = self.chats.get(chat).copied().unwrap_or_default();
        account.ready_at(pace.chat, keep).max(self.bot_ready_at(pace, keep))
    }

    /// The earliest time of a call that counts for the bot alone, such as the sign that it is at work.
    pub fn bot_ready_at(&self, pace: &Pace, keep: u32) -> Duration {
        let kept = if keep == 0 { 0 } else { pace.bot.burst / 2 };
        self.bot.ready_at(pace.bot, kept)
    }

    /// How long `chat` is paused by the platform's order.
    pub fn paused_until(&self, chat: &str) -> Duration {
        self.chats.get(chat).map_or(Duration::ZERO, |account| account.paused).max(self.bot.paused)
    }

    /// Books a call to `chat` that is made now.
    pub fn book(&mut self, chat: &str, pace: &Pace, now: Duration) {
        self.bot.book(pace.bot, now);
        self.account(chat, now).book(pace.chat, now);
    }

    /// Books a call that counts for the bot alone.
    pub fn book_bot(&mut self, pace: &Pace, now: Duration) {
        self.bot.book(pace.bot, now);
    }

    /// Allows no call in `scope` for the time `after`.
    pub fn pause(&mut self, scope: Scope, chat: &str, now: Duration, after: Duration) {
        let account = match scope {
            Scope::Chat => self.account(chat, now),
            Scope::Bot => &mut self.bot,
        };
        account.paused = account.paused.max(now + after);
    }

    fn account(&mut self, chat: &str, now: Duration) -> &mut Account {
        if self.chats.len() >= CHATS && !self.chats.contains_key(chat) {
            self.chats.retain(|_, account| account.booked.max(account.paused) > now);
        }
        self.chats.entry(chat.to_owned()).or_default()
    }
}

/// The ledger of one bot with its clock, shared by all tasks that call the platform.
#[derive(Debug)]
pub struct Budgets {
    epoch: Instant,
    ledger: Mutex<Ledger>,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { epoch: Instant::now(), ledger: Mutex::default() }
    }
}

impl Budgets {
    /// The time on the ledger's clock.
    pub fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The moment at which the ledger's clock shows `time`.
    pub fn instant(&self, time: Duration) -> Instant {
        self.epoch + time
    }

    /// Looks at the ledger or changes it; nothing waits in `look`.
    pub fn with<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let pace = Pace::telegram_direct();
        let mut ledger = Ledger::default();
        let mut times = Vec::new();
        let mut now = Duration::from_secs(100);
        for _ in 0..5 {
            now = now.max(ledger.ready_at("a", &pace, 0));
            ledger.book("a", &pace, now);
            times.push((now - Duration::from_secs(100)).as_millis());
        }
        assert_eq!(times, [0, 0, 0, 1050, 2100]);
        assert!(ledger.ready_at("b", &pace, 0) <= now, "another chat is free");
    }

    #[test]
    fn a_call_that_is_kept_back_is_there_for_the_final_text() {
        let pace = Pace::telegram_direct();
        let mut ledger = Ledger::default();
        let now = ms(10_000);
        ledger.book("a", &pace, now);
        ledger.book("a", &pace, now);
        assert!(ledger.ready_at("a", &pace, 1) > now);
        assert!(ledger.ready_at("a", &pace, 0) <= now);
    }

    #[test]
    fn an_order_to_wait_holds_in_its_scope() {
        let pace = Pace::discord();
        let mut ledger = Ledger::default();
        ledger.pause(Scope::Chat, "a", ms(1000), ms(9000));
        assert_eq!(ledger.ready_at("a", &pace, 0), ms(10_000));
        assert_eq!(ledger.ready_at("b", &pace, 0), Duration::ZERO);
        ledger.pause(Scope::Bot, "a", ms(1000), ms(500));
        assert_eq!(ledger.ready_at("b", &pace, 0), ms(1500));
        assert_eq!(ledger.paused_until("a"), ms(10_000), "a shorter order does not shorten a longer one");
    }

    #[test]
    fn chats_at_rest_are_forgotten() {
        let pace = Pace::telegram_direct();
        let mut ledger = Ledger::default();
        for chat in 0..5000 {
            ledger.book(&chat.to_string(), &pace, Duration::from_secs(chat));
        }
        assert!(ledger.chats.len() <= CHATS);
    }

    proptest! {
        /// Whoever asks when, no window sees more calls than the platform allows.
        #[test]
        fn no_window_holds_more_calls_than_allowed(pauses in prop::collection::vec(0u64..6000, 1..120)) {
            for (pace, window, most) in [
                (Pace::telegram_group(), ms(60_000), 20),
                (Pace::discord(), ms(5000), 5),
                (Pace::telegram_direct(), ms(10_000), 13),
            ] {
                let mut ledger = Ledger::default();
                let mut now = Duration::ZERO;
                let mut calls: Vec<Duration> = Vec::new();
                for pause in &pauses {
                    now = (now + ms(*pause)).max(ledger.ready_at("a", &pace, 0));
                    ledger.book("a", &pace, now);
                    calls.push(now);
                }
                for (first, start) in calls.iter().enumerate() {
                    let within = calls[first..].iter().take_while(|time| **time < *start + window).count();
                    prop_assert!(within <= most, "{within} calls in {window:?}");
                }
            }
        }
    }
}
