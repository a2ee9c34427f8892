//! What the files of a watched folder need: a state machine over what is seen of them, without clock or disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// How long a file must look the same before it counts as written, or as gone: editors replace files in steps.
const SETTLE: Duration = Duration::from_secs(2);

/// What tells two contents of a file apart without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    pub(super) inode: u64,
}

/// What is to be done, all of it in one go, so that a file that was renamed is never missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Needs {
    /// Files and their documents' names.
    pub(super) learn: Vec<(PathBuf, String)>,
    /// Documents, and the hash that they have if they are still what was learned here.
    pub(super) forget: Vec<(String, String)>,
}

impl Needs {
    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.learn.is_empty() && self.forget.is_empty()
    }
}

/// A document by its name, and its file.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// How it was seen last; none while it is not there.
    stamp: Option<Stamp>,
    /// Since when it has looked so.
    since: Duration,
    /// How it looked when it was learned, or could not be.
    done: Option<Stamp>,
    /// The hash of what was learned of it.
    learned: Option<String>,
}

/// The files of a folder, and what is known of them. Times count from when the watch began.
#[derive(Debug, Default)]
pub(super) struct Folder {
    files: BTreeMap<String, File>,
}

impl Folder {
    /// A folder from which documents were learned earlier, by name with their hashes.
    pub(super) fn new(learned: BTreeMap<String, String>) -> Self {
        let file = |(name, hash)| {
            let learned = Some(hash);
            (name, File { path: PathBuf::new(), stamp: None, since: Duration::ZERO, done: None, learned })
        };
        Self { files: learned.into_iter().map(file).collect() }
    }

    /// Takes in all files that are there.
    pub(super) fn see(&mut self, found: Vec<(PathBuf, String, Stamp)>, now: Duration) {
        let mut found: BTreeMap<String, (PathBuf, Stamp)> =
            found.into_iter().map(|(path, name, stamp)| (name, (path, stamp))).collect();
        for (name, file) in &mut self.files {
            let seen = found.remove(name);
            let stamp = seen.as_ref().map(|(_, stamp)| *stamp);
            if stamp != file.stamp {
                (file.stamp, file.since) = (stamp, now);
            }
            if let Some((path, _)) = seen {
                file.path = path;
            }
        }
        for (name, (path, stamp)) in found {
            self.files.insert(name, File { path, stamp: Some(stamp), since: now, done: None, learned: None });
        }
        self.files.retain(|_, file| file.stamp.is_some() || file.learned.is_some());
    }

    /// What is to be done now: at most `most` files to learn, and no document is forgotten before all are learned.
    ///
    /// A folder without any file forgets nothing: one whose drive is not there looks the same.
    pub(super) fn needs(&self, now: Duration, most: usize) -> Needs {
        let settled = |file: &File| now.saturating_sub(file.since) >= SETTLE;
        let changed = |file: &File| file.stamp.is_some() && file.stamp != file.done;
        let due = self.files.iter().filter(|(_, file)| changed(file) && settled(file));
        let learn: Vec<_> = due.map(|(name, file)| (file.path.clone(), name.clone())).take(most).collect();
        let waits = self.files.values().filter(|file| changed(file)).count() > learn.len();
        let is_empty = self.files.values().all(|file| file.stamp.is_none());
        if is_empty || waits {
            return Needs { learn, forget: Vec::new() };
        }
        let gone = self.files.iter().filter(|(_, file)| file.stamp.is_none() && settled(file));
        let forget = gone.filter_map(|(name, file)| Some((name.clone(), file.learned.clone()?))).collect();
        Needs { learn, forget }
    }

    /// How a file looks now, to be handed back when it was dealt with: it may look different by then.
    pub(super) fn stamp(&self, name: &str) -> Option<Stamp> {
        self.files.get(name)?.stamp
    }

    /// A file was learned as it looked then; `hash` is that of its bytes.
    pub(super) fn learned(&mut self, name: &str, stamp: Option<Stamp>, hash: Option<String>) {
        if let Some(file) = self.files.get_mut(name) {
            (file.done, file.learned) = (stamp, hash);
        }
    }

    /// A file could not be learned as it looked then; what was learned of it earlier stays.
    pub(super) fn failed(&mut self, name: &str, stamp: Option<Stamp>) {
        if let Some(file) = self.files.get_mut(name) {
            file.done = stamp;
        }
    }

