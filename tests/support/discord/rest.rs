//! The REST side: one door for all calls (authorisation, faults, budgets), then what each call does.

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, Multipart, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Server;
use super::events::{BOT, bot};
use super::rules::{self, Refusal};
use super::state::{ACKNOWLEDGE, BUDGET, Fault, Kind, Message, State};
use super::wire::Line;

/// Files that came with a call: name and bytes.
type Upload = Vec<(String, Vec<u8>)>;

/// One call, read from its method and path.
#[derive(Debug, Clone)]
enum Call {
    Gateway,
    Me,
    Application,
    Commands(u64),
    Send(u64),
    Edit(u64, u64),
    Delete(u64, u64),
    List(u64, u64, usize),
    Typing(u64),
    OpenDirect,
    Callback(u64, String),
    Original(String),
    DeleteOriginal(String),
    FollowUp(String),
    EditFollowUp(String, u64),
    Unknown,
}

impl Call {
    fn parse(method: &Method, path: &str, query: Option<&str>) -> Self {
        let id = |text: &str| text.parse::<u64>().unwrap_or_default();
        let segments: Vec<&str> = path.trim_start_matches("/api/v10/").split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["gateway"] | ["gateway", "bot"]) => Self::Gateway,
            ("GET", ["users", "@me"]) => Self::Me,
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => Self::Application,
            ("PUT", ["applications", application, "commands"]) => Self::Commands(id(application)),
            ("POST", ["channels", channel, "messages"]) => Self::Send(id(channel)),
            ("GET", ["channels", channel, "messages"]) => {
                let value = |key| query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix(key)).map(id);
                let limit = value("limit=").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
                Self::List(id(channel), value("after=").unwrap_or_default(), limit)
            }
            ("PATCH", ["channels", channel, "messages", message]) => Self::Edit(id(channel), id(message)),
            ("DELETE", ["channels", channel, "messages", message]) => Self::Delete(id(channel), id(message)),
            ("POST", ["channels", channel, "typing"]) => Self::Typing(id(channel)),
            ("POST", ["users", "@me", "channels"]) => Self::OpenDirect,
            ("POST", ["interactions", interaction, token, "callback"]) => {
                Self::Callback(id(interaction), (*token).to_owned())
            }
            ("PATCH", ["webhooks", _, token, "messages", "@original"]) => Self::Original((*token).to_owned()),
            ("DELETE", ["webhooks", _, token, "messages", "@original"]) => Self::DeleteOriginal((*token).to_owned()),
            ("PATCH", ["webhooks", _, token, "messages", message]) => {
                Self::EditFollowUp((*token).to_owned(), id(message))
            }
            ("POST", ["webhooks", _, token]) => Self::FollowUp((*token).to_owned()),
            _ => Self::Unknown,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Gateway => Kind::Gateway,
            Self::Commands(_) => Kind::Commands,
            Self::Send(_) => Kind::Send,
            Self::Edit(..) => Kind::Edit,
            Self::Delete(..) | Self::DeleteOriginal(_) => Kind::Delete,
            Self::List(..) => Kind::List,
            Self::Typing(_) => Kind::Typing,
            Self::Callback(..) => Kind::Callback,
            Self::Original(_) | Self::EditFollowUp(..) => Kind::Original,
            Self::FollowUp(_) => Kind::FollowUp,
            _ => Kind::Other,
        }
    }

    /// The budget that the call is counted in: one for each channel, one for each interaction.
    fn budget(&self) -> Option<String> {
        match self {
            Self::Send(channel) | Self::Edit(channel, _) => Some(format!("channel {channel}")),
            Self::Original(token) | Self::FollowUp(token) | Self::EditFollowUp(token, _) => {
                Some(format!("interaction {token}"))
            }
            Self::Typing(channel) => Some(format!("typing {channel}")),
            Self::List(channel, ..) => Some(format!("list {channel}")),
            _ => None,
        }
    }

    /// The path of an interaction's calls holds its own secret.
    fn needs_token(&self) -> bool {
        let hooked = matches!(self, Self::Original(_) | Self::DeleteOriginal(_) | Self::FollowUp(_));
        !hooked && !matches!(self, Self::Callback(..) | Self::EditFollowUp(..))
    }
}

