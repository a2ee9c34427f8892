//! The memory port: students, courses, conversations and what is on its way, kept on disk.
//!
//! Contract, checked by one suite on every body: a method returns only when what it changed, or saw, is
//! on disk; each change is whole or absent after a crash; a record written by an older version is migrated
//! when it is read; nothing of one student is reachable through another.
//!
//! When a method fails with [`MemoryError::Store`] its change is whole or absent as well, and may be there
//! after all: call it again. [`Memory::accept`], [`Memory::record`] and the others are made for that.
//!
//! What names a student who is not there changes nothing, so that work which was under way when the
//! student was forgotten brings nothing back; after [`Memory::link`] it counts for the merged student.

mod commit;
#[cfg(test)]
mod contract;
mod courses;
#[cfg(test)]
mod disk;
#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod fixtures;
mod folder;
mod inbox;
mod keys;
#[cfg(test)]
mod kill;
mod kinds;
mod links;
mod meter;
mod mydata;
mod questions;
#[cfg(test)]
mod random;
mod record;
mod store;
mod students;
mod trees;
mod turns;

pub(crate) use keys::{ApiKey, KeyHash, KeySecret, Priority};
pub(crate) use meter::{DayUsage, Meter, Metered, Spending, day};
pub(crate) use store::SledMemory;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tutor_bots::chat::{Acceptance, AccountId, Button, Incoming, IncomingId, Mark, Pending, Sources};
use tutor_models::generate::Usage;
use tutor_prompts::Language;

/// A student's pseudonym: random, so it may stand in logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct StudentId(pub(crate) String);

/// A course's identifier: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CourseId(String);

impl CourseId {
    /// Checks an identifier that somebody typed; capitals are lowered.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = text.trim().to_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        ((1..=64).contains(&id.len()) && id.chars().all(allowed)).then_some(Self(id))
    }

    /// The identifier.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CourseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody may do in a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Asks and learns.
    Student,
    /// Also brings documents, invites, and sees the questions that were passed on.
    Teacher,
}

/// A student, a teacher or an admin: a person, with all accounts that were linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Student {
    /// The pseudonym.
    pub(crate) id: StudentId,
    /// The accounts that are this person; never empty.
    pub(crate) accounts: Vec<AccountId>,
    /// The language that the person chose, if one was chosen.
    pub(crate) language: Option<Language>,
    /// The course that questions in direct chats go to.
    pub(crate) course: Option<CourseId>,
    /// When the person first wrote.
    pub(crate) created: Timestamp,
}

/// What becomes of a sentence that the notes do not support.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unsupported {
    /// It stays and is marked as not from the notes.
    #[default]
    Mark,
    /// It is left out.
    Drop,
}

/// A course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Course {
    /// Its identifier.
    pub(crate) id: CourseId,
    /// Its title, as people read it.
    pub(crate) title: String,
    /// What becomes of unsupported sentences.
    pub(crate) unsupported: Unsupported,
    /// How much embeddings count when its passages are searched for, in hundredths; none for what was chosen on data.
    pub(crate) meaning: Option<u8>,
    /// When it was created.
    pub(crate) created: Timestamp,
}

impl Course {
    /// A course under the rules that all begin with.
    pub(crate) fn new(id: CourseId, title: String, created: Timestamp) -> Self {
        Self { id, title, unsupported: Unsupported::default(), meaning: None, created }
    }

    /// The share of embeddings, as the index wants it.
    pub(crate) fn share(&self) -> Option<f32> {
        self.meaning.map(|hundredths| f32::from(hundredths.min(100)) / 100.0)
    }
}

/// Somebody's place in a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The course.
    pub(crate) course: CourseId,
    /// The person.
    pub(crate) student: StudentId,
    /// What the person may do.
    pub(crate) role: Role,
    /// Since when.
    pub(crate) joined: Timestamp,
}

/// A code that lets people into a course. It may be used by many until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// The code, in capitals.
    pub(crate) code: String,
    /// The course that it opens.
    pub(crate) course: CourseId,
    /// The role that it gives.
    pub(crate) role: Role,
    /// When it stops working.
    pub(crate) expires: Timestamp,
}

