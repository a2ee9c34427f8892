//! Health over HTTP: `/healthz` while the program lives, `/readyz` while it takes messages.

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Serves on `listen` until `stop`; `ready` says what `/readyz` answers.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(
    listen: SocketAddr,
    ready: watch::Receiver<bool>,
    stop: CancellationToken,
) -> std::io::Result<(SocketAddr, impl Future<Output = std::io::Result<()>>)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let readiness = move || async move {
        if *ready.borrow() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
    };
    let router = Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(readiness));
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    Ok((address, async move { serving.await }))
}
