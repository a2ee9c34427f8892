//! The model in this process as a last resort: it takes no memory until no server answers.

use std::sync::Arc;

use async_trait::async_trait;
use tutor_models::generate::{Generate, GenerateError, Generation, Message, Request};
use tutor_models::shelf::{Shelf, Wanted};

use super::chain;

/// A chat model that is loaded when it is asked.
pub(super) struct Standby {
    shelf: Shelf,
    wanted: Wanted,
    context: usize,
}

impl Standby {
    /// The model `name` of `shelf`, with a window of `context` tokens; nothing is loaded.
    pub(super) fn new(shelf: Shelf, name: String, context: usize) -> Self {
        Self { shelf, wanted: Wanted { name, adapter: None }, context }
    }

    async fn model(&self) -> Result<Arc<dyn Generate>, GenerateError> {
        let model = self.shelf.get(&self.wanted).await;
        model.map_err(|error| GenerateError::Backend { reason: chain(&error) })
    }
}

#[async_trait]
impl Generate for Standby {
    fn name(&self) -> &str {
        &self.wanted.name
    }

    fn window(&self) -> usize {
        self.context
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        self.model().await?.count(messages).await
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        self.model().await?.generate(request).await
    }
}
