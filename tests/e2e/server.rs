//! The server without messengers: the socket in its data folder, the lock, SIGTERM.

use crate::support::program::{Program, fixture};

#[tokio::test]
async fn commands_on_a_held_folder_are_carried_out_by_the_server() {
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let server = program.serve().await;
    let path = fixture("compost.html");
    let learned = program.run(&["ingest", "--course", "coast", "--json", path.to_str().unwrap()]).await.ok().json();
    assert_eq!(learned[0]["status"], "added");
    let documents = program.run(&["courses", "documents", "coast", "--json"]).await.ok().json();
    assert_eq!(documents.len(), 2);
    let answer = program.run(&["ask", "--course", "coast", "When do spring tides occur?", "--json"]).await.ok().json();
    assert_eq!(answer.last().unwrap()["found"], true);

    let second = program.run(&["serve"]).await;
    assert_eq!(second.code, 1);
    assert!(second.err.contains(&format!("in use by process {}", server.pid())), "{}", second.err);

    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("stopped"), "{log}");
    let documents = program.run(&["courses", "documents", "coast", "--json"]).await.ok().json();
    assert_eq!(documents.len(), 2);
}

#[tokio::test]
async fn the_console_talks_to_a_course_through_a_pipe() {
    use tokio::io::AsyncWriteExt as _;
    let program = Program::new().with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let server = program.serve().await;
    let mut chat = program.command(&["chat", "--course", "coast"]);
    let mut chat = chat.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = chat.stdin.take().unwrap();
    input.write_all("/courses\nWhen do spring tides occur?\n".as_bytes()).await.unwrap();
    drop(input);
    let done = chat.wait_with_output().await.unwrap();
    let shown = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{shown}");
    assert!(shown.contains("The coast") && shown.contains("Sources") && shown.contains("tides.md"), "{shown}");
    server.stop().await;
}
