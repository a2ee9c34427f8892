//! Documents of a course over HTTP: another program lists, uploads and removes them, if its key may.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::program::{PATIENCE, Program, Server, fixture};

/// A server with a course, and where the course's documents are.
async fn serve() -> (Program, Server, String) {
    let program = Program::new().with_api();
    program.run(&["courses", "create", "coast"]).await.ok();
    let server = program.serve().await;
    let url = format!("{}/v1/courses/coast/documents", server.url());
    (program, server, url)
}

fn ask(method: Method, url: &str) -> RequestBuilder {
    Client::builder().no_proxy().build().unwrap().request(method, url)
}

fn put(url: &str, text: impl Into<reqwest::Body>) -> RequestBuilder {
    ask(Method::PUT, url).body(text)
}

async fn json(request: RequestBuilder) -> (u16, Value) {
    let response = request.header("accept", "application/json").send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The events of an answer.
async fn events(response: Response) -> Vec<Value> {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let mut lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(lines.pop(), Some("[DONE]"), "{text}");
    lines.into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn listed(url: &str) -> Vec<String> {
    let (status, list) = json(ask(Method::GET, url)).await;
    assert_eq!(status, 200, "{list}");
    list["data"].as_array().unwrap().iter().map(|document| document["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_program_uploads_lists_and_removes() {
    let (program, server, url) = serve().await;
    let empty = json(ask(Method::GET, &url)).await.1;
    assert_eq!(empty["data"], json!([]));
    let notes = "# Tides\n\nThe moon causes the tides.\n";
    let told = events(put(&format!("{url}/week%201/tides.md"), notes).send().await.unwrap()).await;
    let (last, steps) = told.split_last().unwrap();
    assert!(steps.iter().all(|step| step["object"] == "document.progress" && step["count"].is_u64()), "{told:?}");
    // Steps that come faster than they are read are left out, but never the last.
    assert!(!steps.is_empty(), "{told:?}");
    assert_eq!(
        (&last["status"], &last["name"], &last["passages"]),
        (&json!("added"), &json!("week 1/tides.md"), &json!(1))
    );

    let (status, same) = json(put(&format!("{url}/week%201/tides.md"), notes)).await;
    assert_eq!((status, &same["status"], &same["sha256"]), (200, &json!("unchanged"), &last["sha256"]));
    let (status, added) = json(put(&format!("{url}/wind.md"), "# Wind\n\nThe sun causes the wind.\n")).await;
    assert_eq!((status, &added["status"]), (201, &json!("added")));
    assert_eq!(listed(&url).await, ["week 1/tides.md", "wind.md"]);
    assert_ne!(json(ask(Method::GET, &url)).await.1["version"], empty["version"]);
    let hits = program.run(&["search", "--course", "coast", "what causes the wind", "-k", "1", "--json"]).await.ok();
    assert_eq!(hits.json()[0]["document"], "wind.md");

    let (status, removed) = json(ask(Method::DELETE, &format!("{url}/wind.md"))).await;
    assert_eq!((status, &removed["deleted"]), (200, &json!(true)));
    assert_eq!(json(ask(Method::DELETE, &format!("{url}/wind.md"))).await.0, 404);
    program.run(&["courses", "restore", "coast", "wind.md"]).await.ok();
    assert_eq!(listed(&url).await, ["week 1/tides.md", "wind.md"]);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_learned_is_refused_in_openai_s_form() {
    let (_program, server, url) = serve().await;
    let file = |name: &str| std::fs::read(fixture(name)).unwrap();
    for (name, bytes, expected) in [
        ("song.mp3", b"x".to_vec(), (415, "unsupported_file")),
        ("picture.pdf", file("picture.pdf"), (415, "unsupported_file")),
        ("locked.pdf", file("locked.pdf"), (422, "unreadable_file")),
        ("truncated.pdf", file("truncated.pdf"), (422, "unreadable_file")),
        ("empty.md", Vec::new(), (422, "unreadable_file")),
        ("large.md", vec![b'x'; 50_000_001], (413, "")),
        (&"n".repeat(600), b"x".to_vec(), (400, "bad_name")),
        ("two%0Alines.md", b"x".to_vec(), (400, "bad_name")),
        ("%ff.md", b"x".to_vec(), (400, "bad_name")),
    ] {
        for accept in ["application/json", "text/event-stream"] {
            let request = put(&format!("{url}/{name}"), bytes.clone()).header("accept", accept);
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body: Value = response.json().await.unwrap();
            let code = body["error"]["code"].as_str().unwrap_or_default();
            assert_eq!((status, code), expected, "{name}: {body}");
            assert_eq!(body["error"]["type"], "invalid_request_error");
        }
    }
    let elsewhere = url.replace("coast", "mountains");
    assert_eq!(json(ask(Method::GET, &elsewhere)).await.0, 404);
    assert_eq!(json(put(&format!("{elsewhere}/a.md"), "x")).await.0, 404);
    assert_eq!(ask(Method::POST, &url).send().await.unwrap().status(), 405);
    assert_eq!(listed(&url).await, [] as [&str; 0]);
    server.stop().await;
}

#[tokio::test]
async fn a_key_changes_only_the_courses_that_it_teaches() {
    let (program, server, url) = serve().await;
    program.run(&["courses", "create", "hills"]).await.ok();
    let key = async |arguments: &[&str]| {
        program.run(&[&["keys", "create"], arguments].concat()).await.ok().out.trim().to_owned()
    };
    let (models, coast) = (key(&["models"]).await, key(&["uploader", "--teach", "coast", "--teach", "hills"]).await);
    let hills = key(&["other", "--teach", "hills"]).await;
    let unknown = program.run(&["keys", "create", "third", "--teach", "mountains"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("There is no course “mountains”"), "{}", unknown.err);
    let file = format!("{url}/a.md");
    for key in [&models, &hills] {
        for request in [ask(Method::GET, &url), put(&file, "# A\n\nText.\n"), ask(Method::DELETE, &file)] {
            let (status, refused) = json(request.bearer_auth(key)).await;
            assert_eq!((status, &refused["error"]["code"]), (403, &json!("course_not_allowed")));
        }
        let hidden = json(ask(Method::GET, &url.replace("coast", "mountains")).bearer_auth(key)).await;
        assert_eq!(hidden.0, 403, "whether there is a course is not told");
    }
    assert_eq!(json(put(&file, "# A\n\nText.\n").bearer_auth(&coast)).await.0, 201);
    assert_eq!(json(ask(Method::GET, &url).bearer_auth(&coast)).await.1["data"][0]["name"], "a.md");
    assert_eq!(json(ask(Method::DELETE, &file).bearer_auth(&coast)).await.0, 200);
    // From elsewhere nothing goes without a key.
    assert_eq!(json(ask(Method::GET, &url).header("x-forwarded-for", "10.0.0.1")).await.0, 401);
    let list = program.run(&["keys", "list", "--json"]).await.ok().json();
    let taught = list.iter().find(|key| key["name"] == "uploader").unwrap();
    assert_eq!(taught["teaches"], json!(["coast", "hills"]));
    assert!(program.run(&["keys", "list"]).await.ok().out.contains("coast hills"));
    server.stop().await;
}

#[tokio::test]
async fn a_program_that_hangs_up_stops_the_learning() {
    let (_program, server, url) = serve().await;
    let long = |number: usize| {
        let part =
            |part| format!("# Part {part}\n\nOf the book {number}, which has many parts, this is part {part}.\n\n");
        (0..20_000).map(part).collect::<String>()
    };
    let mut open = Vec::new();
    for number in 0..4 {
        let mut response = put(&format!("{url}/{number}.md"), long(number)).send().await.unwrap();
        response.chunk().await.unwrap();
        open.push(response);
    }
    let (status, busy) = json(put(&format!("{url}/short.md"), "# Short\n\nText.\n")).await;
    assert_eq!((status, &busy["error"]["code"]), (429, &json!("busy")));
    drop(open);
    let start = Instant::now();
    while json(put(&format!("{url}/short.md"), "# Short\n\nText.\n")).await.0 == 429 {
        assert!(start.elapsed() < PATIENCE, "the places are not free");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(listed(&url).await, ["short.md"], "what nobody waited for was learned");
    server.stop().await;
}
