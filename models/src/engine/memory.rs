//! Whether the state of all answers fits into memory, known before it is allocated: the system would kill the program
//! long after the start, when the last pages are touched.

use super::llama::Room;
use super::loaded::Loaded;
use super::{Cache, EngineError};

/// Refuses a context that does not fit into the machine's memory. A GPU's memory is left to its driver, which refuses
/// by itself; where the system does not say what is free, nothing is refused.
pub(super) fn check(loaded: &Loaded, room: Room) -> Result<(), EngineError> {
    let Some(available) = available().filter(|_| loaded.placement.layers == 0) else { return Ok(()) };
    let (needed, sequences, tokens) = (context(loaded, room), room.parallel, room.context);
    if needed <= available {
        return Ok(());
    }
    Err(EngineError::NotEnoughMemory { needed, available, sequences, tokens })
}

/// Bytes that the keys and values of all answers take.
pub(super) fn context(loaded: &Loaded, room: Room) -> u64 {
    let model = &loaded.model;
    let head = model.n_embd().unsigned_abs() / model.n_head().max(1);
    let shape = Shape { layers: model.n_layer(), heads: model.n_head_kv(), head };
    shape.bytes(u64::from(room.parallel) * u64::from(room.context), room.tuning.cache)
}

/// What a model keeps of a token: a key and a value for every layer and head.
#[derive(Debug, Clone, Copy)]
struct Shape {
    layers: u32,
    heads: u32,
    head: u32,
}

impl Shape {
    fn bytes(self, tokens: u64, cache: Cache) -> u64 {
        let values = tokens * u64::from(self.layers) * u64::from(self.heads) * u64::from(self.head) * 2;
        match cache {
            Cache::F16 | Cache::Bf16 => values * 2,
            // 32 values of a byte share a scale of two.
            Cache::Q8 => values / 32 * 34,
        }
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
        assert_eq!(shape.bytes(4096, Cache::F16), 4096 * 23_040);
        assert_eq!(shape.bytes(4096, Cache::Q8), 4096 * 12_240);
    }

    #[test]
    fn free_memory_is_what_the_system_says() {
        assert_eq!(parse("MemTotal:  100 kB\nMemAvailable:    7 kB\n"), Some(7 * 1024));
        assert_eq!(parse("MemTotal:  100 kB\n"), None);
    }
}
