//! A channel as a delivery port: how one reply is sent to, and edited in, one channel.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use serenity::http::Route;
use serenity::model::id::{ChannelId, MessageId};

use super::hook::Hook;
use super::incoming::MESSAGE_LIMIT;
use super::rest::{CallError, Rest};
use crate::chat::{Attachment, Button};
use crate::delivery::{Failure, Fidelity, Opening, Pace, Port, Post, Scope};
use crate::markup::{Dialect, discord};

/// The flag that keeps previews of links away.
const SUPPRESS_EMBEDS: u64 = 4;
const BUTTONS_A_ROW: usize = 5;
const ROWS: usize = 5;
/// The longest label of a button, in characters.
const LABEL_LIMIT: usize = 80;

/// Where and how one reply is delivered.
pub(crate) struct Channel {
    rest: Arc<Rest>,
    pace: Pace,
    id: ChannelId,
    key: String,
    /// The message that the reply's first message points to.
    question: Option<MessageId>,
    hook: Option<Hook>,
}

impl Channel {
    /// The channel `id`, whose budget has the key `key`.
    pub(crate) fn new(
        rest: Arc<Rest>,
        id: ChannelId,
        key: String,
        question: Option<MessageId>,
        hook: Option<Hook>,
    ) -> Self {
        Self { rest, pace: Pace::discord(), id, key, question, hook }
    }

    /// Creates a message through the door that fits: the waiting original, the channel, or a follow-up.
    async fn create(&self, body: Value, opening: &Opening, file: Option<&Attachment>) -> Result<String, Failure> {
        if let Some(hook) = self.hook.as_ref().filter(|hook| hook.waits()) {
            match self.make(Method::PATCH, hook.original(), &body, file).await.and_then(id_in) {
                // The token ran out early, or a student deleted the waiting message.
                Err(Failure::Gone | Failure::Forbidden) => hook.shut(),
                Err(failure) => return Err(failure),
                Ok(id) => {
                    hook.note(&id);
                    return Ok(id);
                }
            }
        }
        let plain = self.addressed(body.clone(), opening);
        let sent = self.make(Method::POST, Route::ChannelMessages { channel_id: self.id }, &plain, file).await;
        match (sent, &self.hook) {
            (Err(Failure::Forbidden), Some(hook)) if hook.is_open() => {
                let id = id_in(self.make(Method::POST, hook.follow_up(), &body, file).await?)?;
                hook.note(&id);
                Ok(id)
            }
            (sent, _) => id_in(sent?),
        }
    }

    /// Adds what only a message of the bot itself can have: a nonce, and the message that is answered.
    fn addressed(&self, mut body: Value, opening: &Opening) -> Value {
        body["nonce"] = opening.nonce.as_str().into();
        body["enforce_nonce"] = true.into();
        if let Some(question) = self.question.filter(|_| opening.index == 0) {
            body["message_reference"] = json!({ "message_id": question.to_string(), "fail_if_not_exists": false });
        }
        body
    }

    /// Changes or removes a message through the door that it came by, or else through the channel.
    async fn change(&self, method: Method, id: &str, body: &Value) -> Result<(), Failure> {
        let message_id = id.parse::<u64>().ok().filter(|number| *number > 0).map(MessageId::new);
        let message_id = message_id.ok_or(Failure::Gone)?;
        if let Some(hook) = self.hook.as_ref().filter(|hook| hook.sent(id)) {
            match self.make(method.clone(), hook.message(message_id), body, None).await {
                Err(Failure::Forbidden) => hook.shut(),
                made => return made.map(|_| ()),
            }
        }
        let route = Route::ChannelMessage { channel_id: self.id, message_id };
        self.make(method, route, body, None).await.map(|_| ())
    }

    /// Takes a deferred message back that the reply had no use for.
    pub(crate) async fn tidy(&self) {
        if let Some(hook) = self.hook.as_ref().filter(|hook| hook.waits())
            && let Err(failure) = self.make(Method::DELETE, hook.original(), &Value::Null, None).await
        {
            tracing::debug!(channel = %self.id, ?failure, "deferred message not taken back");
        }
    }

    async fn make(
        &self,
        method: Method,
        route: Route<'_>,
        body: &Value,
        file: Option<&Attachment>,
    ) -> Result<Value, Failure> {
        let made = match file {
            Some(file) => self.rest.upload(route, body, file, method).await,
            None => self.rest.call(method, route, body).await,
        };
        made.map_err(|error| failure(&error))
    }
}

#[async_trait]
impl Port for Channel {
    fn dialect(&self) -> Dialect {
        Dialect::Discord
    }

