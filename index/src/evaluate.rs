//! How well passages are found, and how good answers are: public collections asked of a throw-away course, or a teacher's
//! questions asked of their own.

mod answers;
mod collection;
mod known;
mod list;
mod measure;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

pub use self::answers::{Answer, Answering, holds};
pub use self::collection::{Collection, EvaluateError};
pub use self::list::{Fault, ListSearched, Listed, Listing, Outcome, QuestionList};
pub use self::measure::{Latency, Ranking};

use self::collection::{Question, Text};
use self::known::Known;
use self::measure::{RANKS, Tally, share};
use crate::schema::Record;
use crate::vectors::Quantised;
use crate::{Document, Embed, Hit, Index, Passage, Query};

/// The throw-away course.
const COURSE: &str = "evaluation";

/// A way to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// By words alone.
    Bm25,
    /// By embeddings alone.
    Dense,
    /// By both.
    Hybrid,
}

impl Method {
    /// All, the one that students are served with last.
    pub const ALL: [Self; 3] = [Self::Bm25, Self::Dense, Self::Hybrid];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bm25 => "BM25",
            Self::Dense => "dense",
            Self::Hybrid => "hybrid",
        })
    }
}

/// How one way to search did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Searched {
    /// The way.
    pub method: Method,
    /// How high the relevant passages stood.
    #[serde(flatten)]
    pub ranking: Ranking,
    /// The same over every second question, beginning with the second: no weight was chosen on them.
    pub held_out: Ranking,
    /// How long a search took, one after the other on one thread, when the question was embedded already.
    #[serde(flatten)]
    pub latency: Latency,
    /// Whether it tells what is indexed from what is not.
    pub coverage: Coverage,
}

/// Every second article is indexed, and the questions about all are asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coverage {
    /// Questions about articles that are indexed.
    pub indexed: usize,
    /// The share of them that counts as covered.
    pub answered: f64,
    /// Questions about the other articles.
    pub absent: usize,
    /// The share of them that counts as not covered.
    pub refused: f64,
}

/// A question of a collection of which every second article was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// The question.
    pub text: String,
    /// Answers of which each is right.
    pub answers: Vec<String>,
    /// Its article was learned.
    pub learned: bool,
}

/// All figures of a collection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Passages that were searched.
    pub passages: usize,
    /// The embedder.
    pub embedder: Option<String>,
    /// Milliseconds to embed a question.
    pub embedding: Option<Latency>,
    /// One entry a way to search.
    pub searched: Vec<Searched>,
}

impl Collection {
    /// Searches for every question in every way: by words, and with an embedder in all. The indices are made in
    /// `folder`, which should be empty.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Index`] when they cannot be made or searched, or passages cannot be embedded.
    pub fn evaluate(&self, folder: &Path, embedder: Option<Arc<dyn Embed>>) -> Result<Report, EvaluateError> {
        let embedder = embedder.map(|embedder| Arc::new(Known::new(embedder)) as Arc<dyn Embed>);
        let all: Vec<usize> = (0..self.texts.len()).collect();
        let half = all.iter().copied().filter(|place| is_indexed(self.texts[*place].article)).collect::<Vec<_>>();
        let (whole, half) = (
            self.index(&folder.join("all"), &all, embedder.clone())?,
            self.index(&folder.join("half"), &half, embedder.clone())?,
        );
        let (questions, embedding) = self.asked(&whole);
        let methods: &[Method] = if embedder.is_some() { &Method::ALL } else { &[Method::Bm25] };
        let searched = |method: &Method| self.searched(&whole, &half, &questions, *method);
        let searched = methods.iter().map(searched).collect::<Result<Vec<_>, _>>()?;
        let embedder = embedder.map(|embedder| embedder.name().to_owned());
        let embedding = embedder.is_some().then_some(embedding);
        Ok(Report { passages: all.len(), embedder, embedding, searched })
    }

    /// An index of some of the texts, as one document.
    fn index(&self, folder: &Path, places: &[usize], embedder: Option<Arc<dyn Embed>>) -> Result<Index, EvaluateError> {
        let index = Index::open(folder, embedder)?;
        self.put(&index, COURSE, places)?;
        Ok(index)
    }

    /// Puts every second article into a course, one passage a text.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Index`] when it cannot be written, or passages cannot be embedded.
    pub fn learn_half(&self, index: &Index, course: &str) -> Result<(), EvaluateError> {
        let half = (0..self.texts.len()).filter(|place| is_indexed(self.texts[*place].article));
        self.put(index, course, &half.collect::<Vec<_>>())
    }

    /// At most that many of the questions, evenly over the collection.
    #[must_use]
    pub fn sample(&self, limit: usize) -> Vec<Sampled> {
        let sampled = |place: usize| {
            let question = &self.questions[place];
            let (text, answers) = (question.text.clone(), question.answers.clone());
            Sampled { text, answers, learned: is_indexed(question.article) }
        };
        evenly(self.questions.len(), limit).map(sampled).collect()
    }

