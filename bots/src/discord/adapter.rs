//! The adapter proper: each event is accepted by the tutor, each reply delivered by a task of its own.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use serenity::http::Route;
use serenity::model::application::CommandInteraction;
use serenity::model::channel::Message;
use serenity::model::id::{ApplicationId, ChannelId, MessageId, UserId};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::channel::{Channel, Hook};
use super::files::Downloads;
use super::gateway::{Acknowledged, Event};
use super::missed::Missed;
use super::rest::{CallError, Rest};
use super::{FIRST_PAUSE, LONGEST_PAUSE, commands, incoming};
use crate::chat::{Acceptance, Audience, Files, Incoming, Tutor};
use crate::delivery::{Budgets, Fidelity, Job, Opening, Port, Post, Start, deliver};

/// Who the bot is, known with the first session.
#[derive(Clone, Copy)]
struct Bot {
    user: UserId,
    application: ApplicationId,
}

/// What is known while Discord is served.
pub(crate) struct Adapter {
    rest: Arc<Rest>,
    tutor: Arc<dyn Tutor>,
    files: Arc<Downloads>,
    budgets: Arc<Budgets>,
    bot: Option<Bot>,
    ready: Option<oneshot::Sender<()>>,
    missed: Missed,
    /// One task for each reply; they end with the adapter.
    deliveries: JoinSet<()>,
    /// What else goes on; it is given up when the adapter stops.
    errands: JoinSet<()>,
}

/// What a reply needs to know beyond the message that it answers.
enum Origin {
    /// A message in a channel.
    Message,
    /// An interaction whose door may be used once it is acknowledged.
    Interaction(Hook, Acknowledged),
}

impl Adapter {
    pub(crate) fn new(
        rest: Arc<Rest>,
        files: Arc<Downloads>,
        tutor: Arc<dyn Tutor>,
        ready: oneshot::Sender<()>,
    ) -> Self {
        Self {
            rest,
            tutor,
            files,
            budgets: Arc::default(),
            bot: None,
            ready: Some(ready),
            missed: Missed::default(),
            deliveries: JoinSet::new(),
            errands: JoinSet::new(),
        }
    }

