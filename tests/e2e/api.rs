//! The models as a service: what a program that speaks OpenAI's API gets from the real server.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::program::{Program, Server};

/// A server with the API, and where it is.
async fn serve() -> (Program, Server, String) {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let url = server.url();
    (program, server, url)
}

async fn post(url: &str, body: &Value) -> (StatusCode, Value) {
    let client = Client::builder().no_proxy().build().unwrap();
    let response = client.post(url).json(body).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

fn chat(more: Value) -> Value {
    let mut body = json!({
        "model": "default",
        "messages": [
            {"role": "system", "content": "You are a helpful tutor. Answer in short sentences."},
            {"role": "user", "content": "What is the capital of France?"},
        ],
        "max_tokens": 24,
        "temperature": 0,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_program_chats_streams_and_embeds() {
    let (_program, server, url) = serve().await;
    let completions = format!("{url}/v1/chat/completions");
    let models: Value = reqwest::get(format!("{url}/v1/models")).await.unwrap().json().await.unwrap();
    assert_eq!(models["data"][0]["id"], "smollm2-135m-instruct");

    let (status, whole) = post(&completions, &chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{whole}");
    let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("Paris"), "{whole}");
    let usage = &whole["usage"];
    assert_eq!(
        usage["total_tokens"],
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
    );

    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    let streamed = Client::new().post(&completions).json(&chat(options)).send().await.unwrap().text().await.unwrap();
    let (mut joined, mut reason, mut usage) = (String::new(), Value::Null, Value::Null);
    let lines: Vec<&str> = streamed.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(lines.last(), Some(&"[DONE]"));
    for line in &lines[..lines.len() - 1] {
        let chunk: Value = serde_json::from_str(line).unwrap();
        assert_eq!(chunk["object"], "chat.completion.chunk");
        joined.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        if chunk["choices"][0]["finish_reason"].is_string() {
            reason = chunk["choices"][0]["finish_reason"].clone();
        }
        if chunk["usage"].is_object() {
            usage = chunk["usage"].clone();
        }
    }
    assert_eq!(joined, text);
    assert_eq!(reason, whole["choices"][0]["finish_reason"]);
    assert!(usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap() > 0, "{usage}");

    let schema = json!({"type": "object", "properties": {"capital": {"type": "string", "maxLength": 20}}, "required": ["capital"],
        "additionalProperties": false});
    let format = json!({"max_tokens": 60, "response_format": {"type": "json_schema", "json_schema": {"name": "c", "schema": schema}}});
    let (status, bound) = post(&completions, &chat(format)).await;
    assert_eq!(status, StatusCode::OK, "{bound}");
    let value: Value = serde_json::from_str(bound["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(value["capital"].is_string(), "{value}");

    let (status, vectors) = post(&format!("{url}/v1/embeddings"), &json!({"input": ["a gate", "a cat"]})).await;
    assert_eq!(status, StatusCode::OK, "{vectors}");
    assert_eq!(vectors["data"][1]["embedding"].as_array().unwrap().len(), 384);

    let metrics = reqwest::get(format!("{url}/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("tutor_requests_total{model=\"smollm2-135m-instruct\"} 3"), "{metrics}");
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("capital"), "a message stands in the log");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_in_openai_s_form() {
    let (_program, server, url) = serve().await;
    let completions = format!("{url}/v1/chat/completions");
    let long = json!({"messages": [{"role": "user", "content": "word ".repeat(5_000)}]});
    let cases = [
        (chat(long), 400, "tokens"),
        (chat(json!({"model": "gpt-4"})), 404, "smollm2"),
        (chat(json!({"messages": []})), 400, "messages"),
        (chat(json!({"messages": [{"role": "wizard", "content": "Hi"}]})), 400, "wizard"),
        (chat(json!({"temperature": -1})), 400, "temperature"),
        (chat(json!({"n": 2})), 400, "n can only be 1"),
        (json!({"messages": "Hi"}), 400, "messages"),
        (
            chat(
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "c", "schema": {"type": 7}}}}),
            ),
            400,
            "format",
        ),
    ];
    for (body, code, said) in cases {
        let (status, error) = post(&completions, &body).await;
        assert_eq!(status.as_u16(), code, "{error}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
    }
    let response = reqwest::get(format!("{url}/v1/nothing")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let (status, error) = post(&completions, &json!({"messages": "x".repeat(3 << 20)})).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{error}");
    let response = Client::new().delete(&completions).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    server.stop().await;
}

#[tokio::test]
async fn a_program_that_hangs_up_frees_its_place() {
    let (_program, server, url) = serve().await;
    let completions = format!("{url}/v1/chat/completions");
    for n in 0..12 {
        let body = chat(json!({
            "stream": true, "ignore_eos": true, "max_tokens": 1_500,
            "messages": [{"role": "user", "content": format!("Tell me story number {n}.")}],
        }));
        let mut response = Client::new().post(&completions).json(&body).send().await.unwrap();
        response.chunk().await.unwrap();
    }
    // All places would be taken for minutes if the stories went on.
    let (status, whole) = post(&completions, &chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{whole}");
    server.stop().await;
}
