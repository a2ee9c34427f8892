//! Vectors beside the passages: one file a document, named for its content, so that the two never mix.
//!
//! A file is written whole, and before the commit that makes its passages visible. Which file belongs to a document
//! follows from the document's record alone: a crash leaves at most a file that no record leads to, which the next
//! start removes, and a document whose file is missing or damaged gets it anew.

mod file;
mod quantise;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tantivy::Directory as _;
use tantivy::directory::MmapDirectory;

pub(crate) use self::file::{TextId, VectorFile};
pub(crate) use self::quantise::Quantised;

use crate::embed::{Embed, EmbedFailed, reads};
use crate::schema::Record;
use crate::{Index, IndexError, Passage, Progress};

/// Rises when other texts are embedded for the same passages.
const RECIPE: u32 = 1;
/// Texts that are embedded in one call; a search waits for at most one call.
const BATCH: usize = 8;

/// The vectors of all documents, each embedder's in a folder of its own.
#[derive(Debug)]
pub(crate) struct Vectors {
    folder: PathBuf,
}

impl Vectors {
    /// Those in a folder, which need not be there.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The name of a document's file.
    pub(crate) fn name(course: &str, record: &Record) -> String {
        let document = &record.document;
        let content = format!("{RECIPE}\0{course}\0{}\0{}\0{}", document.name, document.sha256, record.recipe);
        format!("{}.vec", short(&content))
    }

    /// A document's vectors; none when they are not there or not as they were written.
    pub(crate) fn load(&self, embedder: &dyn Embed, name: &str, rows: usize) -> Option<VectorFile> {
        // tantivy maps files into memory without unsafe code of ours.
        let bytes = MmapDirectory::open(self.of(embedder)).ok()?.open_read(Path::new(name)).ok()?.read_bytes().ok()?;
        let file = VectorFile::open(bytes, rows);
        if file.is_none() {
            tracing::warn!(name, "vectors are damaged");
        }
        file
    }

    /// Writes a document's vectors to the disk before it returns.
    pub(crate) fn save(&self, embedder: &dyn Embed, name: &str, rows: &[(TextId, Quantised)]) -> io::Result<()> {
        let folder = self.of(embedder);
        fs::create_dir_all(&folder)?;
        let beside = folder.join(name).with_extension("new");
        let mut file = fs::File::create(&beside)?;
        file.write_all(&VectorFile::bytes(rows))?;
        file.sync_all()?;
        fs::rename(beside, folder.join(name))?;
        fs::File::open(folder)?.sync_all()
    }

