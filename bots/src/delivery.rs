//! Delivery: from what should stand in a chat and what stands there to the next call that its limits allow.
//!
//! [`Delivery`] is a pure state machine: the clock, the budgets and the randomness come in as arguments,
//! the next call comes out. [`deliver`] is the one async body around it that every platform shares; a
//! platform brings a [`Port`].

mod budget;
mod drive;
mod machine;
mod pace;
mod reply;

pub use budget::{Budgets, Ledger, Rate};
pub use drive::{Job, deliver};
pub use machine::{Call, Delivery, Ending, Next, Stage, Start};
pub use pace::Pace;
pub use reply::Reply;

use std::time::Duration;

use async_trait::async_trait;

use crate::chat::{Attachment, Button};
use crate::markup::{Dialect, Document};

/// What one message of a reply should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its text; never empty.
    pub document: Document,
    /// The buttons under it.
    pub buttons: Vec<Button>,
}

impl Post {
    /// A message of plain text.
    pub fn line(text: &str) -> Self {
        Self { document: Document::line(text), buttons: Vec::new() }
    }
}

/// How much of a post the platform is asked to show. After each refusal, less is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// Styled text and buttons.
    Full,
    /// Plain text ([`Document::text`]) and buttons.
    Unstyled,
    /// Plain text alone.
    Bare,
}

/// The place of a new message in its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The message's index in the reply; the first answers the question directly (quotes it in a group).
    pub index: usize,
    /// At most 25 characters, the same for every attempt at this message, also after a restart. Where the
    /// platform drops repeated nonces, a repeated attempt is no second message.
    pub nonce: String,
}

/// Why a call had no effect, or may have had none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Too many calls: nothing may be called in this scope for so long.
    RetryAfter {
        /// How long.
        after: Duration,
        /// Where.
        scope: Scope,
    },
    /// The message says so already.
    NotModified,
    /// The message to be changed is there no longer.
    Gone,
    /// The platform understood the call and refuses it as it is: markup, buttons, length.
    Rejected,
    /// The call did not reach the platform: it certainly had no effect.
    Unreached,
    /// The connection broke after the call was sent, or the server failed: it may have had its effect.
    Unknown,
    /// The bot may not write here: blocked, removed, without rights.
    Forbidden,
}

/// How far a limit reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The chat.
    Chat,
    /// All chats of the bot.
    Bot,
}

/// One chat of a platform, as a reply is delivered to it: a chat, perhaps a thread in it, and the message
/// that is answered.
///
/// Every method makes one call and reports what came of it; waiting, repeating and limits are the
/// [`Delivery`]'s. Each call ends within a time that the port bounds.
#[async_trait]
pub trait Port: Send + Sync {
    /// How the platform writes and measures text.
    fn dialect(&self) -> Dialect;

    /// What the place allows.
    fn pace(&self) -> &Pace;

    /// The key of the chat whose budget is used: all deliveries to it share one.
    fn chat(&self) -> &str;

    /// Sends a new message and returns its id.
    async fn send(&self, opening: &Opening, post: &Post, fidelity: Fidelity) -> Result<String, Failure>;

    /// Makes the message `id` say `post`; buttons that are not in `post` vanish.
    async fn edit(&self, id: &str, post: &Post, fidelity: Fidelity) -> Result<(), Failure>;

    /// Removes the message `id`.
    async fn delete(&self, id: &str) -> Result<(), Failure>;

    /// Sends a file as a message of its own and returns the message's id.
    async fn file(&self, opening: &Opening, file: &Attachment) -> Result<String, Failure>;

    /// Shows that the bot is at work, for [`Pace::working_every`].
    async fn working(&self) -> Result<(), Failure>;
}
