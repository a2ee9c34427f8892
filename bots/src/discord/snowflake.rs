//! Snowflakes: Discord's ids, whose upper bits tell when they were given out.

use std::time::{Duration, SystemTime};

/// The first moment of Discord's clock: the beginning of 2015, in Unix time.
const EPOCH: Duration = Duration::from_secs(1_420_070_400);
/// The bits below the milliseconds.
const SHIFT: u32 = 22;

/// When `id` was given out.
pub(crate) fn time_of(id: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + EPOCH + Duration::from_millis(id >> SHIFT)
}

/// The smallest id that can be given out at `time`.
pub(crate) fn first_at(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH + EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX >> SHIFT) << SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Discord's reference (discord.com/developers/docs/reference#snowflakes).
    #[test]
    fn ids_tell_the_time() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_462_015_105_796);
        assert_eq!(time_of(175_928_847_299_117_063), at);
        assert!((first_at(at)..first_at(at + Duration::from_millis(1))).contains(&175_928_847_299_117_063));
        assert_eq!(first_at(SystemTime::UNIX_EPOCH), 0);
    }
}
