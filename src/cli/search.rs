//! `tutor search`: the passages that words lead to.

use serde::{Deserialize, Serialize};
use tutor_index::{Hit, Place, Query};

use super::{Failure, Output};
use crate::app::App;

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ID")]
    course: String,
    #[arg(value_name = "WORDS")]
    words: String,
    #[arg(long, value_name = "NAME")]
    document: Option<String>,
    #[arg(short, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    k: u16,
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    rank: usize,
    score: f32,
    document: &'a str,
    section: &'a [String],
    page: Option<u32>,
    place: Option<&'a Place>,
    text: &'a str,
}

impl Arguments {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let course = super::courses::known(app, &self.course).await?;
        super::check_length(&self.words)?;
        let (id, words, limit) = (course.id.to_string(), self.words.clone(), usize::from(self.k));
        let (document, meaning) = (self.document.clone(), course.share());
        let find = move |index: &tutor_index::Index| {
            index.search(&Query { course: &id, document: document.as_deref(), text: &words, limit, meaning })
        };
        let hits = app.parts.on_index(find).await?;
        if hits.is_empty() && !self.json {
            let text = app.parts.words.say(output.terminal().language, "cli-nothing-found", &[]);
            output.out(text).await;
        }
        for (rank, hit) in (1..).zip(&hits) {
            self.show(rank, hit, app, output).await;
        }
        Ok(())
    }

    async fn show(&self, rank: usize, hit: &Hit, app: &App, output: &Output) {
        let Hit { score, passage, .. } = hit;
        if self.json {
            let (document, section, place) = (&passage.document, &passage.section, passage.place_of(&self.words));
            let page = place.and_then(Place::page);
            let found = Found { rank, score: *score, document, section, page, place, text: &passage.text };
            return output.json(&found).await;
        }
        let language = output.terminal().language;
        let title =
            crate::dialogue::title(passage, &self.words, |key, values| app.parts.words.say(language, key, values));
        output.out(format!("{rank}. {title} ({score:.2})\n{}\n", passage.text)).await;
    }
}
