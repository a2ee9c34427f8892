//! Telegram: long polling, updates as [`Incoming`], and replies through teloxide.
//!
//! [`incoming`] reads updates and is pure; [`poll`] asks for them and confirms what the tutor has on disk;
//! [`port`] makes the calls of one reply, for the desk that all messengers share; [`errand`] makes the others.
//! The token is part of every address, so no error of the HTTP client is ever logged or handed on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use teloxide::prelude::*;
use teloxide::types::{BotCommand, Me};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::chat::{CommandSpec, Incoming, IncomingId, Tutor};
use crate::desk::{Desk, Messenger};

mod errand;
mod failure;
mod files;
mod incoming;
mod poll;
mod port;

use errand::{Errand, Errands};
use failure::Pause;
use files::Downloads;
use poll::Poll;
use port::Chat;

/// The platform's name in ids and places.
const PLATFORM: &str = "telegram";
/// How long the server holds a request for updates open.
const HOLD: Duration = Duration::from_secs(25);
/// How long a call may take, an upload included.
const CALL: Duration = Duration::from_secs(30);

/// How to reach Telegram. Its `Debug` does not show the token.
#[derive(Clone)]
pub struct Config {
    token: String,
    api_url: Option<String>,
}

impl Config {
    /// The bot with this token; `api_url` names a server that speaks the Bot API in Telegram's place, such
    /// as `http://127.0.0.1:8081`.
    pub fn new(token: &str, api_url: Option<&str>) -> Self {
        Self { token: token.trim().to_owned(), api_url: api_url.map(str::to_owned) }
    }

    fn address(&self) -> Result<Url, TelegramError> {
        let address = self.api_url.as_deref().unwrap_or("https://api.telegram.org");
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.ok_or_else(|| TelegramError::ApiUrl { address: address.to_owned() })
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
pub enum TelegramError {
    /// Telegram does not know the token.
    #[error("telegram refuses the token")]
    WrongToken,
    /// `api_url` is no address of a web server.
    #[error("{address:?} is not an http or https address")]
    ApiUrl {
        /// What was given.
        address: String,
    },
    /// No HTTP client could be made.
    #[error("no http client")]
    HttpClient {
        /// The cause.
        source: reqwest::Error,
    },
}

/// Serves `tutor` in Telegram until `stop`; `ready` is told when Telegram has accepted the token and what
/// was left pending is being answered.
///
/// Losses of the network are survived. After `stop`, no update is asked for, and the replies in progress
/// are delivered before this returns; dropping the future leaves them pending.
///
/// # Errors
/// [`TelegramError`] when Telegram will not have the bot as it is set up.
pub async fn run(
    config: Config,
    tutor: Arc<dyn Tutor>,
    stop: CancellationToken,
    ready: oneshot::Sender<()>,
) -> Result<(), TelegramError> {
    let address = config.address()?;
    let caller = bot(&config, &address, CALL)?;
    let poller = bot(&config, &address, HOLD + CALL)?;
    let Some(me) = me(&caller, &stop).await? else { return Ok(()) };
    let files = Arc::new(Downloads::new(caller.clone(), &address));
    let mut desk = Desk::new(Telegram(caller.clone()), Arc::clone(&tutor), files);
    let mut errands = Errands::new(caller);
    desk.resume().await;
    errands.run(Errand::Menu(menu(&tutor.commands())));
    // Nobody may be waiting for the signal any more; that is no reason not to serve.
    let _unheard = ready.send(());
    tracing::info!(bot = %me.user.id, "telegram is served");
    let outcome = Poll::new(poller, me, &mut desk, &mut errands).run(&stop).await;
    if outcome.is_ok() {
        desk.drain().await;
        errands.drain().await;
    }
    outcome
}

/// Telegram, as the desk sees it.
struct Telegram(Bot);

#[async_trait]
impl Messenger for Telegram {
    const NAME: &'static str = PLATFORM;
    type Origin = ();
    type Port = Chat;

    fn resume(&self, _: &IncomingId, standing: Vec<String>) -> (Vec<String>, ()) {
        (standing, ())
    }

    async fn open(&self, incoming: &Incoming, (): ()) -> Option<Chat> {
        Chat::new(self.0.clone(), incoming)
    }
}

/// A client of the Bot API. A server on this machine is not asked for through a proxy.
fn bot(config: &Config, address: &Url, timeout: Duration) -> Result<Bot, TelegramError> {
    let local = address.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let client = teloxide::net::default_reqwest_settings().timeout(timeout);
    let client = if local { client.no_proxy() } else { client };
    let client = client.build().map_err(|source| TelegramError::HttpClient { source })?;
    Ok(Bot::with_client(&config.token, client).set_api_url(address.clone()))
}

/// Who the bot is; `None` when it was stopped before Telegram could be reached.
async fn me(bot: &Bot, stop: &CancellationToken) -> Result<Option<Me>, TelegramError> {
    let mut pause = Pause::default();
    loop {
        let error = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            outcome = bot.get_me() => match outcome {
                Ok(me) => return Ok(Some(me)),
                Err(error) => error,
            }
        };
        let wait = pause.after(&error).ok_or(TelegramError::WrongToken)?;
        tracing::warn!(cause = failure::name(&error), "telegram cannot be reached");
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The menu of commands for each language; the first is for everybody else.
fn menu(commands: &[CommandSpec]) -> Vec<(Option<String>, Vec<BotCommand>)> {
    let default = commands.iter().filter_map(|command| {
        let description = command.description.first()?;
        Some(BotCommand::new(&command.name, &description.text))
    });
    let mut menus = vec![(None, default.collect())];
    let others = commands.iter().flat_map(|command| command.description.iter().skip(1));
    let languages: std::collections::BTreeSet<&str> = others.map(|text| text.language.as_str()).collect();
    for language in languages {
        let described = commands.iter().filter_map(|command| {
            let mut descriptions = command.description.iter();
            let text = &descriptions.clone().find(|text| text.language == language).or(descriptions.next())?.text;
            Some(BotCommand::new(&command.name, text))
        });
        menus.push((Some(language.to_owned()), described.collect()));
    }
    menus
}

/// The id of the message that `incoming` came in, as far as its reply should quote it.
fn question(incoming: &Incoming) -> Option<i32> {
    incoming.id.0.split_once('#').and_then(|(_, message)| message.parse().ok())
}
