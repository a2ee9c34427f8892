//! Several models in one process: each is loaded when it is first asked for, and those asked for longest ago leave when the
//! memory that they may take is full.
//!
//! A model that leaves ends the answers in progress first; until then it counts, and the next one waits for it. So nobody
//! loses an answer, and the limit holds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::engine::EngineError;
use crate::generate::{Generate, GenerateError, Generation, Load, Message, Request};
use room::Held;

mod room;

/// How long a model waits for others to leave.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which model is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Its name in the catalogue.
    pub name: String,
    /// The LoRA adapter that it answers with, if any. A model with an adapter has a context of its own; the system shares the
    /// pages of the weights.
    pub adapter: Option<PathBuf>,
}

/// A model that was loaded.
pub struct Opened {
    /// The model.
    pub model: Arc<dyn Generate>,
    /// Bytes of memory that it takes.
    pub bytes: u64,
}

/// How models are loaded; both calls may block.
pub trait Open: Send + Sync + 'static {
    /// About how many bytes of memory a model will take; 0 where that is not known.
    fn size(&self, wanted: &Wanted) -> u64;

    /// Loads a model.
    ///
    /// # Errors
    /// See [`OpenError`].
    fn open(&self, wanted: &Wanted) -> Result<Opened, OpenError>;
}

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no such model, or its file is missing.
    #[error("{reason}")]
    Missing {
        /// What is wrong.
        reason: String,
    },
    /// The models in memory have not left in time: their answers are long.
    #[error("the memory for models is full of answers in progress")]
    Full,
}

/// The models in memory. A clone is the same shelf.
#[derive(Clone)]
pub struct Shelf {
    open: Arc<dyn Open>,
    limit: u64,
    state: Arc<State>,
    /// One is loaded at a time.
    loading: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    models: Mutex<Models>,
    /// A model has left.
    left: Notify,
}

#[derive(Default)]
struct Models {
    held: HashMap<Wanted, (Arc<Shelved>, u64)>,
    /// Bytes of models that end their last answers.
    leaving: u64,
    clock: u64,
}

impl State {
    fn models(&self) -> MutexGuard<'_, Models> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// An empty shelf for `limit` bytes of models.
    pub fn new(open: Arc<dyn Open>, limit: u64) -> Self {
        Self { open, limit, state: Arc::default(), loading: Arc::default() }
    }

    /// The models in memory, by name.
    pub fn running(&self) -> Vec<Arc<dyn Generate>> {
        let models = self.state.models();
        let mut running: Vec<Arc<dyn Generate>> = models.held.values().map(|(model, _)| model.clone() as _).collect();
        running.sort_by(|a, b| a.name().cmp(b.name()));
        running
    }

    /// A model; loads it when it is not in memory.
    ///
    /// # Errors
    /// See [`OpenError`]. The next call tries again.
    pub async fn get(&self, wanted: &Wanted) -> Result<Arc<dyn Generate>, OpenError> {
        if let Some(model) = self.held(wanted) {
            return Ok(model);
        }
        let _loading = self.loading.lock().await;
        if let Some(model) = self.held(wanted) {
            return Ok(model);
        }
        let (open, named) = (self.open.clone(), wanted.clone());
        let expected = blocking(move || open.size(&named)).await?;
        self.make_room(expected).await?;
        let (open, named) = (self.open.clone(), wanted.clone());
        let opened = blocking(move || open.open(&named)).await??;
        // It may take more than was expected: then others leave now.
        if opened.bytes > expected {
            self.make_room(opened.bytes).await?;
        }
        Ok(self.put(wanted, opened))
    }

    fn held(&self, wanted: &Wanted) -> Option<Arc<dyn Generate>> {
        let mut models = self.state.models();
        models.clock += 1;
        let now = models.clock;
        let (model, used) = models.held.get_mut(wanted)?;
        *used = now;
        Some(model.clone())
    }

    fn put(&self, wanted: &Wanted, opened: Opened) -> Arc<dyn Generate> {
        let kept = Kept { model: Some(opened.model), bytes: opened.bytes, state: self.state.clone() };
        let shelved = Arc::new(Shelved(Arc::new(kept)));
        let mut models = self.state.models();
        models.clock += 1;
        let now = models.clock;
        models.held.insert(wanted.clone(), (shelved.clone(), now));
        shelved
    }

    /// Has models leave until `needed` bytes fit, and waits until they have.
    async fn make_room(&self, needed: u64) -> Result<(), OpenError> {
        let until = Instant::now() + PATIENCE;
        drop(self.dismiss(needed));
        loop {
            let left = self.state.left.notified();
            {
                let models = self.state.models();
                let held: u64 = models.held.values().map(|(model, _)| model.0.bytes).sum();
                // A model that is larger than the limit is loaded alone.
                if models.leaving == 0 || held + models.leaving + needed <= self.limit {
                    return Ok(());
                }
            }
            timeout_at(until, left).await.map_err(|_| OpenError::Full)?;
        }
    }

    /// Takes models off the shelf; they are gone when their last answer is.
    fn dismiss(&self, needed: u64) -> Vec<Arc<Shelved>> {
        let mut models = self.state.models();
        let names: Vec<Wanted> = models.held.keys().cloned().collect();
        let held: Vec<Held> = names
            .iter()
            .map(|name| &models.held[name])
            .map(|(model, used)| Held { bytes: model.0.bytes, used: *used })
            .collect();
        let gone = room::leave(&held, models.leaving, needed, self.limit);
        let gone: Vec<Arc<Shelved>> =
            gone.into_iter().filter_map(|place| models.held.remove(&names[place])).map(|(model, _)| model).collect();
        models.leaving += gone.iter().map(|model| model.0.bytes).sum::<u64>();
        for model in &gone {
            tracing::info!(model = model.name(), bytes = model.0.bytes, "a model leaves the memory");
        }
        gone
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpenError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| OpenError::Missing { reason: error.to_string() })
}

/// A model on the shelf. Whoever holds it, or an answer of it, keeps it in memory.
struct Shelved(Arc<Kept>);

/// The model itself, until nobody needs it any more.
struct Kept {
    /// Some until it is dropped.
    model: Option<Arc<dyn Generate>>,
    bytes: u64,
    state: Arc<State>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let (model, bytes, state) = (self.model.take(), self.bytes, self.state.clone());
        let leave = move || {
            drop(model);
            let mut models = state.models();
            models.leaving = models.leaving.saturating_sub(bytes);
            drop(models);
            state.left.notify_waiters();
        };
        // An engine that ends waits for its thread, which no worker of a runtime should do. A runtime that ends waits for it.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(leave)),
            Err(_) => leave(),
        }
    }
}

impl Shelved {
    fn model(&self) -> Result<&Arc<dyn Generate>, GenerateError> {
        self.0.model.as_ref().ok_or(GenerateError::Stopped)
    }
}

#[async_trait]
impl Generate for Shelved {
    fn name(&self) -> &str {
        self.model().map_or("", |model| model.name())
    }

    fn window(&self) -> usize {
        self.model().map_or(0, |model| model.window())
    }

    fn load(&self) -> Load {
        self.model().map(|model| model.load()).unwrap_or_default()
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        self.model()?.count(messages).await
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        Ok(self.model()?.generate(request).await?.keeping(self.0.clone()))
    }
}

#[cfg(test)]
mod tests;
