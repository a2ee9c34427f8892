//! Several models in one server: a program asks for one by its name, and they take turns in the memory that there is.

use std::path::Path;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::program::Program;

/// A models folder in which the default model has two names.
async fn twins(program: &Program, folder: &Path) {
    let path = program.run(&["models", "path", "smollm2-135m-instruct"]).await.ok().out;
    std::fs::create_dir_all(folder).unwrap();
    let mut catalog = String::new();
    for name in ["first", "second"] {
        std::os::unix::fs::symlink(path.trim(), folder.join(format!("{name}.gguf"))).unwrap();
        catalog += &format!(
            "[{name}]\nrole = \"chat\"\nsource = {{ local = {{ path = \"{name}.gguf\" }} }}\nlicence = \"Apache-2.0\"\n\
             languages = [\"en\"]\nparameters = \"135M\"\ncontext = 8192\nmemory = 1.0\n",
        );
    }
    std::fs::write(folder.join("catalog.toml"), catalog).unwrap();
}

async fn ask(url: &str, model: &str) -> (StatusCode, Value) {
    let body = json!({
        "model": model,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "max_tokens": 16,
        "temperature": 0,
    });
    let response = Client::new().post(format!("{url}/v1/chat/completions")).json(&body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn models_take_turns_in_memory_by_the_name_that_a_program_gives() {
    let program = Program::new().with_api();
    let folder = program.folder().join("models");
    twins(&program, &folder).await;
    let program = program.with("TUTOR_MODELS_FOLDER", folder.display()).with("TUTOR_MODELS_CHAT", "first");
    // Room for one: the weights take 92 MiB and the slots more.
    let program = program.with("TUTOR_MODELS_ALSO", "second").with("TUTOR_MODELS_MEMORY", 200);
    let server = program.serve().await;
    let url = server.url();
    let listed: Value = reqwest::get(format!("{url}/v1/models")).await.unwrap().json().await.unwrap();
    let names: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["first", "second", "all-minilm-l6-v2"]);
    let mut texts = Vec::new();
    for model in ["first", "second", "default"] {
        let (status, answer) = ask(&url, model).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["model"], if model == "default" { "first" } else { model });
        texts.push(answer["choices"][0]["message"]["content"].clone());
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_eq!(ask(&url, "third").await.0, StatusCode::NOT_FOUND);
    let left = server.log().lines().filter(|line| line.contains("a model leaves the memory")).count();
    assert_eq!(left, 2, "{}", server.log());
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
}
