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
    let models: Vec<Value> = names(&service.parts).iter().map(|name| described(name)).collect();
    Json(json!({"object": "list", "data": models}))
}

/// The one of a name.
pub(super) async fn one(State(service): Shared, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let known = names(&service.parts).iter().any(|known| **known == name);
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, format!("there is no model {name} here"));
    known.then(|| Json(described(&name))).ok_or_else(unknown)
}

fn names(parts: &Parts) -> [&str; 2] {
    [parts.model.chat_name(), parts.model.embed_name()]
}

fn described(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": 0, "owned_by": "tutor"})
}

/// Whether a program's `model` is the one that is meant: its name, or the name that programs use for whatever there is.
pub(super) fn is_meant(asked: Option<&str>, name: &str) -> bool {
    asked.is_none_or(|asked| asked == name || asked == "default")
}
