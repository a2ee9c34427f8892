//! The memory on disk: the port's methods as jobs for the store's thread.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use tutor_bots::chat::{Acceptance, AccountId, Incoming, IncomingId, Mark, Pending};

use super::commit::Commits;
use super::{
    ApiKey, Course, CourseId, DayUsage, Forgotten, Invitation, KeyHash, Membership, Memory, MemoryError, Meter,
    Metered, OpenQuestion, Spending, Student, StudentId, TotalUsage, Turn,
};
use super::{courses, inbox, keys, links, meter, mydata, questions, students, turns};

/// Memory in a folder, on sled.
///
/// One process uses a folder at a time. Dropping it finishes what was asked and lets the folder go.
#[derive(Debug)]
pub(crate) struct SledMemory {
    commits: Commits,
}

impl SledMemory {
    /// Opens the memory in `folder`, creating it if need be. Blocks while sled reads its log.
    ///
    /// # Errors
    /// [`MemoryError::Store`] when another process uses the folder, or it cannot be read or written.
    pub(crate) fn open(folder: &Path) -> Result<Self, MemoryError> {
        Ok(Self { commits: Commits::start(folder)? })
    }
}

#[async_trait]
impl Memory for SledMemory {
    async fn student(&self, account: &AccountId) -> Result<Option<Student>, MemoryError> {
        let account = account.clone();
        self.commits.run(move |trees| students::of(trees, &account)).await
    }

    async fn student_by_id(&self, id: &StudentId) -> Result<Option<Student>, MemoryError> {
        let id = id.clone();
        self.commits.run(move |trees| students::with_id(trees, &id)).await
    }

    async fn welcome(&self, account: &AccountId, id: StudentId, now: Timestamp) -> Result<Student, MemoryError> {
        let account = account.clone();
        self.commits.run(move |trees| students::welcome(trees, &account, id, now)).await
    }

    async fn save_student(&self, student: &Student) -> Result<(), MemoryError> {
        let student = student.clone();
        self.commits.run(move |trees| students::save(trees, &student)).await
    }

    async fn students(&self) -> Result<Vec<Student>, MemoryError> {
        self.commits.run(|trees| students::all(trees)).await
    }

    async fn offer_link(&self, student: &StudentId, code: &str, expires: Timestamp) -> Result<(), MemoryError> {
        let (student, code) = (student.clone(), code.to_owned());
        self.commits.run(move |trees| links::offer(trees, &student, &code, expires)).await
    }

    async fn link(&self, code: &str, account: &AccountId, now: Timestamp) -> Result<Option<Student>, MemoryError> {
        let (code, account) = (code.to_owned(), account.clone());
        self.commits.run(move |trees| links::link(trees, &code, &account, now)).await
    }

    async fn create_course(&self, course: &Course) -> Result<(), MemoryError> {
        let course = course.clone();
        self.commits.run(move |trees| courses::create(trees, &course)).await
    }

    async fn save_course(&self, course: &Course) -> Result<(), MemoryError> {
        let course = course.clone();
        self.commits.run(move |trees| courses::save(trees, &course)).await
    }

    async fn course(&self, id: &CourseId) -> Result<Option<Course>, MemoryError> {
        let id = id.clone();
        self.commits.run(move |trees| trees.get(id.as_str())).await
    }

    async fn courses(&self) -> Result<Vec<Course>, MemoryError> {
        self.commits.run(|trees| courses::all(trees)).await
    }

    async fn join(&self, membership: &Membership) -> Result<(), MemoryError> {
        let membership = membership.clone();
        self.commits.run(move |trees| courses::join(trees, &membership)).await
    }

    async fn leave(&self, course: &CourseId, student: &StudentId) -> Result<bool, MemoryError> {
        let (course, student) = (course.clone(), student.clone());
        self.commits.run(move |trees| courses::leave(trees, &course, &student)).await
    }

    async fn membership(&self, course: &CourseId, student: &StudentId) -> Result<Option<Membership>, MemoryError> {
        let (course, student) = (course.clone(), student.clone());
        self.commits.run(move |trees| courses::membership(trees, &course, &student)).await
    }

    async fn memberships(&self, student: &StudentId) -> Result<Vec<Membership>, MemoryError> {
        let student = student.clone();
        self.commits.run(move |trees| courses::of(trees, &student)).await
    }

    async fn invite(&self, invitation: &Invitation) -> Result<(), MemoryError> {
        let invitation = invitation.clone();
        self.commits.run(move |trees| courses::invite(trees, &invitation)).await
    }

    async fn invitation(&self, code: &str, now: Timestamp) -> Result<Option<Invitation>, MemoryError> {
        let code = code.to_owned();
        self.commits.run(move |trees| courses::invitation(trees, &code, now)).await
    }

    async fn place_course(&self, conversation: &str) -> Result<Option<CourseId>, MemoryError> {
        let conversation = conversation.to_owned();
        self.commits.run(move |trees| courses::of_place(trees, &conversation)).await
    }

