//! The driver on a strict port, in paused time: each wait is told exactly and takes no time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::*;
use crate::chat::{Acceptance, Button, CommandSpec, Files, Incoming, Pending, Unavailable};
use crate::delivery::{Fidelity, Opening, Pace, Post, Scope};
use crate::markup::Dialect;

/// A chat that notes every call with its time, takes a while for each, and fails as it is told.
struct Chat {
    pace: Pace,
    calls: Mutex<Vec<String>>,
    failures: Mutex<VecDeque<Option<Failure>>>,
    start: tokio::time::Instant,
    took: Duration,
}

impl Chat {
    fn new(failures: &[Failure]) -> Self {
        Self {
            pace: Pace::telegram_direct(),
            calls: Mutex::default(),
            failures: Mutex::new(failures.iter().cloned().map(Some).collect()),
            start: tokio::time::Instant::now(),
            took: Duration::from_millis(100),
        }
    }

    /// The call after `before` others fails.
    fn fail_at(&self, before: usize, failure: Failure) {
        *self.failures.lock().unwrap() = std::iter::repeat_n(None, before).chain([Some(failure)]).collect();
    }

    async fn call(&self, line: String) -> Result<String, Failure> {
        let at = self.start.elapsed().as_millis();
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(format!("{at} {line}"));
            calls.len()
        };
        tokio::time::sleep(self.took).await;
        let failure = if line == "working" { None } else { self.failures.lock().unwrap().pop_front().flatten() };
        failure.map_or_else(|| Ok(format!("m{number}")), Err)
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

fn line(post: &Post) -> String {
    let buttons = if post.buttons.is_empty() { "" } else { " +buttons" };
    format!("{}{buttons}", post.document.text())
}

#[async_trait]
impl Port for Chat {
    fn dialect(&self) -> Dialect {
        Dialect::Telegram
    }

    fn pace(&self) -> &Pace {
        &self.pace
    }

    fn chat(&self) -> &str {
        "chat"
    }

    async fn send(&self, opening: &Opening, post: &Post, _: Fidelity) -> Result<String, Failure> {
        self.call(format!("send {} {}", opening.index, line(post))).await
    }

    async fn edit(&self, id: &str, post: &Post, _: Fidelity) -> Result<(), Failure> {
        self.call(format!("edit {id} {}", line(post))).await.map(drop)
    }

    async fn delete(&self, id: &str) -> Result<(), Failure> {
        self.call(format!("delete {id}")).await.map(drop)
    }

    async fn file(&self, _: &Opening, file: &Attachment) -> Result<String, Failure> {
        self.call(format!("file {}", file.name)).await
    }

    async fn working(&self) -> Result<(), Failure> {
        self.call("working".into()).await.map(drop)
    }
}

/// A tutor that only notes what it is told.
#[derive(Default)]
struct Notes {
    standing: Mutex<Vec<Vec<String>>>,
    delivered: Mutex<Vec<IncomingId>>,
}

#[async_trait]
impl Tutor for Notes {
    fn commands(&self) -> Vec<CommandSpec> {
        Vec::new()
    }

    async fn accept(&self, _: &Incoming) -> Result<Acceptance, Unavailable> {
        Ok(Acceptance::New)
    }

    async fn reply(&self, _: Incoming, _: Arc<dyn Files>) -> Replies {
        mpsc::channel(1).1
    }

    async fn standing(&self, _: &IncomingId, messages: &[String]) {
        self.standing.lock().unwrap().push(messages.to_vec());
    }

    async fn delivered(&self, id: &IncomingId) {
        self.delivered.lock().unwrap().push(id.clone());
    }

