//! kill -9 at random moments while messages and ingestion run: what was acknowledged is there, and whole.
//!
//! `TUTOR_TEST_KILLS` sets how often; the default keeps `make test` short.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::program::{Done, Program};
use crate::support::telegram::{FakeTelegram, Person};

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() {
    let kills: u32 = std::env::var("TUTOR_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let (telegram, program) = super::telegram::program().await;
    let people: Vec<Person> = (0..3).map(|n| Person::new(100 + n, "Student", "en")).collect();
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut asked = 0;
    for round in 0..kills {
        let server = program.serve().await;
        for person in &people {
            telegram.say(person, &person.room(), &format!("/help {round}"));
            asked += 1;
        }
        let ingesting = ingest(&program, round);
        tokio::pin!(ingesting);
        // Spread over the first second of work, differently each time.
        let moment = Duration::from_millis(u64::from(round * 7919 % 997));
        let done = tokio::select! {
            done = &mut ingesting => Some(done),
            () = tokio::time::sleep(moment) => None,
        };
        server.kill().await;
        if let Some(done) = done {
            note(&mut acknowledged, &done);
        }
        check(&program, &acknowledged).await;
    }
    let server = program.serve().await;
    // A chat takes a message a second.
    let patience = Duration::from_secs(60 + 2 * u64::from(kills));
    telegram
        .wait_within(patience, "an answer to every message", |t| {
            people.iter().map(|p| helps(t, p)).sum::<usize>() >= asked
        })
        .await;
    telegram.wait_until("all confirmed", FakeTelegram::all_confirmed).await;
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    for person in &people {
        assert_eq!(helps(&telegram, person), kills as usize, "{:?}", telegram.texts(&person.room()));
    }
}

fn helps(telegram: &FakeTelegram, person: &Person) -> usize {
    telegram.texts(&person.room()).iter().filter(|text| text.contains("/join CODE")).count()
}

/// Teaches two documents: one that is new each round, and one that is replaced each round.
async fn ingest(program: &Program, round: u32) -> Done {
    let folder = program.folder().join("notes");
    std::fs::create_dir_all(&folder).unwrap();
    let text = |name: &str| -> String {
        (0..40 + round)
            .map(|n| format!("## Part {n}\n\nThe {name} of round {round} says number {n} of its facts.\n\n"))
            .collect()
    };
    let (new, replaced) = (folder.join(format!("round-{round}.md")), folder.join("replaced.md"));
    std::fs::write(&new, text("new")).unwrap();
    std::fs::write(&replaced, text("replaced")).unwrap();
    program.run(&["ingest", "--course", "coast", "--json", new.to_str().unwrap(), replaced.to_str().unwrap()]).await
}

/// Takes note of the documents that were reported as learned.
fn note(acknowledged: &mut BTreeMap<String, u64>, done: &Done) {
    let lines = done.out.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    for line in lines.filter(|line| line["status"] == "added" || line["status"] == "replaced") {
        acknowledged.insert(line["document"].as_str().unwrap().to_owned(), line["passages"].as_u64().unwrap());
    }
}

/// Every acknowledged document is there, and each document has all of its passages, of one version.
async fn check(program: &Program, acknowledged: &BTreeMap<String, u64>) {
    let documents = program.run(&["courses", "documents", "coast", "--json"]).await.ok().json();
    for name in acknowledged.keys() {
        assert!(documents.iter().any(|document| document["name"] == name.as_str()), "{name} is gone");
    }
    for document in documents.iter().filter(|document| document["name"] == "replaced.md") {
        let hits = program
            .run(&["search", "--course", "coast", "replaced round says number facts", "-k", "100", "--json"])
            .await
            .ok();
        let mine: Vec<_> = hits.json().into_iter().filter(|hit| hit["document"] == "replaced.md").collect();
        assert_eq!(mine.len() as u64, document["passages"].as_u64().unwrap().min(100));
        let rounds: std::collections::BTreeSet<String> = mine
            .iter()
            .filter_map(|hit| hit["text"].as_str()?.split("round ").nth(1)?.split(' ').next().map(str::to_owned))
            .collect();
        assert_eq!(rounds.len(), 1, "two versions at once: {rounds:?}");
    }
}
