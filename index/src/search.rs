//! Finding passages by their words and by their meaning.

mod bm25;
mod clean;
mod coverage;
mod fusion;
mod hints;
pub(crate) mod roster;
mod thin;
mod verbatim;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use tantivy::Searcher;

use self::bm25::Wanted;
use self::fusion::Fit;
use self::hints::Hints;
use self::roster::Roster;
use self::verbatim::Verbatim;
use crate::analyze::{query_pairs, query_terms};
use crate::embed::reads;
use crate::vectors::Quantised;
use crate::{Hit, Index, IndexError, Query};

/// The most different words, and pairs of characters, of a query: what is longer is a pasted page.
const WORDS: usize = 64;
/// Passages that are looked at for each that is wanted, since some repeat each other.
const SPARE: usize = 2;
/// Passages that are looked at when a question points to a place.
const POINTED: usize = 100;

impl Index {
    /// The passages that fit a query best, the best first; none when nothing of it is known.
    ///
    /// The score adds up what the words say (BM25 over text and headings, k1 = 0.9, b = 0.5, counted in the query's
    /// course alone) and, where every passage has a vector, what the embeddings say. Any text is a query: greetings
    /// are taken off, a place that it points to ("in lecture 3") counts more, and passages that repeat a better one
    /// are left out.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>, IndexError> {
        let (hints, question) = Hints::read(clean::clean(query.text));
        let searcher = self.reader.searcher();
        let roster = self.roster(&searcher, query.course)?;
        let meaning = self.meaning(query, &question, &roster);
        let found = Search { index: self, searcher: &searcher, roster: &roster, query, hints };
        found.hits(&question, meaning.as_ref())
    }

    /// As [`Self::search`], with the vector of the question: for measuring without the embedder's time.
    pub(crate) fn search_near(&self, query: &Query<'_>, meaning: Option<&Quantised>) -> Result<Vec<Hit>, IndexError> {
        let (hints, question) = Hints::read(clean::clean(query.text));
        let searcher = self.reader.searcher();
        let roster = self.roster(&searcher, query.course)?;
        Search { index: self, searcher: &searcher, roster: &roster, query, hints }.hits(&question, meaning)
    }

    /// The vector of a question, as [`Self::search`] makes it.
    pub(crate) fn vector(&self, text: &str) -> Option<Quantised> {
        let (_, question) = Hints::read(clean::clean(text));
        self.embedded(&question)
    }

    /// Whether a course is searched by meaning too: all of its passages have vectors.
    pub(crate) fn has_vectors(&self, course: &str) -> Result<bool, IndexError> {
        Ok(self.roster(&self.reader.searcher(), course)?.has_vectors())
    }

    /// The question's vector, where it helps. An embedder that fails costs quality, not the answer.
    fn meaning(&self, query: &Query<'_>, question: &str, roster: &Roster) -> Option<Quantised> {
        let wanted = query.meaning != Some(0.0) && roster.has_vectors() && query.limit > 0;
        if wanted { self.embedded(question) } else { None }
    }

    fn embedded(&self, question: &str) -> Option<Quantised> {
        let embedder = self.embedder.as_deref().filter(|embedder| reads(*embedder, question))?;
        match embedder.embed_question(question) {
            Ok(vector) => Some(Quantised::new(&vector)).filter(|vector| vector.scale > 0.0),
            Err(error) => {
                tracing::warn!(?error, "searching by words alone");
                None
            }
        }
    }

    /// The course's roster at the searcher's commit; listing a course is kept for the next search.
    fn roster(&self, searcher: &Searcher, course: &str) -> Result<Arc<Roster>, IndexError> {
        let commit = searcher.generation().generation_id();
        if let Some(roster) = self.rosters.get(course, commit) {
            return Ok(roster);
        }
        let mut roster = Roster::new(searcher, self.fields, course)?;
        if let Some(embedder) = &self.embedder {
            let records = self.records_of(searcher, course)?;
            roster = roster.with_vectors(&self.vectors, embedder.as_ref(), course, &records);
        }
        Ok(self.rosters.put(course, commit, roster))
    }
}

/// One search over a course's rows.
struct Search<'a> {
    index: &'a Index,
    searcher: &'a Searcher,
    roster: &'a Roster,
    query: &'a Query<'a>,
    hints: Hints,
}

impl Search<'_> {
    fn hits(&self, question: &str, meaning: Option<&Quantised>) -> Result<Vec<Hit>, IndexError> {
        let wanted = wanted(question);
        let nothing = wanted == Wanted::default() && meaning.is_none();
        if nothing || self.query.limit == 0 || self.roster.len() == 0 {
            return Ok(Vec::new());
        }
        let words = bm25::score(self.searcher, self.index.fields, self.roster, &wanted)?;
        let cosines = meaning.and_then(|meaning| self.roster.cosines(meaning));
        let share = self.query.meaning.unwrap_or(Query::MEANING).clamp(0.0, 1.0);
        let fuse = |rows: &[Range<usize>], limit| fusion::fuse(&words, cosines.as_deref(), share, rows, limit);
        let (rows, verbatim) = (self.rows(), Verbatim::new(self.query.text));
        let fits = if self.hints.is_empty() {
            fuse(&rows, verbatim.among(self.query.limit.saturating_mul(SPARE)))
        } else {
            let mut fits = fuse(&rows, POINTED);
            fits.extend(fuse(&self.pointed(&rows), self.query.limit));
            fits
        };
        let mut seen = std::collections::HashSet::new();
        let hits = fits.iter().filter(|fit| seen.insert(fit.row)).map(|fit| self.loaded(fit));
        let mut hits = hits.collect::<Result<Vec<_>, _>>()?;
        hits.iter_mut().for_each(|hit| hit.score += verbatim.bonus(&hit.passage.text));
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        thin::thin(hits.into_iter().map(Ok), self.query.limit)
    }

    /// The rows of the query's document, or all.
    fn rows(&self) -> Vec<Range<usize>> {
        let named = |name: &str| self.query.document.is_none_or(|document| document == name);
        self.roster.documents().filter(|(name, _)| named(name)).map(|(_, rows)| rows).collect()
    }

    /// Those rows of the ranges that the question points to by page or by the document's number.
    fn pointed(&self, rows: &[Range<usize>]) -> Vec<Range<usize>> {
        let by_name = self.roster.documents().filter(|(name, _)| self.hints.names_document(name));
        let by_name: Vec<Range<usize>> = by_name.map(|(_, rows)| rows).collect();
        let points = |row: &usize| {
            self.hints.names_page(self.roster.page(*row)) || by_name.iter().any(|rows| rows.contains(row))
        };
        rows.iter().cloned().flatten().filter(points).map(|row| row..row + 1).collect()
    }

    /// The passage of a fit, with what it gains by standing where the question points.
    fn loaded(&self, fit: &Fit) -> Result<Hit, IndexError> {
        let passage = self.index.passage(self.searcher, self.roster.address(fit.row))?;
        let bonus = if self.hints.name(&passage) { hints::BONUS } else { 0.0 };
        Ok(Hit { score: fit.score + bonus, coverage: coverage::coverage(fit.words, fit.meaning), passage })
    }
}

/// The words and pairs of a question, without repetition.
fn wanted(question: &str) -> Wanted {
    let once = |mut words: Vec<String>| {
        let mut seen = std::collections::HashSet::new();
        words.retain(|word| seen.insert(word.clone()));
        words.truncate(WORDS);
        words
    };
    Wanted { words: once(query_terms(question)), pairs: once(query_pairs(question)) }
}
