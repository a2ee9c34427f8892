//! A process that is killed while it changes the index leaves every course at exactly one version of it.
//!
//! What the child does is a function of numbers: it tells which change it begins and which it has done, so that the
//! parent knows what every course must hold then: what it held before the change under way, or after it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::schema::{RECIPE, Record};
use crate::vectors::{Quantised, TextId, VectorFile, Vectors, compute};
use crate::writer::{hexadecimal, passages};
use crate::{Document, Embed, EmbedFailed, Index, Passage, Progress, Query, chunk, extract};

/// Names the folder to the child process.
const FOLDER: &str = "TUTOR_TEST_KILLED_FOLDER";
/// The number of the child's first change.
const FIRST: &str = "TUTOR_TEST_KILLED_FIRST";
/// How often to kill; a long run sets more.
const KILLS: &str = "TUTOR_TEST_KILLS";
const FEW: u64 = 12;
/// Kills until another folder is begun, so that making an index is cut off too.
const ROUND: u64 = 10;
/// No child lives longer.
const BOUND: Duration = Duration::from_secs(20);

const COURSES: [&str; 2] = ["algebra", "代数"];
const DOCUMENTS: [&str; 3] = ["one.md", "two.md", "three.txt"];

/// A change of the index.
#[derive(Debug, Clone, Copy)]
enum Change {
    Learn(&'static str, &'static str),
    Remove(&'static str, &'static str),
    Restore(&'static str, &'static str),
    Drop(&'static str),
}

/// The change with a number.
fn change(number: u64) -> Change {
    let dice = Sha256::digest(number.to_le_bytes());
    let course = COURSES[usize::from(dice[0]) % COURSES.len()];
    let document = DOCUMENTS[usize::from(dice[1]) % DOCUMENTS.len()];
    match dice[2] % 16 {
        0 => Change::Drop(course),
        1..4 => Change::Remove(course, document),
        4..7 => Change::Restore(course, document),
        _ => Change::Learn(course, document),
    }
}

/// What change `number` makes of a document: half of its paragraphs are those of every version.
fn content(document: &str, number: u64) -> String {
    let mut text = String::new();
    for part in 0..3 + number % 6 {
        let version = if part % 2 == 0 { number } else { 0 };
        let words = (0..120).map(|word| format!("w{version}x{part}x{word}")).collect::<Vec<_>>().join(" ");
        write!(text, "# Part {part} of {document}\n\nHere mark{version} says: {words}.\n\n").unwrap();
    }
    text
}

/// The documents of all courses.
type Held = BTreeMap<(&'static str, &'static str), Versions>;

/// What there is of a document: each version by the number of the change that made it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Versions {
    now: Option<u64>,
    kept: Option<u64>,
}

/// What the courses hold after a change.
fn after(held: &Held, number: u64) -> Held {
    let mut held = held.clone();
    let (document, now) = match change(number) {
        Change::Learn(course, document) => ((course, document), Some(number)),
        Change::Remove(course, document) => ((course, document), None),
        Change::Restore(course, document) => {
            let versions = held.entry((course, document)).or_default();
            if versions.kept.is_some() {
                *versions = Versions { now: versions.kept, kept: versions.now };
            }
            return held;
        }
        Change::Drop(course) => {
            held.retain(|(own, _), _| *own != course);
            return held;
        }
    };
    let versions = held.entry(document).or_default();
    *versions = Versions { now, kept: versions.now.or(versions.kept) };
    held
}

/// An embedder that needs no model: a dimension for each of 32 classes of words.
struct Hashing;

impl Embed for Hashing {
    fn name(&self) -> &str {
        "hashing"
    }

    fn reads_chinese(&self) -> bool {
        true
    }

    fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed> {
        let vector = |text: &String| {
            let mut vector = vec![0.1; 32];
            text.split_whitespace().for_each(|word| vector[usize::from(Sha256::digest(word)[0] % 32)] += 1.0);
            vector
        };
        Ok(texts.iter().map(vector).collect())
    }
}

fn open(folder: &Path) -> Index {
    Index::open(folder, Some(Arc::new(Hashing))).unwrap()
}

/// The child: does nothing in an ordinary run. Otherwise makes change after change, and says so.
#[test]
fn killed_child() {
    let (Ok(folder), Ok(first)) = (std::env::var(FOLDER), std::env::var(FIRST)) else { return };
    let started = Instant::now();
    tell("opens", 0);
    let index = open(folder.as_ref());
    for number in first.parse::<u64>().unwrap().. {
        if started.elapsed() > BOUND {
            return;
        }
        tell("begins", number);
        make(&index, number);
        tell("has", number);
    }
}

fn make(index: &Index, number: u64) {
    let mut go_on = |_: Progress| ControlFlow::Continue(());
    match change(number) {
        Change::Learn(course, document) => {
            drop(index.ingest(course, document, content(document, number).as_bytes(), &mut go_on).unwrap());
        }
        Change::Remove(course, document) => drop(index.remove(course, document).unwrap()),
        Change::Restore(course, document) => drop(index.restore(course, document, &mut go_on).unwrap()),
        Change::Drop(course) => index.remove_course(course).unwrap(),
    }
}

fn tell(what: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "tells {what} {number}").unwrap();
    out.flush().unwrap();
}

/// Starts the child and passes on what it tells.
fn start(folder: &Path, first: u64) -> (Child, Receiver<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::killed_child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            // The test harness may have begun the first line.
            if let Some((_, line)) = line.split_once("tells ") {
                drop(sender.send(line.to_owned()));
            }
        }
    });
    (child, told)
}

