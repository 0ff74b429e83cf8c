//! Numbers and durations as text: as Go prints them, and as people read them.

use std::fmt::Write as _;

/// A duration in nanoseconds as Go prints it: `1h0m5s`, `1.5s`, `250ms`, `0s`.
pub fn go_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let fraction = |unit: u64, name: &str| {
        let mut text = format!("{sign}{}", total / unit);
        let rest = total % unit;
        if rest > 0 {
            let digits = unit.ilog10() as usize;
            let rest = format!("{rest:0digits$}");
            text.push('.');
            text.push_str(rest.trim_end_matches('0'));
        }
        text + name
    };
    match total {
        0 => "0s".to_owned(),
        1..1_000 => fraction(1, "ns"),
        1_000..1_000_000 => fraction(1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(1_000_000, "ms"),
        _ => {
            let (hours, minutes) = (total / 3_600_000_000_000, total / 60_000_000_000 % 60);
            let mut text = sign.to_owned();
            if hours > 0 {
                let _ = write!(text, "{hours}h");
            }
            if hours > 0 || minutes > 0 {
                let _ = write!(text, "{minutes}m");
            }
            let (seconds, rest) = (total / 1_000_000_000 % 60, total % 1_000_000_000);
            let _ = write!(text, "{seconds}");
            if rest > 0 {
                let _ = write!(text, ".{}", format!("{rest:09}").trim_end_matches('0'));
            }
            text + "s"
        }
    }
}

/// A duration in nanoseconds as people write it: `9s`, `5m`, `1h30m`, `1.5s`.
pub fn duration(nanoseconds: i64) -> String {
    let mut text = go_duration(nanoseconds);
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
    fn durations_as_in_go() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (1_500_000, "1.5ms"),
            (5_000_000_000, "5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (1_234_567_000, "1.234567s"),
            (-5_000_000_000, "-5s"),
            (93_780_500_000_000, "26h3m0.5s"),
        ] {
            assert_eq!(go_duration(nanoseconds), text);
        }
    }

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
