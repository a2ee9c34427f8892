//! `GET /v1/models`: the models that answer here.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::refusal::Refusal;
use crate::dialogue::Parts;

/// All of them.
pub(super) async fn list(State(service): Shared) -> Json<Value> {
    let models: Vec<Value> = names(&service.parts).iter().map(|name| described(&service.parts, name)).collect();
    Json(json!({"object": "list", "data": models}))
}

/// The one of a name.
pub(super) async fn one(State(service): Shared, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let known = names(&service.parts).iter().any(|known| **known == name);
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, format!("there is no model {name} here"));
    known.then(|| Json(described(&service.parts, &name))).ok_or_else(unknown)
}

fn names(parts: &Parts) -> [&str; 2] {
    [parts.model.chat_name(), parts.model.embed_name()]
}

/// A model in OpenAI's form, with the window of one that runs, as vLLM tells it.
fn described(parts: &Parts, name: &str) -> Value {
    let mut model = json!({"id": name, "object": "model", "created": 0, "owned_by": "tutor"});
    if let Some(running) = parts.model.running().filter(|_| name == parts.model.chat_name()) {
        model["max_model_len"] = json!(running.window());
    }
    model
}

/// Whether a program's `model` is the one that is meant: its name, or the name that programs use for whatever there is.
pub(super) fn is_meant(asked: Option<&str>, name: &str) -> bool {
    asked.is_none_or(|asked| asked == name || asked == "default")
}
