//! `tutor bench`: the load of a class on the chat model in this process; one JSON line a run.

use clap::ValueEnum;
use serde_json::json;
use tutor_models::load::{ClassLoad, Mode};
use tutor_prompts::Spoken;

use super::output;
use crate::config::Settings;
use crate::model::{Model, chain};

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
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
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
    let model = Model::new(settings.models.clone());
    let engine = match model.get().await {
        Ok(engine) => engine,
        Err(trouble) => {
            let reason = chain(&trouble);
            output::print_error(
                &spoken.say("serve-model-failed", &[("model", &settings.models.chat), ("reason", &reason)]),
            );
            return 1;
        }
    };
    let mut failed = false;
    for mode in arguments.mode.iter().copied().map(Mode::from) {
        let load = ClassLoad {
            mode,
            students: usize::from(arguments.students),
            rounds: usize::from(arguments.rounds),
            topics: 8,
            context: arguments.context as usize,
            answer: arguments.answer as usize,
            seed: arguments.seed,
        };
        let measured = load.run(&engine).await;
        failed |= measured.errors > 0;
        let line = json!({"model": engine.name(), "load": load, "measured": measured, "resident_bytes": resident()});
        output::print_line(&line.to_string());
    }
    u8::from(failed)
}

/// Bytes of memory that this process holds; nothing where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
