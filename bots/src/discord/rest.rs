//! REST: one authorised call to Discord, and what came of it in this crate's terms.
//!
//! serenity's own HTTP client is not used for these calls: it drops the `retry_after` of a 429, its rate
//! limiter ignores a proxy, and its spans carry message texts into logs.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serenity::http::Route;
use serenity::model::id::{ChannelId, MessageId};

use super::{Config, DiscordError};
use crate::chat::Attachment;

/// Where Discord's own API is.
const DISCORD: &str = "https://discord.com";
/// How long a call may take before it counts as lost. An upload of a file is within it.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What is waited when a 429 does not say how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);

/// Why a call had no answer that could be used. Neither addresses nor bodies are in it: both hold secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// 429: nothing more for a while.
    #[error("rate limited for {after:?}")]
    Limited {
        /// How long.
        after: Duration,
        /// For the whole bot rather than for one route.
        global: bool,
    },
    /// Discord understood the call and refuses it.
    #[error("refused with status {status}, code {code}")]
    Refused {
        /// The HTTP status, 400 to 499.
        status: u16,
        /// Discord's own code, 0 when it gave none.
        code: u64,
    },
    /// Discord failed: the call may have had its effect.
    #[error("server error {status}")]
    Failed {
        /// The HTTP status, 500 and above.
        status: u16,
    },
    /// No connection came about: the call had no effect.
    #[error("not reached")]
    Unreached(#[source] reqwest::Error),
    /// The connection broke: the call may have had its effect.
    #[error("connection lost")]
    Lost(#[source] reqwest::Error),
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() { Self::Unreached(error) } else { Self::Lost(error) }
    }
}

/// The API of one Discord, for one bot.
pub(crate) struct Rest {
    client: Client,
    api: String,
    authorization: HeaderValue,
}

impl Rest {
    pub(crate) fn new(config: &Config) -> Result<Self, DiscordError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bot {}", config.token())).map_err(|_| DiscordError::WrongToken)?;
        authorization.set_sensitive(true);
        let client = Client::builder().timeout(CALL_TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        let client = client.build().map_err(|source| DiscordError::HttpClient { source })?;
        let api = config.api_url.as_deref().unwrap_or(DISCORD).trim_end_matches('/').to_owned();
        Ok(Self { client, api, authorization })
    }

    /// Calls `route` and reads the answer's JSON; `Null` when there is none.
    pub(crate) async fn call(&self, method: Method, route: Route<'_>, body: &Value) -> Result<Value, CallError> {
        let request = self.request(method, route);
        let request = if body.is_null() { request } else { request.json(body) };
        answer(request.send().await?).await
    }

    /// Calls `route` with a file beside the body.
    pub(crate) async fn upload(
        &self,
        route: Route<'_>,
        body: &Value,
        file: &Attachment,
        method: Method,
    ) -> Result<Value, CallError> {
        let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
        let form = Form::new().text("payload_json", body.to_string()).part("files[0]", part);
        answer(self.request(method, route).multipart(form).send().await?).await
    }

    /// The messages of `channel` after the message `after`, at most `limit` of them.
    pub(crate) async fn list_messages(
        &self,
        channel_id: ChannelId,
        after: MessageId,
        limit: usize,
    ) -> Result<Value, CallError> {
        let request = self.request(Method::GET, Route::ChannelMessages { channel_id });
        let query = [("after", after.to_string()), ("limit", limit.to_string())];
        answer(request.query(&query).send().await?).await
    }

    fn request(&self, method: Method, route: Route<'_>) -> reqwest::RequestBuilder {
        let path = route.path();
        let address = format!("{}{}", self.api, path.strip_prefix(DISCORD).unwrap_or(&path));
        let agent = concat!("DiscordBot (tutor, ", env!("CARGO_PKG_VERSION"), ")");
        let request = self.client.request(method, address).header(reqwest::header::USER_AGENT, agent);
        request.header(AUTHORIZATION, self.authorization.clone())
    }
}

/// The body of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: u64,
    /// Seconds, in a 429.
    retry_after: Option<f64>,
    global: bool,
}

async fn answer(response: Response) -> Result<Value, CallError> {
    let status = response.status();
    let bytes = response.bytes().await?;
    if status.is_success() {
        // A body that is no JSON is as good as none: nobody who needs a field finds it.
        return Ok(serde_json::from_slice(&bytes).unwrap_or_default());
    }
    let refusal = serde_json::from_slice::<Refusal>(&bytes).unwrap_or_default();
    // Some refusals that no waiting helps against come as a 429 too, but name a code and no time.
    if status == StatusCode::TOO_MANY_REQUESTS && (refusal.code == 0 || refusal.retry_after.is_some()) {
        let after = refusal.retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        return Err(CallError::Limited { after: after.unwrap_or(DEFAULT_WAIT), global: refusal.global });
    }
    if status.is_client_error() {
        return Err(CallError::Refused { status: status.as_u16(), code: refusal.code });
    }
    Err(CallError::Failed { status: status.as_u16() })
}
