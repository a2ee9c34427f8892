//! What the worker needs of a model. Two bodies: llama.cpp, and a strict fake that the worker's tests drive.

use std::path::Path;

use super::Token;
use crate::generate::{Format, GenerateError, Sampling};

/// A token to be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feed {
    /// The sequence that it continues.
    pub(super) sequence: usize,
    /// Its place there, from 0.
    pub(super) position: usize,
    /// The token.
    pub(super) token: Token,
    /// Whether a next token will be sampled after it.
    pub(super) last: bool,
}

/// Why a step was not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct DecodeError(pub(super) String);

/// A model that keeps the state of several sequences.
///
/// Contract: positions of a sequence follow each other without gaps, and the sequences of a step come in rising order;
/// [`Decode::sample`] is called only for entries of the latest step whose `last` was set; after an error of
/// [`Decode::decode`] the state is undefined until [`Decode::clear`].
pub(super) trait Decode {
    /// How a request's tokens are chosen.
    type Sampler;
    /// What a sequence knows, outside of it.
    type State;

    /// The most tokens of a step.
    fn most(&self) -> usize;
    /// The sampler for a request; with `endless` it never chooses a token that ends the answer.
    ///
    /// # Errors
    /// [`GenerateError::BadFormat`].
    fn sampler(&self, sampling: &Sampling, format: &Format, endless: bool) -> Result<Self::Sampler, GenerateError>;
    /// Forgets what follows the first `keep` tokens of a sequence. False when it cannot: then it has forgotten all.
    fn cut(&mut self, sequence: usize, keep: usize) -> bool;
    /// Whether [`Decode::cut`] can forget a part.
    fn forgets_parts(&self) -> bool;
    /// Makes one sequence know what another does. False when it cannot: then it knows nothing.
    fn copy(&mut self, from: usize, to: usize) -> bool;
    /// Bytes that [`Decode::save`] would take.
    fn state_size(&self, sequence: usize) -> usize;
    /// What a sequence knows, to be kept outside of it.
    fn save(&self, sequence: usize) -> Option<Self::State>;
    /// Makes a sequence know what another knew. False when it cannot: then it knows nothing.
    fn restore(&mut self, sequence: usize, state: &Self::State) -> bool;
    /// Writes what a sequence knows, which are `tokens`, to a file. False when it cannot.
    fn write(&self, sequence: usize, file: &Path, tokens: &[Token]) -> bool;
    /// Makes a sequence know what was written to a file: which tokens. `None` when it cannot: then it knows nothing.
    fn read(&mut self, sequence: usize, file: &Path) -> Option<Vec<Token>>;
    /// Forgets everything.
    fn clear(&mut self);
    /// Computes a step.
    fn decode(&mut self, feeds: &[Feed]) -> Result<(), DecodeError>;
    /// The token after entry `index` of the latest step.
    fn sample(&mut self, index: usize, sampler: &mut Self::Sampler) -> Token;
    /// Whether a token ends the answer.
    fn ends(&self, token: Token) -> bool;
    /// A token's bytes; none for control tokens.
    fn bytes(&self, token: Token) -> Vec<u8>;
}
