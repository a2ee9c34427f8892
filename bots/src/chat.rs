//! The chat port: what an adapter tells the tutor and what the tutor answers, free of any platform.
//!
//! An adapter turns a platform's event into an [`Incoming`], hands it to a [`Tutor`], and delivers the
//! [`ReplyEvent`]s that come back. The order of calls for one message:
//!
//! 1. [`Tutor::accept`] puts the message on disk; only then may the platform be told that it arrived.
//! 2. [`Tutor::reply`] opens the stream of the reply.
//! 3. [`Tutor::standing`] after each new message that the adapter sent, so that a restart edits it
//!    instead of sending a second one.
//! 4. [`Tutor::delivered`] when all of the reply stands in the chat.
//!
//! After a restart the adapter asks for [`Tutor::pending`] and goes on with step 2 for each.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// A person's account on a platform, written `platform:id`, such as `telegram:12345`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// The account `id` on `platform`.
    pub fn new(platform: &str, id: impl fmt::Display) -> Self {
        Self(format!("{platform}:{id}"))
    }

    /// Reads `platform:id`; `None` when one of the two is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (platform, id) = text.split_once(':')?;
        let whole = !platform.is_empty() && !id.is_empty() && !text.contains(char::is_whitespace);
        whole.then(|| Self(text.to_owned()))
    }

    /// The account as `platform:id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of one incoming event: the same event delivered twice has the same id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncomingId(pub String);

impl fmt::Display for IncomingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who can read what is said at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// One person and the tutor.
    Direct,
    /// A class group or a channel.
    Group,
}

/// Where a conversation is held. One conversation is kept a chat, or a thread where the chat has threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The adapter that serves it: `telegram`, `discord`, `console`.
    pub platform: String,
    /// The platform's id of the chat or channel.
    pub chat: String,
    /// The platform's id of the thread or topic within the chat.
    pub thread: Option<String>,
    /// Who can read it.
    pub audience: Audience,
}

impl Place {
    /// The conversation's key: `platform:chat` or `platform:chat:thread`.
    pub fn key(&self) -> String {
        match &self.thread {
            Some(thread) => format!("{}:{}:{thread}", self.platform, self.chat),
            None => format!("{}:{}", self.platform, self.chat),
        }
    }
}

/// What a place can do. The dialogue asks this instead of naming a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surface {
    /// The longest message, in the platform's own units; longer replies are split by the adapter.
    pub message_limit: usize,
    /// A message that was sent can be changed, so text can be shown while it grows.
    pub edits: bool,
    /// Buttons can stand under a message.
    pub buttons: bool,
    /// Files can be sent to the person.
    pub files: bool,
    /// The largest file that the platform hands to a bot, in bytes.
    pub upload_limit: u64,
}

/// One thing that happened at a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// Stable over redelivery of the same event.
    pub id: IncomingId,
    /// Who did it.
    pub account: AccountId,
    /// The name that the platform shows. Personal: it is never logged.
    pub name: Option<String>,
    /// The language of the person's client as an IETF tag, such as `zh-Hans`.
    pub locale: Option<String>,
    /// Where it happened.
    pub place: Place,
    /// What the place can do.
    pub surface: Surface,
    /// What happened.
    pub content: Content,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Wrote a message; a mention of the bot is already cut off.
    Text(String),
    /// Gave a command: `/join K7Q2` has the name `join` and the argument `K7Q2`.
    Command {
        /// The command without its slash, in lower case.
        name: String,
        /// All that follows, trimmed; may be empty.
        argument: String,
    },
    /// Pressed a button that carries `data`.
    Press {
        /// [`Button::data`] of the button.
        data: String,
    },
    /// Sent a file.
    File(FileRef),
    /// Sent what holds neither text nor a file that can be fetched, such as a sticker or a voice message.
    Unreadable,
}

/// A file that a person sent; its bytes are fetched through [`Files`] when they are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// The file's name as its sender called it. Untrusted.
    pub name: String,
    /// Its size in bytes as the platform states it.
    pub size: u64,
    /// What the adapter needs to fetch it.
    pub reference: String,
    /// The text sent along with it; may be empty.
    pub caption: String,
}

/// Fetches the bytes of a [`FileRef`]; each adapter brings its own.
#[async_trait]
pub trait Files: Send + Sync {
    /// All bytes of `file`, at most `limit` of them.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] when there are more than `limit` bytes, [`FetchError::Failed`] when they
    /// cannot be had after retries.
    async fn fetch(&self, file: &FileRef, limit: u64) -> Result<Vec<u8>, FetchError>;
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The file has more bytes than were asked for.
    #[error("file is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was given, in bytes.
        limit: u64,
    },
    /// The platform did not hand it over.
    #[error("could not fetch the file: {reason}")]
    Failed {
        /// What went wrong, without personal data.
        reason: String,
    },
}

