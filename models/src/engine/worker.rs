//! The loop of the engine's thread: take in requests, compute a step for all of them, hand out what was written.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Token;
use super::decode::{Decode, DecodeError, Feed};
use super::flight::Flight;
use super::pace::Pace;
use super::queue::{Queue, Turns, Waiting};
use super::schedule::{self, Budget, Holding, Place, Want};
use super::stats::Stats;
use crate::generate::{Caller, Format, GenerateError, Sampling};
use slot::{Ended, Slot, Task};

mod slot;

/// The most answers that are written while drafts are made: with more, a step has enough to do.
const DRAFTING: usize = 2;

/// How many waiting requests are looked at for one free slot.
const CANDIDATES: usize = 64;

/// A request that was checked and waits for a slot.
#[derive(Debug)]
pub(super) struct Job {
    /// The prompt, at least one token; with `max_tokens` it fits into a sequence.
    pub(super) prompt: Vec<Token>,
    /// How tokens are chosen.
    pub(super) sampling: Sampling,
    /// What the text must look like.
    pub(super) format: Format,
    /// What ends the text.
    pub(super) stop: Vec<String>,
    /// The most tokens to write.
    pub(super) max_tokens: usize,
    /// Never end before.
    pub(super) endless: bool,
    /// For whom it is.
    pub(super) caller: Caller,
    /// When it came.
    pub(super) since: Instant,
    /// Where the text goes.
    pub(super) flight: Arc<Flight>,
}

impl Job {
    /// Ends the request with an error.
    pub(super) fn fail(self, error: GenerateError) {
        self.flight.say(Err(error));
    }
}

impl Waiting for Job {
    fn is_abandoned(&self) -> bool {
        self.flight.is_abandoned()
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn since(&self) -> Instant {
        self.since
    }
}

/// The model and its slots.
pub(super) struct Worker<D: Decode> {
    decoder: D,
    slots: Vec<Slot<D::Sampler>>,
    turns: Turns,
    pace: Pace,
    /// The same for steps of a few tokens of one or two answers, as drafts make them.
    drafting: Pace,
    stats: Arc<Stats>,
    /// Counts requests, to know which slot was used longest ago.
    clock: u64,
    /// Counts steps.
    steps: u64,
    now: fn() -> Instant,
}

impl<D: Decode> Worker<D> {
    /// A worker with `parallel` empty slots; `now` tells the time.
    pub(super) fn new(decoder: D, parallel: usize, stats: Arc<Stats>, now: fn() -> Instant) -> Self {
        let slots = (0..parallel).map(|_| Slot::default()).collect();
        Self {
            decoder,
            slots,
            turns: Turns::default(),
            pace: Pace::default(),
            drafting: Pace::default(),
            stats,
            clock: 0,
            steps: 0,
            now,
        }
    }

    /// Works until the queue is closed.
    pub(super) fn run(&mut self, queue: &Queue<Job>) {
        while self.admit(queue) {
            if self.slots.iter().all(Slot::is_free) {
                queue.wait();
            } else {
                self.step();
            }
        }
        self.fail_all(&GenerateError::Stopped);
    }

    /// Frees the slots of those who have left and fills free slots. False when the queue is closed.
    fn admit(&mut self, queue: &Queue<Job>) -> bool {
        if queue.is_closed() {
            return false;
        }
        for slot in 0..self.slots.len() {
            let ended = self.slots[slot].end_if_abandoned();
            self.note_ends(ended);
        }
        let now = (self.now)();
        while let Some(late) = queue.take(|waiting| waiting.iter().position(|job| is_late(job, now))) {
            late.fail(GenerateError::TooLate);
        }
        while self.slots.iter().any(Slot::is_free) {
            let mut place = Place::Full;
            let job = queue.take(|waiting| {
                let (job, found) = self.choose(waiting, now)?;
                place = found;
                Some(job)
            });
            let (Some(job), Place::Slot { slot, source, reused }) = (job, place) else { break };
            self.begin(job, slot, source, reused);
        }
        true
    }

    /// The next request in turn that has a place now, and its place.
    fn choose(&self, waiting: &VecDeque<Job>, now: Instant) -> Option<(usize, Place)> {
        if waiting.is_empty() {
            return None;
        }
        let slots: Vec<Holding<'_>> = self.slots.iter().map(Slot::holding).collect();
        let order = self.turns.order(waiting, now).into_iter().take(CANDIDATES);
        let placed = order.map(|job| (job, schedule::place(&waiting[job].prompt, &slots)));
        placed.into_iter().find(|(_, place)| matches!(place, Place::Slot { .. }))
    }

