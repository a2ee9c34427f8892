//! A model's weights in memory: opened, checked and placed.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};

use llama_cpp_2::LlamaBackendDevice;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};
use sha2::{Digest, Sha256};

use super::llama::Room;
use super::{EngineError, GpuLayers, Tuning, backend};
use crate::pull::digest::hex;

/// What every GGUF begins with.
const MAGIC: &[u8] = b"GGUF";

/// The llama.cpp whose states are written; to be changed with the version in Cargo.toml.
const BUILD: &str = "0.1.161";

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
    /// What changes its answers, until a context takes it.
    adapter: Mutex<Option<LlamaLoraAdapter>>,
    adapter_file: Option<PathBuf>,
}

impl Loaded {
    /// Reads the model at `path`. With [`GpuLayers::Auto`] the GPUs get as many layers as fit beside a context with `room`.
    ///
    /// # Errors
    /// [`EngineError::Missing`], [`EngineError::Unreadable`], [`EngineError::Damaged`].
    pub(crate) fn open(path: &Path, name: &str, layers: GpuLayers, room: Option<Room>) -> Result<Self, EngineError> {
        check_file(path)?;
        let backend = backend::started()?;
        let gpus = backend::gpus(backend);
        let mut params = pin!(LlamaModelParams::default());
        match (layers, room) {
            (GpuLayers::Count(count), _) => params.set(LlamaModelParams::default().with_n_gpu_layers(count)),
            (GpuLayers::Auto, Some(room)) if !gpus.is_empty() => fit(params.as_mut(), path, room),
            (GpuLayers::Auto, _) => {}
        }
        let model = LlamaModel::load_from_file(backend, path, &params).map_err(|_| EngineError::Damaged {
            path: path.to_path_buf(),
            reason: "llama.cpp cannot load it; it is cut off, of an unknown architecture, or too large for the memory"
                .to_owned(),
        })?;
        let of = model.n_layer() + 1;
        // A negative number stands for all.
        let wanted = u32::try_from(params.n_gpu_layers()).unwrap_or(of).min(of);
        let placement = place(&gpus, wanted, of);
        let (name, path) = (name.to_owned(), path.to_path_buf());
        Ok(Self { name, path, model, placement, adapter: Mutex::default(), adapter_file: None })
    }

    /// The same with the LoRA adapter in `file`.
    ///
    /// # Errors
    /// As [`Self::open`]; [`EngineError::Damaged`] for an adapter that was made for another model, too.
    pub(crate) fn adapted(mut self, file: &Path) -> Result<Self, EngineError> {
        check_file(file)?;
        let adapter = self.model.lora_adapter_init(file).map_err(|_| EngineError::Damaged {
            path: file.to_path_buf(),
            reason: "it is no adapter for this model".to_owned(),
        })?;
        Ok(Self { adapter: Mutex::new(Some(adapter)), adapter_file: Some(file.to_path_buf()), ..self })
    }

    /// The adapter, for the one context that uses it.
    pub(super) fn take_adapter(&self) -> Option<LlamaLoraAdapter> {
        self.adapter.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The chat template that the model brings.
    pub(crate) fn chat_template(&self) -> Option<String> {
        self.model.chat_template(None).ok()?.to_string().ok()
    }

    /// What states of this model, computed with `tuning`, have in common: another file or setting gives another name.
    pub(crate) fn fingerprint(&self, tuning: Tuning) -> String {
        let state = |path: &PathBuf| std::fs::metadata(path).map(|file| (file.len(), file.modified().ok())).ok();
        let (of_file, of_adapter) = (state(&self.path), self.adapter_file.as_ref().map(|file| (file, state(file))));
        let all = format!("{:?} {of_file:?} {of_adapter:?} {tuning:?} {:?} {BUILD}", self.path, self.placement);
        hex(&Sha256::digest(all)[..8])
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

/// Bytes of each GPU that are left free.
const MARGIN: usize = 512 << 20;

/// Gives the GPUs as many layers as fit into their free memory beside a context with `room`; none where not one fits.
fn fit(mut params: Pin<&mut LlamaModelParams>, path: &Path, room: Room) {
    let Ok(file) = CString::new(path.as_os_str().as_bytes()) else { return };
    let mut context = room.params(0);
    let mut margins = vec![MARGIN; llama_cpp_2::max_devices()];
    let tokens = room.context.saturating_mul(room.parallel);
    let quiet = llama_cpp_sys_2::GGML_LOG_LEVEL_ERROR;
    if let Err(error) = params.as_mut().fit_params(&file, &mut context, &mut margins, tokens, quiet) {
        tracing::warn!(%error, "the model does not fit into the gpu's memory and runs on the cpu");
        params.set(LlamaModelParams::default().with_n_gpu_layers(0));
    }
}

/// Where `layers` of `of` layers run.
fn place(gpus: &[LlamaBackendDevice], layers: u32, of: u32) -> Placement {
    if gpus.is_empty() || layers == 0 {
        if layers > 0 && layers < of {
            tracing::warn!("no gpu can be used, the model runs on the cpu");
        }
        return Placement { device: "CPU".to_owned(), layers: 0, of };
    }
    let names: Vec<String> = gpus.iter().map(|gpu| format!("{} ({})", gpu.name, gpu.description)).collect();
    Placement { device: names.join(" + "), layers, of }
}