    /// A document was forgotten, or was no longer ours.
    pub(super) fn forgotten(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// What was learned from here, by name with hashes.
    pub(super) fn all_learned(&self) -> BTreeMap<String, String> {
        let learned = |(name, file): (&String, &File)| Some((name.clone(), file.learned.clone()?));
        self.files.iter().filter_map(learned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder on which time passes a second a look.
    #[derive(Default)]
    struct Watched {
        folder: Folder,
        now: u64,
    }

    impl Watched {
        /// Looks: each file with the number of its content. What is to be learned and forgotten.
        fn look(&mut self, files: &[(&str, u64)]) -> (Vec<String>, Vec<String>) {
            self.now += 1;
            let found = files.iter().map(|(name, size)| {
                let stamp = Stamp { size: *size, modified: None, inode: 1 };
                (PathBuf::from(format!("/{name}")), (*name).to_owned(), stamp)
            });
            self.folder.see(found.collect(), Duration::from_secs(self.now));
            let needs = self.folder.needs(Duration::from_secs(self.now), 2);
            let name = |(name, _): (String, String)| name;
            (needs.learn.into_iter().map(|(_, name)| name).collect(), needs.forget.into_iter().map(name).collect())
        }

        /// Looks until something is to be done, and does it.
        fn settle(&mut self, files: &[(&str, u64)]) -> (Vec<String>, Vec<String>) {
            for _ in 0..10 {
                let (learn, forget) = self.look(files);
                for name in &learn {
                    self.folder.learned(name, self.folder.stamp(name), Some(format!("hash of {name}")));
                }
                forget.iter().for_each(|name| self.folder.forgotten(name));
                if !learn.is_empty() || !forget.is_empty() {
                    return (learn, forget);
                }
            }
            (Vec::new(), Vec::new())
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_file_is_learned_when_it_is_written_and_again_when_it_changes() {
        let mut watched = Watched::default();
        for size in 1..5 {
            assert_eq!(watched.look(&[("a.md", size)]), (names(&[]), names(&[])), "it grows");
        }
        assert_eq!(watched.settle(&[("a.md", 4)]), (names(&["a.md"]), names(&[])));
        assert_eq!(watched.settle(&[("a.md", 4)]), (names(&[]), names(&[])));
        assert_eq!(watched.settle(&[("a.md", 9)]), (names(&["a.md"]), names(&[])));
    }

    #[test]
    fn a_file_that_changes_while_it_is_learned_is_learned_again() {
        let mut watched = Watched::default();
        (0..3).for_each(|_| drop(watched.look(&[("a.md", 1)])));
        let stamp = watched.folder.stamp("a.md");
        watched.look(&[("a.md", 2)]);
        watched.folder.learned("a.md", stamp, Some("hash".to_owned()));
        assert_eq!(watched.settle(&[("a.md", 2)]), (names(&["a.md"]), names(&[])));
    }

    #[test]
    fn what_failed_waits_for_a_change_and_what_was_known_of_it_stays() {
        let mut watched = Watched::default();
        watched.settle(&[("a.md", 1), ("b.md", 1)]);
        (0..3).for_each(|_| drop(watched.look(&[("a.md", 2), ("b.md", 1)])));
        watched.folder.failed("a.md", watched.folder.stamp("a.md"));
        assert_eq!(watched.settle(&[("a.md", 2), ("b.md", 1)]), (names(&[]), names(&[])));
        assert_eq!(watched.settle(&[("b.md", 1)]), (names(&[]), names(&["a.md"])), "the version before");
        (0..3).for_each(|_| drop(watched.look(&[("c.md", 1), ("b.md", 1)])));
        watched.folder.failed("c.md", watched.folder.stamp("c.md"));
        assert_eq!(watched.settle(&[("b.md", 1)]), (names(&[]), names(&[])), "nothing was learned of it");
    }

    #[test]
    fn a_file_that_is_gone_for_a_moment_is_not_forgotten_and_a_renamed_one_not_missing() {
        let mut watched = Watched::default();
        watched.settle(&[("a.md", 1), ("b.md", 1)]);
        assert_eq!(watched.look(&[("b.md", 1)]), (names(&[]), names(&[])));
        assert_eq!(watched.settle(&[("a.md", 1), ("b.md", 1)]), (names(&[]), names(&[])));
        assert_eq!(watched.settle(&[("c.md", 1), ("b.md", 1)]), (names(&["c.md"]), names(&["a.md"])));
    }

    #[test]
    fn an_empty_folder_forgets_nothing_and_one_that_was_watched_before_forgets_what_is_gone() {
        let mut watched = Watched::default();
        watched.settle(&[("a.md", 1), ("b.md", 1)]);
        assert_eq!(watched.settle(&[]), (names(&[]), names(&[])));
        let learned = watched.folder.all_learned();
        assert_eq!(learned.keys().collect::<Vec<_>>(), ["a.md", "b.md"]);
        let mut again = Watched { folder: Folder::new(learned), now: 0 };
        assert_eq!(again.settle(&[("b.md", 1)]), (names(&["b.md"]), names(&["a.md"])));
        assert_eq!(again.folder.all_learned().into_keys().collect::<Vec<_>>(), ["b.md"]);
    }

    #[test]
    fn many_files_are_learned_some_at_a_time_and_only_then_is_anything_forgotten() {
        let mut watched = Watched::default();
        watched.settle(&[("gone.md", 1)]);
        let files = [("1.md", 1), ("2.md", 1), ("3.md", 1)];
        assert_eq!(watched.settle(&files), (names(&["1.md", "2.md"]), names(&[])));
        assert_eq!(watched.settle(&files), (names(&["3.md"]), names(&["gone.md"])));
    }
}
