//! Troubles to sentences: the one place where an error becomes what people read.

use tutor_bots::markup;
use tutor_index::IndexError;
use tutor_models::generate::GenerateError;
use tutor_prompts::{Language, Words};

use super::Trouble;

/// The message `key` as CommonMark: whatever is put into it stands for itself.
pub(crate) fn written(words: &Words, language: Language, key: &str, values: &[(&str, &str)]) -> String {
    filled(words, language, key, values, markup::foreign)
}

/// The message `key` as plain text, for a button or a line of progress.
pub(crate) fn plain(words: &Words, language: Language, key: &str, values: &[(&str, &str)]) -> String {
    filled(words, language, key, values, markup::isolate)
}

fn filled(
    words: &Words,
    language: Language,
    key: &str,
    values: &[(&str, &str)],
    foreign: fn(&str) -> String,
) -> String {
    let values: Vec<(&str, String)> = values.iter().map(|(name, value)| (*name, foreign(value))).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    words.say(language, key, &values)
}

/// What a person is told about a trouble.
pub(crate) fn trouble(words: &Words, language: Language, trouble: &Trouble) -> String {
    let say = |key, values: &[(&str, &str)]| words.say(language, key, values);
    match trouble {
        Trouble::Memory(_) => say("trouble-store", &[]),
        Trouble::Index(error) if disk_is_full(error) => say("trouble-store", &[]),
        Trouble::Index(_) => say("trouble-index", &[]),
        Trouble::Model(GenerateError::PromptTooLong { tokens, limit }) => {
            say("trouble-prompt", &[("tokens", &tokens.to_string()), ("limit", &limit.to_string())])
        }
        Trouble::Model(GenerateError::Busy { waiting, .. }) => {
            say("trouble-busy", &[("waiting", &waiting.to_string())])
        }
        Trouble::Model(GenerateError::Stopped) => say("trouble-stopping", &[]),
        Trouble::Model(GenerateError::TooLate) => say("trouble-late", &[]),
        Trouble::Model(GenerateError::Backend { .. } | GenerateError::BadFormat { .. }) | Trouble::Task => {
            say("trouble-model", &[])
        }
        Trouble::ModelMissing(reason) => say("trouble-model-missing", &[("reason", reason)]),
        Trouble::Prompt(_) => say("trouble-template", &[]),
        Trouble::Stopped | Trouble::Gone => say("stopped", &[]),
    }
}

/// What a person is told about a file that could not be learned.
pub(crate) fn file_trouble(words: &Words, language: Language, name: &str, error: &IndexError) -> String {
    let say = |key: &str, extra: &[(&str, &str)]| {
        let mut values = vec![("name", name)];
        values.extend_from_slice(extra);
        words.say(language, key, &values)
    };
    match error {
        IndexError::Unsupported { supported, .. } => say("file-unsupported", &[("supported", &supported.join(", "))]),
        IndexError::WrongType { .. } => say("file-wrong-type", &[]),
        IndexError::Corrupt { .. } => say("file-corrupt", &[]),
        IndexError::PasswordProtected => say("file-password", &[]),
        IndexError::NoText { .. } => say("file-no-text", &[]),
        IndexError::Empty => say("file-empty", &[]),
        IndexError::TooLarge { limit } => say("file-too-large", &[("limit", &size(*limit))]),
        IndexError::TooManyPages { limit, .. } => {
            let limit = words.say(language, "pages", &[("count", &limit.to_string())]);
            say("file-too-large", &[("limit", &limit)])
        }
        IndexError::BadName { .. } => say("file-bad-name", &[]),
        IndexError::TooSlow { .. } => say("file-too-slow", &[]),
        // Ingesting goes on without vectors; what is left is an embedder that cannot be loaded for an evaluation.
        IndexError::Embedder(_) => say("trouble-model", &[]),
        IndexError::Cancelled => say("file-cancelled", &[]),
        error if disk_is_full(error) => words.say(language, "trouble-store", &[]),
        _ => words.say(language, "trouble-index", &[]),
    }
}

fn disk_is_full(error: &IndexError) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error, IndexError::Store { source } if matches!(source.kind(), StorageFull | QuotaExceeded))
}

/// A number of bytes as people read it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
