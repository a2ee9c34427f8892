//! Sentences that a person picked from real files are found first, with the place where a person finds them.
//!
//! `found.jsonl` has one a line: the file, the sentence, and its page, slide, speaker's notes, cell or the last of its headings, as other
//! programs and the files' own sources tell them. Without a folder of course material beside the repository this says so
//! and passes; `TUTOR_TEST_MATERIAL` names another folder.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, or says why it is skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tutor_index::{Index, Passage, Place, Query, supports};

/// Sentences that a file has at the least; a file without so many has all that it says here.
const SENTENCES: usize = 10;
/// Files that say less: a page of example text, an example book and notebook, a page of formulas, a list of links.
const SHORT: [&str; 5] = ["minimal-document.pdf", "test.epub", "test_notebook.ipynb", "equations.docx", "Index.ipynb"];

/// A sentence and where it stands; one of several places where it is repeated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Picked {
    file: String,
    sentence: String,
    page: Option<Numbers>,
    slide: Option<u32>,
    notes: Option<u32>,
    cell: Option<u32>,
    section: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Numbers {
    One(u32),
    Any(Vec<u32>),
}

impl Picked {
    /// The course that its file is learned in: a real one whole, or one of its own.
    fn course(&self) -> &str {
        match self.file.strip_prefix("courses/").and_then(|path| path.split_once('/')) {
            // Its slides stand there twice, in two formats.
            Some((course, _)) if course != "ai-system-zh" => course,
            _ => &self.file,
        }
    }

    fn is_at(&self, place: Option<&Place>, section: &[String]) -> bool {
        let is_page = |page: &Numbers| match (page, place) {
            (Numbers::One(wanted), Some(Place::Page { page })) => wanted == page,
            (Numbers::Any(wanted), Some(Place::Page { page })) => wanted.contains(page),
            _ => false,
        };
        let is = |wanted: Place| place == Some(&wanted);
        self.page.as_ref().is_none_or(is_page)
            && self.slide.is_none_or(|slide| is(Place::Slide { slide }))
            && self.notes.is_none_or(|slide| is(Place::Notes { slide }))
            && self.cell.is_none_or(|cell| is(Place::Cell { cell }))
            && self.section.as_ref().is_none_or(|wanted| section.ends_with(wanted))
    }
}

fn material() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("TUTOR_TEST_MATERIAL").map_or_else(beside, PathBuf::from);
    if !folder.join("documents").is_dir() {
        eprintln!("skipped: no course material in {}", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn sentences_are_found_first_and_where_they_stand() {
    let Some(folder) = material() else { return };
    let picked: Vec<Picked> =
        include_str!("found.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    check_counts(&picked);
    let data = tempfile::tempdir().unwrap();
    let index = Index::open(data.path(), None).unwrap();
    for (course, files) in courses(&folder, &picked) {
        for file in files {
            let (name, bytes) = (name(&file), fs::read(folder.join(&file)).unwrap());
            let learned = index.ingest(&course, &name, &bytes, &mut |_| ControlFlow::Continue(()));
            // A title and no more.
            assert!(learned.is_ok() || name == "PREFACE.md", "{file}: {learned:?}");
        }
    }
    let wrong: Vec<String> = picked.iter().filter_map(|picked| complaint(&index, picked)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), picked.len(), wrong.join("\n"));
}

fn check_counts(picked: &[Picked]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    picked.iter().for_each(|picked| *counts.entry(&picked.file).or_default() += 1);
    let few = counts.iter().filter(|(file, count)| **count < SENTENCES && !SHORT.contains(&&*name(file)));
    assert_eq!(few.collect::<Vec<_>>(), [], "files with fewer than {SENTENCES} sentences");
}

/// The courses with their files, by path from the material's folder.
fn courses(folder: &Path, picked: &[Picked]) -> BTreeMap<String, BTreeSet<String>> {
    let mut courses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for picked in picked {
        let files = courses.entry(picked.course().to_owned()).or_default();
        if picked.course() == picked.file {
            files.insert(picked.file.clone());
        } else if files.is_empty() {
            let path = format!("courses/{}", picked.course());
            let entries = fs::read_dir(folder.join(&path)).unwrap().map(|entry| entry.unwrap());
            let names = entries.map(|entry| entry.file_name().into_string().unwrap());
            files.extend(names.filter(|name| supports(name)).map(|name| format!("{path}/{name}")));
        }
    }
    courses
}

/// What is wrong with what is found.
fn complaint(index: &Index, picked: &Picked) -> Option<String> {
    let query = Query { course: picked.course(), document: None, text: &picked.sentence, limit: 1, meaning: None };
    let Some(hit) = index.search(&query).unwrap().pop() else { return Some(format!("{picked:?}: nothing")) };
    let passage = &hit.passage;
    // A slide's title, or a document's.
    let title = passage.section.iter().any(|title| title.contains(&picked.sentence)).then_some("");
    let Some(quote) = quote(passage, &picked.sentence).or(title) else {
        return Some(format!("{picked:?}: found {} {:?} {:?}", passage.document, passage.place_of(""), passage.text));
    };
    let (place, section) = (passage.place_of(quote), &passage.section);
    let is_right = passage.document == name(&picked.file) && picked.is_at(place, section);
    (!is_right).then(|| format!("{picked:?}: stands in {} at {place:?} below {section:?}", passage.document))
}

fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// The sentence as it stands in a passage, whatever spaces and marks stand in it: lines of a slide are points there.
fn quote<'a>(passage: &'a Passage, sentence: &str) -> Option<&'a str> {
    let counts = |c: &char| c.is_alphanumeric();
    let wanted: String = sentence.chars().filter(counts).collect();
    let (text, mut squeezed, mut starts) = (passage.text.as_str(), String::new(), Vec::new());
    for (at, c) in text.char_indices().filter(|(_, c)| counts(c)) {
        squeezed.push(c);
        starts.extend(std::iter::repeat_n(at, c.len_utf8()));
    }
    let start = squeezed.find(&wanted)?;
    let end = starts.get(start + wanted.len()).copied().unwrap_or(text.len());
    Some(text[starts[start]..end].trim_end())
}
