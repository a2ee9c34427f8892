//! Texts and questions about them, as public collections hand them out.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::list::Fault;
use super::measure::Relevant;
use crate::IndexError;

/// The most bytes that are read of a file, after unpacking.
const BYTES: u64 = 4_000_000_000;

/// Why an evaluation could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not of the form that its name or place says.
    #[error("{} is not in the expected form (line {line}): {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A teacher's list is wrong.
    #[error("{}, line {line}{}: {fault}", path.display(), named(column))]
    List {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column's name; empty for the line as a whole.
        column: String,
        /// What is wrong.
        fault: Fault,
    },
    /// The index failed.
    #[error("the index failed")]
    Index(#[from] IndexError),
}

/// A column as a message names it.
fn named(column: &str) -> String {
    if column.is_empty() { String::new() } else { format!(", column {column}") }
}

/// A text that becomes one passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// What stands above it; empty without a title.
    pub(super) title: String,
    pub(super) text: String,
    /// The article that it is a part of.
    pub(super) article: usize,
}

/// A question whose passages are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) text: String,
    /// Positions of texts.
    pub(super) relevant: Relevant,
    /// The article that it is about.
    pub(super) article: usize,
    /// What a right answer may hold.
    pub(super) answers: Vec<String>,
}

/// Texts and questions about them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    pub(super) texts: Vec<Text>,
    pub(super) questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Squad {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    question: String,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    is_impossible: bool,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

impl Collection {
    /// Reads a file in the form of SQuAD 1.1 or 2.0: each paragraph is a text, its questions are to find it.
    /// Article titles are not used, so that figures compare with published ones over paragraphs alone.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Read`] and [`EvaluateError::Form`].
    pub fn squad(path: &Path) -> Result<Self, EvaluateError> {
        let squad: Squad = serde_json::from_reader(open(path)?).map_err(|error| form(path, error.line(), &error))?;
        let mut collection = Self::default();
        for (article, content) in squad.data.into_iter().enumerate() {
            for paragraph in content.paragraphs {
                let relevant = Relevant::from([(collection.texts.len(), 1)]);
                collection.texts.push(Text { title: String::new(), text: paragraph.context, article });
                let asked = paragraph.qas.into_iter().filter(|asked| !asked.is_impossible);
                collection.questions.extend(asked.map(|asked| Question {
                    text: asked.question,
                    relevant: relevant.clone(),
                    article,
                    answers: asked.answers.into_iter().map(|answer| answer.text).collect(),
                }));
            }
        }
        Ok(collection)
    }

    /// Reads a folder in the form of BEIR: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`, each also as `.gz`, or with
    /// the name of a part before its ending (`qrels.train.tsv`). Each text counts as an article of its own.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Read`] and [`EvaluateError::Form`].
    pub fn beir(folder: &Path) -> Result<Self, EvaluateError> {
        let mut collection = Self::default();
        let mut places = HashMap::new();
        for entry in entries(&find(folder, "corpus", "jsonl")?)? {
            places.insert(entry.id, collection.texts.len());
            let article = collection.texts.len();
            collection.texts.push(Text { title: entry.title, text: entry.text, article });
        }
        let mut judged = judgements(&find(folder, "qrels", "tsv")?, &places)?;
        for entry in entries(&find(folder, "queries", "jsonl")?)? {
            let Some(relevant) = judged.remove(&entry.id) else { continue };
            let article = relevant.keys().next().copied().unwrap_or_default();
            collection.questions.push(Question { text: entry.text, relevant, article, answers: Vec::new() });
        }
        Ok(collection)
    }

    /// How many texts and how many questions it holds.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.texts.len(), self.questions.len())
    }
}

/// The only file of a folder that is named `stem[.part].ending[.gz]`.
fn find(folder: &Path, stem: &str, ending: &str) -> Result<PathBuf, EvaluateError> {
    let failed = |source| EvaluateError::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let inner = plain.strip_suffix(ending).and_then(|name| name.strip_suffix('.')?.strip_prefix(stem));
        if inner.is_some_and(|part| part.is_empty() || part.starts_with('.')) {
            found.push(path);
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        many => Err(form(folder, 0, &format!("{many} files are named {stem}….{ending}, not one"))),
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, EvaluateError> {
    let file = File::open(path).map_err(|source| EvaluateError::Read { path: path.to_owned(), source })?;
    let packed = path.extension().is_some_and(|ending| ending == "gz");
    let bytes: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::new(bytes.take(BYTES))))
}

