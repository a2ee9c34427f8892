//! HTTP of the server: health, metrics, the models as a service in the form of OpenAI's API, and courses' documents.
//!
//! Whoever reaches it uses the school's machine: it serves whoever shows a key, and programs on the same machine. TLS is
//! left to a reverse proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Http;
use crate::dialogue::Parts;
use access::Strangers;
use connection::Limits;
use quota::Quotas;
use refusal::Refusal;

mod access;
mod bill;
mod body;
mod chat;
mod connection;
mod documents;
mod embeddings;
mod metrics;
mod models;
mod patient;
mod quota;
mod refusal;
mod tokenize;

/// What handlers work with.
struct Service {
    parts: Arc<Parts>,
    /// Programs on this machine need a key too.
    key_required: bool,
    quotas: Quotas,
    strangers: Strangers,
    /// Places for files that come in or are learned.
    uploads: Arc<Semaphore>,
    /// What was used and is being written to disk.
    payments: TaskTracker,
}

/// The service, as handlers get it.
type Shared = State<Arc<Service>>;

/// Serves as the settings say until `stop`; `ready` says what `/readyz` answers.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(
    settings: Http,
    parts: Arc<Parts>,
    ready: watch::Receiver<bool>,
    stop: CancellationToken,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let service = Arc::new(Service {
        parts,
        key_required: settings.key_required(),
        quotas: Quotas::default(),
        strangers: Strangers::default(),
        uploads: Arc::new(Semaphore::new(documents::UPLOADS)),
        payments: TaskTracker::new(),
    });
    let serving = connection::serve(listener, router(service.clone(), ready), Limits::default(), stop);
    let served = async move {
        serving.await;
        service.payments.close();
        service.payments.wait().await;
    };
    Ok((address, served))
}

fn router(service: Arc<Service>, ready: watch::Receiver<bool>) -> Router {
    let readiness = move || async move {
        if *ready.borrow() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
    };
    let models = Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{name}", get(models::one))
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/tokenize", post(tokenize::count))
        .route("/metrics", get(metrics::show))
        .route_layer(from_fn(body::bounded));
    let documents = Router::new()
        .route("/v1/courses/{course}/documents", get(documents::list))
        .route("/v1/courses/{course}/documents/{*name}", put(documents::learn).delete(documents::remove));
    let served =
        models.merge(documents).route_layer(from_fn_with_state(service.clone(), access::admit)).with_state(service);
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .merge(served)
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method")
        })
}
