//! OpenAI's chat protocol as JSON: what is sent and what is read, for every server that speaks it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::generate::{Finish, FinishReason, Format, GenerateError, Request, Sampling, Usage};

/// The body of a chat request. What a server may not know is sent only where it changes something.
///
/// # Errors
/// [`GenerateError::BadFormat`] for a grammar, which the protocol has no place for, and for a schema that is no JSON.
pub(super) fn body(request: &Request, model: &str) -> Result<Value, GenerateError> {
    let Sampling { temperature, top_p, min_p, repeat_penalty, seed, .. } = request.sampling;
    let mut body = json!({
        "model": model,
        "messages": request.messages,
        "max_tokens": request.max_tokens,
        "temperature": temperature,
        "top_p": top_p,
        "seed": seed,
        "stream": true,
        "stream_options": {"include_usage": true},
        // As in this process: models that can think before they answer are asked not to.
        "chat_template_kwargs": {"enable_thinking": false},
    });
    let mut put = |name: &str, value: Value| body.as_object_mut().map(|body| body.insert(name.to_owned(), value));
    if !request.stop.is_empty() {
        put("stop", json!(request.stop));
    }
    if min_p > 0.0 {
        put("min_p", json!(min_p));
    }
    if (repeat_penalty - 1.0).abs() > f32::EPSILON {
        // llama.cpp's name and that of vLLM and SGLang.
        put("repeat_penalty", json!(repeat_penalty));
        put("repetition_penalty", json!(repeat_penalty));
    }
    if request.ignore_eos {
        put("ignore_eos", json!(true));
    }
    if let Some(format) = response_format(&request.format)? {
        put("response_format", format);
    }
    Ok(body)
}

fn response_format(format: &Format) -> Result<Option<Value>, GenerateError> {
    let bad = |reason: String| GenerateError::BadFormat { reason };
    match format {
        Format::Text => Ok(None),
        Format::Grammar(_) => Err(bad("servers take JSON schemas, not grammars".to_owned())),
        Format::JsonSchema(schema) => {
            let schema: Map<String, Value> = serde_json::from_str(schema).map_err(|error| bad(error.to_string()))?;
            let schema = json!({"name": "answer", "strict": true, "schema": schema});
            Ok(Some(json!({"type": "json_schema", "json_schema": schema})))
        }
    }
}

/// What one event of a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// More text, which may be empty.
    Text(String),
    /// The answer has ended.
    Ended(FinishReason),
    /// What it cost.
    Cost(Usage),
    /// Nothing more comes.
    Over,
}

/// Why a stream does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Odd {
    /// The server failed, or does not speak the protocol.
    Failed(String),
    /// The server calls the request wrong.
    Wrong(String),
}

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Cost>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cost {
    #[serde(default)]
    prompt_tokens: usize,
    #[serde(default)]
    completion_tokens: usize,
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Deserialize)]
struct Details {
    cached_tokens: Option<usize>,
}

/// What the data of one event says, in the order in which it counts.
///
/// # Errors
/// [`Odd`] for what is no chunk of a chat, and for an error that the server tells.
pub(super) fn read(data: &str) -> Result<Vec<Heard>, Odd> {
    if data == "[DONE]" {
        return Ok(vec![Heard::Over]);
    }
    let odd = |error| Odd::Failed(format!("not a chunk of a chat: {error}"));
    let chunk: Chunk = serde_json::from_str(data).map_err(odd)?;
    if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
        let wrong = error["type"] == "invalid_request_error" || error["code"] == 400;
        return Err(if wrong { Odd::Wrong(message(&error)) } else { Odd::Failed(message(&error)) });
    }
    let mut heard = Vec::new();
    for choice in chunk.choices {
        heard.extend(choice.delta.and_then(|delta| delta.content).map(Heard::Text));
        heard.extend(choice.finish_reason.map(|reason| Heard::Ended(ended(&reason))));
    }
    heard.extend(chunk.usage.map(|cost| Heard::Cost(cost.usage())));
    Ok(heard)
}

fn ended(reason: &str) -> FinishReason {
    if reason == "length" { FinishReason::Length } else { FinishReason::Stop }
}

impl Cost {
    fn usage(self) -> Usage {
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        Usage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: cached.min(self.prompt_tokens),
            completion_tokens: self.completion_tokens,
        }
    }
}

/// What a refusal says, in OpenAI's form or another; bounded, since it goes into a log line.
pub(super) fn refusal(body: &str) -> String {
    let told = serde_json::from_str::<Value>(body).ok().map(|value| message(value.get("error").unwrap_or(&value)));
    told.unwrap_or_else(|| body.chars().take(200).collect())
}

fn message(error: &Value) -> String {
    let text = error.get("message").or(error.get("detail")).unwrap_or(error);
    text.as_str().map_or_else(|| text.to_string(), str::to_owned).chars().take(200).collect()
}

/// Whether a refusal says that the prompt is too long, in the words of OpenAI, vLLM, SGLang and llama-server.
pub(super) fn is_too_long(body: &str) -> bool {
    let body = body.to_lowercase();
    ["context_length_exceeded", "exceed_context_size", "maximum context length", "context length", "context size"]
        .iter()
        .any(|words| body.contains(words))
}

/// How an answer ended, as far as the server told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ending {
    /// Why it ended; none while it goes on.
    pub(super) reason: Option<FinishReason>,
    /// What it cost, where the server says so.
    pub(super) usage: Option<Usage>,
}

impl Ending {
    /// The end, with what `counted` says where the server does not.
    pub(super) fn finish(self, counted: Usage) -> Option<Finish> {
        Some(Finish { reason: self.reason?, usage: self.usage.unwrap_or(counted) })
    }
}

#[cfg(test)]
mod tests;
