//! `tutor demo`: the main job on sample courses: fetch the models, learn, answer with sources, then a chat.

use std::io::IsTerminal as _;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{ReplyEvent, Tutor};
use tutor_models::catalog::Catalog;
use tutor_models::prepare;
use tutor_prompts::{Language, Spoken};

use super::output::{self, Line, Output, Terminal};
use super::{Failure, ask, chat, models, open_failure};
use crate::app::App;
use crate::config::Settings;
use crate::dialogue::{Asked, Dialogue, Reply, answer, learn};
use crate::memory::{Course, CourseId, MemoryError};
use crate::model::chain;

/// A sample course: identifier, title, documents.
type Sample = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SAMPLES: [Sample; 2] = [
    (
        "demo-en",
        "How neural networks learn",
        &[
            ("01-neurons-and-layers.md", include_str!("../../demo/en/01-neurons-and-layers.md")),
            ("02-backpropagation.md", include_str!("../../demo/en/02-backpropagation.md")),
            ("03-learning-rate.md", include_str!("../../demo/en/03-learning-rate.md")),
            ("04-overfitting.md", include_str!("../../demo/en/04-overfitting.md")),
            ("05-evaluation.md", include_str!("../../demo/en/05-evaluation.md")),
        ],
    ),
    (
        "demo-zh",
        "神经网络如何学习",
        &[
            ("01-神经元与网络.md", include_str!("../../demo/zh/01-神经元与网络.md")),
            ("02-梯度与反向传播.md", include_str!("../../demo/zh/02-梯度与反向传播.md")),
            ("03-学习率与优化.md", include_str!("../../demo/zh/03-学习率与优化.md")),
            ("04-过拟合与评估.md", include_str!("../../demo/zh/04-过拟合与评估.md")),
        ],
    ),
];

/// What is asked: the course by its place above, and the question.
const QUESTIONS: [(usize, &str); 2] =
    [(0, "What happens when the learning rate is too large?"), (1, "学习率太大会怎样？")];

/// The sample notes in some languages, for measuring models on.
pub(super) fn text(languages: &[String]) -> String {
    let wanted = |id: &str| languages.iter().any(|language| id.ends_with(language.as_str()));
    let notes = SAMPLES.iter().filter(|(id, ..)| wanted(id)).flat_map(|(_, _, documents)| documents.iter());
    notes.map(|(_, text)| *text).collect::<Vec<_>>().join("\n\n")
}

/// Carries it out; the exit code. Without a data folder of its own it works in one that the next demo reuses.
pub(super) async fn run(mut settings: Settings, spoken: &Spoken) -> u8 {
    settings.data = settings.data.join("demo");
    let (lines, written) = mpsc::channel(64);
    let output = Output::new(lines, Terminal::of_this_process(spoken.language()));
    let printing = tokio::task::spawn_blocking(move || output::print(written));
    let shown = show(settings.clone(), spoken, &output).await;
    let (code, app) = match shown {
        Ok(app) => (0, Some(app)),
        Err(sentence) => {
            output.error(&sentence).await;
            (1, None)
        }
    };
    drop(output);
    let _ = printing.await;
    match app {
        Some(app) if std::io::stdin().is_terminal() => {
            output::print_error(&spoken.say("demo-more", &[]));
            let tutor: Arc<dyn Tutor> = Arc::new(Dialogue::new(app.parts.clone()));
            chat::with_person(tutor, spoken, Some("/switch demo-en")).await
        }
        _ => code,
    }
}

async fn show(settings: Settings, spoken: &Spoken, output: &Output) -> Result<App, String> {
    fetch_models(&settings, spoken, output).await?;
    let app = App::open(settings.clone(), spoken.words()).map_err(|error| open_failure(spoken, &error))?;
    output.out(format!("\n{}", spoken.say("demo-learning", &[]))).await;
    let mut courses = Vec::new();
    for sample in &SAMPLES {
        courses.push(teach(&app, sample, spoken, output).await.map_err(|f| f.sentence(&app, spoken.language()))?);
    }
    for (course, question) in QUESTIONS {
        perform(&app, &courses[course], question, output).await.map_err(|f| f.sentence(&app, spoken.language()))?;
    }
    // Last, since it takes minutes: what was to be seen stands above by then.
    prepare_model(&settings, spoken, output).await?;
    output.out(format!("\n{}", spoken.say("demo-goodbye", &[]))).await;
    Ok(app)
}

