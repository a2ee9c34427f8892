//! The loop of the engine's thread: take in requests, compute a step for all of them, hand out what was written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::mpsc::Sender;

use super::Token;
use super::decode::{Decode, DecodeError, Feed};
use super::queue::{Next, Queue, Waiting};
use super::schedule::{self, Budget, Candidate, Turns, Want};
use crate::generate::{Event, GenerateError, Sampling};
use slot::{Slot, Task};

mod slot;

/// Prompt tokens of a step in which answers are written too: larger steps read faster, smaller ones keep the answers
/// flowing.
const BESIDE_ANSWERS: usize = 128;

/// A request that was checked and waits for a slot.
#[derive(Debug)]
pub(super) struct Job {
    /// The prompt, at least one token; with `max_tokens` it fits into a sequence.
    pub(super) prompt: Vec<Token>,
    /// How tokens are chosen.
    pub(super) sampling: Sampling,
    /// What ends the text.
    pub(super) stop: Vec<String>,
    /// The most tokens to write.
    pub(super) max_tokens: usize,
    /// Where the text goes; it has room for every event.
    pub(super) events: Sender<Result<Event, GenerateError>>,
}

impl Job {
    /// Ends the request with an error.
    pub(super) fn fail(self, error: GenerateError) {
        let _ = self.events.try_send(Err(error));
    }
}

impl Waiting for Job {
    fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }
}

/// The model and its slots.
pub(super) struct Worker<D: Decode> {
    decoder: D,
    slots: Vec<Slot<D::Sampler>>,
    turns: Turns,
    /// Counts requests, to know which slot was used longest ago.
    clock: u64,
}

impl<D: Decode> Worker<D> {
    /// A worker with `parallel` empty slots.
    pub(super) fn new(decoder: D, parallel: usize) -> Self {
        let slots = (0..parallel).map(|_| Slot::default()).collect();
        Self { decoder, slots, turns: Turns::default(), clock: 0 }
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
        self.slots.iter_mut().for_each(Slot::free_if_abandoned);
        while self.slots.iter().any(Slot::is_free) {
            match queue.take() {
                Next::Take(job) => self.place(job),
                Next::Empty => break,
                Next::Closed => return false,
            }
        }
        true
    }

    /// Gives a request the free slot that knows most of its prompt.
    fn place(&mut self, job: Job) {
        let free = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_free());
        let candidates: Vec<Candidate<'_, Token>> =
            free.map(|(place, slot)| Candidate { slot: place, kept: &slot.kept, used: slot.used }).collect();
        let Some((slot, reused)) = schedule::choose(&job.prompt, &candidates) else { return };
        self.clock += 1;
        let cut = self.decoder.cut(slot, reused);
        let cached = if cut { reused } else { 0 };
        let sampler = self.decoder.sampler(&job.sampling);
        self.slots[slot].begin(Task::new(job, sampler, cached), cached, self.clock);
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
        let wants: Vec<Want> = self.slots.iter().map(Slot::want).collect();
        let budget = Budget { step: self.decoder.most(), beside_answers: BESIDE_ANSWERS };
        let shares = self.turns.step(&wants, budget);
        let mut feeds: Vec<Feed> = Vec::new();
        for share in &shares {
            feeds.extend(self.slots[share.slot].feeds(share.slot, share.tokens));
        }
        self.decoder.decode(&feeds)?;
        for (index, feed) in feeds.iter().enumerate() {
            self.slots[feed.sequence].kept.push(feed.token);
            if feed.last {
                self.slots[feed.sequence].write(&mut self.decoder, index);
            }
        }
        Ok(())
    }

    fn fail_all(&mut self, error: &GenerateError) {
        for slot in &mut self.slots {
            slot.fail(error);
        }
    }
}

#[cfg(test)]
mod tests;
