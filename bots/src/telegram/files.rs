//! Fetching a file that somebody sent: its path is asked for, then its bytes, within a limit.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use reqwest::Url;
use teloxide::prelude::*;
use teloxide::types::FileId;

use crate::chat::{FetchError, FileRef, Files};

use super::failure;

/// How often a fetch is tried.
const ATTEMPTS: u32 = 4;
/// The longest time that the bytes may take.
const LONGEST: Duration = Duration::from_secs(120);

/// The files of one bot.
pub(super) struct Downloads {
    bot: Bot,
    address: Url,
}

impl Downloads {
    pub(super) fn new(bot: Bot, address: &Url) -> Self {
        Self { bot, address: address.clone() }
    }

    /// One attempt; `Err(None)` asks for another one.
    async fn attempt(&self, file: &FileRef, limit: u64) -> Result<Vec<u8>, Option<FetchError>> {
        let path =
            self.bot.get_file(FileId(file.reference.clone())).await.map_err(|error| lasting(&error, limit))?.path;
        let response = self.bot.client().get(self.url(&path)).timeout(LONGEST).send().await.map_err(|_| None)?;
        if !response.status().is_success() {
            let again = response.status().is_server_error() || response.status().as_u16() == 429;
            let reason = format!("the download answers with status {}", response.status().as_u16());
            return Err((!again).then_some(FetchError::Failed { reason }));
        }
        let mut chunks = response.bytes_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.map_err(|_| None)?);
            if bytes.len() as u64 > limit {
                return Err(Some(FetchError::TooLarge { limit }));
            }
        }
        Ok(bytes)
    }

    /// The address of a file; the token in it is why no error of the client is handed on.
    fn url(&self, path: &str) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["file", &format!("bot{}", self.bot.token())]).extend(path.split('/'));
        }
        url
    }
}

/// What `error` means when trying again will not help.
fn lasting(error: &teloxide::RequestError, limit: u64) -> Option<FetchError> {
    let teloxide::RequestError::Api(error) = error else { return None };
    match error.to_string().contains("file is too big") {
        true => Some(FetchError::TooLarge { limit: limit.min(super::incoming::surface().upload_limit) }),
        false => Some(FetchError::Failed { reason: "telegram does not hand the file over".to_owned() }),
    }
}

#[async_trait]
impl Files for Downloads {
    async fn fetch(&self, file: &FileRef, limit: u64) -> Result<Vec<u8>, FetchError> {
        if file.size > limit {
            return Err(FetchError::TooLarge { limit });
        }
        let mut pause = failure::Pause::default();
        for _ in 1..ATTEMPTS {
            match self.attempt(file, limit).await {
                Ok(bytes) => return Ok(bytes),
                Err(Some(error)) => return Err(error),
                Err(None) => tokio::time::sleep(pause.next()).await,
            }
        }
        let last = self.attempt(file, limit).await;
        last.map_err(|error| error.unwrap_or(FetchError::Failed { reason: "no connection to telegram".to_owned() }))
    }
}
