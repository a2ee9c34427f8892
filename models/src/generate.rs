//! The generation port: messages in, a stream of text and a final usage out.
//!
//! Two bodies stand behind it: llama.cpp in this process ([`crate::engine`]) and a fleet of servers ([`crate::remote`]).

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

mod load;
mod spent;

pub use load::{Load, ServerLoad, Times};
pub use spent::Spent;

/// Who speaks a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The rules that the model follows.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A message of `role` that says `content`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// How the next token is chosen. The default is greedy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 takes the likeliest token (greedy); otherwise logits are divided by it.
    pub temperature: f32,
    /// Keep the likeliest tokens whose probabilities sum to this; 1 keeps all.
    pub top_p: f32,
    /// Keep tokens at least this share as likely as the likeliest; 0 keeps all.
    pub min_p: f32,
    /// Divides the logits of the last [`Sampling::repeat_window`] tokens; 1 does nothing.
    pub repeat_penalty: f32,
    /// How many tokens back the penalty looks.
    pub repeat_window: u32,
    /// The same seed gives the same text for the same request.
    pub seed: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_p: 1.0, min_p: 0.0, repeat_penalty: 1.0, repeat_window: 64, seed: 0 }
    }
}

/// Which work goes first: an earlier class before a later one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A person waits for every word.
    #[default]
    Person,
    /// A person waits for the whole, such as a summary of a book.
    Summary,
    /// Nobody waits.
    Background,
}

/// For whom a request is made. Callers share the engine fairly: one with ten requests delays nobody else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// A pseudonym or a key's name; requests of the same name share one turn.
    pub name: String,
    /// Which work goes first.
    pub class: Class,
    /// How long the caller waits for the first word; after that the request is dropped.
    pub patience: Option<Duration>,
}

/// What the text must look like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// Anything.
    #[default]
    Text,
    /// One JSON value that a JSON schema, given as JSON, describes.
    JsonSchema(String),
    /// A text of the grammar in GBNF, from its rule `root`.
    Grammar(String),
}

/// What to generate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The chat so far; the model answers its last message.
    pub messages: Vec<Message>,
    /// How many of the first messages hold nothing of a person, such as rules and course notes: what was computed of them
    /// may be kept on disk.
    pub shared: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Generation ends before the first of these strings; they are not part of the text.
    pub stop: Vec<String>,
    /// The most tokens to generate, at least 1.
    pub max_tokens: usize,
    /// Go on until `max_tokens` though the model would end; for measurements.
    pub ignore_eos: bool,
    /// What the text must look like.
    pub format: Format,
    /// For whom it is.
    pub caller: Caller,
}

/// One step of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More text: one or more whole UTF-8 characters.
    Text(String),
    /// The text begins anew with this, in place of all text before: the server that wrote it was lost half-way, and another
    /// one writes something else. A model in this process never does so.
    Anew(String),
    /// The last event.
    Done(Finish),
}

/// How a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// Why it ended.
    pub reason: FinishReason,
    /// What it cost.
    pub usage: Usage,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its turn, or a stop string came.
    Stop,
    /// The token limit was reached.
    Length,
}

/// Tokens counted by the model's own tokenizer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, template included.
    pub prompt_tokens: usize,
    /// Of these, how many were taken from the prefix cache instead of being computed.
    pub cached_tokens: usize,
    /// Tokens generated.
    pub completion_tokens: usize,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.completion_tokens += other.completion_tokens;
    }
}

