//! The analyzer as tantivy wants it.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::{pairs, terms};

/// Indexes [`terms`]; no term is dropped for its length, and stop words stay for questions of nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MixedTokenizer;

impl Tokenizer for MixedTokenizer {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        Terms { rest: terms(text).into_iter(), token: Token::default() }
    }
}

/// Indexes the [`pairs`] of a text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PairTokenizer;

impl Tokenizer for PairTokenizer {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        Terms { rest: pairs(text).into_iter(), token: Token::default() }
    }
}

/// The terms of one text; their offsets are not known, since they are not pieces of it.
pub(crate) struct Terms {
    rest: std::vec::IntoIter<String>,
    token: Token,
}

impl TokenStream for Terms {
    fn advance(&mut self) -> bool {
        let Some(text) = self.rest.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text = text;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
