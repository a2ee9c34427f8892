//! OpenAI's own Python client, in a virtual environment of its own in the build folder, against the real server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::support::program::Program;

/// How long pip may take before the test is skipped.
const FETCH: Duration = Duration::from_secs(180);

/// How long all calls may take together.
const CALLS: Duration = Duration::from_secs(300);

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// What a command said, or why it did not come to a good end.
async fn run(command: &mut Command, bound: Duration) -> Result<String, String> {
    let output = tokio::time::timeout(bound, command.kill_on_drop(true).output()).await;
    let output = output.map_err(|_| format!("took longer than {bound:?}"))?.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// A Python with the pinned packages.
async fn python() -> Result<PathBuf, String> {
    let wanted = std::fs::read_to_string(beside("openai_client.txt")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai");
    let (python, done) = (folder.join("bin/python"), folder.join("installed.txt"));
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), FETCH).await?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"];
    run(Command::new(&python).args(pip).arg(beside("openai_client.txt")), FETCH).await?;
    std::fs::write(&done, wanted).unwrap();
    Ok(python)
}

#[tokio::test]
async fn openai_s_client_makes_every_call() {
    let python = match python().await {
        Ok(python) => python,
        Err(reason) => return eprintln!("skipped: OpenAI's client cannot be fetched: {reason}"),
    };
    let program = Program::new().with_api().with("TUTOR_HTTP_REQUIRE_KEY", "true").with("TUTOR_MODELS_PARALLEL", 1);
    let server = program.serve().await;
    let key = async |arguments: &[&str]| {
        let done = program.run(&[&["keys", "create"], arguments].concat()).await.ok();
        done.out.trim().to_owned()
    };
    let (free, limited) = (key(&["free"]).await, key(&["limited", "--requests-per-minute", "2"]).await);
    let mut calls = Command::new(python);
    calls.arg(beside("openai_client.py")).env("URL", format!("{}/v1", server.url()));
    calls.env("KEY", free).env("LIMITED_KEY", limited).env("NO_PROXY", "127.0.0.1");
    match run(&mut calls, CALLS).await {
        Ok(said) => assert!(said.contains("all calls passed"), "{said}"),
        Err(said) => panic!("{said}\n{}", server.log()),
    }
    server.stop().await;
}
