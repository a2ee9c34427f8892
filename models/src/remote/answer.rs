//! One answer of a server, as it comes.

use std::collections::VecDeque;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::server::{Failure, broken};
use super::sse::Events;
use super::wire::{self, Ending, Heard, Odd};
use crate::generate::GenerateError;

/// One step of an answer.
#[derive(Debug)]
pub(super) enum Step {
    /// More text, at least one character.
    Text(String),
    /// The answer is whole.
    Whole(Ending),
}

/// An answer in progress. Dropping it closes its connection, which tells the server that nobody listens.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    events: Events,
    heard: VecDeque<Heard>,
    ending: Ending,
}

impl Answer {
    /// The answer whose stream begins with `response`.
    pub(super) fn new(response: Response) -> Self {
        Self { response, events: Events::default(), heard: VecDeque::new(), ending: Ending::default() }
    }

    /// The next step, which must come until `until`: signs of life without text do not count.
    pub(super) async fn next(&mut self, until: Instant) -> Result<Step, Failure> {
        loop {
            match self.heard.pop_front() {
                Some(Heard::Text(text)) if text.is_empty() => {}
                Some(Heard::Text(text)) => return Ok(Step::Text(text)),
                Some(Heard::Ended(reason)) => self.ending.reason = Some(reason),
                Some(Heard::Cost(usage)) => self.ending.usage = Some(usage),
                Some(Heard::Over) => return self.whole("it ended before the answer was whole".to_owned()),
                None => {
                    if let Some(end) = self.read(until).await? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// Reads on. What is lost behind the end of an answer is only what it cost.
    async fn read(&mut self, until: Instant) -> Result<Option<Step>, Failure> {
        let more = match timeout_at(until, self.response.chunk()).await {
            Err(_) if self.ending.reason.is_none() => return Err(Failure::Hung),
            Err(_) => return self.whole(String::new()).map(Some),
            Ok(Err(error)) => {
                let Failure::Broken(reason) = broken(error) else { return self.whole(String::new()).map(Some) };
                return self.whole(reason).map(Some);
            }
            Ok(Ok(None)) => return self.whole("the connection ended before the answer".to_owned()).map(Some),
            Ok(Ok(Some(more))) => more,
        };
        let long = |_| Failure::Broken("an event of its stream has no end".to_owned());
        for data in self.events.feed(&more).map_err(long)? {
            self.heard.extend(wire::read(&data).map_err(|odd| match odd {
                Odd::Failed(reason) => Failure::Broken(reason),
                Odd::Wrong(reason) => Failure::Refused(GenerateError::Backend { reason }),
            })?);
        }
        Ok(None)
    }

    /// The end, where one was told; else `reason` says why there is none.
    fn whole(&self, reason: String) -> Result<Step, Failure> {
        match self.ending.reason {
            Some(_) => Ok(Step::Whole(self.ending)),
            None => Err(Failure::Broken(reason)),
        }
    }
}
