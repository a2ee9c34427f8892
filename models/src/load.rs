//! The load of a class: many students who ask a model at once, and how long they wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::generate::{Caller, Event, Generate, GenerateError, Message, Request, Role};

/// What the students ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All about the same passages.
    Shared,
    /// Each question about one of some passage sets, the first ones most often (Zipf).
    Topics,
    /// Every question about passages of its own.
    Distinct,
    /// The same question from all, word for word.
    Repeat,
}

/// A class and its questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassLoad {
    /// What they ask about.
    pub mode: Mode,
    /// Students who ask at the same time.
    pub students: usize,
    /// Questions of each, one after another.
    pub rounds: usize,
    /// Passage sets of [`Mode::Topics`].
    pub topics: usize,
    /// Words of a passage set.
    pub context: usize,
    /// Tokens of an answer.
    pub answer: usize,
    /// Words of one more prompt, which comes when all of the class are being answered; 0 for none.
    pub long: usize,
    /// Other numbers give other words.
    pub seed: u64,
}

/// What a class load took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Seconds from the first question to the last word.
    pub wall_s: f64,
    /// Answers.
    pub answers: usize,
    /// Questions that were not answered.
    pub errors: usize,
    /// The first reason why one was not.
    pub first_error: Option<String>,
    /// Answers a second.
    pub answers_per_s: f64,
    /// Tokens of answers a second.
    pub tokens_per_s: f64,
    /// Tokens of all prompts.
    pub prompt_tokens: usize,
    /// Of these, tokens whose state was known.
    pub cached_tokens: usize,
    /// Seconds from a question to the first word of its answer.
    pub first_token_s: Spread,
    /// Seconds between the pieces of an answer.
    pub gap_s: Spread,
    /// What the long prompt did.
    pub long: Option<Long>,
}

/// A long prompt beside running answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Long {
    /// Its tokens.
    pub prompt_tokens: usize,
    /// Seconds until its first word.
    pub first_token_s: f64,
    /// Seconds between the pieces of the class's answers until then.
    pub gap_s: Spread,
}

/// How values spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Half are at most so large.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at =
            |share: f64| values.get(((values.len() as f64 * share) as usize).min(values.len().max(1) - 1)).copied();
        let at = |share| at(share).unwrap_or_default();
        Self { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
    }
}

/// What one answer took.
struct Timed {
    first: Option<Duration>,
    /// When each piece but the first came, and how long after the one before it.
    gaps: Vec<(Instant, f64)>,
    usage: crate::generate::Usage,
}

impl ClassLoad {
    /// Has the class ask `model`.
    pub async fn run(&self, model: &Arc<dyn Generate>) -> Measured {
        let start = Instant::now();
        let began = Arc::new(Semaphore::new(0));
        let mut students = Vec::new();
        for student in 0..self.students {
            let (load, model, began) = (self.clone(), model.clone(), began.clone());
            students.push(tokio::spawn(async move { load.student(student, &model, &began).await }));
        }
        let long = if self.long > 0 { self.read_long(model, &began).await } else { None };
        let mut asked: Vec<Result<Timed, GenerateError>> = Vec::new();
        for student in students {
            asked.extend(student.await.unwrap_or_default());
        }
        let wall = start.elapsed().as_secs_f64();
        let gaps = |(from, to): (Instant, Instant)| {
            let gaps = asked.iter().flatten().flat_map(|answer| &answer.gaps);
            Spread::of(gaps.filter(|(at, _)| (from..to).contains(at)).map(|(_, gap)| *gap).collect())
        };
        let long = long.map(|(during, long)| Long { gap_s: gaps(during), ..long });
        Measured { long, ..self.measured(wall, asked) }
    }

    /// Has the long prompt read once every student sees words; from when to when that was.
    async fn read_long(&self, model: &Arc<dyn Generate>, began: &Semaphore) -> Option<((Instant, Instant), Long)> {
        let all = u32::try_from(self.students).unwrap_or(u32::MAX);
        let _all = began.acquire_many(all).await.ok()?;
        let notes = Random::new(!self.seed).notes(self.long);
        let request = Request {
            messages: vec![Message::new(Role::User, notes)],
            max_tokens: 1,
            ignore_eos: true,
            caller: Caller { name: "long".to_owned(), ..Caller::default() },
            ..Request::default()
        };
        let start = Instant::now();
        let Timed { first, usage, .. } = ask(model, request, None).await.ok()?;
        let first = first?;
        let long =
            Long { prompt_tokens: usage.prompt_tokens, first_token_s: first.as_secs_f64(), gap_s: Spread::default() };
        Some(((start, start + first), long))
    }

    fn measured(&self, wall_s: f64, asked: Vec<Result<Timed, GenerateError>>) -> Measured {
        let all = asked.len();
        let first_error = asked.iter().find_map(|asked| asked.as_ref().err().map(ToString::to_string));
        let answers: Vec<Timed> = asked.into_iter().flatten().collect();
        let sum = |count: fn(&Timed) -> usize| answers.iter().map(count).sum::<usize>();
        let seconds = |first: &Timed| first.first.map(|first| first.as_secs_f64());
        Measured {
            wall_s,
            answers: answers.len(),
            errors: all - answers.len(),
            first_error,
            answers_per_s: answers.len() as f64 / wall_s,
            tokens_per_s: sum(|answer| answer.usage.completion_tokens) as f64 / wall_s,
            prompt_tokens: sum(|answer| answer.usage.prompt_tokens),
            cached_tokens: sum(|answer| answer.usage.cached_tokens),
            first_token_s: Spread::of(answers.iter().filter_map(seconds).collect()),
            gap_s: Spread::of(answers.iter().flat_map(|answer| answer.gaps.iter().map(|(_, gap)| *gap)).collect()),
            long: None,
        }
    }

