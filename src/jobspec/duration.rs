//! Durations as Go writes and reads them: `1m30s`.

const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Nanoseconds as people write them: `30s`, `1m30s`, `24h`, `1.5s` as `1s500ms`, `0s`.
pub fn format(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    if nanoseconds < 0 {
        text.push('-');
    }
    let mut rest = nanoseconds.unsigned_abs();
    for (unit, size) in UNITS {
        if rest >= size {
            text.push_str(&(rest / size).to_string());
            text.push_str(unit);
            rest %= size;
        }
    }
    text
}

/// Nanoseconds of a duration as Go's `time.ParseDuration` reads it: `1h2m3.5s`, `-500ms`, `0`.
pub fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let unit = if matches!(unit, "µs" | "μs") { "us" } else { unit };
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(*size)?)?;
        // Digits past the nanosecond are cut off, as Go does.
        let mut scale = *size as f64;
        let mut part = 0.0;
        for digit in fraction.bytes().take(18) {
            scale /= 10.0;
            part += f64::from(digit - b'0') * scale;
        }
        total = total.checked_add((part + 1e-6) as u64)?;
        rest = after;
    }
    match (negative, i64::try_from(total)) {
        (false, Ok(total)) => Some(total),
        (true, Ok(total)) => Some(-total),
        (true, Err(_)) if total == i64::MIN.unsigned_abs() => Some(i64::MIN),
        _ => None,
    }
}

/// Nanoseconds as Go prints them: `1m30s`, `1h0m0s`, `1.5s`, `2ms`, `0s`.
pub fn go(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{size}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(size, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(size, 1_000_000)),
        _ => {
            let seconds = decimal(size % 60_000_000_000, 1_000_000_000);
            let minutes = size / 60_000_000_000;
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// A size in a unit of a power of ten, without zeros at the end.
fn decimal(size: u64, unit: u64) -> String {
    let text = format!("{}.{:0width$}", size / unit, size % unit, width = unit.ilog10() as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{format, go, parse};

    #[test]
    fn what_go_reads() {
        assert_eq!(parse("1h2m3.5s"), Some(3_723_500_000_000));
        assert_eq!(parse("-1.5ms"), Some(-1_500_000));
        assert_eq!(parse(".5s"), Some(500_000_000));
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("+5us"), Some(5_000));
        for bad in ["", "5", "s", "1d", "1m 30s", "1.2.3s", "99999999999h", "-", "."] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn as_go_prints_them() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (1_500, "1.5µs"),
            (1_500_000, "1.5ms"),
            (2_000_000, "2ms"),
            (1_234_567_000, "1.234567s"),
            (1_500_000_000, "1.5s"),
            (5_000_000_000, "5s"),
            (-5_000_000_000, "-5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (93_780_500_000_000, "26h3m0.5s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(go(nanoseconds), text);
        }
    }

    #[test]
    fn only_the_units_that_are_needed() {
        assert_eq!(format(0), "0s");
        assert_eq!(format(30_000_000_000), "30s");
        assert_eq!(format(90_000_000_000), "1m30s");
        assert_eq!(format(86_400_000_000_000), "24h");
        assert_eq!(format(1_500_000_000), "1s500ms");
        assert_eq!(format(-5_000_000_001), "-5s1ns");
        assert_eq!(format(i64::MIN), "-2562047h47m16s854ms775us808ns");
    }
}
