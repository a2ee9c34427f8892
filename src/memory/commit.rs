//! The thread that owns the store: it runs jobs one by one, and puts a batch of them on disk with one flush.
//!
//! An answer leaves only after all that its job did or saw is on disk, so nothing that somebody was told
//! can be taken back by a crash. While one flush runs the next jobs gather, and share the flush after it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::MemoryError;
use super::folder::{Folder, StoreError};
use super::trees::Trees;

/// Jobs that may wait; more callers wait for a place.
const QUEUE: usize = 256;
/// Jobs that share a flush.
const BATCH: usize = 64;
/// sled's own threads let go of its files a moment after it was closed.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Gets the store, or why there is none.
type Job = Box<dyn FnOnce(Result<&mut Trees, MemoryError>) -> Answer + Send>;

/// What is left of a job that ran.
struct Answer {
    /// The store failed under it, and must be opened again.
    broke: bool,
    /// Tells the caller, once it is known whether the batch is on disk.
    tell: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

/// The store's thread. Dropping it finishes what was asked, and closes the store.
#[derive(Debug)]
pub(super) struct Commits {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Commits {
    /// Opens the store at `path` and starts its thread.
    pub(super) fn start(path: &Path) -> Result<Self, MemoryError> {
        let folder = Arc::new(Folder::open(path)?);
        let trees = open_patiently(&folder)?;
        let (sender, jobs) = mpsc::channel(QUEUE);
        let owner = Owner { folder, trees: Some(trees) };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(move || owner.run(jobs));
        let thread = thread.map_err(super::folder::of_file(path))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Runs `work` on the store; returns when what it did or saw is on disk.
    ///
    /// When putting it there fails, this fails: the change may be there or not after the store was opened
    /// again (which the next job does), whole in either case. Work that is no longer awaited runs still.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, MemoryError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Trees) -> Result<T, MemoryError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |trees| {
            let result = trees.and_then(work);
            let broke = result.as_ref().is_err_and(breaks);
            let tell = Box::new(move |settled: Result<(), StoreError>| {
                // Nobody waits any more when this fails; the work is done all the same.
                drop(sender.send(result.and_then(|value| settled.map(|()| value).map_err(MemoryError::from))));
            });
            Answer { broke, tell }
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It catches the panics of jobs, and has none of its own.
            drop(thread.join());
        }
    }
}

/// What the thread owns.
struct Owner {
    /// `None` after it failed, until it was opened again.
    trees: Option<Trees>,
    folder: Arc<Folder>,
}

impl Owner {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = VecDeque::with_capacity(BATCH);
        while let Some(first) = waiting.pop_front().or_else(|| jobs.blocking_recv()) {
            waiting.push_front(first);
            while waiting.len() < BATCH
                && let Ok(job) = jobs.try_recv()
            {
                waiting.push_back(job);
            }
            self.batch(&mut waiting);
        }
    }

    /// Runs jobs until there are no more or the store breaks, and puts what they did on disk.
    fn batch(&mut self, waiting: &mut VecDeque<Job>) {
        let mut answers = Vec::with_capacity(waiting.len());
        let mut broke = false;
        while !broke && let Some(job) = waiting.pop_front() {
            match catch_unwind(AssertUnwindSafe(|| job(self.trees()))) {
                Ok(answer) => {
                    broke = answer.broke;
                    answers.push(answer);
                }
                Err(_) => broke = true,
            }
        }
        let settled = self.trees.as_mut().map_or(Ok(()), Trees::settle);
        if broke || settled.is_err() {
            tracing::error!(error = ?settled.as_ref().err(), "the store broke and will be opened again");
            self.trees = None;
        }
        for answer in answers {
            (answer.tell)(settled.clone());
        }
    }

    fn trees(&mut self) -> Result<&mut Trees, MemoryError> {
        let trees = match self.trees.take() {
            Some(trees) => trees,
            None => open_patiently(&self.folder)?,
        };
        Ok(self.trees.insert(trees))
    }
}

fn open_patiently(folder: &Arc<Folder>) -> Result<Trees, MemoryError> {
    for _ in 1..ATTEMPTS {
        match Trees::open(folder) {
            Err(error) if cause(&error).is_some_and(is_lock) => std::thread::sleep(PAUSE),
            opened => return opened,
        }
    }
    Trees::open(folder)
}

fn cause(error: &MemoryError) -> Option<&StoreError> {
    match error {
        MemoryError::Store(source) => source.downcast_ref(),
        _ => None,
    }
}

fn breaks(error: &MemoryError) -> bool {
    cause(error).is_some_and(StoreError::breaks)
}

/// The folder is ours, so a lock within it is one that this process is about to let go.
fn is_lock(error: &StoreError) -> bool {
    matches!(error, StoreError::Sled(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock"))
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Numbers;
    use super::super::trees::Change;
    use super::*;

    fn count(trees: &mut Trees) -> Result<u64, MemoryError> {
        let mut change = Change::default();
        let number = trees.number(&mut change)?;
        trees.apply(&change).map(|()| number)
    }

    fn stored(trees: &mut Trees) -> Result<u64, MemoryError> {
        Ok(trees.get::<Numbers>(Numbers::KEY)?.unwrap_or_default().next)
    }

    #[tokio::test]
    async fn finishes_what_was_asked_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let commits = Arc::new(Commits::start(folder.path()).unwrap());
        let asked: Vec<_> = (0..100)
            .map(|_| {
                tokio::spawn({
                    let commits = commits.clone();
                    async move { commits.run(count).await }
                })
            })
            .collect();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        drop(commits);
        let again = Commits::start(folder.path()).unwrap();
        assert_eq!(again.run(stored).await.unwrap(), 100);
    }

    #[tokio::test]
    async fn opens_the_store_again_after_it_broke() {
        let folder = tempfile::tempdir().unwrap();
        let commits = Commits::start(folder.path()).unwrap();
        commits.run(count).await.unwrap();
        let broken = commits.run(|trees| {
            count(trees)?;
            Err::<(), _>(StoreError::from(sled::Error::ReportableBug("a test".to_owned())).into())
        });
        assert!(breaks(&broken.await.unwrap_err()));
        let after = commits.run(stored).await.unwrap();
        assert_eq!(commits.run(count).await.unwrap(), after, "memory is what is on disk");
    }

    #[tokio::test]
    async fn survives_a_job_that_panics() {
        let folder = tempfile::tempdir().unwrap();
        let commits = Commits::start(folder.path()).unwrap();
        commits.run(count).await.unwrap();
        let panics = commits.run(|_| -> Result<(), MemoryError> { panic!("a test") }).await;
        assert!(matches!(panics, Err(MemoryError::Store(_))));
        assert_eq!(commits.run(count).await.unwrap(), 1);
    }
}
