//! A teacher's own questions, each with the place in the notes that answers it: read from a table, asked of the course.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::measure::{RANKS, Relevant, Tally};
use super::{Coverage, EvaluateError, Method, Seen, evenly, search};
use crate::extract::{decode, separator};
use crate::{Hit, Index, Passage, Place, Query};

/// The columns that a list may have.
const COLUMNS: [&str; 5] = ["question", "document", "section", "page", "answer"];
/// The most bytes of a list.
const BYTES: u64 = 16_000_000;

/// A question and where it is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The line that it begins in.
    pub line: u64,
    /// The question.
    pub question: String,
    /// The document; none for a question that the notes do not cover.
    pub document: Option<String>,
    /// A heading above the passage.
    pub section: Option<String>,
    /// The page or slide.
    pub page: Option<u32>,
    /// The answer.
    pub answer: Option<String>,
}

/// The questions of a table with the columns `question`, `document` and, where they are wanted, `section`, `page`, `answer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionList {
    /// The questions, in their order.
    pub questions: Vec<Listed>,
}

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A column that must be there is not.
    Missing,
    /// There is no such column.
    Unknown,
    /// The column stands there twice.
    Twice,
    /// A cell that must hold something is empty.
    Empty,
    /// A page is no number from 1 on; what stands there.
    NoNumber(String),
    /// The line has more or fewer cells than the first.
    Cells,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such column"),
            Self::Unknown => f.write_str("no such column is known"),
            Self::Twice => f.write_str("the column stands there twice"),
            Self::Empty => f.write_str("the cell is empty"),
            Self::NoNumber(found) => write!(f, "{found:?} is no page number"),
            Self::Cells => f.write_str("the line has another number of cells than the first"),
        }
    }
}

/// How a list was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listing {
    /// How each way to search did; the course's own comes last.
    pub searched: Vec<ListSearched>,
    /// Each question, searched for in the course's own way.
    pub questions: Vec<Outcome>,
}

/// How one way to search did on a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ListSearched {
    /// The way.
    pub method: Method,
    /// Questions that the notes cover: the next three are over them.
    pub questions: usize,
    /// The share of questions whose place is named by the first passage that was found.
    pub hit_1: f64,
    /// The same among the first five.
    pub hit_5: f64,
    /// The mean of 1 / rank of the first that names it among ten.
    pub mrr_10: f64,
    /// Whether the right questions count as covered; absent are those without a document.
    #[serde(flatten)]
    pub coverage: Coverage,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The question.
    #[serde(flatten)]
    pub listed: Listed,
    /// The rank, from 1, of the first passage at its place among ten.
    pub rank: Option<usize>,
    /// The notes count as covering it.
    pub covered: bool,
    /// The document of the first passage.
    pub first: Option<String>,
    /// The course has no document of that name.
    pub no_document: bool,
}

impl Outcome {
    /// Whether a student would not be answered from the right place, or be answered where nothing stands.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let right = self.rank.is_some_and(|rank| rank <= 5) && self.covered;
        if self.listed.document.is_some() { !right } else { self.covered }
    }
}

impl Listed {
    /// Whether a passage stands where the list says.
    #[must_use]
    pub fn is_at(&self, passage: &Passage) -> bool {
        let same = |heading: &String| self.section.as_ref().is_none_or(|section| alike(heading, section));
        let on = |place: &Place| place.leaf() == self.page;
        self.document.as_ref() == Some(&passage.document)
            && (self.section.is_none() || passage.section.iter().any(same))
            && (self.page.is_none() || passage.marks.iter().any(|mark| on(&mark.place)))
    }
}

/// Headings are compared without regard to capitals and spaces.
fn alike(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(a) == plain(b)
}

