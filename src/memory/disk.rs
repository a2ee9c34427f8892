//! What the store promises about its files: nothing forgotten is left in them, and failures change nothing.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tutor_bots::chat::Content;

use super::contract::sample::{account, at, course_id, id, incoming, membership, message_id, question, turn, welcome};
use super::folder::{Folder, StoreError};
use super::kinds::{Seen, seen_key};
use super::record::Record;
use super::trees::{Change, Trees};
use super::{Memory, MemoryError, Role, Said, SledMemory, Student, Turn, inbox};

/// The name, the account and the text of the student who is forgotten.
const MARKER: &str = "xq7marker7qx";
const OTHERS: usize = 200;

/// Every file below `folder` in which `bytes` stand, and the number of files looked at.
fn files_with(folder: &Path, bytes: &str) -> (Vec<String>, usize) {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let named = path.to_string_lossy().contains(bytes);
        if path.is_dir() {
            let (below, more) = files_with(&path, bytes);
            found.extend(below);
            looked_at += more;
            continue;
        }
        looked_at += 1;
        let content = std::fs::read(&path).unwrap();
        if named || content.windows(bytes.len()).any(|window| window == bytes.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    (found, looked_at)
}

/// All that one student leaves behind, in a direct chat and in a group.
async fn leaves_traces(memory: &dyn Memory, name: &str) {
    welcome(memory, name).await;
    memory.join(&membership(name, "a", Role::Student, 0)).await.unwrap();
    memory.offer_link(&id(name), &format!("CODE-{name}"), at(60)).await.unwrap();
    for (number, chat) in [(1, name), (2, "group"), (3, name)] {
        let message = format!("telegram:{name}:{number}");
        memory.accept(&incoming(&message, name, chat), at(number)).await.unwrap();
        memory.set_standing(&message_id(&message), &[format!("{name}-{number}")]).await.unwrap();
        // Long enough for sled to keep it in a file of its own.
        let said = Said { text: format!("{name} ").repeat(if number == 3 { 9000 } else { 3 }), ..Said::default() };
        memory.record(&Turn { said, ..turn(&message, name, chat) }).await.unwrap();
        if number < 3 {
            memory.delivered(&message_id(&message)).await.unwrap();
        }
    }
    memory.pass_on(&question(&format!("telegram:{name}:1"), name, "a")).await.unwrap();
    memory.start_afresh(&format!("telegram:{name}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forgotten_students_are_in_no_file_while_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(SledMemory::open(folder.path()).unwrap());
    for other in 0..OTHERS {
        welcome(&*memory, &format!("s{other}")).await;
        memory.record(&turn(&format!("s{other}-1"), &format!("s{other}"), "group")).await.unwrap();
    }
    leaves_traces(&*memory, MARKER).await;
    welcome(&*memory, "second").await;
    memory.offer_link(&id(MARKER), "K7Q2", at(60)).await.unwrap();
    memory.link("K7Q2", &account("second"), at(1)).await.unwrap().unwrap();
    assert!(!files_with(folder.path(), MARKER).0.is_empty(), "the search finds what is there");
    assert!(!files_with(folder.path(), "telegram:second").0.is_empty());

    let going_on: Vec<_> = (0..OTHERS)
        .map(|other| {
            let memory = memory.clone();
            tokio::spawn(async move {
                let name = format!("s{other}");
                memory.record(&turn(&format!("{name}-2"), &name, "group")).await.unwrap();
                assert!(memory.student(&account(&name)).await.unwrap().is_some());
            })
        })
        .collect();
    let gone = memory.forget(&id(MARKER)).await.unwrap();
    for task in going_on {
        task.await.unwrap();
    }

    assert_eq!(gone.turns, 3);
    for bytes in [MARKER, "telegram:second"] {
        let (found, looked_at) = files_with(folder.path(), bytes);
        assert_eq!(found, [""; 0], "{bytes}");
        assert!(looked_at > 3);
    }
    drop(memory);
    let memory = SledMemory::open(folder.path()).unwrap();
    assert_eq!(memory.students().await.unwrap().len(), OTHERS);
    for other in 0..OTHERS {
        for number in [1, 2] {
            let message = format!("s{other}-{number}");
            let kept = memory.turn(&message_id(&message)).await.unwrap();
            assert_eq!(kept, Some(turn(&message, &format!("s{other}"), "group")));
        }
    }
    assert_eq!(files_with(folder.path(), MARKER).0, [""; 0]);
}

#[tokio::test]
async fn a_store_that_was_not_finished_is_swept_away() {
    let place = tempfile::tempdir().unwrap();
    let memory = SledMemory::open(place.path()).unwrap();
    welcome(&memory, "ada").await;
    drop(memory);
    for (number, kept) in [(0, false), (1, true), (2, false)] {
        let store = place.path().join(format!("store-{number}"));
        if !kept {
            std::fs::create_dir_all(store.join("blobs")).unwrap();
            std::fs::write(store.join("db"), MARKER).unwrap();
        }
    }
    let memory = SledMemory::open(place.path()).unwrap();
    assert_eq!(memory.students().await.unwrap().len(), 1);
    assert_eq!(files_with(place.path(), MARKER).0, [""; 0]);
}

#[tokio::test]
async fn forgetting_that_fails_changes_nothing_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let memory = SledMemory::open(folder.path()).unwrap();
    leaves_traces(&memory, MARKER).await;
    let before = memory.export(&id(MARKER)).await.unwrap();
    // The new store cannot be made the current one.
    let obstacle = folder.path().join("CURRENT.next");
    std::fs::create_dir(&obstacle).unwrap();
    assert!(matches!(memory.forget(&id(MARKER)).await, Err(MemoryError::Store(_))));
    assert_eq!(memory.export(&id(MARKER)).await.unwrap(), before);
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(memory.forget(&id(MARKER)).await.unwrap().turns, 3);
    assert_eq!(files_with(folder.path(), MARKER).0, [""; 0]);
}

#[tokio::test]
async fn a_folder_is_used_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let memory = SledMemory::open(folder.path()).unwrap();
    let second = SledMemory::open(folder.path());
    let Err(MemoryError::Store(why)) = second else { panic!("opened twice") };
    assert!(why.to_string().starts_with("another process uses"), "{why}");
    drop(memory);
    SledMemory::open(folder.path()).unwrap();
}

#[test]
fn a_change_that_has_no_room_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(place.path()).unwrap());
    let mut trees = Trees::open(&folder).unwrap();
    let student = Student { id: id("ada"), accounts: Vec::new(), language: None, course: None, created: at(0) };
    let mut change = Change::with_room(u64::MAX);
    change.put("ada", &student).unwrap();
    let Err(MemoryError::Store(why)) = trees.apply(&change) else { panic!("applied") };
    assert!(matches!(why.downcast_ref(), Some(StoreError::Full { needed: u64::MAX, .. })));
    assert_eq!(trees.get::<Student>("ada").unwrap(), None);
}

