//! `tutor eval answers`: questions go the way that students' questions go, and the answers are compared with known ones.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_index::evaluate::{Answer, Answering, Collection, Listed, QuestionList, holds};
use tutor_prompts::{Language, Spoken};

use super::list::first_line;
use super::{fail, share};
use crate::app::App;
use crate::cli::{Failure, Output, courses, output, table};
use crate::config::Settings;
use crate::dialogue::{Answered, Asked, Reply, Trouble, answer};
use crate::memory::{Course, CourseId};

/// Its arguments: a collection, or a course with a list of questions.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    from: Place,
    #[arg(long, value_name = "ID", requires = "csv")]
    course: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Place {
    #[arg(long, value_name = "FILE")]
    squad: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "course")]
    csv: Option<PathBuf>,
}

/// What is asked, and of which course.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    source: Source,
    limit: usize,
    json: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Source {
    /// A collection; every second article is learned in the data folder, which is made for that alone.
    Squad(PathBuf),
    /// A teacher's questions.
    List { course: String, list: QuestionList },
}

/// Has it carried out: a collection over a throw-away data folder; the exit code.
pub(super) async fn run(arguments: Arguments, settings: Settings, spoken: &Spoken) -> u8 {
    let Arguments { from: Place { squad, csv }, course, limit, json } = arguments;
    let task = |source| super::Task::Answers(Task { source, limit: limit as usize, json }).into();
    if let (Some(csv), Some(course)) = (csv, course) {
        let list = match QuestionList::read(&csv) {
            Ok(list) => list,
            Err(error) => return fail(&error, spoken),
        };
        return crate::cli::work_somewhere(task(Source::List { course, list }), settings, spoken).await;
    }
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            output::print_error(&spoken.say("eval-failed", &[("reason", &error.to_string())]));
            return 1;
        }
    };
    let settings = Settings { data: folder.path().to_owned(), ..settings };
    crate::cli::work_somewhere(task(Source::Squad(squad.unwrap_or_default())), settings, spoken).await
}

/// One question with what is known of it.
struct Item {
    question: String,
    covered: bool,
    gold: Vec<String>,
    /// Its place, where a list says so; else a passage is right that holds an answer.
    listed: Option<Listed>,
}

/// A question and what became of it.
struct Done {
    question: String,
    answer: Answer,
}

impl Task {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let (course, items) = match self.source {
            Source::Squad(path) => collection(app, path, self.limit).await?,
            Source::List { course, list } => {
                (courses::known(app, &course).await?, list.sample(self.limit).questions.into_iter().map(item).collect())
            }
        };
        let mut done = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            tell(app, output, at, items.len()).await;
            let language = Language::of(&item.question).unwrap_or(output.terminal().language);
            let answered = ask(app, &course, &item.question, language).await?;
            let quoted = app.parts.words.say(language, "from-notes", &[]);
            let next = Done { question: item.question.clone(), answer: compared(item, &answered, &quoted) };
            if self.json {
                // At once: it takes long, and whoever interrupts it keeps what was measured.
                output.json(&detail(&next)).await;
            }
            done.push(next);
        }
        let answers: Vec<Answer> = done.iter().map(|done| done.answer.clone()).collect();
        let figures = Answering::of(&answers);
        if self.json {
            output.json(&json!({"type": "figures", "model": app.parts.model.chat_name(), "figures": figures})).await;
        } else {
            show(&figures, &done, app, output).await;
        }
        Ok(())
    }
}

/// Learns every second article of a collection, as a course of its own, and takes questions about all.
async fn collection(app: &App, path: PathBuf, limit: usize) -> Result<(Course, Vec<Item>), Failure> {
    let index = app.parts.index.clone();
    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let id = CourseId::parse("evaluation").ok_or(Failure::Silent)?;
    let course = Course::new(id, title, Timestamp::now());
    let learned = course.id.clone();
    let work = move || {
        let collection = Collection::squad(&path)?;
        collection.learn_half(&index, learned.as_str())?;
        Ok::<_, tutor_index::evaluate::EvaluateError>(collection.sample(limit))
    };
    let sampled = tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Task)??;
    let item = |sampled: tutor_index::evaluate::Sampled| Item {
        question: sampled.text,
        covered: sampled.learned,
        gold: sampled.answers,
        listed: None,
    };
    Ok((course, sampled.into_iter().map(item).collect()))
}

fn item(listed: Listed) -> Item {
    let (question, gold) = (listed.question.clone(), listed.answer.iter().cloned().collect());
    Item { question, covered: listed.document.is_some(), gold, listed: Some(listed) }
}

