//! One request on its way through the fleet, until it is answered or nobody is left to ask.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::answer::{Answer, Step};
use super::fleet::{Fleet, Ticket};
use super::server::Failure;
use super::told::Told;
use super::wire::Ending;
use crate::generate::{Event, Format, GenerateError, Generation, Request, Spent, Usage};

/// Where the events of one answer go.
pub(super) type Events = Sender<Result<Event, GenerateError>>;

/// A request, whom it has asked, and what was told of its answer.
pub(super) struct Attempt {
    fleet: Arc<Fleet>,
    request: Request,
    /// Tokens of its prompt.
    tokens: usize,
    since: Instant,
    tried: Vec<usize>,
    told: Told,
    /// What has been computed, as far as it was told.
    usage: Usage,
}

/// Who writes the answer.
pub(super) enum Writer {
    /// A server, which must write on until then.
    Server { answer: Box<Answer>, ticket: Ticket, until: Instant },
    /// The model in this process.
    Here(Generation),
}

impl Attempt {
    /// A request whose prompt has `tokens` tokens.
    pub(super) fn new(fleet: Arc<Fleet>, request: Request, tokens: usize) -> Self {
        let tried = vec![0; fleet.servers.len()];
        let usage = Usage { prompt_tokens: tokens, ..Usage::default() };
        Self { fleet, request, tokens, since: Instant::now(), tried, told: Told::default(), usage }
    }

    /// The first to take the request: a server in health, else the model in this process, else a server that is not in
    /// health.
    pub(super) async fn open(&mut self) -> Result<Writer, GenerateError> {
        let work = self.tokens + self.request.max_tokens;
        let mut last = None;
        loop {
            let mut ticket = self.fleet.enter(&self.tried, work);
            if ticket.is_none()
                && let Some(model) = &self.fleet.last_resort
            {
                tracing::warn!("no model server answers; the model on this machine does");
                return Ok(Writer::Here(model.generate(self.request.clone()).await?));
            }
            ticket = ticket.or_else(|| self.fleet.last_chance(&self.tried, work));
            let Some(ticket) = ticket else { return Err(self.fleet.give_up(last)) };
            self.tried[ticket.server] += 1;
            let until = self.first_word_until()?;
            match ticket.server().open(&self.request, until).await {
                Ok(answer) => return Ok(Writer::Server { answer: Box::new(answer), ticket, until }),
                Err(failure) => last = Some(self.lost(ticket.server, failure)?),
            }
        }
    }

    /// When a server must have begun. The caller's patience counts until a first word was told.
    fn first_word_until(&self) -> Result<Instant, GenerateError> {
        let now = Instant::now();
        let until = now + self.fleet.waits.first;
        let Some(patience) = self.request.caller.patience.filter(|_| self.told.is_empty()) else { return Ok(until) };
        let end = self.since + patience;
        if end <= now { Err(GenerateError::TooLate) } else { Ok(until.min(end)) }
    }

    /// A server did not do it: the failure, when another one may be asked.
    fn lost(&self, server: usize, failure: Failure) -> Result<Failure, GenerateError> {
        let impatient = self.request.caller.patience.is_some_and(|patience| self.since.elapsed() >= patience);
        if failure == Failure::Hung && impatient && self.told.is_empty() {
            // It may be well: it was the caller who would not wait.
            return Err(GenerateError::TooLate);
        }
        self.fleet.note(server, Err(&failure));
        match failure {
            Failure::Refused(GenerateError::PromptTooLong { .. }) => {
                let limit = self.fleet.window().saturating_sub(self.request.max_tokens);
                Err(GenerateError::PromptTooLong { tokens: self.tokens, limit })
            }
            // A server that takes the chat but not the format says no more than that the request is wrong.
            Failure::Refused(GenerateError::Backend { reason }) if self.request.format != Format::Text => {
                Err(GenerateError::BadFormat { reason })
            }
            Failure::Refused(error) => Err(error),
            failure => Ok(failure),
        }
    }

    /// Tells the answer to its end, whoever writes it. When nobody listens any more, everything is dropped at once, and
    /// with it the connection to the server.
    pub(super) async fn tell(mut self, writer: Writer, events: Events, spent: Arc<Spent>) {
        spent.set(self.usage);
        let telling = async {
            if let Err(error) = self.write(writer, &events, &spent).await {
                let _ = events.send(Err(error)).await;
            }
        };
        tokio::select! {
            () = events.closed() => {}
            () = telling => {}
        }
    }

    async fn write(&mut self, mut writer: Writer, events: &Events, spent: &Spent) -> Result<(), GenerateError> {
        loop {
            let event = match self.step(&mut writer).await? {
                Ok(Step::Text(text)) => {
                    self.usage.completion_tokens += 1;
                    spent.set(self.usage);
                    self.hear(&text)?
                }
                Ok(Step::Whole(ending)) => {
                    if let Writer::Server { ticket, .. } = &writer {
                        self.fleet.note(ticket.server, Ok(()));
                    }
                    return self.end(ending, events).await;
                }
                Err(failure) => {
                    tracing::warn!(?failure, "an answer goes on elsewhere");
                    writer = self.open().await?;
                    self.told.begins_again();
                    None
                }
            };
            if let Some(event) = event {
                // A listener who has left is noticed by whoever drives this.
                let _ = events.send(Ok(event)).await;
            }
        }
    }

    fn hear(&mut self, text: &str) -> Result<Option<Event>, GenerateError> {
        if self.told.is_empty() {
            self.fleet.first_word(self.since.elapsed().as_secs_f64());
        }
        let endless = |_| GenerateError::Backend { reason: "the answer has no end".to_owned() };
        self.told.hears(text).map_err(endless)
    }

    /// The next step of whoever writes; inside, a failure after which another may go on.
    async fn step(&self, writer: &mut Writer) -> Result<Result<Step, Failure>, GenerateError> {
        match writer {
            Writer::Server { answer, ticket, until } => match answer.next(*until).await {
                Ok(step) => {
                    *until = Instant::now() + self.fleet.waits.gap;
                    Ok(Ok(step))
                }
                Err(failure) => Ok(Err(self.lost(ticket.server, failure)?)),
            },
            Writer::Here(generation) => match generation.next().await.unwrap_or(Err(GenerateError::Stopped))? {
                Event::Text(text) | Event::Anew(text) => Ok(Ok(Step::Text(text))),
                Event::Done(finish) => {
                    let ending = Ending { reason: Some(finish.reason), usage: Some(finish.usage) };
                    Ok(Ok(Step::Whole(ending)))
                }
            },
        }
    }

    async fn end(&mut self, ending: Ending, events: &Events) -> Result<(), GenerateError> {
        let finish = ending.finish(self.usage).ok_or(GenerateError::Stopped)?;
        self.fleet.ends(finish.usage);
        if let Some(event) = self.told.ends() {
            let _ = events.send(Ok(event)).await;
        }
        let _ = events.send(Ok(Event::Done(finish))).await;
        Ok(())
    }
}
