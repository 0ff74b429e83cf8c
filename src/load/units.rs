//! The units that YAML values are written in.

/// A size in megabytes as Nomad counts them (MiB), rounded up.
///
/// A number alone is MB as Nomad's `memory` takes it. `MiB`, `GiB`, `TiB` are powers of 1024;
/// `KB`, `MB`, `GB`, `TB` too, for that is how Nomad reads "MB".
pub fn megabytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "m" | "mb" | "mib" => 1.0,
        "k" | "kb" | "kib" => 1.0 / 1024.0,
        "g" | "gb" | "gib" => 1024.0,
        "t" | "tb" | "tib" => 1024.0 * 1024.0,
        _ => return None,
    };
    let megabytes = (number * factor).ceil();
    ((0.0..=1e9).contains(&megabytes)).then_some(megabytes as i64)
}

/// A duration in nanoseconds, as Go writes them: `1h2m3.5s`, `500ms`, `0`; never negative.
pub fn nanoseconds(text: &str) -> Option<i64> {
    crate::jobspec::duration::parse(text).filter(|nanoseconds| *nanoseconds >= 0)
}

/// Cores as MHz, at least 1.
pub fn megahertz(cores: f64, mhz_per_core: u32) -> i64 {
    ((cores * f64::from(mhz_per_core)).round() as i64).max(1)
}

/// Whether it can be the name of a job, a stage, a user, a port.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text != "."
        && text != ".."
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether it is an absolute http or https URL with a host.
pub fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with(['/', ':'])
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_megabytes() {
        assert_eq!(megabytes("300"), Some(300));
        assert_eq!(megabytes("512MiB"), Some(512));
        assert_eq!(megabytes("2GB"), Some(2048));
        assert_eq!(megabytes("1.5 GiB"), Some(1536));
        assert_eq!(megabytes("100KB"), Some(1));
        for bad in ["", "MB", "-5", "1e400GB", "12 parsecs", "1.2.3"] {
            assert_eq!(megabytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_go_durations() {
        assert_eq!(nanoseconds("1m30s"), Some(90_000_000_000));
        assert_eq!(nanoseconds("1.5s"), Some(1_500_000_000));
        assert_eq!(nanoseconds("0"), Some(0));
        for bad in ["", "5", "s", "1d", "1m 30s", "99999999999h"] {
            assert_eq!(nanoseconds(bad), None, "{bad}");
        }
    }
}