/// Shows how far it is: on a terminal each question, else each tenth.
async fn tell(app: &App, output: &Output, at: usize, all: usize) {
    let values = [("done", (at + 1).to_string()), ("all", all.to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let line = app.parts.words.say(output.terminal().language, "eval-progress", &values);
    if output.terminal().progress {
        output.status(&line).await;
    } else if at.is_multiple_of(all.div_ceil(10)) {
        output.note(&line).await;
    }
}

/// A question by itself, as a student would ask it.
async fn ask(app: &App, course: &Course, question: &str, language: Language) -> Result<Answered, Trouble> {
    let (events, mut received) = mpsc::channel(64);
    let asked = Asked { course, question, history: &[], language, caller: "" };
    let work = async {
        // Dropped with the answer, so that the other half ends.
        let reply = Reply::new(events, CancellationToken::new());
        answer(&app.parts, &asked, &reply).await
    };
    let drain = async { while received.recv().await.is_some() {} };
    let (answered, ()) = tokio::join!(work, drain);
    answered
}

/// What was said beside what is known; `quoted` begins answers in the notes' own words.
fn compared(item: &Item, answered: &Answered, quoted: &str) -> Answer {
    let right = |passage: &tutor_index::Passage| match &item.listed {
        Some(listed) => listed.is_at(passage),
        None => holds(&passage.text, &item.gold),
    };
    let refused = !answered.found;
    let sources = if refused { &[] } else { answered.sources.as_slice() };
    Answer {
        covered: item.covered,
        refused,
        quoted: answered.text.starts_with(quoted),
        text: answered.sentences.iter().map(|(text, ..)| text.as_str()).collect::<Vec<_>>().join("\n"),
        gold: item.gold.clone(),
        sources: sources.iter().map(|(passage, _)| right(passage)).collect(),
        sentences: answered.sentences.len(),
        supported: answered.sentences.iter().filter(|(_, source, _)| source.is_some()).count(),
        first_token: answered.first_token_ms.map(Duration::from_millis),
    }
}

/// A question as a script reads it.
fn detail(done: &Done) -> serde_json::Value {
    let Done { question, answer } = done;
    json!({
        "type": "question",
        "question": question,
        "covered": answer.covered,
        "refused": answer.refused,
        "quoted": answer.quoted,
        "text": answer.text,
        "gold": answer.gold,
        "contains": holds(&answer.text, &answer.gold),
        "sources": answer.sources,
    })
}

async fn show(figures: &Answering, done: &[Done], app: &App, output: &Output) {
    let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
    let coverage = &figures.coverage;
    let row = |key: &str, count: usize, value: f64| vec![say(key, &[]), share(value, count), count.to_string()];
    let count = |of: fn(&Answer) -> usize| done.iter().map(|done| of(&done.answer)).sum::<usize>();
    let sources = count(|answer| if answer.covered { answer.sources.len() } else { 0 });
    let answers = count(|answer| usize::from(!answer.refused));
    let rows = [
        row("eval-answers-answered", coverage.indexed, coverage.answered),
        row("eval-answers-refused", coverage.absent, coverage.refused),
        row("eval-answers-contains", figures.known, figures.contains),
        row("eval-answers-f1", figures.known, figures.f1),
        row("eval-answers-sources", sources, figures.sources),
        row("eval-answers-supported", count(|answer| answer.sentences), figures.supported),
        row("eval-answers-quoted", answers, figures.quoted),
    ];
    let headings = ["eval-measure", "eval-share", "eval-of"].map(|key| say(key, &[]));
    for line in table::table(&headings, &rows) {
        output.out(line).await;
    }
    let seconds = [figures.first_token.p50_ms, figures.first_token.p99_ms].map(|ms| format!("{:.1}", ms / 1e3));
    let [half, most] = seconds;
    output.out(say("eval-answers-first", &[("half", &half), ("most", &most)])).await;
    for Done { question, answer } in done.iter().filter(|done| is_wrong(&done.answer)) {
        let why = if answer.refused {
            "refused"
        } else if answer.covered {
            "other"
        } else {
            "answered"
        };
        output.out(say("eval-answers-row", &[("question", &first_line(question)), ("why", why)])).await;
    }
}

/// Whether a teacher should look at it: refused or answered against the notes, or without a source from the right place.
fn is_wrong(answer: &Answer) -> bool {
    if answer.covered { answer.refused || !answer.sources.contains(&true) } else { !answer.refused }
}
