//! All passages of one course as rows 0, 1, 2, …, document after document, each in order.
//!
//! Searching works on rows: what has no row in a course's roster cannot be scored, so it cannot be found.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use tantivy::columnar::Column;
use tantivy::query::{EnableScoring, Query as _, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocId, DocSet as _, Searcher, SegmentReader, TERMINATED, Term};

use crate::IndexError;
use crate::embed::Embed;
use crate::schema::{Fields, Record};
use crate::vectors::{Quantised, VectorFile, Vectors};

/// Stands for a document of the index that is no passage of the course.
const NONE: u32 = u32::MAX;

/// The passages of a course as they stood at one commit.
pub(crate) struct Roster {
    /// Where each row is stored.
    addresses: Vec<DocAddress>,
    /// The page of each row, 0 for none.
    pages: Vec<u32>,
    /// The rows of each document, by name.
    documents: Vec<(String, Range<usize>)>,
    /// For each segment of the index, the row of each of its documents.
    rows: Vec<Vec<u32>>,
    /// The mean number of words in the fields that are searched.
    lengths: HashMap<tantivy::schema::Field, f32>,
    /// The vectors of each document, when every document has them.
    vectors: Option<Vec<VectorFile>>,
}

/// A passage before rows are numbered.
struct Found {
    key: Arc<str>,
    place: u64,
    page: u32,
    address: DocAddress,
}

impl Roster {
    /// Lists a course; `records` are those of its documents.
    pub(crate) fn new(searcher: &Searcher, fields: Fields, course: &str) -> Result<Self, IndexError> {
        let mut found = Vec::new();
        for (segment, reader) in (0_u32..).zip(searcher.segment_readers()) {
            gather(searcher, reader, segment, Term::from_field_text(fields.course, course), &mut found)?;
        }
        found.sort_by(|a, b| (&a.key, a.place).cmp(&(&b.key, b.place)));
        let mut rows: Vec<Vec<u32>> =
            searcher.segment_readers().iter().map(|reader| vec![NONE; reader.max_doc() as usize]).collect();
        for (row, passage) in (0_u32..).zip(&found) {
            rows[passage.address.segment_ord as usize][passage.address.doc_id as usize] = row;
        }
        let mut lengths = HashMap::new();
        for field in fields.searched() {
            lengths.insert(field, mean_length(searcher, field, &rows, found.len())?);
        }
        Ok(Self {
            documents: documents(&found),
            addresses: found.iter().map(|passage| passage.address).collect(),
            pages: found.iter().map(|passage| passage.page).collect(),
            rows,
            lengths,
            vectors: None,
        })
    }

    /// Adds the vectors of its documents, whose records are given; without one of them there are none.
    pub(crate) fn with_vectors(
        mut self,
        vectors: &Vectors,
        embedder: &dyn Embed,
        course: &str,
        records: &[Record],
    ) -> Self {
        let records: HashMap<&str, &Record> = records.iter().map(|record| (&*record.document.name, record)).collect();
        let file = |(name, rows): &(String, Range<usize>)| {
            let record = records.get(name.as_str())?;
            vectors.load(embedder, &Vectors::name(course, record), rows.len())
        };
        self.vectors = self.documents.iter().map(file).collect();
        self
    }

    /// How many passages there are.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Where a row is stored.
    pub(crate) fn address(&self, row: usize) -> DocAddress {
        self.addresses[row]
    }

    /// The page that a row starts on.
    pub(crate) fn page(&self, row: usize) -> Option<u32> {
        Some(self.pages[row]).filter(|page| *page > 0)
    }

    /// The documents with their rows.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.documents.iter().map(|(name, rows)| (name.as_str(), rows.clone()))
    }

    /// The row of a document of the index, when it is a passage of the course.
    pub(crate) fn row(&self, segment: usize, document: DocId) -> Option<usize> {
        let row = *self.rows.get(segment)?.get(document as usize)?;
        (row != NONE).then_some(row as usize)
    }

    /// The mean length of a field, in words.
    pub(crate) fn length(&self, field: tantivy::schema::Field) -> f32 {
        self.lengths.get(&field).copied().unwrap_or(1.0)
    }

    /// Whether all passages have vectors.
    pub(crate) fn has_vectors(&self) -> bool {
        self.vectors.is_some()
    }

    /// The cosine of each row with a query; 0 where the embedder did not understand the text. None without vectors.
    pub(crate) fn cosines(&self, query: &Quantised) -> Option<Vec<f32>> {
        let wide = query.widened();
        let mut cosines = Vec::with_capacity(self.len());
        for (file, (_, rows)) in self.vectors.as_ref()?.iter().zip(&self.documents) {
            if file.dimensions() == wide.len() {
                cosines.extend(file.cosines(&wide, query.scale));
            }
            cosines.resize(rows.end, 0.0);
        }
        Some(cosines)
    }
}

/// The passages with a course's term in one segment.
fn gather(
    searcher: &Searcher,
    reader: &SegmentReader,
    segment: u32,
    course: Term,
    found: &mut Vec<Found>,
) -> Result<(), IndexError> {
    let query = TermQuery::new(course, IndexRecordOption::Basic);
    let mut documents = query.weight(EnableScoring::disabled_from_searcher(searcher))?.scorer(reader, 1.0)?;
    let (fast, first) =
        (reader.fast_fields(), |column: &Option<Column<u64>>, document| column.as_ref()?.first(document));
    // A segment without pages has no such column.
    let (places, pages) = (fast.column_opt::<u64>("place")?, fast.column_opt::<u64>("page")?);
    let Some(keys) = fast.str("key")? else { return Ok(()) };
    let mut names: HashMap<u64, Arc<str>> = HashMap::new();
    while documents.doc() != TERMINATED {
        let document = documents.doc();
        documents.advance();
        let Some(ordinal) = keys.term_ords(document).next().filter(|_| !reader.is_deleted(document)) else { continue };
        if let Entry::Vacant(name) = names.entry(ordinal) {
            let mut key = String::new();
            keys.ord_to_str(ordinal, &mut key)?;
            name.insert(key.into());
        }
        found.push(Found {
            key: names[&ordinal].clone(),
            place: first(&places, document).unwrap_or(0),
            page: first(&pages, document).and_then(|page| u32::try_from(page).ok()).unwrap_or(0),
            address: DocAddress::new(segment, document),
        });
    }
    Ok(())
}

fn documents(found: &[Found]) -> Vec<(String, Range<usize>)> {
    let mut start = 0;
    let runs = found.chunk_by(|a, b| a.key == b.key).map(|run| {
        let rows = start..start + run.len();
        start = rows.end;
        let name = run[0].key.split_once('\0').map_or("", |(_, name)| name);
        (name.to_owned(), rows)
    });
    runs.collect()
}

fn mean_length(
    searcher: &Searcher,
    field: tantivy::schema::Field,
    rows: &[Vec<u32>],
    count: usize,
) -> Result<f32, IndexError> {
    let mut sum = 0_u64;
    for (reader, rows) in searcher.segment_readers().iter().zip(rows) {
        let lengths = reader.get_fieldnorms_reader(field)?;
        let own = (0..).zip(rows).filter(|(_, row)| **row != NONE);
        sum += own.map(|(document, _)| u64::from(lengths.fieldnorm(document))).sum::<u64>();
    }
    Ok(if sum == 0 { 1.0 } else { sum as f32 / count as f32 })
}
