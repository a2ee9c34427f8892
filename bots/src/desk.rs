//! The desk: one ordered queue a place, each with a task that delivers its replies one after another.
//!
//! Both messengers stand behind it. It bounds how much is in hand at once: what comes beyond stays pending on
//! the tutor's disk, and is taken up when what came before it stands.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::chat::{Files, Incoming, IncomingId, Pending, Place, Replies, Tutor};
use crate::delivery::{Budgets, Ending, Job, Port, Start, deliver};

#[cfg(test)]
mod tests;

/// How many replies are delivered at the same time; more of them wait.
const LIVE: usize = 256;
/// How many replies of one place wait; what comes beyond stays pending on the tutor's disk until they stand.
const WAITING: usize = 64;
/// How many replies of one place are taken up at a time after a restart: the tutor refuses what comes in a flood.
const TAKEN_UP: usize = 8;
/// How long a reply rests that was tried in vain until its delivery ran out of patience.
const REST: Duration = Duration::from_secs(30);

/// What the desk asks of a messenger.
#[async_trait]
pub(crate) trait Messenger: Send + Sync + 'static {
    /// Its name in places.
    const NAME: &'static str;
    /// What a delivery must know beyond the message that it answers.
    type Origin: Send;
    /// Where a reply is delivered.
    type Port: Port;

    /// What is known, besides the messages that stand, of a reply that was begun before: what
    /// [`Tutor::standing`] was told is parted into these two.
    fn resume(&self, id: &IncomingId, standing: Vec<String>) -> (Vec<String>, Self::Origin);

    /// The port of the reply to `incoming`; `None` when its place is none of this messenger's.
    async fn open(&self, incoming: &Incoming, origin: Self::Origin) -> Option<Self::Port>;

    /// A delivery through `port` has ended for good.
    async fn close(&self, _port: Self::Port) {}
}

/// All replies of one bot. Dropping it ends their delivery; they stay pending.
pub(crate) struct Desk<M: Messenger> {
    room: Arc<Room<M>>,
    workers: JoinSet<()>,
}

/// What the workers share.
struct Room<M: Messenger> {
    messenger: M,
    tutor: Arc<dyn Tutor>,
    files: Arc<dyn Files>,
    budgets: Budgets,
    live: Semaphore,
    /// Nothing is begun anew any more.
    closing: CancellationToken,
    /// The queues of all places that have a worker.
    queues: Mutex<HashMap<String, Queue<M>>>,
}

/// The replies of one place.
struct Queue<M: Messenger> {
    waiting: VecDeque<Opened<M>>,
    /// What was in it since it was last empty: what was tried is not taken up again.
    tried: HashSet<IncomingId>,
    /// How many were turned away since the pending ones were last looked through; while there are any, all
    /// that come go behind them.
    left: usize,
}

/// A reply whose stream is open.
struct Opened<M: Messenger> {
    incoming: Incoming,
    start: Start,
    origin: M::Origin,
    replies: Replies,
}

impl<M: Messenger> Desk<M> {
    pub(crate) fn new(messenger: M, tutor: Arc<dyn Tutor>, files: Arc<dyn Files>) -> Self {
        let (live, queues, closing) = (Semaphore::new(LIVE), Mutex::default(), CancellationToken::new());
        let room = Room { messenger, tutor, files, budgets: Budgets::default(), live, closing, queues };
        Self { room: Arc::new(room), workers: JoinSet::new() }
    }

    pub(crate) fn tutor(&self) -> &dyn Tutor {
        self.room.tutor.as_ref()
    }

    pub(crate) fn messenger(&self) -> &M {
        &self.room.messenger
    }

    /// Opens the reply to an accepted message and queues its delivery. The reply is asked for at once, so
    /// that a command such as `/stop` is heard while an answer is still being delivered.
    pub(crate) async fn open(&mut self, incoming: Incoming, origin: M::Origin) {
        while self.workers.try_join_next().is_some() {}
        let key = incoming.place.key();
        let replies = self.room.tutor.reply(incoming.clone(), Arc::clone(&self.room.files)).await;
        if self.room.queue(&key, Opened { incoming, start: Start::Fresh, origin, replies }) {
            self.workers.spawn(Arc::clone(&self.room).work(key));
        }
    }

    /// Takes up what was accepted before a restart and is not answered yet, some of each place at a time.
    pub(crate) async fn resume(&mut self) {
        let mut places: Vec<(String, Vec<Pending>)> = Vec::new();
        for pending in self.room.tutor.pending(M::NAME).await {
            let key = pending.incoming.place.key();
            match places.iter_mut().find(|(known, _)| *known == key) {
                Some((_, all)) => all.push(pending),
                None => places.push((key, vec![pending])),
            }
        }
        for (key, pending) in places {
            self.room.take_up(&key, pending, 0).await;
            self.workers.spawn(Arc::clone(&self.room).work(key));
        }
    }

