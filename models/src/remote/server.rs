//! One server: its address and key, and the calls that are made to it, each bounded in time and size.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::Answer;
use super::{RemoteError, ServerSettings, wire};
use crate::generate::{GenerateError, Message, Request, Role};

mod ask;

/// The most bytes of an answer that is not a chat, and of a refusal.
const BODY: usize = 4 << 20;
const REFUSAL: usize = 64 << 10;

/// How long a call may take that computes nothing.
const SHORT: Duration = Duration::from_secs(3);

/// Why a server did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It failed, or cannot be reached: another one may do better.
    Broken(String),
    /// It said nothing in time.
    Hung,
    /// It has too much to do for so long.
    Busy(Duration),
    /// The request is at fault: no server would take it.
    Refused(GenerateError),
}

/// How a server's prompts are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Counting {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// It counts chats (vLLM, and this program).
    Chat,
    /// It makes a prompt of a chat, and counts texts (llama-server).
    Text,
    /// It does not tell.
    Estimate,
}

/// What a server has said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The model that answers.
    pub(super) model: Option<String>,
    /// Tokens of a prompt and its answer together.
    pub(super) window: Option<usize>,
    /// How prompts are measured.
    pub(super) counting: Counting,
}

/// A server that speaks OpenAI's chat protocol.
#[derive(Debug)]
pub(super) struct Server {
    /// Its address without `/v1`, which also is its name in logs and metrics.
    pub(super) url: String,
    model: Option<String>,
    key: Option<HeaderValue>,
    client: Client,
    known: Mutex<Known>,
}

impl Server {
    pub(super) fn new(settings: &ServerSettings, client: Client) -> Result<Self, RemoteError> {
        let wrong = || RemoteError::Address { url: settings.url.clone() };
        let url = reqwest::Url::parse(&settings.url).map_err(|_| wrong())?;
        // A name and password in the address would end up in logs.
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let root = url.as_str().trim_end_matches('/');
        let root = root.strip_suffix("/v1").unwrap_or(root).to_owned();
        let header = |key: &super::Key| HeaderValue::from_str(&format!("Bearer {}", key.0));
        let mut key =
            settings.key.as_ref().map(header).transpose().map_err(|_| RemoteError::Key { url: root.clone() })?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        Ok(Self { url: root, model: settings.model.clone(), key, client, known: Mutex::default() })
    }

    /// What it has said of itself.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model that is asked for: the one of the settings, else the first that the server lists, once it has.
    fn model(&self) -> Option<String> {
        self.model.clone().or_else(|| self.known().model.clone())
    }

    /// Has it begin to answer; returns when it has taken the request.
    pub(super) async fn open(&self, request: &Request, until: Instant) -> Result<Answer, Failure> {
        if self.model().is_none() {
            timeout_at(until, self.look()).await.map_err(|_| Failure::Hung)??;
        }
        let body = wire::body(request, &self.model().unwrap_or_default()).map_err(Failure::Refused)?;
        let sent = self.authorised(self.client.post(format!("{}/v1/chat/completions", self.url))).json(&body).send();
        let response = timeout_at(until, sent).await.map_err(|_| Failure::Hung)?.map_err(broken)?;
        if response.status().is_success() {
            return Ok(Answer::new(response));
        }
        Err(refused(response).await)
    }

    /// Has it write one token: whether it answers, which no list of its models tells.
    pub(super) async fn trial(&self, until: Instant) -> Result<(), Failure> {
        let messages = vec![Message::new(Role::User, "Hi")];
        let mut answer = self.open(&Request { messages, max_tokens: 1, ..Request::default() }, until).await?;
        while let super::answer::Step::Text(_) = answer.next(until).await? {}
        Ok(())
    }

    async fn call<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, Failure> {
        let called = async {
            let response = self.authorised(call).send().await.map_err(broken)?;
            if !response.status().is_success() {
                return Err(Failure::Broken(format!("status {}", response.status().as_u16())));
            }
            let body = bounded(response, BODY).await?;
            serde_json::from_slice(&body).map_err(|error| Failure::Broken(error.to_string()))
        };
        timeout(SHORT, called).await.map_err(|_| Failure::Hung)?
    }

    fn authorised(&self, call: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => call.header(AUTHORIZATION, key.clone()),
            None => call,
        }
    }
}

/// What went wrong on the way. The address stays out of it: whoever tells of it names the server.
pub(super) fn broken(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        reason = cause.to_string();
        source = cause.source();
    }
    Failure::Broken(reason)
}

async fn bounded(mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(more) = response.chunk().await.map_err(broken)? {
        if body.len() + more.len() > most {
            return Err(Failure::Broken(format!("it says more than {most} bytes")));
        }
        body.extend_from_slice(&more);
    }
    Ok(body)
}

/// What a status other than success means.
async fn refused(response: Response) -> Failure {
    let status = response.status();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = timeout(SHORT, bounded(response, REFUSAL)).await.ok().and_then(Result::ok).unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let reason = wire::refusal(&body);
    let wait = Duration::from_secs(seconds.unwrap_or(1).clamp(1, 60));
    match status {
        StatusCode::TOO_MANY_REQUESTS => Failure::Busy(wait),
        StatusCode::SERVICE_UNAVAILABLE if seconds.is_some() => Failure::Busy(wait),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            let too_long = GenerateError::PromptTooLong { tokens: 0, limit: 0 };
            Failure::Refused(if wire::is_too_long(&body) { too_long } else { GenerateError::Backend { reason } })
        }
        status => Failure::Broken(format!("status {}: {reason}", status.as_u16())),
    }
}
