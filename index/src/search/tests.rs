//! Searching whole courses: meaning beside words, places that questions point to, and the walls between courses.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::embed::fake::FakeEmbedder;
use crate::{Embed, Hit, Index, IndexError, Query};

struct Notes {
    folder: TempDir,
    embedder: Option<Arc<FakeEmbedder>>,
    index: Index,
}

impl Notes {
    fn new(embedder: Option<FakeEmbedder>) -> Self {
        let (folder, embedder) = (tempfile::tempdir().unwrap(), embedder.map(Arc::new));
        let index = open(&folder, embedder.as_ref()).unwrap();
        Self { folder, embedder, index }
    }

    fn reopened(self) -> Self {
        let Self { folder, embedder, index } = self;
        drop(index);
        let index = open(&folder, embedder.as_ref()).unwrap();
        Self { folder, embedder, index }
    }

    fn learn(&self, course: &str, document: &str, text: &str) {
        self.index.ingest(course, document, text.as_bytes(), &mut |_| ControlFlow::Continue(())).unwrap();
    }

    fn search(&self, course: &str, text: &str) -> Vec<Hit> {
        self.index.search(&Query { course, document: None, text, limit: 5, meaning: None }).unwrap()
    }

    fn first(&self, text: &str) -> String {
        self.search("c", text).first().map(|hit| hit.passage.text.clone()).unwrap_or_default()
    }

    fn embedded(&self) -> usize {
        self.embedder.as_ref().unwrap().seen.lock().unwrap().len()
    }

    fn vector_files(&self) -> Vec<std::path::PathBuf> {
        let Ok(folders) = std::fs::read_dir(self.folder.path().join("vectors")) else { return Vec::new() };
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }
}

fn open(folder: &TempDir, embedder: Option<&Arc<FakeEmbedder>>) -> Result<Index, IndexError> {
    Index::open(folder.path(), embedder.map(|embedder| embedder.clone() as Arc<dyn Embed>))
}

const CARS: &str = "# Roads\n\nThe automobile needs a road.\n\n# Health\n\nThe physician sees patients.\n";

#[test]
fn what_means_the_same_is_found_without_a_common_word() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    assert_eq!(notes.first("Which doctor?"), "The physician sees patients.");
    let bare = Notes::new(None);
    bare.learn("c", "a.md", CARS);
    assert_eq!(bare.first("Which doctor?"), "");
    assert_eq!(bare.first("Which physician?"), "The physician sees patients.");
}

#[test]
fn words_alone_serve_where_the_embedder_fails_or_does_not_understand() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    notes.learn("c", "b.md", "# 学习率\n\n学习率太大时，损失会发散。\n");
    assert_eq!(notes.first("学习率太大会怎样？"), "学习率太大时，损失会发散。");
    notes.embedder.as_ref().unwrap().fails.store(true, Ordering::Relaxed);
    assert_eq!(notes.first("Which physician?"), "The physician sees patients.");
    notes.learn("c", "late.md", "The penguin swims.");
    assert_eq!(notes.first("Which penguin?"), "The penguin swims.");
    notes.embedder.as_ref().unwrap().fails.store(false, Ordering::Relaxed);
    assert_eq!(notes.first("Which doctor?"), "", "one document has no vectors, so words decide alone");
    assert_eq!(notes.index.complete(&|| true).unwrap(), 1);
    assert_eq!(notes.first("Which bird?"), "The penguin swims.");
}

#[test]
fn only_what_changed_is_embedded_again() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    assert_eq!(notes.embedded(), 2);
    notes.learn("c", "a.md", &CARS.replace("patients", "many patients"));
    assert_eq!(notes.embedded(), 3);
    assert_eq!(notes.first("Which doctor?"), "The physician sees many patients.");
    notes.learn("c", "a.md", &CARS.replace("patients", "many patients"));
    let notes = notes.reopened();
    assert_eq!(notes.index.complete(&|| true).unwrap(), 0);
    assert_eq!(notes.first("Which car?"), "The automobile needs a road.");
}

