//! A model server that speaks the protocol strictly, and misbehaves as a test wants it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// How it behaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// It answers, with such a pause before each word.
    Well(Duration),
    /// Its connection breaks after so many words.
    Dies { after: usize },
    /// It takes the question and says nothing.
    Hangs,
    /// It answers with a status.
    Refuses(StatusCode),
    /// It sends whoever asks to another address.
    Redirects,
}

/// The fields that we may send; another one fails the test with a status that no server in health has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that they are read is the check")]
pub(super) struct Asked {
    model: String,
    messages: Vec<Said>,
    max_tokens: usize,
    temperature: f32,
    top_p: f32,
    seed: u32,
    stream: bool,
    stream_options: Value,
    chat_template_kwargs: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that they are read is the check")]
struct Said {
    role: String,
    content: String,
}

/// A server in this process; it ends when it is dropped.
pub(super) struct Stub {
    pub(super) url: String,
    pub(super) seen: Arc<Seen>,
    task: tokio::task::JoinHandle<()>,
}

/// What has happened there.
#[derive(Debug)]
pub(super) struct Seen {
    manner: std::sync::Mutex<Manner>,
    text: &'static str,
    /// Chats that were asked.
    pub(super) asked: AtomicUsize,
    /// Answers that were written to their end.
    pub(super) whole: AtomicUsize,
    /// Answers that nobody listened to any more.
    pub(super) dropped: AtomicUsize,
    /// The last key that was shown.
    pub(super) key: std::sync::Mutex<Option<String>>,
}

impl Seen {
    /// Behaves so from now on.
    pub(super) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

impl Stub {
    /// A server whose every answer is `text`.
    pub(super) async fn start(manner: Manner, text: &'static str) -> Self {
        let seen = Arc::new(Seen {
            manner: std::sync::Mutex::new(manner),
            text,
            asked: AtomicUsize::new(0),
            whole: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            key: std::sync::Mutex::default(),
        });
        let models = || async { Json(json!({"data": [{"id": "stub", "max_model_len": 4096}]})) };
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat))
            .with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn chat(State(seen): State<Arc<Seen>>, headers: HeaderMap, asked: Json<Asked>) -> Response {
    seen.asked.fetch_add(1, Relaxed);
    let key = headers.get(header::AUTHORIZATION).map(|key| key.to_str().unwrap().to_owned());
    *seen.key.lock().unwrap() = key;
    let manner = *seen.manner.lock().unwrap();
    match manner {
        Manner::Hangs => std::future::pending().await,
        Manner::Refuses(status) => {
            (status, [(header::RETRY_AFTER, "7")], Json(json!({"error": {"message": "no"}}))).into_response()
        }
        Manner::Redirects => (StatusCode::FOUND, [(header::LOCATION, "/v1/models")]).into_response(),
        Manner::Well(pause) => stream(seen, pause, usize::MAX, asked.max_tokens),
        Manner::Dies { after } => stream(seen, Duration::from_millis(2), after, asked.max_tokens),
    }
}

/// Tells that a listener has left when it is dropped before the end.
struct Leaving(Arc<Seen>, bool);

impl Drop for Leaving {
    fn drop(&mut self) {
        let counted = if self.1 { &self.0.whole } else { &self.0.dropped };
        counted.fetch_add(1, Relaxed);
    }
}

fn stream(seen: Arc<Seen>, pause: Duration, dies: usize, most: usize) -> Response {
    let words: Vec<&str> = seen.text.split_inclusive(' ').take(most).collect();
    let reason = if words.len() == most { "length" } else { "stop" };
    let mut lines: Vec<String> = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
    lines.extend(words.iter().map(|word| chunk(json!({"content": word}), None)));
    lines.push(chunk(json!({}), Some(reason)));
    let usage = json!({"prompt_tokens": 5, "completion_tokens": words.len(), "total_tokens": 5 + words.len()});
    lines.push(json!({"choices": [], "usage": usage}).to_string());
    lines.push("[DONE]".to_owned());
    let leaving = Leaving(seen, false);
    let parts =
        futures::stream::unfold((lines.into_iter(), 0, leaving), move |(mut lines, sent, mut leaving)| async move {
            if sent > dies {
                return Some((Err(std::io::Error::other("the machine is gone")), (lines, sent, leaving)));
            }
            let line = lines.next()?;
            tokio::time::sleep(pause).await;
            leaving.1 = line == "[DONE]";
            Some((Ok(format!(": alive\r\n\r\ndata: {line}\r\n\r\n")), (lines, sent + 1, leaving)))
        });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(parts)).into_response()
}

fn chunk(delta: Value, reason: Option<&str>) -> String {
    json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": null})
        .to_string()
}

/// An address where nobody listens.
pub(super) async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