/// What the tutor said: all that is needed to show it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The text, CommonMark.
    pub(crate) text: String,
    /// The sources below it.
    pub(crate) sources: Option<Sources>,
    /// The buttons under it.
    pub(crate) buttons: Vec<Button>,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// The message that it answers.
    pub(crate) incoming: IncomingId,
    /// The conversation: `Place::key` of the place.
    pub(crate) conversation: String,
    /// Who asked.
    pub(crate) student: StudentId,
    /// The course that was asked about, if any.
    pub(crate) course: Option<CourseId>,
    /// When it was answered.
    pub(crate) at: Timestamp,
    /// What was asked, in the student's words.
    pub(crate) asked: String,
    /// The question rewritten to stand alone, when that differs.
    pub(crate) understood: Option<String>,
    /// What was answered.
    pub(crate) said: Said,
    /// It was a question to the notes or a summary, so later questions may refer to it; false for commands.
    pub(crate) dialogue: bool,
    /// What it cost.
    pub(crate) usage: Usage,
    /// The model that was used, if one was.
    pub(crate) model: Option<String>,
}

/// A question that the notes did not answer, passed to the teacher by its student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenQuestion {
    /// The message that asked it; one message is passed on once.
    pub(crate) incoming: IncomingId,
    /// The course.
    pub(crate) course: CourseId,
    /// Who asked; not shown to the teacher.
    pub(crate) student: StudentId,
    /// The question.
    pub(crate) text: String,
    /// When it was passed on.
    pub(crate) at: Timestamp,
}

/// The tokens that a student's turns cost in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TotalUsage {
    /// Turns that used the model.
    pub(crate) turns: u64,
    /// Tokens.
    pub(crate) tokens: Usage,
}

/// What `forget` removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    /// Turns.
    pub(crate) turns: usize,
    /// All other records: profile, accounts, memberships, codes, usage, pending messages.
    pub(crate) records: usize,
}

/// Why memory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    /// The store failed, for instance because the disk is full.
    #[error("the store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record is of a version that this program does not know, or damaged.
    #[error("record {key} in {tree} cannot be read")]
    Record {
        /// The kind of record.
        tree: &'static str,
        /// A digest of its key, since keys hold accounts and errors are logged.
        key: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something with this name exists already.
    #[error("{0} exists already")]
    Exists(String),
}

/// What the tutor remembers.
#[async_trait]
pub(crate) trait Memory: Send + Sync {
    /// The person behind an account.
    async fn student(&self, account: &AccountId) -> Result<Option<Student>, MemoryError>;
    /// The person with this pseudonym.
    async fn student_by_id(&self, id: &StudentId) -> Result<Option<Student>, MemoryError>;
    /// The person behind an account; a new one, with `id`, when there is none yet.
    /// [`MemoryError::Exists`] when another person has that pseudonym.
    async fn welcome(&self, account: &AccountId, id: StudentId, now: Timestamp) -> Result<Student, MemoryError>;
    /// Replaces a person's language and course, and nothing else.
    async fn save_student(&self, student: &Student) -> Result<(), MemoryError>;
    /// Everybody, by pseudonym.
    async fn students(&self) -> Result<Vec<Student>, MemoryError>;

    /// Keeps a code under which another account can become `student`; it replaces the student's older code.
    /// Codes are the same in capitals and small letters.
    async fn offer_link(&self, student: &StudentId, code: &str, expires: Timestamp) -> Result<(), MemoryError>;
    /// Makes `account` (and all that its student had: turns, memberships, usage) part of the student who
    /// offered `code`, and uses the code up. `None` when no such code is valid at `now`, or when it is
    /// the student's own. The higher role wins where both are in a course.
    async fn link(&self, code: &str, account: &AccountId, now: Timestamp) -> Result<Option<Student>, MemoryError>;

    /// Creates a course. [`MemoryError::Exists`] when there is one with this id.
    async fn create_course(&self, course: &Course) -> Result<(), MemoryError>;
    /// Replaces the title and the rules of a course that there is.
    async fn save_course(&self, course: &Course) -> Result<(), MemoryError>;
    /// A course.
    async fn course(&self, id: &CourseId) -> Result<Option<Course>, MemoryError>;
    /// All courses, by id.
    async fn courses(&self) -> Result<Vec<Course>, MemoryError>;

    /// Lets a student into a course, or changes the role there; the date of joining stays the first.
    async fn join(&self, membership: &Membership) -> Result<(), MemoryError>;
    /// Takes a student out of a course; false when the student was not in it.
    async fn leave(&self, course: &CourseId, student: &StudentId) -> Result<bool, MemoryError>;
    /// A student's place in a course.
    async fn membership(&self, course: &CourseId, student: &StudentId) -> Result<Option<Membership>, MemoryError>;
    /// All courses of a student, by course id.
    async fn memberships(&self, student: &StudentId) -> Result<Vec<Membership>, MemoryError>;
    /// Keeps an invitation; it replaces one with the same code.
    async fn invite(&self, invitation: &Invitation) -> Result<(), MemoryError>;
    /// The invitation with this code, if it is valid at `now`.
    async fn invitation(&self, code: &str, now: Timestamp) -> Result<Option<Invitation>, MemoryError>;
    /// The course that a group chat (a conversation key) is about.
    async fn place_course(&self, conversation: &str) -> Result<Option<CourseId>, MemoryError>;
    /// Sets the course that a group chat is about.
    async fn set_place_course(&self, conversation: &str, course: &CourseId) -> Result<(), MemoryError>;

