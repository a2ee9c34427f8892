//! `tutor ask`: one question, answered from a course's notes.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{AccountId, IncomingId, ReplyEvent, Source, Sources};
use tutor_index::Place;
use tutor_prompts::Language;

use super::{Failure, Line, Output};
use crate::app::App;
use crate::dialogue::{Answered, Asked, Reply, answer, title};
use crate::memory::{Course, Said, StudentId, Turn};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: String,
    #[arg(value_name = "QUESTION")]
    question: String,
    #[arg(long, value_name = "NAME")]
    student: Option<String>,
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Carries it out. With a student the turn is remembered, and may follow up on the student's last one.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = super::courses::known(app, &self.course).await?;
        super::check_length(&self.question)?;
        if self.student.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Failure::Said("cli-no-name", Vec::new()));
        }
        let language = Language::of(&self.question).unwrap_or(output.terminal().language);
        let conversation = self.student.as_ref().map(|name| format!("console:ask:{name}"));
        let mut history = match &conversation {
            Some(key) => app.parts.memory.recent(key, 4).await?,
            None => Vec::new(),
        };
        history.retain(|turn| turn.course.as_ref() == Some(&course.id));
        let caller = self.student.as_deref().unwrap_or_default();
        let asked = Asked { course: &course, question: &self.question, history: &history, language, caller };
        let answered =
            stream(output, self.json, |reply| async move { answer(&app.parts, &asked, &reply).await }).await?;
        if let Some(conversation) = conversation {
            self.remember(app, &course, conversation, &answered).await?;
        }
        if self.json {
            output.json(&as_json(&answered)).await;
        } else {
            show(app, language, output, &answered).await;
        }
        Ok(())
    }

    async fn remember(
        &self,
        app: &App,
        course: &Course,
        conversation: String,
        answered: &Answered,
    ) -> Result<(), Failure> {
        let now = jiff::Timestamp::now();
        let account = AccountId::new("console", self.student.as_deref().unwrap_or_default());
        let id = StudentId(format!("s{:016x}", rand::random::<u64>()));
        let student = app.parts.memory.welcome(&account, id, now).await?;
        let turn = Turn {
            incoming: IncomingId(format!("console:{:016x}", rand::random::<u64>())),
            conversation,
            student: student.id,
            course: Some(course.id.clone()),
            at: now,
            asked: self.question.clone(),
            understood: answered.understood.clone(),
            said: Said {
                text: answered.text.clone(),
                sources: Some(sources(app, Language::En, answered)),
                buttons: vec![],
            },
            dialogue: true,
            usage: answered.usage,
            model: answered.found.then(|| app.parts.model.chat_name().to_owned()),
        };
        Ok(app.parts.memory.record(&turn).await?)
    }
}

/// Runs an ability and shows what it streams: tokens as JSON lines, or progress and tokens for a person.
pub(super) async fn stream<F: Future<Output = Result<Answered, crate::dialogue::Trouble>>>(
    output: &Output,
    json: bool,
    ability: impl FnOnce(Reply) -> F,
) -> Result<Answered, Failure> {
    let (events, mut received) = mpsc::channel(64);
    let work = ability(Reply::new(events, CancellationToken::new()));
    let show = async {
        let mut draft = false;
        while let Some(event) = received.recv().await {
            match event {
                ReplyEvent::Text(text) if json => output.json(&json!({"type": "token", "text": text})).await,
                // The draft is shown dimmed: the checked answer below it is what counts.
                ReplyEvent::Text(text) if output.terminal().colour => {
                    draft = true;
                    output.line(Line::Part(format!("\x1b[2m{}\x1b[0m", printable(&text)))).await;
                }
                ReplyEvent::Rewrite(text) if json => output.json(&json!({"type": "anew", "text": text})).await,
                ReplyEvent::Rewrite(text) if output.terminal().colour => {
                    draft = true;
                    output.line(Line::Part(format!("\n\x1b[2m{}\x1b[0m", printable(&text)))).await;
                }
                ReplyEvent::Progress(line) if !json => output.status(&line).await,
                _ => {}
            }
        }
        if draft {
            output.out("\n").await;
        }
    };
    let (answered, ()) = tokio::join!(work, show);
    Ok(answered?)
}

/// Text without control characters, which could steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// The last line of `--json`.
pub(super) fn as_json(answered: &Answered) -> serde_json::Value {
    let sources: Vec<_> = (1..)
        .zip(&answered.sources)
        .map(|(n, (passage, quote)): (u32, _)| {
            let place = passage.place_of(quote);
            let (document, section, page) = (&passage.document, &passage.section, place.and_then(Place::page));
            json!({"n": n, "document": document, "section": section, "page": page, "place": place, "quote": quote})
        })
        .collect();
    let sentences: Vec<_> = answered
        .sentences
        .iter()
        .map(|(text, source, support)| json!({"text": text, "sources": source.iter().collect::<Vec<_>>(), "support": support}))
        .collect();
    json!({
        "type": "answer",
        "text": answered.text,
        "found": answered.found,
        "sources": sources,
        "sentences": sentences,
        "usage": answered.usage,
        "timing": {
            "retrieve_ms": answered.retrieve_ms,
            "first_token_ms": answered.first_token_ms,
            "total_ms": answered.total_ms,
        },
    })
}

/// The answer as a person reads it.
pub(super) async fn show(app: &App, language: Language, output: &Output, answered: &Answered) {
    let mut document = tutor_bots::markup::Document::parse(&answered.text);
    if !answered.sources.is_empty() {
        document.push_sources(&sources(app, language, answered));
    }
    output.out(output.rendered(&document)).await;
}

fn sources(app: &App, language: Language, answered: &Answered) -> Sources {
    let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(language, key, values);
    let items = (1..).zip(&answered.sources).map(|(n, (passage, quote))| Source {
        n,
        title: title(passage, quote, say),
        quote: quote.clone(),
    });
    Sources { label: say(if answered.found { "sources" } else { "nearest" }, &[]), items: items.collect() }
}