/// An answer before it becomes a response.
struct Answer {
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, headers: Vec::new() }
    }

    fn empty() -> Self {
        Self { status: 204, body: Value::Null, headers: Vec::new() }
    }

    fn error(status: u16, code: u32, message: &str) -> Self {
        Self { status, body: json!({"code": code, "message": message}), headers: Vec::new() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            headers.insert(name, value.parse().unwrap());
        }
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        (status, headers, body).into_response()
    }
}

/// Answers every call.
pub(crate) async fn answer(
    Shared(server): Shared<Server>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let call = Call::parse(request.method(), request.uri().path(), request.uri().query());
    let authorisation = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let authorisation = authorisation.unwrap_or_default().to_owned();
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = if kind.is_some_and(|kind| kind.starts_with("multipart/")) { Kind::File } else { call.kind() };
    let fault = server.read(|state| state.take_fault(kind));
    if fault == Some(Fault::CutBefore) {
        line.cut();
        return Answer::empty().into_response();
    }
    let (body, files) = read(request).await;
    let mut answer = Answer::empty();
    server.change(|state| {
        answer = match fault {
            Some(Fault::Status(status)) => Answer::error(status, 0, "something went wrong"),
            fault => admit(state, &call, &authorisation, fault)
                .and_then(|headers| {
                    let mut answer = perform(state, &call, &body, files)?;
                    answer.headers = headers;
                    Ok(answer)
                })
                .unwrap_or_else(|refused| refused),
        };
    });
    if fault == Some(Fault::CutAfter) {
        line.cut();
    }
    answer.into_response()
}

/// Hands out an upload.
pub(crate) async fn download(
    Shared(server): Shared<Server>,
    ConnectInfo(line): ConnectInfo<Line>,
    axum::extract::Path(id): axum::extract::Path<u64>,
) -> Response {
    match server.read(|state| state.take_fault(Kind::Download)) {
        Some(Fault::Status(status)) => return Answer::error(status, 0, "something went wrong").into_response(),
        Some(_) => line.cut(),
        None => {}
    }
    match server.read(|state| state.uploads.get(&id).cloned()) {
        Some((_, bytes)) => Bytes::from(bytes).into_response(),
        None => Answer::error(404, 0, "unknown attachment").into_response(),
    }
}

