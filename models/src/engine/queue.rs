//! The bounded line of requests before the engine's thread. Callers take turns in it, and those who have left take no
//! place.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::generate::{Caller, Class};

/// After so long a wait a request moves up a class, so that none waits for ever.
const PROMOTION: Duration = Duration::from_secs(60);

/// A thing that waits.
pub(super) trait Waiting {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// For whom it is.
    fn caller(&self) -> &Caller;
    /// When it came.
    fn since(&self) -> Instant;
}

/// Why a request was not taken; it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There are as many as may wait.
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The queue is closed.
    Closed,
}

/// What each caller has at work, and when it last got its turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    callers: HashMap<String, (usize, u64)>,
    turn: u64,
}

impl Turns {
    /// The order in which waiting requests get their turn: by class, then those of callers that have least at work, then
    /// of those whose last turn is longest ago, then who came first. Of one caller only the first counts for much: its
    /// next ones come behind those of all others.
    pub(super) fn order<T: Waiting>(&self, waiting: &VecDeque<T>, now: Instant) -> Vec<usize> {
        let mut places: Vec<_> = (0..waiting.len()).collect();
        let mut before: HashMap<&str, usize> = HashMap::new();
        let ranks: Vec<_> = waiting
            .iter()
            .map(|request| {
                let name = request.caller().name.as_str();
                let (running, turn) = self.callers.get(name).copied().unwrap_or_default();
                let ahead = before.entry(name).or_default();
                *ahead += 1;
                // Nameless callers are each their own.
                let load = if name.is_empty() { 0 } else { running + *ahead - 1 };
                let turn = if name.is_empty() { 0 } else { turn };
                (class(request, now), load, turn)
            })
            .collect();
        places.sort_by_key(|place| (ranks[*place], *place));
        places
    }

    /// Takes note that a request of `caller` is at work.
    pub(super) fn begins(&mut self, caller: &str) {
        self.turn += 1;
        let (running, turn) = self.callers.entry(caller.to_owned()).or_default();
        *running += 1;
        *turn = self.turn;
    }

    /// Takes note that one has ended. Callers with nothing at work are forgotten after a thousand more turns.
    pub(super) fn ends(&mut self, caller: &str) {
        if let Some((running, _)) = self.callers.get_mut(caller) {
            *running = running.saturating_sub(1);
        }
        let old = self.turn.saturating_sub(1_000);
        self.callers.retain(|_, (running, turn)| *running > 0 || *turn > old);
    }
}

/// The class of a request; a long wait moves it up.
fn class<T: Waiting>(request: &T, now: Instant) -> Class {
    let steps = now.saturating_duration_since(request.since()).as_secs() / PROMOTION.as_secs();
    match (request.caller().class, steps) {
        (class, 0) => class,
        (Class::Background, 1) => Class::Summary,
        _ => Class::Person,
    }
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    open: bool,
}

/// A queue of at most `limit` requests.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    limit: usize,
}

