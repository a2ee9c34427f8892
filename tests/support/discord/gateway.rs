//! The gateway: HELLO, IDENTIFY, heartbeats, dispatches in order, RESUME with replay.

use axum::extract::State as Shared;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::{Value, json};

use super::Server;
use super::events::{BOT, GUILD, bot};
use super::state::{Session, State};

/// DIRECT_MESSAGES, GUILD_MESSAGES: what the tutor cannot do without.
const NEEDED_INTENTS: u64 = 1 << 12 | 1 << 9;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// Opens a gateway connection.
pub(crate) async fn open(Shared(server): Shared<Server>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        let mut connection = Connection { socket, server, session: None, sent: 0 };
        connection.serve().await;
    })
}

struct Connection {
    socket: WebSocket,
    server: Server,
    /// The session's place in the server's list, once identified or resumed.
    session: Option<usize>,
    /// How many of its events were sent.
    sent: usize,
}

/// What the connection does next.
enum Step {
    Send(Value),
    Close(u16),
    Nothing,
}

impl Connection {
    async fn serve(&mut self) {
        let mut cut = self.server.cut.subscribe();
        let mut changed = self.server.changed.subscribe();
        self.send(json!({"op": 10, "d": {"heartbeat_interval": 5000}})).await;
        self.server.change(|state| state.connected += 1);
        loop {
            let alive = tokio::select! {
                _ = cut.changed() => false,
                _ = changed.changed() => self.send_events().await,
                received = self.socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => self.received(&text).await,
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map_or(1005, |frame| frame.code);
                        self.server.change(|state| state.closed.push(code));
                        false
                    }
                    Some(Ok(_)) => true,
                    Some(Err(_)) | None => false,
                },
            };
            if !alive {
                break;
            }
        }
        self.server.change(|state| state.connected -= 1);
    }

    async fn received(&mut self, text: &str) -> bool {
        let Ok(payload) = serde_json::from_str::<Value>(text) else { return self.close(4002).await };
        let data = &payload["d"];
        let step = match payload["op"].as_u64() {
            Some(1) => {
                self.server.change(|state| state.heartbeats += 1);
                Step::Send(json!({"op": 11}))
            }
            Some(2) => self.identify(data),
            Some(3) => Step::Nothing,
            Some(6) => self.resume(data),
            _ => Step::Close(4001),
        };
        match step {
            Step::Send(answer) => self.send(answer).await && self.send_events().await,
            Step::Close(code) => self.close(code).await,
            Step::Nothing => self.send_events().await,
        }
    }

    fn identify(&mut self, data: &Value) -> Step {
        let mut refused = None;
        self.server.change(|state| {
            let intents = data["intents"].as_u64().unwrap_or_default();
            if !token_fits(state, data) {
                refused = Some(4004);
            } else if intents & MESSAGE_CONTENT != 0 && !state.content_allowed {
                refused = Some(4014);
            } else if intents & NEEDED_INTENTS != NEEDED_INTENTS {
                state.violations.push(format!("identified with intents {intents:b}: direct or guild messages lack"));
            }
            if refused.is_none() {
                state.identified += 1;
                let id = format!("session-{}", state.sessions.len());
                let ready = ready(state, &id);
                state.sessions.push(Session { id, events: vec![("READY", ready)] });
                self.session = Some(state.sessions.len() - 1);
            }
        });
        self.sent = 0;
        refused.map_or(Step::Nothing, Step::Close)
    }

    fn resume(&mut self, data: &Value) -> Step {
        let mut step = Step::Nothing;
        self.server.change(|state| {
            let place = state.sessions.iter().rposition(|session| data["session_id"] == session.id.as_str());
            let seen = usize::try_from(data["seq"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
            step = match place {
                _ if !token_fits(state, data) => Step::Close(4004),
                Some(place) if seen <= state.sessions[place].events.len() => {
                    state.resumed += 1;
                    state.sessions[place].events.push(("RESUMED", json!({})));
                    self.session = Some(place);
                    // READY itself never comes again.
                    self.sent = seen.saturating_sub(state.overlap).max(1);
                    Step::Nothing
                }
                Some(_) => Step::Close(4007),
                None => Step::Send(json!({"op": 9, "d": false})),
            };
        });
        step
    }

    /// Sends what the session has beyond what was sent.
    async fn send_events(&mut self) -> bool {
        loop {
            let Some(session) = self.session else { return true };
            let next = self.server.read(|state| state.sessions[session].events.get(self.sent).cloned());
            let Some((name, data)) = next else { return true };
            self.sent += 1;
            if !self.send(json!({"op": 0, "s": self.sent, "t": name, "d": data})).await {
                return false;
            }
        }
    }

    async fn send(&mut self, payload: Value) -> bool {
        self.socket.send(Message::Text(payload.to_string().into())).await.is_ok()
    }

    async fn close(&mut self, code: u16) -> bool {
        let frame = CloseFrame { code, reason: "".into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        false
    }
}

fn token_fits(state: &State, data: &Value) -> bool {
    let token = data["token"].as_str().unwrap_or_default();
    token.strip_prefix("Bot ").unwrap_or(token) == state.token && !state.gateway_refuses
}

fn ready(state: &State, session: &str) -> Value {
    json!({
        "v": 10, "user": bot(), "guilds": [{"id": GUILD.to_string(), "unavailable": true}],
        "session_id": session, "resume_gateway_url": super::websocket_address(&state.address), "shard": [0, 1],
        "application": {"id": BOT.to_string(), "flags": 0},
    })
}
