//! Memory that lives as long as its value: a strict body of the port for tests, kept by the same contract.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tutor_bots::chat::{Acceptance, AccountId, Incoming, IncomingId, Mark, Pending};
use tutor_models::generate::Usage;

use super::meter::of_turn;
use super::{
    ApiKey, Course, CourseId, DayUsage, Forgotten, Invitation, KeyHash, Membership, Memory, MemoryError, Meter,
    Metered, OpenQuestion, Spending, Student, StudentId, TotalUsage, Turn, day,
};

/// Memory without a disk.
#[derive(Debug, Default)]
pub(crate) struct FakeMemory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    students: BTreeMap<StudentId, Student>,
    merged: BTreeMap<StudentId, StudentId>,
    offers: BTreeMap<StudentId, (String, Timestamp)>,
    courses: BTreeMap<CourseId, Course>,
    members: BTreeMap<(StudentId, CourseId), Membership>,
    invitations: BTreeMap<String, Invitation>,
    places: BTreeMap<String, CourseId>,
    /// From which number on turns are referred to.
    afresh: BTreeMap<String, u64>,
    marks: BTreeMap<String, Mark>,
    /// When each message was accepted.
    seen: BTreeMap<IncomingId, Timestamp>,
    waiting: Vec<(Timestamp, Pending)>,
    turns: Vec<(u64, Turn)>,
    turns_so_far: u64,
    questions: Vec<OpenQuestion>,
    usage: BTreeMap<StudentId, TotalUsage>,
    keys: Vec<ApiKey>,
    days: BTreeMap<(Meter, String, Date), DayUsage>,
}

impl State {
    fn owner(&self, account: &AccountId) -> Option<Student> {
        self.students.values().find(|student| student.accounts.contains(account)).cloned()
    }

    fn today(&self, id: &StudentId) -> Option<StudentId> {
        if self.students.contains_key(id) { Some(id.clone()) } else { self.merged.get(id).cloned() }
    }

    fn waits(&self, id: &IncomingId) -> bool {
        self.waiting.iter().any(|(_, pending)| pending.incoming.id == *id)
    }

    fn memberships(&self, student: &StudentId) -> Vec<Membership> {
        self.members.values().filter(|membership| membership.student == *student).cloned().collect()
    }

    fn add(&mut self, membership: Membership, role: impl Fn(&Membership, &Membership) -> Membership) {
        let key = (membership.student.clone(), membership.course.clone());
        let merged = match self.members.get(&key) {
            Some(before) => role(before, &membership),
            None => membership,
        };
        self.members.insert(key, merged);
    }

    fn add_usage(&mut self, meters: &[(Meter, &str)], at: Timestamp, tokens: Usage) {
        for (meter, name) in meters {
            let usage = self.days.entry((*meter, (*name).to_owned(), day(at))).or_default();
            *usage += DayUsage { requests: 1, tokens };
        }
    }

    fn metered(&self, meter: Meter) -> impl Iterator<Item = Metered> {
        let rows = self.days.iter().filter(move |((by, ..), _)| *by == meter);
        rows.map(|((_, name, day), usage)| Metered { day: *day, name: name.clone(), usage: *usage })
    }

    fn of_student(&self, student: &StudentId) -> Vec<Metered> {
        self.metered(Meter::Student).filter(|row| row.name == student.0).collect()
    }