    /// Waits until a delivery ends, and forgets it; for ever while there is none.
    pub(crate) async fn reap(&mut self) {
        if self.deliveries.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Deals with one event; returns as soon as the reply is asked for.
    pub(crate) async fn take(&mut self, event: Event) {
        match (event, self.bot) {
            (Event::Ready { me, application }, _) => self.begin(Bot { user: me, application }).await,
            (Event::Message(message), Some(bot)) => self.hear(&message, bot).await,
            (Event::Command(command, acknowledged), Some(bot)) => self.obey(&command, acknowledged, bot).await,
            (Event::Press(press, acknowledged), Some(bot)) => {
                let hook = Hook::new(bot.application, press.token.clone(), false);
                self.accept(incoming::press(&press), Origin::Interaction(hook, acknowledged)).await;
            }
            // Nothing comes before READY.
            (_, None) => {}
        }
    }

    /// A session begins: the first one of this program, or a later one after a gap.
    async fn begin(&mut self, bot: Bot) {
        tracing::info!("discord session begun");
        if self.bot.replace(bot).is_some() {
            return self.catch_up(bot).await;
        }
        let commands = commands::overwrite(&self.tutor.commands());
        self.errands.spawn(register(Arc::clone(&self.rest), bot.application, commands));
        for pending in self.tutor.pending(incoming::PLATFORM).await {
            self.deliver(pending.incoming, Start::Resumed(pending.standing), Origin::Message).await;
        }
        if let Some(ready) = self.ready.take() {
            // Nobody has to wait for it.
            let _ = ready.send(());
        }
    }

    async fn catch_up(&mut self, bot: Bot) {
        for message in self.missed.fetch(&self.rest).await {
            self.hear(&message, bot).await;
        }
    }

    async fn hear(&mut self, message: &Message, bot: Bot) {
        let heard = incoming::message(message, bot.user);
        self.missed.note(message, !heard.is_empty());
        for incoming in heard {
            self.accept(incoming, Origin::Message).await;
        }
    }

    async fn obey(&mut self, command: &CommandInteraction, acknowledged: Acknowledged, bot: Bot) {
        let hook = Hook::new(bot.application, command.token.clone(), true);
        self.accept(incoming::command(command), Origin::Interaction(hook, acknowledged)).await;
    }

    /// Puts the message on disk and begins to answer; a copy of one that is known is dropped.
    async fn accept(&mut self, incoming: Incoming, origin: Origin) {
        match self.tutor.accept(&incoming).await {
            Ok(Acceptance::New) => self.deliver(incoming, Start::Fresh, origin).await,
            Ok(Acceptance::Known) => tracing::debug!(message = %incoming.id, "message came again"),
            Err(unavailable) => self.excuse(incoming, unavailable.reason, origin),
        }
    }

    async fn deliver(&mut self, incoming: Incoming, start: Start, origin: Origin) {
        let Some(place) = Destination::of(&incoming) else {
            return tracing::warn!(message = %incoming.id, "message names no channel of discord");
        };
        let job = Job { id: incoming.id.clone(), start };
        let files = Arc::clone(&self.files) as Arc<dyn Files>;
        // Asked for here, so that the order of messages is the order of their replies.
        let replies = self.tutor.reply(incoming, files).await;
        let (rest, tutor, budgets) = (Arc::clone(&self.rest), Arc::clone(&self.tutor), Arc::clone(&self.budgets));
        self.deliveries.spawn(async move {
            let channel = place.open(rest, origin).await;
            deliver(job, replies, &channel, tutor.as_ref(), &budgets).await;
            channel.tidy().await;
        });
    }

    /// Tells that the message could not be taken; Discord will not offer it again.
    fn excuse(&mut self, incoming: Incoming, reason: String, origin: Origin) {
        let Some(place) = Destination::of(&incoming) else { return };
        let rest = Arc::clone(&self.rest);
        self.deliveries.spawn(async move {
            let channel = place.open(rest, origin).await;
            let nonce = incoming.id.0.chars().rev().take(20).collect();
            let sent = channel.send(&Opening { index: 0, nonce }, &Post::line(&reason), Fidelity::Full).await;
            if let Err(failure) = sent {
                tracing::warn!(message = %incoming.id, ?failure, "excuse not sent");
            }
        });
    }

    /// Waits until the replies in progress stand or were cut off by the tutor.
    pub(crate) async fn drain(&mut self) {
        self.errands.abort_all();
        while self.deliveries.join_next().await.is_some() {}
    }
}

/// The channel in which a message is answered, before its delivery begins.
struct Destination {
    channel: ChannelId,
    key: String,
    question: Option<MessageId>,
}

impl Destination {
    fn of(incoming: &Incoming) -> Option<Self> {
        let channel = incoming.place.chat.parse::<u64>().ok().filter(|id| *id > 0)?;
        // In a direct chat it is plain what is answered. An interaction has no message to point to: Discord
        // finds none under its id and leaves the reference out.
        let question = incoming::message_of(&incoming.id).filter(|_| incoming.place.audience == Audience::Group);
        Some(Self { channel: ChannelId::new(channel), key: incoming.place.key(), question })
    }

    async fn open(self, rest: Arc<Rest>, origin: Origin) -> Channel {
        let (hook, question) = match origin {
            Origin::Message => (None, self.question),
            Origin::Interaction(hook, acknowledged) => (acknowledged.await.unwrap_or(false).then_some(hook), None),
        };
        Channel::new(rest, self.channel, self.key, question, hook)
    }
}

/// Replaces the application's commands; tries until it is done or Discord refuses them.
async fn register(rest: Arc<Rest>, application_id: ApplicationId, commands: Value) {
    let mut pause = FIRST_PAUSE;
    loop {
        let wait = match rest.call(Method::PUT, Route::Commands { application_id }, &commands).await {
            Ok(_) => return tracing::info!("discord commands registered"),
            Err(error @ CallError::Refused { .. }) => return tracing::error!(%error, "discord commands refused"),
            Err(CallError::Limited { after, .. }) => after,
            Err(error) => {
                tracing::warn!(%error, "discord commands not registered yet");
                pause
            }
        };
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