async fn fetch_models(settings: &Settings, spoken: &Spoken, output: &Output) -> Result<(), String> {
    let folder = &settings.models.folder;
    let catalog = Catalog::load(folder).map_err(|error| chain(&error))?;
    let wanted = [&settings.models.chat, &settings.models.embed];
    if wanted.iter().all(|name| catalog.path(name, folder).is_ok()) {
        return Ok(());
    }
    output.out(spoken.say("demo-models", &[])).await;
    for name in wanted {
        models::pull(&catalog, name, settings, spoken, output).await?;
    }
    Ok(())
}

/// Finds what suits this machine, once.
async fn prepare_model(settings: &Settings, spoken: &Spoken, output: &Output) -> Result<(), String> {
    let (folder, name) = (&settings.models.folder, &settings.models.chat);
    let catalog = Catalog::load(folder).map_err(|error| chain(&error))?;
    let entry = catalog.get(name).map_err(|error| chain(&error))?;
    if prepare::prepared(entry, folder).is_some() {
        return Ok(());
    }
    output.out(String::new()).await;
    models::prepare::run(&catalog, name, settings, spoken, output).await
}

/// Creates the course when it is not there yet, and learns its documents.
async fn teach(app: &App, sample: &Sample, spoken: &Spoken, output: &Output) -> Result<Course, Failure> {
    let (id, title, documents) = *sample;
    let Some(id) = CourseId::parse(id) else { return Err(Failure::Silent) };
    let course = Course::new(id, title.to_owned(), Timestamp::now());
    match app.parts.memory.create_course(&course).await {
        Ok(()) | Err(MemoryError::Exists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let mut passages = 0;
    for (name, text) in documents {
        let (events, mut heard) = mpsc::channel(16);
        let reply = Reply::new(events, CancellationToken::new());
        let (parts, taught, language) = (&app.parts, &course, spoken.language());
        let work = async move { learn(parts, taught, name, text.as_bytes().to_vec(), language, &reply).await };
        let progress = async {
            while let Some(ReplyEvent::Progress(line)) = heard.recv().await {
                output.status(&line).await;
            }
        };
        let (done, ()) = tokio::join!(work, progress);
        passages += done??.document.passages;
    }
    let say = |key: &str, count: usize| spoken.say(key, &[("count", &count.to_string())]);
    output.out(format!("  {title}: {}, {}", say("documents", documents.len()), say("passages", passages))).await;
    Ok(course)
}

/// Asks, shows the draft as it grows, then the checked answer with its sources.
async fn perform(app: &App, course: &Course, question: &str, output: &Output) -> Result<(), Failure> {
    let language = Language::of(question).unwrap_or_default();
    let say = |key: &str| app.parts.words.say(language, key, &[]);
    output
        .out(format!("\n── {} ──\n{}> {question}\n\n{}", course.title, say("console-prompt"), say("demo-draft")))
        .await;
    let (events, mut heard) = mpsc::channel(64);
    let reply = Reply::new(events, CancellationToken::new());
    let asked = Asked { course, question, history: &[], language, caller: "" };
    let work = async move { answer(&app.parts, &asked, &reply).await };
    let draft = async {
        while let Some(event) = heard.recv().await {
            match event {
                ReplyEvent::Text(text) => output.line(Line::Part(ask::printable(&text))).await,
                ReplyEvent::Progress(line) => output.status(&line).await,
                _ => {}
            }
        }
    };
    let (answered, ()) = tokio::join!(work, draft);
    let answered = answered?;
    output.out(format!("\n\n{}", say("demo-checked"))).await;
    ask::show(app, language, output, &answered).await;
    Ok(())
}
