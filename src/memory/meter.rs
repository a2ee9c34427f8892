//! What was used, by day, for each key, course, student and model.
//!
//! Each has rows of its own, so that a student's can be removed while the course keeps its sums.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use tutor_models::generate::Usage;

use super::kinds::key;
use super::record::Record;
use super::trees::{Change, Trees};
use super::{MemoryError, StudentId, Turn};

/// By what usage is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Meter {
    /// A key to the models as a service.
    Key,
    /// A course.
    Course,
    /// A student, by pseudonym.
    Student,
    /// A model.
    Model,
}

impl Meter {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Key, Self::Course, Self::Student, Self::Model];

    /// The beginning of the keys of its rows.
    fn letter(self) -> u8 {
        match self {
            Self::Key => b'k',
            Self::Course => b'c',
            Self::Student => b's',
            Self::Model => b'm',
        }
    }
}

/// What was used in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayUsage {
    /// Requests, or turns that used the model.
    pub(crate) requests: u64,
    /// Tokens.
    pub(crate) tokens: Usage,
}

impl DayUsage {
    /// Tokens of prompts and answers.
    pub(crate) fn total(&self) -> u64 {
        (self.tokens.prompt_tokens + self.tokens.completion_tokens) as u64
    }
}

impl std::ops::AddAssign for DayUsage {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.tokens += other.tokens;
    }
}

/// Keyed by meter, name and day.
impl Record for DayUsage {
    const TREE: &'static str = "usage_by_day";
}

/// A row: what one key, course, student or model used in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metered {
    /// The day, in UTC.
    pub(crate) day: Date,
    /// Of whom or what.
    pub(crate) name: String,
    /// What was used.
    #[serde(flatten)]
    pub(crate) usage: DayUsage,
}

/// What one request to the service used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spending {
    /// The name of its key; programs on the same machine may have none.
    pub(crate) key: Option<String>,
    /// The model.
    pub(crate) model: String,
    /// When it ended.
    pub(crate) at: Timestamp,
    /// Tokens.
    pub(crate) tokens: Usage,
}

impl Spending {
    /// The meters that it moves.
    pub(super) fn meters(&self) -> Vec<(Meter, &str)> {
        let key = self.key.as_deref().map(|name| (Meter::Key, name));
        key.into_iter().chain([(Meter::Model, self.model.as_str())]).collect()
    }
}

/// The day of a moment, in UTC.
pub(crate) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The meters that a turn of `student` moves.
pub(super) fn of_turn<'t>(turn: &'t Turn, student: &'t StudentId) -> Vec<(Meter, &'t str)> {
    let course = turn.course.as_ref().map(|course| (Meter::Course, course.as_str()));
    let model = turn.model.as_deref().map(|model| (Meter::Model, model));
    [(Meter::Student, student.0.as_str())].into_iter().chain(course).chain(model).collect()
}

pub(super) fn meter(trees: &mut Trees, spending: &Spending) -> Result<(), MemoryError> {
    let mut change = Change::default();
    add(trees, &mut change, &spending.meters(), spending.at, spending.tokens)?;
    trees.apply(&change)
}

/// Has a change add one request to each of the meters.
pub(super) fn add(
    trees: &Trees,
    change: &mut Change,
    meters: &[(Meter, &str)],
    at: Timestamp,
    tokens: Usage,
) -> Result<(), MemoryError> {
    for (meter, name) in meters {
        let mut usage = on(trees, *meter, name, day(at))?;
        usage += DayUsage { requests: 1, tokens };
        change.put(row(*meter, name, day(at)), &usage)?;
    }
    Ok(())
}

/// What one used in a day.
pub(super) fn on(trees: &Trees, meter: Meter, name: &str, day: Date) -> Result<DayUsage, MemoryError> {
    Ok(trees.get(row(meter, name, day))?.unwrap_or_default())
}

/// All rows of a meter from a day on, by name and day.
pub(super) fn since(trees: &Trees, meter: Meter, first: Option<Date>) -> Result<Vec<Metered>, MemoryError> {
    let mut rows = rows(trees, &[meter.letter()])?;
    rows.retain(|row| first.is_none_or(|first| row.day >= first));
    rows.sort_by(|a, b| (&a.name, a.day).cmp(&(&b.name, b.day)));
    Ok(rows)
}

/// The rows of a student, by day.
pub(super) fn of_student(trees: &Trees, student: &StudentId) -> Result<Vec<Metered>, MemoryError> {
    rows(trees, &named(Meter::Student, &student.0))
}

/// Has a change remove a student's rows; how many there are.
pub(super) fn remove(trees: &Trees, change: &mut Change, student: &StudentId) -> Result<usize, MemoryError> {
    let rows = of_student(trees, student)?;
    for known in &rows {
        change.remove::<DayUsage>(row(Meter::Student, &student.0, known.day));
    }
    Ok(rows.len())
}

/// Has a change add a student's rows to another's.
pub(super) fn merge(trees: &Trees, change: &mut Change, to: &StudentId, from: &StudentId) -> Result<(), MemoryError> {
    for known in of_student(trees, from)? {
        let mut usage = on(trees, Meter::Student, &to.0, known.day)?;
        usage += known.usage;
        change.put(row(Meter::Student, &to.0, known.day), &usage)?;
    }
    remove(trees, change, from).map(drop)
}

fn named(meter: Meter, name: &str) -> Vec<u8> {
    [&[meter.letter()], key(name, &[]).as_slice()].concat()
}

fn row(meter: Meter, name: &str, day: Date) -> Vec<u8> {
    // As text, days of four-digit years sort as they follow each other.
    [named(meter, name), day.to_string().into_bytes()].concat()
}

fn rows(trees: &Trees, prefix: &[u8]) -> Result<Vec<Metered>, MemoryError> {
    let mut rows = Vec::new();
    for entry in trees.scan::<DayUsage>(prefix)? {
        let (key, usage) = entry?;
        rows.extend(parse(&key).map(|(name, day)| Metered { day, name, usage }));
    }
    Ok(rows)
}

/// The name and the day of a row's key: a letter, the name's length in four bytes, the name, the day.
fn parse(key: &[u8]) -> Option<(String, Date)> {
    let (length, rest) = key.get(1..)?.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    let (name, day) = rest.split_at_checked(length)?;
    Some((String::from_utf8(name.to_vec()).ok()?, std::str::from_utf8(day).ok()?.parse().ok()?))
}
