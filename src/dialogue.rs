//! The dialogue manager: implements the chat port with one ordered, bounded mailbox a conversation.

mod account;
mod answer;
mod begun;
mod cite;
mod command;
mod course;
mod heard;
mod intent;
mod learn;
mod meaning;
mod place;
mod policy;
mod reply;
mod summary;
mod turn;
mod understand;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutor_bots::chat::{
    Acceptance, AccountId, CommandSpec, Content, Files, Incoming, IncomingId, Mark, Pending, Replies, ReplyEvent,
    Tutor, Unavailable,
};
use tutor_index::{Index, IndexError};
use tutor_models::generate::GenerateError;
use tutor_prompts::{Language, PromptError, Prompts, Words};

use crate::memory::{Forgotten, Memory, MemoryError, StudentId};
use crate::model::Model;

pub(crate) use answer::{Answered, Asked, answer};
pub(crate) use begun::Begun;
pub(crate) use command::menu;
pub(crate) use course::invitation;
pub(crate) use heard::Heard;
pub(crate) use intent::MESSAGE_LIMIT;
pub(crate) use learn::{FILE_LIMIT, document_name, learn};
pub(crate) use meaning::{read as read_meaning, told as meaning_told};
pub(crate) use place::title;
pub(crate) use reply::Reply;
pub(crate) use summary::{Target, summarise};
pub(crate) use words::{file_trouble, remarks, trouble};

/// Messages of one conversation that may wait; a whole class may ask at once in its group.
const MAILBOX: usize = 64;

/// Events of one reply that may wait for its adapter.
const EVENTS: usize = 256;

/// What the dialogue is made of; the composition root builds it.
pub(crate) struct Parts {
    /// Students, courses, conversations.
    pub(crate) memory: Arc<dyn Memory>,
    /// The notes.
    pub(crate) index: Arc<Index>,
    /// The chat model.
    pub(crate) model: Model,
    /// The prompt templates.
    pub(crate) prompts: Prompts,
    /// The words that people read.
    pub(crate) words: Arc<Words>,
    /// Accounts that may do everything.
    pub(crate) admins: HashSet<AccountId>,
    /// What class groups asked already.
    pub(crate) heard: Heard,
    /// What is being answered.
    pub(crate) begun: Begun,
}

impl Parts {
    /// Forgets a person, on disk and in memory.
    ///
    /// # Errors
    /// When the store fails; then all may still be there.
    pub(crate) async fn forget(&self, student: &StudentId) -> Result<Forgotten, MemoryError> {
        let gone = self.memory.forget(student).await?;
        // Answers that were kept hold no name, but the words that people asked with.
        self.heard.clear();
        Ok(gone)
    }

    /// Runs `work` on the index off the async threads.
    pub(crate) async fn on_index<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Index) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let index = self.index.clone();
        let done = tokio::task::spawn_blocking(move || work(&index)).await;
        Ok(done.map_err(|_| Trouble::Task)??)
    }
}

