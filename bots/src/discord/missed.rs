//! Missed messages: what was said in the known channels while no gateway session was open.
//!
//! serenity resumes a session that broke for a moment, and Discord repeats its events. After a longer outage,
//! or a restart, nothing is repeated: then the messages after the last one that was heard are listed, page by
//! page, beside the events that come. Those of a channel that is being listed wait, so that their order holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use serenity::model::channel::Message;
use serenity::model::id::{ChannelId, MessageId};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::list::{Page, listed};
use super::rest::Rest;
use super::snowflake;
use crate::chat::{Audience, Mark};

mod list;

/// How many channels are remembered: the ones that spoke to the bot last.
const CHANNELS: usize = 200;
/// How many channels are listed at the same time.
const SIDE_BY_SIDE: usize = 4;
/// Messages of a channel that wait while it is listed; more of them are heard at once.
const HELD: usize = 200;
/// What was said longer ago is not answered any more.
const ANSWERED_FOR: Duration = Duration::from_secs(3 * 24 * 3600);

/// How far each channel was heard in which the bot was spoken to.
#[derive(Default)]
pub(crate) struct Missed {
    channels: HashMap<ChannelId, Heard>,
    /// From the listing that is under way.
    pages: Option<mpsc::Receiver<Page>>,
    listing: Option<AbortHandle>,
}

struct Heard {
    last: MessageId,
    audience: Audience,
    /// While the channel is listed: what came over the gateway.
    held: Option<Vec<Message>>,
}

/// What was missed in one channel, or a part of it.
pub(crate) struct Found {
    pub(crate) channel: ChannelId,
    pub(crate) audience: Audience,
    pub(crate) messages: Vec<Message>,
    /// How far the channel is heard when these are.
    pub(crate) upto: MessageId,
}

impl Missed {
    /// Learns of the channels that were heard in an earlier life of the program.
    pub(crate) fn remember(&mut self, marks: Vec<Mark>) {
        for Mark { place, at } in marks {
            if let (Some(channel @ 1..), Some(last @ 1..)) = (place.chat.parse().ok(), at.parse().ok()) {
                self.note(ChannelId::new(channel), MessageId::new(last), place.audience);
            }
        }
    }

    /// Whether the bot was spoken to in `channel`.
    pub(crate) fn knows(&self, channel: ChannelId) -> bool {
        self.channels.contains_key(&channel)
    }

    /// `channel` was heard up to the message `last`, and is known from then on.
    pub(crate) fn note(&mut self, channel: ChannelId, last: MessageId, audience: Audience) {
        let heard = self.channels.entry(channel).or_insert(Heard { last, audience, held: None });
        heard.last = heard.last.max(last);
        if self.channels.len() > CHANNELS {
            let oldest = self.channels.iter().min_by_key(|(_, heard)| heard.last).map(|(channel, _)| *channel);
            oldest.and_then(|channel| self.channels.remove(&channel));
        }
    }

    /// Gives `message` back unless it has to wait until its channel is listed.
    pub(crate) fn admit(&mut self, message: Message) -> Option<Message> {
        match self.channels.get_mut(&message.channel_id).and_then(|heard| heard.held.as_mut()) {
            Some(held) if held.len() < HELD => held.push(message),
            _ => return Some(message),
        }
        None
    }

    /// Begins to list what was missed in all channels; what was being listed before is given up.
    pub(crate) fn look(&mut self, rest: &Arc<Rest>) {
        if let Some(listing) = self.listing.take() {
            listing.abort();
        }
        let oldest = snowflake::first_at(SystemTime::now() - ANSWERED_FOR).max(1);
        for heard in self.channels.values_mut() {
            heard.held.get_or_insert_default();
        }
        let from: Vec<_> =
            self.channels.iter().map(|(channel, heard)| (*channel, heard.last.get().max(oldest))).collect();
        // Pages that were on their way are dropped with the old receiver: they are listed anew.
        let (sender, pages) = mpsc::channel(1);
        self.pages = Some(pages);
        let rest = Arc::clone(rest);
        let work = futures::stream::iter(from).for_each_concurrent(SIDE_BY_SIDE, move |(channel, after)| {
            listed(Arc::clone(&rest), channel, MessageId::new(after), sender.clone())
        });
        self.listing = Some(tokio::spawn(work).abort_handle());
    }

    /// Waits for the next messages that were missed; for ever when there are none.
    pub(crate) async fn next(&mut self) -> Found {
        while let Some(pages) = &mut self.pages {
            match pages.recv().await {
                Some(page) => {
                    if let Some(found) = self.found(page) {
                        return found;
                    }
                }
                None => self.pages = None,
            }
        }
        std::future::pending().await
    }

    fn found(&mut self, page: Page) -> Option<Found> {
        let heard = self.channels.get_mut(&page.channel)?;
        let mut messages = page.messages;
        if page.last {
            messages.extend(heard.held.take().unwrap_or_default());
        }
        let upto = messages.iter().map(|message| message.id).max()?.max(page.upto);
        Some(Found { channel: page.channel, audience: heard.audience, messages, upto })
    }
}

impl Drop for Missed {
    fn drop(&mut self) {
        if let Some(listing) = self.listing.take() {
            listing.abort();
        }
    }
}
