//! BM25 over the rows of one course: every count is the course's own.
//!
//! tantivy's scorer counts over the whole index, where another course's size and language would change this course's
//! scores, and can be told otherwise only with a search a word. One pass over the postings of a word gives its
//! frequency in the course and its weight in each row.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings as _;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet as _, Searcher, TERMINATED, Term};

use super::roster::Roster;
use crate::IndexError;
use crate::schema::Fields;

/// How soon a word that is repeated stops to count more.
const K1: f32 = 0.9;
/// How much a word counts less in a long passage.
const B: f32 = 0.5;
/// How much a word in a heading counts, where one in the text counts 1.
const HEADING: f32 = 0.4;
/// How much a pair of Chinese characters counts, where a word counts 1.
const PAIR: f32 = 0.5;

/// What is searched for, without repetition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Words, in text and headings.
    pub(super) words: Vec<String>,
    /// Pairs of Chinese characters, in the text.
    pub(super) pairs: Vec<String>,
}

/// How well the rows fit.
pub(super) struct Words {
    /// The score of each row.
    pub(super) scores: Vec<f32>,
    /// What a passage of mean length would score that holds everything once: the sum of the weights.
    pub(super) whole: f32,
    /// The share of that, of the words alone: pairs are many, and nobody expects all of them.
    pub(super) held: Vec<f32>,
}

/// Scores all rows.
pub(super) fn score(
    searcher: &Searcher,
    fields: Fields,
    roster: &Roster,
    wanted: &Wanted,
) -> Result<Words, IndexError> {
    let mut words = Words { scores: vec![0.0; roster.len()], whole: 0.0, held: Vec::new() };
    let mut one = One { held: vec![0.0; roster.len()], rows: Vec::new() };
    for word in &wanted.words {
        one.read(searcher, roster, fields.text, word, 1.0)?;
        one.read(searcher, roster, fields.headings, word, HEADING)?;
        one.add(&mut words, 1.0);
    }
    words.held = words.scores.iter().map(|score| if words.whole > 0.0 { score / words.whole } else { 0.0 }).collect();
    for pair in &wanted.pairs {
        one.read(searcher, roster, fields.pairs, pair, 1.0)?;
        one.add(&mut words, PAIR);
    }
    Ok(words)
}

/// What the rows hold of one word.
struct One {
    held: Vec<f32>,
    /// The rows that hold something.
    rows: Vec<usize>,
}

impl One {
    /// Reads a word's postings in a field.
    fn read(
        &mut self,
        searcher: &Searcher,
        roster: &Roster,
        field: Field,
        word: &str,
        share: f32,
    ) -> Result<(), IndexError> {
        let term = Term::from_field_text(field, word);
        let mean = roster.length(field);
        for (segment, reader) in searcher.segment_readers().iter().enumerate() {
            let inverted = reader.inverted_index(field)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::WithFreqs)? else { continue };
            let lengths = reader.get_fieldnorms_reader(field)?;
            // Lengths are kept in a byte, so there are 256 of them.
            let damped = std::array::from_fn::<f32, 256, _>(|id| {
                let length = FieldNormReader::id_to_fieldnorm(id as u8) as f32 / mean;
                K1 * (1.0 - B + B * length)
            });
            let mut document = postings.doc();
            while document != TERMINATED {
                if let Some(row) = roster.row(segment, document) {
                    let often = postings.term_freq() as f32;
                    let damped = damped[usize::from(lengths.fieldnorm_id(document))];
                    self.hold(row, share * often * (K1 + 1.0) / (often + damped));
                }
                document = postings.advance();
            }
        }
        Ok(())
    }

    fn hold(&mut self, row: usize, weight: f32) {
        if self.held[row] == 0.0 {
            self.rows.push(row);
        }
        self.held[row] += weight;
    }

    /// Adds what was read, times the word's rarity in the course, and forgets it.
    fn add(&mut self, words: &mut Words, share: f32) {
        let weight = share * rarity(self.rows.len(), words.scores.len());
        words.whole += weight;
        for row in self.rows.drain(..) {
            words.scores[row] += weight * std::mem::take(&mut self.held[row]);
        }
    }
}

/// The inverse document frequency of a word that `held` of `all` passages hold, as Lucene computes it.
fn rarity(held: usize, all: usize) -> f32 {
    let (held, all) = (held as f32, all as f32);
    (1.0 + (all - held + 0.5) / (held + 0.5)).ln()
}
