//! Every kind of record in the store, with its tree, its keys and its version.
//!
//! Keys sort in the order in which records are read: a text that comes before something else is preceded
//! by its length, so that no text is the beginning of another, and numbers are big-endian.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tutor_bots::chat::{Incoming, IncomingId, Mark};

use super::record::{Record, Unreadable};
use super::{Course, CourseId, Invitation, Membership, OpenQuestion, Student, StudentId, TotalUsage, Turn};

/// The key of all that follows `text`: its length as 4 bytes, and the text.
pub(super) fn under(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// The key of `rest` under `text`.
pub(super) fn key(text: &str, rest: &[u8]) -> Vec<u8> {
    [&under(text), rest].concat()
}

/// Keyed by pseudonym.
impl Record for Student {
    const TREE: &'static str = "students";
}

/// Whose an account is. Keyed by account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) student: StudentId,
}

impl Record for Owner {
    const TREE: &'static str = "accounts";
}

/// Into whom a student was merged, so that a turn which was under way then is kept. Keyed by the
/// pseudonym that is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Merged {
    pub(super) into: StudentId,
}

impl Record for Merged {
    const TREE: &'static str = "merged";
}

/// A code that links accounts. Keyed by the student who offers it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LinkOffer {
    /// In capitals.
    pub(super) code: String,
    pub(super) expires: Timestamp,
}

impl Record for LinkOffer {
    const TREE: &'static str = "links";
}

/// Keyed by course.
impl Record for Course {
    const TREE: &'static str = "courses";
    const VERSION: u8 = 2;

    fn migrate(from: u8, mut old: Value) -> Result<Value, Unreadable> {
        if from != 1 {
            return Err(Unreadable::Version { found: from, known: Self::VERSION });
        }
        // Version 1 knew nothing of how courses are searched.
        old["meaning"] = Value::Null;
        Ok(old)
    }
}

/// Keyed by student and course.
impl Record for Membership {
    const TREE: &'static str = "members";
}

/// Keyed by code, in capitals.
impl Record for Invitation {
    const TREE: &'static str = "invitations";
}

/// The course of a group chat. Keyed by conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlaceCourse {
    pub(super) course: CourseId,
}

impl Record for PlaceCourse {
    const TREE: &'static str = "places";
}

/// From where on a conversation's turns are referred to. Keyed by conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Afresh {
    /// Turns with this number and later ones.
    pub(super) from: u64,
}

impl Record for Afresh {
    const TREE: &'static str = "afresh";
}

/// A pending message. Keyed by its number.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) incoming: Incoming,
    pub(super) accepted: Timestamp,
    pub(super) standing: Vec<String>,
}

impl Record for Waiting {
    const TREE: &'static str = "inbox";
}

/// A message that was accepted. Keyed by [`seen_key`], which tells neither account nor chat, so it stays
/// when its student is forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) accepted: Timestamp,
    /// The number of its [`Waiting`], while there is one.
    pub(super) waiting: Option<u64>,
}

impl Record for Seen {
    const TREE: &'static str = "seen";
}

/// The key of a [`Seen`]: half of the SHA-256 of the message's id.
pub(super) fn seen_key(id: &IncomingId) -> Vec<u8> {
    Sha256::digest(id.0.as_bytes()).iter().take(16).copied().collect()
}

/// A delivered message, in the order in which they are pruned. Keyed by [`pruning_key`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Prunable {}

impl Record for Prunable {
    const TREE: &'static str = "prunable";
}

/// The time as 8 bytes that sort, and the [`seen_key`].
pub(super) fn pruning_key(accepted: Timestamp, seen: &[u8]) -> Vec<u8> {
    [&pruning_time(accepted)[..], seen].concat()
}

/// Milliseconds as 8 bytes that sort, those before 1970 too.
pub(super) fn pruning_time(at: Timestamp) -> [u8; 8] {
    (at.as_millisecond() ^ i64::MIN).to_be_bytes()
}

/// Keyed by conversation.
impl Record for Mark {
    const TREE: &'static str = "marks";
}

/// Keyed by conversation and number.
impl Record for Turn {
    const TREE: &'static str = "turns";
    const VERSION: u8 = 2;

    /// Version 1 did not tell the model.
    fn migrate(from: u8, mut old: Value) -> Result<Value, Unreadable> {
        if from != 1 {
            return Err(Unreadable::Version { found: from, known: Self::VERSION });
        }
        old["model"] = Value::Null;
        Ok(old)
    }
}

/// The place of a turn in its tree.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TurnPlace {
    pub(super) conversation: String,
    pub(super) number: u64,
}

impl TurnPlace {
    /// The turn's key.
    pub(super) fn key(&self) -> Vec<u8> {
        key(&self.conversation, &self.number.to_be_bytes())
    }
}

/// A turn of a student. Keyed by student and number.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TurnOf(pub(super) TurnPlace);

impl Record for TurnOf {
    const TREE: &'static str = "turns_by_student";
}

/// The turn that answers a message. Keyed by the message's id.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TurnFor(pub(super) TurnPlace);

impl Record for TurnFor {
    const TREE: &'static str = "turns_by_message";
}

/// A question for the teacher. Keyed by the message's id.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PassedOn {
    /// Orders questions.
    pub(super) number: u64,
    pub(super) question: OpenQuestion,
}

impl Record for PassedOn {
    const TREE: &'static str = "questions";
}

/// Keyed by student.
impl Record for TotalUsage {
    const TREE: &'static str = "usage";
}

/// The next number for a message, a turn or a question. Keyed by [`Numbers::KEY`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub(super) next: u64,
}

impl Numbers {
    /// The key of the only record.
    pub(super) const KEY: &'static [u8] = b"numbers";
}

impl Record for Numbers {
    const TREE: &'static str = "numbers";
}
