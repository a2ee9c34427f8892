//! `POST /v1/embeddings`: texts to vectors of length 1.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tutor_models::generate::{Class, Usage};

use super::Shared;
use super::access::Access;
use super::bill::Bill;
use super::models::is_meant;
use super::refusal::Refusal;

/// The most texts of a request.
const TEXTS: usize = 2_048;
/// The most texts of a request that goes before the collections of others.
const FEW: usize = 8;

/// What a program asks.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: Option<String>,
    input: Input,
    encoding_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

/// Carries it out.
pub(super) async fn embed(
    State(service): Shared,
    Extension(access): Extension<Access>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(asked) = asked.map_err(|error| Refusal::bad(error.body_text()))?;
    let name = service.parts.model.embed_name();
    if !is_meant(asked.model.as_deref(), name) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("embeddings are made by the model {name}")));
    }
    let base64 = match asked.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => return Err(Refusal::bad(format!("encoding_format can be float or base64, not {other}"))),
    };
    let texts = match asked.input {
        Input::One(text) => vec![text],
        Input::Many(texts) => texts,
    };
    if texts.is_empty() || texts.len() > TEXTS {
        return Err(Refusal::bad(format!("input must hold 1 to {TEXTS} texts")));
    }
    let embedder = service.parts.model.embedder().await?;
    let tokens: usize = texts.iter().map(|text| embedder.count(text)).sum();
    // A question or two is what somebody waits for; many texts are a collection.
    let class = if texts.len() <= FEW { Class::Person } else { Class::Background };
    let mut bill = Bill::open(&service, &access, name, tokens, tokens)?;
    let vectors = embedder.embed(&texts, class).await?;
    bill.note(Usage { prompt_tokens: tokens, ..Usage::default() });
    bill.pay().await;
    let data: Vec<Value> = (0..)
        .zip(vectors)
        .map(|(index, vector): (u32, _)| {
            let vector = if base64 { json!(encoded(&vector)) } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Json(json!({"object": "list", "data": data, "model": name, "usage": usage})))
}

/// Little-endian bytes of the numbers, in base64.
fn encoded(vector: &[f32]) -> String {
    use base64::Engine as _;
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
