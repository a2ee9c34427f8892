//! Weights that suit the machine: a model is written in the types of weights that change next to nothing, each is measured
//! on the load of a small class, and the fastest is kept beside the original, with the settings that it ran best with.
//!
//! Which type is fastest depends on the CPU, and no rule tells: the kernels for one type can be four times as fast as
//! those for another that is smaller. What is lost is measured as perplexity on course text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Entry;
use crate::engine::{Attention, Cache, Engine, EngineError, EngineSettings, GpuLayers, PrefixSettings, Tuning};
use crate::generate::Generate;
use crate::load::{ClassLoad, Measured, Mode};

mod machine;
mod perplexity;
mod quantise;

/// By how much perplexity may rise.
const LOSS: f64 = 0.005;

/// A larger file is only tuned: in wider weights it would take more memory than it is worth.
const LARGEST: u64 = 1 << 30;

/// A type of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Weights {
    /// As they came.
    Original,
    /// Eight bits.
    #[serde(rename = "Q8_0")]
    Q8,
    /// Sixteen bits.
    #[serde(rename = "BF16")]
    Bf16,
}

impl Weights {
    /// The name that GGUF files carry; none for the original.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Original => None,
            Self::Q8 => Some("Q8_0"),
            Self::Bf16 => Some("BF16"),
        }
    }
}

/// One way to run a model, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The weights.
    pub weights: Weights,
    /// The settings.
    pub tuning: Tuning,
    /// What the class load took.
    pub measured: Measured,
}

/// What was found for a model on a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The machine, as its CPU is named.
    pub machine: String,
    /// Bytes of the original file; another original needs to be prepared again.
    pub original: u64,
    /// The best weights.
    pub weights: Weights,
    /// Their file's name in the models folder.
    pub file: PathBuf,
    /// The best settings.
    pub tuning: Tuning,
    /// Perplexity of the original and of each type of weights on course text.
    pub perplexity: Vec<(Weights, f64)>,
    /// All that was measured.
    pub runs: Vec<Run>,
}

/// How far the preparation is.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Weights of this type are written.
    Writing(Weights),
    /// Their perplexity is measured.
    Reading(Weights),
    /// A class load runs.
    Running(Weights, Tuning),
    /// It has run.
    Ran(Run),
    /// The type is left out: perplexity rose from the first to the second number.
    Lossy(Weights, f64, f64),
}

/// Why a model cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The model cannot be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Perplexity could not be measured.
    #[error("the model's perplexity cannot be measured: {reason}")]
    Perplexity {
        /// What llama.cpp said.
        reason: String,
    },
    /// The weights could not be written.
    #[error("cannot write the weights to {path}")]
    Write {
        /// The file.
        path: PathBuf,
    },
    /// The models folder cannot be written to.
    #[error("cannot write to {path}")]
    Folder {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Prepares the model of `entry`, whose file is in `folder`, for this machine. `text` is course text in its languages. It
/// blocks, for minutes when the model is large.
///
/// # Errors
/// See [`PrepareError`]; what was prepared before stays.
pub fn prepare(
    entry: &Entry,
    folder: &Path,
    threads: u32,
    text: &str,
    report: &mut dyn FnMut(Step),
) -> Result<Prepared, PrepareError> {
    let original = entry.path(folder);
    let size =
        std::fs::metadata(&original).map_err(|source| PrepareError::Folder { path: original.clone(), source })?;
    let mut work = Work { entry, folder, original, threads, runs: Vec::new(), perplexity: Vec::new(), report };
    let first = Tuning::default();
    let on_gpu = work.run(Weights::Original, first)?;
    if size.len() <= LARGEST && !on_gpu {
        work.try_weights(text)?;
    }
    let best = work.best().map_or(Weights::Original, |run| run.weights);
    for tuning in tunings() {
        if tuning.cache == Cache::F16 || work.keeps_enough(best, tuning, text)? {
            work.run(best, tuning)?;
        }
    }
    let found = work.best().map(|run| (run.weights, run.tuning)).unwrap_or((Weights::Original, first));
    work.remove_all_but(found.0);
    let prepared = Prepared {
        machine: machine::name(),
        original: size.len(),
        weights: found.0,
        file: name_of(entry, found.0),
        tuning: found.1,
        perplexity: work.perplexity,
        runs: work.runs,
    };
    record(entry, folder, &prepared)?;
    Ok(prepared)
}

/// What was prepared on this machine for the model of `entry`, when it is still there and of the same original.
pub fn prepared(entry: &Entry, folder: &Path) -> Option<Prepared> {
    let text = std::fs::read_to_string(record_of(entry, folder)).ok()?;
    let prepared: Prepared = serde_json::from_str(&text).ok()?;
    let same = prepared.machine == machine::name()
        && std::fs::metadata(entry.path(folder)).is_ok_and(|original| original.len() == prepared.original)
        && folder.join(&prepared.file).is_file();
    same.then_some(prepared)
}

/// The ways to run a model that are tried beside llama.cpp's own choice.
fn tunings() -> [Tuning; 5] {
    let tuning = |attention, cache| Tuning { attention, cache };
    [
        tuning(Attention::Plain, Cache::F16),
        tuning(Attention::Plain, Cache::Bf16),
        tuning(Attention::Flash, Cache::F16),
        tuning(Attention::Flash, Cache::Bf16),
        tuning(Attention::Flash, Cache::Q8),
    ]
}

/// A model under preparation.
struct Work<'a> {
    entry: &'a Entry,
    folder: &'a Path,
    original: PathBuf,
    threads: u32,
    runs: Vec<Run>,
    perplexity: Vec<(Weights, f64)>,
    report: &'a mut dyn FnMut(Step),
}