/// Why there is no (more) text.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum GenerateError {
    /// The prompt and the answer's reserve do not fit; nothing was computed.
    #[error("the prompt has {tokens} tokens, {limit} fit")]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens that a prompt may have with this request's `max_tokens`.
        limit: usize,
    },
    /// The queue is full.
    #[error("{waiting} requests are waiting already; there will be room in about {} s", wait.as_secs())]
    Busy {
        /// Requests in the queue.
        waiting: usize,
        /// When there will be room, as far as the last answers tell.
        wait: Duration,
    },
    /// The caller's patience ran out before the first word.
    #[error("the request waited longer than its caller wanted to")]
    TooLate,
    /// The schema or grammar that the text must follow is not one.
    #[error("the format cannot be used: {reason}")]
    BadFormat {
        /// What is wrong with it.
        reason: String,
    },
    /// The engine has been stopped.
    #[error("the engine has stopped")]
    Stopped,
    /// The backend failed.
    #[error("generation failed: {reason}")]
    Backend {
        /// What the backend said.
        reason: String,
    },
}

/// The stream of one generation. Dropping it cancels the work within one decode step.
#[derive(Debug)]
pub struct Generation {
    events: mpsc::Receiver<Result<Event, GenerateError>>,
    spent: Arc<Spent>,
    /// It hears what is computed for another caller.
    joined: bool,
    /// What must not be dropped before the end.
    _kept: Option<Arc<dyn Any + Send + Sync>>,
}

impl Generation {
    /// A generation whose events come from `events`.
    pub fn new(events: mpsc::Receiver<Result<Event, GenerateError>>) -> Self {
        Self { events, spent: Arc::default(), joined: false, _kept: None }
    }

    /// The same, which keeps `what` from being dropped as long as it is heard.
    pub fn keeping(self, what: Arc<dyn Any + Send + Sync>) -> Self {
        Self { _kept: Some(what), ..self }
    }

    /// The same, where `spent` tells at any time what has been computed; by another caller's request, when it `joined` one.
    pub fn observed(self, spent: Arc<Spent>, joined: bool) -> Self {
        Self { spent, joined, ..self }
    }

    /// What it has cost so far: all of it after [`Event::Done`], and what is known of it after an abandoned stream.
    pub fn usage(&self) -> Usage {
        let usage = self.spent.get();
        if self.joined { Usage { cached_tokens: usage.prompt_tokens, ..usage } } else { usage }
    }

    /// The next event; `None` after [`Event::Done`] or an error.
    pub async fn next(&mut self) -> Option<Result<Event, GenerateError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// All text, and how it ended.
    ///
    /// # Errors
    /// The first error of the stream; [`GenerateError::Stopped`] when it ends without [`Event::Done`].
    pub async fn collect(mut self) -> Result<(String, Finish), GenerateError> {
        let mut text = String::new();
        while let Some(event) = self.next().await {
            match event? {
                Event::Text(more) => text.push_str(&more),
                Event::Anew(new) => text = new,
                Event::Done(finish) => return Ok((text, finish)),
            }
        }
        Err(GenerateError::Stopped)
    }
}

impl Stream for Generation {
    type Item = Result<Event, GenerateError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = self.events.poll_recv(context);
        if let Poll::Ready(Some(Ok(Event::Done(finish)))) = &event {
            self.spent.set(finish.usage);
        }
        event
    }
}

/// A chat model.
///
/// Contract: a refused request costs no model work; events arrive as soon as they are known; text events
/// hold whole characters and together are the answer, from the last [`Event::Anew`] on; after a stream is dropped no
/// further token is computed for it beyond the step in progress, as soon as the machine that computes it learns of that.
#[async_trait]
pub trait Generate: Send + Sync {
    /// The model's name in the catalogue.
    fn name(&self) -> &str;

    /// The most tokens that a prompt and its answer may have together.
    fn window(&self) -> usize;

    /// What it has done and what waits; zeros where that is not known.
    fn load(&self) -> Load {
        Load::default()
    }

    /// The tokens that `messages` take as a prompt, the chat template included.
    ///
    /// # Errors
    /// When the engine has stopped or the template cannot be applied.
    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError>;

    /// Starts to generate.
    ///
    /// # Errors
    /// [`GenerateError::PromptTooLong`] and [`GenerateError::Busy`] before any work.
    async fn generate(&self, request: Request) -> Result<Generation, GenerateError>;
}
