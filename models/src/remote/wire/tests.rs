//! The protocol, with chunks as vLLM, SGLang, llama-server and OpenAI send them.

use super::*;
use crate::generate::{Message, Role};

fn request() -> Request {
    Request { messages: vec![Message::new(Role::User, "Why?")], max_tokens: 8, ..Request::default() }
}

#[test]
fn a_plain_request_sends_nothing_that_changes_nothing() {
    let body = body(&request(), "m").unwrap();
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let known = [
        "chat_template_kwargs",
        "max_tokens",
        "messages",
        "model",
        "seed",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, known);
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Why?"}]));
}

#[test]
fn what_changes_something_is_sent_under_every_name_it_has() {
    let sampling = Sampling { repeat_penalty: 1.5, min_p: 0.25, seed: 7, ..Sampling::default() };
    let asked = Request { sampling, stop: vec!["\n".to_owned()], ignore_eos: true, ..request() };
    let body = body(&asked, "m").unwrap();
    assert_eq!((&body["repeat_penalty"], &body["repetition_penalty"]), (&json!(1.5), &json!(1.5)));
    assert_eq!((&body["min_p"], &body["seed"], &body["stop"]), (&json!(0.25), &json!(7), &json!(["\n"])));
    assert_eq!(body["ignore_eos"], json!(true));
}

#[test]
fn a_schema_is_sent_and_a_grammar_is_refused() {
    let with = |format: Format| body(&Request { format, ..request() }, "m");
    let sent = with(Format::JsonSchema(r#"{"type":"object"}"#.to_owned())).unwrap();
    assert_eq!(sent["response_format"]["json_schema"]["schema"], json!({"type": "object"}));
    for format in [Format::Grammar("root ::= \"a\"".to_owned()), Format::JsonSchema("{".to_owned())] {
        assert!(matches!(with(format), Err(GenerateError::BadFormat { .. })));
    }
}

#[test]
fn chunks_are_read_as_every_server_sends_them() {
    let usage = Usage { prompt_tokens: 9, cached_tokens: 4, completion_tokens: 2 };
    let text = |text: &str| Heard::Text(text.to_owned());
    for (data, expected) in [
        ("[DONE]", vec![Heard::Over]),
        (r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#, vec![text("")]),
        (r#"{"choices":[{"delta":{"content":"光"}}],"usage":null}"#, vec![text("光")]),
        (r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#, vec![]),
        (r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#, vec![Heard::Ended(FinishReason::Length)]),
        (
            r#"{"choices":[{"delta":{"content":"."},"finish_reason":"stop"}]}"#,
            vec![text("."), Heard::Ended(FinishReason::Stop)],
        ),
        (
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#,
            vec![Heard::Cost(usage)],
        ),
        (
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":null}}"#,
            vec![Heard::Cost(Usage { cached_tokens: 0, ..usage })],
        ),
    ] {
        assert_eq!(read(data).unwrap(), expected, "{data}");
    }
}

#[test]
fn a_failure_in_the_stream_is_told() {
    let failed = read(r#"{"error":{"message":"out of memory","type":"server_error"}}"#).unwrap_err();
    assert_eq!(failed, Odd::Failed("out of memory".to_owned()));
    let wrong = read(r#"{"error":{"message":"no schema","type":"invalid_request_error","code":null}}"#).unwrap_err();
    assert_eq!(wrong, Odd::Wrong("no schema".to_owned()));
    assert!(read("<html>").is_err());
}

#[test]
fn refusals_are_understood() {
    for (body, expected, long) in [
        (r#"{"error":{"message":"no such model","code":null}}"#, "no such model", false),
        (r#"{"detail":"Not Found"}"#, "Not Found", false),
        (r#"{"error":{"message":"This model's maximum context length is 4096 tokens."}}"#, "", true),
        (
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            "",
            true,
        ),
        ("upstream gone", "upstream gone", false),
    ] {
        assert!(refusal(body).contains(expected), "{body}");
        assert_eq!(is_too_long(body), long, "{body}");
    }
    assert_eq!(refusal(&"x".repeat(5_000)).len(), 200);
}