/// One step of a reply. Text is CommonMark; adapters escape and render it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyEvent {
    /// One line that tells what is going on. It stands only while no text does; a newer line replaces it.
    Progress(String),
    /// Text that follows what was said so far.
    Text(String),
    /// The whole text of the reply from here on, in place of all text before: the checked answer.
    Rewrite(String),
    /// The sources of the text, shown below it.
    Sources(Sources),
    /// Buttons under the last message of the reply.
    Buttons(Vec<Button>),
    /// A file for the person.
    File(Attachment),
    /// The reply is whole and on disk. Nothing follows. A stream that ends without it was cut off, and
    /// the message stays pending.
    Done,
}

/// The sources of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// The heading above them, in the reader's language, such as `Sources`.
    pub label: String,
    /// In the order of their numbers.
    pub items: Vec<Source>,
}

/// One source: what `[n]` in the text stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The number in the text's brackets.
    pub n: u32,
    /// Where it stands, such as `optimization-2.md › Patterns in backward flow › p. 3`. Plain text.
    pub title: String,
    /// The sentence quoted, verbatim from the notes. Plain text.
    pub quote: String,
}

/// A button under a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says. Plain text.
    pub label: String,
    /// What comes back in [`Content::Press`], at most [`Button::DATA_LIMIT`] bytes.
    pub data: String,
}

impl Button {
    /// The most bytes that `data` may have: Telegram's limit, the tightest of the platforms.
    pub const DATA_LIMIT: usize = 64;
}

/// A file that the tutor sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, with an ending that tells the type.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What is said in its place when the platform refuses it, in the reader's language. Plain text.
    pub refused: String,
}

/// A command that a platform's menu offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// Lower-case ASCII letters, without the slash.
    pub name: String,
    /// What it does, by language; the first is the default.
    pub description: Vec<Localised>,
    /// What may be written after it.
    pub argument: Option<ArgumentSpec>,
}

/// What may be written after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// A short lower-case ASCII name, such as `question`.
    pub name: String,
    /// What it is, by language; the first is the default.
    pub description: Vec<Localised>,
    /// The command does nothing without it.
    pub required: bool,
    /// The argument is a file rather than text.
    pub file: bool,
}

/// A text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localised {
    /// `en` or `zh`.
    pub language: String,
    /// The text, at most 100 characters.
    pub text: String,
}

/// What became of a message that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// It is on disk; go on with [`Tutor::reply`].
    New,
    /// The same event was accepted before; nothing is to be done for this copy.
    Known,
}

/// The tutor cannot take messages now: the disk is full, or the program is stopping.
#[derive(Debug, thiserror::Error)]
#[error("the tutor cannot take messages now: {reason}")]
pub struct Unavailable {
    /// What is wrong, without personal data, in the reader's language, fit to be shown.
    pub reason: String,
}

/// A message that was accepted and whose reply does not wholly stand yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The message.
    pub incoming: Incoming,
    /// What [`Tutor::standing`] was told last: the platform's ids of the messages that were sent as its reply, in order.
    pub standing: Vec<String>,
}

/// How far a place was read: what an adapter needs to ask for what was said while it was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The place.
    pub place: Place,
    /// The platform's id of the last message there; all before it was accepted, or was not for the tutor.
    pub at: String,
}

/// The events of one reply, in order. Dropping it cancels the work behind it.
pub type Replies = mpsc::Receiver<ReplyEvent>;

/// The tutor, as adapters see it.
///
/// Messages of one [`Place`] are answered in the order in which [`Tutor::reply`] was called for them;
/// places are answered side by side. Every method may be called from any task.
#[async_trait]
pub trait Tutor: Send + Sync + 'static {
    /// The commands for the platform's menu.
    fn commands(&self) -> Vec<CommandSpec>;

    /// Takes `incoming` in for good: when this returns [`Acceptance::New`] it is on disk.
    ///
    /// # Errors
    /// [`Unavailable`] when it could not be stored; the platform should keep it and offer it again.
    async fn accept(&self, incoming: &Incoming) -> Result<Acceptance, Unavailable>;

    /// The reply to an accepted message. If it was answered before a restart, the recorded answer comes
    /// again; nothing is generated twice.
    async fn reply(&self, incoming: Incoming, files: Arc<dyn Files>) -> Replies;

    /// Notes the platform's ids of all messages that stand as the reply to `id`, in order. Until there is one, an
    /// adapter may note here what else it needs to go on after a restart.
    async fn standing(&self, id: &IncomingId, messages: &[String]);

    /// The whole reply to `id` stands in the chat: the message is no longer pending.
    async fn delivered(&self, id: &IncomingId);

    /// What was accepted from `platform` and not delivered, oldest first.
    async fn pending(&self, platform: &str) -> Vec<Pending>;

    /// Keeps how far a place was read, instead of what was kept of it before; for platforms that do not offer
    /// again what was said while nobody listened.
    async fn mark(&self, _mark: &Mark) {}

    /// How far each place of `platform` was read that was marked, and not forgotten since.
    async fn marks(&self, _platform: &str) -> Vec<Mark> {
        Vec::new()
    }
}