/// Why a turn could not be carried out. [`words::trouble`] turns it into a sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("memory failed")]
    Memory(#[from] MemoryError),
    #[error("the index failed")]
    Index(#[from] IndexError),
    #[error("generation failed")]
    Model(#[from] GenerateError),
    #[error("the model cannot be loaded: {0}")]
    ModelMissing(String),
    #[error("a prompt template failed")]
    Prompt(#[from] PromptError),
    #[error("a task panicked")]
    Task,
    #[error("stopped by the student")]
    Stopped,
    #[error("tried too often: the program ended each time")]
    GivenUp,
    #[error("nobody listens any more")]
    Gone,
}

/// One message on its way through a mailbox.
struct Letter {
    incoming: Incoming,
    files: Arc<dyn Files>,
    events: mpsc::Sender<ReplyEvent>,
}

/// A conversation with messages in work.
struct Mailbox {
    letters: mpsc::Sender<Letter>,
    /// Stops the turn in work, and whose it is.
    running: Arc<Mutex<Running>>,
}

/// A turn in work.
#[derive(Default)]
struct Running {
    cancel: CancellationToken,
    account: Option<AccountId>,
}

/// The dialogue manager.
pub(crate) struct Dialogue {
    parts: Arc<Parts>,
    mailboxes: Arc<Mutex<HashMap<String, Mailbox>>>,
    /// Cancelled when answers in progress must end now.
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Dialogue {
    /// A dialogue over `parts`.
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts, mailboxes: Arc::default(), cut: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// Ends the answers in progress: each says that it was cut off, and stays pending for the next start.
    pub(crate) async fn cut_off(&self) {
        self.cut.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until no answer is in progress.
    pub(crate) async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    fn post(&self, letter: Letter) -> Result<(), Box<Letter>> {
        let key = letter.incoming.place.key();
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let mailbox = mailboxes.entry(key.clone()).or_insert_with(|| {
            let (letters, received) = mpsc::channel(MAILBOX);
            let running = Arc::new(Mutex::new(Running::default()));
            self.serve(key, received, running.clone());
            Mailbox { letters, running }
        });
        mailbox.letters.try_send(letter).map_err(|refused| Box::new(refused.into_inner()))
    }

    /// Answers the letters of one conversation in order, until none is left.
    fn serve(&self, key: String, mut received: mpsc::Receiver<Letter>, running: Arc<Mutex<Running>>) {
        let (parts, mailboxes, cut) = (self.parts.clone(), self.mailboxes.clone(), self.cut.clone());
        self.tasks.spawn(async move {
            loop {
                let next = received.try_recv().ok().or_else(|| {
                    // The map is locked while the mailbox is taken out, so no letter can come in between.
                    let mut mailboxes = mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
                    let late = received.try_recv().ok();
                    if late.is_none() {
                        mailboxes.remove(&key);
                    }
                    late
                });
                let Some(letter) = next else { return };
                let cancel = CancellationToken::new();
                let now = Running { cancel: cancel.clone(), account: Some(letter.incoming.account.clone()) };
                *running.lock().unwrap_or_else(PoisonError::into_inner) = now;
                let reply = Reply::new(letter.events, cancel);
                let turn = turn::run(&parts, &letter.incoming, letter.files, &reply, &cut);
                // Whatever happens in a turn, the conversation goes on and the message ends in a reason.
                if AssertUnwindSafe(turn).catch_unwind().await.is_err() {
                    tracing::error!(id = %letter.incoming.id, "a turn panicked");
                    let text = words::trouble(&parts.words, said_in(&letter.incoming), &Trouble::Task);
                    reply.finish(vec![ReplyEvent::Rewrite(text), ReplyEvent::Done]).await;
                }
            }
        });
    }

    /// Stops the answer in work in a place, if it is the account's own: in a group nobody stops another's.
    fn stop(&self, place: &str, account: &AccountId) -> bool {
        let mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mailbox) = mailboxes.get(place) else { return false };
        let running = mailbox.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.account.as_ref() == Some(account);
        if own {
            running.cancel.cancel();
        }
        own
    }

    async fn language(&self, incoming: &Incoming) -> Language {
        turn::language(&self.parts, incoming).await.unwrap_or_default()
    }

    fn say_at_once(&self, text: String, events: &mpsc::Sender<ReplyEvent>) {
        // The channel is new and has room for both.
        let _ = events.try_send(ReplyEvent::Text(text));
        let _ = events.try_send(ReplyEvent::Done);
    }
}

/// The language of a message by itself, for when nothing else can be looked up.
fn said_in(incoming: &Incoming) -> Language {
    let written = if let Content::Text(text) = &incoming.content { Language::of(text) } else { None };
    written.or_else(|| incoming.locale.as_deref().and_then(Language::from_tag)).unwrap_or_default()
}

#[async_trait]
impl Tutor for Dialogue {
    fn commands(&self) -> Vec<CommandSpec> {
        command::menu(&self.parts.words)
    }

    async fn accept(&self, incoming: &Incoming) -> Result<Acceptance, Unavailable> {
        let language = said_in(incoming);
        let unavailable = |key| Unavailable { reason: self.parts.words.say(language, key, &[]) };
        if self.cut.is_cancelled() {
            return Err(unavailable("trouble-stopping"));
        }
        let mut stored = incoming.clone();
        // A message that is too long is refused later; only its length is worth keeping.
        if let Content::Text(text) = &mut stored.content
            && let Some((limit, _)) = text.char_indices().nth(intent::MESSAGE_LIMIT + 1)
        {
            text.truncate(limit);
        }
        self.parts.memory.accept(&stored, Timestamp::now()).await.map_err(|error| {
            tracing::error!(id = %incoming.id, error = &error as &dyn std::error::Error, "cannot store a message");
            unavailable("trouble-store")
        })
    }

    async fn reply(&self, incoming: Incoming, files: Arc<dyn Files>) -> Replies {
        let (events, replies) = mpsc::channel(EVENTS);
        if matches!(&incoming.content, Content::Command { name, .. } if name == command::Command::Stop.name()) {
            let key = if self.stop(&incoming.place.key(), &incoming.account) { "stopped" } else { "nothing-to-stop" };
            let language = self.language(&incoming).await;
            self.say_at_once(self.parts.words.say(language, key, &[]), &events);
        } else if let Err(refused) = self.post(Letter { incoming, files, events }) {
            let language = self.language(&refused.incoming).await;
            self.say_at_once(self.parts.words.say(language, "too-many", &[]), &refused.events);
        }
        replies
    }

    async fn standing(&self, id: &IncomingId, messages: &[String]) {
        if let Err(error) = self.parts.memory.set_standing(id, messages).await {
            tracing::error!(%id, error = &error as &dyn std::error::Error, "cannot note what stands");
        }
    }

    async fn delivered(&self, id: &IncomingId) {
        if let Err(error) = self.parts.memory.delivered(id).await {
            tracing::error!(%id, error = &error as &dyn std::error::Error, "cannot note a delivery");
        }
    }

    async fn pending(&self, platform: &str) -> Vec<Pending> {
        self.parts.memory.pending(platform).await.unwrap_or_else(|error| {
            tracing::error!(platform, error = &error as &dyn std::error::Error, "cannot read pending messages");
            Vec::new()
        })
    }

    async fn mark(&self, mark: &Mark) {
        if let Err(error) = self.parts.memory.mark(mark).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot note how far a place was read");
        }
    }

    async fn marks(&self, platform: &str) -> Vec<Mark> {
        self.parts.memory.marks(platform).await.unwrap_or_else(|error| {
            tracing::error!(platform, error = &error as &dyn std::error::Error, "cannot read how far places were read");
            Vec::new()
        })
    }
}
