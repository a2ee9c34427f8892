//! A slot: a sequence of the context, the request that uses it, and what it still knows when it is free.

use std::time::Instant;

use super::super::Token;
use super::super::decode::{Decode, Feed};
use super::super::draft::{self, Luck};
use super::super::schedule::{Holding, Want};
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
    /// What may follow it, to be checked in the next step.
    draft: Vec<Token>,
    luck: Luck,
    /// When it got its slot.
    begun: Instant,
}

impl<S> Task<S> {
    /// A request whose first `cached` tokens need not be computed.
    pub(super) fn new(mut job: Job, sampler: S, cached: usize, begun: Instant) -> Self {
        let text = Text::new(std::mem::take(&mut job.stop));
        Self { job, sampler, text, written: 0, cached, next: None, draft: Vec::new(), luck: Luck::default(), begun }
    }

    /// Sends text, if there is any. False when nobody reads any more.
    fn show(&self, text: String) -> bool {
        text.is_empty() || self.job.flight.say(Ok(Event::Text(text)))
    }

    /// Writes a token. Why the answer ends with it, and its last text, if it does.
    fn write<D: Decode<Sampler = S>>(&mut self, decoder: &D, token: Token) -> Option<(FinishReason, Option<String>)> {
        self.written += 1;
        // Known before it is told: whoever hangs up at its first word has heard what it cost.
        self.job.flight.spent.set(self.usage(self.job.prompt.len()));
        if decoder.ends(token) {
            return Some((FinishReason::Stop, None));
        }
        match self.text.push(&decoder.bytes(token)) {
            Grown::Stopped(last) => Some((FinishReason::Stop, Some(last))),
            Grown::On(more) => {
                let read = self.show(more);
                self.next = Some(token);
                (!read || self.written >= self.job.max_tokens).then_some((FinishReason::Length, None))
            }
        }
    }

    /// What it has cost, of whose prompt `read` tokens are known by now.
    fn usage(&self, read: usize) -> Usage {
        let prompt_tokens = read.min(self.job.prompt.len());
        Usage { prompt_tokens, cached_tokens: self.cached, completion_tokens: self.written }
    }

    fn finish(self, reason: FinishReason, last: Option<String>) -> Ended {
        let usage = self.usage(self.job.prompt.len());
        let last = last.unwrap_or_else(|| self.text.finish());
        if !last.is_empty() {
            self.job.flight.say(Ok(Event::Text(last)));
        }
        self.job.flight.say(Ok(Event::Done(Finish { reason, usage })));
        Ended { caller: self.job.caller.name, begun: self.begun, written: self.written }
    }
}

/// A request that has left its slot.
#[derive(Debug)]
pub(super) struct Ended {
    /// Whose it was.
    pub(super) caller: String,
    /// When it had got its slot.
    pub(super) begun: Instant,
    /// Tokens that were written for it.
    pub(super) written: usize,
}

/// A sequence of the context.
#[derive(Debug)]
pub(super) struct Slot<S> {
    /// The tokens whose state the context keeps for it.
    pub(super) kept: Vec<Token>,
    /// How many of the first of them hold nothing of a person.
    pub(super) shared: usize,
    /// When it last got a request.
    pub(super) used: u64,
    task: Option<Task<S>>,
}

impl<S> Default for Slot<S> {
    fn default() -> Self {
        Self { kept: Vec::new(), shared: 0, used: 0, task: None }
    }
}

impl<S> Slot<S> {
    pub(super) fn is_free(&self) -> bool {
        self.task.is_none()
    }

    /// Tokens that were written for its request.
    pub(super) fn written(&self) -> usize {
        self.task.as_ref().map_or(0, |task| task.written)
    }

    /// When its request came.
    pub(super) fn since(&self) -> Option<Instant> {
        self.task.as_ref().map(|task| task.job.since)
    }

