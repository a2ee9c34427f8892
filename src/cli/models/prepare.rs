//! `tutor models prepare`: measure what suits this machine, show it, keep it.

use tokio::sync::mpsc;
use tutor_models::catalog::Catalog;
use tutor_models::engine::{Attention, Cache, Tuning};
use tutor_models::prepare::{self, Run, Step, Weights};
use tutor_prompts::Spoken;

use super::super::demo;
use super::super::output::Output;
use crate::config::Settings;
use crate::model::chain;

/// Prepares a model; a line for each step.
pub(in super::super) async fn run(
    catalog: &Catalog,
    name: &str,
    settings: &Settings,
    spoken: &Spoken,
    output: &Output,
) -> Result<(), String> {
    let entry = catalog.get(name).map_err(|error| chain(&error))?.clone();
    catalog.path(name, &settings.models.folder).map_err(|error| chain(&error))?;
    let (folder, threads, text) =
        (settings.models.folder.clone(), settings.models.threads, demo::text(&entry.languages));
    output.out(spoken.say("prepare-begins", &[("model", name)])).await;
    let (steps, mut heard) = mpsc::unbounded_channel();
    let work = tokio::task::spawn_blocking(move || {
        prepare::prepare(&entry, &folder, threads, &text, &mut |step| {
            let _ = steps.send(step);
        })
    });
    while let Some(step) = heard.recv().await {
        match step {
            Step::Ran(run) => output.out(format!("  {}", line(spoken, &run))).await,
            Step::Lossy(weights, before, after) => {
                let rise = format!("{:.2}", (after / before - 1.0) * 100.0);
                let weights = called(spoken, weights);
                let values = [("weights", weights.as_str()), ("percent", rise.as_str())];
                output.out(format!("  {}", spoken.say("prepare-lossy", &values))).await;
            }
            Step::Running(weights, tuning) => {
                let way = format!("{}, {}", called(spoken, weights), tuned(spoken, tuning));
                output.status(&spoken.say("prepare-running", &[("way", &way)])).await;
            }
            Step::Writing(weights) => {
                output.status(&spoken.say("prepare-writing", &[("weights", &called(spoken, weights))])).await;
            }
            Step::Reading(weights) => {
                output.status(&spoken.say("prepare-reading", &[("weights", &called(spoken, weights))])).await;
            }
        }
    }
    let failed = |reason: &str| spoken.say("prepare-failed", &[("model", name), ("reason", reason)]);
    let prepared = work.await.map_err(|error| failed(&error.to_string()))?.map_err(|error| failed(&chain(&error)))?;
    let perplexity: Vec<String> =
        prepared.perplexity.iter().map(|(weights, value)| format!("{} {value:.3}", called(spoken, *weights))).collect();
    if !perplexity.is_empty() {
        output.out(format!("  {}", spoken.say("prepare-perplexity", &[("values", &perplexity.join(", "))]))).await;
    }
    let way = format!("{}, {}", called(spoken, prepared.weights), tuned(spoken, prepared.tuning));
    output.out(spoken.say("prepare-done", &[("model", name), ("way", &way), ("machine", &prepared.machine)])).await;
    Ok(())
}

fn line(spoken: &Spoken, run: &Run) -> String {
    let way = format!("{}, {}", called(spoken, run.weights), tuned(spoken, run.tuning));
    let seconds = format!("{:.1}", run.measured.wall_s);
    let first = format!("{:.2}", run.measured.first_token_s.p50);
    spoken.say("prepare-ran", &[("way", &way), ("seconds", &seconds), ("first", &first)])
}

fn called(spoken: &Spoken, weights: Weights) -> String {
    weights.name().map_or_else(|| spoken.say("prepare-original", &[]), str::to_owned)
}

fn tuned(spoken: &Spoken, tuning: Tuning) -> String {
    let attention = match tuning.attention {
        Attention::Auto => "prepare-attention-auto",
        Attention::Plain => "prepare-attention-plain",
        Attention::Flash => "prepare-attention-flash",
    };
    let cache = match tuning.cache {
        Cache::F16 => "F16",
        Cache::Bf16 => "BF16",
        Cache::Q8 => "Q8_0",
    };
    spoken.say("prepare-tuning", &[("attention", &spoken.say(attention, &[])), ("cache", cache)])
}