    async fn student(
        &self,
        student: usize,
        model: &Arc<dyn Generate>,
        began: &Semaphore,
    ) -> Vec<Result<Timed, GenerateError>> {
        let mut answers = Vec::new();
        for round in 0..self.rounds {
            let began = (round == 0).then_some(began);
            answers.push(ask(model, self.request(student, round), began).await);
        }
        answers
    }

    /// The question of a student in a round.
    pub fn request(&self, student: usize, round: usize) -> Request {
        let mut random = Random::new(self.seed ^ ((student as u64) << 32) ^ ((round as u64 + 1) << 16));
        let set = match self.mode {
            Mode::Shared | Mode::Repeat => 0,
            Mode::Topics => random.zipf(self.topics.max(1)),
            Mode::Distinct => 1_000 + student * 100 + round,
        };
        let question = match self.mode {
            Mode::Repeat => format!("Question {round}: how does gravity relate to energy, and why does mass matter?"),
            _ => {
                let [a, b, c] = [random.word(), random.word(), random.word()];
                format!(
                    "Question {student}.{round}: how does {a} relate to {b}, and why does {c} matter in this course?"
                )
            }
        };
        let rules = "You are a patient course tutor. Answer only from the course notes below, in a short paragraph.";
        let notes = Random::new(self.seed.wrapping_mul(31) ^ set as u64).notes(self.context);
        let system = format!("{rules}\n\nCourse notes:\n{notes}");
        Request {
            messages: vec![Message::new(Role::System, system), Message::new(Role::User, question)],
            max_tokens: self.answer.max(1),
            ignore_eos: true,
            caller: Caller { name: format!("student {student}"), ..Caller::default() },
            ..Request::default()
        }
    }
}

/// Asks, and adds a permit to `began` when the first word comes, or none will.
async fn ask(model: &Arc<dyn Generate>, request: Request, began: Option<&Semaphore>) -> Result<Timed, GenerateError> {
    let start = Instant::now();
    let mut permit = began.map(Permit);
    let mut generation = model.generate(request).await?;
    let (mut first, mut last, mut gaps) = (None, None, Vec::new());
    while let Some(event) = generation.next().await {
        match event? {
            Event::Text(_) | Event::Anew(_) => {
                let now = Instant::now();
                drop(permit.take());
                first.get_or_insert(now - start);
                gaps.extend(last.replace(now).map(|last| (now, (now - last).as_secs_f64())));
            }
            Event::Done(finish) => return Ok(Timed { first, gaps, usage: finish.usage }),
        }
    }
    Err(GenerateError::Stopped)
}

/// Adds a permit when it is dropped.
struct Permit<'a>(&'a Semaphore);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

const WORDS: [&str; 48] = [
    "gravity",
    "force",
    "mass",
    "energy",
    "work",
    "power",
    "field",
    "charge",
    "current",
    "wave",
    "light",
    "photon",
    "atom",
    "electron",
    "bond",
    "reaction",
    "enzyme",
    "protein",
    "cell",
    "gene",
    "species",
    "climate",
    "ocean",
    "plate",
    "matrix",
    "vector",
    "function",
    "limit",
    "derivative",
    "integral",
    "series",
    "variance",
    "sample",
    "gradient",
    "loss",
    "layer",
    "token",
    "kernel",
    "process",
    "thread",
    "queue",
    "cache",
    "index",
    "tree",
    "graph",
    "path",
    "heap",
    "hash",
];

/// Numbers that only look random (splitmix64): the same seed gives the same load on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    /// 0 to `end - 1`, number n with a weight of 1 / (n + 1).
    fn zipf(&mut self, end: usize) -> usize {
        let weights: Vec<f64> = (1..=end).map(|n| 1.0 / n as f64).collect();
        let mut point = self.next() as f64 / u64::MAX as f64 * weights.iter().sum::<f64>();
        weights
            .iter()
            .position(|weight| {
                point -= weight;
                point <= 0.0
            })
            .unwrap_or(0)
    }

    fn notes(&mut self, words: usize) -> String {
        let mut notes = Vec::new();
        while notes.len() < words {
            let length = 8 + self.below(9);
            notes.push("The");
            notes.extend((0..3).map(|_| self.word()));
            notes.extend(["is", "the"]);
            notes.extend((3..length).map(|_| self.word()));
            notes.push(".");
        }
        notes.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(mode: Mode) -> ClassLoad {
        ClassLoad { mode, students: 4, rounds: 2, topics: 3, context: 40, answer: 8, long: 0, seed: 1 }
    }

    fn system(load: &ClassLoad, student: usize, round: usize) -> String {
        load.request(student, round).messages[0].content.clone()
    }

    #[test]
    fn modes_share_what_they_say() {
        let (shared, distinct, repeat) = (load(Mode::Shared), load(Mode::Distinct), load(Mode::Repeat));
        assert_eq!(system(&shared, 0, 0), system(&shared, 3, 1));
        assert_ne!(shared.request(0, 0), shared.request(1, 0));
        assert_ne!(system(&distinct, 0, 0), system(&distinct, 0, 1));
        assert_eq!(repeat.request(0, 1).messages, repeat.request(3, 1).messages);
        let topics = ClassLoad { students: 40, ..load(Mode::Topics) };
        let sets: std::collections::HashSet<String> = (0..40).map(|student| system(&topics, student, 0)).collect();
        assert_eq!(sets.len(), 3);
        assert_eq!(shared.request(0, 0), shared.request(0, 0), "the same each time");
    }

    #[test]
    fn values_spread() {
        let spread = Spread::of((1..=100).map(f64::from).collect());
        assert_eq!((spread.p50, spread.p95, spread.p99), (51.0, 96.0, 100.0));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
