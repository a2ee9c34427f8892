//! Reads catalogue entries from TOML and names every mistake with its key, not only the first.

use std::fmt;
use std::path::PathBuf;

use toml::{Table, Value};

use super::{Entry, Role, Source};
use crate::convert::Conversion;

/// One mistake in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key, such as `my-model.source.pypi.version`.
    pub key: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is needed.
    Missing,
    /// Nothing reads it.
    Unknown,
    /// Its value is not what is read there.
    Value {
        /// What is read there.
        expected: &'static str,
    },
    /// Another model has the same file.
    SharedFile {
        /// The other model.
        other: String,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.wrong {
            Wrong::Missing => write!(f, "{} is missing", self.key),
            Wrong::Unknown => write!(f, "{} is unknown", self.key),
            Wrong::Value { expected } => write!(f, "{} must be {expected}", self.key),
            Wrong::SharedFile { other } => write!(f, "{} is the file of {other} too", self.key),
        }
    }
}

/// The entries of a catalogue, one a top-level table.
pub(super) fn entries(catalogue: &Table) -> Result<Vec<Entry>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut entries = Vec::new();
    for (name, value) in catalogue {
        entries.extend(entry(name, value, &mut mistakes));
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

fn entry(name: &str, value: &Value, mistakes: &mut Vec<Mistake>) -> Option<Entry> {
    if !is_name(name) {
        let wrong = Wrong::Value { expected: "a name of a-z, 0-9, '-', '_' and '.'" };
        mistakes.push(Mistake { key: name.to_owned(), wrong });
    }
    let mut keys = Keys::open(name, value, mistakes)?;
    let role = keys.value("role", "\"chat\" or \"embed\"", role);
    let convert = keys.optional("convert", "\"minilm\"", |value| Conversion::named(value.as_str()?));
    let source = keys.optional("source", "a table", |value| Some(value.clone()));
    let file = keys.optional("file", "a plain file name", |value| text(value).filter(|name| is_file_name(name)));
    let sha256 =
        keys.optional("sha256", "64 hex digits in lower case", |value| text(value).filter(|hex| is_digest(hex)));
    let size = keys.optional("size", "a number of bytes", bytes);
    let licence = keys.value("licence", "a text", text);
    let languages = keys.value("languages", "a list of language tags", texts);
    let parameters = keys.value("parameters", "a text such as \"8B\"", text);
    let context = keys.value("context", "a number of tokens", |value| u32::try_from(value.as_integer()?).ok());
    let memory = keys.value("memory", "a number of GiB", number);
    keys.close();
    let source = match source {
        Some(value) => self::source(&format!("{name}.source"), &value, mistakes),
        None => {
            mistakes.push(Mistake { key: format!("{name}.source"), wrong: Wrong::Missing });
            None
        }
    }?;
    let file = file.or_else(|| file_of(&source));
    if file.is_none() {
        mistakes.push(Mistake { key: format!("{name}.file"), wrong: Wrong::Missing });
    }
    Some(Entry {
        name: name.to_owned(),
        role: role?,
        source,
        file: file?,
        convert,
        sha256,
        size,
        licence: licence?,
        languages: languages?,
        parameters: parameters?,
        context: context?,
        memory: memory?,
    })
}

/// A source is a table with one key, which says of what kind it is.
fn source(key: &str, value: &Value, mistakes: &mut Vec<Mistake>) -> Option<Source> {
    let expected = "one of pypi, huggingface and local";
    let Some((kind, value)) = value.as_table().filter(|table| table.len() == 1).and_then(|table| table.iter().next())
    else {
        mistakes.push(Mistake { key: key.to_owned(), wrong: Wrong::Value { expected } });
        return None;
    };
    let inner = format!("{key}.{kind}");
    if !["pypi", "huggingface", "local"].contains(&kind.as_str()) {
        mistakes.push(Mistake { key: inner, wrong: Wrong::Unknown });
        return None;
    }
    let mut keys = Keys::open(&inner, value, mistakes)?;
    let source = match kind.as_str() {
        "pypi" => pypi(&mut keys),
        "huggingface" => huggingface(&mut keys),
        _ => keys.value("path", "a path", text).map(|path| Source::Local { path: PathBuf::from(path) }),
    };
    keys.close();
    source
}

fn pypi(keys: &mut Keys<'_>) -> Option<Source> {
    let package = keys.value("package", "a package's name", |value| text(value).filter(|name| is_requirement(name)));
    let version = keys.value("version", "a version", |value| text(value).filter(|name| is_requirement(name)));
    let file = keys.value("file", "a path inside the wheel", |value| text(value).filter(|path| is_inner_path(path)));
    let wheel_size = keys.optional("wheel_size", "a number of bytes", bytes);
    Some(Source::Pypi { package: package?, version: version?, file: file?, wheel_size })
}

fn huggingface(keys: &mut Keys<'_>) -> Option<Source> {
    let repo =
        keys.value("repo", "a repository such as \"owner/name\"", |value| text(value).filter(|name| is_repo(name)));
    let revision =
        keys.optional("revision", "a branch, tag or commit", |value| text(value).filter(|name| is_requirement(name)));
    let file =
        keys.value("file", "a path inside the repository", |value| text(value).filter(|path| is_inner_path(path)));
    Some(Source::HuggingFace { repo: repo?, revision: revision.unwrap_or_else(|| "main".to_owned()), file: file? })
}

fn file_of(source: &Source) -> Option<String> {
    let path = match source {
        Source::Pypi { file, .. } | Source::HuggingFace { file, .. } => PathBuf::from(file),
        Source::Local { path } => path.clone(),
    };
    path.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|name| is_file_name(name))
}

