//! The servers together: who is asked, what became of it, and what that says of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::breaker::Breaker;
use super::pool::Pool;
use super::server::{Failure, Server};
use super::{Waits, estimate};
use crate::generate::{Generate, GenerateError, Load, Message, ServerLoad, Usage};

/// All servers and the model behind them.
pub(super) struct Fleet {
    pub(super) servers: Vec<Server>,
    pub(super) waits: Waits,
    /// The most tokens that the settings allow for a prompt and its answer.
    pub(super) context: usize,
    /// Who answers when no server does.
    pub(super) last_resort: Option<Arc<dyn Generate>>,
    pool: Mutex<Pool>,
    done: Mutex<Load>,
}

/// A request's place at a server; dropping it gives the place back.
pub(super) struct Ticket {
    fleet: Arc<Fleet>,
    pub(super) server: usize,
    work: usize,
}

impl Ticket {
    /// The server.
    pub(super) fn server(&self) -> &Server {
        &self.fleet.servers[self.server]
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.fleet.pool().leave(self.server, self.work);
    }
}

impl Fleet {
    pub(super) fn new(
        servers: Vec<Server>,
        waits: Waits,
        context: usize,
        last_resort: Option<Arc<dyn Generate>>,
    ) -> Self {
        let pool = Mutex::new(Pool::new(servers.len()));
        Self { servers, waits, context, last_resort, pool, done: Mutex::default() }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a request of `work` tokens at a server in health.
    pub(super) fn enter(self: &Arc<Self>, tried: &[usize], work: usize) -> Option<Ticket> {
        let mut pool = self.pool();
        let server = pool.choose(tried, Instant::now())?;
        pool.enter(server, work);
        Some(Ticket { fleet: self.clone(), server, work })
    }

    /// A place at a server that is not in health: the alternative is an error.
    pub(super) fn last_chance(self: &Arc<Self>, tried: &[usize], work: usize) -> Option<Ticket> {
        let mut pool = self.pool();
        let server = pool.last_chance(tried)?;
        pool.enter(server, work);
        Some(Ticket { fleet: self.clone(), server, work })
    }

    /// Takes note of what became of a call to `server`.
    pub(super) fn note(&self, server: usize, outcome: Result<(), &Failure>) {
        let now = Instant::now();
        let (before, after) = {
            let mut pool = self.pool();
            let breaker = &mut pool.seat(server).breaker;
            let before = *breaker;
            match outcome {
                // What it calls wrong, it has read.
                Ok(()) | Err(Failure::Refused(_)) => breaker.answered(),
                Err(Failure::Broken(_)) => breaker.failed(now),
                Err(Failure::Hung) => breaker.hung(now),
                Err(Failure::Busy(wait)) => breaker.rests(now + *wait),
            }
            (before, *breaker)
        };
        let open = |breaker: Breaker| matches!(breaker, Breaker::Open { .. });
        let server = &self.servers[server].url;
        match outcome {
            Err(failure) if !matches!(failure, Failure::Refused(_)) => {
                tracing::warn!(server, ?failure, left_alone = open(after), "a model server failed");
            }
            _ if open(before) => tracing::info!(server, "a model server answers again"),
            _ => {}
        }
    }

    /// Whether `server` is left alone, and if so whether it is time for a trial.
    pub(super) fn trial_due(&self, server: usize) -> (bool, bool) {
        let breaker = self.pool().seats()[server].breaker;
        (matches!(breaker, Breaker::Open { .. }), breaker.wants_trial(Instant::now()))
    }

    /// The most tokens of a prompt and its answer, so that what fits, fits on every server.
    pub(super) fn window(&self) -> usize {
        let servers = self.servers.iter().filter_map(|server| server.known().window);
        let last = self.last_resort.as_ref().map(|last| last.window());
        servers.chain(last).fold(self.context, usize::min)
    }

    /// The tokens of a prompt, as a server in health counts them; estimated where none does.
    pub(super) async fn count(&self, messages: &[Message]) -> usize {
        let Some(server) = self.pool().choose(&vec![0; self.servers.len()], Instant::now()) else {
            return estimate::tokens(messages);
        };
        match self.servers[server].count(messages).await {
            Ok(tokens) => tokens,
            Err(failure) => {
                self.note(server, Err(&failure));
                estimate::tokens(messages)
            }
        }
    }

    /// The error of a request that no server took.
    pub(super) fn give_up(&self, last: Option<Failure>) -> GenerateError {
        let reason = match last {
            None | Some(Failure::Busy(_)) => {
                let (waiting, wait) = self.pool().busy(Instant::now());
                return GenerateError::Busy { waiting, wait };
            }
            Some(Failure::Refused(error)) => return error,
            Some(Failure::Hung) => "the servers say nothing".to_owned(),
            Some(Failure::Broken(reason)) => format!("no server answers: {reason}"),
        };
        GenerateError::Backend { reason }
    }

    /// A request was taken.
    pub(super) fn begins(&self, prompt_tokens: usize) {
        let mut done = self.done();
        done.requests += 1;
        done.prompt_tokens += prompt_tokens as u64;
    }

    /// Its first word came after so many seconds.
    pub(super) fn first_word(&self, seconds: f64) {
        self.done().first_token.note(seconds);
    }

    /// It was answered.
    pub(super) fn ends(&self, usage: Usage) {
        let mut done = self.done();
        done.cached_tokens += usage.cached_tokens as u64;
        done.written_tokens += usage.completion_tokens as u64;
    }

    /// What was done, and how each server does.
    pub(super) fn load(&self) -> Load {
        let now = Instant::now();
        let pool = self.pool();
        let server = |(server, seat): (&Server, &super::pool::Seat)| ServerLoad {
            url: server.url.clone(),
            asked: seat.breaker.allows(now),
            active: seat.answers,
        };
        let servers: Vec<ServerLoad> = self.servers.iter().zip(pool.seats()).map(server).collect();
        Load { active: servers.iter().map(|server| server.active).sum(), servers, ..self.done().clone() }
    }

    fn done(&self) -> MutexGuard<'_, Load> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