impl QuestionList {
    /// Reads a table: text in any encoding, with any common separator. Its first line names the columns, in any order.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Read`]; [`EvaluateError::List`] with line and column of what is wrong.
    pub fn read(path: &Path) -> Result<Self, EvaluateError> {
        let failed = |source| EvaluateError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > BYTES {
            return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let text = decode(&bytes).ok_or_else(|| failed(std::io::ErrorKind::InvalidData.into()))?;
        Self::parse(&text).map_err(|Wrong { line, column, fault }| EvaluateError::List {
            path: path.to_owned(),
            line,
            column,
            fault,
        })
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim_start_matches('\u{feff}');
        let header = text.lines().next().unwrap_or_default();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(separator(header))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut columns: Option<Vec<&str>> = None;
        let mut questions = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| Wrong::of(&error))?;
            let line = record.position().map_or(0, |start| line(text, start));
            match &columns {
                None => columns = Some(named(&record)?),
                Some(columns) if record.iter().any(|cell| !cell.is_empty()) => {
                    questions.push(listed(line, columns, &record)?);
                }
                Some(_) => {}
            }
        }
        if columns.is_none() {
            named(&csv::StringRecord::new())?;
        }
        Ok(Self { questions })
    }

    /// At most that many of the questions, evenly over the list.
    #[must_use]
    pub fn sample(self, limit: usize) -> Self {
        let places = evenly(self.questions.len(), limit);
        Self { questions: places.map(|place| self.questions[place].clone()).collect() }
    }

    /// Searches for every question in a course: by words and, where it has vectors and `meaning` is not 0, by embeddings
    /// and both. `meaning` is the course's own, as in [`crate::Query`].
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Index`] when the index cannot be searched.
    pub fn evaluate(&self, index: &Index, course: &str, meaning: Option<f32>) -> Result<Listing, EvaluateError> {
        let documents: Vec<String> = index.documents(course)?.into_iter().map(|document| document.name).collect();
        let embedded = meaning != Some(0.0) && index.has_vectors(course)?;
        let ways: &[Method] = if embedded { &Method::ALL } else { &[Method::Bm25] };
        let mut sums: Vec<(Tally, Seen)> = ways.iter().map(|_| Default::default()).collect();
        let mut questions = Vec::new();
        for listed in &self.questions {
            let vector = if embedded { index.vector(&listed.question) } else { None };
            let mut outcome = None;
            for (way, (tally, seen)) in ways.iter().zip(&mut sums) {
                let asked = Query { course, document: None, text: &listed.question, limit: RANKS, meaning };
                let hits = search(index, &asked, vector.as_ref(), *way)?;
                let covered = hits.iter().any(Hit::is_covering);
                seen.add(listed.document.is_some(), covered);
                // What is right is one unit, whichever passage of it was found; all else is another.
                let units: Vec<usize> = hits.iter().map(|hit| usize::from(!listed.is_at(&hit.passage))).collect();
                if listed.document.is_some() {
                    tally.add(&units, &Relevant::from([(0, 1)]));
                }
                outcome = Some(Outcome {
                    listed: listed.clone(),
                    rank: units.iter().position(|unit| *unit == 0).map(|rank| rank + 1),
                    covered,
                    first: hits.first().map(|hit| hit.passage.document.clone()),
                    no_document: listed.document.as_ref().is_some_and(|name| !documents.contains(name)),
                });
            }
            questions.extend(outcome);
        }
        let searched = ways.iter().zip(sums).map(|(method, (tally, seen))| {
            let ranking = tally.ranking();
            let (hit_1, hit_5, mrr_10) = (ranking.recall_1, ranking.recall_5, ranking.mrr_10);
            let (method, questions) = (*method, ranking.questions);
            ListSearched { method, questions, hit_1, hit_5, mrr_10, coverage: seen.coverage() }
        });
        Ok(Listing { searched: searched.collect(), questions })
    }
}

/// Where a list is wrong, and how.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    line: u64,
    column: String,
    fault: Fault,
}

impl Wrong {
    fn of(error: &csv::Error) -> Self {
        let line = error.position().map_or(0, csv::Position::line);
        Self { line, column: String::new(), fault: Fault::Cells }
    }
}

/// The line that a record begins in; the parser's own stands before empty lines.
fn line(text: &str, start: &csv::Position) -> u64 {
    let at = usize::try_from(start.byte()).unwrap_or(usize::MAX);
    let empty = text.get(at..).unwrap_or_default().bytes().take_while(|byte| *byte == b'\n').count();
    start.line() + empty as u64
}

/// The columns that the first line names.
fn named(header: &csv::StringRecord) -> Result<Vec<&'static str>, Wrong> {
    let wrong = |column: &str, fault| Err(Wrong { line: 1, column: column.to_owned(), fault });
    let mut columns = Vec::new();
    for cell in header {
        let Some(name) = COLUMNS.into_iter().find(|name| cell.eq_ignore_ascii_case(name)) else {
            return wrong(cell, Fault::Unknown);
        };
        if columns.contains(&name) {
            return wrong(name, Fault::Twice);
        }
        columns.push(name);
    }
    match COLUMNS[..2].iter().find(|name| !columns.contains(name)) {
        Some(name) => wrong(name, Fault::Missing),
        None => Ok(columns),
    }
}

/// A line as a question.
fn listed(line: u64, columns: &[&str], record: &csv::StringRecord) -> Result<Listed, Wrong> {
    let cell = |wanted: &str| {
        let cell = columns.iter().position(|name| *name == wanted).and_then(|at| record.get(at));
        cell.filter(|cell| !cell.is_empty()).map(str::to_owned)
    };
    let wrong = |column: &str, fault| Wrong { line, column: column.to_owned(), fault };
    let page = |text: String| match text.parse() {
        Ok(page) if page > 0 => Ok(page),
        _ => Err(wrong("page", Fault::NoNumber(text))),
    };
    let listed = Listed {
        line,
        question: cell("question").ok_or_else(|| wrong("question", Fault::Empty))?,
        document: cell("document"),
        section: cell("section"),
        page: cell("page").map(page).transpose()?,
        answer: cell("answer"),
    };
    // A place within no document is a cell that was forgotten, not a question that is not covered.
    let placed = listed.section.is_some() || listed.page.is_some();
    if placed && listed.document.is_none() { Err(wrong("document", Fault::Empty)) } else { Ok(listed) }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use super::*;
    use crate::embed::fake::FakeEmbedder;

    #[test]
    fn columns_stand_in_any_order_with_any_separator() {
        let list = "Page;question;DOCUMENT;answer\n3;\"What; is\nit?\";a.pdf;\n\n;Why?;;\n;;;\n";
        let questions = QuestionList::parse(list).unwrap().questions;
        let listed = |line, question: &str| Listed { line, question: question.to_owned(), ..Listed::default() };
        let first = Listed { document: Some("a.pdf".to_owned()), page: Some(3), ..listed(2, "What; is\nit?") };
        assert_eq!(questions, [first, listed(5, "Why?")]);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        for (text, line, column, fault) in [
            ("", 1, "question", Fault::Missing),
            ("question\nWhat?\n", 1, "document", Fault::Missing),
            ("question,document,sction\n", 1, "sction", Fault::Unknown),
            ("question,document,Question\n", 1, "question", Fault::Twice),
            ("question,document\nWhat?,a.md\n,b.md\n", 3, "question", Fault::Empty),
            ("question,document,page\nWhat?,a.pdf,iv\n", 2, "page", Fault::NoNumber("iv".to_owned())),
            ("question,document,page\nWhat?,a.pdf,0\n", 2, "page", Fault::NoNumber("0".to_owned())),
            ("question,document,page\nWhat?,,4\n", 2, "document", Fault::Empty),
            ("question,document\nWhat?,a.md\nWhy?\n", 3, "", Fault::Cells),
        ] {
            let wrong = QuestionList::parse(text).unwrap_err();
            assert_eq!(wrong, Wrong { line, column: column.to_owned(), fault }, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("questions.csv");
        assert!(matches!(QuestionList::read(&path), Err(EvaluateError::Read { .. })));
        std::fs::write(&path, "\u{feff}question,document\r\n,a.md\r\n").unwrap();
        let error = QuestionList::read(&path).unwrap_err();
        assert!(matches!(error, EvaluateError::List { line: 2, .. }), "{error}");
        assert!(error.to_string().ends_with("questions.csv, line 2, column question: the cell is empty"), "{error}");
    }

    #[test]
    fn places_are_compared_as_a_teacher_means_them() {
        let passage = Passage {
            course: "c".to_owned(),
            document: "a.pdf".to_owned(),
            section: vec!["Part I".to_owned(), "The Add  Gate".to_owned()],
            marks: [4, 5].map(|page| crate::Mark { start: 0, place: Place::Page { page } }).to_vec(),
            place: 0,
            text: String::new(),
        };
        let at = |document: &str, section: Option<&str>, page| {
            let (document, section) = (Some(document.to_owned()), section.map(str::to_owned));
            Listed { document, section, page, ..Listed::default() }.is_at(&passage)
        };
        assert!(at("a.pdf", None, None) && at("a.pdf", Some("the add gate"), Some(5)));
        assert!(!at("b.pdf", None, None) && !at("a.pdf", Some("the gate"), None) && !at("a.pdf", None, Some(6)));
        assert!(!Listed::default().is_at(&passage));
    }

    /// Four questions on two documents: one found by its words, one by its meaning alone, one whose document is not
    /// there, and one that nothing covers.
    #[test]
    fn a_list_is_measured_and_what_is_wrong_stands_out() {
        let folder = tempfile::tempdir().unwrap();
        let embedder = Arc::new(FakeEmbedder::default());
        let index = Index::open(folder.path(), Some(embedder)).unwrap();
        let mut on = |_| ControlFlow::Continue(());
        for (name, text) in [("vehicles.md", "An automobile needs fuel."), ("gates.md", "Add gates share their slope.")]
        {
            index.ingest("c", name, text.as_bytes(), &mut on).unwrap();
        }
        let rows = "What do add gates share?,gates.md\ncar,vehicles.md\nWhat is fuel?,gone.md\nWho won the match?,\n";
        let list = QuestionList::parse(&format!("question,document\n{rows}")).unwrap();
        let listing = list.evaluate(&index, "c", None).unwrap();
        let methods: Vec<Method> = listing.searched.iter().map(|searched| searched.method).collect();
        assert_eq!(methods, Method::ALL);
        let hits: Vec<f64> = listing.searched.iter().map(|searched| (searched.hit_1 * 3.0).round()).collect();
        assert_eq!(hits, [1.0, 2.0, 2.0]);
        let ranks: Vec<Option<usize>> = listing.questions.iter().map(|outcome| outcome.rank).collect();
        assert_eq!(ranks, [Some(1), Some(1), None, None]);
        let gone: Vec<bool> = listing.questions.iter().map(|outcome| outcome.no_document).collect();
        assert_eq!(gone, [false, false, true, false]);
        assert!(
            !listing.questions[0].is_wrong() && listing.questions[2].is_wrong() && !listing.questions[3].is_wrong()
        );
        let words = list.evaluate(&index, "c", Some(0.0)).unwrap();
        assert_eq!((words.searched.len(), words.searched[0].method), (1, Method::Bm25));
        assert_eq!(words.questions[1].rank, None, "words alone do not know that a car is an automobile");
    }

    #[test]
    fn a_sample_is_taken_evenly() {
        let listed = |line| Listed { line, ..Listed::default() };
        let list = QuestionList { questions: (0..10).map(listed).collect() };
        let lines = |limit| list.clone().sample(limit).questions.iter().map(|q| q.line).collect::<Vec<_>>();
        assert_eq!(lines(4), [0, 2, 5, 7]);
        assert_eq!((lines(0).len(), lines(10).len(), lines(99).len()), (0, 10, 10));
    }
}
