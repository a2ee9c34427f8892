//! The chat model in this process: many answers at once on one llama.cpp context.
//!
//! [`Engine`] lives with its callers: it turns messages into tokens, refuses what does not fit and puts the rest into a
//! bounded queue. One thread owns the context and writes all answers, step by step.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as threads;
use std::thread::JoinHandle;
use std::time::Instant;

use async_trait::async_trait;

use crate::generate::{Generate, GenerateError, Generation, Load, Message, Request};
use flight::{Boarded, Flight, Flights, Key};
use llama::{Llama, Room};
use loaded::Loaded;
use prefix::Prefixes;
use prompt::Markers;
use queue::{Queue, Refused};
use stats::Stats;
use template::Template;
use worker::{Job, Worker};

pub(crate) mod backend;
mod decode;
mod draft;
mod flight;
pub(crate) mod llama;
pub(crate) mod loaded;
mod memory;
mod pace;
mod prefix;
mod prompt;
mod queue;
mod sampler;
mod schedule;
mod stats;
mod template;
mod text;
mod worker;

pub use loaded::Placement;

/// A device that llama.cpp can compute on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Device {
    /// Its name, such as `CUDA0`.
    pub name: String,
    /// `cpu`, `gpu` or `other`.
    pub kind: &'static str,
    /// What it is.
    pub description: String,
    /// Bytes of its memory.
    pub total: usize,
    /// Of these, how many are free.
    pub free: usize,
}

/// The devices of this machine that the program was built for.
///
/// # Errors
/// [`EngineError::Start`] when llama.cpp cannot be started.
pub fn devices() -> Result<Vec<Device>, EngineError> {
    use llama_cpp_2::LlamaBackendDeviceType as Type;
    backend::started()?;
    let device = |device: llama_cpp_2::LlamaBackendDevice| Device {
        kind: match device.device_type {
            Type::Cpu => "cpu",
            Type::Gpu | Type::IntegratedGpu => "gpu",
            _ => "other",
        },
        name: device.name,
        description: device.description,
        total: device.memory_total,
        free: device.memory_free,
    };
    Ok(llama_cpp_2::list_llama_ggml_backend_devices().into_iter().map(device).collect())
}

/// A token's number in the model's vocabulary.
pub(crate) type Token = i32;

/// The most sequences that llama.cpp keeps in one context.
const MOST_PARALLEL: u32 = 256;

/// How many of the model's layers the GPU gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GpuLayers {
    /// All, when the program was built for a GPU and one is there; else none.
    #[default]
    Auto,
    /// The last so many.
    Count(u32),
}

/// How attention is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attention {
    /// As llama.cpp thinks best.
    #[default]
    Auto,
    /// Step by step.
    Plain,
    /// In one piece (flash attention).
    Flash,
}

/// Settings that change how fast a model is on a machine, and next to nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tuning {
    /// How attention is computed.
    pub attention: Attention,
    /// How keys and values are kept.
    pub cache: Cache,
}

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Cache {
    /// Half precision.
    #[default]
    F16,
    /// Sixteen bits with the range of 32; some CPUs compute with it directly.
    #[serde(rename = "BF16")]
    Bf16,
    /// Eight bits; needs [`Attention::Flash`].
    #[serde(rename = "Q8_0")]
    Q8,
}

/// Which model, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// The model's name in the catalogue.
    pub name: String,
    /// Its GGUF file.
    pub path: PathBuf,
    /// Threads of the CPU; 0 takes as many as run at once on this machine.
    pub threads: u32,
    /// Tokens of a prompt and its answer together. No more than the model was trained to read are used.
    pub context: u32,
    /// Answers written at the same time, 1 to 256.
    pub parallel: u32,
    /// Layers on the GPU.
    pub gpu_layers: GpuLayers,
    /// Requests that may wait; one more is refused.
    pub queue: usize,
    /// What suits this machine.
    pub tuning: Tuning,
    /// What is kept of earlier prompts beside the context.
    pub prefixes: PrefixSettings,
    /// A LoRA adapter in GGUF that every answer is written with, made for this model.
    pub adapter: Option<PathBuf>,
}

