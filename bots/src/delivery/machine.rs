//! The machine: what should stand, what stands and the clock become the next call.

use std::time::Duration;

use crate::chat::IncomingId;

use super::{Failure, Fidelity, Ledger, Opening, Pace, Post};

mod outcome;
#[cfg(test)]
mod simulation;
mod slot;
#[cfg(test)]
mod tests;

use slot::{Slots, Step};

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Only a line stands that tells what is going on.
    Progress,
    /// There is text, and more will come.
    Growing,
    /// Nothing more will come.
    Whole,
}

/// What stands when a delivery begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Nothing: the message has just arrived.
    Fresh,
    /// The messages with these ids, as [`Delivery::standing`] told before a restart.
    Resumed(Vec<String>),
}

/// A call to the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Send a new message.
    Send {
        /// Its place in the reply.
        opening: Opening,
        /// What it says.
        post: Post,
        /// How much of that is shown.
        fidelity: Fidelity,
    },
    /// Make a message say something else.
    Edit {
        /// The message.
        id: String,
        /// What it says then.
        post: Post,
        /// How much of that is shown.
        fidelity: Fidelity,
    },
    /// Remove a message.
    Delete {
        /// The message.
        id: String,
    },
    /// Send a file.
    File {
        /// Its place in the reply.
        opening: Opening,
        /// Its index among the reply's files.
        index: usize,
    },
    /// Show that the bot is at work.
    Working,
}

impl Call {
    /// The call's name, for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::File { .. } => "file",
            Self::Working => "working",
        }
    }
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Make this call and report what came of it. It is booked in the ledger.
    Call(Call),
    /// Nothing before this time, unless the reply changes.
    WaitUntil(Duration),
    /// Nothing any more.
    Finished(Ending),
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All that should stand stands.
    Stands,
    /// As before, but for what the platform refuses in every form.
    Refused,
    /// The bot may not write there.
    Forbidden,
    /// The platform could not be reached for longer than [`Pace::patience`].
    OutOfPatience,
}

/// The delivery of one reply.
#[derive(Debug)]
pub struct Delivery {
    pace: Pace,
    chat: String,
    /// Sixteen characters that are the same for the same incoming message.
    nonce: String,
    resumed: bool,
    /// The text was seen growing: a new message is opened with a short line, never with the answer.
    streamed: bool,
    stage: Stage,
    want: Vec<Post>,
    files: usize,
    slots: Slots,
    files_sent: Vec<String>,
    files_refused: Vec<usize>,
    fidelity: Fidelity,
    /// The call whose outcome is awaited.
    pending: Option<Pending>,
    /// A message that may stand already: it is tried again word for word.
    unsure: Option<(usize, Post)>,
    clock: Clock,
    ended: Option<Ending>,
}

/// A call that was handed out, with what it was for.
#[derive(Debug, Clone)]
struct Pending {
    step: Option<Step>,
    post: Option<Post>,
}

/// When what may be done.
#[derive(Debug, Default)]
struct Clock {
    /// No new text is shown before: the first words come in a moment, and shall come together.
    settled_at: Option<Duration>,
    /// No further edit of a growing text before.
    edit_at: Duration,
    /// The pause between two edits.
    spacing: Duration,
    /// The sign that the bot is at work fades; a reply that is there at once needs none.
    working_at: Option<Duration>,
    /// No attempt before, after failures.
    retry_at: Duration,
    failures: u32,
    failing_since: Option<Duration>,
}

/// How long the first words are collected, so that a short reply is sent in one piece.
const SETTLE: Duration = Duration::from_millis(120);

/// Stands before the id of a message that is a file in [`Delivery::standing`].
const FILE: &str = "file:";

impl Delivery {
    /// The delivery of the reply to `id` in `chat`.
    pub fn new(pace: Pace, chat: &str, id: &IncomingId, start: Start) -> Self {
        let (resumed, standing) = match start {
            Start::Fresh => (false, Vec::new()),
            Start::Resumed(standing) => (true, standing),
        };
        let (files, messages): (Vec<String>, Vec<String>) = standing.into_iter().partition(|id| id.starts_with(FILE));
        Self {
            clock: Clock { spacing: pace.edit_every, ..Clock::default() },
            pace,
            chat: chat.to_owned(),
            nonce: format!("{:016x}", fnv1a(id.0.as_bytes())),
            resumed,
            streamed: false,
            stage: Stage::Progress,
            want: Vec::new(),
            files: 0,
            slots: Slots::resumed(messages),
            files_sent: files,
            files_refused: Vec::new(),
            fidelity: Fidelity::Full,
            pending: None,
            unsure: None,
            ended: None,
        }
    }

    /// From now on `posts` should stand, followed by the first `files` files.
    pub fn show(&mut self, posts: Vec<Post>, files: usize, stage: Stage, now: Duration) {
        if stage == Stage::Growing && self.clock.settled_at.is_none() {
            self.clock.settled_at = Some(now + SETTLE);
        }
        if stage == Stage::Whole && self.stage != Stage::Whole {
            self.fidelity = Fidelity::Full;
        }
        self.want = posts;
        self.files = files;
        self.stage = stage;
    }

    /// The earliest time at which a change of a growing reply could be shown; before it, [`Self::show`] is
    /// of no use.
    pub fn due(&self, ledger: &Ledger) -> Duration {
        ledger.ready_at(&self.chat, &self.pace, 1).max(self.clock.edit_at).max(self.clock.retry_at)
    }

