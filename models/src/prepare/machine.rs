//! Which machine this is: what is measured on one says nothing of another.

use sha2::{Digest, Sha256};

/// The CPU's name and how many threads it runs; a GPU's name where llama.cpp sees one.
pub(super) fn name() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let gpu = crate::engine::backend::started().ok().map(crate::engine::backend::gpus).unwrap_or_default();
    let gpu: String = gpu.iter().map(|gpu| format!(", {}", gpu.description)).collect();
    format!("{}, {threads} threads{gpu}", model.unwrap_or(std::env::consts::ARCH))
}

/// A short digest of all that tells one type of CPU from another.
pub(super) fn digest() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let traits: String =
        cpu.lines().filter(|line| line.starts_with("flags") || line.starts_with("Features")).take(1).collect();
    let digest = Sha256::digest(format!("{}\n{traits}", name()));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
