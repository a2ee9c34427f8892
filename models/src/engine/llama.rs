//! [`Decode`] on llama.cpp. It stays on the thread that made it.

use std::num::NonZeroU32;
use std::path::Path;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{KvCacheType, LlamaContextParams};
use llama_cpp_2::context::session::{LlamaStateSeqFlags, SeqState};
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;

use super::decode::{Decode, DecodeError, Feed};
use super::loaded::Loaded;
use super::sampler::Sampler;
use super::{Attention, Cache, EngineError, Token, Tuning, backend};
use crate::generate::{Format, GenerateError, Sampling};

/// The most tokens that llama.cpp computes in one go.
const STEP: u32 = 512;

/// A context with room for several sequences, each with its own cells: in a shared cache every sequence would be
/// compared with the tokens of all others.
#[derive(Debug)]
pub(super) struct Llama<'m> {
    context: LlamaContext<'m>,
    model: &'m Loaded,
    vocab: LlamaVocab<'m>,
    batch: LlamaBatch<'static>,
    step: u32,
    /// Tokens that a sequence has room for.
    room: usize,
    /// The tokens that end an answer.
    ends: Vec<Token>,
}

impl<'m> Llama<'m> {
    /// A context with `room`, computed on `threads` threads.
    pub(super) fn new(loaded: &'m Loaded, room: Room, threads: u32) -> Result<Self, EngineError> {
        let step = STEP.max(room.parallel);
        let params = room.params(threads);
        let Room { parallel, context, .. } = room;
        let room = context as usize;
        let failed = |reason: String| EngineError::Context { sequences: parallel, tokens: context, reason };
        let mut context =
            loaded.model.new_context(backend::started()?, params).map_err(|error| failed(error.to_string()))?;
        // The model keeps the adapter for as long as it lives itself.
        if let Some(mut adapter) = loaded.take_adapter() {
            context.lora_adapter_set(&mut adapter, 1.0).map_err(|error| failed(error.to_string()))?;
        }
        let vocab = loaded.model.vocab();
        let ends = vocab.tokens().filter(|token| vocab.is_eog(*token)).map(|token| token.0).collect();
        Ok(Self { context, model: loaded, vocab, batch: LlamaBatch::new(step as usize, 1), step, room, ends })
    }

