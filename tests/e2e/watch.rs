//! A folder that is kept learned: by the command alone, beside a server, and over the ends of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::program::{PATIENCE, Program};

/// `tutor ingest --watch` under way.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(program: &Program, folder: &Path) -> Self {
        let arguments = ["ingest", "--course", "coast", "--json", "--watch", folder.to_str().unwrap()];
        let mut child = program.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next document that it tells of, and what became of it.
    async fn told(&mut self) -> (String, String) {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("it tells nothing").unwrap();
        let line: Value = serde_json::from_str(&line.expect("it has ended")).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        (text("document"), text("status"))
    }

    async fn all_told(&mut self, count: usize) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(self.told().await);
        }
        told
    }

    /// Presses Ctrl-C: it ends well, and says so.
    async fn stop(self) -> String {
        let pid = self.child.id().unwrap().to_string();
        std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
        let output = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await.expect("it goes on").unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    }
}

fn told(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|(document, status)| ((*document).to_owned(), (*status).to_owned())).collect()
}

async fn course() -> (Program, PathBuf) {
    let program = Program::new();
    program.run(&["courses", "create", "coast"]).await.ok();
    let folder = program.folder().join("notes");
    fs::create_dir_all(folder.join("week1")).unwrap();
    fs::write(folder.join("tides.md"), "# Tides\n\nThe moon causes the tides.\n").unwrap();
    fs::write(folder.join("week1/wind.md"), "# Wind\n\nThe sun causes the wind.\n").unwrap();
    (program, folder)
}

/// The documents of the course.
async fn documents(program: &Program) -> Vec<String> {
    let lines = program.run(&["courses", "documents", "coast", "--json"]).await.ok().json();
    lines.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_folder_is_kept_learned() {
    let (program, folder) = course().await;
    for passing in ["~$tides.docx", ".tides.md.swp", "tides.md~", "new.md.part", ".git.md"] {
        fs::write(folder.join(passing), "x").unwrap();
    }
    let mut watch = Watch::start(&program, &folder);
    assert_eq!(watch.all_told(2).await, told(&[("tides.md", "added"), ("week1/wind.md", "added")]));

    // A file that is being written is waited for.
    for text in ["# Salt", "\n\nRivers carry", " salt into the sea.\n"] {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(folder.join("salt.md")).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    assert_eq!(watch.told().await, ("salt.md".to_owned(), "added".to_owned()));
    let hits =
        program.run(&["search", "--course", "coast", "rivers carry salt", "-k", "1", "--json"]).await.ok().json();
    assert_eq!(hits[0]["text"], "Rivers carry salt into the sea.");

    // The way in which editors save; then a rename, and a file that is no text at all.
    fs::write(folder.join(".new"), "# Tides\n\nThe moon and the sun cause the tides.\n").unwrap();
    fs::rename(folder.join(".new"), folder.join("tides.md")).unwrap();
    assert_eq!(watch.told().await, ("tides.md".to_owned(), "replaced".to_owned()));
    fs::rename(folder.join("salt.md"), folder.join("rivers.md")).unwrap();
    assert_eq!(watch.all_told(2).await, told(&[("rivers.md", "added"), ("salt.md", "removed")]));
    fs::write(folder.join("plan.pdf"), "no pdf").unwrap();
    assert_eq!(watch.told().await, ("plan.pdf".to_owned(), "failed".to_owned()));
    fs::write(folder.join("plan.pdf"), "still no pdf").unwrap();
    assert_eq!(watch.told().await, ("plan.pdf".to_owned(), "failed".to_owned()), "it is tried again");

    let said = watch.stop().await;
    assert!(said.contains("Watching") && said.contains("No longer watching"), "{said}");
    assert_eq!(documents(&program).await, ["rivers.md", "tides.md", "week1/wind.md"]);

    // What happens while nobody watches is found out; what was taught from elsewhere stays.
    fs::remove_file(folder.join("week1/wind.md")).unwrap();
    fs::remove_file(folder.join("rivers.md")).unwrap();
    fs::remove_file(folder.join("plan.pdf")).unwrap();
    let other = program.folder().join("rivers.md");
    fs::write(&other, "# Rivers\n\nAnother text.\n").unwrap();
    program.run(&["ingest", "--course", "coast", other.to_str().unwrap()]).await.ok();
    let mut watch = Watch::start(&program, &folder);
    let expected = told(&[("tides.md", "unchanged"), ("rivers.md", "left"), ("week1/wind.md", "removed")]);
    assert_eq!(watch.all_told(3).await, expected);
    watch.stop().await;
    assert_eq!(documents(&program).await, ["rivers.md", "tides.md"]);
}

#[tokio::test]
async fn a_watch_goes_on_while_a_server_comes_and_goes() {
    let (program, folder) = course().await;
    let server = program.serve().await;
    let mut watch = Watch::start(&program, &folder);
    assert_eq!(watch.all_told(2).await, told(&[("tides.md", "added"), ("week1/wind.md", "added")]));
    assert_eq!(server.stop().await.0, 0);
    fs::write(folder.join("salt.md"), "# Salt\n\nRivers carry salt into the sea.\n").unwrap();
    assert_eq!(watch.told().await, ("salt.md".to_owned(), "added".to_owned()));
    let server = program.serve().await;
    fs::remove_file(folder.join("salt.md")).unwrap();
    assert_eq!(watch.told().await, ("salt.md".to_owned(), "removed".to_owned()));
    assert_eq!(documents(&program).await, ["tides.md", "week1/wind.md"]);
    watch.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_watch_that_cannot_begin_says_so() {
    let program = Program::new();
    let done = program.run(&["ingest", "--course", "nets", "--watch", "."]).await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("There is no course “nets”"), "{}", done.err);
}