/// What is kept of earlier prompts beside the context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefixSettings {
    /// Bytes of memory that it may take.
    pub memory: usize,
    /// A folder that keeps over restarts what holds nothing of a person ([`Request::shared`]).
    pub folder: Option<PathBuf>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            path: PathBuf::new(),
            threads: 0,
            context: 4096,
            parallel: 4,
            gpu_layers: GpuLayers::Auto,
            queue: 256,
            tuning: Tuning::default(),
            prefixes: PrefixSettings::default(),
            adapter: None,
        }
    }
}

/// Why a model cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such file.
    #[error("there is no model file {path}")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is no GGUF, is cut off, or holds what llama.cpp cannot use.
    #[error("the model file {path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read the model file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The context does not fit into memory.
    #[error("{needed} bytes are needed for {sequences} answers of {tokens} tokens, {available} are free")]
    NotEnoughMemory {
        /// Bytes that the context takes.
        needed: u64,
        /// Bytes that are free.
        available: u64,
        /// Answers at the same time.
        sequences: u32,
        /// Tokens of each.
        tokens: u32,
    },
    /// llama.cpp could not set up a context.
    #[error("llama.cpp could not set up {sequences} answers of {tokens} tokens: {reason}")]
    Context {
        /// Answers at the same time.
        sequences: u32,
        /// Tokens of each.
        tokens: u32,
        /// What it said.
        reason: String,
    },
    /// llama.cpp or its thread could not be started.
    #[error("the engine could not be started: {reason}")]
    Start {
        /// What was said.
        reason: String,
    },
}

/// A chat model on llama.cpp. Dropping it ends its answers within one step.
#[derive(Debug)]
pub struct Engine {
    prompts: Arc<Prompts>,
    queue: Arc<Queue<Job>>,
    flights: Flights,
    stats: Arc<Stats>,
    parallel: usize,
    window: usize,
    placement: Placement,
    thread: Option<JoinHandle<()>>,
}

/// What is needed to turn messages into tokens; shared with the blocking pool.
#[derive(Debug)]
struct Prompts {
    loaded: Arc<Loaded>,
    template: Template,
    markers: Markers,
}

impl Prompts {
    fn new(loaded: Arc<Loaded>) -> Result<Self, EngineError> {
        let source = loaded.chat_template();
        let (bos, eos) = loaded.boundary_texts();
        let template = Template::new(source.as_deref(), &bos, &eos);
        let markers = Markers::of(&loaded.model, source.as_deref().unwrap_or_default())
            .map_err(|error| EngineError::Damaged { path: loaded.path.clone(), reason: error.to_string() })?;
        Ok(Self { loaded, template, markers })
    }

    fn tokens(&self, messages: &[Message]) -> Result<Vec<Token>, GenerateError> {
        let pieces =
            self.template.apply(messages).map_err(|error| GenerateError::Backend { reason: error.to_string() })?;
        Ok(self.markers.tokenize(&self.loaded.model, &pieces))
    }
}

impl Engine {
    /// Loads the model and starts its thread. It blocks for as long as loading takes.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn start(settings: EngineSettings) -> Result<Self, EngineError> {
        let parallel = settings.parallel.clamp(1, MOST_PARALLEL);
        let room = Room { parallel, context: settings.context.max(1), tuning: settings.tuning };
        let loaded = Loaded::open(&settings.path, &settings.name, settings.gpu_layers, Some(room))?;
        let loaded = Arc::new(match &settings.adapter {
            Some(file) => loaded.adapted(file)?,
            None => loaded,
        });
        let context = room.context.min(loaded.model.n_ctx_train().max(1));
        let room = Room { context, ..room };
        memory::check(&loaded, room)?;
        let prompts = Arc::new(Prompts::new(loaded.clone())?);
        let queue = Arc::new(Queue::new(settings.queue));
        let stats = Arc::new(Stats::new(loaded.model.size(), memory::context(&loaded, room)));
        let thread = start_thread(loaded.clone(), queue.clone(), stats.clone(), room, &settings)?;
        let placement = loaded.placement.clone();
        tracing::info!(
            model = settings.name,
            device = placement.device,
            layers = placement.layers,
            context,
            parallel,
            "engine started"
        );
        let flights = Flights::default();
        let (window, parallel) = (context as usize, parallel as usize);
        Ok(Self { prompts, queue, flights, stats, parallel, window, placement, thread: Some(thread) })
    }

    /// Where the model runs.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// A request's prompt, and how many of its first tokens hold nothing of a person.
    async fn prompt(&self, request: &Request) -> Result<(Vec<Token>, usize), GenerateError> {
        let prompt = self.tokens(request.messages.clone()).await?;
        let Some(shared) = request.messages.get(..request.shared).filter(|shared| !shared.is_empty()) else {
            return Ok((prompt, 0));
        };
        let beginning = self.tokens(shared.to_vec()).await?;
        let shared = beginning.iter().zip(&prompt).take_while(|(a, b)| a == b).count();
        Ok((prompt, shared))
    }

    async fn tokens(&self, messages: Vec<Message>) -> Result<Vec<Token>, GenerateError> {
        let prompts = self.prompts.clone();
        tokio::task::spawn_blocking(move || prompts.tokens(&messages))
            .await
            .map_err(|error| GenerateError::Backend { reason: error.to_string() })?
    }
}

