//! Troubles to sentences: the one place where an error becomes what people read.

use tutor_bots::markup;
use tutor_index::{IndexError, Remark};
use tutor_models::generate::GenerateError;
use tutor_prompts::{Language, Words};

use super::Trouble;

/// The most remarks on one document that a person is told.
const REMARKS: usize = 8;

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
        Trouble::Model(GenerateError::Backend { .. } | GenerateError::BadFormat { .. }) => say("trouble-model", &[]),
        Trouble::Task => say("trouble-task", &[]),
        Trouble::GivenUp => say("trouble-given-up", &[]),
        // The reason names files of the machine; it stands in the log and on the command line.
        Trouble::ModelMissing(_) => say("trouble-model-missing", &[]),
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
        IndexError::Unsupported { supported, .. } => {
            say("file-unsupported", &[("supported", &supported.join(&words.say(language, "list-separator", &[])))])
        }
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
        IndexError::TooManyRows { limit } => say("file-too-many-rows", &[("limit", &limit.to_string())]),
        IndexError::TooManyFiles { limit } => say("file-too-many-files", &[("limit", &limit.to_string())]),
        IndexError::TooNested { .. } => say("file-too-nested", &[]),
        IndexError::ClimbingPath { .. } => say("file-climbing", &[]),
        IndexError::NothingReadable => say("file-nothing-readable", &[]),
        IndexError::TooMuchMemory { .. } => say("file-too-much-memory", &[]),
        IndexError::BadName { .. } => say("file-bad-name", &[]),
        IndexError::TooSlow { .. } => say("file-too-slow", &[]),
        // Ingesting goes on without vectors; what is left is an embedder that cannot be loaded for an evaluation.
        IndexError::Embedder(_) => say("trouble-model", &[]),
        IndexError::Cancelled => say("file-cancelled", &[]),
        error if disk_is_full(error) => words.say(language, "trouble-store", &[]),
        _ => words.say(language, "trouble-index", &[]),
    }
}

/// What a person is told of a document that was learned in part, a sentence a remark, the first ones only.
pub(crate) fn remarks(words: &Words, language: Language, name: &str, remarks: &[Remark]) -> Vec<String> {
    let named = |file: &Option<String>| markup::isolate(file.as_deref().unwrap_or(name));
    let on_pages = |key: &str, file: &Option<String>, pages: &[u32]| {
        let values = [("count", pages.len().to_string()), ("list", ranges(pages))];
        let pages =
            words.say(language, "remark-pages", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        words.say(language, key, &[("name", &named(file)), ("pages", &pages)])
    };
    let sentence = |remark: &Remark| match remark {
        Remark::NoText { file, pages } => on_pages("remark-no-text", file, pages),
        Remark::Recognised { file, pages } => on_pages("remark-recognised", file, pages),
        Remark::Skipped { file, error } => file_trouble(words, language, &markup::isolate(file), error),
    };
    let mut sentences: Vec<String> = remarks.iter().take(REMARKS).map(sentence).collect();
    if let Some(more) = remarks.len().checked_sub(REMARKS).filter(|more| *more > 0) {
        sentences.push(words.say(language, "remark-more", &[("count", &more.to_string())]));
    }
    sentences
}

/// Numbers in order as people list them: `1, 3–5`.
fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let shown = runs.map(|run| match run {
        [first, .., last] => format!("{first}–{last}"),
        run => run.iter().map(u32::to_string).collect(),
    });
    shown.collect::<Vec<_>>().join(", ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_name_the_file_and_its_pages() {
        let words = Words::load().unwrap();
        let scans = Remark::NoText { file: None, pages: vec![1, 3, 4, 5, 9] };
        let inner = Remark::Recognised { file: Some("a/b.pdf".into()), pages: vec![2] };
        let skipped = Remark::Skipped { file: "c.docx".into(), error: Box::new(IndexError::PasswordProtected) };
        let all = [scans, inner, skipped];
        let said = |language| {
            let said = remarks(&words, language, "all.zip", &all);
            said.join("\n").replace(['\u{2068}', '\u{2069}'], "")
        };
        insta::assert_snapshot!(said(Language::En), @r"
        all.zip has no text on pages 1, 3–5, 9, only images.
        a/b.pdf: the text of page 2 was recognised from images and may be wrong in places.
        c.docx is protected by a password. Please send it without one.
        ");
        insta::assert_snapshot!(said(Language::Zh), @r"
        all.zip 的第 1, 3–5, 9 页没有文字，只有图片。
        a/b.pdf：第 2 页的文字是从图片识别的，个别地方可能有误。
        c.docx 有密码保护。请发送没有密码的版本。
        ");
    }

    #[test]
    fn many_remarks_are_counted() {
        let words = Words::load().unwrap();
        let many: Vec<Remark> = (0..20).map(|_| Remark::NoText { file: None, pages: vec![1] }).collect();
        let said = remarks(&words, Language::En, "a.zip", &many);
        assert_eq!(said.len(), REMARKS + 1);
        assert_eq!(said[REMARKS], "… and 12 more remarks.");
    }
}
