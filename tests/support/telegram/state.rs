//! What the server knows: chats with their messages, updates that wait, files, and what the bot did wrong.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};

use super::rates::Rates;

/// A student or a teacher.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) language: String,
}

impl Person {
    pub(crate) fn new(id: i64, name: &str, language: &str) -> Self {
        Self { id, name: name.to_owned(), language: language.to_owned() }
    }

    /// The direct chat with this person.
    pub(crate) fn room(&self) -> Room {
        Room { chat: self.id, thread: None }
    }

    pub(crate) fn json(&self) -> Value {
        json!({"id": self.id, "is_bot": false, "first_name": self.name, "language_code": self.language})
    }
}

/// A place in a chat. Chats below zero are groups, those below -1000 forums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) chat: i64,
    pub(crate) thread: Option<i64>,
}

impl Room {
    /// A class group.
    pub(crate) const CLASS: Self = Self { chat: -100, thread: None };

    /// A topic of a forum.
    pub(crate) const fn topic(thread: i64) -> Self {
        Self { chat: -1001, thread: Some(thread) }
    }

    pub(crate) fn json(self) -> Value {
        match self.chat {
            ..=-1001 => json!({"id": self.chat, "type": "supergroup", "title": "Forum", "is_forum": true}),
            -1000..0 => json!({"id": self.chat, "type": "group", "title": "Class"}),
            _ => json!({"id": self.chat, "type": "private", "first_name": "Student"}),
        }
    }
}

/// What happens to a call instead of what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered with 429 and this `retry_after`, in seconds.
    TooManyRequests(u64),
    /// The connection breaks before the call is carried out.
    DropBeforeHandling,
    /// The call is carried out, and the connection breaks before the answer.
    DropAfterHandling,
    /// It is answered with 502 and a page that is no JSON.
    ServerError,
    /// It is answered with 400 and this description.
    BadRequest(&'static str),
}

/// A message of the bot.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
    /// Label and data.
    pub(crate) buttons: Vec<(String, String)>,
    pub(crate) reply_to: Option<i64>,
    /// Name and content of a file.
    pub(crate) document: Option<(String, Vec<u8>)>,
    /// Every text it had, with the moment since which it said so.
    pub(crate) history: Vec<(Instant, String)>,
    pub(super) room: Room,
}

/// One call of the bot.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) fields: serde_json::Map<String, Value>,
    pub(crate) at: Instant,
}

/// All that the server knows.
pub(crate) struct State {
    pub(crate) token: String,
    pub(crate) updates: VecDeque<Value>,
    pub(crate) calls: Vec<Call>,
    pub(crate) violations: Vec<String>,
    pub(crate) faults: Vec<(String, Fault)>,
    pub(crate) blocked: HashSet<i64>,
    pub(super) own: BTreeMap<i64, Message>,
    pub(super) rates: Rates,
    /// Which request for updates is the last; the ones before are sent away.
    pub(super) poll: u64,
    /// Presses that were not answered yet.
    pub(super) presses: HashSet<String>,
    files: HashMap<String, (String, Vec<u8>)>,
    chats: HashSet<i64>,
    /// The messages of people.
    theirs: BTreeMap<i64, Value>,
    /// Updates that were confirmed.
    past: Vec<Value>,
    /// Updates that come once more, whatever was confirmed.
    again: Vec<Value>,
    last_update: i64,
    last_message: i64,
}

