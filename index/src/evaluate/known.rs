//! An embedder that remembers: the passages of the half stand in the whole too, and are embedded once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Embed, EmbedFailed};

/// Another embedder's vectors, each computed once.
pub(super) struct Known {
    embedder: Arc<dyn Embed>,
    vectors: Mutex<HashMap<String, Vec<f32>>>,
}

impl Known {
    pub(super) fn new(embedder: Arc<dyn Embed>) -> Self {
        Self { embedder, vectors: Mutex::default() }
    }
}

impl Embed for Known {
    fn name(&self) -> &str {
        self.embedder.name()
    }

    fn reads_chinese(&self) -> bool {
        self.embedder.reads_chinese()
    }

    fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed> {
        // Held over the call: evaluations embed on one thread.
        let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<String> = texts.iter().filter(|text| !vectors.contains_key(*text)).cloned().collect();
        if !new.is_empty() {
            let computed = self.embedder.embed(new.clone())?;
            vectors.extend(new.into_iter().zip(computed));
        }
        Ok(texts.iter().filter_map(|text| vectors.get(text).cloned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::fake::FakeEmbedder;

    #[test]
    fn each_text_is_embedded_once() {
        let embedder = Arc::new(FakeEmbedder::default());
        let known = Known::new(embedder.clone());
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let first = known.embed(texts(&["car", "doctor"])).unwrap();
        let again = known.embed(texts(&["doctor", "penguin", "car"])).unwrap();
        assert_eq!((&again[0], &again[2]), (&first[1], &first[0]));
        assert_eq!(*embedder.seen.lock().unwrap(), ["car", "doctor", "penguin"]);
    }
}
