//! `POST /v1/chat/completions`: a chat goes in, its next message comes out, whole or as it is written.

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tutor_models::generate::{
    Event, Finish, FinishReason, Format, GenerateError, Message, Request, Role, Sampling, Usage,
};

use super::Shared;
use super::access::Access;
use super::bill::{Bill, Paid};
use super::models::meant;
use super::refusal::Refusal;

/// The most messages of a chat, and stop strings.
const MESSAGES: usize = 1_024;
const STOPS: usize = 16;

/// What a program asks. Fields that change nothing here are ignored, as OpenAI's clients send many.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: Option<String>,
    messages: Vec<Said>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    min_p: Option<f32>,
    repeat_penalty: Option<f32>,
    seed: Option<i64>,
    stop: Option<Stop>,
    response_format: Option<ResponseFormat>,
    n: Option<u32>,
    user: Option<String>,
    #[serde(default)]
    ignore_eos: bool,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Said {
    role: String,
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Debug, Deserialize)]
struct JsonSchema {
    schema: Value,
}

/// Carries it out.
pub(super) async fn complete(
    State(service): Shared,
    Extension(access): Extension<Access>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(asked) = asked.map_err(|error| Refusal::bad(error.body_text()))?;
    let name = meant(&service.parts, asked.model.as_deref())?;
    let model = service.parts.model.named(&name).await?;
    let (stream, usage) = (asked.stream, asked.stream_options.as_ref().is_some_and(|options| options.include_usage));
    let mut request = asked.request(&access)?;
    let prompt = model.count(&request.messages).await?;
    if prompt >= model.window() {
        return Err(GenerateError::PromptTooLong { tokens: prompt, limit: model.window() - 1 }.into());
    }
    let bill = if request.max_tokens == 0 {
        // As much as fits and is left, which is what programs expect that name no limit.
        let bill = Bill::open(&service, &access, &name, prompt + 1, model.window())?;
        request.max_tokens = bill.reserved() - prompt;
        bill
    } else {
        let all = prompt + request.max_tokens;
        Bill::open(&service, &access, &name, all, all)?
    };
    let generation = Paid::new(model.generate(request).await?, bill);
    let answer = Answer { id: format!("chatcmpl-{:016x}", rand::random::<u64>()), created: now(), model: name };
    if stream {
        return Ok(Sse::new(answer.stream(generation, usage)).keep_alive(sse::KeepAlive::default()).into_response());
    }
    let (text, finish) = generation.collect().await?;
    Ok(Json(answer.whole(&text, finish)).into_response())
}

impl Asked {
    fn request(self, access: &Access) -> Result<Request, Refusal> {
        let messages = messages(self.messages)?;
        if self.n.is_some_and(|n| n != 1) {
            return Err(Refusal::bad("n can only be 1"));
        }
        let sampling = Sampling {
            temperature: within("temperature", self.temperature.unwrap_or(1.0), 0.0, 2.0)?,
            top_p: within("top_p", self.top_p.unwrap_or(1.0), 0.0, 1.0)?,
            min_p: within("min_p", self.min_p.unwrap_or(0.0), 0.0, 1.0)?,
            repeat_penalty: within("repeat_penalty", self.repeat_penalty.unwrap_or(1.0), 0.1, 10.0)?,
            // Without a seed each answer is drawn anew.
            seed: self.seed.map_or_else(rand::random, |seed| (seed.unsigned_abs() & u64::from(u32::MAX)) as u32),
            ..Sampling::default()
        };
        // The likeliest tokens do not depend on a seed, and equal requests should be equal.
        let sampling = if sampling.temperature == 0.0 { Sampling { seed: 0, ..sampling } } else { sampling };
        let stop = match self.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Many(stops)) => stops,
        };
        if stop.len() > STOPS {
            return Err(Refusal::bad(format!("stop can hold {STOPS} strings")));
        }
        let format = match self.response_format {
            None | Some(ResponseFormat::Text) => Format::Text,
            Some(ResponseFormat::JsonObject) => Format::JsonSchema(json!({"type": "object"}).to_string()),
            Some(ResponseFormat::JsonSchema { json_schema }) => Format::JsonSchema(json_schema.schema.to_string()),
        };
        let caller = access.caller(self.user);
        Ok(Request {
            messages,
            // Who knows what other programs put into their rules: nothing of it is kept on disk.
            shared: 0,
            sampling,
            stop,
            max_tokens: self.max_completion_tokens.or(self.max_tokens).unwrap_or(0),
            ignore_eos: self.ignore_eos,
            format,
            caller,
        })
    }
}

