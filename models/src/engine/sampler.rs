//! How the next token is chosen: a request's [`Sampling`] and [`Format`] on llama.cpp's samplers.

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

use super::Token;
use crate::generate::{Format, GenerateError, Sampling};
use greedy::likeliest;

mod greedy;

/// Chooses the tokens of one answer.
#[derive(Debug)]
pub(super) struct Sampler {
    /// Penalties, cuts and the draw; none for the likeliest token, which needs no more than a look at the logits.
    chain: Option<LlamaSampler>,
    /// What the text may be.
    grammar: Option<LlamaSampler>,
    /// Tokens that are never chosen.
    banned: Vec<Token>,
}

impl Sampler {
    /// The sampler of a request; `ends` are the tokens that end an answer, where it must go on. Settings that make no
    /// sense do nothing.
    ///
    /// # Errors
    /// [`GenerateError::BadFormat`].
    pub(super) fn new(
        model: &LlamaModel,
        sampling: &Sampling,
        format: &Format,
        ends: &[Token],
    ) -> Result<Self, GenerateError> {
        Ok(Self { chain: chain(model, sampling), grammar: grammar(model, format)?, banned: ends.to_vec() })
    }

    /// The token after output `index`; it counts as chosen.
    pub(super) fn sample(&mut self, context: &LlamaContext<'_>, index: i32) -> Token {
        let logits = context.get_logits_ith(index);
        let token = match self.chain.is_some() || self.grammar.is_some() {
            false => likeliest(logits, &self.banned),
            true => self.choose(logits),
        };
        for sampler in self.chain.iter_mut().chain(&mut self.grammar) {
            sampler.accept(LlamaToken(token));
        }
        token
    }

    /// The chain is asked first; only where the grammar refuses its choice are all tokens held against the grammar, which
    /// takes long.
    fn choose(&mut self, logits: &[f32]) -> Token {
        let free = self.draw(logits, false);
        let Some(grammar) = &mut self.grammar else { return free };
        let mut alone = LlamaTokenDataArray::new(vec![LlamaTokenData::new(LlamaToken(free), 1.0, 0.0)], false);
        grammar.apply(&mut alone);
        if alone.data[0].logit().is_finite() { free } else { self.draw(logits, true) }
    }

    fn draw(&mut self, logits: &[f32], bound: bool) -> Token {
        let data = (0..).zip(logits).map(|(id, logit)| {
            let logit = if self.banned.contains(&id) { f32::NEG_INFINITY } else { *logit };
            LlamaTokenData::new(LlamaToken(id), logit, 0.0)
        });
        let mut all = LlamaTokenDataArray::from_iter(data, false);
        if let (true, Some(grammar)) = (bound, &mut self.grammar) {
            grammar.apply(&mut all);
        }
        match &mut self.chain {
            Some(chain) => {
                chain.apply(&mut all);
                all.selected_token().map_or(0, |token| token.0)
            }
            None => all.data.iter().max_by(|a, b| a.logit().total_cmp(&b.logit())).map_or(0, |best| best.id().0),
        }
    }
}

fn chain(model: &LlamaModel, sampling: &Sampling) -> Option<LlamaSampler> {
    let mut samplers = Vec::new();
    if sampling.repeat_penalty > 0.0 && sampling.repeat_penalty != 1.0 && sampling.repeat_window > 0 {
        let window = i32::try_from(sampling.repeat_window).unwrap_or(i32::MAX);
        let vocabulary = model.vocab().n_tokens();
        samplers.push(LlamaSampler::penalties(vocabulary, window, sampling.repeat_penalty, 0.0, 0.0));
    }
    if sampling.temperature <= 0.0 {
        if samplers.is_empty() {
            return None;
        }
        samplers.push(LlamaSampler::greedy());
        return Some(LlamaSampler::chain(samplers, true));
    }
    if sampling.top_p < 1.0 {
        samplers.push(LlamaSampler::top_p(sampling.top_p.max(0.0), 1));
    }
    if sampling.min_p > 0.0 {
        samplers.push(LlamaSampler::min_p(sampling.min_p.min(1.0), 1));
    }
    samplers.push(LlamaSampler::temp(sampling.temperature));
    // llama.cpp takes its largest seed for "any": the one below it serves for both.
    samplers.push(LlamaSampler::dist(sampling.seed.min(u32::MAX - 1)));
    Some(LlamaSampler::chain(samplers, true))
}

fn grammar(model: &LlamaModel, format: &Format) -> Result<Option<LlamaSampler>, GenerateError> {
    let bad = |reason: String| GenerateError::BadFormat { reason };
    let text = match format {
        Format::Text => return Ok(None),
        Format::JsonSchema(schema) => {
            llama_cpp_2::json_schema_to_grammar(schema).map_err(|error| bad(error.to_string()))?
        }
        Format::Grammar(grammar) => grammar.clone(),
    };
    LlamaSampler::grammar(model, &text, "root").map(Some).map_err(|error| bad(error.to_string()))
}
