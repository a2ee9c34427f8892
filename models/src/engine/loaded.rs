//! A model's weights in memory: opened, checked and placed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use super::{EngineError, GpuLayers, backend};

/// What every GGUF begins with.
const MAGIC: &[u8] = b"GGUF";

/// Where a model runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The device, such as `CUDA0 (NVIDIA RTX A4000)`, or `CPU`.
    pub device: String,
    /// Layers on it; 0 on the CPU.
    pub layers: u32,
    /// Layers of the model, the output layer counted.
    pub of: u32,
}

/// Weights in memory, and where they came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) model: LlamaModel,
    pub(crate) placement: Placement,
}

impl Loaded {
    /// Reads the model at `path`.
    ///
    /// # Errors
    /// [`EngineError::Missing`], [`EngineError::Unreadable`], [`EngineError::Damaged`].
    pub(crate) fn open(path: &Path, name: &str, layers: GpuLayers) -> Result<Self, EngineError> {
        check_file(path)?;
        let backend = backend::started()?;
        let (device, wanted) = wanted(backend, layers);
        let params = LlamaModelParams::default().with_n_gpu_layers(wanted);
        let model = LlamaModel::load_from_file(backend, path, &params).map_err(|_| EngineError::Damaged {
            path: path.to_path_buf(),
            reason: "llama.cpp cannot load it; it is cut off, of an unknown architecture, or too large for the memory"
                .to_owned(),
        })?;
        let of = model.n_layer() + 1;
        let placement = Placement { device, layers: wanted.min(of), of };
        Ok(Self { name: name.to_owned(), path: path.to_path_buf(), model, placement })
    }

    /// The chat template that the model brings.
    pub(crate) fn chat_template(&self) -> Option<String> {
        self.model.chat_template(None).ok()?.to_string().ok()
    }

    /// The texts of the tokens that begin and end a text; empty where there are none.
    pub(crate) fn boundary_texts(&self) -> (String, String) {
        let vocab = self.model.vocab();
        let text = |token: llama_cpp_2::token::LlamaToken| match token.0 {
            0.. => String::from_utf8_lossy(&vocab.token_to_piece(token, true, None)).into_owned(),
            _ => String::new(),
        };
        (text(vocab.bos()), text(vocab.eos()))
    }
}

/// llama.cpp is told of a file only when it is one of its own: it says little about others.
fn check_file(path: &Path) -> Result<(), EngineError> {
    let mut file = File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => EngineError::Missing { path: path.to_path_buf() },
        _ => EngineError::Unreadable { path: path.to_path_buf(), source },
    })?;
    let mut magic = Vec::new();
    let read = file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic);
    read.map_err(|source| EngineError::Unreadable { path: path.to_path_buf(), source })?;
    if magic == MAGIC {
        return Ok(());
    }
    Err(EngineError::Damaged { path: path.to_path_buf(), reason: "it is not a GGUF file".to_owned() })
}

/// The device and how many layers it is to get; more than there are means all.
fn wanted(backend: &LlamaBackend, layers: GpuLayers) -> (String, u32) {
    let gpus = backend::gpus(backend);
    let wanted = match layers {
        GpuLayers::Auto => u32::MAX,
        GpuLayers::Count(count) => count,
    };
    match gpus.first() {
        Some(gpu) if wanted > 0 => (format!("{} ({})", gpu.name, gpu.description), wanted),
        _ => {
            if let GpuLayers::Count(1..) = layers {
                tracing::warn!("no gpu can be used, the model runs on the cpu");
            }
            ("CPU".to_owned(), 0)
        }
    }
}
