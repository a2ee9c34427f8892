//! HTTP: a request becomes a method with fields, an answer or a fault becomes a response.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Path, Query, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::calls::{Files, Refusal, carry_out};
use super::rules::known_fields;
use super::state::{Call, Fault};
use super::{Server, State};

/// `/bot<token>/<method>`
pub(super) async fn call(
    Shared(server): Shared<Server>,
    Path((bot, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    // The Bot API does not mind the case of a method's name.
    let method: String =
        method.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c }).collect();
    let (fields, files) = fields(request).await;
    if let Some(refusal) = server.read(|state| unfit(state, &bot, &method, &fields)) {
        return refused(&refusal);
    }
    if method == "getUpdates" {
        return updates(&server, &fields).await;
    }
    let (outcome, fault) = server.change(|state| {
        let fault = state.next_fault(&method);
        (answer(state, &method, &fields, &files, fault), fault)
    });
    match (fault, outcome) {
        (Some(Fault::DropBeforeHandling | Fault::DropAfterHandling), _) => broken(),
        (Some(Fault::ServerError), _) => (StatusCode::BAD_GATEWAY, "<html>Bad Gateway</html>").into_response(),
        (_, Ok(result)) => Json(json!({"ok": true, "result": result})).into_response(),
        (_, Err(refusal)) => refused(&refusal),
    }
}

/// What is carried out of a call that meets `fault`.
fn answer(
    state: &mut State,
    method: &str,
    fields: &Map<String, Value>,
    files: &Files,
    fault: Option<Fault>,
) -> Result<Value, Refusal> {
    match fault {
        Some(Fault::TooManyRequests(seconds)) => {
            let chat = fields.get("chat_id").and_then(Value::as_i64).unwrap_or_default();
            state.rates.close(chat, Instant::now(), Duration::from_secs(seconds));
            Err(Refusal::too_many(seconds))
        }
        Some(Fault::BadRequest(description)) => Err(Refusal::bad(description)),
        Some(Fault::DropBeforeHandling | Fault::ServerError) => Ok(Value::Null),
        Some(Fault::DropAfterHandling) | None => carry_out(state, method, fields, files),
    }
}

/// Why a call is not even looked at.
fn unfit(state: &mut State, bot: &str, method: &str, fields: &Map<String, Value>) -> Option<Refusal> {
    if bot.strip_prefix("bot") != Some(&state.token) {
        return Some(Refusal::new(401, "Unauthorized"));
    }
    state.calls.push(Call { method: method.to_owned(), fields: fields.clone(), at: Instant::now() });
    let Some(known) = known_fields(method) else {
        state.violations.push(format!("unknown method {method}"));
        return Some(Refusal::new(404, "Not Found"));
    };
    let strange: Vec<&String> = fields.keys().filter(|name| !known.contains(&name.as_str())).collect();
    if !strange.is_empty() {
        state.violations.push(format!("{method} with unknown fields {strange:?}"));
    }
    None
}

/// The fields of a request in any of the forms that the API takes, and the files in it.
async fn fields(request: Request) -> (Map<String, Value>, Files) {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return parts(Multipart::from_request(request, &()).await.unwrap()).await;
    }
    let query = Query::<std::collections::HashMap<String, String>>::try_from_uri(request.uri()).unwrap_or_default();
    let mut fields: Map<String, Value> = query.0.into_iter().map(|(name, text)| (name, value(&text))).collect();
    let body = Bytes::from_request(request, &()).await.unwrap_or_default();
    if let Ok(Value::Object(body)) = serde_json::from_slice(&body) {
        fields.extend(body);
    }
    (fields, Files::new())
}

async fn parts(mut form: Multipart) -> (Map<String, Value>, Files) {
    let (mut fields, mut files) = (Map::new(), Files::new());
    while let Some(part) = form.next_field().await.unwrap() {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file) => {
                files.insert(name, (file, part.bytes().await.unwrap().to_vec()));
            }
            None => {
                fields.insert(name, value(&part.text().await.unwrap()));
            }
        }
    }
    (fields, files)
}

/// Numbers and objects are written as JSON in forms and queries, texts as they are.
fn value(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(|value: &Value| !value.is_string()).unwrap_or_else(|| text.into())
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.code).unwrap();
    let mut body = json!({"ok": false, "error_code": refusal.code, "description": refusal.description});
    if let Some(seconds) = refusal.retry_after {
        body["parameters"] = json!({"retry_after": seconds});
    }
    (status, Json(body)).into_response()
}

/// A response whose body never comes: the connection breaks.
fn broken() -> Response {
    let lost = Err::<Bytes, _>(std::io::Error::other("lost"));
    let body = Body::from_stream(tokio_stream::once(lost));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Long polling: waits for an update, for another poll or for the end of the time that was asked for.
async fn updates(server: &Server, fields: &Map<String, Value>) -> Response {
    let number = |name: &str| fields.get(name).and_then(Value::as_i64);
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(100) as usize);
    let end = tokio::time::Instant::now() + Duration::from_secs(number("timeout").unwrap_or(0).unsigned_abs());
    if let Some(fault) = server.read(|state| state.next_fault("getUpdates")) {
        return match fault {
            Fault::TooManyRequests(seconds) => refused(&Refusal::too_many(seconds)),
            Fault::BadRequest(description) => refused(&Refusal::bad(description)),
            Fault::ServerError => (StatusCode::BAD_GATEWAY, "<html>Bad Gateway</html>").into_response(),
            Fault::DropBeforeHandling | Fault::DropAfterHandling => broken(),
        };
    }
    let mine = server.change(|state| {
        state.poll += 1;
        state.poll
    });
    let mut changed = server.changed.subscribe();
    loop {
        let (last, found) = server.read(|state| (state.poll, state.take_updates(offset, limit)));
        if last != mine {
            let only =
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
            return refused(&Refusal::new(409, only));
        }
        let over = tokio::time::Instant::now() >= end;
        if over || !found.is_empty() {
            server.changed.send_modify(|version| *version += 1);
            return Json(json!({"ok": true, "result": found})).into_response();
        }
        // Either way the loop looks again.
        let _woken = tokio::time::timeout_at(end, changed.changed()).await;
    }
}

/// `/file/bot<token>/<path>`
pub(super) async fn download(Shared(server): Shared<Server>, Path((bot, path)): Path<(String, String)>) -> Response {
    let found = server.read(|state| {
        let id = path.strip_prefix("documents/").filter(|_| bot.strip_prefix("bot") == Some(&state.token));
        id.and_then(|id| state.file(id)).map(|(_, bytes)| bytes.clone())
    });
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

/// Any other path.
pub(super) async fn lost() -> Response {
    refused(&Refusal::new(404, "Not Found"))
}