/// The keys of one table; what is not taken until [`Keys::close`] is unknown.
struct Keys<'m> {
    prefix: String,
    rest: Table,
    mistakes: &'m mut Vec<Mistake>,
}

impl<'m> Keys<'m> {
    fn open(prefix: &str, value: &Value, mistakes: &'m mut Vec<Mistake>) -> Option<Self> {
        match value.as_table() {
            Some(table) => Some(Self { prefix: prefix.to_owned(), rest: table.clone(), mistakes }),
            None => {
                let wrong = Wrong::Value { expected: "a table" };
                mistakes.push(Mistake { key: prefix.to_owned(), wrong });
                None
            }
        }
    }

    fn value<T>(&mut self, key: &str, expected: &'static str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        if !self.rest.contains_key(key) {
            self.wrong(key, Wrong::Missing);
        }
        self.optional(key, expected, read)
    }

    fn optional<T>(&mut self, key: &str, expected: &'static str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.rest.remove(key)?;
        let read = read(&value);
        if read.is_none() {
            self.wrong(key, Wrong::Value { expected });
        }
        read
    }

    fn wrong(&mut self, key: &str, wrong: Wrong) {
        self.mistakes.push(Mistake { key: format!("{}.{key}", self.prefix), wrong });
    }

    fn close(mut self) {
        for key in std::mem::take(&mut self.rest).keys() {
            self.wrong(key, Wrong::Unknown);
        }
    }
}

fn role(value: &Value) -> Option<Role> {
    match value.as_str()? {
        "chat" => Some(Role::Chat),
        "embed" => Some(Role::Embed),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
}

fn bytes(value: &Value) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok().filter(|bytes| *bytes > 0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "GiB to one decimal")]
fn number(value: &Value) -> Option<f32> {
    let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
    (number.is_finite() && number > 0.0).then_some(number as f32)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

fn is_file_name(name: &str) -> bool {
    !name.starts_with('.') && !name.contains(['/', '\\', '\0']) && name != super::OWN_FILE
}

fn is_inner_path(path: &str) -> bool {
    !path.contains(['\\', '\0']) && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// A part of a pip requirement or a revision: nothing that pip or an address reads as more than a name.
fn is_requirement(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+!/".contains(c))
}

fn is_repo(name: &str) -> bool {
    name.split('/').count() == 2 && name.split('/').all(|part| is_requirement(part) && !part.is_empty())
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}