    /// Gives a request its slot, and the slot what is known of its prompt.
    fn begin(&mut self, job: Job, slot: usize, source: usize, reused: usize) {
        let sampler = match self.decoder.sampler(&job.sampling, &job.format, job.endless) {
            Ok(sampler) => sampler,
            Err(error) => return job.fail(error),
        };
        self.clock += 1;
        let known = source == slot || self.decoder.copy(source, slot);
        let cached = if known && self.decoder.cut(slot, reused) { reused } else { 0 };
        let kept = self.slots[source].kept[..cached].to_vec();
        self.slots[slot].kept = kept;
        self.slots[source].used = self.clock;
        self.turns.begins(&job.caller.name);
        self.stats.begins(job.prompt.len(), cached, (self.now)().saturating_duration_since(job.since));
        self.slots[slot].begin(Task::new(job, sampler, cached, (self.now)()), self.clock);
    }

    /// One step for all requests. What fails or panics ends the requests in progress, not the engine.
    fn step(&mut self) {
        let worked = catch_unwind(AssertUnwindSafe(|| self.advance()));
        let reason = match worked {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the step panicked".to_owned(),
        };
        tracing::error!(reason, "a step failed");
        self.fail_all(&GenerateError::Backend { reason });
        self.decoder.clear();
        self.slots.iter_mut().for_each(Slot::forget);
    }

    fn advance(&mut self) -> Result<(), DecodeError> {
        self.close_gap();
        let mut wants: Vec<Want> = self.slots.iter().map(Slot::want).collect();
        let writing = wants.iter().filter(|want| matches!(want, Want::Write { .. })).count();
        let reading = wants.iter().filter(|want| matches!(want, Want::Read { .. })).count();
        let few = reading == 0 && writing <= DRAFTING;
        if few && self.decoder.forgets_parts() {
            let pace = &self.drafting;
            self.slots.iter_mut().for_each(|slot| slot.draft(|tokens| pace.cost(tokens)));
            wants = self.slots.iter().map(Slot::want).collect();
        }
        let most = self.decoder.most();
        let budget = Budget { step: most, beside_answers: self.pace.beside_answers(writing, reading, most) };
        self.steps += 1;
        let shares = schedule::step(&wants, budget, self.steps);
        let feeds: Vec<Vec<Feed>> =
            shares.iter().map(|share| self.slots[share.slot].feeds(share.slot, share.tokens)).collect();
        let all: Vec<Feed> = feeds.concat();
        let start = (self.now)();
        self.decoder.decode(&all)?;
        let mut first = 0;
        for (share, feeds) in shares.iter().zip(&feeds) {
            let slot = &mut self.slots[share.slot];
            let before = slot.written();
            let since = slot.since();
            let ended = slot.computed(&mut self.decoder, share.slot, first, feeds);
            let after = ended.as_ref().map_or_else(|| slot.written(), |ended| ended.written);
            let waited = since.map(|since| (self.now)().saturating_duration_since(since));
            self.stats.written(after - before, waited.filter(|_| before == 0 && after > 0));
            self.note_ends(ended);
            first += feeds.len();
        }
        let took = (self.now)().saturating_duration_since(start);
        tracing::trace!(tokens = all.len(), writing, reading, us = took.as_micros(), "step");
        if few {
            self.drafting.note(all.len(), took);
        }
        if all.len() == writing || writing == 0 {
            self.pace.note(all.len(), took);
        }
        self.stats.step(all.len(), took);
        Ok(())
    }

    /// Moves an answer down where that lets the steps to come be computed in one part.
    fn close_gap(&mut self) {
        let busy: Vec<bool> = self.slots.iter().map(|slot| !slot.is_free()).collect();
        let Some((from, to)) = schedule::gap(&busy) else { return };
        if !self.decoder.copy(from, to) {
            self.slots[to].kept.clear();
            return;
        }
        let (below, above) = self.slots.split_at_mut(from);
        above[0].hand_over(&mut below[to]);
    }

    fn note_ends(&mut self, ended: Option<Ended>) {
        if let Some(ended) = ended {
            self.turns.ends(&ended.caller);
            self.stats.ends((self.now)().saturating_duration_since(ended.begun));
        }
    }

    fn fail_all(&mut self, error: &GenerateError) {
        for slot in 0..self.slots.len() {
            let ended = self.slots[slot].fail(error);
            self.note_ends(ended);
        }
    }
}

fn is_late(job: &Job, now: Instant) -> bool {
    job.caller.patience.is_some_and(|patience: Duration| now.saturating_duration_since(job.since) > patience)
}

#[cfg(test)]
mod tests;
