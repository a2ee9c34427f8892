//! `tutor models`: list the catalogue, pull a model, tell where it is, prepare it for this machine, list devices.

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tutor_models::catalog::{Catalog, Entry};
use tutor_models::pull::{self, Phase, Progress};
use tutor_prompts::Spoken;

use super::output::{self, Output, Terminal};
use crate::config::Settings;
use crate::model::chain;

pub(super) mod prepare;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List {
        #[arg(long)]
        json: bool,
    },
    Pull {
        #[arg(value_name = "NAME", required = true)]
        name: Vec<String>,
    },
    Path {
        #[arg(value_name = "NAME")]
        name: String,
    },
    Prepare {
        #[arg(value_name = "NAME")]
        name: String,
    },
    Devices {
        #[arg(long)]
        json: bool,
    },
}

/// Carries it out; the exit code.
pub(super) async fn run(arguments: Arguments, settings: &Settings, spoken: &Spoken) -> u8 {
    let (lines, written) = mpsc::channel(64);
    let output = Output::new(lines, Terminal::of_this_process(spoken.language()));
    let printing = tokio::task::spawn_blocking(move || output::print(written));
    let done = act(arguments.action, settings, spoken, &output).await;
    if let Err(sentence) = &done {
        output.error(sentence).await;
    }
    drop(output);
    let _ = printing.await;
    u8::from(done.is_err())
}

async fn act(action: Action, settings: &Settings, spoken: &Spoken, output: &Output) -> Result<(), String> {
    let folder = &settings.models.folder;
    let catalog = Catalog::load(folder).map_err(|error| chain(&error))?;
    match action {
        Action::List { json } => {
            for entry in catalog.entries() {
                let present = catalog.path(&entry.name, folder).is_ok();
                if json {
                    output.json(&described(entry, present)).await;
                } else {
                    output.out(line(entry, present)).await;
                }
            }
        }
        Action::Path { name } => {
            let path = catalog.path(&name, folder).map_err(|error| chain(&error))?;
            output.out(path.display().to_string()).await;
        }
        Action::Prepare { name } => prepare::run(&catalog, &name, settings, spoken, output).await?,
        Action::Devices { json } => {
            let devices = tokio::task::spawn_blocking(tutor_models::engine::devices).await;
            for device in devices.map_err(|error| error.to_string())?.map_err(|error| chain(&error))? {
                if json {
                    output.json(&device).await;
                } else {
                    let (free, total) = (device.free / 1_000_000, device.total / 1_000_000);
                    output
                        .out(format!(
                            "{:<10} {:<6} {free:>8} / {total} MB  {}",
                            device.name, device.kind, device.description
                        ))
                        .await;
                }
            }
        }
        Action::Pull { name } => {
            for name in name {
                pull(&catalog, &name, settings, spoken, output).await?;
            }
        }
    }
    Ok(())
}

/// Pulls a model with a progress bar on standard error; one that is there is checked and kept.
pub(super) async fn pull(
    catalog: &Catalog,
    name: &str,
    settings: &Settings,
    spoken: &Spoken,
    output: &Output,
) -> Result<(), String> {
    let entry = catalog.get(name).map_err(|error| chain(&error))?.clone();
    let folder = settings.models.folder.clone();
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}") {
        bar.set_style(style);
    }
    let words = spoken.clone();
    let shown = bar.clone();
    let work = tokio::task::spawn_blocking(move || {
        pull::pull(&entry, &folder, &mut |progress| show(&shown, &words, &entry.name, progress))
    });
    let done = work.await.map_err(|error| error.to_string())?;
    bar.finish_and_clear();
    let path =
        done.map_err(|error| spoken.say("models-pull-failed", &[("model", name), ("reason", &chain(&error))]))?;
    output.out(spoken.say("models-pulled", &[("model", name), ("path", &path.display().to_string())])).await;
    Ok(())
}

fn show(bar: &ProgressBar, spoken: &Spoken, name: &str, progress: Progress) {
    let key = match progress.phase {
        Phase::Download => "models-downloading",
        Phase::Verify => "models-verifying",
        Phase::Convert => "models-converting",
    };
    bar.set_message(spoken.say(key, &[("model", name)]));
    bar.set_length(progress.total.unwrap_or(progress.done));
    bar.set_position(progress.done);
}

/// One line of the list: what is here, its size on disk, and the GPU memory that it wants.
fn line(entry: &Entry, present: bool) -> String {
    let mark = if present { '*' } else { ' ' };
    let size = entry.size.map_or_else(String::new, |size| format!("{} MB", size / 1_000_000));
    let Entry { name, role, parameters, memory, licence, .. } = entry;
    let languages = entry.languages.join(" ");
    format!("{mark} {name:<28} {role:<6} {parameters:>6} {size:>9} {memory:>6.1} GiB  {licence:<14} {languages}")
}

fn described(entry: &Entry, present: bool) -> serde_json::Value {
    serde_json::json!({
        "name": entry.name, "role": entry.role, "parameters": entry.parameters, "size": entry.size,
        "gpu_memory_gib": entry.memory, "licence": entry.licence, "languages": entry.languages, "present": present,
    })
}