    /// Answers what was accepted from a place without being opened, some of it at a time.
    pub(crate) fn look_through(&mut self, place: &Place) {
        let key = place.key();
        let fresh = {
            let mut queues = self.room.queues();
            let fresh = !queues.contains_key(&key);
            queues.entry(key.clone()).or_default().left += 1;
            fresh
        };
        if fresh {
            self.workers.spawn(Arc::clone(&self.room).work(key));
        }
    }

    /// Waits until all that is queued is delivered.
    pub(crate) async fn drain(&mut self) {
        self.room.closing.cancel();
        while self.workers.join_next().await.is_some() {}
    }
}

impl<M: Messenger> Room<M> {
    fn queues(&self) -> MutexGuard<'_, HashMap<String, Queue<M>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `opened`; true when the place needs a worker.
    fn queue(&self, key: &str, opened: Opened<M>) -> bool {
        let mut queues = self.queues();
        let fresh = !queues.contains_key(key);
        let queue = queues.entry(key.to_owned()).or_default();
        if queue.tried.contains(&opened.incoming.id) {
            return false;
        }
        if queue.left > 0 || queue.waiting.len() >= WAITING {
            queue.left += 1;
            tracing::warn!(message = %opened.incoming.id, "too many replies wait in one chat, left pending");
            return false;
        }
        queue.push(opened);
        fresh
    }

    /// The next reply of the place; with none left, the place loses its worker in the same step.
    async fn next(&self, key: &str) -> Option<Opened<M>> {
        loop {
            let left = {
                let mut queues = self.queues();
                let queue = queues.get_mut(key)?;
                if let Some(next) = queue.waiting.pop_front() {
                    return Some(next);
                }
                if queue.left == 0 {
                    queues.remove(key);
                    return None;
                }
                queue.left
            };
            let mut pending = self.tutor.pending(M::NAME).await;
            pending.retain(|pending| pending.incoming.place.key() == key);
            self.take_up(key, pending, left).await;
        }
    }

    /// Queues some of what the tutor still has to answer in a place; the rest is looked for when that stands.
    /// `left` were turned away before `pending` was read: who was later may not be in it.
    async fn take_up(&self, key: &str, mut pending: Vec<Pending>, left: usize) {
        if let Some(queue) = self.queues().get(key) {
            pending.retain(|pending| !queue.tried.contains(&pending.incoming.id));
        }
        let more = pending.len() > TAKEN_UP;
        for pending in pending.into_iter().take(TAKEN_UP) {
            let opened = self.reopen(pending).await;
            self.queues().entry(key.to_owned()).or_default().push(opened);
        }
        let mut queues = self.queues();
        let queue = queues.entry(key.to_owned()).or_default();
        queue.left = queue.left - left + usize::from(more);
    }

    /// Asks again for a reply that was begun before.
    async fn reopen(&self, Pending { incoming, standing }: Pending) -> Opened<M> {
        let (standing, origin) = self.messenger.resume(&incoming.id, standing);
        let replies = self.tutor.reply(incoming.clone(), Arc::clone(&self.files)).await;
        Opened { incoming, start: Start::Resumed(standing), origin, replies }
    }

    async fn work(self: Arc<Self>, key: String) {
        while let Some(mut opened) = self.next(&key).await {
            let id = opened.incoming.id.clone();
            while self.deliver(opened).await == Some(Ending::OutOfPatience) {
                tracing::warn!(message = %id, "the messenger is away for long, the reply is tried again later");
                match self.again(&id).await {
                    Some(next) => opened = next,
                    None => break,
                }
            }
        }
    }

    async fn deliver(&self, opened: Opened<M>) -> Option<Ending> {
        let _permit = self.live.acquire().await.ok()?;
        let Opened { incoming, start, origin, replies } = opened;
        let Some(port) = self.messenger.open(&incoming, origin).await else {
            tracing::warn!(message = %incoming.id, "message names no chat of the messenger");
            return None;
        };
        let job = Job { id: incoming.id, start };
        let ending = deliver(job, replies, &port, self.tutor.as_ref(), &self.budgets).await;
        if ending != Ending::OutOfPatience {
            self.messenger.close(port).await;
        }
        Some(ending)
    }

    /// Rests, and opens the reply to `id` once more; `None` when the desk closes or the reply is not awaited.
    async fn again(&self, id: &IncomingId) -> Option<Opened<M>> {
        tokio::select! {
            () = self.closing.cancelled() => return None,
            () = tokio::time::sleep(REST) => {}
        }
        let pending = self.tutor.pending(M::NAME).await.into_iter().find(|pending| pending.incoming.id == *id)?;
        Some(self.reopen(pending).await)
    }
}

impl<M: Messenger> Default for Queue<M> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), tried: HashSet::new(), left: 0 }
    }
}

impl<M: Messenger> Queue<M> {
    fn push(&mut self, opened: Opened<M>) {
        self.tried.insert(opened.incoming.id.clone());
        self.waiting.push_back(opened);
    }
}
