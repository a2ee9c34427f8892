//! The methods of the API, carried out on the state.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::State;
use super::rules::{buttons, text_fault};
use super::state::{Fault, Message, Room};

/// Name and content of the files of a call, by field.
pub(super) type Files = HashMap<String, (String, Vec<u8>)>;

/// A call that is not carried out.
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(code: u16, description: &str) -> Self {
        Self { code, description: description.to_owned(), retry_after: None }
    }

    pub(super) fn bad(description: &str) -> Self {
        Self::new(400, description)
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self { code: 429, description, retry_after: Some(seconds) }
    }
}

type Outcome = Result<Value, Refusal>;

impl State {
    /// The fault that the next call of `method` meets.
    pub(super) fn next_fault(&mut self, method: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(known, _)| known == method)?;
        Some(self.faults.remove(at).1)
    }

    /// Notes a mistake of the bot and refuses the call.
    fn mistake(&mut self, description: &str) -> Refusal {
        self.violations.push(description.to_owned());
        Refusal::bad(description)
    }
}

/// Carries out one call.
pub(super) fn carry_out(state: &mut State, method: &str, fields: &Map<String, Value>, files: &Files) -> Outcome {
    let chat = fields.get("chat_id").and_then(Value::as_i64);
    if let Some(chat) = chat {
        admit(state, method, chat)?;
    }
    match (method, chat) {
        ("getMe", _) => {
            Ok(json!({"id": 7, "is_bot": true, "first_name": "Tutor", "username": "TutorBot", "can_join_groups": true,
            "can_read_all_group_messages": false, "supports_inline_queries": false, "has_main_web_app": false}))
        }
        ("deleteWebhook", _) => Ok(true.into()),
        ("setMyCommands", _) => commands(state, fields),
        ("answerCallbackQuery", _) => answer_press(state, fields),
        ("getFile", _) => file(state, fields),
        ("sendMessage", Some(chat)) => send(state, chat, fields),
        ("sendDocument", Some(chat)) => document(state, chat, fields, files),
        ("editMessageText", Some(chat)) => edit(state, chat, fields),
        ("deleteMessage", Some(chat)) => {
            let known = state.delete(chat, number(fields, "message_id"));
            if known { Ok(true.into()) } else { Err(Refusal::bad("Bad Request: message to delete not found")) }
        }
        ("sendChatAction", Some(_)) => Ok(true.into()),
        _ => Err(state.mistake("Bad Request: chat_id is empty")),
    }
}

/// Whether the bot may call `chat` now.
fn admit(state: &mut State, method: &str, chat: i64) -> Result<(), Refusal> {
    let now = Instant::now();
    if !state.knows_chat(chat) {
        return Err(state.mistake("Bad Request: chat not found"));
    }
    if let Some(left) = state.rates.closed(chat, now) {
        state.violations.push(format!("{method} {left:?} before the end of a pause that was ordered"));
        return Err(Refusal::too_many(left.as_secs() + 1));
    }
    if state.blocked.contains(&chat) {
        return Err(Refusal::new(403, "Forbidden: bot was blocked by the user"));
    }
    let counted = method != "sendChatAction";
    if let Some(limit) = counted.then(|| state.rates.count(chat, now)).flatten() {
        state.violations.push(format!("{method} beyond {limit}"));
        return Err(Refusal::too_many(3));
    }
    Ok(())
}