impl State {
    pub(super) fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            updates: VecDeque::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            faults: Vec::new(),
            blocked: HashSet::new(),
            own: BTreeMap::new(),
            rates: Rates::default(),
            poll: 0,
            presses: HashSet::new(),
            files: HashMap::new(),
            chats: HashSet::new(),
            theirs: BTreeMap::new(),
            past: Vec::new(),
            again: Vec::new(),
            last_update: 1000,
            last_message: 0,
        }
    }

    /// The message of `person` with `fields`, as an update tells it.
    pub(super) fn said(&mut self, person: &Person, room: &Room, fields: Value) -> Value {
        self.chats.insert(room.chat);
        let id = self.new_message();
        let mut message = json!({"message_id": id, "date": 1_700_000_000, "chat": room.json(), "from": person.json()});
        if let Some(thread) = room.thread {
            message["message_thread_id"] = thread.into();
            message["is_topic_message"] = true.into();
        }
        for (name, value) in fields.as_object().unwrap() {
            message[name] = value.clone();
        }
        self.theirs.insert(id, message.clone());
        message
    }

    /// Queues an update of this kind; its id.
    pub(super) fn push(&mut self, kind: &str, value: Value) -> i64 {
        self.last_update += 1;
        self.updates.push_back(json!({"update_id": self.last_update, kind: value}));
        self.last_update
    }

    pub(super) fn redeliver(&mut self, update: i64) {
        let known = self.past.iter().chain(&self.updates).find(|known| known["update_id"] == update).cloned();
        self.again.push(known.expect("the update is known"));
    }

    /// What a request from `offset` on is answered with; all before is confirmed.
    pub(super) fn take_updates(&mut self, offset: i64, limit: usize) -> Vec<Value> {
        while self.updates.front().is_some_and(|update| update["update_id"].as_i64().unwrap() < offset) {
            self.past.extend(self.updates.pop_front());
        }
        self.again.drain(..).chain(self.updates.iter().take(limit).cloned()).collect()
    }

    pub(super) fn new_message(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    pub(super) fn new_press(&mut self) -> String {
        let id = format!("press-{}", self.last_update + 1);
        self.presses.insert(id.clone());
        id
    }

    /// Keeps a file and tells it as a document.
    pub(super) fn store(&mut self, name: &str, bytes: &[u8]) -> Value {
        let id = format!("file-{}", self.files.len());
        self.files.insert(id.clone(), (name.to_owned(), bytes.to_vec()));
        json!({"file_id": id, "file_unique_id": format!("u-{id}"), "file_size": bytes.len(), "file_name": name})
    }

    pub(super) fn file(&self, id: &str) -> Option<&(String, Vec<u8>)> {
        self.files.get(id)
    }

    pub(super) fn knows_chat(&self, chat: i64) -> bool {
        self.chats.contains(&chat)
    }

    /// A person's message with this id stands in the chat.
    pub(super) fn is_theirs(&self, chat: i64, id: i64) -> bool {
        self.theirs.get(&id).is_some_and(|message| message["chat"]["id"] == chat)
    }

    pub(super) fn delete(&mut self, chat: i64, id: i64) -> bool {
        let own = self.own.get(&id).is_some_and(|message| message.room.chat == chat);
        own && self.own.remove(&id).is_some()
    }

    /// The bot's messages in `room`, oldest first.
    pub(crate) fn messages(&self, room: &Room) -> Vec<Message> {
        self.own.values().filter(|message| message.room == *room).cloned().collect()
    }

    /// The bot's message as the API tells it.
    pub(super) fn shown(&self, room: &Room, id: i64) -> Value {
        match self.own.get(&id) {
            Some(message) => Self::json(message),
            None => json!({"message_id": id, "date": 0, "chat": room.json()}),
        }
    }

    pub(super) fn json(message: &Message) -> Value {
        let bot = json!({"id": 7, "is_bot": true, "first_name": "Tutor", "username": "TutorBot"});
        let mut json =
            json!({"message_id": message.id, "date": 1_700_000_000, "chat": message.room.json(), "from": bot});
        match &message.document {
            Some((name, bytes)) => {
                json["document"] =
                    json!({"file_id": "own", "file_unique_id": "own", "file_size": bytes.len(), "file_name": name});
            }
            None => json["text"] = message.text.clone().into(),
        }
        if let Some(thread) = message.room.thread {
            json["message_thread_id"] = thread.into();
            json["is_topic_message"] = true.into();
        }
        json
    }

    /// Everything that stands, for a test that failed.
    pub(super) fn picture(&self) -> String {
        let line =
            |message: &Message| format!("{:?} {}: {:?} {:?}", message.room, message.id, message.text, message.buttons);
        let messages: Vec<String> = self.own.values().map(line).collect();
        let calls: Vec<&str> = self.calls.iter().map(|call| call.method.as_str()).collect();
        format!(
            "{}\ncalls: {calls:?}\nviolations: {:#?}\nwaiting: {:?}",
            messages.join("\n"),
            self.violations,
            self.updates
        )
    }
}
