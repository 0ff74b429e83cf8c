//! Durations for people: nanoseconds as `1m30s`.

pub use crate::jobspec::duration::format as show;

/// Seconds in nanoseconds.
pub const fn seconds(count: i64) -> i64 {
    count * 1_000_000_000
}

/// Whether a text is a duration as Go reads one: `1h30m`, `1.5s`, `-2ms`, `0`.
pub fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        if digits.matches('.').count() > 1 || !digits.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        if !UNITS.contains(&&after[..unit]) {
            return false;
        }
        rest = &after[unit..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_as_a_duration() {
        for good in ["5m", "1h30m", "1.5s", ".5s", "-2ms", "0", "+1us"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "5", "m", "5 m", "1.2.3s", "5d", "-"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }
}
