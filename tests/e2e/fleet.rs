//! A tutor whose model is on another machine: answers come from there, from here when it is gone, and it can be measured.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::program::{Program, fixture};

async fn ask(program: &Program) -> Result<Value, String> {
    let done = program.run(&["ask", "--course", "sea", "--json", "Why are there two high tides a day?"]).await;
    if done.code != 0 {
        return Err(done.err);
    }
    Ok(done.json().into_iter().find(|line| line["type"] == "answer").unwrap())
}

#[tokio::test]
async fn answers_come_from_the_fleet_and_from_here_when_it_is_gone() {
    let far = Program::new().with_api();
    let server = far.serve().await;
    let near =
        Program::new().with("TUTOR_MODELS_SERVERS", server.url()).with("TUTOR_MODELS_CHAT", "not-on-this-machine");
    let near = near.with_course("sea", "The sea", &[&fixture("tides.md")]).await;
    let there = ask(&near).await.unwrap();
    assert!(!there["sources"].as_array().unwrap().is_empty(), "{there}");
    server.kill().await;
    let sentence = ask(&near).await.unwrap_err();
    assert!(sentence.contains("no server answers"), "{sentence}");
    let near = near.with("TUTOR_MODELS_LAST_RESORT", "true").with("TUTOR_MODELS_CHAT", "smollm2-135m-instruct");
    let here = ask(&near).await.unwrap();
    assert_eq!(here["text"], there["text"], "the same model answers in the same words");
}

#[tokio::test]
async fn a_server_is_measured_by_the_load_of_a_class() {
    let program = Program::new().with_api().with("TUTOR_HTTP_REQUIRE_KEY", "true");
    let server = program.serve().await;
    let key = program.run(&["keys", "create", "bench"]).await.ok().out;
    let file = program.folder().join("key");
    std::fs::write(&file, key).unwrap();
    let url = server.url();
    let small = ["--mode", "shared,repeat", "--students", "2", "--rounds", "1", "--context", "40", "--answer", "8"];
    let with = [&["bench", "--url", &url, "--key-file", file.to_str().unwrap()], &small[..]].concat();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = program.run(&with).await;
    assert!(exposed.code == 1 && exposed.err.contains("chmod 600"), "{exposed:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let lines = program.run(&with).await.ok().json();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        let measured = &line["measured"];
        assert_eq!((&measured["answers"], &measured["errors"]), (&Value::from(2), &Value::from(0)), "{line}");
        assert!(
            measured["first_token_s"]["p50"].as_f64().unwrap() > 0.0
                && measured["tokens_per_s"].as_f64().unwrap() > 0.0
        );
        assert_eq!((&line["url"], &line["resident_bytes"]), (&Value::from(url.as_str()), &Value::Null));
    }
    assert!(lines[1]["measured"]["cached_tokens"].as_u64().unwrap() > 0, "who asks the same shares an answer");
    let refused = program.run(&[&["bench", "--url", &url], &small[..]].concat()).await;
    assert_eq!(refused.code, 1);
    assert!(refused.json()[0]["measured"]["first_error"].as_str().unwrap().contains("401"), "{refused:?}");
    server.stop().await;
}
