//! kill -9 at random moments while messages and ingestion run: what was acknowledged is there, and whole.
//!
//! `TUTOR_TEST_KILLS` sets how often; the default keeps `make test` short.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::program::{Done, Program};
use crate::support::telegram::{FakeTelegram, Person};

/// Documents that a round adds, and as many that it replaces.
const DOCUMENTS: u32 = 4;

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() {
    let kills: u32 = std::env::var("TUTOR_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let (telegram, program) = super::telegram::program().await;
    let people: Vec<Person> = (0..3).map(|n| Person::new(100 + n, "Student", "en")).collect();
    let ada = Person::new(99, "Ada", "en");
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let long = join_and_learn(&telegram, &program, &ada, &mut acknowledged).await;
    for round in 0..kills {
        let server = program.serve().await;
        for person in &people {
            telegram.say(person, &person.room(), &format!("/help {round}"));
        }
        telegram.say(&ada, &ada.room(), "When do spring tides occur?");
        let ingesting = ingest(&program, round);
        tokio::pin!(ingesting);
        // Spread over the whole of the work and a little more, by the golden ratio: no two rounds are alike.
        let moment = long.mul_f64(1.1 * (f64::from(round + 1) * 0.618_034).fract());
        let done = tokio::select! {
            done = &mut ingesting => Some(done),
            () = tokio::time::sleep(moment) => None,
        };
        server.kill().await;
        // What the command was told before the server went counts as well.
        let done = if let Some(done) = done { done } else { ingesting.await };
        note(&mut acknowledged, &done);
        check(&program, &acknowledged, round).await;
    }
    let server = program.serve().await;
    // A chat takes a message a second.
    let patience = Duration::from_secs(60 + 3 * u64::from(kills));
    telegram
        .wait_within(patience, "an answer to every message", |t| {
            let helped = people.iter().all(|person| helps(t, person) >= kills as usize);
            helped && answers(t, &ada) > kills as usize
        })
        .await;
    telegram.wait_until("all confirmed", FakeTelegram::all_confirmed).await;
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    for person in &people {
        assert_eq!(helps(&telegram, person), kills as usize, "{:?}", telegram.texts(&person.room()));
    }
    assert_eq!(answers(&telegram, &ada), 1 + kills as usize, "{:?}", telegram.texts(&ada.room()));
}

/// A student who asks, and documents that later rounds replace; how long a round's ingestion takes undisturbed.
async fn join_and_learn(
    telegram: &FakeTelegram,
    program: &Program,
    student: &Person,
    acknowledged: &mut BTreeMap<String, u64>,
) -> Duration {
    let server = program.serve().await;
    let code = program.run(&["courses", "invite", "coast"]).await.ok().out.trim().to_owned();
    telegram.say(student, &student.room(), &format!("/join {code}"));
    telegram.wait_for(&student.room(), "Welcome to").await;
    telegram.say(student, &student.room(), "When do spring tides occur?");
    telegram.wait_for(&student.room(), "[1]").await;
    let start = Instant::now();
    note(acknowledged, &ingest(program, 1_000).await.ok());
    let long = start.elapsed();
    server.stop().await;
    long
}

fn helps(telegram: &FakeTelegram, person: &Person) -> usize {
    telegram.texts(&person.room()).iter().filter(|text| text.contains("/join CODE")).count()
}

/// Answers, and messages that were given up after twenty servers were killed over them.
fn answers(telegram: &FakeTelegram, person: &Person) -> usize {
    let is_answer = |text: &String| text.contains("Sources") || text.contains("interrupted at it several times");
    telegram.texts(&person.room()).iter().filter(|text| is_answer(text)).count()
}

/// The word that all passages of a document have, and no other document's.
fn word(kind: &str, round: u32, document: u32) -> String {
    format!("{kind}x{round}x{document}")
}

/// Teaches documents: some are new each round, the others are replaced each round.
async fn ingest(program: &Program, round: u32) -> Done {
    let folder = program.folder().join("notes");
    std::fs::create_dir_all(&folder).unwrap();
    let text = |word: &str| -> String {
        let part = |n: u32| {
            let numbers: Vec<String> = (2..9).map(|factor| (n * 100 * factor + factor).to_string()).collect();
            format!("## Part {n}\n\nThe {word} says {}.\n\n", numbers.join(", "))
        };
        (0..40 + round % 50).map(part).collect()
    };
    let mut arguments: Vec<String> = ["ingest", "--course", "coast", "--json"].map(str::to_owned).into();
    for document in 0..DOCUMENTS {
        for (kind, name) in [("new", format!("round-{round}-{document}.md")), ("old", format!("old-{document}.md"))] {
            let path = folder.join(name);
            std::fs::write(&path, text(&word(kind, round, document))).unwrap();
            arguments.push(path.to_str().unwrap().to_owned());
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    program.run(&arguments).await
}

/// Takes note of the documents that were reported as learned.
fn note(acknowledged: &mut BTreeMap<String, u64>, done: &Done) {
    let lines = done.out.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    for line in lines.filter(|line| line["status"] == "added" || line["status"] == "replaced") {
        acknowledged.insert(line["document"].as_str().unwrap().to_owned(), line["passages"].as_u64().unwrap());
    }
}

/// Every acknowledged document is there with the passages that were told, and each document of this round has all of its
/// passages, of one version, or none.
async fn check(program: &Program, acknowledged: &BTreeMap<String, u64>, round: u32) {
    let documents = program.run(&["courses", "documents", "coast", "--json"]).await.ok().json();
    let passages = |name: &str| {
        let document = documents.iter().find(|document| document["name"] == name)?;
        Some(document["passages"].as_u64().unwrap())
    };
    for (name, told) in acknowledged.iter().filter(|(name, _)| name.starts_with("round-")) {
        assert_eq!(passages(name), Some(*told), "{name}");
    }
    for document in 0..DOCUMENTS {
        let name = format!("round-{round}-{document}.md");
        let found = found(program, &name, &word("new", round, document)).await;
        assert_eq!(found, passages(&name).unwrap_or(0), "{name} is there in part");
        let name = format!("old-{document}.md");
        let of_this_round = self::found(program, &name, &word("old", round, document)).await;
        let all = passages(&name).expect("a document that is replaced is always there");
        assert!(of_this_round == all || of_this_round == 0, "{name}: {of_this_round} of {all} are of the new version");
    }
}

/// How many passages of a document hold a word.
async fn found(program: &Program, name: &str, word: &str) -> u64 {
    let search = ["search", "--course", "coast", "--document", name, word, "-k", "100", "--json"];
    let hits = program.run(&search).await.ok().json();
    assert!(hits.iter().all(|hit| hit["document"] == name));
    hits.iter().filter(|hit| hit["text"].as_str().unwrap().contains(word)).count() as u64
}
