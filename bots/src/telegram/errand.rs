//! Errands: small calls outside of any reply, beside everything else.

use teloxide::prelude::*;
use teloxide::types::{BotCommand, CallbackQueryId, ChatId};
use tokio::task::JoinSet;

use super::failure::{self, Pause};

/// A small call outside of any reply.
pub(super) enum Errand {
    /// Tell Telegram the commands, by language.
    Menu(Vec<(Option<String>, Vec<BotCommand>)>),
    /// Stop the waiting sign on a button that was pressed.
    Answer(CallbackQueryId),
    /// Say why a message cannot be taken now.
    Apology(ChatId, String),
}

/// The errands that are being run. Dropping it gives them up.
pub(super) struct Errands {
    bot: Bot,
    running: JoinSet<()>,
}

impl Errands {
    pub(super) fn new(bot: Bot) -> Self {
        Self { bot, running: JoinSet::new() }
    }

    /// Begins one.
    pub(super) fn run(&mut self, errand: Errand) {
        while self.running.try_join_next().is_some() {}
        self.running.spawn(run(self.bot.clone(), errand));
    }

    /// Waits for the end of all.
    pub(super) async fn drain(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

async fn run(bot: Bot, errand: Errand) {
    match errand {
        Errand::Menu(menus) => {
            for (language, commands) in menus {
                set_menu(&bot, language, commands).await;
            }
        }
        Errand::Answer(id) => {
            // A press that was answered before, or too late, needs no answer.
            let _answered = bot.answer_callback_query(id).await;
        }
        Errand::Apology(chat, reason) => {
            let _said = bot.send_message(chat, reason).await;
        }
    }
}

/// The menu is a convenience: after some attempts the bot does without.
async fn set_menu(bot: &Bot, language: Option<String>, commands: Vec<BotCommand>) {
    let mut pause = Pause::default();
    for _ in 0..5 {
        let mut call = bot.set_my_commands(commands.clone());
        call.language_code.clone_from(&language);
        let Err(error) = call.await else { return };
        tracing::warn!(cause = failure::name(&error), "the menu of commands was not taken");
        let Some(wait) = pause.after(&error) else { return };
        tokio::time::sleep(wait).await;
    }
}
