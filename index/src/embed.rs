//! What the index asks of an embedder; the composition root hands one in.

use std::error::Error;

/// A model that turns texts into vectors whose cosine tells how near they are in meaning.
///
/// Calls block. The index calls it from the threads that ingest and search, never while it holds a lock that a
/// search needs.
pub trait Embed: Send + Sync {
    /// What the vectors depend on, such as the model's name; another name makes all vectors anew.
    fn name(&self) -> &str;

    /// Whether Chinese texts are understood. What is not understood gets no vector and is found by its words.
    fn reads_chinese(&self) -> bool;

    /// One vector of any length but 0 for each text, in their order; the dimension is always the same.
    ///
    /// # Errors
    ///
    /// [`EmbedFailed`], when the model cannot be loaded or run; the next call may succeed.
    fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed>;

    /// The same for a question that somebody waits for: it goes before passages.
    ///
    /// # Errors
    ///
    /// As [`Self::embed`].
    fn embed_question(&self, question: &str) -> Result<Vec<f32>, EmbedFailed> {
        let mut vectors = self.embed(vec![question.to_owned()])?;
        vectors.pop().ok_or_else(|| EmbedFailed("no vector".into()))
    }
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
#[error("the embedder failed")]
pub struct EmbedFailed(#[source] pub Box<dyn Error + Send + Sync>);

/// Whether an embedder understands a text: all do but those without Chinese, when a third of the letters is Chinese.
pub(crate) fn reads(embedder: &dyn Embed, text: &str) -> bool {
    if embedder.reads_chinese() {
        return true;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (han, all) = letters.fold((0, 0), |(han, all), c| (han + usize::from(crate::analyze::is_han(c)), all + 1));
    all > 0 && han * 3 < all
}

#[cfg(test)]
pub(crate) mod fake {
    //! An embedder whose vectors can be foreseen: texts are near when they share words of a small dictionary.

    use std::sync::Mutex;

    use super::*;

    /// Words that mean the same stand in one group; each group is a dimension.
    const GROUPS: [&[&str]; 6] = [
        &["car", "automobile"],
        &["doctor", "physician"],
        &["begin", "start"],
        &["penguin", "bird"],
        &["学习", "学"],
        &["gradient", "slope"],
    ];

    /// Counts what it embeds; refuses what it is told not to understand.
    #[derive(Debug, Default)]
    pub(crate) struct FakeEmbedder {
        pub(crate) chinese: bool,
        pub(crate) fails: std::sync::atomic::AtomicBool,
        pub(crate) seen: Mutex<Vec<String>>,
    }

    impl Embed for FakeEmbedder {
        fn name(&self) -> &str {
            "fake"
        }

        fn reads_chinese(&self) -> bool {
            self.chinese
        }

        fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed> {
            if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(EmbedFailed("told to fail".into()));
            }
            assert!(texts.iter().all(|text| reads(self, text)), "asked for what it does not understand: {texts:?}");
            let vectors = texts.iter().map(|text| vector(text)).collect();
            self.seen.lock().unwrap().extend(texts);
            Ok(vectors)
        }
    }

    fn vector(text: &str) -> Vec<f32> {
        let text = text.to_lowercase();
        let mut vector: Vec<f32> =
            GROUPS.iter().map(|group| f32::from(u8::from(group.iter().any(|word| text.contains(word))))).collect();
        // Something of its own keeps vectors from being zero.
        vector.push(0.1);
        vector
    }
}
