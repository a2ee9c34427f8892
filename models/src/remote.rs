//! The generation port over servers that speak OpenAI's chat protocol (vLLM, SGLang, llama-server, Ray Serve, this program):
//! what a school points at when it outgrows one machine.
//!
//! Each request goes to the server in health that has the least work. A server that fails before the first word costs nobody
//! an answer: the next one is asked. One that is lost half-way is replaced as well (`remote/told.rs`). When no server answers,
//! the model in this process does, where there is one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::generate::{Generate, GenerateError, Generation, Load, Message, Request, Spent};
use attempt::Attempt;
use fleet::Fleet;
use server::Server;

mod answer;
mod attempt;
mod breaker;
pub(crate) mod estimate;
mod fleet;
mod pool;
mod server;
mod sse;
mod told;
mod watch;
mod wire;

/// Events that wait for a slow listener; the server waits with them.
const EVENTS: usize = 64;

/// How long a connection to a server may take.
const CONNECT: Duration = Duration::from_secs(3);

/// A secret that a server asks for; it never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Its address, with or without `/v1`.
    pub url: String,
    /// The model that it is asked for; without it, the first that it lists.
    pub model: Option<String>,
    /// The key that it asks for.
    pub key: Option<Key>,
}

/// How long a server is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// From a request to its first word.
    pub first: Duration,
    /// From one word to the next.
    pub gap: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { first: Duration::from_secs(30), gap: Duration::from_secs(15) }
    }
}

/// The servers, and how they are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteSettings {
    /// What the model is called here.
    pub name: String,
    /// The servers, which all serve the same model.
    pub servers: Vec<ServerSettings>,
    /// Tokens of a prompt and its answer together; a server that takes less lowers it for all.
    pub context: u32,
    /// How long a server is waited for.
    pub waits: Waits,
}

/// Why the servers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The address is none, or holds a name or password.
    #[error("{url} is not the address of a server")]
    Address {
        /// The address.
        url: String,
    },
    /// The key holds what no header can.
    #[error("the key of the server {url} holds characters that no key has")]
    Key {
        /// The server.
        url: String,
    },
    /// HTTP could not be set up.
    #[error("cannot set up HTTP: {reason}")]
    Client {
        /// What was said.
        reason: String,
    },
}

/// A chat model on servers. Dropping it ends the watch over them; answers in progress go on.
pub struct Remote {
    name: String,
    fleet: Arc<Fleet>,
    _watch: JoinSet<()>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Remote {
    /// A model on the servers of `settings`, which are watched from now on; `last_resort` answers when none of them does.
    /// It waits for none of them. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub fn start(settings: RemoteSettings, last_resort: Option<Arc<dyn Generate>>) -> Result<Self, RemoteError> {
        let client = client()?;
        let servers = settings.servers.iter().map(|server| Server::new(server, client.clone()));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let fleet = Arc::new(Fleet::new(servers, settings.waits, settings.context as usize, last_resort));
        let mut watches = JoinSet::new();
        for server in 0..fleet.servers.len() {
            watches.spawn(watch::watch(fleet.clone(), server));
        }
        Ok(Self { name: settings.name, fleet, _watch: watches })
    }
}

fn client() -> Result<reqwest::Client, RemoteError> {
    // Prompts and keys go where the settings say: through no proxy of the environment, and not on to wherever a server
    // redirects to.
    let client =
        reqwest::Client::builder().connect_timeout(CONNECT).no_proxy().redirect(reqwest::redirect::Policy::none());
    client.build().map_err(|error| RemoteError::Client { reason: error.to_string() })
}

#[async_trait]
impl Generate for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn window(&self) -> usize {
        self.fleet.window()
    }

    fn load(&self) -> Load {
        self.fleet.load()
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        Ok(self.fleet.count(messages).await)
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        let request = Request { max_tokens: request.max_tokens.max(1), ..request };
        let limit = self.window().saturating_sub(request.max_tokens);
        // What fits by an estimate that is too high, fits: no server need be asked.
        let mut tokens = estimate::tokens(&request.messages);
        if tokens > limit {
            tokens = self.fleet.count(&request.messages).await;
        }
        if tokens > limit {
            return Err(GenerateError::PromptTooLong { tokens, limit });
        }
        let mut attempt = Attempt::new(self.fleet.clone(), request, tokens);
        let writer = attempt.open().await?;
        self.fleet.begins(tokens);
        let (events, heard) = mpsc::channel(EVENTS);
        let spent = Arc::new(Spent::default());
        tokio::spawn(attempt.tell(writer, events, spent.clone()));
        Ok(Generation::new(heard).observed(spent, false))
    }
}

#[cfg(test)]
mod tests;
