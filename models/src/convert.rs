//! Makes a GGUF from the files of models that are not published as one.

use std::fmt;
use std::path::Path;

pub(crate) mod gguf;
mod minilm;

/// How a file is made from what a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// A sentence-transformers BERT in safetensors, as all-MiniLM-L6-v2 is published.
    MiniLm,
}

impl Conversion {
    /// The conversion that a catalogue calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        (name == "minilm").then_some(Self::MiniLm)
    }

    /// The files that it reads; they stand side by side in the source.
    pub fn inputs(self) -> &'static [&'static str] {
        match self {
            Self::MiniLm => &[minilm::WEIGHTS, minilm::VOCABULARY],
        }
    }

    /// Reads its inputs from `folder` and writes the GGUF to `out`; the same inputs give the same bytes.
    ///
    /// # Errors
    /// When an input cannot be read or is not what the conversion knows, or `out` cannot be written.
    pub fn run(self, folder: &Path, out: &Path) -> Result<(), ConvertError> {
        match self {
            Self::MiniLm => minilm::convert(folder, out),
        }
    }
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MiniLm => "minilm",
        })
    }
}

/// Why a model could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The weights are not a safetensors file.
    #[error("the weights are not safetensors")]
    Weights(#[source] Box<safetensors::SafeTensorError>),
    /// The weights hold numbers of a kind that the conversion does not read.
    #[error("the tensor {tensor} holds {kind}, not 32-bit floats")]
    Numbers {
        /// The tensor.
        tensor: String,
        /// What it holds.
        kind: String,
    },
    /// A tensor that the model needs is not there.
    #[error("the weights have {found} of the model's {expected} tensors")]
    Tensors {
        /// Tensors that were found.
        found: usize,
        /// Tensors that the model has.
        expected: usize,
    },
}