    fn merge(&mut self, to: &mut Student, from: Student) {
        for mut membership in self.memberships(&from.id) {
            self.members.remove(&(from.id.clone(), membership.course.clone()));
            membership.student = to.id.clone();
            self.add(membership, |own, other| Membership {
                role: own.role.max(other.role),
                joined: own.joined.min(other.joined),
                ..own.clone()
            });
        }
        let asked = self.turns.iter_mut().map(|(_, turn)| &mut turn.student);
        let asked = asked.chain(self.questions.iter_mut().map(|question| &mut question.student));
        for student in asked.chain(self.merged.values_mut()).filter(|student| **student == from.id) {
            *student = to.id.clone();
        }
        if let Some(more) = self.usage.remove(&from.id) {
            let total = self.usage.entry(to.id.clone()).or_default();
            total.turns += more.turns;
            total.tokens += more.tokens;
        }
        for row in self.of_student(&from.id) {
            self.days.remove(&(Meter::Student, from.id.0.clone(), row.day));
            *self.days.entry((Meter::Student, to.id.0.clone(), row.day)).or_default() += row.usage;
        }
        self.offers.remove(&from.id);
        self.students.remove(&from.id);
        self.merged.insert(from.id, to.id.clone());
        to.language = to.language.or(from.language);
        to.course = to.course.take().or(from.course);
        to.created = to.created.min(from.created);
        to.accounts.extend(from.accounts);
    }

    fn forget(&mut self, student: &Student) -> Forgotten {
        let before = self.records(student);
        let theirs = |incoming: &Incoming| student.accounts.contains(&incoming.account);
        let chats: Vec<_> = self.waiting.iter().map(|(_, pending)| &pending.incoming).collect();
        let chats: Vec<_> = chats.into_iter().filter(|incoming| theirs(incoming)).map(|i| i.place.key()).collect();
        let spoke =
            |key: &str| self.turns.iter().any(|(_, turn)| turn.conversation == key && turn.student == student.id);
        let others =
            |key: &str| self.turns.iter().any(|(_, turn)| turn.conversation == key && turn.student != student.id);
        let named = |key: &str| {
            let account = |account: &AccountId| key == account.as_str() || key.starts_with(&format!("{account}:"));
            student.accounts.iter().any(account)
        };
        let kept = |key: &str| others(key) || !(spoke(key) || named(key) || chats.iter().any(|chat| chat == key));
        self.places.retain(|key, _| kept(key));
        self.afresh.retain(|key, _| kept(key));
        self.marks.retain(|key, _| kept(key));
        let turns = self.turns.len();
        self.turns.retain(|(_, turn)| turn.student != student.id);
        self.waiting.retain(|(_, pending)| !theirs(&pending.incoming));
        self.questions.retain(|question| question.student != student.id);
        self.members.retain(|(member, _), _| *member != student.id);
        self.merged.retain(|_, into| *into != student.id);
        self.offers.remove(&student.id);
        self.usage.remove(&student.id);
        self.days.retain(|(meter, name, _), _| *meter != Meter::Student || *name != student.id.0);
        self.students.remove(&student.id);
        Forgotten { turns: turns - self.turns.len(), records: before }
    }

    /// Records about a student that are no turns.
    fn records(&self, student: &Student) -> usize {
        let waiting = self.waiting.iter().filter(|(_, pending)| student.accounts.contains(&pending.incoming.account));
        1 + student.accounts.len()
            + self.memberships(&student.id).len()
            + usize::from(self.offers.contains_key(&student.id))
            + usize::from(self.usage.contains_key(&student.id))
            + self.of_student(&student.id).len()
            + self.questions.iter().filter(|question| question.student == student.id).count()
            + waiting.count()
    }

    fn export(&self, student: &Student) -> Value {
        let turns: Vec<_> = self.turns.iter().map(|(_, turn)| turn).filter(|turn| turn.student == student.id).collect();
        let questions: Vec<_> = self.questions.iter().filter(|question| question.student == student.id).collect();
        let waiting = self.waiting.iter().filter(|(_, pending)| student.accounts.contains(&pending.incoming.account));
        let pending: Vec<_> =
            waiting.map(|(at, pending)| json!({"accepted": at, "message": pending.incoming})).collect();
        json!({
            "student": student,
            "memberships": self.memberships(&student.id),
            "turns": turns,
            "questions": questions,
            "usage": self.usage.get(&student.id).copied().unwrap_or_default(),
            "usage_by_day": self.of_student(&student.id),
            "pending": pending,
            "link_code_expires": self.offers.get(&student.id).map(|(_, expires)| expires),
        })
    }
}

