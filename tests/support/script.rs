//! A tutor that follows a script: it keeps what it accepted, as the real one does on disk, and says what it was told to say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test binary uses its own part of the script")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc, watch};
use tutor_bots::chat::{
    Acceptance, ArgumentSpec, CommandSpec, Content, Files, Incoming, IncomingId, Localised, Mark, Pending, Replies,
    ReplyEvent, Tutor, Unavailable,
};

/// How long a test waits for the tutor.
const PATIENCE: Duration = Duration::from_secs(60);

/// One step of a reply.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Says this.
    Say(ReplyEvent),
    /// Waits until the test opens the gate once more.
    Gate,
    /// Fetches the file that came, at most this many bytes, and says what became of it.
    Fetch(u64),
}

/// Text and the end of the reply.
pub(crate) fn whole(text: &str) -> Vec<Step> {
    vec![text_step(text), Step::Say(ReplyEvent::Done)]
}

pub(crate) fn text_step(text: &str) -> Step {
    Step::Say(ReplyEvent::Text(text.to_owned()))
}

#[derive(Default)]
struct Memory {
    heard: Vec<Incoming>,
    /// The messages for which a reply was asked, in order.
    asked: Vec<IncomingId>,
    standing: HashMap<IncomingId, Vec<String>>,
    delivered: Vec<IncomingId>,
    marks: HashMap<String, Mark>,
    unavailable: Option<String>,
    accept_gated: bool,
}

/// The scripted tutor. It outlives the adapters that serve it, as a data folder outlives a program.
pub(crate) struct Script {
    answers: HashMap<String, Vec<Step>>,
    memory: Mutex<Memory>,
    changed: watch::Sender<u64>,
    gate: Arc<Semaphore>,
}

impl Script {
    /// `answers` by what is heard: a text, `/command argument`, `press data`, `file name`. What is not among
    /// them is answered with `Heard: …`.
    pub(crate) fn new(answers: &[(&str, Vec<Step>)]) -> Arc<Self> {
        let answers = answers.iter().map(|(heard, steps)| ((*heard).to_owned(), steps.clone())).collect();
        let gate = Arc::new(Semaphore::new(0));
        Arc::new(Self { answers, memory: Mutex::default(), changed: watch::Sender::new(0), gate })
    }

    /// Lets one waiting step go on, now or when it comes.
    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(1);
    }

    /// From now on messages are refused with this reason.
    pub(crate) fn refuse(&self, reason: &str) {
        self.change(|memory| memory.unavailable = Some(reason.to_owned()));
    }

    /// From now on accepting a message waits for the gate.
    pub(crate) fn gate_accept(&self) {
        self.change(|memory| memory.accept_gated = true);
    }

    /// What was accepted, in order.
    pub(crate) fn heard(&self) -> Vec<Incoming> {
        self.memory.lock().unwrap().heard.clone()
    }

    /// What was accepted, without who and where.
    pub(crate) fn contents(&self) -> Vec<Content> {
        self.heard().into_iter().map(|incoming| incoming.content).collect()
    }

    /// For how many messages a reply was asked, those asked for again included.
    pub(crate) fn asked(&self) -> usize {
        self.memory.lock().unwrap().asked.len()
    }

    /// Waits until a reply was asked for `n` times.
    pub(crate) async fn wait_asked(&self, n: usize) {
        self.wait(&format!("{n} replies asked for"), |memory| memory.asked.len() >= n).await;
    }

    /// How many replies stand.
    pub(crate) fn delivered(&self) -> usize {
        self.memory.lock().unwrap().delivered.len()
    }

    /// Waits until `n` replies stand.
    pub(crate) async fn wait_delivered(&self, n: usize) {
        self.wait(&format!("{n} replies"), |memory| memory.delivered.len() >= n).await;
    }

    /// Waits until the tutor was told that something stands of `n` replies.
    pub(crate) async fn wait_standing(&self, n: usize) {
        self.wait(&format!("{n} begun replies"), |memory| memory.standing.len() >= n).await;
    }

    async fn wait(&self, what: &str, seen: impl Fn(&Memory) -> bool) {
        let mut changed = self.changed.subscribe();
        let come = async {
            while !seen(&self.memory.lock().unwrap()) {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, come).await;
        assert!(waited.is_ok(), "waited for {what}; {} stand, heard {:?}", self.delivered(), self.contents());
    }

    fn change(&self, act: impl FnOnce(&mut Memory)) {
        act(&mut self.memory.lock().unwrap());
        self.changed.send_modify(|version| *version += 1);
    }
}

