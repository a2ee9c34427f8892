//! The models, each loaded when it is first wanted: commands that need none never pay for one.
//!
//! The chat model runs in this process, or on the servers that the settings name. Further chat models share the memory that
//! the settings allow: who was asked for longest ago leaves.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tutor_index::Embed;
use tutor_models::catalog::Catalog;
use tutor_models::embed::Embedder;
use tutor_models::generate::Generate;
use tutor_models::remote::{Remote, RemoteSettings};
use tutor_models::shelf::{Shelf, Wanted};

use crate::config::{self, Servers};
use crate::dialogue::Trouble;
use embedding::Embedding;
use files::Files;
use standby::Standby;

mod embedding;
mod files;
mod standby;

/// The models that the settings name.
pub(crate) struct Model {
    settings: config::Models,
    shelf: Shelf,
    fleet: OnceCell<Arc<Remote>>,
    embedding: Arc<Embedding>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Model {
    /// The models that `settings` name; nothing is loaded.
    pub(crate) fn new(settings: config::Models) -> Self {
        let limit = if settings.memory == 0 { u64::MAX } else { u64::from(settings.memory) << 20 };
        let shelf = Shelf::new(Arc::new(Files::new(settings.clone())), limit);
        let embedding = Arc::new(Embedding::new(settings.clone()));
        Self { settings, shelf, fleet: OnceCell::new(), embedding }
    }

    /// A model that is there already, for tests.
    #[cfg(test)]
    pub(crate) fn ready(settings: config::Models, engine: Arc<dyn Generate>) -> Self {
        let shelf = Shelf::new(Arc::new(files::Ready(engine)), u64::MAX);
        Self { shelf, ..Self::new(settings) }
    }

    /// What the chat model is called: in the catalogue, or on the servers.
    pub(crate) fn chat_name(&self) -> &str {
        let there = self.settings.servers.as_ref().and_then(|servers| servers.model.as_deref());
        there.unwrap_or(&self.settings.chat)
    }

    /// All chat models, the one that answers students first.
    pub(crate) fn chat_names(&self) -> Vec<&str> {
        let config::Models { small, also, .. } = &self.settings;
        let mut names = vec![self.chat_name()];
        for name in small.iter().chain(also) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The embedder's name in the catalogue.
    pub(crate) fn embed_name(&self) -> &str {
        &self.settings.embed
    }

    /// The chat models that are loaded.
    pub(crate) fn running(&self) -> Vec<Arc<dyn Generate>> {
        let fleet = self.fleet.get().map(|fleet| fleet.clone() as Arc<dyn Generate>);
        fleet.into_iter().chain(self.shelf.running()).collect()
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

    /// The chat model; loads it the first time.
    ///
    /// # Errors
    /// [`Trouble::ModelMissing`] when its file is not there, damaged, or does not fit into memory. The next
    /// call tries again.
    pub(crate) async fn get(&self) -> Result<Arc<dyn Generate>, Trouble> {
        self.named(self.chat_name()).await
    }

    /// The chat model as it answers in the course `id`: with the adapter `adapters/ID.gguf` in the models folder, where there
    /// is one. Servers answer without.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) async fn of_course(&self, id: &str) -> Result<Arc<dyn Generate>, Trouble> {
        if self.settings.servers.is_some() {
            return self.get().await;
        }
        let file = self.settings.folder.join("adapters").join(format!("{id}.gguf"));
        let adapter = tokio::fs::try_exists(&file).await.unwrap_or(false).then_some(file);
        self.shelved(Wanted { name: self.settings.chat.clone(), adapter }).await
    }

    /// The chat model for what needs no good writer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) async fn small(&self) -> Result<Arc<dyn Generate>, Trouble> {
        self.named(self.settings.small.as_deref().unwrap_or(self.chat_name())).await
    }

    /// The chat model of one of [`Self::chat_names`].
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) async fn named(&self, name: &str) -> Result<Arc<dyn Generate>, Trouble> {
        match &self.settings.servers {
            Some(servers) if name == self.chat_name() => {
                let connect = || async { self.connect(servers) };
                let fleet = self.fleet.get_or_try_init(connect).await?;
                Ok(fleet.clone())
            }
            _ => self.shelved(Wanted { name: name.to_owned(), adapter: None }).await,
        }
    }

    async fn shelved(&self, wanted: Wanted) -> Result<Arc<dyn Generate>, Trouble> {
        self.shelf.get(&wanted).await.map_err(|error| missing(&error))
    }

    /// The chat model on servers. It is watched from now on and waits for none of them.
    fn connect(&self, servers: &Servers) -> Result<Arc<Remote>, Trouble> {
        let config::Models { chat, context, .. } = &self.settings;
        let last_resort =
            || Arc::new(Standby::new(self.shelf.clone(), chat.clone(), *context as usize)) as Arc<dyn Generate>;
        let settings = RemoteSettings {
            name: self.chat_name().to_owned(),
            servers: servers.servers.clone(),
            context: *context,
            waits: servers.waits,
        };
        let remote = Remote::start(settings, servers.last_resort.then(last_resort)).map_err(|error| missing(&error))?;
        tracing::info!(servers = servers.servers.len(), "the chat model is on servers");
        Ok(Arc::new(remote))
    }
}

fn missing(error: &dyn std::error::Error) -> Trouble {
    Trouble::ModelMissing(chain(error))
}

fn file(settings: &config::Models, name: &str) -> Result<PathBuf, Trouble> {
    let catalog = Catalog::load(&settings.folder).map_err(|error| missing(&error))?;
    catalog.path(name, &settings.folder).map_err(|error| missing(&error))
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