impl FakeMemory {
    /// A test that panicked has said what is wrong already.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Memory for FakeMemory {
    async fn student(&self, account: &AccountId) -> Result<Option<Student>, MemoryError> {
        Ok(self.state().owner(account))
    }

    async fn student_by_id(&self, id: &StudentId) -> Result<Option<Student>, MemoryError> {
        Ok(self.state().students.get(id).cloned())
    }

    async fn welcome(&self, account: &AccountId, id: StudentId, now: Timestamp) -> Result<Student, MemoryError> {
        let mut state = self.state();
        if let Some(known) = state.owner(account) {
            return Ok(known);
        }
        if state.today(&id).is_some() {
            return Err(MemoryError::Exists(id.0));
        }
        let accounts = vec![account.clone()];
        let student = Student { id: id.clone(), accounts, language: None, course: None, created: now };
        state.students.insert(id, student.clone());
        Ok(student)
    }

    async fn save_student(&self, student: &Student) -> Result<(), MemoryError> {
        if let Some(stored) = self.state().students.get_mut(&student.id) {
            stored.language = student.language;
            stored.course = student.course.clone();
        }
        Ok(())
    }

    async fn students(&self) -> Result<Vec<Student>, MemoryError> {
        Ok(self.state().students.values().cloned().collect())
    }

    async fn offer_link(&self, student: &StudentId, code: &str, expires: Timestamp) -> Result<(), MemoryError> {
        let mut state = self.state();
        if state.students.contains_key(student) {
            let code = code.to_uppercase();
            state.offers.retain(|_, (other, _)| *other != code);
            state.offers.insert(student.clone(), (code, expires));
        }
        Ok(())
    }

    async fn link(&self, code: &str, account: &AccountId, now: Timestamp) -> Result<Option<Student>, MemoryError> {
        let mut state = self.state();
        let code = code.to_uppercase();
        let offer = state.offers.iter().find(|(_, (offered, expires))| *offered == code && now < *expires);
        let Some(mut student) = offer.and_then(|(id, _)| state.students.get(id).cloned()) else { return Ok(None) };
        match state.owner(account) {
            Some(other) if other.id == student.id => return Ok(None),
            Some(other) => state.merge(&mut student, other),
            None => student.accounts.push(account.clone()),
        }
        state.offers.remove(&student.id);
        state.students.insert(student.id.clone(), student.clone());
        Ok(Some(student))
    }

    async fn create_course(&self, course: &Course) -> Result<(), MemoryError> {
        let mut state = self.state();
        if state.courses.contains_key(&course.id) {
            return Err(MemoryError::Exists(course.id.to_string()));
        }
        state.courses.insert(course.id.clone(), course.clone());
        Ok(())
    }

    async fn save_course(&self, course: &Course) -> Result<(), MemoryError> {
        if let Some(stored) = self.state().courses.get_mut(&course.id) {
            *stored = Course { created: stored.created, ..course.clone() };
        }
        Ok(())
    }

    async fn course(&self, id: &CourseId) -> Result<Option<Course>, MemoryError> {
        Ok(self.state().courses.get(id).cloned())
    }

    async fn courses(&self) -> Result<Vec<Course>, MemoryError> {
        Ok(self.state().courses.values().cloned().collect())
    }

    async fn join(&self, membership: &Membership) -> Result<(), MemoryError> {
        let mut state = self.state();
        if let Some(student) = state.today(&membership.student) {
            let membership = Membership { student, ..membership.clone() };
            state.add(membership, |before, now| Membership { joined: before.joined, ..now.clone() });
        }
        Ok(())
    }

    async fn leave(&self, course: &CourseId, student: &StudentId) -> Result<bool, MemoryError> {
        Ok(self.state().members.remove(&(student.clone(), course.clone())).is_some())
    }

