//! The JSON of gateway events: people, their messages, commands and button presses.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Message, State};

/// The bot's user and application id.
pub(crate) const BOT: u64 = 900_000_000_000_000_001;
/// The server ("guild") of the class.
pub(crate) const GUILD: u64 = 700_000_000_000_000_001;
/// The channel of the class in it.
pub(crate) const CLASSROOM: u64 = 700_000_000_000_000_002;

/// Somebody who uses Discord.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// The language of the client, such as `en-GB`.
    pub(crate) locale: String,
}

impl Person {
    pub(crate) fn new(id: u64, name: &str, locale: &str) -> Self {
        Self { id, name: name.to_owned(), locale: locale.to_owned() }
    }

    /// The person's direct channel with the bot.
    pub(crate) fn direct(&self) -> u64 {
        800_000_000_000_000_000 + self.id
    }

    fn user(&self) -> Value {
        user(self.id, &self.name, false)
    }
}

/// The bot as a user.
pub(crate) fn bot() -> Value {
    user(BOT, "tutor", true)
}

fn user(id: u64, name: &str, bot: bool) -> Value {
    json!({
        "id": id.to_string(), "username": name.to_lowercase(), "global_name": name,
        "discriminator": "0", "avatar": null, "bot": bot,
    })
}

fn member() -> Value {
    json!({
        "nick": null, "avatar": null, "roles": [], "joined_at": "2026-09-01T08:00:00+00:00",
        "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
        "communication_disabled_until": null,
    })
}

/// What a person posts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Post {
    pub(crate) text: String,
    pub(crate) mention: bool,
    pub(crate) reply_to: Option<u64>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The author is another bot.
    pub(crate) by_bot: bool,
    /// How long ago it was posted.
    pub(crate) age: Duration,
}

impl Post {
    pub(crate) fn text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// `text` after a mention of the bot.
    pub(crate) fn mention(text: &str) -> Self {
        Self { text: format!("<@{BOT}> {text}"), mention: true, ..Self::default() }
    }

    /// A reply to one of the bot's messages, its ping switched off.
    pub(crate) fn reply(to: u64, text: &str) -> Self {
        Self { text: text.to_owned(), reply_to: Some(to), ..Self::default() }
    }

    pub(crate) fn with_file(mut self, name: &str, bytes: &[u8]) -> Self {
        self.files.push((name.to_owned(), bytes.to_vec()));
        self
    }

    pub(crate) fn posted_before(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    pub(crate) fn by_bot(mut self) -> Self {
        self.by_bot = true;
        self
    }
}

/// Stores uploads and lists them as attachments that the server itself hands out.
pub(crate) fn upload(state: &mut State, files: &[(String, Vec<u8>)]) -> Vec<Value> {
    let store = |(name, bytes): &(String, Vec<u8>)| {
        let id = state.new_id();
        state.uploads.insert(id, (name.clone(), bytes.clone()));
        let url = format!("{}/attachments/{id}", state.address);
        json!({
            "id": id.to_string(), "filename": name, "size": bytes.len(), "url": url, "proxy_url": url,
            "content_type": "application/octet-stream",
        })
    };
    files.iter().map(store).collect()
}

/// A MESSAGE_CREATE of `person` in `channel`.
pub(crate) fn posted(state: &mut State, person: &Person, channel: u64, post: &Post) -> (u64, Value) {
    let id = state.new_id() - (u64::try_from(post.age.as_millis()).unwrap() << 22);
    let attachments = upload(state, &post.files);
    let mentions = if post.mention { vec![bot()] } else { Vec::new() };
    let author = user(person.id, &person.name, post.by_bot);
    let mut event = json!({
        "id": id.to_string(), "channel_id": channel.to_string(), "author": author, "content": post.text,
        "timestamp": "2026-11-24T10:00:00+00:00", "edited_timestamp": null, "tts": false,
        "mention_everyone": false, "mentions": mentions, "mention_roles": [], "attachments": attachments,
        "embeds": [], "pinned": false, "type": 0, "flags": 0, "components": [],
    });
    if channel == CLASSROOM {
        event["guild_id"] = GUILD.to_string().into();
        event["member"] = member();
    }
    if let Some(answered) = post.reply_to.and_then(|to| state.message(channel, to).cloned()) {
        event["type"] = 19.into();
        event["message_reference"] = json!({"message_id": answered.id.to_string(), "channel_id": channel.to_string()});
        event["referenced_message"] = message(&answered);
    }
    let mut listed = event.clone();
    if let Some(fields) = listed.as_object_mut() {
        // Only the gateway tells these.
        fields.remove("guild_id");
        fields.remove("member");
    }
    state.messages.push(Message { id, channel, content: post.text.clone(), event: listed, ..Message::default() });
    (id, event)
}

/// A message as the API shows it.
pub(crate) fn message(message: &Message) -> Value {
    if message.event.is_object() {
        return message.event.clone();
    }
    let attachment = |(name, bytes): &(String, Vec<u8>)| {
        json!({
            "id": message.id.to_string(), "filename": name, "size": bytes.len(),
            "url": "https://cdn.discordapp.com/a", "proxy_url": "https://cdn.discordapp.com/a",
        })
    };
    json!({
        "id": message.id.to_string(), "channel_id": message.channel.to_string(), "author": bot(),
        "content": message.content, "timestamp": "2026-11-24T10:00:00+00:00", "edited_timestamp": null,
        "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": message.files.iter().map(attachment).collect::<Vec<_>>(), "embeds": [],
        "pinned": false, "type": 0, "flags": message.flags,
        "components": if message.components.is_array() { message.components.clone() } else { json!([]) },
        "nonce": message.nonce,
    })
}

/// What both kinds of interaction share.
pub(crate) fn interaction(id: u64, token: &str, person: &Person, channel: u64, kind: u8) -> Value {
    let direct = channel != CLASSROOM;
    let mut event = json!({
        "id": id.to_string(), "application_id": BOT.to_string(), "type": kind, "token": token, "version": 1,
        "channel_id": channel.to_string(), "channel": {"id": channel.to_string(), "type": u8::from(direct)},
        "locale": person.locale, "entitlements": [], "authorizing_integration_owners": {},
        "attachment_size_limit": 10_485_760, "app_permissions": "2147483647",
    });
    if direct {
        event["user"] = person.user();
    } else {
        event["guild_id"] = GUILD.to_string().into();
        event["guild_locale"] = "en-US".into();
        event["member"] = member();
        event["member"]["user"] = person.user();
        event["member"]["permissions"] = "2147483647".into();
    }
    event
}
