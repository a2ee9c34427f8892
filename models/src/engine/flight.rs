//! Identical requests in flight share one computation: each caller hears all of it, from its beginning.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Token;
use crate::generate::{Event, Format, GenerateError, Request, Sampling, Spent};

pub(super) type Heard = Result<Event, GenerateError>;

/// What makes two requests the same. Sampling is by a seed, so a request determines its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    prompt: Vec<Token>,
    sampling: [u32; 6],
    stop: Vec<String>,
    max_tokens: usize,
    ignore_eos: bool,
    format: Format,
}

impl Key {
    pub(super) fn new(prompt: &[Token], request: &Request) -> Self {
        let Sampling { temperature, top_p, min_p, repeat_penalty, repeat_window, seed } = request.sampling;
        let bits = [temperature, top_p, min_p, repeat_penalty].map(f32::to_bits);
        Self {
            prompt: prompt.to_vec(),
            sampling: [bits[0], bits[1], bits[2], bits[3], repeat_window, seed],
            stop: request.stop.clone(),
            max_tokens: request.max_tokens,
            ignore_eos: request.ignore_eos,
            format: request.format.clone(),
        }
    }
}

/// One computation and those who hear it.
#[derive(Debug)]
pub(super) struct Flight {
    state: Mutex<State>,
    /// What it has cost so far, which those who leave early pay for too.
    pub(super) spent: Arc<Spent>,
    /// Room for every event that there can be, so that nobody waits for a reader.
    room: usize,
}

#[derive(Debug, Default)]
struct State {
    said: Vec<Heard>,
    listeners: Vec<Listener>,
    ended: bool,
}

#[derive(Debug)]
struct Listener {
    events: Sender<Heard>,
    /// It came when the computation was under way, which cost it nothing.
    joined: bool,
}

impl Listener {
    fn hear(&self, event: &Heard) -> bool {
        let mut event = event.clone();
        if let (true, Ok(Event::Done(finish))) = (self.joined, &mut event) {
            finish.usage.cached_tokens = finish.usage.prompt_tokens;
        }
        self.events.try_send(event).is_ok()
    }
}

impl Flight {
    /// A computation of at most `max_tokens` tokens, and its first listener's end.
    pub(super) fn new(max_tokens: usize) -> (Self, Receiver<Heard>) {
        let room = max_tokens + 2;
        let (events, heard) = mpsc::channel(room);
        let state = State { listeners: vec![Listener { events, joined: false }], ..State::default() };
        (Self { state: Mutex::new(state), spent: Arc::default(), room }, heard)
    }

    /// Tells all listeners. False when none is left.
    pub(super) fn say(&self, event: Heard) -> bool {
        let mut state = self.lock();
        state.listeners.retain(|listener| listener.hear(&event));
        state.ended |= !matches!(event, Ok(Event::Text(_))) || state.listeners.is_empty();
        state.said.push(event);
        !state.listeners.is_empty()
    }

    /// Whether nobody listens any more; then nobody can join either.
    pub(super) fn is_abandoned(&self) -> bool {
        let mut state = self.lock();
        state.listeners.retain(|listener| !listener.events.is_closed());
        state.ended |= state.listeners.is_empty();
        state.listeners.is_empty()
    }

    /// Listens too, from the beginning; `None` when it has ended.
    fn join(&self) -> Option<Receiver<Heard>> {
        let mut state = self.lock();
        if state.ended {
            return None;
        }
        let (events, heard) = mpsc::channel(self.room);
        let listener = Listener { events, joined: true };
        state.said.iter().for_each(|event| {
            listener.hear(event);
        });
        state.listeners.push(listener);
        Some(heard)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener's place.
#[derive(Debug)]
pub(super) struct Boarded {
    pub(super) heard: Receiver<Heard>,
    pub(super) spent: Arc<Spent>,
    /// A new computation, to be started; `None` where one is under way.
    pub(super) flight: Option<Arc<Flight>>,
}

/// The computations in flight, by what they compute.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flying: Mutex<HashMap<Key, Weak<Flight>>>,
}

impl Flights {
    /// Joins the computation of `key` where one is under way; else a new one, to be started.
    pub(super) fn board(&self, key: Key, max_tokens: usize) -> Boarded {
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        flying.retain(|_, flight| flight.strong_count() > 0);
        let under_way = flying.get(&key).and_then(Weak::upgrade);
        if let Some((flight, heard)) = under_way.and_then(|flight| flight.join().map(|heard| (flight, heard))) {
            return Boarded { heard, spent: flight.spent.clone(), flight: None };
        }
        let (flight, heard) = Flight::new(max_tokens);
        let flight = Arc::new(flight);
        flying.insert(key, Arc::downgrade(&flight));
        Boarded { heard, spent: flight.spent.clone(), flight: Some(flight) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Finish, FinishReason, Usage};

    fn key(seed: u32) -> Key {
        let request =
            Request { sampling: Sampling { seed, ..Sampling::default() }, max_tokens: 4, ..Request::default() };
        Key::new(&[1, 2], &request)
    }

    fn text(text: &str) -> Heard {
        Ok(Event::Text(text.to_owned()))
    }

    fn done(cached_tokens: usize) -> Heard {
        let usage = Usage { prompt_tokens: 2, cached_tokens, completion_tokens: 2 };
        Ok(Event::Done(Finish { reason: FinishReason::Stop, usage }))
    }

    fn all(mut heard: Receiver<Heard>) -> Vec<Heard> {
        std::iter::from_fn(|| heard.try_recv().ok()).collect()
    }

    #[test]
    fn the_same_request_is_computed_once_and_heard_whole_by_all() {
        let flights = Flights::default();
        let Boarded { heard: first, flight, .. } = flights.board(key(0), 4);
        let flight = flight.unwrap();
        assert!(flight.say(text("a")));
        let Boarded { heard: second, flight: again, spent } = flights.board(key(0), 4);
        assert!(again.is_none() && Arc::ptr_eq(&spent, &flight.spent));
        assert!(flights.board(key(1), 4).flight.is_some(), "another seed is another request");
        flight.say(text("b"));
        flight.say(done(0));
        assert_eq!(all(first), [text("a"), text("b"), done(0)]);
        assert_eq!(all(second), [text("a"), text("b"), done(2)]);
        assert!(flights.board(key(0), 4).flight.is_some(), "what has ended is not joined");
    }

    #[test]
    fn it_goes_on_while_one_listens_and_nobody_joins_what_was_abandoned() {
        let flights = Flights::default();
        let Boarded { heard: first, flight, .. } = flights.board(key(0), 4);
        let flight = flight.unwrap();
        let second = flights.board(key(0), 4).heard;
        drop(first);
        assert!(!flight.is_abandoned() && flight.say(text("a")));
        drop(second);
        assert!(flight.is_abandoned());
        assert!(flights.board(key(0), 4).flight.is_some());
    }
}
