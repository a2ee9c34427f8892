//! A request's [`Sampling`] as a chain of llama.cpp's samplers.

use llama_cpp_2::sampling::LlamaSampler;

use crate::generate::Sampling;

/// The chain: penalties, then the cuts, then the draw. Settings that make no sense do nothing.
pub(super) fn chain(sampling: &Sampling, vocabulary: i32) -> LlamaSampler {
    let mut samplers = Vec::new();
    if sampling.repeat_penalty > 0.0 && sampling.repeat_penalty != 1.0 && sampling.repeat_window > 0 {
        let window = i32::try_from(sampling.repeat_window).unwrap_or(i32::MAX);
        samplers.push(LlamaSampler::penalties(vocabulary, window, sampling.repeat_penalty, 0.0, 0.0));
    }
    if sampling.temperature > 0.0 {
        if sampling.top_p < 1.0 {
            samplers.push(LlamaSampler::top_p(sampling.top_p.max(0.0), 1));
        }
        if sampling.min_p > 0.0 {
            samplers.push(LlamaSampler::min_p(sampling.min_p.min(1.0), 1));
        }
        samplers.push(LlamaSampler::temp(sampling.temperature));
        // llama.cpp takes its largest seed for "any": the one below it serves for both.
        samplers.push(LlamaSampler::dist(sampling.seed.min(u32::MAX - 1)));
    } else {
        samplers.push(LlamaSampler::greedy());
    }
    LlamaSampler::chain(samplers, true)
}
