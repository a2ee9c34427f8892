//! The real program in a data folder of its own; whatever was started is ended, by its id, when it is dropped.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long anything may take before a test fails; a machine under load is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A data folder, and the program that works on it.
pub struct Program {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// The lines of standard output, read as JSON.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }

    /// The result of a command that must have worked.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }
}

impl Program {
    /// A fresh data folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), settings: Vec::new() }
    }

    /// With a setting, by its environment variable.
    pub fn with(mut self, variable: &str, value: impl ToString) -> Self {
        self.settings.push((variable.to_owned(), value.to_string()));
        self
    }

    /// With the models as a service on loopback.
    pub fn with_api(self) -> Self {
        self.with("TUTOR_HTTP_LISTEN", "127.0.0.1:0").with("TUTOR_LOG_FORMAT", "json")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program with `arguments`, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutor"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TUTOR_DATA_FOLDER", self.data())
            .env("TUTOR_MODELS_CONTEXT", "2048")
            // Tests run side by side: threads that wait for each other by spinning would slow all of them.
            .env("TUTOR_MODELS_THREADS", "1")
            .env("LC_ALL", "en_US.UTF-8")
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        let output = tokio::time::timeout(PATIENCE, self.command(arguments).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} took too long")).unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A course that has learned the fixtures.
    pub async fn with_course(self, id: &str, title: &str, paths: &[&Path]) -> Self {
        self.run(&["courses", "create", id, "--title", title]).await.ok();
        let mut arguments = vec!["ingest", "--course", id, "--json"];
        arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
        self.run(&arguments).await.ok();
        self
    }

    /// Starts the server and waits until it is ready.
    pub async fn serve(&self) -> Server {
        let log = self.folder.path().join(format!("server-{}.log", rand_suffix()));
        let file = std::fs::File::create(&log).unwrap();
        let child = self.command(&["serve"]).stderr(file).stdout(Stdio::null()).spawn().unwrap();
        let mut server = Server { child, log };
        let start = Instant::now();
        while !server.log().contains("The tutor is ready.") {
            assert!(start.elapsed() < PATIENCE, "not ready: {}", server.log());
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", server.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }
}

fn rand_suffix() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
}

/// A running server.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where its service is, by a log in JSON.
    pub fn url(&self) -> String {
        let address = self.log().lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["fields"]["address"].as_str()?.to_owned())
        });
        format!("http://{}", address.unwrap())
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Ends it at once, as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and waits until it did.
    pub async fn stop(mut self) -> (i32, String) {
        let pid = self.pid().to_string();
        std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it does not stop").unwrap();
        (status.code().unwrap_or(-1), self.log())
    }
}

/// A fixture of the tests.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A folder of real courses beside the checkout, where there is one.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if !folder.exists() {
        eprintln!("skipped: there is no ../shared/{name}");
        return None;
    }
    Some(folder)
}
