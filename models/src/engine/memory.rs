//! Whether the state of all answers fits into memory, known before it is allocated: the system would kill the program
//! long after the start, when the last pages are touched.

use super::EngineError;
use super::loaded::Loaded;

/// Refuses a context that does not fit into the machine's memory. A GPU's memory is left to its driver, which refuses
/// by itself; where the system does not say what is free, nothing is refused.
pub(super) fn check(loaded: &Loaded, sequences: u32, tokens: u32) -> Result<(), EngineError> {
    let Some(available) = available().filter(|_| loaded.placement.layers == 0) else { return Ok(()) };
    let model = &loaded.model;
    let head = model.n_embd().unsigned_abs() / model.n_head().max(1);
    let shape = Shape { layers: model.n_layer(), heads: model.n_head_kv(), head };
    let needed = shape.bytes(u64::from(sequences) * u64::from(tokens));
    if needed <= available {
        return Ok(());
    }
    Err(EngineError::NotEnoughMemory { needed, available, sequences, tokens })
}

/// What a model keeps of a token: a key and a value in half precision for every layer and head.
#[derive(Debug, Clone, Copy)]
struct Shape {
    layers: u32,
    heads: u32,
    head: u32,
}

impl Shape {
    fn bytes(self, tokens: u64) -> u64 {
        tokens * u64::from(self.layers) * u64::from(self.heads) * u64::from(self.head) * 2 * 2
    }
}

fn available() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_smollm2_takes_22_5_kib() {
        let shape = Shape { layers: 30, heads: 3, head: 64 };
        assert_eq!(shape.bytes(4096), 4096 * 23_040);
    }

    #[test]
    fn free_memory_is_what_the_system_says() {
        assert_eq!(parse("MemTotal:  100 kB\nMemAvailable:    7 kB\n"), Some(7 * 1024));
        assert_eq!(parse("MemTotal:  100 kB\n"), None);
    }
}
