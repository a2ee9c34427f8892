//! `tutor summary`: a course, a document or a topic in a few sourced sentences.

use serde::{Deserialize, Serialize};
use tutor_prompts::Language;

use super::{Failure, Output, ask};
use crate::app::App;
use crate::dialogue::{Target, summarise};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: String,
    #[arg(long, value_name = "NAME", conflicts_with = "topic")]
    document: Option<String>,
    #[arg(long, value_name = "WORDS")]
    topic: Option<String>,
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = super::courses::known(app, &self.course).await?;
        self.topic.as_deref().map_or(Ok(()), super::check_length)?;
        let language = self.topic.as_deref().and_then(Language::of).unwrap_or(output.terminal().language);
        let target = match (&self.document, &self.topic) {
            (Some(name), _) => Target::Document(known_document(app, course.id.as_str(), name).await?),
            (None, Some(topic)) => Target::Topic(topic.clone()),
            (None, None) => Target::Course,
        };
        let work = |reply| {
            let (course, target) = (&course, &target);
            async move { summarise(&app.parts, course, target, language, "", &reply).await }
        };
        let answered = ask::stream(output, self.json, work).await?;
        if self.json {
            output.json(&ask::as_json(&answered)).await;
        } else {
            ask::show(app, language, output, &answered).await;
        }
        if answered.found { Ok(()) } else { Err(Failure::Silent) }
    }
}

async fn known_document(app: &App, course: &str, name: &str) -> Result<String, Failure> {
    let id = course.to_owned();
    let documents = app.parts.on_index(move |index| index.documents(&id)).await?;
    match documents.into_iter().find(|document| document.name == name) {
        Some(document) => Ok(document.name),
        None => Err(Failure::Said("remove-unknown", vec![("course", course.to_owned()), ("name", name.to_owned())])),
    }
}
