//! All that the server knows: channels and their messages, interactions, budgets, faults to come, sessions.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// How many messages and edits a channel takes in [`WINDOW`].
pub(crate) const BUDGET: u32 = 5;
/// The time over which [`BUDGET`] counts.
pub(crate) const WINDOW: Duration = Duration::from_secs(5);
/// How soon an interaction must be acknowledged.
pub(crate) const ACKNOWLEDGE: Duration = Duration::from_secs(3);

/// A kind of call, for faults to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Gateway,
    Commands,
    Send,
    Edit,
    Delete,
    List,
    File,
    Typing,
    Callback,
    Original,
    FollowUp,
    Download,
    Other,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// 429: nothing more for this long.
    Limited(Duration),
    /// Another status, such as 503 or 403.
    Status(u16),
    /// The connection breaks before the server does anything.
    CutBefore,
    /// The server does what it was asked, and the connection breaks before it can say so.
    CutAfter,
}

/// A message as it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) channel: u64,
    /// The bot wrote it.
    pub(crate) own: bool,
    pub(crate) content: String,
    /// Every content that it had, the present one last.
    pub(crate) history: Vec<String>,
    pub(crate) components: Value,
    /// The message that it replies to.
    pub(crate) reference: Option<u64>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) nonce: Option<String>,
    /// A deferred interaction response that has no content yet.
    pub(crate) thinking: bool,
    pub(crate) flags: u64,
    /// The whole message as its event told it, for those of people.
    pub(crate) event: Value,
}

impl Message {
    /// Labels and custom ids of the buttons, in order.
    pub(crate) fn buttons(&self) -> Vec<(String, String)> {
        let rows = self.components.as_array().into_iter().flatten();
        let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        buttons.map(|button| (text(&button["label"]), text(&button["custom_id"]))).collect()
    }
}

/// A slash command or a button press that waits for the bot.
#[derive(Debug, Clone)]
pub(crate) struct Interaction {
    pub(crate) id: u64,
    pub(crate) channel: u64,
    pub(crate) component: bool,
    pub(crate) pushed: Instant,
    pub(crate) acknowledged: Option<Duration>,
    /// The message that `@original` names.
    pub(crate) original: Option<u64>,
    pub(crate) expired: bool,
}

/// A budget of calls, as Discord keeps one for each route and channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget {
    opened: Option<Instant>,
    spent: u32,
    blocked: Option<Instant>,
}

impl Budget {
    /// Spends one call: what remains, or how long to wait, with whether the wait had been announced.
    pub(crate) fn spend(&mut self, now: Instant) -> Result<(u32, Duration), (Duration, bool)> {
        if let Some(until) = self.blocked.filter(|until| *until > now) {
            return Err((until - now, true));
        }
        if self.opened.is_none_or(|opened| now - opened >= WINDOW) {
            *self = Self { opened: Some(now), ..Self::default() };
        }
        let reset = WINDOW.saturating_sub(now - self.opened.unwrap_or(now));
        if self.spent == BUDGET {
            self.blocked = Some(now + reset);
            return Err((reset, false));
        }
        self.spent += 1;
        Ok((BUDGET - self.spent, reset))
    }

    /// Announces that nothing passes for `wait`.
    pub(crate) fn block(&mut self, now: Instant, wait: Duration) {
        self.blocked = Some(now + wait);
    }
}

/// A gateway session: all events since its IDENTIFY, so that a RESUME can have them again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Name and data; the sequence number is the place plus one.
    pub(crate) events: Vec<(&'static str, Value)>,
}

/// The whole state of the server.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) token: String,
    pub(crate) address: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) interactions: HashMap<String, Interaction>,
    pub(crate) commands: Vec<Value>,
    pub(crate) typing: HashMap<u64, u32>,
    pub(crate) budgets: HashMap<String, Budget>,
    pub(crate) faults: Vec<(Kind, Fault)>,
    pub(crate) uploads: HashMap<u64, (String, Vec<u8>)>,
    pub(crate) violations: Vec<String>,
    /// How many calls were answered with 429.
    pub(crate) limited: u32,
    pub(crate) sessions: Vec<Session>,
    pub(crate) identified: u32,
    pub(crate) resumed: u32,
    pub(crate) connected: u32,
    pub(crate) heartbeats: u32,
    /// Close codes that bots closed the gateway with.
    pub(crate) closed: Vec<u16>,
    /// The MESSAGE_CONTENT switch of the developer portal.
    pub(crate) content_allowed: bool,
    /// The gateway knows no token.
    pub(crate) gateway_refuses: bool,
    /// How many events before the one asked for a RESUME gets again.
    pub(crate) overlap: usize,
    pub(crate) last_id: u64,
}

impl State {
    /// A new identity, greater than all before: the time since 2015 in milliseconds, above 22 bits.
    pub(crate) fn new_id(&mut self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX) - 1_420_070_400_000;
        self.last_id = (milliseconds << 22).max(self.last_id + 1);
        self.last_id
    }

    /// Takes the fault that was announced for this kind of call.
    pub(crate) fn take_fault(&mut self, kind: Kind) -> Option<Fault> {
        let place = self.faults.iter().position(|(waiting, _)| *waiting == kind)?;
        Some(self.faults.remove(place).1)
    }

    /// The message `id` in `channel`.
    pub(crate) fn message(&mut self, channel: u64, id: u64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id && message.channel == channel)
    }

    /// Adds an event to the live session.
    pub(crate) fn dispatch(&mut self, name: &'static str, data: Value) {
        let session = self.sessions.last_mut().expect("no bot has connected to the gateway yet");
        session.events.push((name, data));
    }

    /// What the bot did wrong so far, interactions that were never acknowledged included.
    pub(crate) fn violations(&self) -> Vec<String> {
        let late = |interaction: &&Interaction| {
            interaction.acknowledged.is_none() && interaction.pushed.elapsed() > ACKNOWLEDGE
        };
        let late = self.interactions.values().filter(late);
        let late = late.map(|interaction| format!("interaction {} was not acknowledged in time", interaction.id));
        self.violations.iter().cloned().chain(late).collect()
    }
}
