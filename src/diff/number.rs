//! Numbers and durations as text: as Go prints them, and as people read them.

use crate::jobspec::duration;

/// A duration in nanoseconds as people write it: `9s`, `5m`, `1h30m`, `1.5s`.
pub fn duration(nanoseconds: i64) -> String {
    let mut text = duration::go(nanoseconds);
    if text.ends_with("m0s") {
        text.truncate(text.len() - 2);
    }
    if text.ends_with("h0m") {
        text.truncate(text.len() - 2);
    }
    text
}

/// A number as Go's `%v` prints a `float64`: `1e+06`, `0.5`, `8080`.
pub fn go_float(number: f64) -> String {
    let plain = format!("{number:e}");
    let Some((mantissa, exponent)) = plain.split_once('e') else { return plain };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_for_people() {
        for (nanoseconds, text) in [
            (9_000_000_000, "9s"),
            (300_000_000_000, "5m"),
            (3_600_000_000_000, "1h"),
            (5_400_000_000_000, "1h30m"),
            (3_605_000_000_000, "1h0m5s"),
            (0, "0s"),
        ] {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn floats_as_in_go() {
        for (number, text) in [
            (1.0, "1"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (2_097_152.0, "2.097152e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1_234_567.5, "1.2345675e+06"),
            (123_456.7, "123456.7"),
            (1e20, "1e+20"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-5.0, "-5"),
            (1.5, "1.5"),
            (0.0, "0"),
        ] {
            assert_eq!(go_float(number), text);
        }
    }
}
