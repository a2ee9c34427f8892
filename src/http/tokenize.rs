//! `POST /tokenize`: how many tokens a chat takes as a prompt, in vLLM's form. A program that fits prompts into the window
//! asks it, such as another tutor that has this one among its servers.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::chat::{Said, messages};
use super::models::is_meant;
use super::refusal::Refusal;

/// What a program asks. Fields that change nothing here are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: Option<String>,
    messages: Vec<Said>,
}

/// Carries it out.
pub(super) async fn count(
    State(service): Shared,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(asked) = asked.map_err(|error| Refusal::bad(error.body_text()))?;
    let name = service.parts.model.chat_name();
    if !is_meant(asked.model.as_deref(), name) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("chats are answered by the model {name}")));
    }
    let model = service.parts.model.get().await?;
    let count = model.count(&messages(asked.messages)?).await?;
    Ok(Json(json!({"count": count, "max_model_len": model.window()})))
}
