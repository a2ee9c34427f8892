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
    let known = names(&service.parts).contains(&name.as_str());
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, format!("there is no model {name} here"));
    known.then(|| Json(described(&service.parts, &name))).ok_or_else(unknown)
}

fn names(parts: &Parts) -> Vec<&str> {
    let mut names = parts.model.chat_names();
    names.push(parts.model.embed_name());
    names
}

/// A model in OpenAI's form, with the window of one that runs, as vLLM tells it.
fn described(parts: &Parts, name: &str) -> Value {
    let mut model = json!({"id": name, "object": "model", "created": 0, "owned_by": "tutor"});
    if let Some(running) = parts.model.running().iter().find(|running| running.name() == name) {
        model["max_model_len"] = json!(running.window());
    }
    model
}

/// The chat model that a program means: the one it names, or the one that answers students.
pub(super) fn meant(parts: &Parts, asked: Option<&str>) -> Result<String, Refusal> {
    let names = parts.model.chat_names();
    if is_meant(asked, names[0]) {
        return Ok(names[0].to_owned());
    }
    let named = names.iter().find(|name| asked == Some(**name)).map(|name| (*name).to_owned());
    let known = || format!("chats are answered by the models {}", names.join(", "));
    named.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, known()))
}

/// Whether a program's `model` is the one that is meant: its name, or the name that programs use for whatever there is.
pub(super) fn is_meant(asked: Option<&str>, name: &str) -> bool {
    asked.is_none_or(|asked| asked == name || asked == "default")
}
