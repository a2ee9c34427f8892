//! Text → vectors whose cosine tells how near two texts are, on a llama.cpp context and a thread of their own.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as threads;
use std::thread::JoinHandle;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use tokio::sync::oneshot;

use crate::engine::loaded::{Loaded, Placement};
use crate::engine::{EngineError, GpuLayers, backend};

/// The most tokens of a text that are read, whatever the model was trained for.
const LONGEST: u32 = 2048;

/// Calls that may wait; one more waits until there is room.
const QUEUE: usize = 64;

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
    /// The embedder has been stopped.
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

#[derive(Debug)]
struct Call {
    texts: Vec<String>,
    answer: oneshot::Sender<Vectors>,
}

/// An embedding model. Dropping it ends its work after the text in progress.
#[derive(Debug)]
pub struct Embedder {
    loaded: Arc<Loaded>,
    dimensions: usize,
    calls: Option<tokio::sync::mpsc::Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

impl Embedder {
    /// Loads the model and starts its thread. It blocks for as long as loading takes.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn start(settings: EmbedderSettings) -> Result<Self, EngineError> {
        let loaded = Arc::new(Loaded::open(&settings.path, &settings.name, settings.gpu_layers, None)?);
        let dimensions = usize::try_from(loaded.model.n_embd_out()).unwrap_or(0);
        let held = loaded.clone();
        let (calls, received) = tokio::sync::mpsc::channel(QUEUE);
        let (ready, started) = threads::sync_channel(1);
        let work = move || match Texts::new(&held, settings.threads) {
            Ok(texts) => {
                let _ = ready.send(Ok(()));
                serve(texts, received);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        };
        let start = |reason: String| EngineError::Start { reason };
        let thread = std::thread::Builder::new().name("embed".to_owned()).spawn(work);
        let thread = thread.map_err(|error| start(error.to_string()))?;
        started.recv().map_err(|_| start("its thread ended".to_owned()))??;
        Ok(Self { loaded, dimensions, calls: Some(calls), thread: Some(thread) })
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
    pub fn embed_blocking(&self, texts: Vec<String>) -> Vectors {
        let (answer, vectors) = oneshot::channel();
        let calls = self.calls.as_ref().ok_or(EmbedError::Stopped)?;
        calls.blocking_send(Call { texts, answer }).map_err(|_| EmbedError::Stopped)?;
        vectors.blocking_recv().map_err(|_| EmbedError::Stopped)?
    }

    /// A vector of length 1 for each text, in their order; the dot product of two is their cosine. What is longer than
    /// the model reads is cut at its end. Dropping the future cancels what has not begun.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub async fn embed(&self, texts: Vec<String>) -> Vectors {
        let (answer, vectors) = oneshot::channel();
        let calls = self.calls.as_ref().ok_or(EmbedError::Stopped)?;
        calls.send(Call { texts, answer }).await.map_err(|_| EmbedError::Stopped)?;
        vectors.await.map_err(|_| EmbedError::Stopped)?
    }
}

impl Drop for Embedder {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the embedder's thread had panicked");
        }
    }
}

fn serve(mut texts: Texts<'_>, mut calls: tokio::sync::mpsc::Receiver<Call>) {
    while let Some(call) = calls.blocking_recv() {
        let mut vectors = Ok(Vec::new());
        for text in &call.texts {
            // Nobody waits, or nobody will be able to: the embedder is dropped.
            if call.answer.is_closed() || calls.sender_strong_count() == 0 {
                break;
            }
            let Ok(done) = &mut vectors else { break };
            match texts.vector(text) {
                Ok(vector) => done.push(vector),
                Err(reason) => vectors = Err(EmbedError::Backend { reason }),
            }
        }
        let whole = vectors.as_ref().map_or(true, |vectors| vectors.len() == call.texts.len());
        let _ = call.answer.send(if whole { vectors } else { Err(EmbedError::Stopped) });
    }
}

/// The context; it computes one text at a time.
struct Texts<'m> {
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    longest: usize,
}

impl<'m> Texts<'m> {
    fn new(loaded: &'m Loaded, threads: u32) -> Result<Self, EngineError> {
        // A text is computed in one piece, since every token may look at every other.
        let longest = loaded.model.n_ctx_train().clamp(1, LONGEST);
        let threads = backend::threads(threads);
        let params = LlamaContextParams::default()
            .with_embeddings(true)
            .with_n_ctx(NonZeroU32::new(longest))
            .with_n_batch(longest)
            .with_n_ubatch(longest)
            .with_n_threads(threads)
            .with_n_threads_batch(threads);
        let context = loaded.model.new_context(backend::started()?, params).map_err(|error| EngineError::Context {
            sequences: 1,
            tokens: longest,
            reason: error.to_string(),
        })?;
        let batch = LlamaBatch::new(longest as usize, 1);
        Ok(Self { model: &loaded.model, context, batch, longest: longest as usize })
    }

    fn vector(&mut self, text: &str) -> Result<Vec<f32>, String> {
        let mut tokens = self.model.vocab().tokenize(text.as_bytes(), true, false);
        if tokens.len() > self.longest {
            // The last token closes the text, where the model has such a token.
            let last = tokens.split_off(tokens.len() - 1);
            tokens.truncate(self.longest - 1);
            tokens.extend(last);
        }
        if tokens.is_empty() {
            return Ok(vec![0.0; usize::try_from(self.model.n_embd_out()).unwrap_or(0)]);
        }
        self.batch.clear();
        self.context.clear_kv_cache();
        for (position, token) in (0..).zip(&tokens) {
            self.batch.add(*token, position, &[0], true).map_err(|error| error.to_string())?;
        }
        self.context.decode(&mut self.batch).map_err(|error| error.to_string())?;
        let vector = self.context.embeddings_seq_ith(0).map_err(|error| error.to_string())?;
        Ok(normalised(vector))
    }
}

/// The vector in its direction with length 1; one of length 0 stays.
fn normalised(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 { vector.to_vec() } else { vector.iter().map(|x| x / length).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_keeps_its_direction() {
        assert_eq!(normalised(&[3.0, 0.0, 4.0]), [0.6, 0.0, 0.8]);
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
    }
}
