//! The model in this process as a last resort: it takes no memory until no server answers.

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tutor_models::engine::Engine;
use tutor_models::generate::{Generate, GenerateError, Generation, Load, Message, Request};

use super::{chain, start_engine};
use crate::config;

/// A chat model that is loaded when it is first asked, and stays.
#[derive(Debug)]
pub(super) struct Standby {
    settings: config::Models,
    engine: OnceCell<Engine>,
}

impl Standby {
    /// The chat model of `settings`; nothing is loaded.
    pub(super) fn new(settings: config::Models) -> Self {
        Self { settings, engine: OnceCell::new() }
    }

    async fn engine(&self) -> Result<&Engine, GenerateError> {
        let failed = |error: &dyn std::error::Error| GenerateError::Backend { reason: chain(error) };
        let load = || async {
            let settings = self.settings.clone();
            let started = tokio::task::spawn_blocking(move || start_engine(&settings)).await;
            started.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
        };
        self.engine.get_or_try_init(load).await
    }
}

#[async_trait]
impl Generate for Standby {
    fn name(&self) -> &str {
        &self.settings.chat
    }

    fn window(&self) -> usize {
        self.engine.get().map_or(self.settings.context as usize, Engine::window)
    }

    fn load(&self) -> Load {
        self.engine.get().map(Engine::load).unwrap_or_default()
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        self.engine().await?.count(messages).await
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        self.engine().await?.generate(request).await
    }
}
