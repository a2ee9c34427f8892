//! Connections: how many, how long a request's head may be and take, and how they end with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::patient::Patient;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at the same time; more wait in the system's own line.
    pub(super) connections: usize,
    /// Headers of a request.
    pub(super) headers: usize,
    /// Bytes of a request's head.
    pub(super) head: usize,
    /// Until a head is there: from the start, and from the end of the request before.
    pub(super) head_time: Duration,
    /// Without any way made in writing to a reader.
    pub(super) write_time: Duration,
    /// For what is being answered when the server stops.
    pub(super) last_words: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            headers: 64,
            head: 32 << 10,
            head_time: Duration::from_secs(15),
            write_time: Duration::from_secs(30),
            last_words: Duration::from_secs(5),
        }
    }
}

/// Serves until `stop`; then no more connections are taken, and those that there are end with their request, or are cut
/// off after a while, so that what they have used can still be paid for.
///
/// It speaks HTTP/1.1 alone: reverse proxies, which bring TLS and HTTP/2, speak it to servers, and its first bytes are
/// bounded in time, which they are not where the version is yet to be found out.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some(place) = stop.run_until_cancelled(places.clone().acquire_owned()).await {
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { break };
        let Ok((stream, peer)) = accepted else {
            // Out of files: others must end first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            if let Err(error) = talk(stream, peer, router, limits, stop).await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> hyper::Result<()> {
    // Words of an answer are not held back to be sent together.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    builder.max_buf_size(limits.head).max_headers(limits.headers);
    let io = TokioIo::new(Patient::new(stream, limits.write_time));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::time::timeout(limits.last_words, connection).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests;
