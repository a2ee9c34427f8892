//! A model server over an engine in this process: the other end of the remote engine. It reads only what the protocol has,
//! and counts prompts in vLLM's way.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tutor_models::engine::Engine;
use tutor_models::generate::{Event, FinishReason, Format, Generate, GenerateError, Message, Request, Sampling};

/// The fields of the protocol, and those that model servers add to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    model: String,
    messages: Vec<Message>,
    max_tokens: usize,
    temperature: f32,
    top_p: f32,
    min_p: Option<f32>,
    repeat_penalty: Option<f32>,
    repetition_penalty: Option<f32>,
    seed: u32,
    #[serde(default)]
    stop: Vec<String>,
    #[serde(default)]
    ignore_eos: bool,
    response_format: Option<ResponseFormat>,
    stream: bool,
    stream_options: Value,
    chat_template_kwargs: Value,
}

#[derive(Debug, Deserialize)]
struct ResponseFormat {
    json_schema: Schema,
}

#[derive(Debug, Deserialize)]
struct Schema {
    schema: Value,
}

#[derive(Debug, Deserialize)]
struct Counted {
    messages: Vec<Message>,
}

/// Serves `engine` for as long as the runtime runs; the address.
pub async fn serve(engine: Arc<Engine>) -> String {
    let models = |State(engine): State<Arc<Engine>>| async move {
        Json(json!({"object": "list", "data": [{"id": engine.name(), "max_model_len": engine.window()}]}))
    };
    let router = Router::new()
        .route("/v1/models", get(models))
        .route("/tokenize", post(count))
        .route("/v1/chat/completions", post(chat))
        .with_state(engine);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn count(State(engine): State<Arc<Engine>>, Json(counted): Json<Counted>) -> Json<Value> {
    Json(json!({"count": engine.count(&counted.messages).await.unwrap(), "max_model_len": engine.window()}))
}

async fn chat(State(engine): State<Arc<Engine>>, Json(asked): Json<Asked>) -> Response {
    assert!(asked.model == engine.name() && asked.stream && asked.repetition_penalty == asked.repeat_penalty);
    assert_eq!(asked.stream_options, json!({"include_usage": true}));
    assert_eq!(asked.chat_template_kwargs, json!({"enable_thinking": false}));
    let generation = match engine.generate(request(asked)).await {
        Ok(generation) => generation,
        Err(error) => return refusal(&error),
    };
    let events = futures::stream::unfold((generation, Vec::new()), |(mut generation, mut ready)| async move {
        if ready.is_empty() {
            ready = said(generation.next().await?);
        }
        let event: String = ready.remove(0);
        Some((Ok::<_, Infallible>(sse::Event::default().data(event)), (generation, ready)))
    });
    Sse::new(events).into_response()
}

fn request(asked: Asked) -> Request {
    let sampling = Sampling {
        temperature: asked.temperature,
        top_p: asked.top_p,
        min_p: asked.min_p.unwrap_or(0.0),
        repeat_penalty: asked.repeat_penalty.unwrap_or(1.0),
        seed: asked.seed,
        ..Sampling::default()
    };
    let format = asked.response_format.map(|format| Format::JsonSchema(format.json_schema.schema.to_string()));
    Request {
        messages: asked.messages,
        sampling,
        stop: asked.stop,
        max_tokens: asked.max_tokens,
        ignore_eos: asked.ignore_eos,
        format: format.unwrap_or_default(),
        ..Request::default()
    }
}

fn refusal(error: &GenerateError) -> Response {
    let (status, code) = match error {
        GenerateError::PromptTooLong { .. } => (StatusCode::BAD_REQUEST, "context_length_exceeded"),
        GenerateError::BadFormat { .. } => (StatusCode::BAD_REQUEST, "bad_format"),
        GenerateError::Busy { .. } => (StatusCode::TOO_MANY_REQUESTS, "queue_full"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    };
    (status, Json(json!({"error": {"message": error.to_string(), "code": code}}))).into_response()
}

fn said(event: Result<Event, GenerateError>) -> Vec<String> {
    let chunk = |delta: Value, reason: Option<&str>| {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}).to_string()
    };
    match event {
        Ok(Event::Text(text) | Event::Anew(text)) => vec![chunk(json!({"content": text}), None)],
        Ok(Event::Done(finish)) => {
            let reason = if finish.reason == FinishReason::Length { "length" } else { "stop" };
            let usage = json!({
                "prompt_tokens": finish.usage.prompt_tokens,
                "completion_tokens": finish.usage.completion_tokens,
                "prompt_tokens_details": {"cached_tokens": finish.usage.cached_tokens},
            });
            let cost = json!({"choices": [], "usage": usage}).to_string();
            vec![chunk(json!({}), Some(reason)), cost, "[DONE]".to_owned()]
        }
        Err(error) => {
            let kind =
                if matches!(error, GenerateError::BadFormat { .. }) { "invalid_request_error" } else { "server_error" };
            vec![json!({"error": {"message": error.to_string(), "type": kind}}).to_string()]
        }
    }
}