    async fn pending(&self, _: &str) -> Vec<Pending> {
        Vec::new()
    }
}

/// What came of a reply whose events come at these times, in milliseconds.
async fn play(chat: &Chat, start: Start, events: Vec<(u64, ReplyEvent)>) -> (Ending, Vec<Vec<String>>, usize) {
    let (sender, replies) = mpsc::channel(4);
    tokio::spawn(async move {
        let begin = tokio::time::Instant::now();
        for (at, event) in events {
            tokio::time::sleep_until(begin + Duration::from_millis(at)).await;
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    let (notes, budgets) = (Notes::default(), Budgets::default());
    let job = Job { id: IncomingId("test:1".into()), start };
    let ending = deliver(job, replies, chat, &notes, &budgets).await;
    let standing = notes.standing.lock().unwrap().clone();
    let delivered = notes.delivered.lock().unwrap().len();
    (ending, standing, delivered)
}

fn text(text: &str) -> ReplyEvent {
    ReplyEvent::Text(text.into())
}

fn progress(line: &str) -> ReplyEvent {
    ReplyEvent::Progress(line.into())
}

#[tokio::test(start_paused = true)]
async fn a_short_reply_is_one_call() {
    let chat = Chat::new(&[]);
    let outcome = play(&chat, Start::Fresh, vec![(10, text("Joi")), (20, text("ned.")), (30, ReplyEvent::Done)]).await;
    assert_eq!(chat.calls(), ["30 send 0 Joined."]);
    assert_eq!(outcome, (Ending::Stands, vec![vec!["m1".to_owned()]], 1));
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_is_shown_at_the_pace_of_the_chat() {
    let mut chat = Chat::new(&[]);
    chat.took = Duration::from_millis(130);
    let mut events = vec![(0, progress("Looking…"))];
    events.extend((0..40).map(|n| (1000 + n * 100, text(&format!("w{n} ")))));
    let button = Button { label: "More".into(), data: "more".into() };
    events.extend([(5000, ReplyEvent::Buttons(vec![button])), (5001, ReplyEvent::Done)]);
    let outcome = play(&chat, Start::Fresh, events).await;
    let words = |call: &str| call.split(' ').filter(|word| word.starts_with('w') && *word != "working").count();
    let calls: Vec<String> = chat
        .calls()
        .iter()
        .map(|call| {
            let (time, line) = call.split_once(' ').unwrap();
            let head: Vec<&str> = line.split(' ').filter(|word| !word.starts_with('w') || *word == "working").collect();
            // The clock ticks in milliseconds, so the last digit is chance.
            format!("{}x {} ({} words)", &time[..time.len() - 1], head.join(" "), words(call))
        })
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r"
    x send 0 Looking… (0 words)
    13x working (0 words)
    100x edit m1 (1 words)
    223x edit m1 (13 words)
    359x edit m1 (26 words)
    500x edit m1 +buttons (40 words)
    ");
    assert_eq!((outcome.0, outcome.2), (Ending::Stands, 1));
}

#[tokio::test(start_paused = true)]
async fn silence_is_covered_by_the_sign_of_work() {
    let chat = Chat::new(&[]);
    play(&chat, Start::Fresh, vec![(10_000, text("At last.")), (10_001, ReplyEvent::Done)]).await;
    assert_eq!(chat.calls(), ["120 working", "4620 working", "9120 working", "10001 send 0 At last."]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_shows_what_there_is_and_stays_pending() {
    let chat = Chat::new(&[]);
    let outcome = play(&chat, Start::Fresh, vec![(0, progress("Looking…")), (1000, text("The add"))]).await;
    assert_eq!(chat.calls().last().map(String::as_str), Some("1000 edit m1 The add"));
    assert_eq!((outcome.0, outcome.2), (Ending::Stands, 0));
}

#[tokio::test(start_paused = true)]
async fn a_reply_goes_on_where_it_stood() {
    let chat = Chat::new(&[]);
    let start = Start::Resumed(vec!["a".into(), "b".into()]);
    let outcome = play(&chat, start, vec![(0, text("Short.")), (0, ReplyEvent::Done)]).await;
    assert_eq!(chat.calls(), ["0 edit a Short.", "100 delete b"]);
    assert_eq!(outcome, (Ending::Stands, vec![vec!["a".to_owned()]], 1));
}

#[tokio::test(start_paused = true)]
async fn files_follow_the_text() {
    let chat = Chat::new(&[Failure::Unknown]);
    let file =
        ReplyEvent::File(Attachment { name: "a.json".into(), bytes: vec![1], refused: "It was refused.".into() });
    let outcome = play(&chat, Start::Fresh, vec![(0, file), (0, text("Here.")), (0, ReplyEvent::Done)]).await;
    let calls: Vec<String> =
        chat.calls().iter().filter_map(|call| call.split_once(' ')).map(|(_, call)| call.to_owned()).collect();
    assert_eq!(calls, ["send 0 Here.", "send 0 Here.", "file a.json"]);
    assert_eq!(outcome.1.last(), Some(&vec!["m2".to_owned(), "file:m3".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_refused_is_told_in_its_place() {
    for failure in [Failure::Rejected, Failure::Forbidden] {
        let chat = Chat::new(&[]);
        let file = |name: &str| {
            ReplyEvent::File(Attachment { name: name.into(), bytes: vec![1], refused: format!("{name} was refused.") })
        };
        let events = vec![(0, text("Here.")), (0, file("a.json")), (0, file("b.json")), (0, ReplyEvent::Done)];
        chat.fail_at(1, failure);
        let outcome = play(&chat, Start::Fresh, events).await;
        let calls: Vec<String> =
            chat.calls().iter().filter_map(|call| call.split_once(' ')).map(|(_, call)| call.to_owned()).collect();
        assert_eq!(calls, ["send 0 Here.", "file a.json", "edit m1 Here.\n\na.json was refused.", "file b.json"]);
        assert_eq!((outcome.0, outcome.2), (Ending::Refused, 1));
        assert_eq!(outcome.1.last(), Some(&vec!["m1".to_owned(), "file:m4".to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_was_ordered_is_kept_to_the_second() {
    let after = Duration::from_secs(209);
    let chat = Chat::new(&[Failure::RetryAfter { after, scope: Scope::Chat }]);
    let outcome = play(&chat, Start::Fresh, vec![(0, text("Yes.")), (0, ReplyEvent::Done)]).await;
    assert_eq!(chat.calls(), ["0 send 0 Yes.", "209100 send 0 Yes."]);
    assert_eq!(outcome.2, 1);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_shut_the_bot_out_ends_the_work() {
    let chat = Chat::new(&[Failure::Forbidden]);
    let (sender, replies) = mpsc::channel(4);
    sender.send(progress("Looking…")).await.unwrap();
    let (notes, budgets) = (Notes::default(), Budgets::default());
    let job = Job { id: IncomingId("test:1".into()), start: Start::Fresh };
    assert_eq!(deliver(job, replies, &chat, &notes, &budgets).await, Ending::Forbidden);
    assert!(sender.is_closed(), "whoever generates is told to stop");
    assert_eq!(notes.delivered.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_network_does_not_hold_the_model_up() {
    let mut chat = Chat::new(&[]);
    chat.took = Duration::from_secs(20);
    let (sender, replies) = mpsc::channel(4);
    let writer = tokio::spawn(async move {
        sender.send(progress("Looking…")).await.unwrap();
        let begin = tokio::time::Instant::now();
        for _ in 0..1000 {
            sender.send(text("word ")).await.unwrap();
        }
        sender.send(ReplyEvent::Done).await.unwrap();
        begin.elapsed()
    });
    let (notes, budgets) = (Notes::default(), Budgets::default());
    let job = Job { id: IncomingId("test:1".into()), start: Start::Fresh };
    assert_eq!(deliver(job, replies, &chat, &notes, &budgets).await, Ending::Stands);
    assert!(writer.await.unwrap() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn chats_share_the_budget_of_the_bot() {
    let chats: Vec<Chat> = (0..40).map(|_| Chat::new(&[])).collect();
    let (notes, budgets) = (Notes::default(), Budgets::default());
    let replies = |n: usize| {
        let (sender, replies) = mpsc::channel(4);
        sender.try_send(text(&format!("Answer {n}."))).unwrap();
        sender.try_send(ReplyEvent::Done).unwrap();
        replies
    };
    let jobs = chats.iter().enumerate().map(|(n, chat)| {
        let job = Job { id: IncomingId(format!("test:{n}")), start: Start::Fresh };
        deliver(job, replies(n), chat, &notes, &budgets)
    });
    futures::future::join_all(jobs).await;
    let mut times: Vec<u64> =
        chats.iter().map(|chat| chat.calls()[0].split_once(' ').unwrap().0.parse().unwrap()).collect();
    times.sort_unstable();
    let most =
        times.iter().map(|start| times.iter().filter(|time| (*start..start + 1000).contains(*time)).count()).max();
    assert!(most <= Some(30), "{times:?}");
}
