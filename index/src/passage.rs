//! A passage: the unit that is searched, shown to the model and cited.

use serde::{Deserialize, Serialize};

use crate::{Mark, Place, Remark};

/// A piece of a course document, a few sentences to a few paragraphs long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The course that it belongs to.
    pub course: String,
    /// The document's name within the course, such as `optimization-2.md`.
    pub document: String,
    /// The headings above it, outermost first; empty before the first heading.
    pub section: Vec<String>,
    /// Where its parts stand in the document, from the first on; empty for formats that have only headings.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// Its position in the document, counted from 0.
    pub place: u32,
    /// The text: prose as plain text, code and formulas as written.
    pub text: String,
}

impl Passage {
    /// Where a quote from it stands; the passage's beginning when it holds no such quote.
    #[must_use]
    pub fn place_of(&self, quote: &str) -> Option<&Place> {
        let at = self.text.find(quote).unwrap_or_default();
        let before = self.marks.iter().rev().find(|mark| mark.start <= at);
        before.or(self.marks.first()).map(|mark| &mark.place)
    }
}

/// A document of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its name within the course.
    pub name: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many passages it has.
    pub passages: usize,
    /// How many pages it has, for formats that have pages.
    pub pages: Option<u32>,
}

/// What became of a document that was ingested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The course did not have it.
    Added,
    /// The course had another version of it.
    Replaced,
    /// The course has it byte for byte.
    Unchanged,
}

/// The result of ingesting a document.
#[derive(Debug)]
pub struct Ingested {
    /// What became of it.
    pub status: Status,
    /// The document as it now stands.
    pub document: Document,
    /// What of it could not be read; empty for one that was unchanged.
    pub remarks: Vec<Remark>,
}

/// What to search for, and where.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Only passages of this course are found.
    pub course: &'a str,
    /// Only passages of this document are found, when one is named.
    pub document: Option<&'a str>,
    /// The words, as a person wrote them.
    pub text: &'a str,
    /// The most hits.
    pub limit: usize,
    /// The share of the score that the embeddings decide, 0 (words alone) to 1; none for [`Self::MEANING`].
    /// Without an embedder, words decide alone.
    pub meaning: Option<f32>,
}

impl Query<'_> {
    /// The share of the embeddings where none is wanted; chosen on one half of the questions, see `BENCHMARKS.md`.
    pub const MEANING: f32 = 0.7;
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// How well it fits: about 1 where it holds all words of the query or means the same, more where it holds them
    /// often or stands where the query points to.
    pub score: f32,
    /// The probability, 0 to 1, that a passage which fits so well is about what was asked. At 0.5 about 95 % of the
    /// questions that the notes answer pass.
    pub coverage: f32,
    /// The passage.
    pub passage: Passage,
}

impl Hit {
    /// Whether the notes count as covering what was asked, since this passage fits so well.
    #[must_use]
    pub fn is_covering(&self) -> bool {
        self.coverage >= 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_stands_where_its_part_does() {
        let mark = |start, page| Mark { start, place: Place::Page { page } };
        let passage = Passage {
            course: "c".into(),
            document: "d.pdf".into(),
            section: Vec::new(),
            marks: vec![mark(0, 4), mark(11, 5)],
            place: 0,
            text: "One is odd. Two is even.".into(),
        };
        for (quote, page) in [("One is odd.", 4), ("Two", 5), ("even", 5), ("", 4), ("three", 4)] {
            assert_eq!(passage.place_of(quote).and_then(Place::page), Some(page), "{quote}");
        }
        assert_eq!(Passage { marks: Vec::new(), ..passage }.place_of("One"), None);
    }
}
