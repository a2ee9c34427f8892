//! Listing: the messages of a channel after one of them, in pages, through limits and faults of the network.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serenity::model::channel::Message;
use serenity::model::id::{ChannelId, MessageId};
use tokio::sync::mpsc;

use super::super::rest::{CallError, Rest};
use super::super::{FIRST_PAUSE, LONGEST_PAUSE};

/// The most messages that Discord lists at once.
const PAGE: usize = 100;
/// The most pages of a channel that are looked through.
const PAGES: usize = 10;
/// How often a page is asked for in vain. The pauses between are half an hour together; the next session
/// begins anew.
const ATTEMPTS: u32 = 36;

/// One page of a channel.
pub(super) struct Page {
    pub(super) channel: ChannelId,
    /// Oldest first. A message that cannot be read is left out, as it would be on the gateway.
    pub(super) messages: Vec<Message>,
    /// The last message on it, or the one that it was to follow.
    pub(super) upto: MessageId,
    /// Nothing more comes of this channel.
    pub(super) last: bool,
}

/// Sends all pages of `channel` after the message `after`; the last one also when it could not be had.
pub(super) async fn listed(rest: Arc<Rest>, channel: ChannelId, after: MessageId, sender: mpsc::Sender<Page>) {
    let mut upto = after;
    for number in 1..=PAGES {
        let listed = patiently(&rest, channel, upto).await.unwrap_or_default();
        let ids = listed.iter().filter_map(|message| message["id"].as_str()?.parse::<u64>().ok());
        upto = ids.filter(|id| *id > 0).map(MessageId::new).max().unwrap_or(upto).max(upto);
        let last = listed.len() < PAGE || number == PAGES;
        if last && listed.len() == PAGE {
            tracing::warn!(%channel, "too many messages were missed, the later ones are passed over");
        }
        let mut messages: Vec<Message> =
            listed.into_iter().filter_map(|message| serde_json::from_value(message).ok()).collect();
        messages.sort_by_key(|message| message.id);
        if sender.send(Page { channel, messages, upto, last }).await.is_err() || last {
            return;
        }
    }
}

/// One page as Discord lists it; `None` when it cannot be had.
async fn patiently(rest: &Rest, channel: ChannelId, after: MessageId) -> Option<Vec<Value>> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..ATTEMPTS {
        let wait = match rest.list_messages(channel, after, PAGE).await {
            Ok(Value::Array(listed)) => return Some(listed),
            Ok(_) => return None,
            Err(error @ CallError::Refused { .. }) => {
                tracing::warn!(%channel, %error, "missed messages not listed");
                return None;
            }
            Err(CallError::Limited { after, .. }) => after.max(Duration::from_millis(1)),
            Err(error) => {
                tracing::debug!(%channel, %error, "missed messages not listed yet");
                pause = (pause * 2).min(LONGEST_PAUSE);
                pause
            }
        };
        tokio::time::sleep(wait).await;
    }
    tracing::warn!(%channel, "missed messages not listed, given up");
    None
}
