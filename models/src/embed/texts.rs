//! Batches of tokenised texts on one llama.cpp context.

use std::num::NonZeroU32;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

use crate::engine::loaded::Loaded;
use crate::engine::{EngineError, backend};

/// The most tokens of a text that are read, whatever the model was trained for.
const LONGEST: u32 = 2048;
/// The most texts that are computed together.
const TOGETHER: usize = 16;

/// The tokens that the model reads of a text at most.
fn longest(model: &LlamaModel) -> u32 {
    model.n_ctx_train().clamp(1, LONGEST)
}

/// Tokenises texts and gathers neighbours that are computed together: as many as have the tokens of one longest text.
pub(super) fn batches(loaded: &Loaded, texts: &[String]) -> Vec<Vec<Vec<LlamaToken>>> {
    let longest = longest(&loaded.model) as usize;
    let mut batches: Vec<Vec<Vec<LlamaToken>>> = Vec::new();
    let mut size = 0;
    for text in texts {
        let mut tokens = loaded.model.vocab().tokenize(text.as_bytes(), true, false);
        if tokens.len() > longest {
            // The last token closes the text, where the model has such a token.
            let last = tokens.split_off(tokens.len() - 1);
            tokens.truncate(longest - 1);
            tokens.extend(last);
        }
        match batches.last_mut() {
            Some(batch) if size + tokens.len() <= longest && batch.len() < TOGETHER => {
                size += tokens.len();
                batch.push(tokens);
            }
            _ => {
                size = tokens.len();
                batches.push(vec![tokens]);
            }
        }
    }
    batches
}

/// A context with one thread of the CPU.
pub(super) struct Texts<'m> {
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
}

impl<'m> Texts<'m> {
    /// Makes the context.
    pub(super) fn new(loaded: &'m Loaded) -> Result<Self, EngineError> {
        // A text is computed in one piece, since every token may look at every other.
        let longest = longest(&loaded.model);
        let params = LlamaContextParams::default()
            .with_embeddings(true)
            .with_n_ctx(NonZeroU32::new(longest * TOGETHER as u32))
            .with_n_seq_max(TOGETHER as u32)
            .with_n_batch(longest)
            .with_n_ubatch(longest)
            .with_n_threads(1)
            .with_n_threads_batch(1);
        let context = loaded.model.new_context(backend::started()?, params).map_err(|error| EngineError::Context {
            sequences: TOGETHER as u32,
            tokens: longest,
            reason: error.to_string(),
        })?;
        Ok(Self { model: &loaded.model, context, batch: LlamaBatch::new(longest as usize, 1) })
    }

    /// The vectors of one of the [`batches`].
    pub(super) fn vectors(&mut self, texts: &[Vec<LlamaToken>]) -> Result<Vec<Vec<f32>>, String> {
        self.batch.clear();
        self.context.clear_kv_cache();
        for (sequence, tokens) in (0..).zip(texts) {
            for (position, token) in (0..).zip(tokens) {
                self.batch.add(*token, position, &[sequence], true).map_err(|error| error.to_string())?;
            }
        }
        if self.batch.n_tokens() > 0 {
            self.context.decode(&mut self.batch).map_err(|error| error.to_string())?;
        }
        let vector = |(sequence, tokens): (i32, &Vec<LlamaToken>)| {
            if tokens.is_empty() {
                return Ok(vec![0.0; usize::try_from(self.model.n_embd_out()).unwrap_or(0)]);
            }
            let vector = self.context.embeddings_seq_ith(sequence).map_err(|error| error.to_string())?;
            Ok(normalised(vector))
        };
        (0..).zip(texts).map(vector).collect()
    }
}

/// The vector in its direction with length 1; one of length 0 stays.
fn normalised(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 { vector.to_vec() } else { vector.iter().map(|x| x / length).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_keeps_its_direction() {
        assert_eq!(normalised(&[3.0, 0.0, 4.0]), [0.6, 0.0, 0.8]);
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
    }
}
