//! What the index holds: passages, and one record for each document.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};

use crate::analyze::{MixedTokenizer, PairTokenizer};
use crate::{Document, IndexError, Passage, Place};

/// Rises when an older index cannot be read any more.
const VERSION: u32 = 2;
const TOKENIZER: &str = "mixed";
const PAIRS: &str = "pairs";
/// Marks what is kept; names of courses and documents hold no NUL.
const KEPT: &str = "\0kept";

/// The fields of the index.
///
/// A passage has `course`, `key`, `place`, `page`, `text`, `pairs`, `headings` and `passage`; a document's record has
/// `catalogue`, `key` and `record`. Courses and keys are whole terms: no prefix of one ever matches.
///
/// Of a version that is kept, passages have `key` and `passage` alone, and the record has its usual fields. Its key and
/// its catalogue end in a mark that no name can end in, so no search and no list meets them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The course of a passage.
    pub(crate) course: Field,
    /// The course of a document's record.
    pub(crate) catalogue: Field,
    /// Course and document in one.
    pub(crate) key: Field,
    /// The passage's position in the document.
    pub(crate) place: Field,
    /// The page or slide that the passage starts on, where there are such.
    pub(crate) page: Field,
    pub(crate) text: Field,
    /// The text as pairs of Chinese characters.
    pub(crate) pairs: Field,
    /// The heading path and the document's name.
    pub(crate) headings: Field,
    /// The passage as JSON.
    pub(crate) passage: Field,
    /// The record as JSON.
    pub(crate) record: Field,
}

/// What is known of a document as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub(crate) document: Document,
    /// The version of the program that read and cut it.
    pub(crate) recipe: u32,
}

/// The way in which documents are read and cut: another number means to read them again.
pub(crate) const RECIPE: u32 = crate::extract::VERSION * 1_000 + crate::chunk::VERSION;

impl Fields {
    fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        // Nothing asks where in a text a word stands, so no positions are kept.
        let searched = |tokenizer| {
            let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer);
            TextOptions::default().set_indexing_options(indexing.set_index_option(IndexRecordOption::WithFreqs))
        };
        let fields = Self {
            course: schema.add_text_field("course", STRING),
            catalogue: schema.add_text_field("catalogue", STRING),
            key: schema.add_text_field("key", STRING | FAST),
            place: schema.add_u64_field("place", INDEXED | FAST),
            page: schema.add_u64_field("page", FAST),
            text: schema.add_text_field("text", searched(TOKENIZER)),
            pairs: schema.add_text_field("pairs", searched(PAIRS)),
            headings: schema.add_text_field("headings", searched(TOKENIZER)),
            passage: schema.add_text_field("passage", STORED),
            record: schema.add_text_field("record", STORED),
        };
        (schema.build(), fields)
    }

    /// The fields that are searched.
    pub(crate) fn searched(&self) -> [Field; 3] {
        [self.text, self.pairs, self.headings]
    }

    /// The term of all passages and the record of a document.
    pub(crate) fn document(&self, course: &str, document: &str) -> Term {
        Term::from_field_text(self.key, &format!("{course}\0{document}"))
    }

    /// The term of all passages and the record of the version that is kept of a document.
    pub(crate) fn kept(&self, course: &str, document: &str) -> Term {
        Term::from_field_text(self.key, &format!("{course}\0{document}{KEPT}"))
    }

    /// The catalogue of the versions that are kept of a course's documents.
    pub(crate) fn kept_catalogue(&self, course: &str) -> String {
        format!("{course}{KEPT}")
    }

    pub(crate) fn passage(&self, passage: &Passage) -> Result<TantivyDocument, IndexError> {
        let mut entry = TantivyDocument::default();
        entry.add_text(self.course, &passage.course);
        entry.add_text(self.key, format!("{}\0{}", passage.course, passage.document));
        entry.add_u64(self.place, u64::from(passage.place));
        if let Some(page) = passage.place_of("").and_then(Place::leaf) {
            entry.add_u64(self.page, u64::from(page));
        }
        entry.add_text(self.text, &passage.text);
        entry.add_text(self.pairs, &passage.text);
        entry.add_text(self.headings, headings(passage));
        entry.add_text(self.passage, serde_json::to_string(passage)?);
        Ok(entry)
    }

    /// A passage of a version that is kept.
    pub(crate) fn kept_passage(&self, passage: &Passage) -> Result<TantivyDocument, IndexError> {
        let mut entry = TantivyDocument::default();
        entry.add_text(self.key, format!("{}\0{}{KEPT}", passage.course, passage.document));
        entry.add_text(self.passage, serde_json::to_string(passage)?);
        Ok(entry)
    }

    /// The record of a version that is kept.
    pub(crate) fn kept_record(
        &self,
        course: &str,
        document: &str,
        record: &impl Serialize,
    ) -> Result<TantivyDocument, IndexError> {
        let mut entry = TantivyDocument::default();
        entry.add_text(self.catalogue, self.kept_catalogue(course));
        entry.add_text(self.key, format!("{course}\0{document}{KEPT}"));
        entry.add_text(self.record, serde_json::to_string(record)?);
        Ok(entry)
    }

    pub(crate) fn record(&self, course: &str, record: &Record) -> Result<TantivyDocument, IndexError> {
        let mut entry = TantivyDocument::default();
        entry.add_text(self.catalogue, course);
        entry.add_text(self.key, format!("{course}\0{}", record.document.name));
        entry.add_text(self.record, serde_json::to_string(record)?);
        Ok(entry)
    }
}

/// The heading path, the document's name without its ending and the file in an archive, as words.
pub(crate) fn headings(passage: &Passage) -> String {
    let name = passage.document.rsplit_once('.').map_or(passage.document.as_str(), |(name, _)| name);
    let name = name.replace(['-', '_', '/', '.'], " ");
    let file = passage.place_of("").and_then(Place::file).map(|file| file.replace(['-', '_', '/', '.'], " "));
    let section = passage.section.iter().map(String::as_str);
    section.chain([name.as_str()]).chain(file.as_deref()).collect::<Vec<_>>().join("\n")
}

/// Opens the index in a folder, or makes one there.
pub(crate) fn open(folder: &Path) -> Result<(tantivy::Index, Fields), IndexError> {
    fs::create_dir_all(folder)?;
    let (schema, fields) = Fields::build();
    let index = if folder.join("meta.json").exists() {
        check_version(folder)?;
        let index = tantivy::Index::open_in_dir(folder)?;
        if index.schema() != schema {
            return Err(incompatible(folder, VERSION));
        }
        index
    } else {
        write_version(folder)?;
        tantivy::Index::create_in_dir(folder, schema)?
    };
    index.tokenizers().register(TOKENIZER, MixedTokenizer);
    index.tokenizers().register(PAIRS, PairTokenizer);
    Ok((index, fields))
}

fn check_version(folder: &Path) -> Result<(), IndexError> {
    let stated = fs::read_to_string(folder.join("version")).unwrap_or_default();
    let found = stated.trim().parse().unwrap_or(0);
    if found == VERSION { Ok(()) } else { Err(incompatible(folder, found)) }
}

fn incompatible(folder: &Path, found: u32) -> IndexError {
    IndexError::Incompatible { folder: folder.to_owned(), found, expected: VERSION }
}

fn write_version(folder: &Path) -> Result<(), IndexError> {
    let beside = folder.join("version.new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(VERSION.to_string().as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, folder.join("version"))?;
    Ok(())
}