    async fn membership(&self, course: &CourseId, student: &StudentId) -> Result<Option<Membership>, MemoryError> {
        Ok(self.state().members.get(&(student.clone(), course.clone())).cloned())
    }

    async fn memberships(&self, student: &StudentId) -> Result<Vec<Membership>, MemoryError> {
        Ok(self.state().memberships(student))
    }

    async fn invite(&self, invitation: &Invitation) -> Result<(), MemoryError> {
        let code = invitation.code.to_uppercase();
        self.state().invitations.insert(code.clone(), Invitation { code, ..invitation.clone() });
        Ok(())
    }

    async fn invitation(&self, code: &str, now: Timestamp) -> Result<Option<Invitation>, MemoryError> {
        let found = self.state().invitations.get(&code.to_uppercase()).cloned();
        Ok(found.filter(|invitation| now < invitation.expires))
    }

    async fn place_course(&self, conversation: &str) -> Result<Option<CourseId>, MemoryError> {
        Ok(self.state().places.get(conversation).cloned())
    }

    async fn set_place_course(&self, conversation: &str, course: &CourseId) -> Result<(), MemoryError> {
        self.state().places.insert(conversation.to_owned(), course.clone());
        Ok(())
    }

    async fn accept(&self, incoming: &Incoming, now: Timestamp) -> Result<Acceptance, MemoryError> {
        let mut state = self.state();
        let recent = |accepted: &Timestamp| now.duration_since(*accepted) <= SignedDuration::from_hours(90 * 24);
        if state.waits(&incoming.id) || state.seen.get(&incoming.id).is_some_and(recent) {
            return Ok(Acceptance::Known);
        }
        state.seen.insert(incoming.id.clone(), now);
        state.waiting.push((now, Pending { incoming: incoming.clone(), standing: Vec::new() }));
        Ok(Acceptance::New)
    }

    async fn pending(&self, platform: &str) -> Result<Vec<Pending>, MemoryError> {
        let state = self.state();
        let waiting = state.waiting.iter().map(|(_, pending)| pending);
        Ok(waiting.filter(|pending| pending.incoming.place.platform == platform).cloned().collect())
    }

    async fn set_standing(&self, id: &IncomingId, messages: &[String]) -> Result<(), MemoryError> {
        let mut state = self.state();
        if let Some((_, pending)) = state.waiting.iter_mut().find(|(_, pending)| pending.incoming.id == *id) {
            pending.standing = messages.to_vec();
        }
        Ok(())
    }

    async fn delivered(&self, id: &IncomingId) -> Result<(), MemoryError> {
        self.state().waiting.retain(|(_, pending)| pending.incoming.id != *id);
        Ok(())
    }

    async fn mark(&self, mark: &Mark) -> Result<(), MemoryError> {
        self.state().marks.insert(mark.place.key(), mark.clone());
        Ok(())
    }

    async fn marks(&self, platform: &str) -> Result<Vec<Mark>, MemoryError> {
        Ok(self.state().marks.values().filter(|mark| mark.place.platform == platform).cloned().collect())
    }

    async fn record(&self, turn: &Turn) -> Result<(), MemoryError> {
        let mut state = self.state();
        let Some(student) = state.today(&turn.student) else { return Ok(()) };
        if state.turns.iter().any(|(_, kept)| kept.incoming == turn.incoming) {
            return Ok(());
        }
        if turn.usage != Usage::default() {
            let total = state.usage.entry(student.clone()).or_default();
            total.turns += 1;
            total.tokens += turn.usage;
            state.add_usage(&of_turn(turn, &student), turn.at, turn.usage);
        }
        let number = state.turns_so_far;
        state.turns_so_far += 1;
        state.turns.push((number, Turn { student, ..turn.clone() }));
        Ok(())
    }

    async fn turn(&self, id: &IncomingId) -> Result<Option<Turn>, MemoryError> {
        let state = self.state();
        Ok(state.turns.iter().map(|(_, turn)| turn).find(|turn| turn.incoming == *id).cloned())
    }

