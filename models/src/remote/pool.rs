//! Which server is asked next: the one with the least work outstanding among those in health. Pure.

use std::time::{Duration, Instant};

use super::breaker::Breaker;

/// The most answers that one server writes for us at a time; those beyond are refused at once.
const MOST: usize = 256;

/// How often one request may ask the same server.
const TRIES: usize = 2;

/// One server, as far as choosing it goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Seat {
    /// Its health.
    pub(super) breaker: Breaker,
    /// Requests that it works on for us.
    pub(super) answers: usize,
    /// Tokens that these may take, prompts and answers together.
    pub(super) work: usize,
}

/// All servers.
#[derive(Debug)]
pub(super) struct Pool {
    seats: Vec<Seat>,
    /// The one chosen last: equals take turns.
    last: usize,
}

impl Pool {
    /// A pool of `servers` servers that are taken to be well.
    pub(super) fn new(servers: usize) -> Self {
        Self { seats: vec![Seat::default(); servers], last: servers.saturating_sub(1) }
    }

    /// All servers, in the order of the settings.
    pub(super) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// One server.
    pub(super) fn seat(&mut self, server: usize) -> &mut Seat {
        &mut self.seats[server]
    }

    /// The server for a request that has asked each one `tried` times: first those asked least, then those with the least
    /// work. None when no server in health is left.
    pub(super) fn choose(&self, tried: &[usize], now: Instant) -> Option<usize> {
        let open = |server: &usize| {
            let seat = &self.seats[*server];
            seat.breaker.allows(now) && seat.answers < MOST && tried[*server] < TRIES
        };
        self.in_turn().filter(open).min_by_key(|server| (tried[*server], self.seats[*server].work))
    }

    /// A server that is not in health, for a request that would fail otherwise; each is asked once.
    pub(super) fn last_chance(&self, tried: &[usize]) -> Option<usize> {
        let ill = |server: &usize| matches!(self.seats[*server].breaker, Breaker::Open { .. });
        self.in_turn().filter(ill).find(|server| tried[*server] == 0)
    }

    /// A request of `work` tokens goes to `server`.
    pub(super) fn enter(&mut self, server: usize, work: usize) {
        self.last = server;
        self.seats[server].answers += 1;
        self.seats[server].work += work;
    }

    /// It has ended.
    pub(super) fn leave(&mut self, server: usize, work: usize) {
        let seat = &mut self.seats[server];
        seat.answers = seat.answers.saturating_sub(1);
        seat.work = seat.work.saturating_sub(work);
    }

    /// Requests in progress, and how long until a server that has too much to do may be asked again.
    pub(super) fn busy(&self, now: Instant) -> (usize, Duration) {
        let rest = |seat: &Seat| match seat.breaker {
            Breaker::Resting { until } => until.saturating_duration_since(now),
            _ => Duration::from_secs(1),
        };
        let waits = self.seats.iter().map(rest).min().unwrap_or_default();
        (self.seats.iter().map(|seat| seat.answers).sum(), waits.max(Duration::from_secs(1)))
    }

    /// All servers, beginning behind the one chosen last.
    fn in_turn(&self) -> impl Iterator<Item = usize> {
        let (all, first) = (self.seats.len(), self.last + 1);
        (0..all).map(move |step| (first + step) % all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_take_turns_and_the_least_work_goes_first() {
        let now = Instant::now();
        let mut pool = Pool::new(3);
        let mut chosen = Vec::new();
        for work in [10, 30, 20, 5, 1] {
            let server = pool.choose(&[0; 3], now).unwrap();
            pool.enter(server, work);
            chosen.push(server);
        }
        assert_eq!(chosen, [0, 1, 2, 0, 0]);
        pool.leave(1, 30);
        assert_eq!(pool.choose(&[0; 3], now), Some(1));
    }

    #[test]
    fn a_request_asks_others_first_and_nobody_more_than_twice() {
        let now = Instant::now();
        let mut pool = Pool::new(2);
        pool.enter(1, 1_000);
        let mut tried = [1, 0];
        assert_eq!(pool.choose(&tried, now), Some(1), "though it has more to do");
        tried = [2, 1];
        assert_eq!(pool.choose(&tried, now), Some(1));
        assert_eq!(pool.choose(&[2, 2], now), None);
    }

    #[test]
    fn the_ill_and_the_full_are_left_out() {
        let now = Instant::now();
        let mut pool = Pool::new(2);
        pool.seat(0).breaker.hung(now);
        (0..MOST).for_each(|_| pool.enter(1, 1));
        assert_eq!(pool.choose(&[0; 2], now), None);
        assert_eq!(pool.last_chance(&[0; 2]), Some(0));
        assert_eq!(pool.last_chance(&[1, 0]), None, "the other one is full, not ill");
        pool.leave(1, 1);
        assert_eq!(pool.choose(&[0; 2], now), Some(1));
    }

    #[test]
    fn a_full_pool_says_when_there_will_be_room() {
        let now = Instant::now();
        let mut pool = Pool::new(2);
        for server in [0, 1] {
            pool.enter(server, 9);
            pool.seat(server).breaker.rests(now + Duration::from_secs(4 + server as u64));
        }
        assert_eq!(pool.busy(now), (2, Duration::from_secs(4)));
    }
}
