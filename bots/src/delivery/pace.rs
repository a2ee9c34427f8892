//! Pace: what a kind of chat allows, as numbers that the machine is given.

use std::time::Duration;

use super::Rate;

/// What a place allows, and how fast a growing text is shown there.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// The longest message, in the units of the platform's dialect.
    pub message_limit: usize,
    /// Calls to the chat: new messages, edits, deletions, files.
    pub chat: Rate,
    /// Calls of the bot to all chats together.
    pub bot: Rate,
    /// The shortest time between two edits while the text still grows.
    pub edit_every: Duration,
    /// The longest such time: the pause grows with every edit of a reply, up to this.
    pub edit_slowest: Duration,
    /// How long the sign that the bot is at work stays visible, less a margin.
    pub working_every: Duration,
    /// A repeated attempt at a new message is no second message ([`super::Opening::nonce`]).
    pub idempotent_sends: bool,
    /// How long a reply is tried in vain before it is left pending.
    pub patience: Duration,
}

/// How long a finished reply is kept trying through failures.
const PATIENCE: Duration = Duration::from_secs(3600);

impl Pace {
    /// A direct chat in Telegram: about one message a second, short bursts allowed (core.telegram.org/bots/faq).
    pub fn telegram_direct() -> Self {
        Self {
            message_limit: 4096,
            chat: Rate { every: Duration::from_millis(1050), burst: 3 },
            bot: Self::telegram_bot(),
            edit_every: Duration::from_millis(1100),
            edit_slowest: Duration::from_secs(3),
            working_every: Duration::from_millis(4500),
            idempotent_sends: false,
            patience: PATIENCE,
        }
    }

    /// A group in Telegram: 20 messages in any minute; 4 at once and one in 4 s stay below.
    pub fn telegram_group() -> Self {
        Self {
            chat: Rate { every: Duration::from_secs(4), burst: 4 },
            edit_every: Duration::from_secs(4),
            edit_slowest: Duration::from_secs(8),
            ..Self::telegram_direct()
        }
    }

    /// 30 messages in any second over all chats; 10 at once and one in 50 ms stay within.
    fn telegram_bot() -> Rate {
        Rate { every: Duration::from_millis(50), burst: 10 }
    }

    /// A channel in Discord: 5 messages in any 5 s; 2 at once and one in 1.7 s stay below.
    pub fn discord() -> Self {
        Self {
            message_limit: 2000,
            chat: Rate { every: Duration::from_millis(1700), burst: 2 },
            bot: Rate { every: Duration::from_millis(40), burst: 25 },
            edit_every: Duration::from_millis(1700),
            edit_slowest: Duration::from_secs(5),
            working_every: Duration::from_secs(9),
            idempotent_sends: true,
            patience: PATIENCE,
        }
    }
}
