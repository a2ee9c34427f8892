//! What the engine has done, for metrics and for telling how long to wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::generate::Load;

#[derive(Debug, Default)]
struct Counts {
    load: Load,
    /// Seconds that requests held a slot, lately.
    service: f64,
}

/// A [`Load`] that the engine's thread keeps and others read.
#[derive(Debug, Default)]
pub(super) struct Stats(Mutex<Counts>);

impl Stats {
    /// Nothing done yet by a model whose weights and slots take so many bytes.
    pub(super) fn new(model_bytes: u64, context_bytes: u64) -> Self {
        let load = Load { model_bytes, context_bytes, ..Load::default() };
        Self(Mutex::new(Counts { load, service: 0.0 }))
    }

    pub(super) fn begins(&self, prompt: usize, cached: usize, waited: Duration) {
        let load = &mut self.lock().load;
        load.requests += 1;
        load.active += 1;
        load.prompt_tokens += prompt as u64;
        load.cached_tokens += cached as u64;
        load.waited.note(waited.as_secs_f64());
    }

    /// Bytes that kept states take now.
    pub(super) fn keeps(&self, bytes: usize) {
        self.lock().load.kept_bytes = bytes as u64;
    }

    /// A step of `tokens` tokens that took so long.
    pub(super) fn step(&self, tokens: usize, took: Duration) {
        let load = &mut self.lock().load;
        load.steps += 1;
        load.computed_tokens += tokens as u64;
        load.busy += took.as_secs_f64();
    }

    /// Tokens were written; the first one so long after its request.
    pub(super) fn written(&self, tokens: usize, first: Option<Duration>) {
        let load = &mut self.lock().load;
        load.written_tokens += tokens as u64;
        if let Some(first) = first {
            load.first_token.note(first.as_secs_f64());
        }
    }

    pub(super) fn ends(&self, service: Duration) {
        let mut counts = self.lock();
        counts.load.active = counts.load.active.saturating_sub(1);
        let service = service.as_secs_f64();
        counts.service = if counts.service == 0.0 { service } else { 0.8 * counts.service + 0.2 * service };
    }

    pub(super) fn read(&self) -> Load {
        self.lock().load.clone()
    }

    /// When a slot will be free for the last of `waiting` requests, as far as the last answers tell.
    pub(super) fn wait(&self, waiting: usize, parallel: usize) -> Duration {
        let rounds = waiting.div_ceil(parallel.max(1)) as f64;
        Duration::from_secs_f64((self.lock().service * rounds).clamp(1.0, 3_600.0))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_how_long_answers_take() {
        let stats = Stats::default();
        assert_eq!(stats.wait(8, 4), Duration::from_secs(1));
        stats.ends(Duration::from_secs(5));
        assert_eq!(stats.wait(8, 4), Duration::from_secs(10));
        assert_eq!(stats.wait(9, 4), Duration::from_secs(15));
    }
}
