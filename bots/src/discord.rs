//! Discord: the adapter between the chat port and a bot account, over serenity's gateway client and REST.
//!
//! Events come in order from the gateway's own thread ([`gateway`]), become port messages
//! ([`incoming`]), are accepted by the tutor, and their replies are delivered by the desk that all messengers
//! share, through a [`channel`]. Discord keeps no event for a bot that is away: what was said between two
//! gateway sessions, or while the program was down, is listed afterwards ([`missed`]) in the channels that the
//! tutor has marked.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;
use serenity::http::Route;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::chat::Tutor;

mod adapter;
mod channel;
mod commands;
mod files;
mod gateway;
mod hook;
mod incoming;
mod missed;
mod rest;
mod snowflake;
mod station;

use adapter::Adapter;
use files::Downloads;
use gateway::Gateway;
use rest::{CallError, Rest};

/// How to reach Discord. Its `Debug` does not show the token.
#[derive(Clone)]
pub struct Config {
    token: String,
    api_url: Option<String>,
}

impl Config {
    /// The bot with this token; `api_url` names a server that speaks Discord's API in Discord's place, such
    /// as `http://127.0.0.1:3000`.
    pub fn new(token: &str, api_url: Option<&str>) -> Self {
        let token = token.trim();
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        Self { token: token.to_owned(), api_url: api_url.map(str::to_owned) }
    }

    fn token(&self) -> &str {
        &self.token
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("token", &"…").field("api_url", &self.api_url).finish()
    }
}

/// Why the adapter ended although it was not asked to. The token is in none of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscordError {
    /// Discord does not know the token.
    #[error("discord refuses the token")]
    WrongToken,
    /// The bot's page in the developer portal has "Message Content Intent" switched off.
    #[error("the message content intent is switched off for this bot")]
    MessageContentSwitchedOff,
    /// `api_url` is no address of a web server.
    #[error("{address:?} is not an http or https address")]
    ApiUrl {
        /// What was given.
        address: String,
    },
    /// The server does not tell its gateway.
    #[error("the server answers the request for its gateway with status {status}")]
    NoGateway {
        /// The HTTP status; 200 when the answer held no address.
        status: u16,
    },
    /// No HTTP client could be made.
    #[error("no http client")]
    HttpClient {
        /// The cause.
        source: reqwest::Error,
    },
    /// The gateway's thread could not be started.
    #[error("no thread for the gateway")]
    Thread {
        /// The cause.
        source: std::io::Error,
    },
    /// The gateway refuses the bot for another reason.
    #[error("the gateway refuses the bot")]
    Gateway {
        /// The cause.
        source: Box<serenity::Error>,
    },
    /// The gateway client ended without a reason.
    #[error("the gateway client ended")]
    GatewayEnded,
}

/// Serves `tutor` in Discord until `stop`; `ready` is told when the first session has begun and what was
/// left pending is being answered.
///
/// Losses of the network are survived. After `stop`, the gateway is closed and the replies in progress are
/// delivered before this returns; dropping the future leaves them pending.
///
/// # Errors
/// [`DiscordError`] when Discord will not have the bot as it is set up.
pub async fn run(
    config: Config,
    tutor: Arc<dyn Tutor>,
    stop: CancellationToken,
    ready: oneshot::Sender<()>,
) -> Result<(), DiscordError> {
    check_address(&config)?;
    let rest = Arc::new(Rest::new(&config)?);
    let files = Arc::new(Downloads::new(&config)?);
    let Some(address) = gateway_address(&rest, &stop).await? else { return Ok(()) };
    let mut gateway = Gateway::open(&config, address, Arc::clone(&rest))?;
    let mut adapter = Adapter::new(rest, files, tutor, ready);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            event = gateway.events.recv() => match event {
                Some(event) => adapter.take(event).await,
                None => return Err(gateway.failure().await),
            },
            found = adapter.missed() => adapter.catch_up(found).await,
        }
    }
    let mut left = gateway.close().await;
    while let Ok(event) = left.try_recv() {
        adapter.take(event).await;
    }
    adapter.drain().await;
    Ok(())
}

fn check_address(config: &Config) -> Result<(), DiscordError> {
    let Some(address) = &config.api_url else { return Ok(()) };
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(()),
        _ => Err(DiscordError::ApiUrl { address: address.clone() }),
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Asks for the gateway's address until the network allows; `None` when stopped before.
async fn gateway_address(rest: &Rest, stop: &CancellationToken) -> Result<Option<String>, DiscordError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let wait = match rest.call(Method::GET, Route::GatewayBot, &Value::Null).await {
            Ok(answer) => {
                let address = answer["url"].as_str().ok_or(DiscordError::NoGateway { status: 200 })?;
                return Ok(Some(address.to_owned()));
            }
            Err(CallError::Refused { status: 401, .. }) => return Err(DiscordError::WrongToken),
            Err(CallError::Refused { status, .. }) => return Err(DiscordError::NoGateway { status }),
            Err(CallError::Limited { after, .. }) => after,
            Err(error) => {
                tracing::warn!(%error, "discord not reached");
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = stop.cancelled() => return Ok(None),
        }
    }
}