    /// The ids of all messages that stand as the reply, in order, files last.
    pub fn standing(&self) -> Vec<String> {
        self.slots.ids().chain(self.files_sent.iter().cloned()).collect()
    }

    /// The indices of the files that the platform refuses.
    pub fn refused_files(&self) -> &[usize] {
        &self.files_refused
    }

    /// What is to be done now. A call that is returned must be made and its outcome told by
    /// [`Self::succeeded`] or [`Self::failed`] before this is asked again.
    pub fn next(&mut self, now: Duration, ledger: &mut Ledger) -> Next {
        if let Some(ending) = self.ended {
            return Next::Finished(ending);
        }
        let Some(step) = self.step() else { return self.rest(now, ledger) };
        if self.out_of_patience(now) {
            return self.end(Ending::OutOfPatience);
        }
        let time = self.time_of(&step, ledger);
        if time > now {
            return self.meanwhile(time, now, ledger);
        }
        ledger.book(&self.chat, &self.pace, now);
        Next::Call(self.call(step))
    }

    /// The first thing that differs from what should stand, in reading order.
    fn step(&self) -> Option<Step> {
        let whole = self.stage == Stage::Whole;
        self.slots.difference(&self.want, whole).or_else(|| {
            let next = self.files_sent.len() + self.files_refused.len();
            (whole && next < self.files).then_some(Step::File(next))
        })
    }

    /// Nothing differs: the delivery is over, or the next event is awaited under the sign of work.
    fn rest(&mut self, now: Duration, ledger: &mut Ledger) -> Next {
        if self.stage != Stage::Whole {
            return self.meanwhile(Duration::MAX, now, ledger);
        }
        let refused = !self.files_refused.is_empty() || self.slots.any_refused();
        self.end(if refused { Ending::Refused } else { Ending::Stands })
    }

    /// Waits for `time`; keeps the sign of work alive while the text is not whole.
    fn meanwhile(&mut self, time: Duration, now: Duration, ledger: &mut Ledger) -> Next {
        if self.stage == Stage::Whole {
            return Next::WaitUntil(time);
        }
        let ready = ledger.bot_ready_at(&self.pace, 1).max(ledger.paused_until(&self.chat)).max(self.clock.retry_at);
        let working_at = (*self.clock.working_at.get_or_insert(now + SETTLE)).max(ready);
        if working_at > now {
            return Next::WaitUntil(time.min(working_at));
        }
        ledger.book_bot(&self.pace, now);
        self.clock.working_at = Some(now + self.pace.working_every);
        self.pending = Some(Pending { step: None, post: None });
        Next::Call(Call::Working)
    }

    /// When `step` may be made. While the text grows, one call is kept in hand for its end.
    fn time_of(&self, step: &Step, ledger: &Ledger) -> Duration {
        let retry_at = self.clock.retry_at;
        if self.stage == Stage::Whole {
            return ledger.ready_at(&self.chat, &self.pace, 0).max(retry_at);
        }
        let paced = match step {
            Step::Open(_) => self.clock.settled_at.unwrap_or_default(),
            _ => self.clock.edit_at,
        };
        ledger.ready_at(&self.chat, &self.pace, 1).max(retry_at).max(paced)
    }

    fn out_of_patience(&self, now: Duration) -> bool {
        let since = self.clock.failing_since.filter(|_| self.stage == Stage::Whole);
        since.is_some_and(|since| since + self.pace.patience <= now)
    }

    fn end(&mut self, ending: Ending) -> Next {
        self.ended = Some(ending);
        Next::Finished(ending)
    }

    fn call(&mut self, step: Step) -> Call {
        self.streamed |= self.stage != Stage::Whole;
        let fidelity = self.fidelity;
        let (call, post) = match &step {
            Step::Open(index) => {
                let post = self.first_words(*index);
                let opening = Opening { index: *index, nonce: self.nonce_of(&step) };
                (Call::Send { opening, post: post.clone(), fidelity }, Some(post))
            }
            Step::Edit(index, id) => {
                let post = self.want[*index].clone();
                (Call::Edit { id: id.clone(), post: post.clone(), fidelity }, Some(post))
            }
            Step::Blank(_, id) => {
                let post = Post::line("…");
                (Call::Edit { id: id.clone(), post: post.clone(), fidelity }, Some(post))
            }
            Step::Delete(_, id) => (Call::Delete { id: id.clone() }, None),
            Step::File(index) => {
                let opening = Opening { index: self.want.len() + index, nonce: self.nonce_of(&step) };
                (Call::File { opening, index: *index }, None)
            }
        };
        self.pending = Some(Pending { step: Some(step), post });
        call
    }

    /// What a new message says first. If the response to it is lost, at worst this stands twice.
    fn first_words(&self, index: usize) -> Post {
        if let Some((at, post)) = &self.unsure
            && *at == index
        {
            return post.clone();
        }
        let direct = self.pace.idempotent_sends || !self.streamed || self.stage == Stage::Progress;
        if direct { self.want[index].clone() } else { Post::line("…") }
    }

    fn nonce_of(&self, step: &Step) -> String {
        match step {
            Step::Open(index) => format!("{}-{index}-{}", self.nonce, self.slots.losses(*index)),
            Step::File(index) => format!("{}-f{index}", self.nonce),
            Step::Edit(..) | Step::Blank(..) | Step::Delete(..) => self.nonce.clone(),
        }
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo; offset basis and prime of IETF draft-eastlake-fnv), which stays the same from build to build.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
