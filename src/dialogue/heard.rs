//! Checked answers that a class group has heard: who asks the same there again gets the same at once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lru::LruCache;
use tutor_prompts::Language;

use crate::memory::{Course, CourseId, Said, Unsupported};

/// Answers that are kept; with their sources about 2 MB.
const KEPT: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// What a checked answer depends on. The model, the prompts and the sampling are those of this process, which is how
/// long an answer is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    course: CourseId,
    /// [`tutor_index::Index::version`] of the course.
    version: String,
    rule: Unsupported,
    meaning: Option<u8>,
    language: Language,
    words: String,
}

impl Question {
    /// `question` about the notes of `course` as they are in `version`. Spaces, capitals and the marks at the end make no
    /// other question.
    pub(super) fn new(course: &Course, version: String, language: Language, question: &str) -> Self {
        let words: Vec<String> = question.split_whitespace().map(str::to_lowercase).collect();
        let words = words.join(" ").trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned();
        Self { course: course.id.clone(), version, rule: course.unsupported, meaning: course.meaning, language, words }
    }
}

/// The answers, those that were wanted last. Only what a group hears goes in, so nothing of it is private.
#[derive(Debug)]
pub(crate) struct Heard(Mutex<LruCache<Question, (Said, Timestamp)>>);

impl Default for Heard {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Heard {
    /// What was said to the question, and when.
    pub(super) fn answer(&self, question: &Question) -> Option<(Said, Timestamp)> {
        self.kept().get(question).cloned()
    }

    /// Keeps what was said.
    pub(super) fn keep(&self, question: Question, said: Said, at: Timestamp) {
        self.kept().put(question, (said, at));
    }

    /// Drops all, since one of those who asked wants to be forgotten.
    pub(super) fn clear(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<Question, (Said, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
