//! `GET /metrics`: what the engine does, in Prometheus' text form.

use std::fmt::Write as _;

use axum::extract::State;

use super::Shared;

/// All of it.
pub(super) async fn show(State(parts): Shared) -> String {
    let model = parts.model.chat_name();
    let mut text = String::new();
    let Some(engine) = parts.model.running() else { return text };
    let load = engine.load();
    let counters: [(&str, &str, f64); 9] = [
        ("requests_total", "Requests that got a slot", load.requests as f64),
        ("prompt_tokens_total", "Tokens of prompts", load.prompt_tokens as f64),
        ("cached_tokens_total", "Tokens of prompts whose state was known", load.cached_tokens as f64),
        ("computed_tokens_total", "Tokens that went through the model", load.computed_tokens as f64),
        ("written_tokens_total", "Tokens of answers", load.written_tokens as f64),
        ("steps_total", "Decode steps", load.steps as f64),
        ("busy_seconds_total", "Seconds of decode steps", load.busy),
        ("queue_seconds_total", "Seconds that requests waited for a slot", load.waited),
        ("first_token_seconds_total", "Seconds from request to first token", load.first_token),
    ];
    for (name, help, value) in counters {
        write(&mut text, name, help, "counter", model, value);
    }
    let batch = if load.steps > 0 { load.computed_tokens as f64 / load.steps as f64 } else { 0.0 };
    write(&mut text, "batch_tokens", "Tokens of a step, on average", "gauge", model, batch);
    write(&mut text, "queue_requests", "Requests that wait", "gauge", model, load.waiting as f64);
    text
}

fn write(text: &mut String, name: &str, help: &str, kind: &str, model: &str, value: f64) {
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "# HELP tutor_{name} {help}\n# TYPE tutor_{name} {kind}\ntutor_{name}{{model=\"{model}\"}} {value}\n"
    );
}
