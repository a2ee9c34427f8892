//! The models, each loaded when it is first wanted: commands that only search never pay for one.
//!
//! The chat model runs in this process, or on the servers that the settings name.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tutor_models::catalog::Catalog;
use tutor_models::embed::{Embedder, EmbedderSettings};
use tutor_models::engine::{Engine, EngineSettings, PrefixSettings, Tuning};
use tutor_models::generate::Generate;
use tutor_models::prepare;
use tutor_models::remote::{Remote, RemoteSettings};

use crate::config::{self, Servers};
use crate::dialogue::Trouble;
use standby::Standby;

mod standby;

/// The chat model that the settings name.
#[derive(Debug)]
pub(crate) struct Model {
    settings: config::Models,
    engine: OnceCell<Loaded>,
    embedder: OnceCell<Arc<Embedder>>,
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
        Self { settings, engine: OnceCell::new(), embedder: OnceCell::new() }
    }

    /// A model that is there already, for tests.
    #[cfg(test)]
    pub(crate) fn ready(settings: config::Models, engine: Arc<dyn Generate>) -> Self {
        Self { settings, engine: OnceCell::new_with(Some(Loaded(engine))), embedder: OnceCell::new() }
    }

    /// What the chat model is called: in the catalogue, or on the servers.
    pub(crate) fn chat_name(&self) -> &str {
        let there = self.settings.servers.as_ref().and_then(|servers| servers.model.as_deref());
        there.unwrap_or(&self.settings.chat)
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
        let load = || async {
            let settings = self.settings.clone();
            let embedder = tokio::task::spawn_blocking(move || start_embedder(&settings)).await;
            Ok(Arc::new(embedder.map_err(|_| Trouble::Task)??))
        };
        self.embedder.get_or_try_init(load).await.cloned()
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
        if let Some(servers) = &self.settings.servers {
            return connect(&settings, servers, self.chat_name());
        }
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

fn start_embedder(settings: &config::Models) -> Result<Embedder, Trouble> {
    let embedder = EmbedderSettings {
        name: settings.embed.clone(),
        path: file(settings, &settings.embed)?,
        threads: settings.threads,
        gpu_layers: settings.gpu_layers,
    };
    Embedder::start(embedder).map_err(|error| missing(&error))
}

/// The weights and settings that `tutor models prepare` found best on this machine.
fn prepared(settings: &config::Models) -> Option<(PathBuf, Tuning)> {
    let catalog = Catalog::load(&settings.folder).ok()?;
    let prepared = prepare::prepared(catalog.get(&settings.chat).ok()?, &settings.folder)?;
    tracing::info!(weights = ?prepared.weights, tuning = ?prepared.tuning, "prepared for this machine");
    Some((settings.folder.join(prepared.file), prepared.tuning))
}

/// The chat model on servers. It is watched from now on and waits for none of them.
fn connect(settings: &config::Models, servers: &Servers, name: &str) -> Result<Loaded, Trouble> {
    let last_resort = || Arc::new(Standby::new(settings.clone())) as Arc<dyn Generate>;
    let remote = RemoteSettings {
        name: name.to_owned(),
        servers: servers.servers.clone(),
        context: settings.context,
        waits: servers.waits,
    };
    let remote = Remote::start(remote, servers.last_resort.then(last_resort)).map_err(|error| missing(&error))?;
    tracing::info!(servers = servers.servers.len(), "the chat model is on servers");
    Ok(Loaded(Arc::new(remote)))
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