fn number(fields: &Map<String, Value>, name: &str) -> i64 {
    fields.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// What a message is to say, checked.
struct Said {
    text: String,
    entities: Vec<Value>,
    buttons: Vec<(String, String)>,
}

fn said(state: &mut State, fields: &Map<String, Value>) -> Result<Said, Refusal> {
    let text = fields.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let entities = fields.get("entities").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(fault) = text_fault(&text, &entities) {
        return Err(state.mistake(&fault));
    }
    let buttons = buttons(fields.get("reply_markup")).map_err(|fault| state.mistake(&fault))?;
    Ok(Said { text, entities, buttons })
}

/// The room of a new message and the message that it answers, checked.
fn place(state: &mut State, chat: i64, fields: &Map<String, Value>) -> Result<(Room, Option<i64>), Refusal> {
    let thread = fields.get("message_thread_id").and_then(Value::as_i64);
    if thread.is_some() && chat > -1000 {
        return Err(state.mistake("Bad Request: message thread not found"));
    }
    let reply = fields.get("reply_parameters").and_then(|reply| reply["message_id"].as_i64());
    let optional = fields.get("reply_parameters").is_some_and(|reply| reply["allow_sending_without_reply"] == true);
    let reply_to = reply.filter(|id| state.is_theirs(chat, *id) || state.own.contains_key(id));
    if reply.is_some() && reply_to.is_none() && !optional {
        return Err(Refusal::bad("Bad Request: message to be replied not found"));
    }
    Ok((Room { chat, thread }, reply_to))
}

fn send(state: &mut State, chat: i64, fields: &Map<String, Value>) -> Outcome {
    let said = said(state, fields)?;
    let (room, reply_to) = place(state, chat, fields)?;
    let history = vec![(Instant::now(), said.text.clone())];
    let Said { text, entities, buttons } = said;
    Ok(post(state, Message { id: 0, text, entities, buttons, reply_to, document: None, history, room }))
}

fn document(state: &mut State, chat: i64, fields: &Map<String, Value>, files: &Files) -> Outcome {
    let (room, reply_to) = place(state, chat, fields)?;
    let attached = fields.get("document").and_then(Value::as_str).and_then(|name| name.strip_prefix("attach://"));
    let Some(file) = files.get(attached.unwrap_or("document")).cloned() else {
        return Err(state.mistake("Bad Request: there is no document in the request"));
    };
    let text = format!("[{}]", file.0);
    let history = vec![(Instant::now(), text.clone())];
    let (entities, buttons) = (Vec::new(), Vec::new());
    Ok(post(state, Message { id: 0, text, entities, buttons, reply_to, document: Some(file), history, room }))
}

fn post(state: &mut State, message: Message) -> Value {
    let id = state.new_message();
    let message = Message { id, ..message };
    let json = State::json(&message);
    state.own.insert(id, message);
    json
}

fn edit(state: &mut State, chat: i64, fields: &Map<String, Value>) -> Outcome {
    let said = said(state, fields)?;
    let known = state.own.get_mut(&number(fields, "message_id")).filter(|message| message.room.chat == chat);
    let Some(message) = known else { return Err(Refusal::bad("Bad Request: message to edit not found")) };
    if (&message.text, &message.entities, &message.buttons) == (&said.text, &said.entities, &said.buttons) {
        return Err(Refusal::bad(
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        ));
    }
    message.history.push((Instant::now(), said.text.clone()));
    (message.text, message.entities, message.buttons) = (said.text, said.entities, said.buttons);
    Ok(State::json(message))
}

fn answer_press(state: &mut State, fields: &Map<String, Value>) -> Outcome {
    let id = fields.get("callback_query_id").and_then(Value::as_str).unwrap_or_default();
    let known = state.presses.remove(id);
    let late = "Bad Request: query is too old and response timeout expired or query id is invalid";
    if known { Ok(true.into()) } else { Err(Refusal::bad(late)) }
}

fn commands(state: &mut State, fields: &Map<String, Value>) -> Outcome {
    let name = |command: &Value| {
        let name = command["command"].as_str().unwrap_or_default();
        let description = command["description"].as_str().unwrap_or_default().chars().count();
        let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        letters && (1..=32).contains(&name.len()) && (1..=256).contains(&description)
    };
    let commands = fields.get("commands").and_then(Value::as_array);
    let fine = commands.is_some_and(|commands| commands.iter().all(name) && commands.len() <= 100);
    if fine { Ok(true.into()) } else { Err(state.mistake("Bad Request: BOT_COMMAND_INVALID")) }
}

fn file(state: &mut State, fields: &Map<String, Value>) -> Outcome {
    let id = fields.get("file_id").and_then(Value::as_str).unwrap_or_default();
    match state.file(id) {
        Some((_, bytes)) if bytes.len() > 20 << 20 => Err(Refusal::bad("Bad Request: file is too big")),
        Some((_, bytes)) => {
            let path = format!("documents/{id}");
            Ok(json!({"file_id": id, "file_unique_id": format!("u-{id}"), "file_size": bytes.len(), "file_path": path}))
        }
        None => Err(Refusal::bad("Bad Request: invalid file_id")),
    }
}
