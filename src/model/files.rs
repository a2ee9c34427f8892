//! Chat models from their files in the models folder, as the settings say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tutor_models::catalog::Catalog;
use tutor_models::engine::{Engine, EngineSettings, PrefixSettings, Tuning};
use tutor_models::generate::Generate;
use tutor_models::prepare;
use tutor_models::shelf::{Open, OpenError, Opened, Wanted};

use super::chain;
use crate::config;

/// Loads models from the models folder.
#[derive(Debug)]
pub(super) struct Files {
    settings: config::Models,
}

impl Files {
    /// The models of `settings`.
    pub(super) fn new(settings: config::Models) -> Self {
        Self { settings }
    }

    /// The weights of a model, those that `tutor models prepare` found best on this machine where it was run.
    fn weights(&self, name: &str) -> Result<(PathBuf, Tuning), OpenError> {
        let missing = |error: &dyn std::error::Error| OpenError::Missing { reason: chain(error) };
        let folder = &self.settings.folder;
        let catalog = Catalog::load(folder).map_err(|error| missing(&error))?;
        let original = catalog.path(name, folder).map_err(|error| missing(&error))?;
        let prepared = catalog.get(name).ok().and_then(|entry| prepare::prepared(entry, folder));
        Ok(prepared.map_or((original, Tuning::default()), |prepared| (folder.join(prepared.file), prepared.tuning)))
    }

    fn engine(&self, wanted: &Wanted) -> Result<EngineSettings, OpenError> {
        let settings = &self.settings;
        let (path, tuning) = self.weights(&wanted.name)?;
        // In metrics and logs a model with an adapter is one of its own.
        let adapted = wanted.adapter.as_ref().and_then(|file| file.file_stem()).map(|stem| stem.to_string_lossy());
        let name = wanted.name.clone() + &adapted.map(|stem| format!("+{stem}")).unwrap_or_default();
        let memory = (settings.prefix_memory as usize) << 20;
        Ok(EngineSettings {
            name,
            path,
            threads: settings.threads,
            context: settings.context,
            parallel: settings.parallel,
            gpu_layers: settings.gpu_layers,
            tuning,
            prefixes: PrefixSettings { memory, folder: settings.prefix_folder.clone() },
            adapter: wanted.adapter.clone(),
            ..EngineSettings::default()
        })
    }
}

impl Open for Files {
    fn size(&self, wanted: &Wanted) -> u64 {
        let file = self.weights(&wanted.name).ok().and_then(|(path, _)| std::fs::metadata(path).ok());
        file.map_or(0, |file| file.len())
    }

    fn open(&self, wanted: &Wanted) -> Result<Opened, OpenError> {
        let start = Instant::now();
        let settings = self.engine(wanted)?;
        let kept = settings.prefixes.memory as u64;
        let engine = Engine::start(settings)?;
        tracing::info!(model = engine.name(), ms = start.elapsed().as_millis(), "model loaded");
        let load = engine.load();
        Ok(Opened { bytes: load.model_bytes + load.context_bytes + kept, model: Arc::new(engine) })
    }
}

/// A model that is there already, for tests.
#[cfg(test)]
pub(super) struct Ready(pub(super) Arc<dyn Generate>);

#[cfg(test)]
impl Open for Ready {
    fn size(&self, _: &Wanted) -> u64 {
        0
    }

    fn open(&self, _: &Wanted) -> Result<Opened, OpenError> {
        Ok(Opened { model: self.0.clone(), bytes: 0 })
    }
}