/// The messages of a chat, checked.
pub(super) fn messages(said: Vec<Said>) -> Result<Vec<Message>, Refusal> {
    if said.is_empty() || said.len() > MESSAGES {
        return Err(Refusal::bad(format!("messages must hold 1 to {MESSAGES} messages")));
    }
    said.into_iter().map(Said::message).collect()
}

fn within(name: &str, value: f32, least: f32, most: f32) -> Result<f32, Refusal> {
    let fits = (least..=most).contains(&value);
    fits.then_some(value).ok_or_else(|| Refusal::bad(format!("{name} must be between {least} and {most}")))
}

impl Said {
    fn message(self) -> Result<Message, Refusal> {
        let role = match self.role.as_str() {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            other => return Err(Refusal::bad(format!("messages of the role {other} are not known here"))),
        };
        let content = match self.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => {
                let texts = parts.into_iter().map(|part| match part.text {
                    Some(text) if part.kind == "text" => Ok(text),
                    _ => Err(Refusal::bad(format!("the model reads texts, not {}", part.kind))),
                });
                texts.collect::<Result<Vec<_>, _>>()?.concat()
            }
        };
        Ok(Message { role, content })
    }
}

/// What all parts of an answer say of it.
struct Answer {
    id: String,
    created: u64,
    model: String,
}

impl Answer {
    fn whole(&self, text: &str, finish: Finish) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "logprobs": null,
                "finish_reason": reason(finish.reason),
            }],
            "usage": usage(finish.usage),
        })
    }

    fn chunk(&self, choices: Value, usage: Value) -> sse::Event {
        let chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        });
        sse::Event::default().data(chunk.to_string())
    }

    fn delta(&self, delta: Value, reason: Option<&str>) -> sse::Event {
        self.chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]), Value::Null)
    }

    /// The events of a stream. When the program hangs up, the generation is dropped with it.
    fn stream(self, generation: Paid, with_usage: bool) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<> {
        let first = self.delta(json!({"role": "assistant", "content": ""}), None);
        futures::stream::unfold(Some((self, generation, vec![first])), move |state| async move {
            let (answer, mut generation, mut ready) = state?;
            if let Some(event) = ready.pop() {
                return Some((Ok(event), Some((answer, generation, ready))));
            }
            match generation.next().await {
                Some(Ok(Event::Text(text))) => {
                    let event = answer.delta(json!({"content": text}), None);
                    Some((Ok(event), Some((answer, generation, ready))))
                }
                Some(Ok(Event::Done(finish))) => {
                    // Sent from the end of the list.
                    ready.push(sse::Event::default().data("[DONE]"));
                    if with_usage {
                        ready.push(answer.chunk(json!([]), usage(finish.usage)));
                    }
                    let event = answer.delta(json!({}), Some(reason(finish.reason)));
                    Some((Ok(event), Some((answer, generation, ready))))
                }
                // The protocol has no way to take back what was told.
                Some(Ok(Event::Anew(_))) => {
                    let reason = "the server that wrote this answer was lost; ask again".to_owned();
                    let refusal = Refusal::from(GenerateError::Backend { reason }).body().to_string();
                    Some((Ok(sse::Event::default().data(refusal)), None))
                }
                Some(Err(error)) => {
                    let refusal = Refusal::from(error).body().to_string();
                    Some((Ok(sse::Event::default().data(refusal)), None))
                }
                None => None,
            }
        })
    }
}

fn reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
