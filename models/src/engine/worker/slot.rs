//! A slot: a sequence of the context, the request that uses it, and what it still knows when it is free.

use super::super::Token;
use super::super::decode::{Decode, Feed};
use super::super::schedule::Want;
use super::super::text::{Grown, Text};
use super::Job;
use crate::generate::{Event, Finish, FinishReason, GenerateError, Usage};

/// A request in a slot.
#[derive(Debug)]
pub(super) struct Task<S> {
    job: Job,
    sampler: S,
    text: Text,
    /// Tokens that were written.
    written: usize,
    /// Prompt tokens that were there already.
    cached: usize,
    /// The token that was written last and is not computed yet.
    next: Option<Token>,
}

impl<S> Task<S> {
    /// A request whose first `cached` tokens need not be computed.
    pub(super) fn new(mut job: Job, sampler: S, cached: usize) -> Self {
        let text = Text::new(std::mem::take(&mut job.stop));
        Self { job, sampler, text, written: 0, cached, next: None }
    }

    /// Sends text, if there is any. False when nobody reads any more.
    fn show(&self, text: String) -> bool {
        text.is_empty() || self.job.events.try_send(Ok(Event::Text(text))).is_ok()
    }

    fn finish(self, reason: FinishReason, last: Option<String>) {
        let usage =
            Usage { prompt_tokens: self.job.prompt.len(), cached_tokens: self.cached, completion_tokens: self.written };
        let last = last.unwrap_or_else(|| self.text.finish());
        if !last.is_empty() {
            let _ = self.job.events.try_send(Ok(Event::Text(last)));
        }
        let _ = self.job.events.try_send(Ok(Event::Done(Finish { reason, usage })));
    }
}

/// A sequence of the context.
#[derive(Debug)]
pub(super) struct Slot<S> {
    /// The tokens whose state the context keeps for it.
    pub(super) kept: Vec<Token>,
    /// When it last got a request.
    pub(super) used: u64,
    task: Option<Task<S>>,
}

impl<S> Default for Slot<S> {
    fn default() -> Self {
        Self { kept: Vec::new(), used: 0, task: None }
    }
}

impl<S> Slot<S> {
    pub(super) fn is_free(&self) -> bool {
        self.task.is_none()
    }

    /// Takes a request; the first `reused` tokens stay, the context has forgotten the rest.
    pub(super) fn begin(&mut self, task: Task<S>, reused: usize, now: u64) {
        self.kept.truncate(reused);
        self.used = now;
        self.task = Some(task);
    }

    pub(super) fn free_if_abandoned(&mut self) {
        if self.task.as_ref().is_some_and(|task| task.job.events.is_closed()) {
            self.task = None;
        }
    }

    pub(super) fn fail(&mut self, error: &GenerateError) {
        if let Some(task) = self.task.take() {
            task.job.fail(error.clone());
        }
    }

    /// The context has forgotten everything.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    pub(super) fn want(&self) -> Want {
        match &self.task {
            None => Want::Nothing,
            Some(task) if task.next.is_some() => Want::Write,
            Some(task) => Want::Read(task.job.prompt.len() - self.kept.len()),
        }
    }

    /// The next `tokens` tokens to compute.
    pub(super) fn feeds(&self, sequence: usize, tokens: usize) -> Vec<Feed> {
        let Some(task) = &self.task else { return Vec::new() };
        let start = self.kept.len();
        let feed = |position, token, last| Feed { sequence, position, token, last };
        if let Some(token) = task.next {
            return vec![feed(start, token, true)];
        }
        let prompt = &task.job.prompt;
        (start..start + tokens).map(|place| feed(place, prompt[place], place + 1 == prompt.len())).collect()
    }

    /// Writes the token that follows entry `index` of the step.
    pub(super) fn write<D: Decode<Sampler = S>>(&mut self, decoder: &mut D, index: usize) {
        let Some(mut task) = self.task.take() else { return };
        let token = decoder.sample(index, &mut task.sampler);
        task.written += 1;
        if decoder.ends(token) {
            return task.finish(FinishReason::Stop, None);
        }
        match task.text.push(&decoder.bytes(token)) {
            Grown::Stopped(last) => task.finish(FinishReason::Stop, Some(last)),
            Grown::On(more) => {
                let read = task.show(more);
                if read && task.written >= task.job.max_tokens {
                    task.finish(FinishReason::Length, None);
                } else if read {
                    task.next = Some(token);
                    self.task = Some(task);
                }
            }
        }
    }
}