    async fn recent(&self, conversation: &str, limit: usize) -> Result<Vec<Turn>, MemoryError> {
        let state = self.state();
        let from = state.afresh.get(conversation).copied().unwrap_or_default();
        let here = |number: u64, turn: &Turn| number >= from && turn.dialogue && turn.conversation == conversation;
        let mut turns: Vec<_> = state.turns.iter().filter(|(n, turn)| here(*n, turn)).map(|(_, t)| t.clone()).collect();
        let first = turns.len().saturating_sub(limit);
        Ok(turns.split_off(first))
    }

    async fn start_afresh(&self, conversation: &str) -> Result<(), MemoryError> {
        let mut state = self.state();
        let from = state.turns_so_far;
        state.afresh.insert(conversation.to_owned(), from);
        Ok(())
    }

    async fn pass_on(&self, question: &OpenQuestion) -> Result<bool, MemoryError> {
        let mut state = self.state();
        let Some(student) = state.today(&question.student) else { return Ok(false) };
        let known = state.questions.iter().any(|open| open.incoming == question.incoming);
        if !known {
            state.questions.push(OpenQuestion { student, ..question.clone() });
        }
        Ok(!known)
    }

    async fn open_questions(&self, course: &CourseId) -> Result<Vec<OpenQuestion>, MemoryError> {
        Ok(self.state().questions.iter().filter(|question| question.course == *course).cloned().collect())
    }

    async fn close_question(&self, id: &IncomingId) -> Result<bool, MemoryError> {
        let mut state = self.state();
        let before = state.questions.len();
        state.questions.retain(|question| question.incoming != *id);
        Ok(state.questions.len() < before)
    }

    async fn create_key(&self, key: &ApiKey) -> Result<(), MemoryError> {
        let mut state = self.state();
        if state.keys.iter().any(|known| known.name == key.name) {
            return Err(MemoryError::Exists(key.name.clone()));
        }
        state.keys.push(key.clone());
        state.keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, MemoryError> {
        Ok(self.state().keys.clone())
    }

    async fn key(&self, hash: &KeyHash) -> Result<Option<ApiKey>, MemoryError> {
        Ok(self.state().keys.iter().find(|key| key.hash == *hash).cloned())
    }

    async fn revoke_key(&self, name_or_id: &str) -> Result<Option<ApiKey>, MemoryError> {
        let mut state = self.state();
        let place = state.keys.iter().position(|key| key.is_called(name_or_id));
        Ok(place.map(|place| state.keys.remove(place)))
    }

    async fn meter(&self, spending: &Spending) -> Result<(), MemoryError> {
        self.state().add_usage(&spending.meters(), spending.at, spending.tokens);
        Ok(())
    }

    async fn metered_on(&self, meter: Meter, name: &str, day: Date) -> Result<DayUsage, MemoryError> {
        Ok(self.state().days.get(&(meter, name.to_owned(), day)).copied().unwrap_or_default())
    }

    async fn metered(&self, meter: Meter, since: Option<Date>) -> Result<Vec<Metered>, MemoryError> {
        Ok(self.state().metered(meter).filter(|row| since.is_none_or(|since| row.day >= since)).collect())
    }

    async fn usage(&self, student: &StudentId) -> Result<TotalUsage, MemoryError> {
        Ok(self.state().usage.get(student).copied().unwrap_or_default())
    }

    async fn export(&self, student: &StudentId) -> Result<Option<Value>, MemoryError> {
        let state = self.state();
        Ok(state.students.get(student).map(|student| state.export(student)))
    }

    async fn forget(&self, student: &StudentId) -> Result<Forgotten, MemoryError> {
        let mut state = self.state();
        let known = state.students.get(student).cloned();
        Ok(known.map_or_else(Forgotten::default, |student| state.forget(&student)))
    }
}