async fn read(request: Request) -> (Value, Upload) {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.unwrap_or_default().starts_with("multipart/") {
        let bytes = Bytes::from_request(request, &()).await.unwrap_or_default();
        return (serde_json::from_slice(&bytes).unwrap_or_default(), Vec::new());
    }
    let mut form = Multipart::from_request(request, &()).await.unwrap();
    let (mut body, mut files) = (Value::Null, Vec::new());
    while let Ok(Some(field)) = form.next_field().await {
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.unwrap_or_default();
        match file {
            Some(name) => files.push((name, bytes.to_vec())),
            None => body = serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }
    (body, files)
}

type Headers = Vec<(&'static str, String)>;

/// Lets a call in, or says why not. The headers tell what remains of its budget.
fn admit(state: &mut State, call: &Call, authorisation: &str, fault: Option<Fault>) -> Result<Headers, Answer> {
    if call.needs_token() && authorisation != format!("Bot {}", state.token) {
        return Err(Answer::error(401, 0, "401: Unauthorized"));
    }
    let Some(name) = call.budget() else { return Ok(Vec::new()) };
    let budget = state.budgets.entry(name.clone()).or_default();
    let now = Instant::now();
    if let Some(Fault::Limited(wait)) = fault {
        budget.block(now, wait);
        state.limited += 1;
        return Err(limited(wait.as_secs_f64()));
    }
    match budget.spend(now) {
        Ok((remaining, reset)) => Ok(vec![
            ("x-ratelimit-limit", BUDGET.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset-after", format!("{:.3}", reset.as_secs_f64())),
        ]),
        Err((wait, announced)) => {
            state.limited += 1;
            if announced {
                state.violations.push(format!("{name}: called {wait:?} before the announced wait was over"));
            }
            Err(limited(wait.as_secs_f64()))
        }
    }
}

fn limited(seconds: f64) -> Answer {
    let body = json!({"message": "You are being rate limited.", "retry_after": seconds, "global": false});
    let headers = vec![
        ("retry-after", format!("{}", seconds.ceil())),
        ("x-ratelimit-limit", BUDGET.to_string()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset-after", format!("{seconds:.3}")),
    ];
    Answer { status: 429, body, headers }
}

/// Does what an admitted call asks.
fn perform(state: &mut State, call: &Call, body: &Value, files: Upload) -> Result<Answer, Answer> {
    match call {
        Call::Gateway => {
            let limit = json!({"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1});
            let url = super::websocket_address(&state.address);
            Ok(Answer::ok(json!({"url": url, "shards": 1, "session_start_limit": limit})))
        }
        Call::Me => Ok(Answer::ok(bot())),
        Call::Application => Ok(Answer::ok(json!({"id": BOT.to_string(), "name": "tutor", "flags": 0}))),
        Call::Commands(application) => {
            check(state, (*application == BOT).then_some(()).ok_or_else(|| unknown("application")))?;
            check(state, rules::commands(body))?;
            state.commands = body.as_array().cloned().unwrap_or_default();
            Ok(Answer::ok(body.clone()))
        }
        Call::Send(channel) => send(state, *channel, body, files),
        Call::List(channel, after, limit) => {
            check(state, (1..=100).contains(limit).then_some(()).ok_or_else(|| unknown("limit")))?;
            let wanted = |message: &&Message| message.channel == *channel && message.id > *after;
            let mut listed: Vec<Value> =
                state.messages.iter().filter(wanted).take(*limit).map(super::events::message).collect();
            listed.reverse();
            Ok(Answer::ok(listed.into()))
        }
        Call::Edit(channel, message) => edit(state, *channel, *message, body, files),
        Call::Delete(channel, message) => {
            found(state, *channel, *message)?;
            state.messages.retain(|known| known.id != *message);
            Ok(Answer::empty())
        }
        Call::Typing(channel) => {
            *state.typing.entry(*channel).or_default() += 1;
            Ok(Answer::empty())
        }
        Call::OpenDirect => Err(Answer::error(403, 50007, "cannot send messages to this user")),
        Call::Callback(id, token) => acknowledge(state, *id, token, body),
        Call::Original(token) => {
            let (channel, original) = hook(state, token)?;
            let original = original.ok_or_else(|| Answer::error(404, 10008, "Unknown Message"))?;
            edit(state, channel, original, body, files)
        }
        Call::DeleteOriginal(token) => {
            let (_, original) = hook(state, token)?;
            state.messages.retain(|known| Some(known.id) != original);
            Ok(Answer::empty())
        }
        Call::EditFollowUp(token, message) => {
            let (channel, _) = hook(state, token)?;
            edit(state, channel, *message, body, files)
        }
        Call::FollowUp(token) => {
            let (channel, _) = hook(state, token)?;
            send(state, channel, body, files)
        }
        Call::Unknown => {
            state.violations.push("called a route that does not exist".to_owned());
            Err(Answer::error(404, 0, "404: Not Found"))
        }
    }
}

fn unknown(what: &str) -> Refusal {
    Refusal { code: 10000, message: format!("unknown {what}") }
}

/// A refusal is the bot's mistake: it is noted and answered with 400.
fn check(state: &mut State, checked: Result<(), Refusal>) -> Result<(), Answer> {
    checked.map_err(|refusal| {
        state.violations.push(refusal.message.clone());
        Answer::error(400, refusal.code, &refusal.message)
    })
}

fn found(state: &mut State, channel: u64, id: u64) -> Result<&mut Message, Answer> {
    state.message(channel, id).filter(|message| message.own).ok_or_else(|| Answer::error(404, 10008, "Unknown Message"))
}

fn send(state: &mut State, channel: u64, body: &Value, files: Upload) -> Result<Answer, Answer> {
    check(state, rules::message(body, files.len(), false))?;
    let nonce = body["nonce"].as_str().map(str::to_owned);
    if body["enforce_nonce"] == true && nonce.is_some() {
        let same = |message: &&Message| message.own && message.channel == channel && message.nonce == nonce;
        if let Some(sent) = state.messages.iter().find(same) {
            return Ok(Answer::ok(super::events::message(sent)));
        }
    }
    let reference = body["message_reference"]["message_id"].as_str().and_then(|id| id.parse().ok());
    let dangling = reference.is_some_and(|id| state.message(channel, id).is_none());
    if dangling && body["message_reference"]["fail_if_not_exists"] != false {
        return Err(Answer::error(400, 50035, "message_reference: unknown message"));
    }
    let id = state.new_id();
    let content = body["content"].as_str().unwrap_or_default().trim().to_owned();
    state.messages.push(Message {
        id,
        channel,
        own: true,
        history: vec![content.clone()],
        content,
        components: body["components"].clone(),
        reference: reference.filter(|_| !dangling),
        files,
        nonce,
        thinking: false,
        flags: body["flags"].as_u64().unwrap_or_default(),
        event: Value::Null,
    });
    Ok(Answer::ok(super::events::message(&state.messages[state.messages.len() - 1])))
}

fn edit(state: &mut State, channel: u64, id: u64, body: &Value, files: Upload) -> Result<Answer, Answer> {
    check(state, rules::message(body, files.len(), true))?;
    let message = found(state, channel, id)?;
    if let Some(content) = body["content"].as_str() {
        message.content = content.trim().to_owned();
        message.history.push(message.content.clone());
        message.thinking = false;
    }
    if body["components"].is_array() {
        message.components = body["components"].clone();
    }
    message.flags = body["flags"].as_u64().unwrap_or(message.flags);
    if body["attachments"].is_array() {
        message.files = files;
        message.thinking = false;
    }
    Ok(Answer::ok(super::events::message(message)))
}

/// Types of interaction responses: a deferred message, a deferred update of the button's message.
const DEFERRED_MESSAGE: u64 = 5;
const DEFERRED_UPDATE: u64 = 6;

fn acknowledge(state: &mut State, id: u64, token: &str, body: &Value) -> Result<Answer, Answer> {
    let original = state.new_id();
    let Some(interaction) = state.interactions.get_mut(token).filter(|interaction| interaction.id == id) else {
        return Err(Answer::error(404, 10062, "Unknown interaction"));
    };
    if interaction.acknowledged.is_some() {
        return Err(Answer::error(400, 40060, "Interaction has already been acknowledged."));
    }
    if interaction.pushed.elapsed() > ACKNOWLEDGE {
        return Err(Answer::error(404, 10062, "Unknown interaction"));
    }
    interaction.acknowledged = Some(interaction.pushed.elapsed());
    let channel = interaction.channel;
    match body["type"].as_u64() {
        Some(DEFERRED_MESSAGE) => {
            interaction.original = Some(original);
            let thinking = Message { id: original, channel, own: true, thinking: true, ..Message::default() };
            state.messages.push(thinking);
            Ok(Answer::empty())
        }
        Some(DEFERRED_UPDATE) if interaction.component => Ok(Answer::empty()),
        _ => {
            state.violations.push("an interaction was answered without being deferred".to_owned());
            Err(Answer::error(400, 50035, "type: not supported"))
        }
    }
}

/// The channel and the original message behind an interaction's token.
fn hook(state: &State, token: &str) -> Result<(u64, Option<u64>), Answer> {
    match state.interactions.get(token) {
        Some(interaction) if interaction.expired => Err(Answer::error(401, 50027, "Invalid Webhook Token")),
        Some(interaction) if interaction.acknowledged.is_some() => Ok((interaction.channel, interaction.original)),
        _ => Err(Answer::error(404, 10015, "Unknown Webhook")),
    }
}
