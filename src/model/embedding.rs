//! The embedder as the index asks for it: loaded when the first text comes, and shared with whoever else embeds.

use std::sync::{Arc, Mutex, PoisonError};

use tutor_index::{Embed, EmbedFailed};
use tutor_models::catalog::Catalog;
use tutor_models::embed::{Embedder, EmbedderSettings};
use tutor_models::generate::Class;

use super::{file, missing};
use crate::config;
use crate::dialogue::Trouble;

/// The embedder that the settings name.
#[derive(Debug)]
pub(super) struct Embedding {
    settings: config::Models,
    /// The model's name and the size of its file: other weights make other vectors.
    name: String,
    chinese: bool,
    here: bool,
    embedder: Mutex<Option<Arc<Embedder>>>,
}

impl Embedding {
    /// Looks it up in the catalogue; nothing is loaded.
    pub(super) fn new(settings: config::Models) -> Self {
        let catalog = Catalog::load(&settings.folder).ok();
        let entry = catalog.as_ref().and_then(|catalog| catalog.get(&settings.embed).ok());
        let chinese = entry.is_some_and(|entry| entry.languages.iter().any(|language| language == "zh"));
        let size = file(&settings, &settings.embed).ok().and_then(|path| std::fs::metadata(path).ok());
        let size = size.map(|data| data.len());
        let name = format!("{} ({} bytes)", settings.embed, size.unwrap_or_default());
        Self { settings, name, chinese, here: size.is_some(), embedder: Mutex::new(None) }
    }

    /// Whether its file was on this machine at the start.
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// The embedder; loads it the first time, which blocks.
    ///
    /// # Errors
    /// [`Trouble::ModelMissing`]; the next call tries again.
    pub(super) fn loaded(&self) -> Result<Arc<Embedder>, Trouble> {
        let mut embedder = self.embedder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(embedder) = &*embedder {
            return Ok(embedder.clone());
        }
        let settings = EmbedderSettings {
            name: self.settings.embed.clone(),
            path: file(&self.settings, &self.settings.embed)?,
            threads: self.settings.threads,
            gpu_layers: self.settings.gpu_layers,
        };
        let started = Arc::new(Embedder::start(settings).map_err(|error| missing(&error))?);
        Ok(embedder.insert(started).clone())
    }
}

impl Embedding {
    fn computed(&self, texts: &[String], class: Class) -> Result<Vec<Vec<f32>>, EmbedFailed> {
        let embedder = self.loaded().map_err(|trouble| EmbedFailed(trouble.into()))?;
        embedder.embed_blocking(texts, class).map_err(|error| EmbedFailed(error.into()))
    }
}

impl Embed for Embedding {
    fn name(&self) -> &str {
        &self.name
    }

    fn reads_chinese(&self) -> bool {
        self.chinese
    }

    fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed> {
        self.computed(&texts, Class::Background)
    }

    fn embed_question(&self, question: &str) -> Result<Vec<f32>, EmbedFailed> {
        let mut vectors = self.computed(&[question.to_owned()], Class::Person)?;
        vectors.pop().ok_or_else(|| EmbedFailed("no vector".into()))
    }
}
