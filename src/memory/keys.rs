//! Keys to the models as a service. A key's secret is not kept, only its hash.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tutor_models::generate::Class;

use super::record::{Record, Unreadable};
use super::trees::{Change, Trees};
use super::{CourseId, MemoryError};

/// What every key begins with, so that scanners for leaked secrets and people know what it is.
const BEGINNING: &str = "tutor-";

/// What somebody presents to be served: 256 random bits, so its plain hash tells nothing of it.
pub(crate) struct KeySecret(String);

impl KeySecret {
    /// A new one.
    pub(crate) fn random() -> Self {
        use base64::Engine as _;
        let bits: [u8; 32] = rand::random();
        Self(format!("{BEGINNING}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bits)))
    }

    /// What somebody presents; it may be anything.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether it is meant as one of ours; clients that insist on a key send whatever they have.
    pub(crate) fn is_ours(&self) -> bool {
        self.0.starts_with(BEGINNING)
    }

    /// The text, to be shown to its owner once.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Its SHA-256. Keys are found by it: the time that takes depends on the hash, of which nobody can choose a part.
    pub(crate) fn hash(&self) -> KeyHash {
        let digest = Sha256::digest(self.0.as_bytes());
        KeyHash(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The hash of a [`KeySecret`], in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyHash(pub(super) String);

/// Whose requests go first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    /// As a student who waits for every word.
    #[default]
    Student,
    /// As a summary.
    Summary,
    /// When nobody else wants the engine.
    Background,
}

impl Priority {
    /// The engine's name for it.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Student => Class::Person,
            Self::Summary => Class::Summary,
            Self::Background => Class::Background,
        }
    }
}

/// A key. It never changes: a new one takes its place, and its name keeps what was metered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    /// Its name: no two keys have the same.
    pub(crate) name: String,
    /// What it is found by.
    pub(crate) hash: KeyHash,
    /// Requests that it may make in a minute.
    pub(crate) requests_per_minute: Option<u32>,
    /// Tokens of prompts and answers that it may use in a day (UTC).
    pub(crate) tokens_per_day: Option<u64>,
    /// Whose requests go first.
    pub(crate) priority: Priority,
    /// Courses whose documents it may list and change.
    pub(crate) teaches: Vec<CourseId>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it stops working.
    pub(crate) expires: Option<Timestamp>,
}

impl ApiKey {
    /// Checks a name that somebody typed; it has the form of a course's identifier.
    pub(crate) fn parse_name(text: &str) -> Option<String> {
        CourseId::parse(text).map(|id| id.to_string())
    }

    /// A short name that tells this key from an earlier one of the same name.
    pub(crate) fn id(&self) -> &str {
        self.hash.0.get(..12).unwrap_or(&self.hash.0)
    }

    /// Whether it is meant by what somebody typed.
    pub(crate) fn is_called(&self, name_or_id: &str) -> bool {
        name_or_id == self.name || name_or_id == self.id()
    }
}

/// Keyed by hash.
impl Record for ApiKey {
    const TREE: &'static str = "keys";
    const VERSION: u8 = 2;

    fn migrate(from: u8, mut old: Value) -> Result<Value, Unreadable> {
        if from != 1 {
            return Err(Unreadable::Version { found: from, known: Self::VERSION });
        }
        // Version 1 had keys to the models alone.
        old["teaches"] = Value::Array(Vec::new());
        Ok(old)
    }
}

pub(super) fn create(trees: &mut Trees, key: &ApiKey) -> Result<(), MemoryError> {
    if all(trees)?.iter().any(|known| known.name == key.name) {
        return Err(MemoryError::Exists(key.name.clone()));
    }
    let mut change = Change::default();
    change.put(key.hash.0.as_str(), key)?;
    trees.apply(&change)
}

/// All keys, by name.
pub(super) fn all(trees: &Trees) -> Result<Vec<ApiKey>, MemoryError> {
    let mut keys = trees.scan(&[])?.map(|entry| Ok(entry?.1)).collect::<Result<Vec<ApiKey>, MemoryError>>()?;
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(keys)
}

pub(super) fn with_hash(trees: &Trees, hash: &KeyHash) -> Result<Option<ApiKey>, MemoryError> {
    trees.get(&hash.0)
}

pub(super) fn revoke(trees: &mut Trees, name_or_id: &str) -> Result<Option<ApiKey>, MemoryError> {
    let Some(key) = all(trees)?.into_iter().find(|key| key.is_called(name_or_id)) else { return Ok(None) };
    let mut change = Change::default();
    change.remove::<ApiKey>(key.hash.0.as_str());
    trees.apply(&change)?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_256_bits_and_its_hash_is_sha_256() {
        let (one, other) = (KeySecret::random(), KeySecret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), BEGINNING.len() + 43);
        assert_eq!(one.hash(), KeySecret::presented(one.reveal()).hash());
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(KeySecret::presented("abc").hash().0, known);
    }
}
