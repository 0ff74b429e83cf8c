//! Durations in messages: nanoseconds as `1m30s`.

pub use crate::jobspec::duration::format as show;

/// Seconds in nanoseconds.
pub const fn seconds(count: i64) -> i64 {
    count * 1_000_000_000
}