    fn fill(&mut self, feeds: &[Feed]) -> Result<(), String> {
        self.batch.clear();
        for feed in feeds {
            let (position, sequence) = (number(feed.position)?, number(feed.sequence)?);
            let added = self.batch.add(LlamaToken(feed.token), position, &[sequence], feed.last);
            added.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// What a context has room for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Sequences.
    pub(crate) parallel: u32,
    /// Tokens of each.
    pub(crate) context: u32,
    /// How their keys and values are kept.
    pub(crate) tuning: Tuning,
}

impl Room {
    /// Its parameters. Each sequence has its own cells: in a unified cache every token would be compared with all of them.
    pub(super) fn params(self, threads: u32) -> LlamaContextParams {
        let step = STEP.max(self.parallel);
        let threads = backend::threads(threads);
        tuned(LlamaContextParams::default(), self.tuning)
            .with_n_ctx(NonZeroU32::new(self.context.next_multiple_of(256).saturating_mul(self.parallel)))
            .with_n_seq_max(self.parallel)
            .with_kv_unified(false)
            .with_n_batch(step)
            .with_n_ubatch(step)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
    }
}

/// Parameters that keep keys and values, and compute attention, as `tuning` says.
pub(crate) fn tuned(params: LlamaContextParams, tuning: Tuning) -> LlamaContextParams {
    let attention = match tuning.attention {
        Attention::Auto => -1,
        Attention::Plain => 0,
        Attention::Flash => 1,
    };
    params.with_flash_attention_policy(attention).with_type_k(kind(tuning.cache)).with_type_v(kind(tuning.cache))
}

fn kind(cache: Cache) -> KvCacheType {
    match cache {
        Cache::F16 => KvCacheType::F16,
        Cache::Bf16 => KvCacheType::BF16,
        Cache::Q8 => KvCacheType::Q8_0,
    }
}

fn number(place: usize) -> Result<i32, String> {
    i32::try_from(place).map_err(|error| error.to_string())
}

impl Decode for Llama<'_> {
    type Sampler = Sampler;
    type State = SeqState;

    fn most(&self) -> usize {
        self.step as usize
    }

    fn sampler(&self, sampling: &Sampling, format: &Format, endless: bool) -> Result<Sampler, GenerateError> {
        Sampler::new(&self.model.model, sampling, format, if endless { &self.ends } else { &[] })
    }

    fn cut(&mut self, sequence: usize, keep: usize) -> bool {
        let (Ok(sequence), Ok(from)) = (i32::try_from(sequence), u32::try_from(keep)) else { return false };
        // Models with a running state cannot forget a part of it.
        let cut = self.context.kv_cache_seq_rm(sequence, Some(from), None).is_ok();
        cut || {
            let _ = self.context.kv_cache_seq_rm(sequence, None, None);
            keep == 0
        }
    }

    fn forgets_parts(&self) -> bool {
        !self.model.model.is_recurrent() && !self.model.model.is_hybrid()
    }

    /// Only the cells in use are copied. llama.cpp's own copy from one sequence to another takes its whole room.
    fn copy(&mut self, from: usize, to: usize) -> bool {
        let (Ok(from), Ok(to)) = (i32::try_from(from), i32::try_from(to)) else { return false };
        let flags =
            if self.model.placement.layers > 0 { LlamaStateSeqFlags::ON_DEVICE } else { LlamaStateSeqFlags::empty() };
        let state = self.context.state_seq_get(from, flags);
        let copied = state.and_then(|state| self.context.state_seq_set(&state, to));
        copied.is_ok() || {
            let _ = self.context.kv_cache_seq_rm(to, None, None);
            false
        }
    }

    fn state_size(&self, sequence: usize) -> usize {
        let sequence = i32::try_from(sequence).unwrap_or(i32::MAX);
        self.context.state_seq_get_size_ext(sequence, LlamaStateSeqFlags::empty())
    }

    fn save(&self, sequence: usize) -> Option<SeqState> {
        self.context.state_seq_get(i32::try_from(sequence).ok()?, LlamaStateSeqFlags::empty()).ok()
    }

    fn restore(&mut self, sequence: usize, state: &SeqState) -> bool {
        let Ok(sequence) = i32::try_from(sequence) else { return false };
        self.context.state_seq_set(state, sequence).is_ok() || {
            let _ = self.context.kv_cache_seq_rm(sequence, None, None);
            false
        }
    }

    fn write(&self, sequence: usize, file: &Path, tokens: &[Token]) -> bool {
        let Ok(sequence) = i32::try_from(sequence) else { return false };
        let tokens: Vec<LlamaToken> = tokens.iter().copied().map(LlamaToken).collect();
        self.context.state_seq_save_file(file, sequence, &tokens).is_ok()
    }

    fn read(&mut self, sequence: usize, file: &Path) -> Option<Vec<Token>> {
        let sequence = i32::try_from(sequence).ok()?;
        let read = self.context.state_seq_load_file(file, sequence, self.room);
        if read.is_err() {
            let _ = self.context.kv_cache_seq_rm(sequence, None, None);
        }
        Some(read.ok()?.0.into_iter().map(|token| token.0).collect())
    }

    fn clear(&mut self) {
        self.context.clear_kv_cache();
    }

    fn decode(&mut self, feeds: &[Feed]) -> Result<(), DecodeError> {
        self.fill(feeds).map_err(DecodeError)?;
        self.context.decode(&mut self.batch).map_err(|error| DecodeError(error.to_string()))
    }

    fn sample(&mut self, index: usize, sampler: &mut Sampler) -> Token {
        sampler.sample(&self.context, i32::try_from(index).unwrap_or(i32::MAX))
    }

    fn ends(&self, token: Token) -> bool {
        self.vocab.is_eog(LlamaToken(token))
    }

    fn bytes(&self, token: Token) -> Vec<u8> {
        self.vocab.token_to_piece(LlamaToken(token), false, None)
    }
}
