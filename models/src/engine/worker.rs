//! The loop of the engine's thread: take in requests, compute a step for all of them, hand out what was written.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Token;
use super::decode::{Decode, DecodeError, Feed};
use super::flight::Flight;
use super::pace::Pace;
use super::prefix::Prefixes;
use super::queue::{Queue, Turns, Waiting};
use super::schedule::{self, Budget, Holding, Place, Source, Want};
use super::stats::Stats;
use crate::generate::{Caller, Format, GenerateError, Sampling};
use slot::{Ended, Slot, Task};

mod disk;
mod slot;

/// The most answers that are written while drafts are made: with more, a step has enough to do.
const DRAFTING: usize = 2;

/// What a slot knows is kept outside of it from so many tokens on; fewer are soon read again.
const WORTH_KEEPING: usize = 64;

/// How many waiting requests are looked at for one free slot.
const CANDIDATES: usize = 64;

/// A request that was checked and waits for a slot.
#[derive(Debug)]
pub(super) struct Job {
    /// The prompt, at least one token; with `max_tokens` it fits into a sequence.
    pub(super) prompt: Vec<Token>,
    /// How many of its first tokens hold nothing of a person.
    pub(super) shared: usize,
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
    /// What slots knew that were given away.
    prefixes: Prefixes<D::State>,
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
    /// A worker with `parallel` empty slots and `prefixes` beside them; `now` tells the time.
    pub(super) fn new(
        decoder: D,
        parallel: usize,
        prefixes: Prefixes<D::State>,
        stats: Arc<Stats>,
        now: fn() -> Instant,
    ) -> Self {
        let slots = (0..parallel).map(|_| Slot::default()).collect();
        Self {
            decoder,
            slots,
            prefixes,
            turns: Turns::default(),
            pace: Pace::default(),
            drafting: Pace::default(),
            stats,
            clock: 0,
            steps: 0,
            now,
        }
    }

    /// Works until the queue is closed. What may be kept over restarts is kept in `folder`.
    pub(super) fn run(&mut self, queue: &Queue<Job>, folder: Option<&Path>) {
        if let Some(folder) = folder {
            self.recall(folder);
        }
        while self.admit(queue) {
            if self.slots.iter().all(Slot::is_free) {
                queue.wait();
            } else {
                self.step();
            }
        }
        self.fail_all(&GenerateError::Stopped);
        if let Some(folder) = folder {
            self.remember(folder);
        }
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
        let placed = order.map(|job| {
            let prompt = &waiting[job].prompt;
            let kept = self.prefixes.longest(prompt).map_or(0, |(_, known)| known);
            (job, schedule::place(prompt, &slots, kept))
        });
        placed.into_iter().find(|(_, place)| matches!(place, Place::Slot { .. }))
    }

    /// Gives a request its slot, and the slot what is known of its prompt.
    fn begin(&mut self, job: Job, slot: usize, source: Source, reused: usize) {
        let sampler = match self.decoder.sampler(&job.sampling, &job.format, job.endless) {
            Ok(sampler) => sampler,
            Err(error) => return job.fail(error),
        };
        self.clock += 1;
        let cached = if self.know(slot, source, &job.prompt[..reused]) { reused } else { 0 };
        self.slots[slot].kept = job.prompt[..cached].to_vec();
        self.turns.begins(&job.caller.name);
        self.stats.begins(job.prompt.len(), cached, (self.now)().saturating_duration_since(job.since));
        self.slots[slot].begin(Task::new(job, sampler, cached, (self.now)()), self.clock);
    }

    /// Makes a slot know `tokens` and no more. False when it cannot: then it knows nothing.
    fn know(&mut self, slot: usize, source: Source, tokens: &[Token]) -> bool {
        let wanted = match source {
            Source::Kept => self.prefixes.longest(tokens).map(|(id, _)| id),
            _ => None,
        };
        if source != Source::Own || self.slots[slot].kept.len() >= tokens.len() + WORTH_KEEPING {
            self.keep(slot);
        }
        let known = match source {
            Source::Own => true,
            Source::Slot(other) => {
                self.slots[other].used = self.clock;
                self.decoder.copy(other, slot)
            }
            Source::Kept => {
                let state = wanted.and_then(|id| self.prefixes.fetch(id));
                state.is_some_and(|state| self.decoder.restore(slot, state))
            }
        };
        let known = known && self.decoder.cut(slot, tokens.len());
        if !known {
            self.decoder.cut(slot, 0);
        }
        known
    }

    /// Keeps what a slot knows before it is overwritten, unless another slot knows it too.
    fn keep(&mut self, slot: usize) {
        let Slot { kept, shared, .. } = &self.slots[slot];
        let elsewhere = |(other, held): (usize, &Slot<_>)| other != slot && held.kept.starts_with(kept);
        if kept.len() < WORTH_KEEPING
            || !self.decoder.forgets_parts()
            || self.slots.iter().enumerate().any(elsewhere)
            || !self.prefixes.wants(kept, self.decoder.state_size(slot))
        {
            return;
        }
        if let Some(state) = self.decoder.save(slot) {
            let bytes = self.decoder.state_size(slot);
            self.prefixes.keep(kept.clone(), (*shared).min(kept.len()), state, bytes);
            self.stats.keeps(self.prefixes.bytes());
        }
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
        let read = |want: &Want| if let Want::Read { of, .. } = want { Some(*of) } else { None };
        let reading = wants.iter().filter_map(read).count();
        let shortest = wants.iter().filter_map(read).min().unwrap_or(0);
        let few = reading == 0 && writing <= DRAFTING;
        if few && self.decoder.forgets_parts() {
            let pace = &self.drafting;
            self.slots.iter_mut().for_each(|slot| slot.draft(|tokens| pace.cost(tokens)));
            wants = self.slots.iter().map(Slot::want).collect();
        }
        let most = self.decoder.most();
        let budget = Budget { step: most, beside_answers: self.pace.beside_answers(writing, reading, shortest, most) };
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
        self.keep(to);
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
