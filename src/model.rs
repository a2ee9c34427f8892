//! The models, each loaded when it is first wanted: commands that need none never pay for one.

mod embedding;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tutor_index::Embed;
use tutor_models::catalog::Catalog;
use tutor_models::embed::Embedder;
use tutor_models::engine::{Engine, EngineSettings, PrefixSettings, Tuning};
use tutor_models::generate::Generate;
use tutor_models::prepare;

use self::embedding::Embedding;
use crate::config;
use crate::dialogue::Trouble;

/// The chat model that the settings name.
#[derive(Debug)]
pub(crate) struct Model {
    settings: config::Models,
    engine: OnceCell<Loaded>,
    embedding: Arc<Embedding>,
}

struct Loaded(Arc<dyn Generate>);

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({})", self.0.name())
    }
}

impl Model {
    /// The model that `settings` name; nothing is loaded.
    pub(crate) fn new(settings: config::Models) -> Self {
        let embedding = Arc::new(Embedding::new(settings.clone()));
        Self { settings, engine: OnceCell::new(), embedding }
    }

    /// A model that is there already, for tests.
    #[cfg(test)]
    pub(crate) fn ready(settings: config::Models, engine: Arc<dyn Generate>) -> Self {
        let engine = OnceCell::new_with(Some(Loaded(engine)));
        Self { engine, ..Self::new(settings) }
    }

    /// The chat model's name in the catalogue.
    pub(crate) fn chat_name(&self) -> &str {
        &self.settings.chat
    }

    /// The embedder's name in the catalogue.
    pub(crate) fn embed_name(&self) -> &str {
        &self.settings.embed
    }

    /// The chat model, when it is loaded.
    pub(crate) fn running(&self) -> Option<Arc<dyn Generate>> {
        self.engine.get().map(|loaded| loaded.0.clone())
    }

    /// The embedder; loads it the first time.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) async fn embedder(&self) -> Result<Arc<Embedder>, Trouble> {
        let embedding = self.embedding.clone();
        tokio::task::spawn_blocking(move || embedding.loaded()).await.map_err(|_| Trouble::Task)?
    }

    /// What the index embeds passages and questions with; none while the embedder's file is not on this machine.
    pub(crate) fn for_index(&self) -> Option<Arc<dyn Embed>> {
        self.embedding.is_here().then(|| self.embedding.clone() as Arc<dyn Embed>)
    }

    /// The model; loads it the first time.
    ///
    /// # Errors
    /// [`Trouble::ModelMissing`] when its file is not there, damaged, or does not fit into memory. The next
    /// call tries again.
    pub(crate) async fn get(&self) -> Result<Arc<dyn Generate>, Trouble> {
        let loaded = self.engine.get_or_try_init(|| self.load()).await?;
        Ok(loaded.0.clone())
    }

    async fn load(&self) -> Result<Loaded, Trouble> {
        let settings = self.settings.clone();
        let start = std::time::Instant::now();
        let engine =
            tokio::task::spawn_blocking(move || start_engine(&settings)).await.map_err(|_| Trouble::Task)??;
        tracing::info!(model = engine.name(), ms = start.elapsed().as_millis(), "model loaded");
        Ok(Loaded(Arc::new(engine)))
    }
}

fn missing(error: &dyn std::error::Error) -> Trouble {
    Trouble::ModelMissing(chain(error))
}

fn file(settings: &config::Models, name: &str) -> Result<PathBuf, Trouble> {
    let catalog = Catalog::load(&settings.folder).map_err(|error| missing(&error))?;
    catalog.path(name, &settings.folder).map_err(|error| missing(&error))
}

/// The weights and settings that `tutor models prepare` found best on this machine.
fn prepared(settings: &config::Models) -> Option<(PathBuf, Tuning)> {
    let catalog = Catalog::load(&settings.folder).ok()?;
    let prepared = prepare::prepared(catalog.get(&settings.chat).ok()?, &settings.folder)?;
    tracing::info!(weights = ?prepared.weights, tuning = ?prepared.tuning, "prepared for this machine");
    Some((settings.folder.join(prepared.file), prepared.tuning))
}

fn start_engine(settings: &config::Models) -> Result<Engine, Trouble> {
    let original = file(settings, &settings.chat)?;
    let (path, tuning) = prepared(settings).unwrap_or((original, Tuning::default()));
    let engine = EngineSettings {
        name: settings.chat.clone(),
        path,
        threads: settings.threads,
        context: settings.context,
        parallel: settings.parallel,
        gpu_layers: settings.gpu_layers,
        tuning,
        prefixes: PrefixSettings {
            memory: (settings.prefix_memory as usize) << 20,
            folder: settings.prefix_folder.clone(),
        },
        ..EngineSettings::default()
    };
    Engine::start(engine).map_err(|error| missing(&error))
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
