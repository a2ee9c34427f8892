//! From Discord's events to the port's: pure functions from a message or an interaction to what was meant.

use serenity::model::application::{
    CommandDataOptionValue, CommandInteraction, ComponentInteraction, InteractionContext,
};
use serenity::model::channel::{Attachment, Message, MessageType};
use serenity::model::id::{ChannelId, GuildId, InteractionId, MessageId, UserId};
use serenity::model::user::User;

use crate::chat::{AccountId, Audience, CommandSpec, Content, FileRef, Incoming, IncomingId, Place, Surface};
use crate::typed::{self, Typed};

/// The platform's name in ids and keys.
pub(crate) const PLATFORM: &str = "discord";
/// The longest message, in characters.
pub(crate) const MESSAGE_LIMIT: usize = 2000;
/// The largest file that members of a well boosted server can attach, in bytes.
const UPLOAD_LIMIT: u64 = 100 * 1024 * 1024;

/// What `message` means to the bot `me`: nothing, a text, a command of `commands` that was typed as text, or one
/// file after the other.
///
/// A direct message is always for the bot; in a channel those are that mention it or reply to it. Only the
/// gateway tells in which it was said. The text that came with files is the caption of the first.
pub(crate) fn message(message: &Message, audience: Audience, me: UserId, commands: &[CommandSpec]) -> Vec<Incoming> {
    let written = matches!(message.kind, MessageType::Regular | MessageType::InlineReply);
    let addressed = audience == Audience::Direct || is_addressed(message, me);
    if message.author.bot || message.webhook_id.is_some() || !written || !addressed {
        return Vec::new();
    }
    let text = without_mention(&message.content, me);
    let incoming = |id: String, content: Content| Incoming {
        id: IncomingId(id),
        account: account(&message.author),
        name: name(&message.author),
        locale: None,
        place: place(message.channel_id, audience),
        surface: surface(),
        content,
    };
    if message.attachments.is_empty() {
        return vec![incoming(message_id(message.id), said(text, commands))];
    }
    let file = |(n, attachment): (usize, &Attachment)| {
        let caption = if n == 0 { text.clone() } else { String::new() };
        incoming(format!("{}:{n}", message_id(message.id)), Content::File(file(attachment, caption)))
    };
    message.attachments.iter().enumerate().map(file).collect()
}

fn message_id(id: MessageId) -> String {
    format!("{PLATFORM}:{id}")
}

/// The message that an incoming's id names, when it names one.
pub(crate) fn message_of(id: &IncomingId) -> Option<MessageId> {
    let id = id.0.strip_prefix(PLATFORM)?.strip_prefix(':')?;
    let number: u64 = id.split(':').next()?.parse().ok()?;
    (number > 0).then(|| MessageId::new(number))
}

/// What the slash command means.
pub(crate) fn command(interaction: &CommandInteraction) -> Incoming {
    let data = &interaction.data;
    let option = data.options.first().map(|option| &option.value);
    let content = match option {
        Some(CommandDataOptionValue::Attachment(id)) if data.resolved.attachments.contains_key(id) => {
            Content::File(file(&data.resolved.attachments[id], String::new()))
        }
        Some(CommandDataOptionValue::String(text)) => named(&data.name, text.trim()),
        _ => named(&data.name, ""),
    };
    let place = place(interaction.channel_id, context(interaction.guild_id, interaction.context));
    by_interaction(interaction.id, &interaction.user, &interaction.locale, place, content)
}

fn named(name: &str, argument: &str) -> Content {
    Content::Command { name: name.to_owned(), argument: argument.to_owned() }
}

/// What the pressed button means.
pub(crate) fn press(interaction: &ComponentInteraction) -> Incoming {
    let content = Content::Press { data: interaction.data.custom_id.clone() };
    let place = place(interaction.channel_id, context(interaction.guild_id, interaction.context));
    by_interaction(interaction.id, &interaction.user, &interaction.locale, place, content)
}

fn by_interaction(id: InteractionId, user: &User, locale: &str, place: Place, content: Content) -> Incoming {
    Incoming {
        id: IncomingId(format!("{PLATFORM}:{id}")),
        account: account(user),
        name: name(user),
        locale: Some(locale.to_owned()),
        place,
        surface: surface(),
        content,
    }
}

/// A reply to the bot counts as addressed also when its author has switched the ping off.
fn is_addressed(message: &Message, me: UserId) -> bool {
    let answered = message.referenced_message.as_ref().is_some_and(|earlier| earlier.author.id == me);
    answered || message.mentions.iter().any(|user| user.id == me)
}

/// Discord's client sends a command that was pasted as text; what begins like one of ours is meant as one.
fn said(text: String, commands: &[CommandSpec]) -> Content {
    if text.is_empty() {
        return Content::Unreadable;
    }
    match typed::command(&text).filter(|typed| commands.iter().any(|known| known.name == typed.name)) {
        Some(Typed { name, argument, .. }) => named(&name, argument),
        None => Content::Text(text),
    }
}

/// `text` without mentions of the bot, and without the space that they leave behind.
fn without_mention(text: &str, me: UserId) -> String {
    let bare = text.replace(&format!("<@{me}>"), "").replace(&format!("<@!{me}>"), "");
    if bare.len() == text.len() { text.trim().to_owned() } else { bare.replace("  ", " ").trim().to_owned() }
}

fn account(user: &User) -> AccountId {
    AccountId::new(PLATFORM, user.id)
}

fn name(user: &User) -> Option<String> {
    Some(user.global_name.clone().unwrap_or_else(|| user.name.clone()))
}

pub(crate) fn audience(guild: Option<GuildId>) -> Audience {
    if guild.is_some() { Audience::Group } else { Audience::Direct }
}

/// An application that a person installed for themselves can be called in chats of other people.
fn context(guild: Option<GuildId>, context: Option<InteractionContext>) -> Audience {
    if context == Some(InteractionContext::PrivateChannel) { Audience::Group } else { audience(guild) }
}

/// Threads are channels of their own in Discord, so the channel alone names the conversation.
pub(crate) fn place(channel: ChannelId, audience: Audience) -> Place {
    Place { platform: PLATFORM.to_owned(), chat: channel.to_string(), thread: None, audience }
}

fn surface() -> Surface {
    Surface { message_limit: MESSAGE_LIMIT, edits: true, buttons: true, files: true, upload_limit: UPLOAD_LIMIT }
}

fn file(attachment: &Attachment, caption: String) -> FileRef {
    FileRef {
        name: attachment.filename.clone(),
        size: attachment.size.into(),
        reference: attachment.url.clone(),
        caption,
    }
}