    /// Takes a message in; [`Acceptance::Known`] when one with its id was taken in before: for as long as that
    /// one is pending, and 90 days at least; `now` never goes back. Only a digest of the id is kept beyond delivery.
    async fn accept(&self, incoming: &Incoming, now: Timestamp) -> Result<Acceptance, MemoryError>;
    /// Messages of a platform that were accepted and not delivered, in the order of acceptance.
    async fn pending(&self, platform: &str) -> Result<Vec<Pending>, MemoryError>;
    /// Notes which of the platform's messages stand as the reply to a pending message.
    async fn set_standing(&self, id: &IncomingId, messages: &[String]) -> Result<(), MemoryError>;
    /// The message is no longer pending. Its id stays known.
    async fn delivered(&self, id: &IncomingId) -> Result<(), MemoryError>;
    /// Keeps how far a place was read, instead of what was kept of it before.
    async fn mark(&self, mark: &Mark) -> Result<(), MemoryError>;
    /// How far the places of a platform were read.
    async fn marks(&self, platform: &str) -> Result<Vec<Mark>, MemoryError>;

    /// Keeps a turn and adds its usage to the student's total and to the day's meters, as one change. A turn for the same message
    /// is kept once: the second call changes nothing.
    async fn record(&self, turn: &Turn) -> Result<(), MemoryError>;
    /// The turn that answered a message.
    async fn turn(&self, id: &IncomingId) -> Result<Option<Turn>, MemoryError>;
    /// The last `limit` turns of a conversation with [`Turn::dialogue`] since it was last started afresh, oldest first.
    async fn recent(&self, conversation: &str, limit: usize) -> Result<Vec<Turn>, MemoryError>;
    /// Starts a conversation afresh: turns so far are kept, but no longer referred to.
    async fn start_afresh(&self, conversation: &str) -> Result<(), MemoryError>;

    /// Passes a question on; while one from the same message is open it changes nothing and gives false.
    async fn pass_on(&self, question: &OpenQuestion) -> Result<bool, MemoryError>;
    /// The questions passed on in a course, oldest first.
    async fn open_questions(&self, course: &CourseId) -> Result<Vec<OpenQuestion>, MemoryError>;
    /// Removes a question that was dealt with; false when there is none.
    async fn close_question(&self, id: &IncomingId) -> Result<bool, MemoryError>;

    /// Keeps a new key. [`MemoryError::Exists`] when there is one of its name.
    async fn create_key(&self, key: &ApiKey) -> Result<(), MemoryError>;
    /// All keys, by name.
    async fn keys(&self) -> Result<Vec<ApiKey>, MemoryError>;
    /// The key of this hash.
    async fn key(&self, hash: &KeyHash) -> Result<Option<ApiKey>, MemoryError>;
    /// Removes the key of this name or [`ApiKey::id`]; what it was. What was metered for its name stays.
    async fn revoke_key(&self, name_or_id: &str) -> Result<Option<ApiKey>, MemoryError>;

    /// Adds what a request to the service used to the day's meters.
    async fn meter(&self, spending: &Spending) -> Result<(), MemoryError>;
    /// What one key, course, student or model used in a day (UTC).
    async fn metered_on(&self, meter: Meter, name: &str, day: Date) -> Result<DayUsage, MemoryError>;
    /// All that a meter shows from a day on, by name and day.
    async fn metered(&self, meter: Meter, since: Option<Date>) -> Result<Vec<Metered>, MemoryError>;
    /// What a student's turns cost.
    async fn usage(&self, student: &StudentId) -> Result<TotalUsage, MemoryError>;
    /// All that is kept about a student, as one JSON object; `None` when there is no such student. Its keys:
    /// `student`, `memberships`, `turns` (oldest first), `questions` (open ones), `usage`, `usage_by_day`,
    /// `pending` (messages that are not answered yet) and `link_code_expires`. Times are in RFC 3339.
    async fn export(&self, student: &StudentId) -> Result<Option<serde_json::Value>, MemoryError>;
    /// Removes all that is kept about a student, from the files on disk too: afterwards no file of the
    /// store contains any of it. The course and the restart of a conversation go with it where nobody else
    /// has spoken. Takes time and free disk in proportion to all that is kept; other calls wait.
    async fn forget(&self, student: &StudentId) -> Result<Forgotten, MemoryError>;
}
