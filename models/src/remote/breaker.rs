//! Whether a server is asked: a circuit breaker, told the time, so that it is tested exactly.
//!
//! A server that fails is left alone for a while, longer each time; then a trial that no person waits for decides whether
//! it is asked again.

use std::time::{Duration, Instant};

/// Failures in a row that open the circuit.
const FAILURES: u32 = 3;

/// How long a server is left alone at first, and at most; each trial that fails doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is known of one server's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    /// It is asked. So often it has failed since it last answered.
    Closed { failures: u32 },
    /// It said that it has too much to do until then, which is no failure.
    Resting { until: Instant },
    /// It is left alone until then; the next trial that fails makes it `pause` more.
    Open { until: Instant, pause: Duration },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether a person's question may go there.
    pub(super) fn allows(self, now: Instant) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Resting { until } => until <= now,
            Self::Open { .. } => false,
        }
    }

    /// Whether it is time for a trial.
    pub(super) fn wants_trial(self, now: Instant) -> bool {
        matches!(self, Self::Open { until, .. } if until <= now)
    }

    /// It has answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It has failed in a way that took no time, such as a refused connection.
    pub(super) fn failed(&mut self, now: Instant) {
        match *self {
            Self::Closed { failures } if failures + 1 < FAILURES => *self = Self::Closed { failures: failures + 1 },
            Self::Resting { .. } => *self = Self::Closed { failures: 1 },
            _ => self.open(now),
        }
    }

    /// It has said nothing for as long as anybody waits. Once is enough: each further one would keep a person waiting.
    pub(super) fn hung(&mut self, now: Instant) {
        self.open(now);
    }

    /// It has asked to be left alone until `until`.
    pub(super) fn rests(&mut self, until: Instant) {
        if !matches!(self, Self::Open { .. }) {
            *self = Self::Resting { until };
        }
    }

    fn open(&mut self, now: Instant) {
        *self = match *self {
            // Answers that were in progress when it opened fail too; they do not make the pause longer.
            Self::Open { until, .. } if now < until => *self,
            Self::Open { pause, .. } => Self::Open { until: now + pause, pause: (pause * 2).min(LONGEST_PAUSE) },
            _ => Self::Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE * 2 },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_an_answer_closes_it() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(now);
        breaker.failed(now);
        breaker.answered();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.allows(now));
        breaker.failed(now);
        assert!(!breaker.allows(now + seconds(3_600)), "only a trial lets it back");
        breaker.answered();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn pauses_double_with_each_trial_that_fails_up_to_a_minute() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.hung(now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let begin = now;
            while !breaker.wants_trial(now) {
                now += seconds(1);
            }
            pauses.push((now - begin).as_secs());
            breaker.failed(now);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn answers_that_fail_together_count_once() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.hung(now);
        let opened = breaker;
        breaker.hung(now + seconds(1));
        breaker.failed(now + seconds(1));
        assert_eq!(breaker, opened);
    }

    #[test]
    fn a_server_with_too_much_to_do_is_left_alone_for_as_long_as_it_says() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.rests(now + seconds(5));
        assert!(!breaker.allows(now + seconds(4)) && breaker.allows(now + seconds(5)));
        assert!(!breaker.wants_trial(now + seconds(9)));
        breaker.hung(now);
        breaker.rests(now);
        assert!(!breaker.allows(now), "rest does not close an open circuit");
    }
}
