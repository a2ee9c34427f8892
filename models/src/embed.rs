//! Text → vectors whose cosine tells how near two texts are, on llama.cpp contexts and threads of their own.
//!
//! A context here has one thread of the CPU: two that wait for each other in every layer took five times as long where other
//! work ran on their cores. Many texts go to several such threads at the lowest priority of the machine; what a person
//! waits for has a thread of its own. Short texts are computed together.

mod texts;

use std::path::PathBuf;
use std::sync::mpsc as threads;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use llama_cpp_2::token::LlamaToken;
use tokio::sync::{mpsc, oneshot};

use self::texts::Texts;
use crate::engine::loaded::{Loaded, Placement};
use crate::engine::{EngineError, GpuLayers, backend};
use crate::generate::Class;

/// Batches that may wait; one more waits until there is room.
const QUEUE: usize = 64;
/// The most threads for work that nobody waits for; each has a context of some megabytes.
const WORKERS: usize = 8;
/// The lowest priority that a thread can have.
const NICE: i32 = 19;

/// Which embedder, and what it may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbedderSettings {
    /// The model's name in the catalogue.
    pub name: String,
    /// Its GGUF file.
    pub path: PathBuf,
    /// Threads of the CPU; 0 takes as many as run at once on this machine.
    pub threads: u32,
    /// Layers on the GPU.
    pub gpu_layers: GpuLayers,
}

/// Why there are no vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The embedder has been stopped, or its threads cannot be started.
    #[error("the embedder has stopped")]
    Stopped,
    /// The backend failed.
    #[error("embedding failed: {reason}")]
    Backend {
        /// What it said.
        reason: String,
    },
}

type Vectors = Result<Vec<Vec<f32>>, EmbedError>;

/// Texts that are computed together.
#[derive(Debug)]
struct Batch {
    texts: Vec<Vec<LlamaToken>>,
    answer: oneshot::Sender<Vectors>,
}

/// An embedding model. Dropping it ends its work after the batches in progress.
#[derive(Debug)]
pub struct Embedder {
    loaded: Arc<Loaded>,
    dimensions: usize,
    workers: usize,
    /// Who computes what a person waits for.
    waited: Crew,
    /// Who computes the rest; started when there is some.
    rest: OnceLock<Option<Crew>>,
}

impl Embedder {
    /// Loads the model and starts its thread. It blocks for as long as loading takes.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn start(settings: EmbedderSettings) -> Result<Self, EngineError> {
        let loaded = Arc::new(Loaded::open(&settings.path, &settings.name, settings.gpu_layers, None)?);
        let dimensions = usize::try_from(loaded.model.n_embd_out()).unwrap_or(0);
        let threads = usize::try_from(backend::threads(settings.threads)).unwrap_or(1);
        let workers = if loaded.placement.layers > 0 { 1 } else { threads.clamp(1, WORKERS) };
        let waited = Crew::start(&loaded, 1, None)?;
        Ok(Self { loaded, dimensions, workers, waited, rest: OnceLock::new() })
    }

    /// The model's name in the catalogue.
    pub fn name(&self) -> &str {
        &self.loaded.name
    }

    /// The length of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Where the model runs.
    pub fn placement(&self) -> &Placement {
        &self.loaded.placement
    }

    /// The tokens of a text, those that frame it included.
    pub fn count(&self, text: &str) -> usize {
        self.loaded.model.vocab().tokenize(text.as_bytes(), true, false).len()
    }

    /// As [`Self::embed`], for threads that may wait; it panics on an async one.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn embed_blocking(&self, texts: &[String], class: Class) -> Vectors {
        futures::executor::block_on(self.embed(texts, class))
    }

    /// A vector of length 1 for each text, in their order; the dot product of two is their cosine. What is longer than
    /// the model reads is cut at its end. Dropping the future cancels what has not begun.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub async fn embed(&self, texts: &[String], class: Class) -> Vectors {
        let crew = if class == Class::Person { Some(&self.waited) } else { self.rest() };
        let batches = crew.and_then(|crew| crew.batches.as_ref()).ok_or(EmbedError::Stopped)?;
        let mut answers = Vec::new();
        for texts in texts::batches(&self.loaded, texts) {
            let (answer, vectors) = oneshot::channel();
            batches.send(Batch { texts, answer }).await.map_err(|_| EmbedError::Stopped)?;
            answers.push(vectors);
        }
        let mut all = Vec::with_capacity(texts.len());
        for vectors in answers {
            all.extend(vectors.await.map_err(|_| EmbedError::Stopped)??);
        }
        Ok(all)
    }

    fn rest(&self) -> Option<&Crew> {
        let start = || {
            let crew = Crew::start(&self.loaded, self.workers, Some(NICE));
            crew.inspect_err(|error| tracing::error!(%error, "cannot start the threads that embed")).ok()
        };
        self.rest.get_or_init(start).as_ref()
    }
}

/// Threads that take batches from one queue, each with a context of its own.
#[derive(Debug)]
struct Crew {
    batches: Option<mpsc::Sender<Batch>>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    /// Starts `size` threads, at a lower priority if one is given; blocks until their contexts are there.
    fn start(loaded: &Arc<Loaded>, size: usize, nice: Option<i32>) -> Result<Self, EngineError> {
        let (batches, received) = mpsc::channel(QUEUE);
        let received = Arc::new(Mutex::new(received));
        let mut crew = Self { batches: Some(batches), threads: Vec::new() };
        for _ in 0..size {
            let (held, queue) = (loaded.clone(), received.clone());
            let (ready, started) = threads::sync_channel(1);
            let work = move || match Texts::new(&held) {
                Ok(texts) => {
                    if let Some(nice) = nice {
                        yield_to_others(nice);
                    }
                    let _ = ready.send(Ok(()));
                    serve(texts, &queue);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            };
            let failed = |reason: String| EngineError::Start { reason };
            let thread = std::thread::Builder::new().name("embed".to_owned()).spawn(work);
            crew.threads.push(thread.map_err(|error| failed(error.to_string()))?);
            started.recv().map_err(|_| failed("its thread ended".to_owned()))??;
        }
        Ok(crew)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.batches = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the embedder had panicked");
            }
        }
    }
}

/// Lowers the priority of the calling thread.
fn yield_to_others(nice: i32) {
    // On Linux no process means the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::warn!(%error, "embedding cannot yield to other work");
    }
}

fn serve(mut texts: Texts<'_>, queue: &Mutex<mpsc::Receiver<Batch>>) {
    loop {
        let (batch, ended) = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let batch = queue.blocking_recv();
            (batch, queue.sender_strong_count() == 0)
        };
        let Some(Batch { texts: wanted, answer }) = batch else { return };
        // Nobody waits, or nobody will be able to: the embedder is dropped.
        if answer.is_closed() || ended {
            continue;
        }
        let _ = answer.send(texts.vectors(&wanted).map_err(|reason| EmbedError::Backend { reason }));
    }
}
