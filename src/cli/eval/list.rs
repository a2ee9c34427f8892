//! `tutor eval retrieval --course ID --csv FILE`: a teacher's questions, searched for in their course.

use serde::{Deserialize, Serialize};
use tutor_index::evaluate::{Listing, Outcome, QuestionList};

use super::share;
use crate::app::App;
use crate::cli::ask::printable;
use crate::cli::{Failure, Output, courses, table};
use crate::dialogue::Trouble;

/// The questions and their course.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(super) course: String,
    pub(super) list: QuestionList,
    pub(super) json: bool,
}

impl Task {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = courses::known(app, &self.course).await?;
        let (index, meaning) = (app.parts.index.clone(), course.share());
        let work = move || self.list.evaluate(&index, course.id.as_str(), meaning);
        let listing = tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Task)??;
        if self.json {
            output.json(&listing).await;
        } else {
            show(&listing, app, output).await;
        }
        Ok(())
    }
}

async fn show(listing: &Listing, app: &App, output: &Output) {
    let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
    let [method, answered, refused] = ["eval-method", "eval-answered", "eval-refused"].map(|key| say(key, &[]));
    let hits = ["hit@1", "hit@5", "MRR@10"].map(str::to_owned);
    let headings = [vec![method], hits.to_vec(), vec![answered, refused]].concat();
    let row = |searched: &tutor_index::evaluate::ListSearched| {
        let covered = &searched.coverage;
        let found = [searched.hit_1, searched.hit_5, searched.mrr_10].map(|value| share(value, searched.questions));
        let shares = [share(covered.answered, covered.indexed), share(covered.refused, covered.absent)];
        [vec![searched.method.to_string()], found.to_vec(), shares.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = listing.searched.iter().map(row).collect();
    for line in table::table(&headings, &rows) {
        output.out(line).await;
    }
    let wrong: Vec<&Outcome> = listing.questions.iter().filter(|outcome| outcome.is_wrong()).collect();
    let (all, some) = (listing.questions.len().to_string(), wrong.len().to_string());
    output.out(say("eval-list-read", &[("questions", &all), ("wrong", &some)])).await;
    for outcome in wrong {
        let listed = &outcome.listed;
        let line = listed.line.to_string();
        let values = [
            ("line", line.as_str()),
            ("question", &first_line(&listed.question)),
            ("why", why(outcome)),
            ("document", &printable(listed.document.as_deref().unwrap_or_default())),
            ("first", &printable(outcome.first.as_deref().unwrap_or(table::NONE))),
        ];
        output.out(say("eval-list-row", &values)).await;
    }
}

/// Why a question counts as wrong.
fn why(outcome: &Outcome) -> &'static str {
    match (&outcome.listed.document, outcome.rank) {
        (None, _) => "covered",
        _ if outcome.no_document => "unknown",
        (_, Some(rank)) if rank <= 5 => "uncovered",
        _ => "elsewhere",
    }
}

/// The beginning of a question, so that each takes a line.
pub(super) fn first_line(question: &str) -> String {
    let line = printable(question).split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().take(100).collect();
    if shown.len() < line.len() { shown + "…" } else { shown }
}
