//! Runs a parser on a thread of its own with a large stack, a time limit and a net under panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Extracted;
use crate::IndexError;

/// Parsers recurse over nested structures; only what they touch becomes memory.
pub(super) const STACK: usize = 512 << 20;

/// The line from a parser to the thread that waits for it.
pub(super) struct Reader {
    pages: SyncSender<(u32, u32)>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Reader {
    /// Tells which page is being read; an error when nobody wants the rest.
    pub(super) fn page(&self, page: u32, pages: u32) -> Result<(), IndexError> {
        let told = self.pages.send((page, pages));
        if told.is_err() || self.stopped() { Err(IndexError::Cancelled) } else { Ok(()) }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Runs `work` on a thread of its own within `time`.
pub(super) fn bounded(
    bytes: Vec<u8>,
    page: &mut dyn FnMut(u32, u32) -> bool,
    time: Duration,
    work: impl FnOnce(&[u8], &Reader) -> Result<Extracted, IndexError> + Send + 'static,
) -> Result<Extracted, IndexError> {
    let (pages, told) = sync_channel(4);
    let stop = Arc::new(AtomicBool::new(false));
    let reader = Reader { pages, stop: stop.clone() };
    let run = move || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&bytes, &reader)));
        done.unwrap_or_else(|_| Err(IndexError::Corrupt { reason: "the parser failed".into() }))
    };
    let thread = thread::Builder::new().name("extract".into()).stack_size(STACK).spawn(run)?;
    let ended = follow(&told, page, Instant::now() + time, time);
    if let Err(error) = ended {
        // The thread ends at its next page, or whenever its parser lets it.
        stop.store(true, Ordering::Relaxed);
        return Err(error);
    }
    thread.join().unwrap_or_else(|_| Err(IndexError::Corrupt { reason: "the parser failed".into() }))
}

/// Passes pages on until the parser's end of the line is gone.
fn follow(
    told: &Receiver<(u32, u32)>,
    page: &mut dyn FnMut(u32, u32) -> bool,
    deadline: Instant,
    time: Duration,
) -> Result<(), IndexError> {
    loop {
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((number, pages)) if !page(number, pages) => return Err(IndexError::Cancelled),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return Err(IndexError::TooSlow { seconds: time.as_secs() }),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TIME;
    use super::*;

    #[test]
    fn a_parser_that_panics_is_a_damaged_file() {
        let panics = |_: &[u8], _: &Reader| -> Result<Extracted, IndexError> { panic!("a parser's fault") };
        let done = bounded(Vec::new(), &mut |_, _| true, TIME, panics);
        assert!(matches!(done, Err(IndexError::Corrupt { .. })));
    }

    #[test]
    fn a_parser_that_hangs_is_left_behind() {
        let hangs = |_: &[u8], reader: &Reader| {
            while !reader.stopped() {
                thread::yield_now();
            }
            Ok(Extracted::default())
        };
        let done = bounded(Vec::new(), &mut |_, _| true, Duration::from_millis(5), hangs);
        assert!(matches!(done, Err(IndexError::TooSlow { .. })));
    }

    #[test]
    fn a_caller_that_wants_no_more_stops_the_parser() {
        let endless = |_: &[u8], reader: &Reader| {
            loop {
                reader.page(1, 2)?;
            }
        };
        let done = bounded(Vec::new(), &mut |_, _| false, TIME, endless);
        assert!(matches!(done, Err(IndexError::Cancelled)));
    }
}
