//! The command line: the shapes that scripts rely on, and what people are told when something is wrong.

use crate::support::program::{Program, fixture, shared};

fn demo(language: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo").join(language)
}

#[tokio::test]
async fn a_course_is_learned_searched_asked_and_summarised() {
    let program = Program::new();
    program.run(&["courses", "create", "nets", "--title", "How networks learn"]).await.ok();
    let notes = demo("en");
    let learned = program.run(&["ingest", "--course", "nets", "--json", notes.to_str().unwrap()]).await.ok().json();
    assert!(learned.len() >= 3);
    for line in &learned {
        assert_eq!(line["status"], "added");
        assert!(line["passages"].as_u64().unwrap() > 0);
        assert!(line["error"].is_null());
    }
    let again = program.run(&["ingest", "--course", "nets", "--json", notes.to_str().unwrap()]).await.ok().json();
    assert!(again.iter().all(|line| line["status"] == "unchanged"), "{again:?}");

    let hits = program.run(&["search", "--course", "nets", "learning rate", "-k", "3", "--json"]).await.ok().json();
    assert_eq!(hits.iter().map(|hit| hit["rank"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(hits[0]["text"].as_str().unwrap().to_lowercase().contains("learning rate"));
    assert!(hits[0]["section"].is_array() && hits[0]["document"].is_string() && hits[0]["score"].is_number());

    let question = "What happens when the learning rate is too large?";
    let lines = program.run(&["ask", "--course", "nets", question, "--json"]).await.ok().json();
    let (answer, tokens) = lines.split_last().unwrap();
    assert!(!tokens.is_empty() && tokens.iter().all(|line| line["type"] == "token" && line["text"].is_string()));
    assert_eq!((answer["type"].as_str(), answer["found"].as_bool()), (Some("answer"), Some(true)));
    check_sources(answer, &notes);
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 50);
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    assert!(answer["timing"]["total_ms"].as_u64() >= answer["timing"]["first_token_ms"].as_u64());

    let lines = program.run(&["summary", "--course", "nets", "--topic", "learning rate", "--json"]).await.ok().json();
    let summary = lines.last().unwrap();
    assert_eq!(summary["found"], true);
    check_sources(summary, &notes);
}

/// Every quote stands verbatim in its document, and every supported sentence names a source that is there.
fn check_sources(answer: &serde_json::Value, notes: &std::path::Path) {
    let sources = answer["sources"].as_array().unwrap();
    assert!(!sources.is_empty(), "{answer}");
    let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace(['*', '`', '_', '\\'], "");
    for source in sources {
        let document = std::fs::read_to_string(notes.join(source["document"].as_str().unwrap())).unwrap();
        let quote = source["quote"].as_str().unwrap();
        assert!(squeezed(&document).contains(&squeezed(quote)), "{quote}");
        assert!(answer["text"].as_str().unwrap().contains(&format!("[{}]", source["n"])));
    }
    for sentence in answer["sentences"].as_array().unwrap() {
        for n in sentence["sources"].as_array().unwrap() {
            assert!(sources.iter().any(|source| source["n"] == *n));
            assert!(sentence["support"].as_f64().unwrap() > 0.5);
        }
    }
}

#[tokio::test]
async fn chinese_notes_answer_a_chinese_question() {
    let notes = demo("zh");
    let program = Program::new().with_course("wangluo", "神经网络如何学习", &[&notes]).await;
    let lines = program.run(&["ask", "--course", "wangluo", "学习率太大会怎样？", "--json"]).await.ok().json();
    let answer = lines.last().unwrap();
    assert_eq!(answer["found"], true);
    check_sources(answer, &notes);
    assert!(answer["sources"][0]["quote"].as_str().unwrap().contains("学习率"), "{answer}");
}

#[tokio::test]
async fn a_real_course_is_cited_to_its_section_and_its_limits_are_known() {
    let Some(notes) = shared("courses/cs231n") else { return };
    let program = Program::new().with_course("cs231n", "Deep learning for vision", &[&notes]).await;
    let question = "What does the add gate do to gradients in the backward pass?";
    let lines = program.run(&["ask", "--course", "cs231n", question, "--json"]).await.ok().json();
    let answer = lines.last().unwrap();
    let cited = answer["sources"].as_array().unwrap().iter().any(|source| {
        let section = source["section"].as_array().unwrap();
        source["document"] == "optimization-2.md" && section.iter().any(|h| h == "Patterns in backward flow")
    });
    assert!(cited, "{answer}");
    let lines =
        program.run(&["ask", "--course", "cs231n", "Who won the 1998 football world cup?", "--json"]).await.ok();
    let answer = lines.json().pop().unwrap();
    assert_eq!(answer["found"], false, "{answer}");
    assert!(answer["text"].as_str().unwrap().contains("do not cover"));
}

#[tokio::test]
async fn the_last_change_of_a_document_is_undone() {
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let shown = async || program.run(&["courses", "documents", "coast", "--json"]).await.ok().out;
    let first = shown().await;
    let other = program.folder().join("tides.md");
    std::fs::write(&other, "# Tides\n\nAnother text.\n").unwrap();
    let replaced = program.run(&["ingest", "--course", "coast", other.to_str().unwrap()]).await.ok().out;
    assert!(replaced.contains("“tutor courses restore” brings the old one back"), "{replaced}");
    let second = shown().await;
    for expected in [&first, &second] {
        let said = program.run(&["courses", "restore", "coast", "tides.md"]).await.ok().out;
        assert!(said.contains("The same command undoes this."), "{said}");
        assert_eq!(shown().await, *expected);
    }
    program.run(&["courses", "remove", "coast", "tides.md"]).await.ok();
    let said = program.run(&["courses", "restore", "coast", "tides.md"]).await.ok().out;
    assert!(said.starts_with("tides.md is back as it was before"), "{said}");
    assert_eq!(shown().await, second);
    let done = program.run(&["courses", "restore", "coast", "tides.md"]).await;
    assert!(done.code == 1 && done.err.contains("no earlier version of “tides.md”"), "{}", done.err);
}

#[tokio::test]
async fn bad_input_gets_a_sentence_and_changes_nothing() {
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let before = program.run(&["courses", "documents", "coast", "--json"]).await.ok().out;
    for (name, said) in [
        ("truncated.pdf", "damaged"),
        ("locked.pdf", "password"),
        ("picture.pdf", "not what its name says"),
        ("empty.md", "empty"),
        ("missing.md", "Cannot read"),
    ] {
        let path = fixture(name);
        let done = program.run(&["ingest", "--course", "coast", "--json", path.to_str().unwrap()]).await;
        assert_eq!(done.code, 1, "{name}");
        let line = done.json().pop().unwrap();
        assert_eq!(line["status"], "failed");
        assert!(line["error"].as_str().unwrap().contains(said), "{name}: {line}");
    }
    let done = program.run(&["ingest", "--course", "physics", fixture("tides.md").to_str().unwrap()]).await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("There is no course “physics”"), "{}", done.err);
    let done = program.run(&["ask", "--course", "coast", &"long ".repeat(10_000)]).await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("50000 characters"), "{}", done.err);
    assert_eq!(program.run(&["courses", "documents", "coast", "--json"]).await.ok().out, before);
}

