//! How a record stands on disk: one byte for its version, then JSON; older versions are migrated when read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::MemoryError;

/// A kind of stored value.
///
/// Whoever changes what the type looks like in JSON raises [`Record::VERSION`] and teaches
/// [`Record::migrate`] the older form; a test that knows the bytes of each version insists on it.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// The sled tree that holds this kind.
    const TREE: &'static str;
    /// The version that this program writes.
    const VERSION: u8 = 1;

    /// Turns the JSON of an older version into that of [`Record::VERSION`].
    ///
    /// # Errors
    /// [`Unreadable::Version`] when this program does not know `from`.
    fn migrate(from: u8, old: Value) -> Result<Value, Unreadable> {
        drop(old);
        Err(Unreadable::Version { found: from, known: Self::VERSION })
    }
}

/// Why stored bytes are no record.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// There are no bytes.
    #[error("the record is empty")]
    Empty,
    /// A newer program wrote it, or one that is too old.
    #[error("the record has version {found}, this program knows {known}")]
    Version {
        /// The version that was found.
        found: u8,
        /// The version that this program writes.
        known: u8,
    },
    /// It is not the JSON that its version has.
    #[error("the record is damaged")]
    Damaged(#[from] serde_json::Error),
}

/// The bytes of a record.
pub(super) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, MemoryError> {
    let mut bytes = vec![R::VERSION];
    serde_json::to_writer(&mut bytes, record).map_err(|error| unreadable::<R>(&[], error.into()))?;
    Ok(bytes)
}

/// The record at `key`, migrated if an older program wrote it.
pub(super) fn decode<R: Record>(key: &[u8], bytes: &[u8]) -> Result<R, MemoryError> {
    read(bytes).map_err(|cause| unreadable::<R>(key, cause))
}

fn read<R: Record>(bytes: &[u8]) -> Result<R, Unreadable> {
    let (version, json) = bytes.split_first().ok_or(Unreadable::Empty)?;
    if *version == R::VERSION {
        return Ok(serde_json::from_slice(json)?);
    }
    let current = R::migrate(*version, serde_json::from_slice(json)?)?;
    Ok(serde_json::from_value(current)?)
}

/// Keys hold accounts and chats, and errors reach logs: so an error shows a digest of the key.
fn unreadable<R: Record>(key: &[u8], cause: Unreadable) -> MemoryError {
    let digest = Sha256::digest(key);
    let key = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    MemoryError::Record { tree: R::TREE, key, source: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    /// A kind that has changed twice: version 1 had one `name`, version 2 split it, version 3 counts.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        given: String,
        family: String,
        count: u32,
    }

    impl Record for Sample {
        const TREE: &'static str = "sample";
        const VERSION: u8 = 3;

        fn migrate(from: u8, mut old: Value) -> Result<Value, Unreadable> {
            if !(1..Self::VERSION).contains(&from) {
                return Err(Unreadable::Version { found: from, known: Self::VERSION });
            }
            if from == 1 {
                let name = old["name"].as_str().unwrap_or_default().to_owned();
                let (given, family) = name.split_once(' ').unwrap_or((&name, ""));
                old = json!({"given": given, "family": family});
            }
            old["count"] = json!(0);
            Ok(old)
        }
    }

    fn bytes(version: u8, json: &str) -> Vec<u8> {
        [&[version], json.as_bytes()].concat()
    }

    #[test]
    fn reads_every_version_up_to_its_own() {
        let ada = |count| Sample { given: "Ada".to_owned(), family: "Lovelace".to_owned(), count };
        for (stored, expected) in [
            (bytes(1, r#"{"name":"Ada Lovelace"}"#), ada(0)),
            (bytes(2, r#"{"given":"Ada","family":"Lovelace"}"#), ada(0)),
            (bytes(3, r#"{"given":"Ada","family":"Lovelace","count":7}"#), ada(7)),
        ] {
            let read: Sample = decode(b"key", &stored).unwrap();
            assert_eq!(read, expected);
            assert_eq!(encode(&read).unwrap()[0], Sample::VERSION, "written back in the current version");
        }
    }

    #[test]
    fn refuses_what_is_newer_or_damaged() {
        for (stored, expected) in [
            (vec![], "the record is empty"),
            (bytes(4, "{}"), "the record has version 4, this program knows 3"),
            (bytes(0, "{}"), "the record has version 0, this program knows 3"),
            (bytes(3, r#"{"given":"Ada""#), "the record is damaged"),
            (bytes(3, "{}"), "the record is damaged"),
            (bytes(1, "\u{0}"), "the record is damaged"),
        ] {
            let error = decode::<Sample>(b"telegram:12345", &stored).unwrap_err();
            let MemoryError::Record { tree, key, source } = error else { panic!("another error") };
            assert_eq!((tree, source.to_string().as_str()), ("sample", expected));
            assert_eq!(key, "de97b035", "a digest, not the account");
        }
    }
}
