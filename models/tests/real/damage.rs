//! Model files that are missing, cut off or something else: a typed error, never the end of the process.

use std::fs;

use tutor_models::catalog::DEFAULT_CHAT;
use tutor_models::engine::{Engine, EngineError, EngineSettings};

fn start(path: &std::path::Path) -> EngineError {
    let settings = EngineSettings { path: path.to_path_buf(), ..EngineSettings::default() };
    Engine::start(settings).err().unwrap_or_else(|| panic!("{} was accepted", path.display()))
}

#[test]
fn a_file_that_is_not_there_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.gguf");
    assert!(matches!(start(&path), EngineError::Missing { path: named } if named == path));
    assert!(matches!(start(folder.path()), EngineError::Unreadable { .. }));
}

#[test]
fn a_file_that_is_no_model_or_only_a_part_of_one_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    let whole = fs::read(crate::model(DEFAULT_CHAT)).unwrap();
    for length in [0, 3, 4, 8, 24, 100, 1_000, 100_000, 1_000_000, 10_000_000, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(start(&path), EngineError::Damaged { path: named, .. } if named == path), "{length} bytes");
    }
    fs::write(&path, "not a model").unwrap();
    assert!(start(&path).to_string().contains("not a GGUF"));
}

#[test]
fn flipped_bytes_in_the_header_do_not_end_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    let whole = fs::read(crate::model(DEFAULT_CHAT)).unwrap();
    for (place, value) in [(4, 9), (8, 0xff), (15, 0x7f), (16, 0xff), (23, 0x7f), (24, 0xff), (31, 0x7f), (60, 0xff)] {
        let mut file = whole.clone();
        file[place] = value;
        fs::write(&path, &file).unwrap();
        assert!(matches!(start(&path), EngineError::Damaged { .. }), "byte {place}");
    }
}

#[test]
fn a_context_larger_than_the_memory_is_refused_before_it_is_allocated() {
    let path = crate::model(DEFAULT_CHAT);
    let settings = EngineSettings { path, context: 8192, parallel: 256, ..EngineSettings::default() };
    match Engine::start(settings) {
        // 256 × 8,192 tokens at 22.5 KiB.
        Err(EngineError::NotEnoughMemory { needed, available, .. }) => {
            assert_eq!(needed, 256 * 8192 * 23_040);
            assert!(available < needed);
        }
        Err(error) => panic!("{error}"),
        Ok(engine) => assert!(engine.placement().layers > 0 || !cfg!(target_os = "linux") || free() >= 45 << 30),
    }
}

/// Free memory in bytes, where the system says so.
fn free() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