#[test]
fn a_killed_process_leaves_one_version_of_every_course_with_its_vectors() {
    let kills = std::env::var(KILLS).map_or(FEW, |kills| kills.parse().unwrap());
    let (mut folder, mut held, mut next) = (tempfile::tempdir().unwrap(), Held::new(), 1);
    let (mut done, mut cut) = (0, 0);
    for kill in 0..kills {
        if kill % ROUND == 0 {
            (folder, held) = (tempfile::tempdir().unwrap(), Held::new());
        }
        let (mut child, told) = start(folder.path(), next);
        let first = told.recv_timeout(BOUND).expect("the child opens the index");
        // Any moment: from before the index stands to some changes later.
        let moment = Duration::from_micros(u64::from(Sha256::digest(kill.to_be_bytes())[0]) * 1_500);
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        let told: Vec<String> = std::iter::once(first).chain(told).collect();
        let mut under_way = None;
        for (what, number) in told.iter().filter_map(|line| line.split_once(' ')) {
            let number: u64 = number.parse().unwrap();
            under_way = (what == "begins").then_some(number);
            if what == "has" {
                (held, done) = (after(&held, number), done + 1);
            }
            next = next.max(number + 1);
        }
        cut += usize::from(under_way.is_some());
        let either = [Some(held.clone()), under_way.map(|number| after(&held, number))];
        let context = format!("kill {kill} after {moment:?}, {:?} under way", under_way.map(change));
        held = check(folder.path(), either.into_iter().flatten().collect(), &context);
    }
    assert!(done > kills && cut > 0, "{done} changes done, {cut} cut off");
}

/// Opens the index: it holds one of what it may hold, wholly. Gives back which.
fn check(folder: &Path, may: Vec<Held>, context: &str) -> Held {
    let index = open(folder);
    let holds = shape(&index);
    let Some(held) = may.iter().find(|held| expected_shape(held) == holds) else {
        panic!(
            "{context}: the index holds {holds:?}, it may hold {:?}",
            may.iter().map(expected_shape).collect::<Vec<_>>()
        )
    };
    let mut files = BTreeSet::new();
    let is_here = |course: &str, document: &str| {
        held.iter().any(|(key, versions)| *key == (course, document) && versions.now.is_some())
    };
    for (&(course, document), versions) in held {
        for number in [versions.now, versions.kept].into_iter().flatten() {
            let (record, expected) = learned(course, document, number);
            assert_eq!(vectors(&index, course, &record).as_ref(), Some(&rows(&expected)), "{context}");
            files.insert(Vectors::name(course, &record));
            let key = if versions.now == Some(number) {
                index.fields.document(course, document)
            } else {
                index.fields.kept(course, document)
            };
            let mut passages = index.passages_with(key).unwrap();
            passages.sort_by_key(|passage| passage.place);
            assert_eq!(passages, expected, "{context}");
        }
        let Some(number) = versions.now else { continue };
        let query = Query { course, document: None, text: &format!("mark{number}"), limit: 5, meaning: None };
        let hits = index.search(&query).unwrap();
        assert!(hits.first().is_some_and(|hit| hit.passage.document == document), "{context}: {number} is not found");
    }
    for course in COURSES {
        let all = Query { course, document: None, text: "part document mark0", limit: 100, meaning: None };
        let hits = index.search(&all).unwrap();
        assert!(hits.iter().all(|hit| is_here(course, &hit.passage.document)), "{context}: what is gone is found");
    }
    assert_eq!(index.complete(&|| true).unwrap(), 0, "{context}: vectors were missing");
    assert_eq!(files_of(folder), files, "{context}: files of vectors");
    held.clone()
}

/// For each course, the documents and what is kept of them, with the hashes of their contents.
type Shape = Vec<[Vec<(String, String)>; 2]>;

fn shape(index: &Index) -> Shape {
    let named = |documents: Vec<Document>| documents.into_iter().map(|document| (document.name, document.sha256));
    let of = |course| {
        [index.documents(course), index.restorable(course)].map(|documents| named(documents.unwrap()).collect())
    };
    COURSES.map(of).into()
}

fn expected_shape(held: &Held) -> Shape {
    let of = |course: &str, which: fn(&Versions) -> Option<u64>| {
        let own = held.iter().filter(|((own, _), _)| *own == course);
        let mut documents: Vec<_> = own
            .filter_map(|((_, name), versions)| Some(((*name).to_owned(), hash(&content(name, which(versions)?)))))
            .collect();
        documents.sort();
        documents
    };
    COURSES.map(|course| [of(course, |versions| versions.now), of(course, |versions| versions.kept)]).into()
}

fn hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// What a document's record and passages must be.
fn learned(course: &str, document: &str, number: u64) -> (Record, Vec<Passage>) {
    let text = content(document, number);
    let extracted = extract::extract(None, document, text.as_bytes(), &mut |_, _| true).unwrap();
    let passages = passages(course, document, chunk::chunk(&extracted.blocks));
    let (name, sha256) = (document.to_owned(), hash(&text));
    let document = Document { name, sha256, passages: passages.len(), pages: extracted.pages };
    (Record { document, recipe: RECIPE }, passages)
}

fn rows(passages: &[Passage]) -> Vec<(TextId, Quantised)> {
    compute(&Hashing, passages, &HashMap::new(), &mut |_| true).unwrap()
}

fn vectors(index: &Index, course: &str, record: &Record) -> Option<Vec<(TextId, Quantised)>> {
    let file = index.vectors.load(&Hashing, &Vectors::name(course, record), record.document.passages)?;
    Some(VectorFile::rows(&file).collect())
}

/// The names of all files of vectors.
fn files_of(folder: &Path) -> BTreeSet<String> {
    let Ok(folders) = fs::read_dir(folder.join("vectors")) else { return BTreeSet::new() };
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}