impl Work<'_> {
    fn path(&self, weights: Weights) -> PathBuf {
        match weights {
            Weights::Original => self.original.clone(),
            other => self.folder.join(name_of(self.entry, other)),
        }
    }

    /// Runs the class load; whether a GPU did the work.
    fn run(&mut self, weights: Weights, tuning: Tuning) -> Result<bool, PrepareError> {
        (self.report)(Step::Running(weights, tuning));
        let settings = EngineSettings {
            name: self.entry.name.clone(),
            path: self.path(weights),
            threads: self.threads,
            context: 1024,
            parallel: 16,
            gpu_layers: GpuLayers::Auto,
            queue: 64,
            tuning,
            prefixes: PrefixSettings::default(),
            adapter: None,
        };
        let engine = match Engine::start(settings) {
            // Not every model can be run in every way.
            Err(EngineError::Context { .. }) if tuning != Tuning::default() => return Ok(false),
            started => started?,
        };
        let on_gpu = engine.placement().layers > 0;
        let engine: Arc<dyn Generate> = Arc::new(engine);
        let load = ClassLoad {
            mode: Mode::Topics,
            students: 16,
            rounds: 1,
            topics: 4,
            context: 160,
            answer: 24,
            long: 0,
            seed: 7,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| EngineError::Start { reason: source.to_string() })?;
        let measured = runtime.block_on(load.run(&engine));
        let run = Run { weights, tuning, measured };
        if run.measured.errors == 0 {
            self.runs.push(run.clone());
        }
        (self.report)(Step::Ran(run));
        Ok(on_gpu)
    }

    fn try_weights(&mut self, text: &str) -> Result<(), PrepareError> {
        (self.report)(Step::Reading(Weights::Original));
        let before = perplexity::of(&self.original, &self.entry.name, text, Tuning::default())?;
        self.perplexity.push((Weights::Original, before));
        for weights in [Weights::Q8, Weights::Bf16] {
            let path = self.path(weights);
            if !path.is_file() {
                (self.report)(Step::Writing(weights));
                quantise::write(&self.original, &path, weights)?;
            }
            (self.report)(Step::Reading(weights));
            let after = perplexity::of(&path, &self.entry.name, text, Tuning::default())?;
            self.perplexity.push((weights, after));
            if after > before * (1.0 + LOSS) {
                (self.report)(Step::Lossy(weights, before, after));
                continue;
            }
            self.run(weights, Tuning::default())?;
        }
        Ok(())
    }

    /// Whether keys and values can be kept that way: perplexity tells.
    fn keeps_enough(&mut self, weights: Weights, tuning: Tuning, text: &str) -> Result<bool, PrepareError> {
        let Some((_, before)) = self.perplexity.first().copied() else { return Ok(true) };
        match perplexity::of(&self.path(weights), &self.entry.name, text, tuning) {
            Ok(after) => {
                let enough = after <= before * (1.0 + LOSS);
                if !enough {
                    (self.report)(Step::Lossy(weights, before, after));
                }
                Ok(enough)
            }
            // Not every model can be run in every way.
            Err(PrepareError::Perplexity { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn best(&self) -> Option<&Run> {
        self.runs.iter().min_by(|a, b| a.measured.wall_s.total_cmp(&b.measured.wall_s))
    }

    fn remove_all_but(&self, kept: Weights) {
        for weights in [Weights::Q8, Weights::Bf16] {
            if weights != kept {
                let _ = std::fs::remove_file(self.path(weights));
            }
        }
    }
}

fn name_of(entry: &Entry, weights: Weights) -> PathBuf {
    let original = entry.path(Path::new(""));
    match weights.name() {
        None => original,
        Some(name) => {
            let stem = original.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            PathBuf::from(format!("{stem}.prepared-{name}.gguf"))
        }
    }
}

fn record_of(entry: &Entry, folder: &Path) -> PathBuf {
    folder.join(format!("{}.prepared-{}.json", entry.name, machine::digest()))
}

fn record(entry: &Entry, folder: &Path, prepared: &Prepared) -> Result<(), PrepareError> {
    let path = record_of(entry, folder);
    let failed = |source| PrepareError::Folder { path: path.clone(), source };
    let text = serde_json::to_vec_pretty(prepared).map_err(|error| failed(error.into()))?;
    // Several installations may share the folder, each under its own user.
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, &text).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