    /// Removes a document's vectors, of all embedders.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        for folder in self.folders()? {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes all but the files with these names, and those of embedders other than `embedder`, when one is given.
    pub(crate) fn sweep(&self, kept: &HashSet<String>, embedder: Option<&dyn Embed>) -> io::Result<()> {
        let own = embedder.map(|embedder| self.of(embedder));
        for folder in self.folders()? {
            if own.as_ref().is_some_and(|own| *own != folder) {
                fs::remove_dir_all(folder)?;
                continue;
            }
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if !kept.contains(&*entry.file_name().to_string_lossy()) {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }

    fn of(&self, embedder: &dyn Embed) -> PathBuf {
        self.folder.join(short(embedder.name()))
    }

    fn folders(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(&self.folder) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Index {
    /// Gives each course's documents the vectors that they lack, as after an embedder was set up, or its files were lost.
    /// `go_on` is asked before each call of the embedder. The number of documents that got theirs.
    ///
    /// # Errors
    ///
    /// [`IndexError::Embedder`], [`IndexError::Store`], and [`IndexError::Cancelled`] when it was not to go on; what is
    /// done stays.
    pub fn complete(&self, go_on: &dyn Fn() -> bool) -> Result<usize, IndexError> {
        let mut completed = 0;
        let mut progress = |_: Progress| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        for course in self.courses()? {
            for record in self.records_of(&self.reader.searcher(), &course)? {
                completed += usize::from(self.complete_document(&course, &record, &mut progress)?);
            }
        }
        Ok(completed)
    }

    /// Gives one document the vectors that it lacks; whether it lacked them.
    pub(crate) fn complete_document(
        &self,
        course: &str,
        record: &Record,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool, IndexError> {
        let Some(embedder) = self.embedder.as_deref() else { return Ok(false) };
        let document = &record.document;
        if self.vectors.load(embedder, &Vectors::name(course, record), document.passages).is_some() {
            return Ok(false);
        }
        let passages = self.passages(course, &document.name, None)?;
        // It may have been replaced meanwhile; then its new self was given vectors by whoever did.
        if self.record(course, &document.name)?.as_ref() != Some(record) || passages.len() != document.passages {
            return Ok(false);
        }
        self.embed(course, record, &passages, progress)?;
        self.rosters.clear();
        Ok(true)
    }

    /// Writes the vectors of a document that is about to be committed. Passages that stood in its earlier version keep
    /// theirs. An embedder that fails does not keep a document from being learned: it is found by its words until
    /// [`Self::complete`] makes up for it.
    pub(crate) fn embed(
        &self,
        course: &str,
        record: &Record,
        passages: &[Passage],
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        let Some(embedder) = self.embedder.as_deref() else { return Ok(()) };
        if self.vectors.load(embedder, &Vectors::name(course, record), passages.len()).is_some() {
            return Ok(());
        }
        let known = self.known(embedder, course, &record.document.name)?;
        let count = passages.len();
        let mut done = |done| progress(Progress::Vectors { done, count }).is_continue();
        match compute(embedder, passages, &known, &mut done) {
            Ok(rows) => Ok(self.vectors.save(embedder, &Vectors::name(course, record), &rows)?),
            Err(IndexError::Embedder(error)) => {
                tracing::warn!(?error, course, "a document is learned without vectors");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The vectors of a document as it stands now, by text.
    fn known(&self, embedder: &dyn Embed, course: &str, name: &str) -> Result<HashMap<TextId, Quantised>, IndexError> {
        let Some(record) = self.record(course, name)? else { return Ok(HashMap::new()) };
        let file = self.vectors.load(embedder, &Vectors::name(course, &record), record.document.passages);
        let rows = file.iter().flat_map(VectorFile::rows);
        Ok(rows.filter(|(_, vector)| vector.scale > 0.0).collect())
    }
}

/// A vector for each passage, in order; those in `known` are taken over. `done` hears how many there are and answers
/// whether to go on.
pub(crate) fn compute(
    embedder: &dyn Embed,
    passages: &[Passage],
    known: &HashMap<TextId, Quantised>,
    done: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<(TextId, Quantised)>, IndexError> {
    let texts: Vec<String> = passages.iter().map(text).collect();
    let ids: Vec<TextId> = texts.iter().map(|text| id(text)).collect();
    let wanted = |place: &usize| !known.contains_key(&ids[*place]) && reads(embedder, &texts[*place]);
    let missing: Vec<usize> = (0..texts.len()).filter(wanted).collect();
    let mut computed = HashMap::new();
    for batch in missing.chunks(BATCH) {
        if !done(texts.len() - missing.len() + computed.len()) {
            return Err(IndexError::Cancelled);
        }
        let vectors = embedder.embed(batch.iter().map(|place| texts[*place].clone()).collect())?;
        computed.extend(batch.iter().copied().zip(vectors.iter().map(|vector| Quantised::new(vector))));
    }
    let known_length = known.values().next().map(|vector| vector.values.len());
    let dimensions = computed.values().next().map(|vector| vector.values.len()).or(known_length).unwrap_or(1);
    let all = (0..texts.len()).map(|place| {
        let vector = computed.remove(&place).or_else(|| known.get(&ids[place]).cloned());
        (ids[place], vector.unwrap_or_else(|| Quantised::zero(dimensions)))
    });
    let all: Vec<_> = all.collect();
    // An embedder that changes its dimension under one name, or drops texts, is wrong; a file must not be.
    let sound = computed.is_empty() && all.iter().all(|(_, vector)| vector.values.len() == dimensions);
    if sound { Ok(all) } else { Err(EmbedFailed("vectors of different lengths".into()).into()) }
}

/// What is embedded of a passage: its headings, which say what it is about, and its text.
fn text(passage: &Passage) -> String {
    passage.section.iter().chain([&passage.text]).map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn id(text: &str) -> TextId {
    *Sha256::digest(text.as_bytes()).first_chunk().unwrap_or(&TextId::default())
}

/// A name that tells nothing: half of the SHA-256, in hexadecimal.
fn short(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
