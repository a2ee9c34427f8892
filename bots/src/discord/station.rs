//! Discord as the desk sees it: where a reply goes, and through which door.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serenity::model::id::{ApplicationId, ChannelId, MessageId};
use tokio::sync::oneshot;

use super::channel::Channel;
use super::hook::Hook;
use super::incoming;
use super::rest::Rest;
use crate::chat::{Audience, Incoming, IncomingId};
use crate::desk::Messenger;

/// One Discord, for one bot.
pub(crate) struct Station {
    rest: Arc<Rest>,
    /// Known with the first session.
    application: OnceLock<ApplicationId>,
}

/// What a reply needs to know beyond the message that it answers.
pub(crate) enum Origin {
    /// A message in a channel.
    Message,
    /// An interaction whose door may be used once it is acknowledged.
    Interaction(Hook, oneshot::Receiver<bool>),
    /// An interaction that was acknowledged before a restart.
    Reopened(Hook),
}

impl Station {
    pub(crate) fn new(rest: Arc<Rest>) -> Self {
        Self { rest, application: OnceLock::new() }
    }

    /// A session began for this application.
    pub(crate) fn know(&self, application: ApplicationId) {
        // It is the same in every session of a token.
        let _ = self.application.set(application);
    }
}

#[async_trait]
impl Messenger for Station {
    const NAME: &'static str = incoming::PLATFORM;
    type Origin = Origin;
    type Port = Channel;

    fn resume(&self, id: &IncomingId, standing: Vec<String>) -> (Vec<String>, Origin) {
        match (self.application.get(), incoming::message_of(id)) {
            (Some(application), Some(message)) => {
                let (messages, hook) = Hook::resume(*application, message.get(), standing);
                (messages, hook.map_or(Origin::Message, Origin::Reopened))
            }
            _ => (standing, Origin::Message),
        }
    }

    async fn open(&self, incoming: &Incoming, origin: Origin) -> Option<Channel> {
        let id = channel_of(incoming)?;
        // In a direct chat it is plain what is answered. An interaction has no message to point to: Discord
        // finds none under its id and leaves the reference out.
        let question = incoming::message_of(&incoming.id).filter(|_| incoming.place.audience == Audience::Group);
        let (hook, question): (Option<Hook>, Option<MessageId>) = match origin {
            Origin::Message => (None, question),
            Origin::Interaction(hook, acknowledged) => (acknowledged.await.unwrap_or(false).then_some(hook), None),
            Origin::Reopened(hook) => (Some(hook), None),
        };
        Some(Channel::new(Arc::clone(&self.rest), id, incoming.place.key(), question, hook))
    }

    async fn close(&self, channel: Channel) {
        channel.tidy().await;
    }
}

/// The channel that a message came from.
pub(crate) fn channel_of(incoming: &Incoming) -> Option<ChannelId> {
    incoming.place.chat.parse().ok().filter(|id: &u64| *id > 0).map(ChannelId::new)
}
