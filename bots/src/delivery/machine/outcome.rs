//! Outcomes: what a call's success or failure tells about what stands, and when to go on.

use std::time::Duration;

use super::{Delivery, Ending, FILE, Failure, Fidelity, Ledger, Pending, Stage, Step};

/// The first pause after a failure; it doubles with each further one.
const BACK_OFF: Duration = Duration::from_millis(500);
/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(30);

impl Delivery {
    /// The call was made; `id` is the new message's, where one was sent.
    pub fn succeeded(&mut self, now: Duration, id: Option<String>) {
        self.clock.failures = 0;
        self.clock.failing_since = None;
        let Some(Pending { step: Some(step), post }) = self.pending.take() else { return };
        match (step, id, post) {
            (Step::Open(index), Some(id), post) => {
                let ambiguous = self.pace.idempotent_sends && self.resumed;
                self.unsure = None;
                self.slots.opened(index, id, post.filter(|_| !ambiguous));
                self.clock.working_at = Some(now);
            }
            (Step::Edit(index, _) | Step::Blank(index, _), _, Some(post)) => {
                self.slots.says(index, post);
                self.edited(now);
            }
            (Step::Delete(index, _), ..) => self.slots.deleted(index),
            (Step::File(_), Some(id), _) => self.files_sent.push(format!("{FILE}{id}")),
            (Step::Open(_) | Step::Edit(..) | Step::Blank(..) | Step::File(_), ..) => {}
        }
    }

    /// The next edit of the growing text comes later than this one did: a long answer is read more slowly
    /// than it is written.
    fn edited(&mut self, now: Duration) {
        self.clock.edit_at = now + self.clock.spacing;
        self.clock.spacing = (self.clock.spacing * 9 / 8).min(self.pace.edit_slowest);
        self.clock.working_at = self.clock.working_at.max(Some(now + self.pace.working_every / 2));
    }

    /// The call failed. `jitter` is random in 0..1, so that many deliveries do not come back together.
    pub fn failed(&mut self, now: Duration, failure: Failure, jitter: f64, ledger: &mut Ledger) {
        match failure {
            Failure::RetryAfter { after, scope } => {
                ledger.pause(scope, &self.chat, now, after);
                self.clock.spacing = (self.clock.spacing * 2).min(self.pace.edit_slowest * 2);
                self.clock.edit_at = now + after + self.clock.spacing;
                self.clock.failing_since = None;
                self.pending = None;
            }
            Failure::NotModified => self.succeeded(now, None),
            Failure::Gone => self.gone(now),
            Failure::Rejected => self.rejected(now),
            Failure::Unreached => self.back_off(now, jitter),
            Failure::Unknown => self.in_doubt(now, jitter),
            // Where words may be sent, files may be forbidden.
            Failure::Forbidden if self.sends_file() && self.slots.ids().next().is_some() => self.rejected(now),
            Failure::Forbidden => self.ended = Some(Ending::Forbidden),
        }
    }

    fn sends_file(&self) -> bool {
        matches!(&self.pending, Some(Pending { step: Some(Step::File(_)), .. }))
    }

    /// A removed message is sent again; one that should be removed is done with.
    fn gone(&mut self, now: Duration) {
        match self.pending.take().and_then(|pending| pending.step) {
            Some(Step::Edit(index, _)) => self.slots.lost(index),
            Some(Step::Delete(index, _) | Step::Blank(index, _)) => self.slots.deleted(index),
            Some(step @ (Step::Open(_) | Step::File(_))) => {
                self.pending = Some(Pending { step: Some(step), post: None });
                self.rejected(now);
            }
            None => {}
        }
        self.clock.failures = 0;
        self.clock.retry_at = self.clock.retry_at.max(now);
    }

    /// The platform refuses the call as it is: less is asked of it, in the end nothing. A text that still
    /// grows is not given up: it will be another one soon.
    fn rejected(&mut self, now: Duration) {
        let Some(step) = self.pending.take().and_then(|pending| pending.step) else { return };
        match step {
            Step::Delete(index, _) => self.slots.keep(index),
            Step::Blank(index, _) => self.slots.refused(index),
            Step::File(index) => self.files_refused.push(index),
            Step::Open(index) | Step::Edit(index, _) => match self.fidelity {
                Fidelity::Full => self.fidelity = Fidelity::Unstyled,
                Fidelity::Unstyled => self.fidelity = Fidelity::Bare,
                Fidelity::Bare if self.stage == Stage::Whole => self.slots.refused(index),
                Fidelity::Bare => self.clock.retry_at = now + self.clock.spacing,
            },
        }
    }

    /// The call may have had its effect.
    fn in_doubt(&mut self, now: Duration, jitter: f64) {
        match self.pending.take() {
            Some(Pending { step: Some(Step::Open(index)), post: Some(post) }) => self.unsure = Some((index, post)),
            Some(Pending { step: Some(Step::Edit(index, _) | Step::Blank(index, _)), .. }) => self.slots.forget(index),
            _ => {}
        }
        self.back_off(now, jitter);
    }

    fn back_off(&mut self, now: Duration, jitter: f64) {
        self.pending = None;
        let pause = (BACK_OFF * 2u32.saturating_pow(self.clock.failures.min(10))).min(LONGEST);
        self.clock.failures += 1;
        self.clock.failing_since.get_or_insert(now);
        if self.stage != Stage::Whole {
            self.clock.failing_since = Some(now);
        }
        self.clock.retry_at = now + pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    }
}
