//! `tutor eval retrieval`: a collection becomes a throw-away course, and all its questions are searched for; or a teacher's
//! questions are, in their course.

use std::path::PathBuf;

use tutor_index::evaluate::{Collection, EvaluateError, QuestionList, Report, Searched};
use tutor_prompts::Spoken;

use super::list;
use crate::cli::{output, table};
use crate::config::Settings;
use crate::model::Model;

/// Its arguments: one collection, or a course with a list of questions.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    collection: Place,
    #[arg(long, value_name = "ID", requires = "csv")]
    course: Option<String>,
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
    #[arg(long, value_name = "FILE", requires = "course")]
    csv: Option<PathBuf>,
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
pub(super) async fn run(arguments: Arguments, settings: Settings, spoken: &Spoken) -> u8 {
    let Arguments { collection, course, json } = arguments;
    if let (Some(csv), Some(course)) = (&collection.csv, course) {
        return match QuestionList::read(csv) {
            Ok(list) => {
                let task = super::Task::List(list::Task { course, list, json });
                crate::cli::work_somewhere(task.into(), settings, spoken).await
            }
            Err(error) => super::fail(&error, spoken),
        };
    }
    let embedder = Model::new(settings.models).for_index();
    let work = tokio::task::spawn_blocking(move || {
        let collection = collection.read()?;
        let folder = tempfile::tempdir().map_err(tutor_index::IndexError::from)?;
        collection.evaluate(folder.path(), embedder)
    });
    match work.await {
        Ok(Ok(report)) => {
            show(&report, json, spoken);
            0
        }
        Ok(Err(error)) => super::fail(&error, spoken),
        Err(error) => {
            output::print_error(&spoken.say("eval-failed", &[("reason", &error.to_string())]));
            1
        }
    }
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
