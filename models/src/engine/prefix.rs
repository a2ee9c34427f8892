//! Beginnings of prompts whose state was kept when their slot was given away: copied back, they need not be read again.
//!
//! A radix tree of token runs finds the longest known beginning of a prompt. What was used longest ago leaves first under
//! a limit of bytes; what was asked for often stays longer, as the rules of a course and its hot passages are.

use std::collections::HashMap;

use super::Token;
use tree::Tree;

mod tree;

/// Each time that a state was asked for again counts as much as having been used so many prompts later …
const WORTH: u64 = 64;

/// … up to so many times, so that what was hot once leaves at last.
const MOST_HITS: u64 = 16;

/// A state's number.
pub(super) type Id = u64;

/// The state of a run of tokens.
#[derive(Debug)]
struct Entry<S> {
    tokens: Vec<Token>,
    /// How many of the first tokens hold nothing of a person.
    shared: usize,
    state: S,
    bytes: usize,
    used: u64,
    hits: u64,
}

impl<S> Entry<S> {
    fn worth(&self) -> u64 {
        self.used + self.hits.min(MOST_HITS) * WORTH
    }
}

/// States of runs of tokens, under a limit of bytes.
#[derive(Debug)]
pub(super) struct Prefixes<S> {
    tree: Tree,
    entries: HashMap<Id, Entry<S>>,
    bytes: usize,
    limit: usize,
    clock: u64,
}

impl<S> Prefixes<S> {
    /// Nothing yet; states may take `limit` bytes in all.
    pub(super) fn new(limit: usize) -> Self {
        Self { tree: Tree::default(), entries: HashMap::new(), bytes: 0, limit, clock: 0 }
    }

    /// Bytes that the states take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The state that knows most of the beginning of `prompt`, and how many tokens of it.
    pub(super) fn longest(&self, prompt: &[Token]) -> Option<(Id, usize)> {
        self.tree.longest(prompt)
    }

    /// Whether a state of `bytes` for `tokens` would tell anything new and has room.
    pub(super) fn wants(&self, tokens: &[Token], bytes: usize) -> bool {
        let known = self.tree.longest(tokens).map_or(0, |(_, known)| known);
        bytes <= self.limit && known < tokens.len()
    }

    /// A state, for use.
    pub(super) fn fetch(&mut self, id: Id) -> Option<&S> {
        self.clock += 1;
        let entry = self.entries.get_mut(&id)?;
        entry.used = self.clock;
        entry.hits += 1;
        Some(&entry.state)
    }

    /// Keeps the state of `tokens`, which takes the place of states of its beginnings, and lets go of what is worth least.
    pub(super) fn keep(&mut self, tokens: Vec<Token>, shared: usize, state: S, bytes: usize) {
        if !self.wants(&tokens, bytes) {
            return;
        }
        self.clock += 1;
        let id = self.clock;
        let mut entry = Entry { shared, state, bytes, used: self.clock, hits: 0, tokens };
        for beginning in self.tree.insert(&entry.tokens, id) {
            if let Some(old) = self.remove(beginning) {
                entry.hits = entry.hits.max(old.hits);
                entry.shared = entry.shared.max(old.shared);
            }
        }
        self.bytes += entry.bytes;
        self.entries.insert(id, entry);
        while self.bytes > self.limit {
            let Some(least) = self.entries.iter().min_by_key(|(_, entry)| entry.worth()).map(|(id, _)| *id) else {
                break;
            };
            self.remove(least);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Takes out all states whose beginnings hold nothing of a person, those worth most first: their tokens, how many of
    /// them that holds for, and the state.
    pub(super) fn take_shared(&mut self) -> Vec<(Vec<Token>, usize, S)> {
        let mut entries: Vec<_> = std::mem::take(&mut self.entries).into_values().collect();
        entries.retain(|entry| entry.shared > 0);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.worth()));
        self.clear();
        entries.into_iter().map(|entry| (entry.tokens, entry.shared, entry.state)).collect()
    }

    fn remove(&mut self, id: Id) -> Option<Entry<S>> {
        let entry = self.entries.remove(&id)?;
        self.tree.remove(&entry.tokens, id);
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(limit: usize) -> Prefixes<&'static str> {
        Prefixes::new(limit)
    }

    #[test]
    fn the_longest_known_beginning_is_found() {
        let mut prefixes = prefixes(100);
        prefixes.keep(vec![1, 2, 3, 4], 0, "a", 10);
        prefixes.keep(vec![1, 2, 9], 0, "b", 10);
        let found = |prompt: &[Token]| prefixes.longest(prompt).map(|(id, known)| (prefixes.entries[&id].state, known));
        assert_eq!(found(&[1, 2, 3, 7]), Some(("a", 3)));
        assert_eq!(found(&[1, 2, 9, 9]), Some(("b", 3)));
        assert_eq!(found(&[1, 2]).map(|(_, known)| known), Some(2));
        assert_eq!(found(&[5]), None);
    }

    #[test]
    fn a_longer_run_takes_the_place_of_its_beginnings_and_a_shorter_one_tells_nothing() {
        let mut prefixes = prefixes(100);
        prefixes.keep(vec![1, 2], 2, "short", 10);
        prefixes.keep(vec![1, 2, 3], 0, "long", 10);
        assert_eq!((prefixes.entries.len(), prefixes.bytes()), (1, 10));
        assert!(!prefixes.wants(&[1, 2], 10) && prefixes.wants(&[1, 3], 10));
        assert_eq!(prefixes.take_shared(), [(vec![1, 2, 3], 2, "long")], "what is known of its beginning stays known");
        assert_eq!((prefixes.bytes(), prefixes.longest(&[1])), (0, None));
    }

    #[test]
    fn what_is_asked_for_often_outlives_what_is_new() {
        let mut prefixes = prefixes(30);
        prefixes.keep(vec![1], 0, "rules", 10);
        let (rules, _) = prefixes.longest(&[1, 5]).unwrap();
        assert_eq!(prefixes.fetch(rules), Some(&"rules"));
        for token in 2..40 {
            prefixes.keep(vec![token], 0, "once", 10);
            assert!(prefixes.bytes() <= 30);
        }
        assert_eq!(prefixes.longest(&[1, 5]), Some((rules, 1)));
        for token in 40..200 {
            prefixes.keep(vec![token], 0, "once", 10);
        }
        assert_eq!(prefixes.longest(&[1, 5]), None, "not for ever");
        prefixes.keep(vec![7; 9], 0, "too large", 31);
        assert_eq!(prefixes.longest(&[7]), None);
    }
}
