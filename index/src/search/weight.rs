//! How rare words are within one course: for BM25, and for the share of a question that a passage covers.
//!
//! tantivy counts over the whole index, where another course's size and language would change this course's
//! scores. So words are counted within the course.

use std::collections::{HashMap, HashSet};

use tantivy::collector::Count;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::analyze::terms;
use crate::schema::{self, Fields};
use crate::{IndexError, Passage};

/// Counts of a course's passages and of the words of one query in them.
pub(super) struct CourseStatistics<'a> {
    searcher: &'a Searcher,
    passages: u64,
    /// In how many passages a term of a field occurs.
    by_term: HashMap<Term, u64>,
    /// In how many passages a word occurs, in the text or in the headings.
    by_word: HashMap<String, u64>,
}

impl<'a> CourseStatistics<'a> {
    pub(super) fn new(
        searcher: &'a Searcher,
        fields: Fields,
        course: &str,
        words: &[String],
    ) -> Result<Self, IndexError> {
        let within = || query(Term::from_field_text(fields.course, course));
        let count = |query: Box<dyn Query>| {
            let both = BooleanQuery::new(vec![(Occur::Must, within()), (Occur::Must, query)]);
            searcher.search(&both, &Count).map(|count| count as u64)
        };
        let passages = searcher.search(&within(), &Count)? as u64;
        let mut by_term = HashMap::new();
        let mut by_word = HashMap::new();
        for word in words {
            let term = |field| Term::from_field_text(field, word);
            let both = [fields.text, fields.headings].map(|field| (Occur::Should, query(term(field))));
            for field in [fields.text, fields.headings] {
                by_term.insert(term(field), count(query(term(field)))?);
            }
            by_word.insert(word.clone(), count(Box::new(BooleanQuery::new(both.into())))?);
        }
        Ok(Self { searcher, passages, by_term, by_word })
    }

    /// The share of the words that a passage holds, each weighed by its rarity in the course. A word that the
    /// course never uses weighs as much as the rarest, and no passage holds it.
    pub(super) fn coverage(&self, words: &[String], passage: &Passage) -> f32 {
        let held: HashSet<String> = terms(&passage.text).into_iter().chain(terms(&schema::headings(passage))).collect();
        let (mut covered, mut all) = (0.0, 0.0);
        for word in words {
            let weight = self.rarity(word);
            all += weight;
            covered += if held.contains(word) { weight } else { 0.0 };
        }
        if all > 0.0 { covered / all } else { 0.0 }
    }

    /// BM25's inverse document frequency.
    fn rarity(&self, word: &str) -> f32 {
        let held = self.by_word.get(word).copied().unwrap_or(0) as f32;
        (1.0 + (self.passages as f32 - held + 0.5) / (held + 0.5)).ln()
    }
}

impl Bm25StatisticsProvider for CourseStatistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        // Lengths are not counted by course: the mean of the index serves, scaled to the course's size.
        let all = self.searcher.total_num_docs()?.max(1);
        Ok(self.searcher.total_num_tokens(field)? * self.passages.max(1) / all)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.passages)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        Ok(self.by_term.get(term).copied().unwrap_or(0))
    }
}

fn query(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}
