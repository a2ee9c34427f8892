//! The version of a document before its last change, kept as a whole so that it can be brought back.
//!
//! It stands in the index under keys that no search asks for. One commit moves versions about, so that a document and
//! what is kept of it change together or not at all; the vectors of both stand on the disk before.

use std::collections::HashSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use tantivy::{TantivyDocument, Term};

use crate::schema::Record;
use crate::vectors::Vectors;
use crate::{Document, Index, IndexError, Ingested, Passage, Progress, Status};

/// Documents of a course that are gone and can be brought back; beyond that, those that went first are forgotten.
const GONE: usize = 100;

/// A document as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version<'a> {
    pub(crate) record: &'a Record,
    pub(crate) passages: &'a [Passage],
}

/// The record of a version that is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    record: Record,
    /// Rises within a course with each version that is set aside.
    order: u64,
}

/// What one commit does, and the vectors that nothing leads to afterwards.
#[derive(Default)]
struct Change {
    deleted: Vec<Term>,
    added: Vec<TantivyDocument>,
    dropped: Vec<Record>,
}

impl Index {
    /// Brings back the version of a document that stood before it was replaced or removed last; what stands there now
    /// is kept in its place, so that restoring again undoes it. None when there is no such version.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`], and [`IndexError::Cancelled`] when `progress` stopped it; the index is then as it was.
    pub fn restore(
        &self,
        course: &str,
        document: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Option<Ingested>, IndexError> {
        loop {
            let Some(Kept { record, .. }) = self.kept(course, document)? else { return Ok(None) };
            let passages = self.passages_with(self.fields.kept(course, document))?;
            // Most often they are there already.
            self.embed(course, &record, &passages, progress)?;
            let _turn = self.turn();
            // It may have been changed meanwhile; then its vectors may be gone, too.
            if self.kept(course, document)?.is_some_and(|kept| kept.record == record) {
                let new = Version { record: &record, passages: &passages };
                let status = self.exchange(course, document, Some(new))?;
                tracing::info!(course, ?status, "document restored");
                let status = status.unwrap_or(Status::Added);
                return Ok(Some(Ingested { status, document: record.document, remarks: Vec::new() }));
            }
        }
    }

    /// The documents of a course that [`Self::restore`] can bring back, by name, each as it would stand then.
    ///
    /// # Errors
    ///
    /// [`IndexError::Store`] when the index cannot be read.
    pub fn restorable(&self, course: &str) -> Result<Vec<Document>, IndexError> {
        let mut documents: Vec<_> = self.all_kept(course)?.into_iter().map(|kept| kept.record.document).collect();
        documents.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(documents)
    }

    /// Puts `new` in the place of a document, or nothing; what stood there is kept. Whoever calls it has the turn. What
    /// became of the document, or none when it was not there and is not now.
    pub(crate) fn exchange(
        &self,
        course: &str,
        name: &str,
        new: Option<Version<'_>>,
    ) -> Result<Option<Status>, IndexError> {
        let (old, kept): (_, Option<Kept>) = (self.record(course, name)?, self.kept(course, name)?);
        if old.is_none() && new.is_none() {
            return Ok(None);
        }
        let is_new = |record: &Record| new.is_some_and(|new| new.record.document.sha256 == record.document.sha256);
        let mut change = Change { deleted: vec![self.fields.document(course, name)], ..Change::default() };
        if let Some(new) = new {
            self.add(&mut change, course, new)?;
        }
        match (&old, kept) {
            // The same bytes, read by another version of the program, are no version of their own.
            (Some(old), _) if is_new(old) => change.dropped.push(old.clone()),
            (Some(old), kept) => {
                change.deleted.push(self.fields.kept(course, name));
                change.dropped.extend(kept.map(|kept| kept.record));
                let passages = &self.passages(course, name, None)?;
                self.keep(&mut change, course, Version { record: old, passages })?;
            }
            (None, Some(kept)) if is_new(&kept.record) => {
                change.deleted.push(self.fields.kept(course, name));
                change.dropped.push(kept.record);
            }
            (None, _) => {}
        }
        if new.is_none() {
            self.make_room(&mut change, course)?;
        }
        self.carry_out(course, change, new)?;
        Ok(Some(if old.is_some() { Status::Replaced } else { Status::Added }))
    }

    /// Forgets a course with all that is kept of it.
    pub(crate) fn forget(&self, course: &str) -> Result<(), IndexError> {
        let kept: Vec<Record> = self.all_kept(course)?.into_iter().map(|kept| kept.record).collect();
        let fields = [self.fields.course, self.fields.catalogue];
        let mut change =
            Change { deleted: fields.map(|field| Term::from_field_text(field, course)).into(), ..Change::default() };
        change.deleted.extend(kept.iter().map(|record| self.fields.kept(course, &record.document.name)));
        change.dropped = self.records_of(&self.reader.searcher(), course)?;
        change.dropped.extend(kept);
        self.carry_out(course, change, None)
    }

    /// The names of all files of vectors that a document or a kept version leads to.
    pub(crate) fn vector_names(&self) -> Result<HashSet<String>, IndexError> {
        let searcher = self.reader.searcher();
        let mut names = HashSet::new();
        for catalogue in self.catalogues()? {
            let course = catalogue.split('\0').next().unwrap_or_default();
            let records = self.records_of(&searcher, &catalogue)?;
            names.extend(records.iter().map(|record| Vectors::name(course, record)));
        }
        Ok(names)
    }

    fn add(&self, change: &mut Change, course: &str, version: Version<'_>) -> Result<(), IndexError> {
        for passage in version.passages {
            change.added.push(self.fields.passage(passage)?);
        }
        change.added.push(self.fields.record(course, version.record)?);
        Ok(())
    }

    fn keep(&self, change: &mut Change, course: &str, version: Version<'_>) -> Result<(), IndexError> {
        let order = self.all_kept(course)?.iter().map(|kept| kept.order).max().unwrap_or_default() + 1;
        for passage in version.passages {
            change.added.push(self.fields.kept_passage(passage)?);
        }
        let kept = Kept { record: version.record.clone(), order };
        change.added.push(self.fields.kept_record(course, &kept.record.document.name, &kept)?);
        Ok(())
    }

    /// Before one more document goes: where too many are gone, forgets those that went first.
    fn make_room(&self, change: &mut Change, course: &str) -> Result<(), IndexError> {
        let here = self.documents(course)?;
        let is_gone = |kept: &Kept| here.iter().all(|document| document.name != kept.record.document.name);
        let mut gone: Vec<Kept> = self.all_kept(course)?.into_iter().filter(is_gone).collect();
        gone.sort_by_key(|kept| kept.order);
        gone.truncate((gone.len() + 1).saturating_sub(GONE));
        for kept in gone {
            change.deleted.push(self.fields.kept(course, &kept.record.document.name));
            change.dropped.push(kept.record);
        }
        Ok(())
    }

    fn carry_out(&self, course: &str, change: Change, new: Option<Version<'_>>) -> Result<(), IndexError> {
        let stays = new.map(|new| Vectors::name(course, new.record));
        self.commit(&change.deleted, change.added)?;
        for record in change.dropped {
            let name = Vectors::name(course, &record);
            if stays.as_ref() != Some(&name) {
                self.vectors.remove(&name)?;
            }
        }
        Ok(())
    }

    fn kept(&self, course: &str, name: &str) -> Result<Option<Kept>, IndexError> {
        self.record_with(self.fields.kept(course, name))
    }

    fn all_kept(&self, course: &str) -> Result<Vec<Kept>, IndexError> {
        self.records_of(&self.reader.searcher(), &self.fields.kept_catalogue(course))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;

    use super::*;
    use crate::Query;
    use crate::embed::fake::FakeEmbedder;

    struct Notes {
        folder: TempDir,
        index: Index,
    }

    fn open(folder: &TempDir) -> Index {
        Index::open(folder.path(), Some(Arc::new(FakeEmbedder::default()))).unwrap()
    }

    impl Notes {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { index: open(&folder), folder }
        }

        fn reopened(self) -> Self {
            drop(self.index);
            Self { index: open(&self.folder), folder: self.folder }
        }

        fn learn(&self, name: &str, text: &str) -> Status {
            self.index.ingest("c", name, text.as_bytes(), &mut |_| ControlFlow::Continue(())).unwrap().status
        }

        fn restore(&self, name: &str) -> Option<Status> {
            let restored = self.index.restore("c", name, &mut |_| ControlFlow::Continue(())).unwrap();
            restored.map(|ingested| ingested.status)
        }

        /// The texts of a document's passages, which are found by their words too.
        fn text(&self, name: &str) -> String {
            let passages = self.index.passages("c", name, None).unwrap();
            for passage in &passages {
                assert_eq!(self.found(&passage.text), passage.text);
            }
            let files = std::fs::read_dir(self.folder.path().join("vectors"));
            let files =
                files.into_iter().flatten().flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
            let names: HashSet<String> =
                files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
            assert_eq!(names, self.index.vector_names().unwrap(), "vectors for what there is, and for nothing else");
            passages.into_iter().map(|passage| passage.text).collect::<Vec<_>>().join(" ")
        }

        fn found(&self, text: &str) -> String {
            let query = Query { course: "c", document: None, text, limit: 1, meaning: None };
            self.index.search(&query).unwrap().pop().map(|hit| hit.passage.text).unwrap_or_default()
        }
    }

    #[test]
    fn a_replaced_document_comes_back_and_so_does_its_replacement() {
        let notes = Notes::new();
        assert_eq!((notes.learn("a.md", "The car."), notes.restore("a.md")), (Status::Added, None));
        let first = notes.index.version("c").unwrap();
        assert_eq!((notes.learn("a.md", "The bird."), notes.text("a.md").as_str()), (Status::Replaced, "The bird."));
        let second = notes.index.version("c").unwrap();
        assert_ne!(first, second);
        for _ in 0..2 {
            assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "The car."));
            assert_eq!((notes.index.version("c").unwrap(), notes.found("bird").as_str()), (first.clone(), "The car."));
            assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "The bird."));
            assert_eq!(notes.index.version("c").unwrap(), second);
        }
        let notes = notes.reopened();
        assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "The car."));
        assert_eq!(notes.index.complete(&|| true).unwrap(), 0, "its vectors were kept");
    }

    #[test]
    fn a_removed_document_comes_back_once() {
        let notes = Notes::new();
        notes.learn("a.md", "The car.");
        assert!(notes.index.remove("c", "a.md").unwrap());
        assert!(!notes.index.remove("c", "a.md").unwrap(), "removing again is no change");
        assert_eq!((notes.text("a.md"), notes.found("car")), (String::new(), String::new()));
        assert_eq!(notes.index.restorable("c").unwrap()[0].name, "a.md");
        let notes = notes.reopened();
        assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Added), "The car."));
        assert_eq!((notes.restore("a.md"), notes.index.restorable("c").unwrap()), (None, Vec::new()));
    }

    #[test]
    fn one_version_before_is_kept_and_none_twice() {
        let notes = Notes::new();
        for text in ["One.", "Two.", "Three."] {
            notes.learn("a.md", text);
        }
        assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "Two."));
        // Sent again by hand, what was kept is what stands there.
        assert_eq!((notes.learn("a.md", "Three."), notes.text("a.md").as_str()), (Status::Replaced, "Three."));
        notes.index.remove("c", "a.md").unwrap();
        assert_eq!((notes.learn("a.md", "Three."), notes.text("a.md").as_str()), (Status::Added, "Three."));
        assert_eq!(notes.index.restorable("c").unwrap(), []);
        // A document that is new after a removal leaves what was removed to be brought back.
        notes.index.remove("c", "a.md").unwrap();
        notes.learn("a.md", "Four.");
        assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "Three."));
    }

    #[test]
    fn what_is_kept_goes_with_its_course_and_is_bounded() {
        let notes = Notes::new();
        notes.learn("a.md", "One.");
        notes.learn("a.md", "Two.");
        for number in 0..=GONE {
            notes.learn(&format!("{number}.md"), "Gone.");
            notes.index.remove("c", &format!("{number}.md")).unwrap();
        }
        assert_eq!(notes.index.restorable("c").unwrap().len(), GONE + 1, "of those gone, and of the one still here");
        assert_eq!((notes.restore("0.md"), notes.restore("1.md")), (None, Some(Status::Added)));
        assert_eq!((notes.restore("a.md"), notes.text("a.md").as_str()), (Some(Status::Replaced), "One."));
        notes.index.remove_course("c").unwrap();
        assert_eq!((notes.text("a.md").as_str(), notes.restore("a.md"), notes.restore("2.md")), ("", None, None));
        assert!(notes.index.vector_names().unwrap().is_empty() && notes.index.restorable("c").unwrap().is_empty());
    }

    #[test]
    fn a_restoring_that_is_stopped_changes_nothing() {
        let notes = Notes::new();
        notes.learn("a.md", "The car.");
        notes.learn("a.md", "The bird.");
        std::fs::remove_dir_all(notes.folder.path().join("vectors")).unwrap();
        let stopped = notes.index.restore("c", "a.md", &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(IndexError::Cancelled)));
        assert_eq!(notes.index.complete(&|| true).unwrap(), 1);
        let text = notes.index.passages("c", "a.md", None).unwrap()[0].text.clone();
        assert_eq!((text.as_str(), notes.restore("a.md")), ("The bird.", Some(Status::Replaced)));
        assert_eq!(notes.text("a.md"), "The car.");
    }
}