fn form(path: &Path, line: usize, reason: &dyn ToString) -> EvaluateError {
    EvaluateError::Form { path: path.to_owned(), line, reason: reason.to_string() }
}

/// The lines of a file that are not empty, with their numbers.
fn lines(path: &Path) -> Result<Vec<(usize, String)>, EvaluateError> {
    let numbered = (1..).zip(open(path)?.lines());
    let read = numbered.map(|(number, line)| Ok((number, line.map_err(|error| form(path, number, &error))?)));
    Ok(read
        .collect::<Result<Vec<_>, EvaluateError>>()?
        .into_iter()
        .filter(|(_, line)| !line.trim().is_empty())
        .collect())
}

fn entries(path: &Path) -> Result<Vec<Entry>, EvaluateError> {
    let entry =
        |(number, line): (usize, String)| serde_json::from_str(&line).map_err(|error| form(path, number, &error));
    lines(path)?.into_iter().map(entry).collect()
}

/// What is relevant for each query; the heading line is skipped, and so is what names a text that is not there.
fn judgements(path: &Path, places: &HashMap<String, usize>) -> Result<HashMap<String, Relevant>, EvaluateError> {
    let mut judged: HashMap<String, Relevant> = HashMap::new();
    for (number, line) in lines(path)?.into_iter().skip(1) {
        let mut cells = line.split('\t').map(str::trim);
        let (Some(query), Some(text), Some(grade)) = (cells.next(), cells.next(), cells.next()) else {
            return Err(form(path, number, &"three columns are needed: query-id, corpus-id, score"));
        };
        let grade: u32 = grade.parse().map_err(|error| form(path, number, &error))?;
        if let (Some(place), true) = (places.get(text), grade > 0) {
            judged.entry(query.to_owned()).or_default().insert(*place, grade);
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn squad_paragraphs_become_texts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("squad.json");
        let text = r#"{"data": [{"title": "A", "paragraphs": [{"context": "One.", "qas": [
            {"id": "1", "question": "What?", "answers": [{"text": "One", "answer_start": 0}]},
            {"id": "2", "question": "Who?", "answers": [], "is_impossible": true}]}]}]}"#;
        std::fs::write(&path, text).unwrap();
        let collection = Collection::squad(&path).unwrap();
        assert_eq!(collection.size(), (1, 1));
        assert_eq!(collection.questions[0].answers, ["One"]);
        assert_eq!(collection.questions[0].relevant, Relevant::from([(0, 1)]));
    }

    #[test]
    fn beir_folders_are_read_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let corpus = File::create(folder.path().join("corpus.jsonl.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(corpus, flate2::Compression::fast());
        packed
            .write_all(b"{\"_id\": \"a\", \"title\": \"T\", \"text\": \"x\"}\n\n{\"_id\": \"b\", \"text\": \"y\"}\n")
            .unwrap();
        packed.finish().unwrap();
        write("queries.train.jsonl", "{\"_id\": \"q\", \"text\": \"why\"}\n{\"_id\": \"unjudged\", \"text\": \"-\"}\n");
        write("qrels.train.tsv", "query-id\tcorpus-id\tscore\nq\tb\t2\nq\ta\t0\nq\tgone\t1\n");
        let collection = Collection::beir(folder.path()).unwrap();
        assert_eq!(collection.size(), (2, 1));
        assert_eq!(collection.questions[0].relevant, Relevant::from([(1, 2)]));
        assert_eq!(collection.texts[0].title, "T");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\nnot json\n");
        let error = Collection::beir(folder.path()).unwrap_err();
        assert!(matches!(error, EvaluateError::Form { line: 2, .. }), "{error}");
        let error = Collection::squad(&folder.path().join("missing.json")).unwrap_err();
        assert!(matches!(error, EvaluateError::Read { .. }), "{error}");
    }
}
