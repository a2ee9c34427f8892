//! Ingesting and removing: each is one commit, so that searches see all of it or none.

use std::fmt::Write;
use std::io;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};
use tantivy::merge_policy::LogMergePolicy;
use tantivy::{IndexWriter, TantivyDocument, Term};

use crate::schema::{RECIPE, Record};
use crate::versions::Version;
use crate::{Document, Index, IndexError, Ingested, Passage, Status, chunk, extract};

/// The memory that one commit gathers its passages in; tantivy's least.
const BUDGET: usize = 15_000_000;
/// Segments of fewer passages than this are merged with each other; larger ones with those of about their size.
const LAYER: u32 = 500;
/// The longest name, in bytes.
const NAME: usize = 512;

/// How far an ingestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A page is being read.
    Page {
        /// Its number.
        page: u32,
        /// How many there are.
        pages: u32,
    },
    /// The passages are cut.
    Passages {
        /// How many there are.
        count: usize,
    },
    /// The passages are being embedded.
    Vectors {
        /// How many have a vector.
        done: usize,
        /// How many there are.
        count: usize,
    },
}

impl Index {
    /// Learns a document: reads it, cuts it into passages, and puts them in the place of those that the course
    /// had of a document by that name. An unchanged document is left alone.
    ///
    /// `progress` hears how far it is and may stop it. It blocks, for seconds when the document is long.
    ///
    /// # Errors
    ///
    /// Any [`IndexError`] but [`IndexError::Incompatible`]; the index is then as it was.
    pub fn ingest(
        &self,
        course: &str,
        document: &str,
        bytes: &[u8],
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Ingested, IndexError> {
        check_name(course)?;
        check_name(document)?;
        let sha256 = hexadecimal(&Sha256::digest(bytes));
        if let Some(record) = self.record(course, document)?.filter(|record| record.is_current(&sha256)) {
            self.complete_document(course, &record, progress)?;
            return Ok(Ingested { status: Status::Unchanged, document: record.document, remarks: Vec::new() });
        }
        let mut page = |page, pages| progress(Progress::Page { page, pages }).is_continue();
        let extracted = extract::extract(self.program.as_ref(), document, bytes, &mut page)?;
        let passages = passages(course, document, chunk::chunk(&extracted.blocks));
        if progress(Progress::Passages { count: passages.len() }).is_break() {
            return Err(IndexError::Cancelled);
        }
        let name = document.to_owned();
        let document = Document { name, sha256, passages: passages.len(), pages: extracted.pages };
        let record = Record { document: document.clone(), recipe: RECIPE };
        self.embed(course, &record, &passages, progress)?;
        let status = self.replace(course, &record, &passages)?;
        tracing::info!(course, passages = document.passages, pages = document.pages, ?status, "document learned");
        Ok(Ingested { status, document, remarks: extracted.remarks })
    }

    /// Takes a document out of a course; false when the course does not have it. [`Self::restore`] brings it back.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`]; the index is then as it was.
    pub fn remove(&self, course: &str, document: &str) -> Result<bool, IndexError> {
        let _turn = self.turn();
        Ok(self.exchange(course, document, None)?.is_some())
    }

    /// Forgets all documents of a course, and what is kept of them.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`]; the index is then as it was.
    pub fn remove_course(&self, course: &str) -> Result<(), IndexError> {
        let _turn = self.turn();
        self.forget(course)
    }

    pub(crate) fn replace(&self, course: &str, record: &Record, passages: &[Passage]) -> Result<Status, IndexError> {
        let _turn = self.turn();
        let status = self.exchange(course, &record.document.name, Some(Version { record, passages }))?;
        Ok(status.unwrap_or(Status::Added))
    }

    /// Deletes and adds in one commit, and lets searches see it. Whoever calls it has the turn.
    ///
    /// The writer lives for this commit only: dropped on an error it leaves the last commit standing, and it
    /// takes no memory between documents.
    pub(crate) fn commit(&self, deleted: &[Term], added: Vec<TantivyDocument>) -> Result<(), IndexError> {
        self.write(deleted, added).map_err(|error| self.full_disk().unwrap_or(error))
    }

    /// What a full disk is called. tantivy's threads tell that they failed, but not why.
    fn full_disk(&self) -> Option<IndexError> {
        let free = fs4::available_space(&self.folder).ok()?;
        (free < BUDGET as u64).then(|| io::Error::from(io::ErrorKind::StorageFull).into())
    }

    fn write(&self, deleted: &[Term], added: Vec<TantivyDocument>) -> Result<(), IndexError> {
        let mut writer: IndexWriter = self.inner.writer_with_num_threads(1, BUDGET)?;
        // Else all that a small course has would be merged again with each eighth document.
        let mut merging = LogMergePolicy::default();
        merging.set_min_layer_size(LAYER);
        writer.set_merge_policy(Box::new(merging));
        for term in deleted {
            writer.delete_term(term.clone());
        }
        for entry in added {
            writer.add_document(entry)?;
        }
        writer.commit()?;
        // The commit stands from here on: what fails below costs space or speed, not the document.
        if let Err(error) = writer.wait_merging_threads() {
            tracing::warn!(%error, "cannot merge the index's segments");
        }
        self.reader.reload()?;
        Ok(())
    }
}

impl Record {
    fn is_current(&self, sha256: &str) -> bool {
        self.document.sha256 == sha256 && self.recipe == RECIPE
    }
}

fn check_name(name: &str) -> Result<(), IndexError> {
    let sound = !name.is_empty() && name.len() <= NAME && !name.contains('\0');
    if sound { Ok(()) } else { Err(IndexError::BadName { name: name.chars().take(80).collect() }) }
}

pub(crate) fn passages(course: &str, document: &str, chunks: Vec<chunk::Chunk>) -> Vec<Passage> {
    let passage = |(place, chunk): (u32, chunk::Chunk)| Passage {
        course: course.to_owned(),
        document: document.to_owned(),
        section: chunk.section,
        marks: chunk.marks,
        place,
        text: chunk.text,
    };
    (0..).zip(chunks).map(passage).collect()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