/// Ids would otherwise gather for ever; those of pending messages stay.
#[test]
fn ids_older_than_ninety_days_are_pruned() {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(place.path()).unwrap());
    let mut trees = Trees::open(&folder).unwrap();
    let message = |number: i64| incoming(&format!("m{number}"), "ada", "ada");
    for number in 0..100 {
        inbox::accept(&mut trees, &message(number), at(number)).unwrap();
        if number != 50 {
            inbox::delivered(&mut trees, &message(number).id).unwrap();
        }
    }
    let later = at(200 * 24 * 60);
    for number in 1000..1020 {
        inbox::accept(&mut trees, &message(number), later).unwrap();
    }
    assert_eq!(trees.scan::<Seen>(&[]).unwrap().count(), 21);
    assert!(trees.get::<Seen>(seen_key(&message(50).id)).unwrap().is_some());
}

#[tokio::test]
async fn a_damaged_record_is_an_error_with_its_tree() {
    let folder = tempfile::tempdir().unwrap();
    let memory = SledMemory::open(folder.path()).unwrap();
    welcome(&memory, "ada").await;
    drop(memory);
    let db = sled::open(folder.path().join("store-1")).unwrap();
    db.open_tree(Student::TREE).unwrap().insert("ada", &b"\x02{}"[..]).unwrap();
    db.flush().unwrap();
    drop(db);
    let memory = loop {
        // sled lets go of its files a moment after it was closed.
        match SledMemory::open(folder.path()) {
            Ok(memory) => break memory,
            Err(error) => assert!(matches!(error, MemoryError::Store(_))),
        }
    };
    let error = memory.student(&account("ada")).await.unwrap_err();
    assert!(matches!(error, MemoryError::Record { tree: "students", .. }), "{error:?}");
    assert_eq!(memory.course(&course_id("a")).await.unwrap(), None, "the rest can be read");
}

/// A student with thousands of turns becomes another's, and is forgotten, as one change each.
#[tokio::test]
async fn large_changes_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(SledMemory::open(folder.path()).unwrap());
    for name in ["ada", "ben"] {
        welcome(&*memory, name).await;
    }
    let turns = (0..2_000).map(|number| turn(&format!("m{number}"), "ben", "group"));
    let kept: Vec<_> = turns
        .map(|turn| {
            tokio::spawn({
                let memory = memory.clone();
                async move { memory.record(&turn).await }
            })
        })
        .collect();
    for task in kept {
        task.await.unwrap().unwrap();
    }
    memory.offer_link(&id("ada"), "K7Q2", at(60)).await.unwrap();
    memory.link("K7Q2", &account("ben"), at(1)).await.unwrap().unwrap();
    drop(memory);
    let memory = SledMemory::open(folder.path()).unwrap();
    assert_eq!(memory.usage(&id("ada")).await.unwrap().turns, 2_000);
    assert_eq!(memory.forget(&id("ada")).await.unwrap().turns, 2_000);
    assert_eq!(memory.recent("telegram:group", 1).await.unwrap(), []);
}

/// Large and odd messages come back as they were.
#[tokio::test]
async fn pending_messages_survive_whole() {
    let folder = tempfile::tempdir().unwrap();
    let memory = SledMemory::open(folder.path()).unwrap();
    let contents = [
        Content::Text("x".repeat(300_000)),
        Content::Command { name: "join".to_owned(), argument: "K7Q2 \u{0} \u{202e} 🎓".to_owned() },
        Content::Press { data: "ask:1".to_owned() },
    ];
    let messages: Vec<_> = contents
        .into_iter()
        .enumerate()
        .map(|(number, content)| super::Incoming { content, ..incoming(&format!("m{number}"), "ada", "ada") })
        .collect();
    for message in &messages {
        memory.accept(message, Timestamp::UNIX_EPOCH).await.unwrap();
    }
    drop(memory);
    let memory = SledMemory::open(folder.path()).unwrap();
    let pending: Vec<_> =
        memory.pending("telegram").await.unwrap().into_iter().map(|pending| pending.incoming).collect();
    assert_eq!(pending, messages);
}
