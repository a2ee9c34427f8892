//! Reading what is there: documents, their passages in order, and the passages around one.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tantivy::collector::DocSetCollector;
use tantivy::query::{BooleanQuery, Occur, Query as TantivyQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use crate::schema::{Fields, Record};
use crate::writer::hexadecimal;
use crate::{Document, Index, IndexError, Passage};

impl Index {
    /// The documents of a course, by name.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn documents(&self, course: &str) -> Result<Vec<Document>, IndexError> {
        let records: Vec<Record> = self.records_of(&self.reader.searcher(), course)?;
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
        self.record_with(self.fields.document(course, document))
    }

    /// The record with this key.
    pub(crate) fn record_with<T: DeserializeOwned>(&self, key: Term) -> Result<Option<T>, IndexError> {
        Ok(records(&self.reader.searcher(), self.fields, key)?.pop())
    }

    /// The passages with this key, in order.
    pub(crate) fn passages_with(&self, key: Term) -> Result<Vec<Passage>, IndexError> {
        self.collect(Box::new(TermQuery::new(key, IndexRecordOption::Basic)))
    }

    /// What is known of all documents of a course, or of another catalogue.
    pub(crate) fn records_of<T: DeserializeOwned>(
        &self,
        searcher: &Searcher,
        catalogue: &str,
    ) -> Result<Vec<T>, IndexError> {
        records(searcher, self.fields, Term::from_field_text(self.fields.catalogue, catalogue))
    }

    /// All courses that have documents.
    pub(crate) fn courses(&self) -> Result<BTreeSet<String>, IndexError> {
        let mut courses = self.catalogues()?;
        courses.retain(|catalogue| !catalogue.contains('\0'));
        Ok(courses)
    }

    /// The names of all catalogues: courses, and what is kept of them.
    pub(crate) fn catalogues(&self) -> Result<BTreeSet<String>, IndexError> {
        let mut catalogues = BTreeSet::new();
        for segment in self.reader.searcher().segment_readers() {
            let catalogue = segment.inverted_index(self.fields.catalogue)?;
            let mut terms = catalogue.terms().stream()?;
            while terms.advance() {
                catalogues.insert(String::from_utf8_lossy(terms.key()).into_owned());
            }
        }
        Ok(catalogues)
    }

    fn of_document(&self, course: &str, document: &str) -> BooleanQuery {
        let key = TermQuery::new(self.fields.document(course, document), IndexRecordOption::Basic);
        BooleanQuery::new(vec![(Occur::Must, Box::new(term(self.fields.course, course))), (Occur::Must, Box::new(key))])
    }

    fn collect(&self, query: Box<dyn TantivyQuery>) -> Result<Vec<Passage>, IndexError> {
        let searcher = self.reader.searcher();
        let mut passages: Vec<Passage> = Vec::new();
        for address in searcher.search(&query, &DocSetCollector)? {
            // A record has the key of its passages.
            if let Some(json) = stored(&searcher, address, self.fields.passage)? {
                passages.push(serde_json::from_str(&json)?);
            }
        }
        passages.sort_by_key(|passage| passage.place);
        Ok(passages)
    }

    pub(crate) fn passage(&self, searcher: &Searcher, address: DocAddress) -> Result<Passage, IndexError> {
        let json = stored(searcher, address, self.fields.passage)?.unwrap_or_default();
        Ok(serde_json::from_str(&json)?)
    }
}

fn records<T: DeserializeOwned>(searcher: &Searcher, fields: Fields, term: Term) -> Result<Vec<T>, IndexError> {
    let mut records = Vec::new();
    for address in searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &DocSetCollector)? {
        if let Some(json) = stored(searcher, address, fields.record)? {
            records.push(serde_json::from_str(&json)?);
        }
    }
    Ok(records)
}

fn term(field: Field, value: &str) -> TermQuery {
    TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic)
}

fn stored(searcher: &Searcher, address: DocAddress, field: Field) -> Result<Option<String>, IndexError> {
    let entry: TantivyDocument = searcher.doc(address)?;
    Ok(entry.get_first(field).and_then(|value| value.as_str()).map(str::to_owned))
}
