//! Keys to the models as a service: who is served, how much, and what is metered.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::program::{Program, fixture};

/// Makes a key; the key.
async fn create(program: &Program, arguments: &[&str]) -> String {
    let done = program.run(&[&["keys", "create"], arguments].concat()).await.ok();
    assert!(done.err.contains("shown this once"), "{}", done.err);
    done.out.trim().to_owned()
}

fn ask(url: &str, more: Value) -> RequestBuilder {
    let mut body = json!({"messages": [{"role": "user", "content": "Count."}], "max_tokens": 4, "ignore_eos": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let client = Client::builder().no_proxy().build().unwrap();
    client.post(format!("{url}/v1/chat/completions")).json(&body)
}

async fn refused(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

async fn with_key(url: &str, key: &str) -> Response {
    ask(url, json!({})).bearer_auth(key).send().await.unwrap()
}

/// The rows of `tutor usage` for a meter.
async fn usage(program: &Program, by: &str) -> Vec<Value> {
    program.run(&["usage", "--by", by, "--json"]).await.ok().json()
}

#[tokio::test]
async fn a_key_is_served_until_it_is_revoked_and_nothing_else_is() {
    let program = Program::new().with_api().with("TUTOR_HTTP_REQUIRE_KEY", "true");
    let server = program.serve().await;
    let url = server.url();
    assert!(server.log().contains("there is none yet: tutor keys create"), "{}", server.log());
    let (key, other) = (create(&program, &["grader"]).await, create(&program, &["bench"]).await);
    let again = program.run(&["keys", "create", "grader"]).await;
    assert!(again.code == 1 && again.err.contains("already"), "{}", again.err);

    assert_eq!(refused(ask(&url, json!({})).send().await.unwrap()).await, (401, "missing_api_key".to_owned()));
    let wrong = with_key(&url, &format!("{}x", &key[..key.len() - 1])).await;
    assert_eq!(wrong.headers()["www-authenticate"], "Bearer");
    assert_eq!(refused(wrong).await, (401, "invalid_api_key".to_owned()));
    assert_eq!(with_key(&url, &key).await.status(), StatusCode::OK);
    let metrics = Client::new().get(format!("{url}/metrics")).bearer_auth(&key).send().await.unwrap().text().await;
    assert!(metrics.unwrap().contains("tutor_key_requests_total{key=\"grader\"} 2"));
    for open in ["healthz", "readyz"] {
        assert_eq!(reqwest::get(format!("{url}/{open}")).await.unwrap().status(), StatusCode::OK);
    }

    let list = program.run(&["keys", "list", "--json"]).await.ok().json();
    assert_eq!((&list[1]["name"], &list[1]["today"]["requests"]), (&json!("grader"), &json!(1)));
    let id = list[1]["id"].as_str().unwrap();
    program.run(&["keys", "revoke", id]).await.ok();
    assert_eq!(refused(with_key(&url, &key).await).await, (401, "invalid_api_key".to_owned()));
    assert_eq!(with_key(&url, &other).await.status(), StatusCode::OK);
    // Somebody who tries keys learns nothing after a while, and holds nobody else up.
    let mut codes = Vec::new();
    for n in 0..12 {
        codes.push(with_key(&url, &format!("guess-{n}")).await.status().as_u16());
    }
    assert_eq!((codes[0], codes[11]), (401, 429), "{codes:?}");
    assert_eq!(with_key(&url, &other).await.status(), StatusCode::OK);

    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    for secret in [&key, &other] {
        assert!(!log.contains(secret.as_str()), "a key stands in the log");
        let found = std::process::Command::new("grep").args(["-rqF", secret]).arg(program.data()).status().unwrap();
        assert_eq!(found.code(), Some(1), "a key stands in the data folder");
    }
}

#[tokio::test]
async fn a_key_expires_and_a_past_day_is_expired() {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let url = server.url();
    let (past, future) = (
        create(&program, &["a", "--expires", "2026-01-31"]).await,
        create(&program, &["b", "--expires", "9000-01-31"]).await,
    );
    assert_eq!(refused(with_key(&url, &past).await).await, (401, "invalid_api_key".to_owned()));
    assert_eq!(with_key(&url, &future).await.status(), StatusCode::OK);
    let list = program.run(&["keys", "list"]).await.ok().out;
    assert!(list.starts_with("name") && list.contains("2026-02-01 00:00"), "{list}");
    server.stop().await;
}

#[tokio::test]
async fn what_may_come_from_elsewhere_needs_a_key() {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let url = server.url();
    assert_eq!(ask(&url, json!({})).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(ask(&url, json!({})).bearer_auth("").send().await.unwrap().status(), StatusCode::OK, "no key at all");
    assert_eq!(with_key(&url, "none").await.status(), StatusCode::OK, "a key of another service");
    assert_eq!(refused(with_key(&url, "tutor-wrong").await).await.0, 401);
    let key = create(&program, &["proxy"]).await;
    for (name, value) in
        [("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1"), ("host", "evil.example.org")]
    {
        let request = || ask(&url, json!({})).header(name, value);
        let without = refused(request().send().await.unwrap()).await;
        assert_eq!(without, (401, "missing_api_key".to_owned()), "{name}");
        assert_eq!(request().bearer_auth(&key).send().await.unwrap().status(), StatusCode::OK, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_a_minute_are_bounded_and_told() {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let url = server.url();
    let key = create(&program, &["grader", "--requests-per-minute", "2"]).await;
    let first = with_key(&url, &key).await;
    assert_eq!(first.headers()["x-ratelimit-limit-requests"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining-requests"], "1");
    with_key(&url, &key).await;
    let third = with_key(&url, &key).await;
    let wait: u64 = third.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(refused(third).await, (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(ask(&url, json!({})).send().await.unwrap().status(), StatusCode::OK, "others are not held up");
    server.stop().await;
}

#[tokio::test]
async fn tokens_a_day_are_bounded_over_restarts_and_an_abandoned_stream_is_paid_for() {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let url = server.url();
    let key = create(&program, &["grader", "--tokens-per-day", "400"]).await;
    let whole: Value = with_key(&url, &key).await.json().await.unwrap();
    let one = whole["usage"]["total_tokens"].as_u64().unwrap();

    let mut stream = ask(&url, json!({"stream": true, "max_tokens": 300})).bearer_auth(&key).send().await.unwrap();
    for _ in 0..4 {
        stream.chunk().await.unwrap();
    }
    drop(stream);
    let all = json!({"max_tokens": 400 - one});
    let too_much = ask(&url, all).bearer_auth(&key).send().await.unwrap();
    let wait: u64 = too_much.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait <= 86_400, "{wait}");
    assert_eq!(refused(too_much).await, (429, "insufficient_quota".to_owned()));

    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    let rows = usage(&program, "key").await;
    assert_eq!((&rows[0]["name"], &rows[0]["requests"], rows.len()), (&json!("grader"), &json!(2), 1));
    let used = rows[0]["prompt_tokens"].as_u64().unwrap() + rows[0]["completion_tokens"].as_u64().unwrap();
    let prompt = whole["usage"]["prompt_tokens"].as_u64().unwrap();
    assert!(used > one + prompt && used < one + prompt + 300, "{used} of {one} and an abandoned stream");

    let server = program.serve().await;
    let response = with_key(&server.url(), &key).await;
    let left = response.headers()["x-ratelimit-remaining-tokens"].to_str().unwrap().parse::<u64>().unwrap();
    assert!(left <= 400 - used, "{left} are left, {used} were used before the restart");
    // Who names no limit gets what is left.
    let rest: Value =
        ask(&server.url(), json!({"max_tokens": null})).bearer_auth(&key).send().await.unwrap().json().await.unwrap();
    assert_eq!(rest["choices"][0]["finish_reason"], "length", "{rest}");
    assert_eq!(refused(with_key(&server.url(), &key).await).await, (429, "insufficient_quota".to_owned()));
    server.stop().await;
    let rows = usage(&program, "key").await;
    let used = rows[0]["prompt_tokens"].as_u64().unwrap() + rows[0]["completion_tokens"].as_u64().unwrap();
    assert_eq!(used, 400, "all of it and no more");
}

#[tokio::test]
async fn what_is_cut_off_by_the_server_s_end_is_paid_for() {
    let program = Program::new().with_api();
    let server = program.serve().await;
    let key = create(&program, &["grader"]).await;
    let endless = ask(&server.url(), json!({"stream": true, "max_tokens": 1_900})).bearer_auth(&key);
    let mut stream = endless.send().await.unwrap();
    for _ in 0..4 {
        stream.chunk().await.unwrap();
    }
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    let rows = usage(&program, "key").await;
    assert!(rows[0]["completion_tokens"].as_u64().unwrap() > 1, "{rows:?}");
}

#[tokio::test]
async fn usage_is_shown_by_key_course_student_and_model() {
    let notes = fixture("tides.md");
    let program = Program::new().with_api().with_course("tides", "Tides", &[&notes]).await;
    let question = ["ask", "--course", "tides", "--student", "ada", "What causes the tides?"];
    program.run(&question).await.ok();
    let server = program.serve().await;
    let key = create(&program, &["grader"]).await;
    with_key(&server.url(), &key).await;
    let course = usage(&program, "course").await;
    let student = usage(&program, "student").await;
    assert_eq!((&course[0]["name"], &course[0]["requests"]), (&json!("tides"), &json!(1)));
    assert_eq!(course[0]["prompt_tokens"], student[0]["prompt_tokens"]);
    assert_eq!(usage(&program, "model").await[0]["requests"], 2);
    let all = program.run(&["usage", "--json"]).await.ok().json();
    let by: Vec<&str> = all.iter().map(|row| row["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["key", "course", "student", "model"]);
    assert_eq!(program.run(&["usage", "--since", "9000-01-01", "--json"]).await.ok().out, "");
    let table = program.run(&["usage"]).await.ok().out;
    assert!(table.contains("grader") && table.contains("tokens read"), "{table}");

    let pseudonym = student[0]["name"].as_str().unwrap();
    let export: Value = serde_json::from_str(&program.run(&["students", "export", "ada"]).await.ok().out).unwrap();
    assert_eq!(export["usage_by_day"][0]["requests"], 1);
    program.run(&["students", "forget", pseudonym]).await.ok();
    assert_eq!(usage(&program, "student").await, [] as [Value; 0]);
    assert_eq!(usage(&program, "course").await, course, "the course keeps its sums");
    server.stop().await;
}