/// Starts the thread that owns the context and waits until the context stands.
fn start_thread(
    loaded: Arc<Loaded>,
    queue: Arc<Queue<Job>>,
    stats: Arc<Stats>,
    room: Room,
    settings: &EngineSettings,
) -> Result<JoinHandle<()>, EngineError> {
    let (ready, started) = threads::sync_channel(1);
    let threads = settings.threads;
    let prefixes = Prefixes::new(settings.prefixes.memory);
    let folder = settings.prefixes.folder.as_ref().map(|folder| folder.join(loaded.fingerprint(room.tuning)));
    let work = move || {
        let closing = Closing(queue);
        match Llama::new(&loaded, room, threads) {
            Ok(llama) => {
                let _ = ready.send(Ok(()));
                Worker::new(llama, room.parallel as usize, prefixes, stats, Instant::now)
                    .run(&closing.0, folder.as_deref());
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    };
    let start = |reason: String| EngineError::Start { reason };
    let thread =
        std::thread::Builder::new().name("llama".to_owned()).spawn(work).map_err(|error| start(error.to_string()))?;
    started.recv().map_err(|_| start("its thread ended".to_owned()))??;
    Ok(thread)
}

/// Closes the queue when it is dropped: nobody may wait for a thread that has ended, however it ended.
struct Closing(Arc<Queue<Job>>);

impl Drop for Closing {
    fn drop(&mut self) {
        for job in self.0.close() {
            job.fail(GenerateError::Stopped);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(Closing(self.queue.clone()));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the engine's thread had panicked");
        }
    }
}

#[async_trait]
impl Generate for Engine {
    fn name(&self) -> &str {
        &self.prompts.loaded.name
    }

    fn window(&self) -> usize {
        self.window
    }

    fn load(&self) -> Load {
        Load { waiting: self.queue.len(), ..self.stats.read() }
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        Ok(self.tokens(messages.to_vec()).await?.len())
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        let request = Request { max_tokens: request.max_tokens.max(1), ..request };
        let limit = self.window.saturating_sub(request.max_tokens);
        let (prompt, shared) = self.prompt(&request).await?;
        if prompt.len() > limit {
            return Err(GenerateError::PromptTooLong { tokens: prompt.len(), limit });
        }
        let Boarded { heard, spent, flight } = self.flights.board(Key::new(&prompt, &request), request.max_tokens);
        // Without a flight of its own, it hears one that is under way.
        let joined = flight.is_none();
        if let Some(flight) = flight {
            self.queue.push(job(prompt, shared, request, flight)).map_err(|refused| match refused {
                Refused::Full { waiting } => {
                    GenerateError::Busy { waiting, wait: self.stats.wait(waiting, self.parallel) }
                }
                Refused::Closed => GenerateError::Stopped,
            })?;
        }
        Ok(Generation::new(heard).observed(spent, joined))
    }
}

fn job(prompt: Vec<Token>, shared: usize, request: Request, flight: Arc<Flight>) -> Job {
    let Request { sampling, stop, max_tokens, ignore_eos, format, caller, .. } = request;
    Job {
        prompt,
        shared,
        sampling,
        format,
        stop,
        max_tokens,
        endless: ignore_eos,
        caller,
        since: Instant::now(),
        flight,
    }
}

#[cfg(test)]
mod tests;
