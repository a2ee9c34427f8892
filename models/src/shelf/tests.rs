//! Models come and go under a limit, and no answer is lost.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::mpsc;

use super::*;
use crate::generate::{Event, Finish, FinishReason, Usage};

/// Models of a size that stands in their name, such as `a4`; what is in memory is counted.
#[derive(Default)]
struct Library {
    loads: AtomicUsize,
    alive: Arc<AtomicUsize>,
}

struct Fake {
    name: String,
    alive: Arc<AtomicUsize>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
    }
}

fn bytes(name: &str) -> u64 {
    name[1..].parse().unwrap()
}

impl Open for Library {
    fn size(&self, wanted: &Wanted) -> u64 {
        bytes(&wanted.name)
    }

    fn open(&self, wanted: &Wanted) -> Result<Opened, OpenError> {
        if wanted.name.starts_with('x') {
            return Err(OpenError::Missing { reason: "no file".to_owned() });
        }
        self.loads.fetch_add(1, Relaxed);
        self.alive.fetch_add(1, Relaxed);
        let model = Arc::new(Fake { name: wanted.name.clone(), alive: self.alive.clone() });
        Ok(Opened { model, bytes: bytes(&wanted.name) })
    }
}

#[async_trait]
impl Generate for Fake {
    fn name(&self) -> &str {
        &self.name
    }

    fn window(&self) -> usize {
        8
    }

    async fn count(&self, _: &[Message]) -> Result<usize, GenerateError> {
        Ok(1)
    }

    /// An answer that ends a second later.
    async fn generate(&self, _: Request) -> Result<Generation, GenerateError> {
        let (events, heard) = mpsc::channel(2);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let done = Finish { reason: FinishReason::Stop, usage: Usage::default() };
            let _ = events.send(Ok(Event::Text("whole".to_owned()))).await;
            let _ = events.send(Ok(Event::Done(done))).await;
        });
        Ok(Generation::new(heard))
    }
}

fn wanted(name: &str) -> Wanted {
    Wanted { name: name.to_owned(), adapter: None }
}

fn shelf(limit: u64) -> (Shelf, Arc<Library>) {
    let library = Arc::new(Library::default());
    (Shelf::new(library.clone(), limit), library)
}

fn names(shelf: &Shelf) -> Vec<String> {
    shelf.running().iter().map(|model| model.name().to_owned()).collect()
}

#[tokio::test]
async fn models_are_loaded_once_and_the_oldest_leaves() {
    let (shelf, library) = shelf(10);
    for name in ["a4", "b4", "a4", "c4"] {
        assert_eq!(shelf.get(&wanted(name)).await.unwrap().name(), name);
    }
    assert_eq!((names(&shelf), library.loads.load(Relaxed)), (vec!["a4".to_owned(), "c4".to_owned()], 3));
    assert_eq!(library.alive.load(Relaxed), 2);
    shelf.get(&wanted("d30")).await.unwrap();
    assert_eq!(names(&shelf), ["d30"], "what is larger than the limit is alone");
}

#[tokio::test]
async fn many_who_ask_at_once_wait_for_one_load() {
    let (shelf, library) = shelf(10);
    let asks = (0..8).map(|_| {
        let shelf = shelf.clone();
        tokio::spawn(async move { shelf.get(&wanted("a4")).await.map(|_| ()) })
    });
    for ask in asks.collect::<Vec<_>>() {
        ask.await.unwrap().unwrap();
    }
    assert_eq!(library.loads.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_progress_ends_before_its_model_leaves() {
    let (shelf, library) = shelf(10);
    let answer = shelf.get(&wanted("a6")).await.unwrap().generate(Request::default()).await.unwrap();
    let other = shelf.clone();
    let waiting = tokio::spawn(async move { other.get(&wanted("b6")).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((names(&shelf), library.loads.load(Relaxed)), (Vec::new(), 1), "the other one waits for it");
    assert_eq!(answer.collect().await.unwrap().0, "whole");
    waiting.await.unwrap().unwrap();
    assert_eq!((names(&shelf), library.alive.load(Relaxed)), (vec!["b6".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_so_and_a_missing_model_is_an_error() {
    let (shelf, _library) = shelf(10);
    let held = shelf.get(&wanted("a6")).await.unwrap();
    assert!(matches!(shelf.get(&wanted("b6")).await, Err(OpenError::Full)));
    drop(held);
    assert!(shelf.get(&wanted("b6")).await.is_ok());
    assert!(matches!(shelf.get(&wanted("x1")).await, Err(OpenError::Missing { .. })));
}

#[tokio::test]
async fn a_model_with_an_adapter_is_another_one() {
    let (shelf, library) = shelf(10);
    let adapted = Wanted { adapter: Some("ml.gguf".into()), ..wanted("a4") };
    shelf.get(&wanted("a4")).await.unwrap();
    shelf.get(&adapted).await.unwrap();
    shelf.get(&adapted).await.unwrap();
    assert_eq!((library.loads.load(Relaxed), shelf.running().len()), (2, 2));
}
