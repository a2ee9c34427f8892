//! A process that is killed at random moments loses nothing that it acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tutor_bots::chat::Acceptance;

use super::contract::sample::{at, id, incoming, message_id, turn, welcome};
use super::{Memory, Meter, SledMemory, day};

/// Names the folder to the child process.
const FOLDER: &str = "TUTOR_TEST_KILLED_FOLDER";
/// The number of the first message of the child process.
const FIRST: &str = "TUTOR_TEST_KILLED_FIRST";
const KILLS: u64 = 20;
/// No child lives longer.
const BOUND: Duration = Duration::from_secs(20);

/// The child: does nothing in an ordinary run. Otherwise keeps message after message, and says so.
#[tokio::test]
async fn killed_child() {
    let (Ok(folder), Ok(first)) = (std::env::var(FOLDER), std::env::var(FIRST)) else { return };
    let memory = SledMemory::open(folder.as_ref()).unwrap();
    welcome(&memory, "ada").await;
    welcome(&memory, "gone").await;
    let started = Instant::now();
    for number in first.parse::<u64>().unwrap().. {
        if started.elapsed() > BOUND {
            return;
        }
        let name = format!("m{number}");
        memory.accept(&incoming(&name, "ada", "group"), at(0)).await.unwrap();
        acknowledge(&format!("accepted {number}"));
        memory.record(&turn(&name, "ada", "group")).await.unwrap();
        acknowledge(&format!("recorded {number}"));
        memory.delivered(&message_id(&name)).await.unwrap();
        acknowledge(&format!("delivered {number}"));
        if number % 5 == 4 {
            memory.record(&turn(&format!("gone{number}"), "gone", "group")).await.unwrap();
            memory.forget(&id("gone")).await.unwrap();
            acknowledge(&format!("forgot {number}"));
            welcome(&memory, "gone").await;
        }
    }
}

fn acknowledge(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {line}").unwrap();
    out.flush().unwrap();
}

/// Starts the child and passes its acknowledgements on.
fn start(folder: &std::path::Path, first: u64) -> (Child, Receiver<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["memory::kill::killed_child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, acks) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            // The test harness may have begun the first line.
            if let Some((_, ack)) = line.split_once("ack ") {
                drop(sender.send(ack.to_owned()));
            }
        }
    });
    (child, acks)
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut next = 0;
    for kill in 0..KILLS {
        let (mut child, acks) = start(folder.path(), next);
        // The moment varies between just after the first acknowledgement and some turns later.
        let first = acks.recv_timeout(BOUND).expect("the child writes");
        acknowledged.push(first);
        std::thread::sleep(Duration::from_micros(kill * 7_919 % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(acks);
        next += 1_000;
        check(folder.path(), &acknowledged).await;
    }
    assert!(acknowledged.len() > usize::try_from(KILLS).unwrap());
}

async fn check(folder: &std::path::Path, acknowledged: &[String]) {
    let memory = SledMemory::open(folder).unwrap();
    let pending: Vec<_> =
        memory.pending("telegram").await.unwrap().into_iter().map(|pending| pending.incoming).collect();
    for line in acknowledged {
        let (what, number) = line.split_once(' ').unwrap();
        let name = format!("m{number}");
        match what {
            "accepted" => {
                let again = memory.accept(&incoming(&name, "ada", "group"), at(0)).await.unwrap();
                assert_eq!(again, Acceptance::Known, "{name}");
            }
            "recorded" => {
                let kept = memory.turn(&message_id(&name)).await.unwrap();
                assert_eq!(kept, Some(turn(&name, "ada", "group")), "{name}");
            }
            "forgot" => {
                let gone = memory.turn(&message_id(&format!("gone{number}"))).await.unwrap();
                assert_eq!(gone, None, "{name}");
            }
            _ => assert!(pending.iter().all(|incoming| incoming.id != message_id(&name)), "{name}"),
        }
    }
    let turns = memory.recent("telegram:group", usize::MAX).await.unwrap();
    let ours = turns.iter().filter(|turn| turn.student == id("ada")).count();
    let total = memory.usage(&id("ada")).await.unwrap();
    assert_eq!(u64::try_from(ours).unwrap(), total.turns, "a turn and its usage are one change");
    let metered = memory.metered_on(Meter::Student, "ada", day(at(1))).await.unwrap();
    assert_eq!((metered.requests, metered.tokens), (total.turns, total.tokens), "and so is what is metered");
    for message in &pending {
        let name = &message.id.0;
        assert_eq!(*message, incoming(name, "ada", "group"), "whole");
    }
}
