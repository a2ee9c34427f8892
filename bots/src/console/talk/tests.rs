//! What only a keyboard does: breaking off an answer.

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::*;
use crate::chat::{Files, Pending, Unavailable};
use crate::console::{Size, Words};
use std::io;
use std::path::PathBuf;

/// Says one word and then nothing, until nobody listens any more.
struct Endless {
    left: std::sync::Mutex<Option<oneshot::Sender<()>>>,
    delivered: mpsc::Sender<IncomingId>,
}

#[async_trait]
impl Tutor for Endless {
    fn commands(&self) -> Vec<CommandSpec> {
        Vec::new()
    }

    async fn accept(&self, _: &Incoming) -> Result<Acceptance, Unavailable> {
        Ok(Acceptance::New)
    }

    async fn reply(&self, _: Incoming, _: Arc<dyn Files>) -> Replies {
        let (sender, replies) = mpsc::channel(1);
        let left = self.left.lock().unwrap().take();
        tokio::spawn(async move {
            sender.send(ReplyEvent::Text("Well".into())).await.unwrap();
            sender.closed().await;
            left.map(|left| left.send(()))
        });
        replies
    }

    async fn standing(&self, _: &IncomingId, _: &[String]) {}

    async fn delivered(&self, id: &IncomingId) {
        self.delivered.send(id.clone()).await.unwrap();
    }

    async fn pending(&self, _: &str) -> Vec<Pending> {
        Vec::new()
    }
}

/// Presses Ctrl-C as soon as something was printed.
struct Impatient(Vec<u8>, mpsc::Sender<()>);

impl Write for Impatient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        let _ = self.1.try_send(());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn breaking_off_an_answer_cancels_its_work_and_settles_it() {
    let (left, gone) = oneshot::channel();
    let (delivered, mut settled) = mpsc::channel(1);
    let (presses, interrupts) = mpsc::channel(1);
    let tutor = Arc::new(Endless { left: std::sync::Mutex::new(Some(left)), delivered });
    let words = |word: &str| word.to_owned();
    let config = Config {
        student: words("ada"),
        locale: None,
        display: Display::Live(|| Size { columns: 20, rows: 5 }),
        ink: Ink::Plain,
        words: Words {
            prompt: words("> "),
            saved: words("{path}"),
            not_saved: words("{path}"),
            stopped: words("(stopped)"),
            cut_off: words("(cut off)"),
        },
        folder: PathBuf::new(),
    };
    let output = Impatient(Vec::new(), presses);
    let mut talk = Talk::new(config, output, tutor, interrupts);
    talk.hear("Tell me everything").await.unwrap();
    gone.await.expect("the work behind the answer is cancelled");
    assert!(settled.recv().await.is_some(), "it will not come again");
    assert_eq!(String::from_utf8(talk.output.0).unwrap(), "Well\r\u{1b}[JWell\n(stopped)\n\n");
}