    /// Puts some of the texts into a course, as one document.
    fn put(&self, index: &Index, course: &str, places: &[usize]) -> Result<(), EvaluateError> {
        let passages: Vec<Passage> = places.iter().map(|place| passage(course, *place, &self.texts[*place])).collect();
        let document = Document { name: "d".to_owned(), sha256: String::new(), passages: passages.len(), pages: None };
        let record = Record { document, recipe: 0 };
        index.replace(course, &record, &passages)?;
        // Not before the commit, where an embedder that fails would be passed over.
        index.complete(&|| true)?;
        Ok(())
    }

    /// The vectors of the questions, and how long each took.
    fn asked(&self, index: &Index) -> (Vec<Option<Quantised>>, Latency) {
        let mut times = Vec::with_capacity(self.questions.len());
        let vector = |question: &Question| {
            let start = Instant::now();
            let vector = index.vector(&question.text);
            times.push(start.elapsed());
            vector
        };
        (self.questions.iter().map(vector).collect(), Latency::of(times))
    }

    fn searched(
        &self,
        whole: &Index,
        half: &Index,
        vectors: &[Option<Quantised>],
        method: Method,
    ) -> Result<Searched, EvaluateError> {
        let (mut tally, mut held_out, mut times) = (Tally::default(), Tally::default(), Vec::new());
        let mut seen = Seen::default();
        for (at, (question, vector)) in self.questions.iter().zip(vectors).enumerate() {
            let start = Instant::now();
            let query = Query { course: COURSE, document: None, text: &question.text, limit: RANKS, meaning: None };
            let hits = search(whole, &query, vector.as_ref(), method)?;
            times.push(start.elapsed());
            let found: Vec<usize> = hits.iter().map(|hit| hit.passage.place as usize).collect();
            tally.add(&found, &question.relevant);
            if at % 2 == 1 {
                held_out.add(&found, &question.relevant);
            }
            let covered = search(half, &query, vector.as_ref(), method)?.iter().any(Hit::is_covering);
            seen.add(is_indexed(question.article), covered);
        }
        let (ranking, held_out) = (tally.ranking(), held_out.ranking());
        Ok(Searched { method, ranking, held_out, latency: Latency::of(times), coverage: seen.coverage() })
    }
}

/// Which articles stand in the half.
fn is_indexed(article: usize) -> bool {
    article.is_multiple_of(2)
}

/// Counts of questions and of those that were covered: about what is absent, and about what is indexed.
#[derive(Debug, Default)]
struct Seen([usize; 2], [usize; 2]);

impl Seen {
    fn add(&mut self, indexed: bool, covered: bool) {
        self.0[usize::from(indexed)] += 1;
        self.1[usize::from(indexed)] += usize::from(covered);
    }

    fn coverage(&self) -> Coverage {
        let Self([absent, indexed], [wrong, right]) = self;
        let (answered, refused) = (share(*right, *indexed), share(absent - wrong, *absent));
        Coverage { indexed: *indexed, answered, absent: *absent, refused }
    }
}

/// Searches in one way; both ways together count as the query says.
fn search(
    index: &Index,
    query: &Query<'_>,
    vector: Option<&Quantised>,
    method: Method,
) -> Result<Vec<Hit>, EvaluateError> {
    let (meaning, vector) = match method {
        Method::Bm25 => (Some(0.0), None),
        Method::Dense => (Some(1.0), vector),
        Method::Hybrid => (query.meaning, vector),
    };
    Ok(index.search_near(&Query { meaning, ..*query }, vector)?)
}

/// At most `limit` of `all` places, evenly.
fn evenly(all: usize, limit: usize) -> impl Iterator<Item = usize> {
    let count = limit.min(all);
    (0..count).map(move |at| at * all / count)
}

/// The text as a passage; its place tells which it is, its document's name says nothing.
fn passage(course: &str, place: usize, text: &Text) -> Passage {
    Passage {
        course: course.to_owned(),
        document: "d".to_owned(),
        section: if text.title.is_empty() { Vec::new() } else { vec![text.title.clone()] },
        marks: Vec::new(),
        place: u32::try_from(place).unwrap_or(u32::MAX),
        text: text.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_collection_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("squad.json");
        let article = |context: &str, question: &str| {
            format!(r#"{{"paragraphs": [{{"context": "{context}", "qas": [{{"question": "{question}"}}]}}]}}"#)
        };
        let articles = [
            article("The add gate distributes its gradient equally.", "What does the add gate distribute?"),
            article("Penguins live in Antarctica and eat krill.", "What do penguins eat?"),
            article("Momentum accumulates velocity.", "Which velocity does momentum accumulate?"),
        ];
        std::fs::write(&path, format!(r#"{{"data": [{}]}}"#, articles.join(","))).unwrap();
        let report = Collection::squad(&path).unwrap().evaluate(folder.path(), None).unwrap();
        assert_eq!(report.passages, 3);
        assert_eq!(report.searched[0].ranking.mrr_10, 1.0);
        let Coverage { indexed, answered, absent, refused } = report.searched[0].coverage;
        assert_eq!((indexed, answered, absent, refused), (2, 1.0, 1, 1.0));
    }
}
