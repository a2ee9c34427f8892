//! Long polling: an update is confirmed to Telegram only after the tutor has it on disk.

use std::time::Duration;

use teloxide::prelude::*;
use teloxide::types::{AllowedUpdate, ChatId, Me, Update, UpdateKind};
use teloxide::{ApiError, RequestError};
use tokio_util::sync::CancellationToken;

use crate::chat::{Acceptance, Incoming};
use crate::desk::Desk;

use super::errand::{Errand, Errands};
use super::failure::{self, Pause};
use super::{HOLD, Telegram, TelegramError, incoming};

/// Asks for updates and hands them on, in order.
pub(super) struct Poll<'a> {
    bot: Bot,
    me: Me,
    desk: &'a mut Desk<Telegram>,
    errands: &'a mut Errands,
    /// The first update that is not on disk yet. Asking from it on confirms all before.
    offset: i32,
    pause: Pause,
    /// The update whose sender was told that it cannot be taken now.
    refused: Option<i32>,
}

impl<'a> Poll<'a> {
    pub(super) fn new(bot: Bot, me: Me, desk: &'a mut Desk<Telegram>, errands: &'a mut Errands) -> Self {
        Self { bot, me, desk, errands, offset: 0, pause: Pause::default(), refused: None }
    }

    /// Polls until `stop`.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<(), TelegramError> {
        loop {
            let updates = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                updates = self.updates() => updates,
            };
            let wait = match updates {
                Ok(updates) => self.take(&updates, stop).await,
                Err(error) => Some(self.failed(&error).await?),
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait.unwrap_or_default()) => {}
            }
        }
    }

    async fn updates(&self) -> Result<Vec<Update>, RequestError> {
        let call = self.bot.get_updates().offset(self.offset).timeout(HOLD.as_secs() as u32);
        call.allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery]).await
    }

    /// Takes in `updates` up to the first that the tutor cannot store; then it tells how long to wait.
    async fn take(&mut self, updates: &[Update], stop: &CancellationToken) -> Option<Duration> {
        for update in updates {
            if stop.is_cancelled() {
                return None;
            }
            if !self.take_one(update).await {
                return Some(self.pause.next());
            }
            self.offset = update.id.as_offset();
        }
        self.pause.over();
        None
    }

    /// Hands one update to the tutor; false when it could not be stored.
    async fn take_one(&mut self, update: &Update) -> bool {
        if let UpdateKind::Error(_) = &update.kind {
            tracing::warn!(update = update.id.0, "an update of unknown form was passed over");
        }
        if let UpdateKind::CallbackQuery(press) = &update.kind {
            self.errands.run(Errand::Answer(press.id.clone()));
        }
        let Some(incoming) = incoming::read(update, &self.me) else { return true };
        match self.desk.tutor().accept(&incoming).await {
            Ok(Acceptance::New) => self.desk.open(incoming, ()).await,
            Ok(Acceptance::Known) => tracing::debug!(message = %incoming.id, "seen before"),
            Err(unavailable) => {
                tracing::warn!(message = %incoming.id, "a message could not be stored");
                self.apologise(update, &incoming, unavailable.reason);
                return false;
            }
        }
        true
    }

    /// Tells the sender once why nothing comes; the message stays with Telegram and is taken later.
    fn apologise(&mut self, update: &Update, incoming: &Incoming, reason: String) {
        let id = update.id.as_offset();
        let chat = incoming.place.chat.parse().ok().filter(|_| self.refused != Some(id));
        if let Some(chat) = chat.map(ChatId) {
            self.refused = Some(id);
            self.errands.run(Errand::Apology(chat, reason));
        }
    }

    /// How long to wait after an error, unless the token is the cause.
    async fn failed(&mut self, error: &RequestError) -> Result<Duration, TelegramError> {
        let wait = self.pause.after(error).ok_or(TelegramError::WrongToken)?;
        match error {
            RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => {
                tracing::warn!("another program polls for the same bot");
            }
            RequestError::Api(error) if error.to_string().contains("webhook is active") => {
                tracing::warn!("the bot has a webhook, which is removed");
                let _removed = self.bot.delete_webhook().await;
            }
            error => tracing::warn!(cause = failure::name(error), "no updates from telegram"),
        }
        Ok(wait)
    }
}
