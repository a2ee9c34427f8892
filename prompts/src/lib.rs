#![doc = include_str!("../README.md")]

mod language;
mod templates;
mod words;

pub use language::Language;
pub use templates::{
    AnswerPrompt, Excerpt, Exchange, PromptError, Prompts, QuestionPrompt, RewritePrompt, SummaryPrompt,
};
pub use words::{Spoken, Words, WordsError};
