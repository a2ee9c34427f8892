//! A radix tree: runs of tokens that begin alike share a path, so that the longest known beginning is found in one walk.

use std::collections::BTreeMap;

use super::{Id, Token};

/// A node; the path to it spells a run of tokens. Every leaf but the root has a state.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The tokens between its parent and it.
    run: Vec<Token>,
    state: Option<Id>,
    children: BTreeMap<Token, Tree>,
}

fn common(a: &[Token], b: &[Token]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Tree {
    /// A state that knows most of the beginning of `tokens`, and how many of them; `None` where none knows the first.
    pub(super) fn longest(&self, tokens: &[Token]) -> Option<(Id, usize)> {
        let (mut node, mut known) = (self, 0);
        while let Some(child) = tokens.get(known).and_then(|next| node.children.get(next)) {
            let shared = common(&child.run, &tokens[known..]);
            known += shared;
            node = child;
            if shared < child.run.len() {
                break;
            }
        }
        if known == 0 {
            return None;
        }
        node.any().map(|id| (id, known))
    }

    /// Any state at or below the node: all of them begin with its path.
    fn any(&self) -> Option<Id> {
        self.state.or_else(|| self.children.values().next()?.any())
    }

    /// Puts in a state. The states that stood on the way, whose runs it begins with, are returned.
    pub(super) fn insert(&mut self, tokens: &[Token], id: Id) -> Vec<Id> {
        let mut passed = Vec::new();
        let (mut node, mut rest) = (self, tokens);
        loop {
            passed.extend(node.state);
            let Some(next) = rest.first() else { break };
            let child = node.children.entry(*next).or_insert_with(|| Self { run: rest.to_vec(), ..Self::default() });
            let shared = common(&child.run, rest);
            if shared < child.run.len() {
                child.split(shared);
            }
            rest = &rest[shared..];
            node = child;
        }
        node.state = Some(id);
        passed
    }

    /// Cuts the node's run after `at` tokens; what was below goes under the rest of it.
    fn split(&mut self, at: usize) {
        let run = self.run.split_off(at);
        let below = Self { state: self.state.take(), children: std::mem::take(&mut self.children), run };
        self.children.insert(below.run[0], below);
    }

    /// Takes out the state `id` of `tokens`; nothing happens where another stands there.
    pub(super) fn remove(&mut self, tokens: &[Token], id: Id) {
        let Some(next) = tokens.first() else {
            self.state.take_if(|state| *state == id);
            return;
        };
        let Some(child) = self.children.get_mut(next) else { return };
        if common(&child.run, tokens) < child.run.len() {
            return;
        }
        child.remove(&tokens[child.run.len()..], id);
        if child.state.is_none() && child.children.is_empty() {
            self.children.remove(next);
        } else if child.state.is_none() && child.children.len() == 1 {
            child.join();
        }
    }

    /// Joins the node with its only child.
    fn join(&mut self) {
        if let Some((_, only)) = self.children.pop_first() {
            self.run.extend(only.run);
            self.state = only.state;
            self.children = only.children;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    impl Tree {
        /// Every node below the root is needed: it has a state or parts at least two ways.
        fn is_tight(&self) -> bool {
            self.children.values().all(|child| {
                let needed = child.state.is_some() || child.children.len() > 1;
                needed && !child.run.is_empty() && child.is_tight()
            })
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_list_finds(
            changes in prop::collection::vec((prop::collection::vec(0..3_i32, 1..8), any::<bool>()), 0..40),
            prompt in prop::collection::vec(0..3_i32, 0..10),
        ) {
            let mut tree = Tree::default();
            let mut list: HashMap<Vec<Token>, Id> = HashMap::new();
            for (id, (tokens, put)) in (0..).zip(changes) {
                if put {
                    tree.insert(&tokens, id);
                    list.insert(tokens, id);
                } else if let Some(id) = list.remove(&tokens) {
                    tree.remove(&tokens, id);
                }
                prop_assert!(tree.is_tight());
            }
            let best = list.keys().map(|tokens| common(tokens, &prompt)).max().filter(|known| *known > 0);
            let found = tree.longest(&prompt);
            prop_assert_eq!(found.map(|(_, known)| known), best);
            if let Some((id, known)) = found {
                let tokens = list.iter().find(|(_, other)| **other == id).unwrap().0;
                prop_assert_eq!(&tokens[..known], &prompt[..known]);
            }
        }
    }
}
