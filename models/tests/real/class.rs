//! A whole class at the default chat model: what is kept of prompts, texts in a given form, and a long day in miniature.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde::Deserialize;
use tutor_models::catalog::DEFAULT_CHAT;
use tutor_models::engine::{Engine, EngineSettings, PrefixSettings};
use tutor_models::generate::{Event, Finish, Format, Generate, GenerateError, Message, Request, Role, Sampling};

fn engine(parallel: u32, prefixes: PrefixSettings) -> Engine {
    Engine::start(EngineSettings {
        name: DEFAULT_CHAT.to_owned(),
        path: crate::model(DEFAULT_CHAT),
        context: 1024,
        parallel,
        threads: 1,
        queue: 64,
        prefixes,
        ..EngineSettings::default()
    })
    .unwrap()
}

fn about(notes: &str, question: &str) -> Request {
    let messages = vec![Message::new(Role::System, notes.repeat(20)), Message::new(Role::User, question)];
    Request { messages, shared: 1, max_tokens: 16, ..Request::default() }
}

async fn answer(engine: &Engine, request: Request) -> (String, Finish) {
    engine.generate(request).await.unwrap().collect().await.unwrap()
}

const OPTICS: &str = "Light bends when it enters glass, since it is slower there. ";
const CELLS: &str = "A cell has a membrane that keeps its inside together. ";

#[tokio::test]
async fn notes_whose_slot_was_given_away_are_copied_back_and_answers_stay_the_same() {
    let engine = engine(1, PrefixSettings { memory: 64 << 20, folder: None });
    let (first, cold) = answer(&engine, about(OPTICS, "Why does light bend?")).await;
    assert_eq!(cold.usage.cached_tokens, 0);
    answer(&engine, about(CELLS, "What does a membrane do?")).await;
    let (again, warm) = answer(&engine, about(OPTICS, "Why does light bend?")).await;
    assert_eq!(warm.usage.cached_tokens, warm.usage.prompt_tokens - 1);
    assert_eq!(first, again);
    assert!(engine.load().kept_bytes > 1 << 20);
}

#[tokio::test]
async fn notes_outlive_a_restart_and_questions_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let prefixes = PrefixSettings { memory: 64 << 20, folder: Some(folder.path().to_owned()) };
    let before = engine(2, prefixes.clone());
    let (first, cold) = answer(&before, about(OPTICS, "Why does light bend?")).await;
    tokio::task::spawn_blocking(move || drop(before)).await.unwrap();
    let after = engine(2, prefixes);
    let (again, warm) = answer(&after, about(OPTICS, "Why does light bend?")).await;
    let (all, known) = (warm.usage.prompt_tokens, warm.usage.cached_tokens);
    assert!(cold.usage.cached_tokens == 0 && known > all - 16 && known < all - 4, "{known} of {all} tokens were known");
    // A prompt read in two parts differs from one read at once in its last bits; a full batch does too.
    let words = |text: &str| text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&first), words(&again));
}

/// A quiz question as a teacher would want it; the field names are the schema's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    question: String,
    options: Vec<String>,
    answer: usize,
}

const SCHEMA: &str = r#"{"type": "object", "additionalProperties": false, "required": ["question", "options", "answer"],
"properties": {"question": {"type": "string", "minLength": 5, "maxLength": 80},
"options": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "string", "minLength": 1, "maxLength": 30}},
"answer": {"type": "integer", "minimum": 0, "maximum": 3}}}"#;

/// How many to make: more, where the environment says so.
fn scale(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn every_quiz_question_follows_its_schema() {
    let engine = Arc::new(engine(16, PrefixSettings::default()));
    let all = scale("TUTOR_TEST_GENERATIONS", 6);
    let next = Arc::new(AtomicUsize::new(0));
    let writers = (0..16).map(|_| {
        let (engine, next) = (engine.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= all {
                    return;
                }
                let mut request = about(if number % 2 == 0 { OPTICS } else { CELLS }, "Write a quiz question as JSON.");
                request.max_tokens = 400;
                request.format = Format::JsonSchema(SCHEMA.to_owned());
                // Hot enough that the grammar has to hold it back.
                request.sampling = Sampling { temperature: 1.2, seed: number as u32, ..Sampling::default() };
                let (text, _) = answer(&engine, request).await;
                let made: Question = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                let fits = |text: &String, most: usize| (1..=most).contains(&text.chars().count());
                assert!(fits(&made.question, 80) && made.options.iter().all(|option| fits(option, 30)), "{made:?}");
                assert!(made.options.len() == 4 && made.answer < 4, "{made:?}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

const PLACES: [(&str, &str); 8] = [
    ("France", "Paris"),
    ("Germany", "Berlin"),
    ("Italy", "Rome"),
    ("Spain", "Madrid"),
    ("Japan", "Tokyo"),
    ("Russia", "Moscow"),
    ("Egypt", "Cairo"),
    ("England", "London"),
];

/// 24 hours in miniature: short requests, some given up before or while they are answered, some too long. Nobody gets
/// another's answer, no slot stays taken, and memory stays as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_day_leaks_nothing_and_mixes_nothing_up() {
    let engine = Arc::new(engine(16, PrefixSettings { memory: 8 << 20, folder: None }));
    let all = scale("TUTOR_TEST_REQUESTS", 100);
    let (next, right) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let settled = Arc::new(std::sync::Mutex::new(None));
    let students = (0..24).map(|_| {
        let (engine, next, right, settled) = (engine.clone(), next.clone(), right.clone(), settled.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= all {
                    return;
                }
                if number == 1_000 {
                    *settled.lock().unwrap() = Some(resident());
                }
                right.fetch_add(usize::from(short(&engine, number).await), Relaxed);
            }
        })
    });
    for student in students.collect::<Vec<_>>() {
        student.await.unwrap();
    }
    let answered = (0..all).filter(|number| number % 10 < 7).count();
    let right = right.load(Relaxed);
    // A small model does not know everything; another's answer would name another's place, which `short` refuses.
    assert!(right * 4 >= answered * 3, "{right} of {answered} answers were about the place asked for");
    while engine.load().active > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(engine.load().waiting, 0);
    let before = *settled.lock().unwrap();
    if let Some(before) = before {
        let after = resident();
        println!("{before} KiB after 1,000 requests, {after} KiB after {all}");
        assert!(after * 100 <= before * 105, "memory grew from {before} to {after} KiB");
    }
}

/// One request of the day. Whether it was answered with its own place; those that are given up are not.
async fn short(engine: &Engine, number: usize) -> bool {
    let (country, capital) = PLACES[number / 10 % PLACES.len()];
    let question = format!("What is the capital of {country}? Request {number}.");
    let request = Request { messages: vec![Message::new(Role::User, question)], max_tokens: 12, ..Request::default() };
    match number % 10 {
        7 => {
            let mut long = request;
            long.messages[0].content = "word ".repeat(2_000);
            let refused = engine.generate(long).await.map(|_| ());
            assert!(matches!(refused, Err(GenerateError::PromptTooLong { .. })), "{refused:?}");
            false
        }
        8 => {
            drop(engine.generate(request).await);
            false
        }
        9 => {
            let mut generation = engine.generate(request).await.unwrap();
            let first = generation.next().await;
            assert!(matches!(first, Some(Ok(Event::Text(_)))), "{first:?}");
            false
        }
        _ => {
            let (text, _) = answer(engine, request).await;
            let others = PLACES.iter().filter(|(_, other)| *other != capital);
            for (_, other) in others {
                assert!(!text.contains(other) || text.contains(capital), "{country}: {text}");
            }
            text.contains(capital)
        }
    }
}
