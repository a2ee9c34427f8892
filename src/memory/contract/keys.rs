//! Rules about keys.

use super::sample::key;
use crate::memory::{ApiKey, KeySecret, Memory, MemoryError};

pub(super) async fn knows_a_key_by_its_hash_until_it_is_revoked(memory: &dyn Memory) {
    memory.create_key(&key("grader")).await.unwrap();
    let hash = key("grader").hash;
    assert_eq!(memory.key(&hash).await.unwrap(), Some(key("grader")));
    assert_eq!(memory.key(&KeySecret::presented("guess").hash()).await.unwrap(), None);
    assert_eq!(memory.revoke_key("grade").await.unwrap(), None);
    assert_eq!(memory.revoke_key(key("grader").id()).await.unwrap(), Some(key("grader")));
    assert_eq!(memory.key(&hash).await.unwrap(), None);
    assert_eq!(memory.revoke_key("grader").await.unwrap(), None);
}

pub(super) async fn keeps_names_apart(memory: &dyn Memory) {
    memory.create_key(&key("grader")).await.unwrap();
    let second = ApiKey { hash: KeySecret::presented("another").hash(), ..key("grader") };
    assert!(matches!(memory.create_key(&second).await, Err(MemoryError::Exists(name)) if name == "grader"));
    assert_eq!(memory.key(&second.hash).await.unwrap(), None);
    memory.revoke_key("grader").await.unwrap();
    memory.create_key(&second).await.unwrap();
    assert_eq!(memory.keys().await.unwrap(), [second]);
}

pub(super) async fn lists_keys_by_name(memory: &dyn Memory) {
    for name in ["notes", "bench", "grader"] {
        memory.create_key(&key(name)).await.unwrap();
    }
    assert_eq!(memory.keys().await.unwrap(), [key("bench"), key("grader"), key("notes")]);
}
