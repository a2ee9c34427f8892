//! The desk: one ordered queue a place, each with a task that delivers its replies one after another.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use teloxide::prelude::*;
use teloxide::types::{BotCommand, CallbackQueryId, ChatId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::chat::{Files, Incoming, IncomingId, Pending, Replies, Tutor};
use crate::delivery::{Budgets, Job, Start, deliver};

use super::PLATFORM;
use super::failure::{self, Pause};
use super::port::Chat;

/// How many replies are delivered at the same time; more of them wait.
const LIVE: usize = 256;
/// How many replies of one place wait; what comes beyond stays pending on the tutor's disk until they stand.
const WAITING: usize = 64;

/// How many replies of one place are taken up at a time after a restart: the tutor refuses what comes in a flood.
const TAKEN_UP: usize = 8;

/// A small call outside of any reply.
pub(super) enum Errand {
    /// Tell Telegram the commands, by language.
    Menu(Vec<(Option<String>, Vec<BotCommand>)>),
    /// Stop the waiting sign on a button that was pressed.
    Answer(CallbackQueryId),
    /// Say why a message cannot be taken now.
    Apology(ChatId, String),
}

/// All replies of one bot. Dropping it ends their delivery; they stay pending.
pub(super) struct Desk {
    room: Arc<Room>,
    workers: JoinSet<()>,
}

/// What the workers share.
struct Room {
    bot: Bot,
    tutor: Arc<dyn Tutor>,
    files: Arc<dyn Files>,
    budgets: Budgets,
    live: Semaphore,
    /// The queues of all places that have a worker.
    queues: Mutex<HashMap<String, Queue>>,
}

/// The replies of one place.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Opened>,
    /// What was in it since it was last empty: what was tried is not taken up again.
    tried: HashSet<IncomingId>,
    /// More were accepted than may wait; the rest is pending with the tutor.
    overflowed: bool,
}

/// A reply whose stream is open.
struct Opened {
    incoming: Incoming,
    start: Start,
    replies: Replies,
}

impl Desk {
    pub(super) fn new(bot: Bot, tutor: Arc<dyn Tutor>, files: Arc<dyn Files>) -> Self {
        let (live, queues) = (Semaphore::new(LIVE), Mutex::default());
        let room = Room { bot, tutor, files, budgets: Budgets::default(), live, queues };
        Self { room: Arc::new(room), workers: JoinSet::new() }
    }

    pub(super) fn tutor(&self) -> &dyn Tutor {
        self.room.tutor.as_ref()
    }

    /// Opens the reply to an accepted message and queues its delivery. The reply is asked for at once, so
    /// that a command such as `/stop` is heard while an answer is still being delivered.
    pub(super) async fn open(&mut self, incoming: Incoming, start: Start) {
        while self.workers.try_join_next().is_some() {}
        let key = incoming.place.key();
        let replies = self.room.tutor.reply(incoming.clone(), Arc::clone(&self.room.files)).await;
        if self.room.queue(&key, Opened { incoming, start, replies }) {
            self.workers.spawn(Arc::clone(&self.room).work(key));
        }
    }

    /// Takes up what was accepted before a restart and is not answered yet.
    pub(super) async fn resume(&mut self) {
        let pending = self.room.tutor.pending(PLATFORM).await;
        let places: HashSet<String> = pending.iter().map(|pending| pending.incoming.place.key()).collect();
        for key in places {
            self.room.take_up_pending(&key).await;
            self.workers.spawn(Arc::clone(&self.room).work(key));
        }
    }

    /// Makes a small call beside everything else.
    pub(super) fn errand(&mut self, errand: Errand) {
        self.workers.spawn(Arc::clone(&self.room).run_errand(errand));
    }

    /// Waits until all that is queued is delivered.
    pub(super) async fn drain(&mut self) {
        while self.workers.join_next().await.is_some() {}
    }
}

impl Room {
    /// Queues `opened`; true when the place needs a worker.
    fn queue(&self, key: &str, opened: Opened) -> bool {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = !queues.contains_key(key);
        let queue = queues.entry(key.to_owned()).or_default();
        if queue.tried.contains(&opened.incoming.id) {
            return false;
        }
        if queue.waiting.len() >= WAITING {
            queue.overflowed = true;
            tracing::warn!(message = %opened.incoming.id, "too many replies wait in one chat, left pending");
            return false;
        }
        queue.tried.insert(opened.incoming.id.clone());
        queue.waiting.push_back(opened);
        fresh
    }

    /// The next reply of the place; with none left, the place loses its worker in the same step.
    async fn next(&self, key: &str) -> Option<Opened> {
        loop {
            {
                let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
                let queue = queues.get_mut(key)?;
                if let Some(next) = queue.waiting.pop_front() {
                    return Some(next);
                }
                if !std::mem::take(&mut queue.overflowed) {
                    queues.remove(key);
                    return None;
                }
            }
            self.take_up_pending(key).await;
        }
    }

    /// Queues what the tutor still has to answer in a place: some of it, and what is left when that stands.
    async fn take_up_pending(&self, key: &str) {
        let all = self.tutor.pending(PLATFORM).await.into_iter().filter(|pending| pending.incoming.place.key() == key);
        let fresh: Vec<Pending> = all.filter(|pending| !self.was_tried(key, &pending.incoming.id)).collect();
        let more = fresh.len() > TAKEN_UP;
        for pending in fresh.into_iter().take(TAKEN_UP) {
            let replies = self.tutor.reply(pending.incoming.clone(), Arc::clone(&self.files)).await;
            let start = Start::Resumed(pending.standing);
            self.queue(key, Opened { incoming: pending.incoming, start, replies });
        }
        if more {
            self.queues.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default().overflowed =
                true;
        }
    }

    fn was_tried(&self, key: &str, id: &IncomingId) -> bool {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(key).is_some_and(|queue| queue.tried.contains(id))
    }

    async fn work(self: Arc<Self>, key: String) {
        while let Some(opened) = self.next(&key).await {
            let Ok(_permit) = self.live.acquire().await else { return };
            let Some(chat) = Chat::new(self.bot.clone(), &opened.incoming) else {
                tracing::warn!(message = %opened.incoming.id, "not a chat of telegram");
                continue;
            };
            let job = Job { id: opened.incoming.id, start: opened.start };
            deliver(job, opened.replies, &chat, self.tutor.as_ref(), &self.budgets).await;
        }
    }

    async fn run_errand(self: Arc<Self>, errand: Errand) {
        match errand {
            Errand::Menu(menus) => {
                for (language, commands) in menus {
                    self.set_menu(language, commands).await;
                }
            }
            Errand::Answer(id) => {
                // A press that was answered before, or too late, needs no answer.
                let _answered = self.bot.answer_callback_query(id).await;
            }
            Errand::Apology(chat, reason) => {
                let _said = self.bot.send_message(chat, reason).await;
            }
        }
    }

    /// The menu is a convenience: after some attempts the bot does without.
    async fn set_menu(&self, language: Option<String>, commands: Vec<BotCommand>) {
        let mut pause = Pause::default();
        for _ in 0..5 {
            let mut call = self.bot.set_my_commands(commands.clone());
            call.language_code.clone_from(&language);
            let Err(error) = call.await else { return };
            tracing::warn!(cause = failure::name(&error), "the menu of commands was not taken");
            let Some(wait) = pause.after(&error) else { return };
            tokio::time::sleep(wait).await;
        }
    }
}
