//! HTTP of the server: health, metrics, and the models as a service in the form of OpenAI's API.
//!
//! Whoever reaches it uses the school's machine: without a key only programs on the same machine are served.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::dialogue::Parts;
use refusal::Refusal;

mod chat;
mod embeddings;
mod metrics;
mod models;
mod refusal;

/// The largest body of a request, in bytes.
const BODY: usize = 1 << 20;

/// Serves on `listen` until `stop`; `ready` says what `/readyz` answers.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(
    listen: SocketAddr,
    parts: Arc<Parts>,
    ready: watch::Receiver<bool>,
    stop: CancellationToken,
) -> std::io::Result<(SocketAddr, impl Future<Output = std::io::Result<()>>)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let service = router(parts, ready).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move { stop.cancelled().await });
    Ok((address, async move { serving.await }))
}

fn router(parts: Arc<Parts>, ready: watch::Receiver<bool>) -> Router {
    let readiness = move || async move {
        if *ready.borrow() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
    };
    let service = Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{name}", get(models::one))
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/metrics", get(metrics::show))
        .layer(axum::middleware::from_fn(nearby_only))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(parts);
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .merge(service)
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this address") })
}

/// Lets programs on this machine in.
async fn nearby_only(request: Request, next: Next) -> Response {
    let nearby = request.extensions().get::<ConnectInfo<SocketAddr>>().is_some_and(|peer| peer.0.ip().is_loopback());
    if nearby {
        return next.run(request).await;
    }
    Refusal::new(StatusCode::UNAUTHORIZED, "only programs on the tutor's own machine are served").into_response()
}

/// The parts, as handlers get them.
type Shared = State<Arc<Parts>>;
