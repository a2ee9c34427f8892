//! The desk before a messenger that is away for hours, in paused time.

use std::collections::BTreeSet;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::chat::{
    Acceptance, AccountId, Attachment, Audience, CommandSpec, Content, FetchError, FileRef, ReplyEvent, Surface,
    Unavailable,
};
use crate::delivery::{Failure, Fidelity, Opening, Pace, Post};
use crate::markup::Dialect;

const HOUR: Duration = Duration::from_secs(3600);

/// A messenger that is away until a moment; what was sent then.
#[derive(Clone)]
struct Away {
    until: Instant,
    sent: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Messenger for Away {
    const NAME: &'static str = "away";
    type Origin = ();
    type Port = Chat;

    fn resume(&self, _: &IncomingId, standing: Vec<String>) -> (Vec<String>, ()) {
        (standing, ())
    }

    async fn open(&self, incoming: &Incoming, (): ()) -> Option<Chat> {
        Some(Chat { away: self.clone(), key: incoming.place.key(), pace: Pace::telegram_direct() })
    }
}

struct Chat {
    away: Away,
    key: String,
    pace: Pace,
}

impl Chat {
    fn call(&self, text: &str) -> Result<String, Failure> {
        if Instant::now() < self.away.until {
            return Err(Failure::Unreached);
        }
        let mut sent = self.away.sent.lock().unwrap();
        sent.push(text.to_owned());
        Ok(sent.len().to_string())
    }
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
        &self.key
    }

    async fn send(&self, _: &Opening, post: &Post, _: Fidelity) -> Result<String, Failure> {
        self.call(&post.document.text())
    }

    async fn edit(&self, _: &str, post: &Post, _: Fidelity) -> Result<(), Failure> {
        self.call(&post.document.text()).map(drop)
    }

    async fn delete(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn file(&self, _: &Opening, _: &Attachment) -> Result<String, Failure> {
        Err(Failure::Rejected)
    }

    async fn working(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A tutor that has an answer to everything, and knows what it still owes.
#[derive(Default)]
struct Ready {
    owed: Mutex<Vec<Incoming>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Tutor for Ready {
    fn commands(&self) -> Vec<CommandSpec> {
        Vec::new()
    }

    async fn accept(&self, incoming: &Incoming) -> Result<Acceptance, Unavailable> {
        self.owed.lock().unwrap().push(incoming.clone());
        Ok(Acceptance::New)
    }

    async fn reply(&self, incoming: Incoming, _: Arc<dyn Files>) -> Replies {
        self.asked.lock().unwrap().push(incoming.id.0.clone());
        let (sender, replies) = mpsc::channel(2);
        sender.try_send(ReplyEvent::Text(format!("To {}.", incoming.id))).unwrap();
        sender.try_send(ReplyEvent::Done).unwrap();
        replies
    }

    async fn standing(&self, _: &IncomingId, _: &[String]) {}

    async fn delivered(&self, id: &IncomingId) {
        self.owed.lock().unwrap().retain(|incoming| incoming.id != *id);
    }

    async fn pending(&self, _: &str) -> Vec<Pending> {
        let owed = self.owed.lock().unwrap();
        owed.iter().map(|incoming| Pending { incoming: incoming.clone(), standing: Vec::new() }).collect()
    }
}

struct NoFiles;

#[async_trait]
impl Files for NoFiles {
    async fn fetch(&self, _: &FileRef, _: u64) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Failed { reason: "there are none".to_owned() })
    }
}

fn message(id: &str, chat: &str) -> Incoming {
    Incoming {
        id: IncomingId(id.to_owned()),
        account: AccountId::new("away", "ada"),
        name: None,
        locale: None,
        place: Place { platform: "away".into(), chat: chat.into(), thread: None, audience: Audience::Direct },
        surface: Surface { message_limit: 4096, edits: true, buttons: true, files: true, upload_limit: 1 },
        content: Content::Text("why?".into()),
    }
}

fn desk(away: Duration) -> (Desk<Away>, Arc<Ready>, Arc<Mutex<Vec<String>>>) {
    let messenger = Away { until: Instant::now() + away, sent: Arc::default() };
    let (tutor, sent) = (Arc::new(Ready::default()), Arc::clone(&messenger.sent));
    (Desk::new(messenger, Arc::<Ready>::clone(&tutor), Arc::new(NoFiles)), tutor, sent)
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlasts_an_outage_of_hours() {
    let (mut desk, tutor, sent) = desk(5 * HOUR);
    for id in ["1", "2"] {
        let message = message(id, "ada");
        tutor.accept(&message).await.unwrap();
        desk.open(message, ()).await;
    }
    tokio::time::sleep(5 * HOUR - Duration::from_secs(1)).await;
    assert_eq!(*sent.lock().unwrap(), [""; 0]);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(*sent.lock().unwrap(), ["To 1.", "To 2."], "soon after the outage, in order, each once");
    assert!(tutor.owed.lock().unwrap().is_empty());
    desk.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_closes_waits_for_no_second_hour() {
    let (mut desk, tutor, sent) = desk(100 * HOUR);
    let message = message("1", "ada");
    tutor.accept(&message).await.unwrap();
    desk.open(message, ()).await;
    let begun = Instant::now();
    desk.drain().await;
    assert!(begun.elapsed() < HOUR + Duration::from_secs(120), "{:?}", begun.elapsed());
    assert_eq!((sent.lock().unwrap().len(), tutor.owed.lock().unwrap().len()), (0, 1), "it stays pending");
}

#[tokio::test(start_paused = true)]
async fn what_waits_on_disk_is_taken_up_in_parts_and_what_comes_goes_behind_it() {
    let (mut desk, tutor, sent) = desk(Duration::ZERO);
    for number in 0..20 {
        tutor.accept(&message(&number.to_string(), "ada")).await.unwrap();
    }
    tutor.accept(&message("b", "ben")).await.unwrap();
    desk.resume().await;
    let asked: BTreeSet<String> = tutor.asked.lock().unwrap().iter().cloned().collect();
    assert_eq!(asked.len(), TAKEN_UP + 1, "{asked:?}");
    let late = message("late", "ada");
    tutor.accept(&late).await.unwrap();
    desk.open(late, ()).await;
    desk.look_through(&message("b", "ben").place);
    desk.drain().await;
    let mut expected: Vec<String> = (0..20).map(|number| format!("To {number}.")).collect();
    expected.push("To late.".to_owned());
    let sent: Vec<String> = sent.lock().unwrap().iter().filter(|text| *text != "To b.").cloned().collect();
    assert_eq!(sent, expected);
    assert!(tutor.owed.lock().unwrap().is_empty());
}
