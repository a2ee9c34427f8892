//! The bounded line of requests before the engine's thread. Those that nobody waits for any more take no place in it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A thing that waits.
pub(super) trait Waiting {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
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

/// What the thread is told when it asks for work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// The request that has waited longest.
    Take(T),
    /// Nothing waits.
    Empty,
    /// The queue is closed.
    Closed,
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

    /// The next request that somebody waits for.
    pub(super) fn take(&self) -> Next<T> {
        let mut state = self.lock();
        if !state.open {
            return Next::Closed;
        }
        state.waiting.retain(|request| !request.is_abandoned());
        state.waiting.pop_front().map_or(Next::Empty, Next::Take)
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
    struct Caller {
        name: char,
        gone: bool,
    }

    impl Waiting for Caller {
        fn is_abandoned(&self) -> bool {
            self.gone
        }
    }

    fn caller(name: char) -> Caller {
        Caller { name, gone: false }
    }

    #[test]
    fn a_full_queue_says_how_many_wait_and_the_first_in_is_the_first_out() {
        let queue = Queue::new(2);
        assert_eq!(queue.push(caller('a')), Ok(()));
        assert_eq!(queue.push(caller('b')), Ok(()));
        assert_eq!(queue.push(caller('c')), Err(Refused::Full { waiting: 2 }));
        assert_eq!(queue.take(), Next::Take(caller('a')));
        assert_eq!(queue.push(caller('d')), Ok(()));
        assert_eq!(queue.take(), Next::Take(caller('b')));
        assert_eq!(queue.take(), Next::Take(caller('d')));
        assert_eq!(queue.take(), Next::Empty);
    }

    #[test]
    fn who_has_left_takes_no_place() {
        let queue = Queue::new(1);
        assert_eq!(queue.push(Caller { name: 'a', gone: true }), Ok(()));
        assert_eq!(queue.push(caller('b')), Ok(()));
        assert_eq!(queue.take(), Next::Take(caller('b')));
        assert_eq!(queue.push(Caller { name: 'c', gone: true }), Ok(()));
        assert_eq!(queue.take(), Next::Empty);
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_wakes_the_sleeper() {
        let queue = Queue::new(4);
        queue.push(caller('a')).unwrap();
        queue.wait();
        std::thread::scope(|scope| {
            assert_eq!(queue.take(), Next::Take(caller('a')));
            scope.spawn(|| queue.wait());
            assert!(queue.close().is_empty());
        });
        assert_eq!(queue.push(caller('b')), Err(Refused::Closed));
        assert_eq!(queue.take(), Next::Closed);
    }
}
