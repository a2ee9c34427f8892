//! What each key may still ask for, and what it has asked for. Pure: the time comes in.
//!
//! Requests are counted by a bucket that fills again; it may forget at a restart. Tokens of a day may not: the day
//! begins with what memory has metered, and a request reserves what it may use, so that many at once use no more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use tutor_models::generate::Usage;

use crate::memory::ApiKey;

/// A minute's worth of requests, which comes back evenly (the generic cell rate algorithm: one moment is all its state).
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    most: u32,
    /// When all is there again.
    full: Instant,
}

impl Bucket {
    /// A full one of at least one request.
    pub(super) fn full(most: u32, now: Instant) -> Self {
        Self { most: most.max(1), full: now }
    }

    /// Takes one; else how long it takes until there is one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let missing = self.time_to_full(now) + self.each();
        let wait = missing.saturating_sub(self.each() * self.most);
        if wait.is_zero() {
            self.full = now + missing;
            return Ok(());
        }
        Err(wait)
    }

    /// Whether nothing is missing.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.time_to_full(now).is_zero()
    }

    /// How many are there, and in what time all are.
    fn left(&self, now: Instant) -> (u32, Duration) {
        let missing = self.time_to_full(now);
        let taken = missing.as_nanos().div_ceil(self.each().as_nanos().max(1));
        (self.most.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX)), missing)
    }

    fn time_to_full(&self, now: Instant) -> Duration {
        self.full.saturating_duration_since(now)
    }

    /// The time in which one comes back.
    fn each(&self) -> Duration {
        Duration::from_secs(60) / self.most
    }
}

/// What a key has used since the start, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: u64,
    /// Requests beyond a quota.
    pub(super) refused: u64,
    pub(super) tokens: Usage,
}

/// What a key has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// Requests of this minute, and when all are there again.
    pub(super) requests: Option<(u32, Duration)>,
    /// Tokens of this day.
    pub(super) tokens: Option<u64>,
}

#[derive(Debug)]
struct Account {
    bucket: Option<Bucket>,
    day: Date,
    /// Tokens that this day's requests have used.
    used: u64,
    /// Tokens that requests in progress may still use.
    reserved: u64,
    counts: Counts,
}

impl Account {
    fn left(&self, key: &ApiKey) -> Option<u64> {
        key.tokens_per_day.map(|limit| limit.saturating_sub(self.used + self.reserved))
    }

    fn turn_to(&mut self, day: Date) {
        if day > self.day {
            (self.day, self.used) = (day, 0);
        }
    }
}

/// The keys' accounts, by name.
#[derive(Debug, Default)]
pub(super) struct Quotas(Mutex<HashMap<String, Account>>);

impl Quotas {
    /// Whether the account of `key` is open, so that [`Self::open`] need not be called.
    pub(super) fn is_open(&self, key: &ApiKey) -> bool {
        self.lock().contains_key(&key.name)
    }

    /// Opens the account of `key` on a day of which memory says that `used` tokens are used.
    pub(super) fn open(&self, key: &ApiKey, day: Date, used: u64) {
        let account = Account { bucket: None, day, used, reserved: 0, counts: Counts::default() };
        self.lock().entry(key.name.clone()).or_insert(account);
    }

    /// Counts a request; else how long `key` must wait for the next.
    pub(super) fn request(&self, key: &ApiKey, now: Instant) -> Result<(), Duration> {
        let mut accounts = self.lock();
        let Some(account) = accounts.get_mut(&key.name) else { return Ok(()) };
        account.counts.requests += 1;
        let Some(most) = key.requests_per_minute else { return Ok(()) };
        // A new key of the same name may have another limit.
        let bucket = account.bucket.filter(|bucket| bucket.most == most);
        let bucket = account.bucket.insert(bucket.unwrap_or_else(|| Bucket::full(most, now)));
        bucket.take(now).inspect_err(|_| account.counts.refused += 1)
    }

