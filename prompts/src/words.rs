//! The words that people read: one Fluent catalogue a language.

use std::collections::HashMap;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::Language;

const CATALOGUES: [(Language, &str); 2] =
    [(Language::En, include_str!("../en/words.ftl")), (Language::Zh, include_str!("../zh/words.ftl"))];

/// Why a catalogue could not be loaded: it is compiled in, so only a change of it can cause this.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue of {language} is wrong: {reason}")]
pub struct WordsError {
    /// The language's tag.
    pub language: &'static str,
    /// What the parser said.
    pub reason: String,
}

/// The catalogues of all languages.
pub struct Words {
    bundles: HashMap<Language, FluentBundle<FluentResource>>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

impl Words {
    /// The built-in catalogues.
    ///
    /// # Errors
    /// When a catalogue does not parse.
    pub fn load() -> Result<Self, WordsError> {
        let mut bundles = HashMap::new();
        for (language, source) in CATALOGUES {
            bundles.insert(language, bundle(language, source)?);
        }
        Ok(Self { bundles })
    }

    /// The message `key` in `language` with `values` put in.
    ///
    /// A key that the language lacks is taken from the default language; one that no language has comes
    /// back as itself, which a test of the catalogue rules out for the keys in use.
    pub fn say(&self, language: Language, key: &str, values: &[(&str, &str)]) -> String {
        [language, Language::default()]
            .into_iter()
            .find_map(|language| self.find(language, key, values))
            .unwrap_or_else(|| {
                tracing::error!(key, "no such message");
                key.to_owned()
            })
    }

    /// Whether `language` itself has the message `key`.
    pub fn has(&self, language: Language, key: &str) -> bool {
        self.bundles.get(&language).is_some_and(|bundle| bundle.has_message(key))
    }

    fn find(&self, language: Language, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let bundle = self.bundles.get(&language)?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, typed(value));
        }
        let mut problems = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut problems).into_owned();
        if !problems.is_empty() {
            tracing::error!(key, ?problems, "message is wrong");
        }
        Some(text)
    }
}

/// The words of one language, to be carried to where they are said.
#[derive(Debug, Clone)]
pub struct Spoken {
    words: Arc<Words>,
    language: Language,
}

impl Spoken {
    /// The words of `language`.
    pub fn new(words: Arc<Words>, language: Language) -> Self {
        Self { words, language }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The catalogues of all languages.
    pub fn words(&self) -> Arc<Words> {
        self.words.clone()
    }

    /// The message `key` with `values` put in; see [`Words::say`].
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.say(self.language, key, values)
    }
}

/// Counts choose plural forms, so what reads as a number is one.
fn typed(value: &str) -> FluentValue<'static> {
    match value.parse::<u64>() {
        Ok(number) if number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value.to_owned()),
    }
}

fn bundle(language: Language, source: &str) -> Result<FluentBundle<FluentResource>, WordsError> {
    let wrong = |reason: String| WordsError { language: language.tag(), reason };
    let id: LanguageIdentifier = language.tag().parse().map_err(|error| wrong(format!("{error}")))?;
    let resource =
        FluentResource::try_new(source.to_owned()).map_err(|(_, problems)| wrong(format!("{problems:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks would show up as boxes in terminals and in copied text.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|problems| wrong(format!("{problems:?}")))?;
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a catalogue and the variables that each uses.
    fn messages(source: &str) -> std::collections::BTreeMap<String, std::collections::BTreeSet<String>> {
        let mut found = std::collections::BTreeMap::<_, std::collections::BTreeSet<String>>::new();
        let mut current = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, _)) = line.split_once('=').filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                current = key.trim().to_owned();
                found.entry(current.clone()).or_default();
            }
            for piece in line.split('$').skip(1) {
                let name = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                found.entry(current.clone()).or_default().insert(name);
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_variables() {
        let [(_, english), (_, chinese)] = CATALOGUES;
        let (english, chinese) = (messages(english), messages(chinese));
        assert!(english.len() > 50);
        assert_eq!(english, chinese);
    }

    #[test]
    fn counts_choose_the_plural() {
        let words = Words::load().unwrap();
        let say = |language, n| words.say(language, "passages", &[("count", n)]);
        assert_eq!(say(Language::En, "1"), "1 passage");
        assert_eq!(say(Language::En, "12"), "12 passages");
        assert_eq!(say(Language::Zh, "12"), "12 个段落");
    }
}
