//! Missed messages: what was said in the known channels while no gateway session was open.

use std::collections::HashMap;

use serde_json::Value;
use serenity::model::channel::Message;
use serenity::model::id::{ChannelId, GuildId, MessageId};

use super::rest::{CallError, Rest};

/// How many channels are remembered: the ones that spoke to the bot last.
const CHANNELS: usize = 200;
/// The most messages that Discord lists at once; more than these are not looked for.
const PAGE: usize = 100;

/// The last message that was seen in each channel in which the bot was spoken to in this program's life.
///
/// serenity resumes a session that broke for a moment, and Discord repeats its events. After a longer
/// outage the session is gone and nothing is repeated: then the messages are listed.
#[derive(Default)]
pub(crate) struct Missed {
    heard: HashMap<ChannelId, Heard>,
}

#[derive(Clone, Copy)]
struct Heard {
    last: MessageId,
    guild: Option<GuildId>,
}

impl Missed {
    /// `message` was seen, and heard when it was for the bot: the channel is known from then on.
    pub(crate) fn note(&mut self, message: &Message, heard: bool) {
        if !heard && !self.heard.contains_key(&message.channel_id) {
            return;
        }
        let heard = Heard { last: message.id, guild: message.guild_id };
        self.heard.insert(message.channel_id, heard);
        if self.heard.len() > CHANNELS {
            let oldest = self.heard.iter().min_by_key(|(_, heard)| heard.last).map(|(channel, _)| *channel);
            oldest.and_then(|channel| self.heard.remove(&channel));
        }
    }

    /// What came after the last message of each channel, oldest first.
    pub(crate) async fn fetch(&self, rest: &Rest) -> Vec<Message> {
        let mut missed = Vec::new();
        for (channel, heard) in &self.heard {
            match list(rest, *channel, heard.last).await {
                Ok(messages) => missed.extend(messages.into_iter().map(|message| placed(message, heard.guild))),
                Err(error) => tracing::warn!(%channel, %error, "missed messages not listed"),
            }
        }
        missed.sort_by_key(|message| message.id);
        missed
    }
}

async fn list(rest: &Rest, channel: ChannelId, after: MessageId) -> Result<Vec<Message>, CallError> {
    let listed = rest.list_messages(channel, after, PAGE).await?;
    let Value::Array(listed) = listed else { return Ok(Vec::new()) };
    // A message that cannot be read is left out, as it would be on the gateway.
    Ok(listed.into_iter().filter_map(|message| serde_json::from_value(message).ok()).collect())
}

/// Only messages that come over the gateway say which guild they are in.
fn placed(mut message: Message, guild: Option<GuildId>) -> Message {
    message.guild_id = guild;
    message
}
