//! The driver: carries out what the machine says, for every platform alike.

use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;

use crate::chat::{Attachment, IncomingId, Replies, ReplyEvent, Tutor};

use super::{Budgets, Call, Delivery, Ending, Failure, Next, Port, Reply, Start};

/// One reply to be delivered.
#[derive(Debug, Clone)]
pub struct Job {
    /// The message that is answered.
    pub id: IncomingId,
    /// What stands of the reply already.
    pub start: Start,
}

/// Delivers the reply to `job.id` until all of it stands or nothing more can be done.
///
/// [`Tutor::standing`] is called after each message that was sent or removed, [`Tutor::delivered`] at the
/// end: when [`ReplyEvent::Done`] was seen and all stands, or when the bot may not write
/// there any more. Dropping the future leaves the message pending.
pub async fn deliver(job: Job, replies: Replies, port: &dyn Port, tutor: &dyn Tutor, budgets: &Budgets) -> Ending {
    let ending = Driver::new(&job, replies, port, tutor, budgets).run().await;
    tracing::debug!(message = %job.id, ?ending, "reply delivered");
    ending
}

struct Driver<'a> {
    id: &'a IncomingId,
    replies: Replies,
    port: &'a dyn Port,
    tutor: &'a dyn Tutor,
    budgets: &'a Budgets,
    delivery: Delivery,
    reply: Reply,
    /// Events came that the machine was not shown yet.
    fresh: bool,
}

impl<'a> Driver<'a> {
    fn new(job: &'a Job, replies: Replies, port: &'a dyn Port, tutor: &'a dyn Tutor, budgets: &'a Budgets) -> Self {
        let delivery = Delivery::new(port.pace().clone(), port.chat(), &job.id, job.start.clone());
        Self { id: &job.id, replies, port, tutor, budgets, delivery, reply: Reply::default(), fresh: false }
    }

    async fn run(mut self) -> Ending {
        loop {
            self.take_in();
            let now = self.budgets.now();
            match self.budgets.with(|ledger| self.delivery.next(now, ledger)) {
                Next::Call(call) => self.make(call).await,
                Next::WaitUntil(time) => self.wait(time).await,
                Next::Finished(ending) => return self.finish(ending).await,
            }
        }
    }

    /// Takes in all events that are there, and shows them to the machine when it could act on them:
    /// rendering a long reply for every token would be wasted work.
    fn take_in(&mut self) {
        while !self.reply.is_closed() {
            match self.replies.try_recv() {
                Ok(event) => self.apply(Some(event)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.apply(None),
            }
        }
        if self.fresh && (self.reply.is_closed() || self.due() <= self.budgets.now()) {
            let posts = self.reply.posts(self.port.dialect(), self.port.pace().message_limit);
            self.delivery.show(posts, self.reply.files().len(), self.reply.stage(), self.budgets.now());
            self.fresh = false;
        }
    }

    fn apply(&mut self, event: Option<ReplyEvent>) {
        self.fresh = true;
        match event {
            Some(event) => self.reply.apply(event),
            None => self.reply.close(),
        }
    }

    fn due(&self) -> Duration {
        self.budgets.with(|ledger| self.delivery.due(ledger))
    }

    /// Waits until `time`, until a change could be shown, or for the next event.
    async fn wait(&mut self, time: Duration) {
        let time = if self.fresh { time.min(self.due()) } else { time };
        let sleep = tokio::time::sleep_until(self.budgets.instant(time));
        tokio::select! {
            () = sleep => {}
            event = self.replies.recv(), if !self.reply.is_closed() => self.apply(event),
        }
    }

    /// Makes one call; the reply grows on meanwhile, so that the model is not held up by the network.
    async fn make(&mut self, call: Call) {
        let file = match &call {
            Call::File { index, .. } => self.reply.files().get(*index).cloned(),
            _ => None,
        };
        let mut outcome = Box::pin(perform(self.port, &call, file));
        let outcome = loop {
            tokio::select! {
                outcome = &mut outcome => break outcome,
                event = self.replies.recv(), if !self.reply.is_closed() => self.apply(event),
            }
        };
        let before = self.delivery.standing();
        let now = self.budgets.now();
        match outcome {
            Ok(id) => self.delivery.succeeded(now, id),
            Err(failure) => {
                tracing::debug!(message = %self.id, call = call.name(), ?failure, "call failed");
                let jitter = rand::random();
                self.budgets.with(|ledger| self.delivery.failed(now, failure, jitter, ledger));
            }
        }
        self.fresh |= self.reply.refuse(self.delivery.refused_files());
        let after = self.delivery.standing();
        if before != after {
            self.tutor.standing(self.id, &after).await;
        }
    }

    async fn finish(self, ending: Ending) -> Ending {
        let settled = match ending {
            Ending::Stands | Ending::Refused => self.reply.is_done(),
            Ending::Forbidden => true,
            Ending::OutOfPatience => false,
        };
        if settled {
            self.tutor.delivered(self.id).await;
        }
        ending
    }
}

/// Makes `call`; a new message's id comes back.
async fn perform(port: &dyn Port, call: &Call, file: Option<Attachment>) -> Result<Option<String>, Failure> {
    match call {
        Call::Send { opening, post, fidelity } => port.send(opening, post, *fidelity).await.map(Some),
        Call::Edit { id, post, fidelity } => port.edit(id, post, *fidelity).await.map(|()| None),
        Call::Delete { id } => port.delete(id).await.map(|()| None),
        Call::Working => port.working().await.map(|()| None),
        Call::File { opening, .. } => match &file {
            Some(file) => port.file(opening, file).await.map(Some),
            None => Err(Failure::Rejected),
        },
    }
}

#[cfg(test)]
mod tests;