#[tokio::test]
async fn settings_with_five_mistakes_are_refused_with_all_five() {
    let program = Program::new();
    let file = program.folder().join("tutor.toml");
    let text = "[telegram]\ntokn = 'a'\n[http]\nlisten = 'here'\n[models]\ngpu_layers = 'some'\nparallel = 'many'\n\
                [access]\nadmins = ['ada']\n";
    std::fs::write(&file, text).unwrap();
    let done = program.run(&["serve"]).await;
    assert_eq!(done.code, 2);
    for key in ["telegram.tokn", "http.listen", "models.gpu_layers", "models.parallel", "access.admins"] {
        assert!(done.err.contains(key), "{key}: {}", done.err);
    }
    let done = program.command(&["serve"]).env("LC_ALL", "zh_CN.UTF-8").output().await.unwrap();
    assert!(String::from_utf8(done.stderr).unwrap().contains("设置中有 5 处错误"));
}

#[tokio::test]
async fn a_model_that_is_missing_or_truncated_is_named() {
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let models = program.folder().join("models");
    std::fs::create_dir(&models).unwrap();
    let ask = ["ask", "--course", "coast", "What causes the tides?"];
    let run = async || {
        let done = program.command(&ask).env("TUTOR_MODELS_FOLDER", &models).output().await.unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, err) = run().await;
    assert_eq!(code, Some(1));
    assert!(err.contains("smollm2-135m-instruct"), "{err}");
    let whole = program.run(&["models", "path", "smollm2-135m-instruct"]).await.ok().out;
    let whole = std::path::Path::new(whole.trim());
    let bytes = std::fs::read(whole).unwrap();
    std::fs::write(models.join(whole.file_name().unwrap()), &bytes[..bytes.len() / 3]).unwrap();
    let (code, err) = run().await;
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("is damaged") && err.contains("tutor models pull smollm2-135m-instruct"), "{err}");
}

#[tokio::test]
async fn students_are_remembered_exported_and_forgotten_from_the_disk_too() {
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let question = "When do spring tides occur, asks Zebulon?";
    program.run(&["ask", "--course", "coast", "--student", "zebulon17", question]).await.ok();
    let export = program.run(&["students", "export", "zebulon17"]).await.ok().out;
    let kept: serde_json::Value = serde_json::from_str(&export).unwrap();
    assert_eq!(kept["turns"][0]["asked"], question);
    assert!(on_disk(&program.data(), "zebulon17"));
    program.run(&["students", "forget", "zebulon17"]).await.ok();
    assert_eq!(program.run(&["students", "export", "zebulon17"]).await.code, 1);
    assert!(!on_disk(&program.data(), "zebulon17"));
    assert!(!on_disk(&program.data(), "Zebulon"));
}

/// Whether any file below `folder` contains `text`.
pub fn on_disk(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return on_disk(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