    /// What it holds, as a prompt that looks for a place sees it.
    pub(super) fn holding(&self) -> Holding<'_> {
        let prompt = self.task.as_ref().filter(|task| task.next.is_none()).map(|task| task.job.prompt.as_slice());
        Holding { kept: &self.kept, reading: prompt, free: self.is_free(), used: self.used }
    }

    /// Takes a request.
    pub(super) fn begin(&mut self, task: Task<S>, now: u64) {
        self.used = now;
        self.shared = task.job.shared;
        self.task = Some(task);
    }

    /// Gives its request to another slot.
    pub(super) fn hand_over(&mut self, to: &mut Self) {
        to.task = self.task.take();
        to.kept.clone_from(&self.kept);
        to.shared = self.shared;
        to.used = self.used;
    }

    pub(super) fn end_if_abandoned(&mut self) -> Option<Ended> {
        let task = self.task.take_if(|task| task.job.flight.is_abandoned())?;
        Some(Ended { caller: task.job.caller.name, begun: task.begun, written: task.written })
    }

    pub(super) fn fail(&mut self, error: &GenerateError) -> Option<Ended> {
        let task = self.task.take()?;
        let ended = Ended { caller: task.job.caller.name.clone(), begun: task.begun, written: task.written };
        task.job.fail(error.clone());
        Some(ended)
    }

    /// The context has forgotten everything.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    pub(super) fn want(&self) -> Want {
        match &self.task {
            None => Want::Nothing,
            Some(task) if task.next.is_some() => Want::Write { tokens: 1 + task.draft.len() },
            Some(task) => {
                let prompt = task.job.prompt.len();
                Want::Read { rest: prompt - self.kept.len(), of: prompt - task.cached, since: self.used }
            }
        }
    }

    /// Proposes what may follow, when a step of `n` tokens takes `cost(n)`.
    pub(super) fn draft(&mut self, cost: impl Fn(usize) -> Option<f32>) {
        let Some(task) = &mut self.task else { return };
        let Some(next) = task.next else { return };
        self.kept.push(next);
        let left = task.job.max_tokens.saturating_sub(task.written + 1);
        let found = draft::lookup(&self.kept, draft::MOST.min(left));
        self.kept.pop();
        if !found.is_empty() {
            let length = task.luck.length(cost);
            task.draft = found;
            task.draft.truncate(length);
        }
    }

    /// The next `tokens` tokens to compute.
    pub(super) fn feeds(&self, sequence: usize, tokens: usize) -> Vec<Feed> {
        let Some(task) = &self.task else { return Vec::new() };
        let start = self.kept.len();
        let feed = |position, token, last| Feed { sequence, position, token, last };
        if let Some(token) = task.next {
            let written = std::iter::once(token).chain(task.draft.iter().copied()).take(tokens);
            return (start..).zip(written).map(|(place, token)| feed(place, token, true)).collect();
        }
        let prompt = &task.job.prompt;
        (start..start + tokens).map(|place| feed(place, prompt[place], place + 1 == prompt.len())).collect()
    }

    /// Takes what was computed for it: entries `first..first + feeds.len()` of the step. Says when its request has ended.
    pub(super) fn computed<D: Decode<Sampler = S>>(
        &mut self,
        decoder: &mut D,
        sequence: usize,
        first: usize,
        feeds: &[Feed],
    ) -> Option<Ended> {
        let asked = feeds.iter().filter(|feed| feed.last).count();
        if asked == 0 {
            self.kept.extend(feeds.iter().map(|feed| feed.token));
            if let Some(task) = &self.task {
                task.job.flight.spent.set(task.usage(self.kept.len()));
            }
            return None;
        }
        let mut task = self.task.take()?;
        let drafted = std::mem::take(&mut task.draft);
        // Read tokens of a prompt, or the token that was written before.
        let sure = feeds.len() - (asked - 1);
        self.kept.extend(feeds[..sure].iter().map(|feed| feed.token));
        let (mut right, mut ended) = (0, None);
        for at in sure - 1..feeds.len() {
            let token = decoder.sample(first + at, &mut task.sampler);
            let guessed = feeds.get(at + 1).is_some_and(|feed| feed.token == token);
            ended = task.write(decoder, token);
            if ended.is_some() || !guessed {
                break;
            }
            right += 1;
            self.kept.push(token);
        }
        if asked > 1 {
            // What was drafted wrongly is forgotten again.
            if !decoder.cut(sequence, self.kept.len()) {
                self.kept.clear();
            }
        }
        if let Some((reason, last)) = ended {
            return Some(task.finish(reason, last));
        }
        if !drafted.is_empty() && asked > 1 {
            task.luck.note(asked - 1, right);
        }
        self.task = Some(task);
        None
    }
}
