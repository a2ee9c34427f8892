//! Reading updates: what a person did, if it concerns the bot at all. Pure.

use teloxide::types::{
    CallbackQuery, Chat, Document, MaybeInaccessibleMessage, Me, MediaKind, Message, MessageKind, Update, UpdateKind,
    User,
};

use crate::chat::{AccountId, Audience, Content, FileRef, Incoming, IncomingId, Place, Surface};
use crate::typed::{self, Typed};

use super::PLATFORM;

/// The largest file that the Bot API hands to a bot (core.telegram.org/bots/api#getfile).
const UPLOAD: u64 = 20 * 1024 * 1024;

/// What the place can do.
pub(super) fn surface() -> Surface {
    Surface { message_limit: 4096, edits: true, buttons: true, files: true, upload_limit: UPLOAD }
}

/// What `update` means for the bot `me`; `None` when it is not addressed to it.
pub(super) fn read(update: &Update, me: &Me) -> Option<Incoming> {
    match &update.kind {
        UpdateKind::Message(message) => said(update, message, me),
        UpdateKind::CallbackQuery(press) => pressed(update, press, me),
        _ => None,
    }
}

fn said(update: &Update, message: &Message, me: &Me) -> Option<Incoming> {
    let account = message.from.as_ref().filter(|user| !user.is_bot)?;
    if !is_said(message) {
        return None;
    }
    let place = place(&message.chat, message)?;
    let content = content(message, me, place.audience)?;
    let id = match place.audience {
        Audience::Direct => update_id(update, me),
        Audience::Group => format!("{}#{}", update_id(update, me), message.id.0),
    };
    Some(incoming(id, account, place, content))
}

/// Updates are numbered for each bot: another one in the same data folder has the same numbers.
fn update_id(update: &Update, me: &Me) -> String {
    format!("{PLATFORM}:{}:{}", me.user.id, update.id.0)
}

/// A person said it; all else tells about the chat. What teloxide does not know counts: it wants an answer.
fn is_said(message: &Message) -> bool {
    match &message.kind {
        MessageKind::Common(common) => !matches!(common.media_kind, MediaKind::Migration(_)),
        MessageKind::Dice(_) | MessageKind::Empty {} => true,
        _ => false,
    }
}

fn pressed(update: &Update, press: &CallbackQuery, me: &Me) -> Option<Incoming> {
    let data = press.data.clone()?;
    let place = match press.message.as_ref()? {
        MaybeInaccessibleMessage::Regular(message) => place(&message.chat, message)?,
        MaybeInaccessibleMessage::Inaccessible(message) => bare_place(&message.chat)?,
    };
    Some(incoming(update_id(update, me), &press.from, place, Content::Press { data }))
}

fn incoming(id: String, account: &User, place: Place, content: Content) -> Incoming {
    Incoming {
        id: IncomingId(id),
        account: AccountId::new(PLATFORM, account.id),
        name: Some(account.full_name()),
        locale: account.language_code.clone(),
        place,
        surface: surface(),
        content,
    }
}

fn place(chat: &Chat, message: &Message) -> Option<Place> {
    let thread = message.thread_id.filter(|_| message.is_topic_message);
    Some(Place { thread: thread.map(|thread| thread.to_string()), ..bare_place(chat)? })
}

fn bare_place(chat: &Chat) -> Option<Place> {
    let audience = match (chat.is_private(), chat.is_group() || chat.is_supergroup()) {
        (true, _) => Audience::Direct,
        (_, true) => Audience::Group,
        _ => return None,
    };
    Some(Place { platform: PLATFORM.to_owned(), chat: chat.id.to_string(), thread: None, audience })
}

/// What a message says to the bot. In a group it must be addressed: by a command, a mention or a reply.
fn content(message: &Message, me: &Me, audience: Audience) -> Option<Content> {
    let text = message.text().or(message.caption()).unwrap_or_default();
    let (text, mentioned) = without_mention(text, me.user.username.as_deref().unwrap_or_default());
    let command = typed::command(&text);
    if command.as_ref().is_some_and(|command| !is_for(command, me)) {
        return None;
    }
    let answers =
        message.reply_to_message().and_then(|other| other.from.as_ref()).is_some_and(|user| user.id == me.user.id);
    if audience == Audience::Group && !(mentioned || answers || command.is_some()) {
        return None;
    }
    Some(match (message.document(), command) {
        (Some(document), _) => Content::File(file(document, text.clone())),
        (None, Some(Typed { name, argument, .. })) => Content::Command { name, argument: argument.to_owned() },
        (None, None) if text.is_empty() => Content::Unreadable,
        (None, None) => Content::Text(text),
    })
}

fn file(document: &Document, caption: String) -> FileRef {
    FileRef {
        name: document.file_name.clone().unwrap_or_else(|| "file".to_owned()),
        size: u64::from(document.file.size),
        reference: document.file.id.0.clone(),
        caption,
    }
}

/// Whether no bot is named behind the command, or this one.
fn is_for(command: &Typed<'_>, me: &Me) -> bool {
    let mine = me.user.username.as_deref().unwrap_or_default();
    command.bot.is_none_or(|bot| bot.eq_ignore_ascii_case(mine))
}

/// `text` without the first mention of `@name`, and whether there was one. The name in `/cmd@name` is none.
fn without_mention(text: &str, name: &str) -> (String, bool) {
    let lower = text.to_ascii_lowercase();
    let mention = format!("@{}", name.to_ascii_lowercase());
    let whole_word = |at: usize| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..at].chars().next_back().is_some_and(|c| word(c) || c == '/');
        let after = text[at + mention.len()..].chars().next().is_some_and(word);
        !before && !after
    };
    let found = lower.match_indices(&mention).map(|(at, _)| at).find(|at| whole_word(*at));
    let Some(at) = found.filter(|_| !name.is_empty()) else { return (text.trim().to_owned(), false) };
    let (before, after) = (text[..at].trim_end(), text[at + mention.len()..].trim_start_matches([',', ':', ' ']));
    let gap = if before.is_empty() || after.is_empty() { "" } else { " " };
    (format!("{before}{gap}{after}").trim().to_owned(), true)
}

#[cfg(test)]
mod tests;
