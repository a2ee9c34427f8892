//! Perplexity: how surprised a model is by a text, the same measure for all weights of one model.

use std::num::NonZeroU32;
use std::path::Path;

use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;

use super::PrepareError;
use crate::engine::loaded::Loaded;
use crate::engine::{GpuLayers, Tuning, backend, llama};

/// Tokens that are read together; the second half of them is counted, so that each has something before it.
const STRETCH: usize = 512;

/// The most stretches.
const STRETCHES: usize = 6;

/// The perplexity of the model at `path` on `text`, run with `tuning`: e to the mean negative log-likelihood of its tokens.
///
/// # Errors
/// [`PrepareError::Engine`] when the model cannot be loaded, [`PrepareError::Perplexity`] when the text is too short or
/// cannot be computed.
pub(super) fn of(path: &Path, name: &str, text: &str, tuning: Tuning) -> Result<f64, PrepareError> {
    let failed = |reason: String| PrepareError::Perplexity { reason };
    let loaded = Loaded::open(path, name, GpuLayers::Auto, None)?;
    let tokens = loaded.model.vocab().tokenize(text.as_bytes(), true, false);
    let threads = backend::threads(0);
    let params = llama::tuned(LlamaContextParams::default(), tuning)
        .with_n_ctx(NonZeroU32::new(STRETCH as u32))
        .with_n_batch(STRETCH as u32)
        .with_n_ubatch(STRETCH as u32)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let mut context =
        loaded.model.new_context(backend::started()?, params).map_err(|error| failed(error.to_string()))?;
    let mut batch = LlamaBatch::new(STRETCH, 1);
    let (mut sum, mut count) = (0.0, 0_usize);
    for stretch in tokens.chunks_exact(STRETCH).take(STRETCHES) {
        batch.clear();
        context.clear_kv_cache();
        for (position, token) in (0..).zip(stretch) {
            let counted = position >= STRETCH as i32 / 2;
            batch.add(*token, position, &[0], counted).map_err(|error| failed(error.to_string()))?;
        }
        context.decode(&mut batch).map_err(|error| failed(error.to_string()))?;
        for at in STRETCH / 2..STRETCH - 1 {
            sum += surprise(context.get_logits_ith(at as i32), stretch[at + 1]);
            count += 1;
        }
    }
    if count == 0 {
        return Err(failed(format!("the text has less than {STRETCH} tokens")));
    }
    Ok((sum / count as f64).exp())
}

/// The negative logarithm of the probability that the logits give to a token.
fn surprise(logits: &[f32], token: LlamaToken) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
    let own = usize::try_from(token.0).ok().and_then(|at| logits.get(at)).copied().unwrap_or(f32::NEG_INFINITY);
    sum.ln() - f64::from(own - most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_choice_among_four_surprises_by_the_logarithm_of_four() {
        assert!((surprise(&[1.0; 4], LlamaToken(2)) - 4_f64.ln()).abs() < 1e-9);
        assert!(surprise(&[0.0, 30.0], LlamaToken(1)) < 1e-9);
    }
}