fn key(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Command { name, argument } => format!("/{name} {argument}").trim().to_owned(),
        Content::Press { data } => format!("press {data}"),
        Content::File(file) => format!("file {}", file.name),
        Content::Unreadable => "unreadable".to_owned(),
    }
}

fn words(english: &str, chinese: &str) -> Vec<Localised> {
    let text = |language: &str, text: &str| Localised { language: language.to_owned(), text: text.to_owned() };
    vec![text("en", english), text("zh", chinese)]
}

fn spec(name: &str, argument: Option<(&str, bool)>) -> CommandSpec {
    let argument = argument.map(|(name, file)| ArgumentSpec {
        name: name.to_owned(),
        description: words("What it is about", "内容"),
        required: true,
        file,
    });
    CommandSpec { name: name.to_owned(), description: words("Does something", "做某事"), argument }
}

/// Follows the steps; ends without a word when the adapter is gone.
async fn follow(
    steps: Vec<Step>,
    incoming: Incoming,
    files: Arc<dyn Files>,
    gate: Arc<Semaphore>,
    sender: mpsc::Sender<ReplyEvent>,
) {
    for step in steps {
        let event = match step {
            Step::Say(event) => event,
            Step::Gate => {
                gate.acquire().await.unwrap().forget();
                continue;
            }
            Step::Fetch(limit) => {
                let Content::File(file) = &incoming.content else { panic!("no file in {incoming:?}") };
                let said = match files.fetch(file, limit).await {
                    Ok(bytes) => format!("{} has {} bytes", file.name, bytes.len()),
                    Err(error) => error.to_string(),
                };
                ReplyEvent::Text(said)
            }
        };
        if sender.send(event).await.is_err() {
            return;
        }
    }
}

#[async_trait]
impl Tutor for Script {
    fn commands(&self) -> Vec<CommandSpec> {
        vec![spec("help", None), spec("ask", Some(("question", false))), spec("learn", Some(("file", true)))]
    }

    async fn accept(&self, incoming: &Incoming) -> Result<Acceptance, Unavailable> {
        if self.memory.lock().unwrap().accept_gated {
            self.gate.acquire().await.unwrap().forget();
        }
        let mut acceptance = Ok(Acceptance::New);
        self.change(|memory| {
            if let Some(reason) = &memory.unavailable {
                acceptance = Err(Unavailable { reason: reason.clone() });
            } else if memory.heard.iter().any(|known| known.id == incoming.id) {
                acceptance = Ok(Acceptance::Known);
            } else {
                memory.heard.push(incoming.clone());
            }
        });
        acceptance
    }

    async fn reply(&self, incoming: Incoming, files: Arc<dyn Files>) -> Replies {
        let (sender, replies) = mpsc::channel(16);
        self.change(|memory| memory.asked.push(incoming.id.clone()));
        let heard = key(&incoming.content);
        let steps = self.answers.get(&heard).cloned().unwrap_or_else(|| whole(&format!("Heard: {heard}")));
        tokio::spawn(follow(steps, incoming, files, Arc::clone(&self.gate), sender));
        replies
    }

    async fn standing(&self, id: &IncomingId, messages: &[String]) {
        self.change(|memory| {
            memory.standing.insert(id.clone(), messages.to_vec());
        });
    }

    async fn delivered(&self, id: &IncomingId) {
        self.change(|memory| memory.delivered.push(id.clone()));
    }

    async fn pending(&self, platform: &str) -> Vec<Pending> {
        let memory = self.memory.lock().unwrap();
        let open =
            |incoming: &&Incoming| incoming.place.platform == platform && !memory.delivered.contains(&incoming.id);
        let pending = |incoming: &Incoming| Pending {
            incoming: incoming.clone(),
            standing: memory.standing.get(&incoming.id).cloned().unwrap_or_default(),
        };
        memory.heard.iter().filter(open).map(pending).collect()
    }

    async fn mark(&self, mark: &Mark) {
        self.change(|memory| {
            memory.marks.insert(mark.place.key(), mark.clone());
        });
    }

    async fn marks(&self, platform: &str) -> Vec<Mark> {
        let memory = self.memory.lock().unwrap();
        memory.marks.values().filter(|mark| mark.place.platform == platform).cloned().collect()
    }
}
