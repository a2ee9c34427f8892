//! A Discord on loopback for tests: REST and gateway, strict about what a bot may send, with hands to play students.
//!
//! It refuses what Discord refuses, notes every mistake in [`FakeDiscord::violations`], and can lose requests,
//! responses, connections and the whole network on demand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test binary plays with its own part of the server")]

#[path = "discord/events.rs"]
mod events;
#[path = "discord/gateway.rs"]
mod gateway;
#[path = "discord/rest.rs"]
mod rest;
#[path = "discord/rules.rs"]
mod rules;
#[path = "discord/state.rs"]
mod state;
#[path = "discord/wire.rs"]
mod wire;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use events::{CLASSROOM, Person, Post};
pub(crate) use state::{Fault, Kind, Message, State};
use state::{Interaction, WINDOW};
use wire::{Line, Wire};

/// How long a test waits for something to happen before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state and its bells, as the handlers share it.
#[derive(Clone)]
struct Server {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
    cut: watch::Sender<u64>,
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
pub(crate) struct FakeDiscord {
    server: Server,
    offline: Line,
    task: JoinHandle<()>,
}

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        self.offline.cut();
        self.task.abort();
        self.server.cut.send_modify(|times| *times += 1);
    }
}

impl FakeDiscord {
    /// Starts a server that knows one bot, whose token is `token`.
    pub(crate) async fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = State { token: token.to_owned(), address, content_allowed: true, ..State::default() };
        let server =
            Server { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(0), cut: watch::Sender::new(0) };
        let router = Router::new()
            .route("/gateway", get(gateway::open))
            .route("/gateway/", get(gateway::open))
            .route("/attachments/{id}", get(rest::download))
            .fallback(any(rest::answer))
            .with_state(server.clone());
        let offline = Line::default();
        let wire = Wire { listener, offline: offline.clone() };
        let service = router.into_make_service_with_connect_info::<Line>();
        let task = tokio::spawn(async move {
            axum::serve(wire, service).await.unwrap();
        });
        Self { server, offline, task }
    }

    /// The server's address, for `api_url`.
    pub(crate) fn url(&self) -> String {
        self.server.read(|state| state.address.clone())
    }

    // What people do.

    /// `person` writes to the bot directly; the message's id.
    pub(crate) fn direct(&self, person: &Person, post: &Post) -> u64 {
        self.post(person, person.direct(), post)
    }

    /// `person` writes in the classroom; the message's id.
    pub(crate) fn classroom(&self, person: &Person, post: &Post) -> u64 {
        self.post(person, CLASSROOM, post)
    }

    fn post(&self, person: &Person, channel: u64, post: &Post) -> u64 {
        self.server.change(|state| {
            let (id, event) = events::posted(state, person, channel, post);
            state.dispatch("MESSAGE_CREATE", event);
            id
        })
    }

    /// `person` gives the slash command `name` in `channel`, with a text as its option `key`; the interaction's id.
    pub(crate) fn command(&self, person: &Person, channel: u64, name: &str, option: Option<(&str, &str)>) -> u64 {
        let options = option.map(|(key, text)| json!([{"name": key, "type": 3, "value": text}]));
        let data = json!({"id": "1", "name": name, "type": 1, "options": options.unwrap_or(json!([]))});
        self.interact(person, channel, None, data)
    }

    /// `person` gives the slash command `name` with a file as its option `key`; the interaction's id.
    pub(crate) fn command_with_file(
        &self,
        person: &Person,
        channel: u64,
        name: &str,
        key: &str,
        (file, bytes): (&str, &[u8]),
    ) -> u64 {
        let uploads = self.server.read(|state| events::upload(state, &[(file.to_owned(), bytes.to_vec())]));
        let id = uploads[0]["id"].as_str().unwrap().to_owned();
        let data = json!({
            "id": "1", "name": name, "type": 1, "options": [{"name": key, "type": 11, "value": id}],
            "resolved": {"attachments": {id: uploads[0]}},
        });
        self.interact(person, channel, None, data)
    }

    /// `person` presses the button `custom_id` under the bot's message; the interaction's id.
    pub(crate) fn press(&self, person: &Person, message: u64, custom_id: &str) -> u64 {
        let message = self.server.read(|state| state.messages.iter().find(|known| known.id == message).cloned());
        let message = message.expect("the message with the button stands");
        assert!(message.buttons().iter().any(|(_, id)| id == custom_id), "no button {custom_id} in {message:?}");
        let data = json!({"custom_id": custom_id, "component_type": 2});
        self.interact(person, message.channel, Some(&message), data)
    }

    fn interact(&self, person: &Person, channel: u64, message: Option<&Message>, data: Value) -> u64 {
        self.server.change(|state| {
            let id = state.new_id();
            let token = format!("interaction-token-{id}");
            let component = message.is_some();
            let mut event = events::interaction(id, &token, person, channel, if component { 3 } else { 2 });
            event["data"] = data;
            if let Some(message) = message {
                event["message"] = events::message(message);
            }
            let interaction = Interaction {
                id,
                channel,
                component,
                pushed: Instant::now(),
                acknowledged: None,
                original: message.map(|message| message.id),
                expired: false,
            };
            state.interactions.insert(token, interaction);
            state.dispatch("INTERACTION_CREATE", event);
            id
        })
    }

    /// The last event comes once more.
    pub(crate) fn resend(&self) {
        self.server.change(|state| {
            let (name, data) = state.sessions.last().and_then(|session| session.events.last()).cloned().unwrap();
            state.dispatch(name, data);
        });
    }

    // What goes wrong.

    /// The next call of this kind meets `fault`; several wait in line.
    pub(crate) fn fail_next(&self, kind: Kind, fault: Fault) {
        self.server.read(|state| state.faults.push((kind, fault)));
    }

    /// Breaks every gateway connection, without a close frame.
    pub(crate) fn drop_gateway(&self) {
        self.server.cut.send_modify(|times| *times += 1);
    }

    /// Takes the network away, or brings it back.
    pub(crate) fn set_offline(&self, offline: bool) {
        if offline {
            self.offline.cut();
            self.drop_gateway();
        } else {
            self.offline.mend();
        }
    }

    /// Every interaction token has run out.
    pub(crate) fn expire_interactions(&self) {
        self.server.read(|state| state.interactions.values_mut().for_each(|known| known.expired = true));
    }

    /// The developer portal's switch for message content is off.
    pub(crate) fn deny_message_content(&self) {
        self.server.read(|state| state.content_allowed = false);
    }

    /// The sessions so far are over: who resumes one must begin anew, and its events are not repeated.
    pub(crate) fn lose_session(&self) {
        self.server.read(|state| {
            state.sessions.last_mut().expect("a session").id = "lost".to_owned();
        });
    }

    /// The token still opens REST, but the gateway refuses it.
    pub(crate) fn revoke_after_start(&self) {
        self.server.read(|state| state.gateway_refuses = true);
    }

    /// A RESUME repeats this many events that the bot has had already.
    pub(crate) fn set_resume_overlap(&self, events: usize) {
        self.server.read(|state| state.overlap = events);
    }

    // What can be seen.

    /// The bot's messages in `channel` as they stand, oldest first.
    pub(crate) fn said(&self, channel: u64) -> Vec<Message> {
        let own = |message: &&Message| message.own && message.channel == channel;
        self.server.read(|state| state.messages.iter().filter(own).cloned().collect())
    }

    /// Whatever the state shows to `look`.
    pub(crate) fn see<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.server.read(|state| look(state))
    }

    /// How soon the interaction `id` was acknowledged.
    pub(crate) fn acknowledged(&self, id: u64) -> Option<Duration> {
        let found = |state: &mut State| state.interactions.values().find(|known| known.id == id)?.acknowledged;
        self.server.read(found)
    }

    /// What the bot did that Discord forbids.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.server.read(|state| state.violations())
    }

    /// Waits until `seen` holds; panics with the messages that stand when it does not come about.
    pub(crate) async fn wait_until(&self, what: &str, seen: impl Fn(&State) -> bool) {
        let mut changed = self.server.changed.subscribe();
        let come = async {
            while !self.server.read(|state| seen(state)) {
                changed.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, come).await.is_err() {
            let state = self.server.read(|state| format!("{:#?}\n{:?}", state.messages, state.violations));
            panic!("waited {PATIENCE:?} for {what}; the messages are {state}");
        }
    }

    /// Waits until the bot is connected and its commands are registered.
    pub(crate) async fn wait_until_served(&self) {
        self.wait_until("a connected bot", |state| state.connected > 0 && !state.commands.is_empty()).await;
    }

    /// Waits until the bot's last message in `channel` contains `text`; that message.
    pub(crate) async fn wait_for_text(&self, channel: u64, text: &str) -> Message {
        let shows = |message: &Message| message.own && message.channel == channel && message.content.contains(text);
        self.wait_until(text, |state| state.messages.iter().any(shows)).await;
        self.said(channel).into_iter().rfind(shows).unwrap()
    }
}

/// The gateway's address on the server at `address`.
fn websocket_address(address: &str) -> String {
    format!("{}/gateway", address.replacen("http", "ws", 1))
}

/// The window of the server's budgets, for tests that wait it out.
pub(crate) const BUDGET_WINDOW: Duration = WINDOW;