#[test]
fn vectors_that_are_lost_or_damaged_are_computed_again() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    let [file] = notes.vector_files().try_into().unwrap();
    let whole = std::fs::read(&file).unwrap();
    for broken in [None, Some(whole[..whole.len() - 1].to_vec()), Some(vec![0; whole.len()])] {
        match &broken {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let index = open(&notes.folder, notes.embedder.as_ref()).unwrap();
        let query = Query { course: "c", document: None, text: "Which doctor?", limit: 5, meaning: None };
        assert_eq!(index.search(&query).unwrap(), []);
        assert_eq!(index.complete(&|| true).unwrap(), 1);
        assert_eq!(index.search(&query).unwrap()[0].passage.text, "The physician sees patients.");
        assert_eq!(std::fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn what_is_removed_leaves_no_vector_behind() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    notes.learn("c", "a.md", "The penguin swims.");
    notes.learn("c", "b.md", "The slope is steep.");
    notes.learn("d", "b.md", "The slope is steep.");
    assert_eq!(notes.vector_files().len(), 4, "those of the version before too");
    notes.index.remove("c", "a.md").unwrap();
    assert_eq!(notes.vector_files().len(), 3, "one version before, not two");
    notes.index.remove_course("c").unwrap();
    assert_eq!(notes.vector_files().len(), 1);
    // A crash between the file and its commit.
    let stray = notes.vector_files()[0].with_file_name("stray.vec");
    std::fs::write(&stray, "x").unwrap();
    let notes = notes.reopened();
    assert!(!stray.exists() && notes.vector_files().len() == 1);
}

#[test]
fn a_cancelled_document_leaves_the_old_one_whole() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    let mut stop = |progress| match progress {
        crate::Progress::Vectors { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = notes.index.ingest("c", "a.md", b"The penguin swims.", &mut stop);
    assert!(matches!(stopped, Err(IndexError::Cancelled)));
    assert_eq!(notes.first("Which doctor?"), "The physician sees patients.");
}

#[test]
fn a_question_that_points_to_a_place_finds_it_there() {
    let notes = Notes::new(None);
    for chapter in ["1", "2", "3"] {
        let text =
            format!("# Chapter {chapter}\n\nMomentum, as chapter number {chapter} of this book explains it, helps.\n");
        notes.learn("c", &format!("0{chapter}-notes.md"), &text);
        notes.learn(
            "c",
            &format!("book-{chapter}x.md"),
            &format!("# 第{chapter}章\n\n动量在第{chapter}个例子里有帮助。\n"),
        );
    }
    for chapter in ["1", "2", "3"] {
        let found = notes.search("c", &format!("What is momentum in lecture {chapter}?"));
        assert_eq!(found[0].passage.document, format!("0{chapter}-notes.md"));
        let found = notes.search("c", &format!("在第{chapter}章中，动量是什么？"));
        assert_eq!(found[0].passage.section, [format!("第{chapter}章")]);
    }
}

#[test]
fn greetings_do_not_change_what_is_found() {
    let notes = Notes::new(Some(FakeEmbedder::default()));
    notes.learn("c", "a.md", CARS);
    notes.learn("c", "b.md", "# Greetings\n\nHello and thanks are said to begin and to start a talk, please.\n");
    let asked = |text: &str| notes.search("c", text).iter().map(|hit| hit.passage.text.clone()).collect::<Vec<_>>();
    assert_eq!(asked("Hi, can you please tell me which doctor? Thanks!"), asked("which doctor?"));
}

/// Course names that look like queries, like each other, or like the keys of the index.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("c".to_owned()),
        Just("C".to_owned()),
        Just("c c".to_owned()),
        Just("course:c OR *".to_owned()),
        Just("\"c\"".to_owned()),
        Just("c\u{1}a.md".to_owned()),
        Just("ｃ".to_owned()),
        "[a-c/ *:\"()+-]{1,6}",
        "\\PC{1,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever courses are called, whatever is asked, replaced and removed: what is found belongs to the course.
    #[test]
    fn no_course_sees_another_s_passages(
        courses in prop::collection::hash_set(names(), 2..5),
        changes in prop::collection::vec((0..5_usize, 0..3_usize, prop::option::of(0..9_usize)), 1..14),
        asked in prop::collection::vec(prop_oneof![Just("secret doctor 学习"), Just("course:c OR secret"), Just("*"), Just("in lecture 1")], 1..4),
        embeds in any::<bool>(),
    ) {
        let notes = Notes::new(embeds.then(|| FakeEmbedder { chinese: true, ..FakeEmbedder::default() }));
        let courses: Vec<String> = courses.into_iter().collect();
        let mut held = std::collections::HashMap::new();
        for (course, document, version) in changes {
            let (course, name) = (&courses[course % courses.len()], format!("{document}.md"));
            match version {
                Some(version) => {
                    let text = format!("# Lecture 1\n\nThe secret doctor of {} says 学习 {version}.", courses.iter().position(|c| c == course).unwrap());
                    notes.learn(course, &name, &text);
                    held.insert((course.clone(), name), text);
                }
                None => {
                    notes.index.remove(course, &name).unwrap();
                    held.remove(&(course.clone(), name));
                }
            }
            for (course, text) in courses.iter().flat_map(|course| asked.iter().map(move |text| (course, text))) {
                for hit in notes.search(course, text) {
                    prop_assert_eq!(&hit.passage.course, course);
                    let own = held.get(&(course.clone(), hit.passage.document.clone()));
                    prop_assert!(own.is_some_and(|own| own.ends_with(&hit.passage.text)), "{:?} in {}", hit.passage, course);
                }
            }
        }
        for course in &courses {
            let own = held.keys().filter(|(of, _)| of == course).count();
            let found = notes.search(course, "secret doctor").len();
            prop_assert!((found > 0) == (own > 0), "{} documents, {} found", own, found);
        }
    }
}