    /// Sets tokens aside for a request that needs `least` and may use `most`; how many. `None` when not even `least`
    /// are left.
    pub(super) fn reserve(&self, key: &ApiKey, day: Date, least: u64, most: u64) -> Option<u64> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(&key.name)?;
        account.turn_to(day);
        let tokens = account.left(key).map_or(most, |left| most.min(left));
        if tokens < least {
            account.counts.refused += 1;
            return None;
        }
        account.reserved += tokens;
        Some(tokens)
    }

    /// Ends a request that had set `reserved` tokens aside and has used `usage`.
    pub(super) fn settle(&self, name: &str, day: Date, reserved: u64, usage: Usage) {
        let mut accounts = self.lock();
        let Some(account) = accounts.get_mut(name) else { return };
        account.turn_to(day);
        account.reserved = account.reserved.saturating_sub(reserved);
        account.used += (usage.prompt_tokens + usage.completion_tokens) as u64;
        account.counts.tokens += usage;
    }

    /// What `key` has left.
    pub(super) fn left(&self, key: &ApiKey, day: Date, now: Instant) -> Option<Left> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(&key.name)?;
        account.turn_to(day);
        let bucket = account.bucket.filter(|_| key.requests_per_minute.is_some());
        Some(Left { requests: bucket.map(|bucket| bucket.left(now)), tokens: account.left(key) })
    }

    /// What each key has used since the start, by name.
    pub(super) fn counts(&self) -> Vec<(String, Counts)> {
        let mut counts: Vec<_> = self.lock().iter().map(|(name, account)| (name.clone(), account.counts)).collect();
        counts.sort_by(|a, b| a.0.cmp(&b.0));
        counts
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::memory::{KeySecret, Priority};

    const SECOND: Duration = Duration::from_secs(1);

    fn key(requests_per_minute: Option<u32>, tokens_per_day: Option<u64>) -> ApiKey {
        ApiKey {
            name: "grader".to_owned(),
            hash: KeySecret::presented("a").hash(),
            requests_per_minute,
            tokens_per_day,
            priority: Priority::Student,
            teaches: Vec::new(),
            created: Timestamp::UNIX_EPOCH,
            expires: None,
        }
    }

    fn usage(prompt_tokens: usize, completion_tokens: usize) -> Usage {
        Usage { prompt_tokens, cached_tokens: 0, completion_tokens }
    }

    const MONDAY: Date = jiff::civil::date(2026, 11, 23);
    const TUESDAY: Date = jiff::civil::date(2026, 11, 24);

    #[test]
    fn a_bucket_gives_a_minute_s_worth_and_fills_evenly() {
        let start = Instant::now();
        let mut bucket = Bucket::full(6, start);
        assert!((0..6).all(|_| bucket.take(start).is_ok()));
        assert_eq!(bucket.take(start), Err(10 * SECOND));
        assert_eq!(bucket.take(start + 4 * SECOND), Err(6 * SECOND));
        assert_eq!(bucket.take(start + 10 * SECOND), Ok(()));
        assert_eq!(bucket.take(start + 10 * SECOND), Err(10 * SECOND));
        assert_eq!(bucket.left(start + 31 * SECOND), (2, 39 * SECOND));
        assert!(!bucket.is_full(start + 69 * SECOND) && bucket.is_full(start + 70 * SECOND));
    }

    #[test]
    fn requests_beyond_the_minute_wait_and_a_new_limit_counts_at_once() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        let limited = key(Some(2), None);
        quotas.open(&limited, MONDAY, 0);
        assert_eq!(quotas.request(&limited, now), Ok(()));
        assert_eq!(quotas.left(&limited, MONDAY, now).unwrap().requests, Some((1, 30 * SECOND)));
        assert_eq!(quotas.request(&limited, now), Ok(()));
        assert_eq!(quotas.request(&limited, now), Err(30 * SECOND));
        assert_eq!(quotas.request(&key(Some(3), None), now), Ok(()));
        assert_eq!(quotas.request(&key(None, None), now), Ok(()));
        let counts = quotas.counts();
        assert_eq!((counts[0].1.requests, counts[0].1.refused), (5, 1));
    }

    #[test]
    fn tokens_are_reserved_settled_and_begin_anew_with_the_day() {
        let (quotas, limited) = (Quotas::default(), key(None, Some(100)));
        quotas.open(&limited, MONDAY, 30);
        quotas.open(&limited, MONDAY, 0);
        assert_eq!(quotas.reserve(&limited, MONDAY, 10, 60), Some(60));
        assert_eq!(quotas.reserve(&limited, MONDAY, 11, 60), None, "ten are left while the other runs");
        assert_eq!(quotas.reserve(&limited, MONDAY, 5, 60), Some(10), "as many as are left");
        quotas.settle("grader", MONDAY, 60, usage(10, 5));
        quotas.settle("grader", MONDAY, 10, usage(0, 0));
        assert_eq!(quotas.left(&limited, MONDAY, Instant::now()).unwrap().tokens, Some(55));
        assert_eq!(quotas.reserve(&limited, TUESDAY, 100, 100), Some(100));
        quotas.settle("grader", TUESDAY, 100, usage(90, 10));
        assert_eq!(quotas.reserve(&limited, TUESDAY, 1, 1), None);
        assert_eq!(quotas.counts()[0].1.tokens, usage(100, 15));
    }

    #[test]
    fn a_key_without_limits_has_none() {
        let (quotas, free) = (Quotas::default(), key(None, None));
        quotas.open(&free, MONDAY, u64::from(u32::MAX));
        assert_eq!(quotas.reserve(&free, MONDAY, 10, 1 << 40), Some(1 << 40));
        assert_eq!(quotas.left(&free, MONDAY, Instant::now()), Some(Left { requests: None, tokens: None }));
    }
}
