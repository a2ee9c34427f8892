//! `POST /tokenize`: how many tokens a chat takes as a prompt, in vLLM's form. A program that fits prompts into the window
//! asks it, such as another tutor that has this one among its servers.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::chat::{Said, messages};
use super::models::meant;
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
    let name = meant(&service.parts, asked.model.as_deref())?;
    let model = service.parts.model.named(&name).await?;
    let count = model.count(&messages(asked.messages)?).await?;
    Ok(Json(json!({"count": count, "max_model_len": model.window()})))
}
