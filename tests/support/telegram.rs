//! A Telegram Bot API on loopback for tests: strict about what a bot may send, with hands to play students.
//!
//! It refuses what Telegram refuses, notes every mistake in [`FakeTelegram::violations`], and can lose requests
//! and responses, order pauses and deliver updates twice on demand. It outlives the bots that it serves.

#![allow(dead_code, reason = "each test binary plays with its own part of the server")]

#[path = "telegram/calls.rs"]
mod calls;
#[path = "telegram/rates.rs"]
mod rates;
#[path = "telegram/rules.rs"]
mod rules;
#[path = "telegram/state.rs"]
mod state;
#[path = "telegram/wire.rs"]
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use state::{Call, Fault, Message, Person, Room, State};

/// How long a test waits for something to happen before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state and its bell, as the handlers share it.
#[derive(Clone)]
struct Server {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
}

impl Server {
    fn read<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = self.read(act);
        self.changed.send_modify(|version| *version += 1);
        result
    }
}

/// The running server; dropping it hangs up on everybody.
pub(crate) struct FakeTelegram {
    server: Server,
    address: String,
    task: JoinHandle<()>,
}

impl Drop for FakeTelegram {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeTelegram {
    /// Starts a server that knows one bot, `@TutorBot`, whose token is `token`.
    pub(crate) async fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::new(token)));
        let server = Server { state, changed: watch::Sender::new(0) };
        let router = Router::new()
            .route("/file/{bot}/{*path}", get(wire::download))
            .route("/{bot}/{method}", any(wire::call))
            .fallback(wire::lost)
            .with_state(server.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { server, address, task }
    }

    /// The server's address, for `api_url`.
    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    // What people do.

    /// `person` writes `text` in `room`; the update's id.
    pub(crate) fn say(&self, person: &Person, room: &Room, text: &str) -> i64 {
        self.message(person, room, json!({"text": text}))
    }

    /// `person` answers the message `to`.
    pub(crate) fn say_to(&self, person: &Person, room: &Room, to: i64, text: &str) -> i64 {
        let to = self.server.read(|state| state.shown(room, to));
        self.message(person, room, json!({"text": text, "reply_to_message": to}))
    }

    /// `person` sends a file with a caption, which may be empty.
    pub(crate) fn upload(&self, person: &Person, room: &Room, name: &str, bytes: &[u8], caption: &str) -> i64 {
        let document = self.server.read(|state| state.store(name, bytes));
        let mut fields = json!({"document": document});
        if !caption.is_empty() {
            fields["caption"] = caption.into();
        }
        self.message(person, room, fields)
    }

    /// `person` sends a message with any `fields`: a photo, a voice message.
    pub(crate) fn message(&self, person: &Person, room: &Room, fields: Value) -> i64 {
        self.server.change(|state| {
            let message = state.said(person, room, fields);
            state.push("message", message)
        })
    }

    /// `person` presses the button that carries `data` under the bot's message.
    pub(crate) fn press(&self, person: &Person, room: &Room, message: i64, data: &str) -> i64 {
        self.server.change(|state| {
            let buttons = state.messages(room).into_iter().find(|known| known.id == message).map(|known| known.buttons);
            assert!(buttons.iter().flatten().any(|(_, known)| known == data), "no button {data}: {buttons:?}");
            let id = state.new_press();
            let shown = state.shown(room, message);
            let press = json!({"id": id, "from": person.json(), "message": shown, "chat_instance": "1", "data": data});
            state.push("callback_query", press)
        })
    }

    /// The update with this id comes once more, although it was confirmed.
    pub(crate) fn redeliver(&self, update: i64) {
        self.server.change(|state| state.redeliver(update));
    }

    /// Somebody deletes a message.
    pub(crate) fn delete(&self, room: &Room, message: i64) {
        self.server.change(|state| state.delete(room.chat, message));
    }

    /// The person of this direct chat blocks the bot, or the group throws it out.
    pub(crate) fn block(&self, room: &Room) {
        self.server.read(|state| state.blocked.insert(room.chat));
    }

    // What goes wrong.

    /// The next call of this method meets `fault`; several wait in line.
    pub(crate) fn fail_next(&self, method: &str, fault: Fault) {
        self.server.read(|state| state.faults.push((method.to_owned(), fault)));
    }

    // What can be seen.

    /// The bot's messages in `room` as they stand, oldest first.
    pub(crate) fn messages(&self, room: &Room) -> Vec<Message> {
        self.server.read(|state| state.messages(room))
    }

    /// The texts of the bot's messages in `room` as they stand.
    pub(crate) fn texts(&self, room: &Room) -> Vec<String> {
        self.messages(room).into_iter().map(|message| message.text).collect()
    }

    /// All calls of `method`, in order.
    pub(crate) fn calls(&self, method: &str) -> Vec<Call> {
        self.server.read(|state| state.calls.iter().filter(|call| call.method == method).cloned().collect())
    }

    /// Whether all updates were taken and confirmed.
    pub(crate) fn all_confirmed(&self) -> bool {
        self.server.read(|state| state.updates.is_empty())
    }

    /// What the bot did that Telegram forbids.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.server.read(|state| state.violations.clone())
    }

    /// Waits until `holds`; fails with what stands in every chat when it takes too long.
    pub(crate) async fn wait_until(&self, what: &str, holds: impl FnMut(&Self) -> bool) {
        self.wait_within(PATIENCE, what, holds).await;
    }

    /// The same with a patience of its own, where a chat's rate makes it long.
    pub(crate) async fn wait_within(&self, patience: Duration, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let mut changed = self.server.changed.subscribe();
        let come = async {
            while !holds(self) {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(patience, come).await;
        assert!(waited.is_ok(), "not seen: {what}\n{}", self.server.read(|state| state.picture()));
    }

    /// Waits until a message with `part` in its text stands in `room`.
    pub(crate) async fn wait_for(&self, room: &Room, part: &str) -> Message {
        let found = |server: &Self| server.messages(room).into_iter().find(|message| message.text.contains(part));
        self.wait_until(part, |server| found(server).is_some()).await;
        found(self).unwrap()
    }
}
