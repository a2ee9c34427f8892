//! The adapter proper: each event is accepted by the tutor, and its reply delivered by the desk.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use serenity::http::Route;
use serenity::model::channel::Message;
use serenity::model::id::{ApplicationId, ChannelId, MessageId, UserId};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::gateway::{Event, Receipt};
use super::hook::Hook;
use super::missed::{Found, Missed};
use super::rest::{CallError, Rest};
use super::station::{Origin, Station, channel_of};
use super::{FIRST_PAUSE, LONGEST_PAUSE, commands, incoming};
use crate::chat::{Acceptance, Audience, CommandSpec, Files, Incoming, Mark, Tutor, Unavailable};
use crate::delivery::{Fidelity, Opening, Port, Post};
use crate::desk::{Desk, Messenger};

/// Who the bot is, known with the first session.
#[derive(Clone, Copy)]
struct Bot {
    user: UserId,
    application: ApplicationId,
}

/// What is known while Discord is served.
pub(crate) struct Adapter {
    rest: Arc<Rest>,
    desk: Desk<Station>,
    commands: Vec<CommandSpec>,
    bot: Option<Bot>,
    ready: Option<oneshot::Sender<()>>,
    missed: Missed,
    /// One task for each message that could not be taken.
    excuses: JoinSet<()>,
    /// What else goes on; it is given up when the adapter stops.
    errands: JoinSet<()>,
}

impl Adapter {
    pub(crate) fn new(
        rest: Arc<Rest>,
        files: Arc<dyn Files>,
        tutor: Arc<dyn Tutor>,
        ready: oneshot::Sender<()>,
    ) -> Self {
        let commands = tutor.commands();
        Self {
            desk: Desk::new(Station::new(Arc::clone(&rest)), tutor, files),
            rest,
            commands,
            bot: None,
            ready: Some(ready),
            missed: Missed::default(),
            excuses: JoinSet::new(),
            errands: JoinSet::new(),
        }
    }

    /// Waits for messages that were missed; for ever when there are none.
    pub(crate) async fn missed(&mut self) -> Found {
        self.missed.next().await
    }

    /// Deals with one event; returns as soon as the reply is asked for.
    pub(crate) async fn take(&mut self, event: Event) {
        match (event, self.bot) {
            (Event::Ready { me, application }, _) => self.begin(Bot { user: me, application }).await,
            (Event::Message(message), Some(bot)) => {
                if let Some(message) = self.missed.admit(*message) {
                    self.hear(&message, bot).await;
                }
            }
            (Event::Command(command, receipt), Some(bot)) => {
                let hook = Hook::new(bot.application, command.token.clone(), true);
                self.obey(incoming::command(&command), hook, receipt).await;
            }
            (Event::Press(press, receipt), Some(bot)) => {
                let hook = Hook::new(bot.application, press.token.clone(), false);
                self.obey(incoming::press(&press), hook, receipt).await;
            }
            // Nothing comes before READY.
            (_, None) => {}
        }
    }

    /// A session begins: the first one of this program, or a later one after a gap. Either way something may
    /// have been said while nobody listened.
    async fn begin(&mut self, bot: Bot) {
        tracing::info!("discord session begun");
        if self.bot.replace(bot).is_none() {
            self.begin_first(bot).await;
        }
        self.missed.look(&self.rest);
    }

    async fn begin_first(&mut self, bot: Bot) {
        self.desk.messenger().know(bot.application);
        self.missed.remember(self.desk.tutor().marks(incoming::PLATFORM).await);
        let commands = commands::overwrite(&self.commands);
        self.errands.spawn(register(Arc::clone(&self.rest), bot.application, commands));
        self.desk.resume().await;
        if let Some(ready) = self.ready.take() {
            // Nobody has to wait for it.
            let _ = ready.send(());
        }
    }

    /// A message as it is said.
    async fn hear(&mut self, message: &Message, bot: Bot) {
        let audience = incoming::audience(message.guild_id);
        let heard = incoming::message(message, audience, bot.user, &self.commands);
        let (spoken_to, channel) = (!heard.is_empty(), message.channel_id);
        for incoming in heard {
            let accepted = self.desk.tutor().accept(&incoming).await;
            self.answer(incoming, accepted, Origin::Message).await;
        }
        if spoken_to {
            self.mark(channel, message.id, audience).await;
        } else if self.missed.knows(channel) {
            self.missed.note(channel, message.id, audience);
        }
    }

    /// Messages that were missed: all are put on disk, and answered some at a time, like those that a restart
    /// has left.
    pub(crate) async fn catch_up(&mut self, found: Found) {
        let Some(bot) = self.bot else { return };
        let Found { channel, audience, messages, upto } = found;
        for message in &messages {
            for incoming in incoming::message(message, audience, bot.user, &self.commands) {
                match self.desk.tutor().accept(&incoming).await {
                    Ok(Acceptance::New) => self.desk.look_through(&incoming.place),
                    Ok(Acceptance::Known) => {}
                    Err(unavailable) => self.excuse(incoming, unavailable.reason, Origin::Message),
                }
            }
        }
        self.mark(channel, upto, audience).await;
    }

    /// An interaction is acknowledged when it is on disk, with its door, so that after a crash no message waits for
    /// its text for ever.
    async fn obey(&mut self, incoming: Incoming, hook: Hook, receipt: Receipt) {
        let accepted = self.desk.tutor().accept(&incoming).await;
        if let (Ok(Acceptance::New), Some(note)) = (&accepted, hook.note_to_self()) {
            self.desk.tutor().standing(&incoming.id, &[note]).await;
        }
        let (id, audience) = (incoming::message_of(&incoming.id), incoming.place.audience);
        let channel = channel_of(&incoming);
        self.answer(incoming, accepted, Origin::Interaction(hook, receipt.keep())).await;
        // It tells nothing of the messages before it, unless the channel is new.
        if let (Some(channel), Some(id)) = (channel, id)
            && !self.missed.knows(channel)
        {
            self.mark(channel, id, audience).await;
        }
    }

    /// `channel` was heard up to the message `last`; a restart goes on from there.
    async fn mark(&mut self, channel: ChannelId, last: MessageId, audience: Audience) {
        self.missed.note(channel, last, audience);
        let place = incoming::place(channel, audience);
        self.desk.tutor().mark(&Mark { place, at: last.to_string() }).await;
    }

    /// Begins to answer what was put on disk; a copy of one that is known is dropped.
    async fn answer(&mut self, incoming: Incoming, accepted: Result<Acceptance, Unavailable>, origin: Origin) {
        match accepted {
            Ok(Acceptance::New) => self.desk.open(incoming, origin).await,
            Ok(Acceptance::Known) => tracing::debug!(message = %incoming.id, "message came again"),
            Err(unavailable) => self.excuse(incoming, unavailable.reason, origin),
        }
    }

    /// Tells that the message could not be taken; Discord will not offer it again.
    fn excuse(&mut self, incoming: Incoming, reason: String, origin: Origin) {
        while self.excuses.try_join_next().is_some() {}
        let station = Station::new(Arc::clone(&self.rest));
        self.excuses.spawn(async move {
            let Some(channel) = station.open(&incoming, origin).await else { return };
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
        self.desk.drain().await;
        while self.excuses.join_next().await.is_some() {}
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
