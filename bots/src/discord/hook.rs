//! Hooks: the door into a channel that comes with an interaction.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serenity::http::Route;
use serenity::model::id::{ApplicationId, MessageId};
use tokio::time::Instant;

use super::snowflake;

/// How long an interaction's token is used: Discord takes it for 15 minutes.
const LIFE: Duration = Duration::from_secs(14 * 60);
/// Stands before the token of a door whose message still waits, where messages are noted as standing.
const NOTE: &str = "waiting:";

/// An interaction's own door into the channel. It is open even where the bot has no rights, but it knows no
/// nonces: a message whose response was lost would be sent twice. So it serves for what can be repeated
/// safely, changing its messages, and for new messages only where the bot may not write by itself.
pub(crate) struct Hook {
    application: ApplicationId,
    token: String,
    until: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A deferred message waits to be filled.
    deferred: bool,
    /// The messages that came through it.
    messages: Vec<String>,
    /// Discord has shut it before its time.
    shut: bool,
}

impl Hook {
    /// The door of an interaction with this token that came just now; `deferred` when its response is a
    /// message that waits for its text.
    pub(crate) fn new(application: ApplicationId, token: String, deferred: bool) -> Self {
        Self::open_for(LIFE, application, token, deferred)
    }

    fn open_for(life: Duration, application: ApplicationId, token: String, deferred: bool) -> Self {
        let state = Mutex::new(State { deferred, ..State::default() });
        Self { application, token, until: Instant::now() + life, state }
    }

    /// What is noted as standing while nothing else stands: the message that waits for its text.
    pub(crate) fn note_to_self(&self) -> Option<String> {
        self.waits().then(|| format!("{NOTE}{}", self.token))
    }

    /// Parts what was noted as standing of the reply to the interaction `id` into messages and the door that
    /// may still be open.
    pub(crate) fn resume(application: ApplicationId, id: u64, standing: Vec<String>) -> (Vec<String>, Option<Self>) {
        let (notes, messages): (Vec<String>, _) = standing.into_iter().partition(|entry| entry.starts_with(NOTE));
        let age = SystemTime::now().duration_since(snowflake::time_of(id)).unwrap_or_default();
        let token = notes.first().and_then(|note| note.strip_prefix(NOTE));
        let left = LIFE.checked_sub(age).zip(token);
        (messages, left.map(|(life, token)| Self::open_for(life, application, token.to_owned(), true)))
    }

    /// Discord has shut it.
    pub(crate) fn shut(&self) {
        self.state().shut = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        Instant::now() < self.until && !self.state().shut
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn waits(&self) -> bool {
        self.is_open() && self.state().deferred
    }

    pub(crate) fn sent(&self, id: &str) -> bool {
        self.is_open() && self.state().messages.iter().any(|sent| sent == id)
    }

    pub(crate) fn note(&self, id: &str) {
        let mut state = self.state();
        state.deferred = false;
        state.messages.push(id.to_owned());
    }

    pub(crate) fn original(&self) -> Route<'_> {
        Route::WebhookOriginalInteractionResponse { application_id: self.application, token: &self.token }
    }

    pub(crate) fn follow_up(&self) -> Route<'_> {
        Route::WebhookFollowupMessages { application_id: self.application, token: &self.token }
    }

    pub(crate) fn message(&self, message_id: MessageId) -> Route<'_> {
        Route::WebhookFollowupMessage { application_id: self.application, token: &self.token, message_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(age: Duration) -> u64 {
        snowflake::first_at(SystemTime::now() - age)
    }

    #[test]
    fn a_door_is_found_again_as_long_as_it_is_open() {
        let application = ApplicationId::new(1);
        let note = Hook::new(application, "token".to_owned(), true).note_to_self().unwrap();
        assert!(Hook::new(application, "token".to_owned(), false).note_to_self().is_none());
        let minutes = |n: u64| id(Duration::from_secs(n * 60));
        let (messages, hook) = Hook::resume(application, minutes(3), vec![note.clone()]);
        assert!(messages.is_empty() && hook.is_some_and(|hook| hook.waits() && hook.token == "token"));
        let (messages, hook) = Hook::resume(application, minutes(15), vec![note]);
        assert!(messages.is_empty() && hook.is_none(), "too late");
        let (messages, hook) = Hook::resume(application, minutes(3), vec!["77".to_owned()]);
        assert!(messages == ["77"] && hook.is_none(), "its message was filled");
    }
}
