//! Finding passages by words, and reading them in order.

mod weight;

use sha2::{Digest, Sha256};
use tantivy::collector::{DocSetCollector, TopDocs};
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query as TantivyQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use self::weight::CourseStatistics;
use crate::analyze::query_terms;
use crate::schema::Record;
use crate::writer::hexadecimal;
use crate::{Document, Hit, Index, IndexError, Passage, Query};

/// How much a word in a heading counts, where one in the text counts 1.
const HEADING_BOOST: f32 = 0.4;
/// The most different words of a query: what is longer is a pasted page.
const WORDS: usize = 64;

impl Index {
    /// The passages that fit a query best, the best first; none when no word of it occurs.
    ///
    /// The score is BM25 (k1 = 1.2, b = 0.75) over the text plus a share of that over the headings and the
    /// document's name, both with the word statistics of the query's course alone. Any text is a query.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>, IndexError> {
        let mut words = query_terms(query.text);
        let mut seen = std::collections::HashSet::new();
        words.retain(|word| seen.insert(word.clone()));
        words.truncate(WORDS);
        if words.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let statistics = CourseStatistics::new(&searcher, self.fields, query.course, &words)?;
        let scored = self.scored(query, &words);
        let found = searcher.search_with_statistics_provider(
            &scored,
            &TopDocs::with_limit(query.limit).order_by_score(),
            &statistics,
        )?;
        let hit = |(score, address)| {
            let passage = self.passage(&searcher, address)?;
            Ok(Hit { score, coverage: statistics.coverage(&words, &passage), passage })
        };
        found.into_iter().map(hit).collect()
    }

    /// The documents of a course, by name.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn documents(&self, course: &str) -> Result<Vec<Document>, IndexError> {
        let searcher = self.reader.searcher();
        let records = self.records(&searcher, term(self.fields.catalogue, course))?;
        let mut documents: Vec<Document> = records.into_iter().map(|record| record.document).collect();
        documents.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(documents)
    }

    /// The version of a course's notes: other documents, or another version of one, give another.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn version(&self, course: &str) -> Result<String, IndexError> {
        let mut digest = Sha256::new();
        for Document { name, sha256, .. } in self.documents(course)? {
            digest.update(format!("{name}\0{sha256}\n"));
        }
        Ok(hexadecimal(&digest.finalize()[..16]))
    }

    /// The passages of a document in order: all, or those below the headings of `section`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn passages(
        &self,
        course: &str,
        document: &str,
        section: Option<&[String]>,
    ) -> Result<Vec<Passage>, IndexError> {
        let mut passages = self.collect(Box::new(self.of_document(course, document)))?;
        passages.retain(|passage| section.is_none_or(|section| passage.section.starts_with(section)));
        Ok(passages)
    }

    /// The passages around one, in order and without it: at most `before` and `after` of them.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn neighbours(&self, passage: &Passage, before: u32, after: u32) -> Result<Vec<Passage>, IndexError> {
        let places = passage.place.saturating_sub(before)..=passage.place.saturating_add(after);
        let wanted = places.filter(|place| *place != passage.place).map(|place| {
            let place = Term::from_field_u64(self.fields.place, u64::from(place));
            (Occur::Should, Box::new(TermQuery::new(place, IndexRecordOption::Basic)) as Box<dyn TantivyQuery>)
        });
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.collect(Box::new(BooleanQuery::new(vec![
            (Occur::Must, Box::new(self.of_document(&passage.course, &passage.document))),
            (Occur::Must, Box::new(BooleanQuery::new(wanted))),
        ])))
    }

    /// What is known of a document.
    pub(crate) fn record(&self, course: &str, document: &str) -> Result<Option<Record>, IndexError> {
        let searcher = self.reader.searcher();
        let key = TermQuery::new(self.fields.document(course, document), IndexRecordOption::Basic);
        Ok(self.records(&searcher, key)?.pop())
    }

    fn of_document(&self, course: &str, document: &str) -> BooleanQuery {
        let key = TermQuery::new(self.fields.document(course, document), IndexRecordOption::Basic);
        BooleanQuery::new(vec![(Occur::Must, Box::new(term(self.fields.course, course))), (Occur::Must, Box::new(key))])
    }

    /// Any of the words, within the course, and the document if one is named.
    fn scored(&self, query: &Query<'_>, words: &[String]) -> BooleanQuery {
        let by_word = words.iter().flat_map(|word| {
            let text = scored_term(self.fields.text, word);
            let heading = BoostQuery::new(scored_term(self.fields.headings, word), HEADING_BOOST);
            [(Occur::Should, text), (Occur::Should, Box::new(heading) as Box<dyn TantivyQuery>)]
        });
        let within: Box<dyn TantivyQuery> = match query.document {
            Some(document) => Box::new(self.of_document(query.course, document)),
            None => Box::new(term(self.fields.course, query.course)),
        };
        BooleanQuery::new(vec![
            (Occur::Must, Box::new(ConstScoreQuery::new(within, 0.0))),
            (Occur::Must, Box::new(BooleanQuery::new(by_word.collect()))),
        ])
    }

    fn collect(&self, query: Box<dyn TantivyQuery>) -> Result<Vec<Passage>, IndexError> {
        let searcher = self.reader.searcher();
        let found = searcher.search(&query, &DocSetCollector)?;
        let mut passages =
            found.into_iter().map(|address| self.passage(&searcher, address)).collect::<Result<Vec<_>, _>>()?;
        passages.sort_by_key(|passage| passage.place);
        Ok(passages)
    }

    fn records(&self, searcher: &Searcher, query: TermQuery) -> Result<Vec<Record>, IndexError> {
        let mut records = Vec::new();
        for address in searcher.search(&query, &DocSetCollector)? {
            if let Some(json) = stored(searcher, address, self.fields.record)? {
                records.push(serde_json::from_str(&json)?);
            }
        }
        Ok(records)
    }

    fn passage(&self, searcher: &Searcher, address: DocAddress) -> Result<Passage, IndexError> {
        let json = stored(searcher, address, self.fields.passage)?.unwrap_or_default();
        Ok(serde_json::from_str(&json)?)
    }
}

fn term(field: Field, value: &str) -> TermQuery {
    TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic)
}

fn scored_term(field: Field, word: &str) -> Box<dyn TantivyQuery> {
    Box::new(TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs))
}

fn stored(searcher: &Searcher, address: DocAddress, field: Field) -> Result<Option<String>, IndexError> {
    let entry: TantivyDocument = searcher.doc(address)?;
    Ok(entry.get_first(field).and_then(|value| value.as_str()).map(str::to_owned))
}
