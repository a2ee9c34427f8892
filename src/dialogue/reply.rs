//! The sending end of a reply: abilities speak through it, and learn from it that nobody listens.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::ReplyEvent;

use super::Trouble;

/// The sending end of one reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    events: mpsc::Sender<ReplyEvent>,
    cancel: CancellationToken,
}

impl Reply {
    /// A reply whose events go to `events`; `cancel` stops it from outside.
    pub(crate) fn new(events: mpsc::Sender<ReplyEvent>, cancel: CancellationToken) -> Self {
        Self { events, cancel }
    }

    /// Tells what is going on.
    pub(crate) async fn progress(&self, line: String) -> Result<(), Trouble> {
        self.send(ReplyEvent::Progress(line)).await
    }

    /// Sends one event.
    ///
    /// # Errors
    /// [`Trouble::Gone`] when nobody receives, [`Trouble::Stopped`] when the student stopped it.
    pub(crate) async fn send(&self, event: ReplyEvent) -> Result<(), Trouble> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Trouble::Stopped),
            sent = self.events.send(event) => sent.map_err(|_| Trouble::Gone),
        }
    }

    /// Sends what a finished turn says, which cancelling no longer stops. Nobody listening is no error:
    /// the turn is on disk, and comes again when the adapter asks.
    pub(crate) async fn finish(&self, events: Vec<ReplyEvent>) {
        for event in events {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Runs `work` until it is done, stopped, or nobody listens any more.
    pub(crate) async fn while_wanted<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Trouble::Stopped),
            () = self.events.closed() => Err(Trouble::Gone),
            done = work => done,
        }
    }

    /// Whether the student stopped it, or nobody listens.
    pub(crate) fn unwanted(&self) -> bool {
        self.cancel.is_cancelled() || self.events.is_closed()
    }
}