    fn pace(&self) -> &Pace {
        &self.pace
    }

    fn chat(&self) -> &str {
        &self.key
    }

    async fn send(&self, opening: &Opening, post: &Post, fidelity: Fidelity) -> Result<String, Failure> {
        self.create(body(post, fidelity), opening, None).await
    }

    async fn edit(&self, id: &str, post: &Post, fidelity: Fidelity) -> Result<(), Failure> {
        self.change(Method::PATCH, id, &body(post, fidelity)).await
    }

    async fn delete(&self, id: &str) -> Result<(), Failure> {
        self.change(Method::DELETE, id, &Value::Null).await
    }

    async fn file(&self, opening: &Opening, file: &Attachment) -> Result<String, Failure> {
        let body = json!({
            "attachments": [{ "id": 0, "filename": file.name }],
            "allowed_mentions": { "parse": [] },
        });
        self.create(body, opening, Some(file)).await
    }

    async fn working(&self) -> Result<(), Failure> {
        // Discord itself shows that a deferred response is being worked on.
        if self.hook.as_ref().is_some_and(Hook::waits) {
            return Ok(());
        }
        let route = Route::ChannelTyping { channel_id: self.id };
        self.make(Method::POST, route, &Value::Null, None).await.map(|_| ())
    }
}

/// The new message's id; without one nobody knows what came of the call.
fn id_in(message: Value) -> Result<String, Failure> {
    message["id"].as_str().map(str::to_owned).ok_or(Failure::Unknown)
}

/// A message as JSON. Nobody is ever pinged by it.
fn body(post: &Post, fidelity: Fidelity) -> Value {
    let text = match fidelity {
        Fidelity::Full => discord::render(&post.document),
        Fidelity::Unstyled | Fidelity::Bare => {
            // Escaping makes it longer; what would be cut then goes as it is.
            let text = post.document.text();
            let escaped = discord::plain(&text);
            if escaped.chars().count() <= MESSAGE_LIMIT { escaped } else { text }
        }
    };
    let buttons = if fidelity == Fidelity::Bare { &[] } else { post.buttons.as_slice() };
    json!({
        "content": text,
        "components": rows(buttons),
        "allowed_mentions": { "parse": [] },
        "flags": SUPPRESS_EMBEDS,
    })
}

/// Buttons in rows; what Discord would refuse the whole message for is left out.
fn rows(buttons: &[Button]) -> Value {
    let mut seen = Vec::new();
    let fits = |button: &&Button| {
        let fits = !button.label.trim().is_empty() && !button.data.is_empty() && !seen.contains(&button.data);
        seen.push(button.data.clone());
        fits
    };
    let shown: Vec<Value> = buttons.iter().filter(fits).take(BUTTONS_A_ROW * ROWS).map(button).collect();
    shown.chunks(BUTTONS_A_ROW).map(|row| json!({ "type": 1, "components": row })).collect()
}

fn button(button: &Button) -> Value {
    let label = if button.label.chars().count() <= LABEL_LIMIT {
        button.label.clone()
    } else {
        button.label.chars().take(LABEL_LIMIT - 1).chain(['…']).collect()
    };
    json!({ "type": 2, "style": 2, "label": label, "custom_id": button.data })
}

/// Discord's codes: unknown channel; a message too old to be edited again; an archived thread; a message,
/// a webhook or an interaction's token that is there no longer.
const UNKNOWN_CHANNEL: u64 = 10003;
const EDITED_TOO_OFTEN: u64 = 30046;
const ARCHIVED: u64 = 50083;
const WRONG_HOOK: u64 = 50027;

fn failure(error: &CallError) -> Failure {
    match error {
        CallError::Limited { after, global } => {
            let scope = if *global { Scope::Bot } else { Scope::Chat };
            Failure::RetryAfter { after: *after, scope }
        }
        CallError::Refused { code: UNKNOWN_CHANNEL | ARCHIVED | WRONG_HOOK, .. } => Failure::Forbidden,
        CallError::Refused { status: 404, .. } | CallError::Refused { code: EDITED_TOO_OFTEN, .. } => Failure::Gone,
        CallError::Refused { status: 403, .. } => Failure::Forbidden,
        // The token is refused: the gateway will end the adapter, and the reply stays pending.
        CallError::Refused { status: 401, .. } => Failure::Unreached,
        CallError::Refused { .. } => Failure::Rejected,
        CallError::Failed { .. } | CallError::Lost(_) => Failure::Unknown,
        CallError::Unreached(_) => Failure::Unreached,
    }
}