impl<T: Waiting> Queue<T> {
    /// An open queue that takes at most `limit` requests, at least 1.
    pub(super) fn new(limit: usize) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), open: true });
        Self { state, changed: Condvar::new(), limit: limit.max(1) }
    }

    /// Puts a request at the end of the line.
    pub(super) fn push(&self, request: T) -> Result<(), Refused> {
        let mut state = self.lock();
        if !state.open {
            return Err(Refused::Closed);
        }
        state.waiting.retain(|request| !request.is_abandoned());
        if state.waiting.len() >= self.limit {
            return Err(Refused::Full { waiting: state.waiting.len() });
        }
        state.waiting.push_back(request);
        self.changed.notify_one();
        Ok(())
    }

    /// The request that `pick` chooses among those that somebody waits for.
    pub(super) fn take(&self, pick: impl FnOnce(&VecDeque<T>) -> Option<usize>) -> Option<T> {
        let mut state = self.lock();
        state.waiting.retain(|request| !request.is_abandoned());
        let place = pick(&state.waiting)?;
        state.waiting.remove(place)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Whether it has been closed.
    pub(super) fn is_closed(&self) -> bool {
        !self.lock().open
    }

    /// Sleeps until a request waits or the queue is closed.
    pub(super) fn wait(&self) {
        let idle = |state: &mut State<T>| state.open && state.waiting.is_empty();
        let _awake = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
    }

    /// Closes the queue; what waited in it.
    pub(super) fn close(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.open = false;
        self.changed.notify_all();
        std::mem::take(&mut state.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Asked {
        caller: Caller,
        since: Instant,
        gone: bool,
    }

    impl Waiting for Asked {
        fn is_abandoned(&self) -> bool {
            self.gone
        }

        fn caller(&self) -> &Caller {
            &self.caller
        }

        fn since(&self) -> Instant {
            self.since
        }
    }

    fn asked(name: &str, class: Class, since: Instant) -> Asked {
        Asked { caller: Caller { name: name.to_owned(), class, patience: None }, since, gone: false }
    }

    fn first(queue: &Queue<Asked>) -> Option<String> {
        queue.take(|waiting| (!waiting.is_empty()).then_some(0)).map(|asked| asked.caller.name)
    }

    #[test]
    fn a_full_queue_says_how_many_wait() {
        let (queue, now) = (Queue::new(2), Instant::now());
        assert_eq!(queue.push(asked("a", Class::Person, now)), Ok(()));
        assert_eq!(queue.push(asked("b", Class::Person, now)), Ok(()));
        assert_eq!(queue.push(asked("c", Class::Person, now)), Err(Refused::Full { waiting: 2 }));
        assert_eq!(first(&queue).as_deref(), Some("a"));
        assert_eq!(queue.push(asked("d", Class::Person, now)), Ok(()));
        assert_eq!((first(&queue).as_deref(), first(&queue).as_deref()), (Some("b"), Some("d")));
        assert_eq!(first(&queue), None);
    }

    #[test]
    fn who_has_left_takes_no_place() {
        let (queue, now) = (Queue::new(1), Instant::now());
        let gone = Asked { gone: true, ..asked("a", Class::Person, now) };
        assert_eq!(queue.push(gone.clone()), Ok(()));
        assert_eq!(queue.push(asked("b", Class::Person, now)), Ok(()));
        assert_eq!(first(&queue).as_deref(), Some("b"));
        assert_eq!(queue.push(gone), Ok(()));
        assert_eq!(first(&queue), None);
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_wakes_the_sleeper() {
        let (queue, now) = (Queue::new(4), Instant::now());
        queue.push(asked("a", Class::Person, now)).unwrap();
        queue.wait();
        std::thread::scope(|scope| {
            assert!(first(&queue).is_some());
            scope.spawn(|| queue.wait());
            assert!(queue.close().is_empty());
        });
        assert_eq!(queue.push(asked("b", Class::Person, now)), Err(Refused::Closed));
        assert!(queue.is_closed());
    }

    fn names(turns: &Turns, waiting: &[Asked], now: Instant) -> String {
        let waiting: VecDeque<Asked> = waiting.iter().cloned().collect();
        turns.order(&waiting, now).into_iter().map(|place| waiting[place].caller.name.clone()).collect()
    }

    #[test]
    fn callers_take_turns_and_people_come_before_background_work() {
        let now = Instant::now();
        let person = |name| asked(name, Class::Person, now);
        let mut turns = Turns::default();
        assert_eq!(names(&turns, &[person("a"), person("a"), person("a"), person("b"), person("c")], now), "abcaa");
        turns.begins("a");
        assert_eq!(names(&turns, &[person("a"), person("b")], now), "ba", "who has something at work comes later");
        turns.ends("a");
        assert_eq!(names(&turns, &[person("a"), person("b")], now), "ba", "and who had the last turn");
        let mixed = [asked("d", Class::Background, now), asked("s", Class::Summary, now), person("p")];
        assert_eq!(names(&turns, &mixed, now), "psd");
        let late = now + 2 * PROMOTION;
        assert_eq!(
            names(&turns, &[mixed[0].clone(), asked("p", Class::Person, late)], late),
            "dp",
            "a long wait counts"
        );
    }
}
