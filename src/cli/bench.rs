//! `tutor bench`: the load of a class on the chat model of the settings, or on any server that speaks OpenAI's chat protocol;
//! one JSON line a run.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;
use tutor_models::generate::Generate;
use tutor_models::load::{ClassLoad, Mode};
use tutor_models::remote::{Key, Remote, RemoteSettings, ServerSettings, Waits};
use tutor_prompts::Spoken;

use super::output;
use crate::config::Settings;
use crate::model::{Model, chain};

/// How long a server may take for a word: a measurement waits, so that it can say how long that was.
const PATIENCE: Duration = Duration::from_secs(900);

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "MODE", value_delimiter = ',', default_values = ["shared", "topics", "distinct", "repeat"])]
    mode: Vec<Asked>,
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    students: u16,
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    #[arg(long, value_name = "WORDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    context: u32,
    #[arg(long, value_name = "TOKENS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    answer: u32,
    #[arg(long, value_name = "WORDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    long: u32,
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[arg(long, value_name = "NAME", requires = "url")]
    model: Option<String>,
    #[arg(long, value_name = "FILE", requires = "url")]
    key_file: Option<PathBuf>,
}

/// What the students ask about.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Asked {
    Shared,
    Topics,
    Distinct,
    Repeat,
}

impl From<Asked> for Mode {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Shared => Self::Shared,
            Asked::Topics => Self::Topics,
            Asked::Distinct => Self::Distinct,
            Asked::Repeat => Self::Repeat,
        }
    }
}

/// Runs each load in turn; the exit code.
pub(super) async fn run(arguments: Arguments, settings: &Settings, spoken: &Spoken) -> u8 {
    let model = match &arguments.url {
        Some(url) => there(url, &arguments, spoken),
        None => here(settings, spoken).await,
    };
    let model = match model {
        Ok(model) => model,
        Err(sentence) => {
            output::print_error(&sentence);
            return 1;
        }
    };
    let mut failed = false;
    for mode in arguments.mode.iter().copied().map(Mode::from) {
        let load = arguments.load(mode);
        let measured = load.run(&model).await;
        failed |= measured.errors > 0;
        // What a server holds, only the server knows.
        let resident = if arguments.url.is_none() { resident() } else { None };
        let line = json!({"model": model.name(), "url": arguments.url, "load": load, "measured": measured, "resident_bytes": resident});
        output::print_line(&line.to_string());
    }
    u8::from(failed)
}

impl Arguments {
    fn load(&self, mode: Mode) -> ClassLoad {
        ClassLoad {
            mode,
            students: usize::from(self.students),
            rounds: usize::from(self.rounds),
            topics: 8,
            context: self.context as usize,
            answer: self.answer as usize,
            long: self.long as usize,
            seed: self.seed,
        }
    }
}

/// The chat model of the settings.
async fn here(settings: &Settings, spoken: &Spoken) -> Result<Arc<dyn Generate>, String> {
    let model = Model::new(settings.models.clone());
    model.get().await.map_err(|trouble| {
        let reason = chain(&trouble);
        spoken.say("serve-model-failed", &[("model", &settings.models.chat), ("reason", &reason)])
    })
}

/// The model of a server, which is asked as it stands: no other one takes its place.
fn there(url: &str, arguments: &Arguments, spoken: &Spoken) -> Result<Arc<dyn Generate>, String> {
    let key = arguments.key_file.as_deref().map(key).transpose().map_err(|reason| {
        let path = arguments.key_file.as_deref().unwrap_or(Path::new("")).display().to_string();
        spoken.say("bench-key", &[("path", &path), ("reason", &reason)])
    })?;
    let model = arguments.model.clone();
    let settings = RemoteSettings {
        name: model.clone().unwrap_or_else(|| "default".to_owned()),
        servers: vec![ServerSettings { url: url.to_owned(), model, key }],
        context: u32::MAX,
        waits: Waits { first: PATIENCE, gap: PATIENCE },
    };
    let remote = Remote::start(settings, None);
    remote.map(|remote| Arc::new(remote) as _).map_err(|error| {
        let reason = chain(&error);
        spoken.say("bench-server", &[("reason", &reason)])
    })
}

/// The key in a file that its owner alone can read.
fn key(file: &Path) -> Result<Key, String> {
    let mode = std::fs::metadata(file).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err("chmod 600".to_owned());
    }
    let key = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    Ok(Key(key.trim().to_owned()))
}

/// Bytes of memory that this process holds; nothing where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
