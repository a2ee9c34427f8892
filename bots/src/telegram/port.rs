//! The calls of one reply, on teloxide.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use teloxide::RequestError;
use teloxide::prelude::*;
use teloxide::types::{
    ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, MessageEntity,
    MessageEntityKind, MessageId, ReplyParameters, ThreadId,
};

use crate::chat::{Attachment, Audience, Button, Incoming};
use crate::delivery::{Failure, Fidelity, Opening, Pace, Port, Post};
use crate::markup::telegram::{Entity, EntityKind, Rich, render};
use crate::markup::{Dialect, Document};

use super::failure::failure;

/// Where one reply goes.
pub(super) struct Chat {
    bot: Bot,
    /// The chat's id; it changes when a group becomes a supergroup.
    id: AtomicI64,
    key: String,
    thread: Option<ThreadId>,
    question: Option<MessageId>,
    pace: Pace,
}

impl Chat {
    /// The chat that `incoming` came from; `None` when its id is none of Telegram's.
    pub(super) fn new(bot: Bot, incoming: &Incoming) -> Option<Self> {
        let place = &incoming.place;
        let thread = place.thread.as_ref().map(|thread| thread.parse()).transpose().ok()?;
        Some(Self {
            bot,
            id: AtomicI64::new(place.chat.parse().ok()?),
            key: place.chat.clone(),
            thread: thread.map(|thread| ThreadId(MessageId(thread))),
            question: super::question(incoming).map(MessageId),
            pace: match place.audience {
                Audience::Direct => Pace::telegram_direct(),
                Audience::Group => Pace::telegram_group(),
            },
        })
    }

    fn id(&self) -> ChatId {
        ChatId(self.id.load(Ordering::Relaxed))
    }

    /// The question that a new message quotes, if it is the first.
    fn quoted(&self, opening: &Opening) -> Option<ReplyParameters> {
        let question = self.question.filter(|_| opening.index == 0)?;
        Some(ReplyParameters::new(question).allow_sending_without_reply())
    }

    /// What `error` means; a group that has moved is followed.
    fn failed(&self, error: &RequestError) -> Failure {
        if let RequestError::MigrateToChatId(id) = error {
            self.id.store(id.0, Ordering::Relaxed);
        }
        failure(error)
    }

    /// The id of a message that was sent. An answer that teloxide cannot read may tell it too: the message
    /// stands, and must not be sent again.
    fn sent(&self, outcome: Result<teloxide::types::Message, RequestError>) -> Result<String, Failure> {
        let error = match outcome {
            Ok(message) => return Ok(message.id.to_string()),
            Err(error) => error,
        };
        if let RequestError::InvalidJson { raw, .. } = &error
            && let Ok(answer) = serde_json::from_str::<serde_json::Value>(raw)
            && let Some(id) = answer["result"]["message_id"].as_i64()
        {
            return Ok(id.to_string());
        }
        Err(self.failed(&error))
    }
}

#[async_trait]
impl Port for Chat {
    fn dialect(&self) -> Dialect {
        Dialect::Telegram
    }

    fn pace(&self) -> &Pace {
        &self.pace
    }

    fn chat(&self) -> &str {
        &self.key
    }

    async fn send(&self, opening: &Opening, post: &Post, fidelity: Fidelity) -> Result<String, Failure> {
        let shown = shown(&post.document, fidelity);
        let mut call = self.bot.send_message(self.id(), shown.text).link_preview_options(no_preview());
        call.entities = entities(&shown.entities);
        call.message_thread_id = self.thread;
        call.reply_parameters = self.quoted(opening);
        call.reply_markup = keyboard(&post.buttons, fidelity).map(Into::into);
        self.sent(call.await)
    }

    async fn edit(&self, id: &str, post: &Post, fidelity: Fidelity) -> Result<(), Failure> {
        let shown = shown(&post.document, fidelity);
        let mut call =
            self.bot.edit_message_text(self.id(), message(id)?, shown.text).link_preview_options(no_preview());
        call.entities = entities(&shown.entities);
        call.reply_markup = keyboard(&post.buttons, fidelity);
        done(call.await).map_err(|error| self.failed(&error))
    }

    async fn delete(&self, id: &str) -> Result<(), Failure> {
        done(self.bot.delete_message(self.id(), message(id)?).await).map_err(|error| self.failed(&error))
    }

    async fn file(&self, opening: &Opening, file: &Attachment) -> Result<String, Failure> {
        let document = InputFile::memory(file.bytes.clone()).file_name(file.name.clone());
        let mut call = self.bot.send_document(self.id(), document);
        call.message_thread_id = self.thread;
        call.reply_parameters = self.quoted(opening);
        self.sent(call.await)
    }

    async fn working(&self) -> Result<(), Failure> {
        let mut call = self.bot.send_chat_action(self.id(), ChatAction::Typing);
        call.message_thread_id = self.thread;
        done(call.await).map_err(|error| self.failed(&error))
    }
}

/// A call whose answer tells nothing more: one that cannot be read is one all the same.
fn done<T>(outcome: Result<T, RequestError>) -> Result<(), RequestError> {
    match outcome {
        Err(RequestError::InvalidJson { raw, .. }) if raw.replace(' ', "").starts_with("{\"ok\":true") => Ok(()),
        other => other.map(drop),
    }
}

fn message(id: &str) -> Result<MessageId, Failure> {
    id.parse().map(MessageId).map_err(|_| Failure::Gone)
}

fn shown(document: &Document, fidelity: Fidelity) -> Rich {
    match fidelity {
        Fidelity::Full => render(document),
        Fidelity::Unstyled | Fidelity::Bare => Rich { text: document.text(), entities: Vec::new() },
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// The entities in teloxide's types; a link that is no address to it stays text.
fn entities(entities: &[Entity]) -> Option<Vec<MessageEntity>> {
    let entity = |entity: &Entity| {
        let kind = match &entity.kind {
            EntityKind::Bold => MessageEntityKind::Bold,
            EntityKind::Italic => MessageEntityKind::Italic,
            EntityKind::Strike => MessageEntityKind::Strikethrough,
            EntityKind::Code => MessageEntityKind::Code,
            EntityKind::Pre(language) => {
                MessageEntityKind::Pre { language: Some(language.clone()).filter(|language| !language.is_empty()) }
            }
            EntityKind::Link(url) => MessageEntityKind::TextLink { url: url.parse().ok()? },
            EntityKind::Quote => MessageEntityKind::Blockquote,
            EntityKind::FoldedQuote => MessageEntityKind::ExpandableBlockquote,
        };
        Some(MessageEntity::new(kind, entity.offset, entity.length))
    };
    let entities: Vec<MessageEntity> = entities.iter().filter_map(entity).collect();
    (!entities.is_empty()).then_some(entities)
}

/// Short buttons stand side by side, three in a row; long ones below each other.
fn keyboard(buttons: &[Button], fidelity: Fidelity) -> Option<InlineKeyboardMarkup> {
    let long = buttons.iter().any(|button| button.label.chars().count() > 12);
    let rows = buttons.chunks(if long { 1 } else { 3 }).map(|row| {
        let row = row.iter().map(|button| InlineKeyboardButton::callback(&button.label, &button.data));
        row.collect::<Vec<_>>()
    });
    (!buttons.is_empty() && fidelity != Fidelity::Bare).then(|| InlineKeyboardMarkup::new(rows))
}