    async fn set_place_course(&self, conversation: &str, course: &CourseId) -> Result<(), MemoryError> {
        let (conversation, course) = (conversation.to_owned(), course.clone());
        self.commits.run(move |trees| courses::set_of_place(trees, &conversation, &course)).await
    }

    async fn accept(&self, incoming: &Incoming, now: Timestamp) -> Result<Acceptance, MemoryError> {
        let incoming = incoming.clone();
        self.commits.run(move |trees| inbox::accept(trees, &incoming, now)).await
    }

    async fn pending(&self, platform: &str) -> Result<Vec<Pending>, MemoryError> {
        let platform = platform.to_owned();
        self.commits.run(move |trees| inbox::pending(trees, &platform)).await
    }

    async fn set_standing(&self, id: &IncomingId, messages: &[String]) -> Result<(), MemoryError> {
        let (id, messages) = (id.clone(), messages.to_vec());
        self.commits.run(move |trees| inbox::set_standing(trees, &id, &messages)).await
    }

    async fn delivered(&self, id: &IncomingId) -> Result<(), MemoryError> {
        let id = id.clone();
        self.commits.run(move |trees| inbox::delivered(trees, &id)).await
    }

    async fn mark(&self, mark: &Mark) -> Result<(), MemoryError> {
        let mark = mark.clone();
        self.commits.run(move |trees| inbox::mark(trees, &mark)).await
    }

    async fn marks(&self, platform: &str) -> Result<Vec<Mark>, MemoryError> {
        let platform = platform.to_owned();
        self.commits.run(move |trees| inbox::marks(trees, &platform)).await
    }

    async fn record(&self, turn: &Turn) -> Result<(), MemoryError> {
        let turn = turn.clone();
        self.commits.run(move |trees| turns::record(trees, &turn)).await
    }

    async fn turn(&self, id: &IncomingId) -> Result<Option<Turn>, MemoryError> {
        let id = id.clone();
        self.commits.run(move |trees| turns::answer_to(trees, &id)).await
    }

    async fn recent(&self, conversation: &str, limit: usize) -> Result<Vec<Turn>, MemoryError> {
        let conversation = conversation.to_owned();
        self.commits.run(move |trees| turns::recent(trees, &conversation, limit)).await
    }

    async fn start_afresh(&self, conversation: &str) -> Result<(), MemoryError> {
        let conversation = conversation.to_owned();
        self.commits.run(move |trees| turns::start_afresh(trees, &conversation)).await
    }

    async fn pass_on(&self, question: &OpenQuestion) -> Result<bool, MemoryError> {
        let question = question.clone();
        self.commits.run(move |trees| questions::pass_on(trees, &question)).await
    }

    async fn open_questions(&self, course: &CourseId) -> Result<Vec<OpenQuestion>, MemoryError> {
        let course = course.clone();
        self.commits.run(move |trees| questions::open(trees, &course)).await
    }

    async fn close_question(&self, id: &IncomingId) -> Result<bool, MemoryError> {
        let id = id.clone();
        self.commits.run(move |trees| questions::close(trees, &id)).await
    }

    async fn create_key(&self, key: &ApiKey) -> Result<(), MemoryError> {
        let key = key.clone();
        self.commits.run(move |trees| keys::create(trees, &key)).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, MemoryError> {
        self.commits.run(|trees| keys::all(trees)).await
    }

    async fn key(&self, hash: &KeyHash) -> Result<Option<ApiKey>, MemoryError> {
        let hash = hash.clone();
        self.commits.run(move |trees| keys::with_hash(trees, &hash)).await
    }

    async fn revoke_key(&self, name_or_id: &str) -> Result<Option<ApiKey>, MemoryError> {
        let called = name_or_id.to_owned();
        self.commits.run(move |trees| keys::revoke(trees, &called)).await
    }

    async fn meter(&self, spending: &Spending) -> Result<(), MemoryError> {
        let spending = spending.clone();
        self.commits.run(move |trees| meter::meter(trees, &spending)).await
    }

    async fn metered_on(&self, meter: Meter, name: &str, day: Date) -> Result<DayUsage, MemoryError> {
        let name = name.to_owned();
        self.commits.run(move |trees| meter::on(trees, meter, &name, day)).await
    }

    async fn metered(&self, meter: Meter, since: Option<Date>) -> Result<Vec<Metered>, MemoryError> {
        self.commits.run(move |trees| meter::since(trees, meter, since)).await
    }

    async fn usage(&self, student: &StudentId) -> Result<TotalUsage, MemoryError> {
        let student = student.clone();
        self.commits.run(move |trees| turns::usage(trees, &student)).await
    }

    async fn export(&self, student: &StudentId) -> Result<Option<serde_json::Value>, MemoryError> {
        let student = student.clone();
        self.commits.run(move |trees| mydata::export(trees, &student)).await
    }

    async fn forget(&self, student: &StudentId) -> Result<Forgotten, MemoryError> {
        let student = student.clone();
        self.commits.run(move |trees| mydata::forget(trees, &student)).await
    }
}
