//! A request's body, bounded in size and time.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;

use super::refusal::Refusal;

/// How much a body may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Its bytes.
    pub(super) bytes: usize,
    /// Bytes that are read and dropped beyond: who is cut off while sending hears no answer.
    pub(super) more: usize,
    /// How long it may take to come.
    pub(super) time: Duration,
}

/// What programs ask.
pub(super) const ASKED: Limit = Limit { bytes: 1 << 20, more: 7 << 20, time: Duration::from_secs(30) };

/// Lets requests through whose bodies are within [`ASKED`], each with its whole body.
pub(super) async fn bounded(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match whole(body, ASKED).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A whole body.
pub(super) async fn whole(body: Body, limit: Limit) -> Result<Vec<u8>, Refusal> {
    match tokio::time::timeout(limit.time, read(body, limit)).await {
        Ok(bytes) => bytes,
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the request took too long to come")),
    }
}

async fn read(body: Body, limit: Limit) -> Result<Vec<u8>, Refusal> {
    let (mut stream, mut bytes, mut came) = (body.into_data_stream(), Vec::new(), 0);
    while came <= limit.bytes + limit.more
        && let Some(part) = stream.next().await
    {
        let part = part.map_err(|_| Refusal::bad("the request broke off"))?;
        came += part.len();
        if came <= limit.bytes {
            bytes.extend_from_slice(&part);
        }
    }
    if came <= limit.bytes {
        return Ok(bytes);
    }
    Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a request can have {} bytes", limit.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let body = Body::from_stream(futures::stream::pending::<Result<&[u8], std::io::Error>>());
        assert_eq!(whole(body, ASKED).await.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
        let body = |bytes: usize| Body::from(vec![0; bytes]);
        assert_eq!(whole(body(ASKED.bytes), ASKED).await.unwrap().len(), ASKED.bytes);
        let refusal = whole(body(ASKED.bytes + 1), ASKED).await.unwrap_err();
        assert_eq!(refusal.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
