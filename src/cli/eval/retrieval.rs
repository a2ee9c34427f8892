//! `tutor eval retrieval`: a collection becomes a throw-away course, and all its questions are searched for.

use std::path::PathBuf;

use tutor_index::evaluate::{Collection, EvaluateError, Report, Searched};
use tutor_prompts::Spoken;

use crate::cli::{output, table};
use crate::config::Settings;
use crate::model::{Model, chain};

/// Its arguments: one collection.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    collection: Place,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Place {
    #[arg(long, value_name = "FILE")]
    squad: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    beir: Option<PathBuf>,
}

impl Place {
    fn read(&self) -> Result<Collection, EvaluateError> {
        match (&self.squad, &self.beir) {
            (Some(file), _) => Collection::squad(file),
            (None, Some(folder)) => Collection::beir(folder),
            (None, None) => Ok(Collection::default()),
        }
    }
}

/// Measures and prints; the exit code.
pub(super) async fn run(arguments: Arguments, settings: &Settings, spoken: &Spoken) -> u8 {
    let Arguments { collection, json } = arguments;
    let embedder = Model::new(settings.models.clone()).for_index();
    let work = tokio::task::spawn_blocking(move || {
        let collection = collection.read()?;
        let folder = tempfile::tempdir().map_err(tutor_index::IndexError::from)?;
        collection.evaluate(folder.path(), embedder)
    });
    let reason = match work.await {
        Ok(Ok(report)) => {
            show(&report, json, spoken);
            return 0;
        }
        Ok(Err(error)) => chain(&error),
        Err(error) => error.to_string(),
    };
    output::print_error(&spoken.say("eval-failed", &[("reason", &reason)]));
    1
}

fn show(report: &Report, json: bool, spoken: &Spoken) {
    if json {
        return output::print_line(&serde_json::json!(report).to_string());
    }
    let headings = ["R@1", "R@5", "MRR@10", "nDCG@10", "p50 ms", "p99 ms"].map(str::to_owned);
    let words = ["eval-method", "eval-answered", "eval-refused"].map(|key| spoken.say(key, &[]));
    let [method, answered, refused] = words;
    let headings: Vec<String> = [vec![method], headings.to_vec(), vec![answered, refused]].concat();
    let rows: Vec<Vec<String>> = report.searched.iter().map(row).collect();
    table::table(&headings, &rows).iter().for_each(|line| output::print_line(line));
    let questions = report.searched.first().map_or(0, |searched| searched.ranking.questions);
    let (passages, questions) = (report.passages.to_string(), questions.to_string());
    output::print_line(&spoken.say("eval-read", &[("passages", &passages), ("questions", &questions)]));
    if report.embedder.is_none() {
        output::print_error(&spoken.say("eval-no-embedder", &[]));
    }
}

/// A way to search as a line of the table.
fn row(searched: &Searched) -> Vec<String> {
    let (ranking, latency, coverage) = (&searched.ranking, &searched.latency, &searched.coverage);
    let shares =
        [ranking.recall_1, ranking.recall_5, ranking.mrr_10, ranking.ndcg_10].map(|share| format!("{share:.4}"));
    let times = [latency.p50_ms, latency.p99_ms].map(|time| format!("{time:.2}"));
    let covered = [coverage.answered, coverage.refused].map(|share| format!("{share:.3}"));
    [vec![searched.method.to_string()], shares.to_vec(), times.to_vec(), covered.to_vec()].concat()
}
