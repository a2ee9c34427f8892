//! Files: downloads what a student attached, from Discord's own hosts alone, and never more than was asked for.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use reqwest::{Client, Response, Url, redirect};

use super::{Config, DiscordError};
use crate::chat::{FetchError, FileRef, Files};

/// The hosts that Discord serves attachments from.
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// How often a download is tried.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a download may stand still.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Fetches attachments.
///
/// A [`FileRef::reference`] is an address that came in with a message: it is only followed to Discord's
/// content hosts over HTTPS, or to the host of `api_url`, so that no message can make the tutor read
/// from the network that it runs in.
pub(crate) struct Downloads {
    client: Client,
    own: Option<Url>,
}

impl Downloads {
    pub(crate) fn new(config: &Config) -> Result<Self, DiscordError> {
        let own = config.api_url.as_deref().and_then(|address| Url::parse(address).ok());
        // A redirect could lead anywhere, and Discord sends none.
        let client = Client::builder().redirect(redirect::Policy::none()).read_timeout(READ_TIMEOUT);
        let client = client.build().map_err(|source| DiscordError::HttpClient { source })?;
        Ok(Self { client, own })
    }

    async fn attempt(&self, address: &Url, limit: u64) -> Result<Vec<u8>, Attempt> {
        let response = self.client.get(address.clone()).send().await.map_err(|_| Attempt::Again("connection lost"))?;
        let status = response.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(Attempt::Again("the file server is busy"));
        }
        if !status.is_success() {
            return Err(Attempt::Over(failed("the file is there no longer")));
        }
        read(response, limit).await
    }
}

/// Why an attempt brought nothing.
enum Attempt {
    /// Another may.
    Again(&'static str),
    /// None will.
    Over(FetchError),
}

fn failed(reason: &str) -> FetchError {
    FetchError::Failed { reason: reason.to_owned() }
}

/// Reads the body, and stops as soon as it has more than `limit` bytes.
async fn read(response: Response, limit: u64) -> Result<Vec<u8>, Attempt> {
    let too_large = || Err(Attempt::Over(FetchError::TooLarge { limit }));
    if response.content_length().is_some_and(|length| length > limit) {
        return too_large();
    }
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Attempt::Again("connection lost"))?;
        if bytes.len() as u64 + piece.len() as u64 > limit {
            return too_large();
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[async_trait]
impl Files for Downloads {
    async fn fetch(&self, file: &FileRef, limit: u64) -> Result<Vec<u8>, FetchError> {
        let address = allowed(&file.reference, self.own.as_ref()).ok_or_else(|| failed("not an attachment"))?;
        let mut reason = "";
        for attempt in 0..ATTEMPTS {
            tokio::time::sleep(PAUSE * attempt).await;
            match self.attempt(&address, limit).await {
                Ok(bytes) => return Ok(bytes),
                Err(Attempt::Over(error)) => return Err(error),
                Err(Attempt::Again(why)) => reason = why,
            }
        }
        Err(failed(reason))
    }
}

/// The address behind `reference`, when it may be followed.
fn allowed(reference: &str, own: Option<&Url>) -> Option<Url> {
    let address = Url::parse(reference).ok()?;
    let plain = address.username().is_empty() && address.password().is_none();
    let discords = address.scheme() == "https"
        && address.port().is_none()
        && address.host_str().is_some_and(|host| HOSTS.contains(&host));
    let ours = own.is_some_and(|own| own.origin() == address.origin());
    (plain && (discords || ours)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_discords_hosts_and_the_servers_own_are_followed() {
        let own = Url::parse("http://127.0.0.1:4000/base").unwrap();
        let cases = [
            ("https://cdn.discordapp.com/attachments/1/2/notes.md?ex=1", true, true),
            ("https://media.discordapp.net/attachments/1/2/a.png", true, true),
            ("http://127.0.0.1:4000/attachments/3", true, false),
            ("http://cdn.discordapp.com/attachments/1/2/notes.md", false, false),
            ("https://cdn.discordapp.com:8443/a", false, false),
            ("https://cdn.discordapp.com.example.com/a", false, false),
            ("https://cdn.discordapp.com@example.com/a", false, false),
            ("http://127.0.0.1:4001/attachments/3", false, false),
            ("http://169.254.169.254/latest/meta-data", false, false),
            ("file:///etc/passwd", false, false),
            ("notes.md", false, false),
        ];
        for (reference, with_own, without) in cases {
            assert_eq!(allowed(reference, Some(&own)).is_some(), with_own, "{reference}");
            assert_eq!(allowed(reference, None).is_some(), without, "{reference}");
        }
    }
}
