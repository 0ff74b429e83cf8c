//! Cron expressions as Nomad's scheduler reads them (the `cronexpr` dialect).
//!
//! Five fields (minute to day of week), six (and a year), or seven (seconds first); names of
//! months and days; `*`, `?`, `a`, `a-b`, `*/n`, `a/n`, `a-b/n`; `L`, `LW` and `15W` for days of
//! the month, `5L` and `5#3` for days of the week; `@hourly` and its like.

/// A field of a cron expression.
struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &[
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: &[&str] = &[
    "sun",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

const SECOND: Field = Field { name: "second", min: 0, max: 59, names: &[] };
const MINUTE: Field = Field { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, names: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of month", min: 1, max: 31, names: &[] };
const MONTH: Field = Field { name: "month", min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Field = Field { name: "day of week", min: 0, max: 6, names: DAYS };
const YEAR: Field = Field { name: "year", min: 1970, max: 2099, names: &[] };

const ALIASES: &[(&str, &str)] = &[
    ("@yearly", "0 0 0 1 1 * *"),
    ("@annually", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * 0 *"),
    ("@daily", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];

/// Checks an expression; says what is wrong with it.
///
/// # Errors
///
/// A phrase such as ``the minute `61` is not in 0-59``.
pub fn check(expression: &str) -> Result<(), String> {
    let mut text = expression.to_owned();
    for (alias, meaning) in ALIASES {
        text = text.replace(alias, meaning);
    }
    // The separators are those of Go's `\s`.
    let words: Vec<&str> =
        text.split([' ', '\t', '\n', '\r', '\x0c']).filter(|word| !word.is_empty()).collect();
    let fields: &[&Field] = match words.len() {
        0..5 => {
            return Err(format!(
                "it has {} of at least 5 fields (minute, hour, day of month, month, day of week)",
                words.len()
            ));
        }
        5 => &[&MINUTE, &HOUR, &DAY_OF_MONTH, &MONTH, &DAY_OF_WEEK],
        6 => &[&MINUTE, &HOUR, &DAY_OF_MONTH, &MONTH, &DAY_OF_WEEK, &YEAR],
        _ => &[&SECOND, &MINUTE, &HOUR, &DAY_OF_MONTH, &MONTH, &DAY_OF_WEEK, &YEAR],
    };
    for (field, word) in fields.iter().zip(words) {
        field.check(word)?;
    }
    Ok(())
}

/// What one entry of a field is.
enum Entry {
    All,
    Some,
    Special,
}

impl Field {
    fn check(&self, word: &str) -> Result<(), String> {
        let entries: Vec<&str> = word.split(',').filter(|entry| !entry.is_empty()).collect();
        if entries.is_empty() {
            return Err(format!("the {} field `{word}` has no value", self.name));
        }
        // Steps are looked at first, in all entries, as Nomad does.
        let mut kinds = Vec::with_capacity(entries.len());
        for entry in &entries {
            kinds.push(self.entry(&entry.to_lowercase())?);
        }
        for (entry, kind) in entries.iter().zip(kinds) {
            match kind {
                Entry::Some => {}
                // In the plain fields nothing after a `*` is looked at.
                Entry::All if self.has_specials() => {}
                Entry::All => return Ok(()),
                Entry::Special if self.is_special(&entry.to_lowercase()) => {}
                Entry::Special => {
                    return Err(format!("the {} `{entry}` is not {}", self.name, self.what_is_allowed()));
                }
            }
        }
        Ok(())
    }

    fn entry(&self, entry: &str) -> Result<Entry, String> {
        if entry == "*" || entry == "?" {
            return Ok(Entry::All);
        }
        let (range, step) = match entry.split_once('/') {
            Some((range, step)) if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) => {
                (range, Some(step))
            }
            Some(_) => return Ok(Entry::Special),
            None => (entry, None),
        };
        let is_range = match range.split_once('-') {
            Some((from, to)) => self.is_value(from) && self.is_value(to),
            None => self.is_value(range) || (range == "*" && step.is_some()),
        };
        if !is_range {
            return Ok(Entry::Special);
        }
        if let Some(step) = step {
            // Nomad knows steps only in the writing of minutes and years: at most two digits.
            let known = step.len() <= 2 || (step.len() == 4 && self.name == YEAR.name);
            let number = step.parse::<u32>().ok().filter(|n| known && (*n < 60 || *n >= 1970));
            if !number.is_some_and(|n| (1..=self.max).contains(&n)) {
                return Err(format!(
                    "the step `{step}` of the {} is not in 1-{}",
                    self.name,
                    self.max.min(59)
                ));
            }
        }
        Ok(Entry::Some)
    }

    fn is_value(&self, text: &str) -> bool {
        if self.names.contains(&text) {
            return true;
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let max = if self.name == DAY_OF_WEEK.name { 7 } else { self.max };
        // A leading zero is allowed for one digit only.
        digits
            && text.len() <= if self.name == YEAR.name { 4 } else { 2 }
            && text.parse::<u32>().is_ok_and(|n| (self.min..=max).contains(&n))
    }

    fn has_specials(&self) -> bool {
        self.name == DAY_OF_MONTH.name || self.name == DAY_OF_WEEK.name
    }

    fn is_special(&self, entry: &str) -> bool {
        if self.name == DAY_OF_MONTH.name {
            return entry == "l"
                || entry == "lw"
                || entry.strip_suffix('w').is_some_and(|day| self.is_value(day));
        }
        if self.name == DAY_OF_WEEK.name {
            return entry.strip_suffix('l').is_some_and(|day| self.is_value(day))
                || entry.split_once('#').is_some_and(|(day, week)| {
                    self.is_value(day) && matches!(week, "1" | "2" | "3" | "4" | "5")
                });
        }
        false
    }

    fn what_is_allowed(&self) -> String {
        let specials = match self.name {
            "day of month" => ", `L`, `LW` or a day like `15W`",
            "day of week" => ", a name like `mon`, `5L` or `5#3`",
            "month" => " or a name like `jan`",
            _ => "",
        };
        format!("a value, range or step in {}-{}{specials}", self.min, self.max)
    }
}

/// Whether a time zone name is one that a server with the usual database can load.
///
/// `None` where this machine has no database to look in.
pub fn is_time_zone(name: &str) -> Option<bool> {
    if matches!(name, "" | "UTC" | "Local") {
        return Some(true);
    }
    let db = jiff::tz::db();
    if db.is_definitively_empty() {
        return None;
    }
    // Go looks for a file of exactly this name; jiff ignores case.
    let plain = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    Some(db.get(plain).is_ok_and(|zone| zone.iana_name() == Some(plain)))
}

/// The known time zone that is nearest to `name`.
pub fn nearest_time_zone(name: &str) -> Option<String> {
    let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let near = crate::diagnostic::nearest(name, zones.iter().map(String::as_str))?;
    Some(near.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nomad_reads() {
        for good in [
            "*/15 * * * *",
            "0 0 1 1 * 2030",
            "0 30 9 * * MON-FRI *",
            "@daily",
            "@hourly",
            "0 12 15W * 5#3",
            "0 12 L,15 * 5L",
            "0 12 LW * ?",
            "5/10 * * january 7",
            "*,bogus * * * *",
            "0 0 * * * * * and more",
            "09 08 07 06 05",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "every day",
            "x",
            "",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "*/60 * * * *",
            "* * * * */7",
            "a * * * *",
            "bogus,* * * * *",
            "* * *,bogus * *",
            ", * * * *",
            "1-2-3 * * * *",
            "001 * * * *",
            "* * * * * 1969",
            "* * * * 5#6",
            "@midnight",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_names_the_field() {
        let message = check("61 * * * *").expect_err("61 is no minute");
        assert_eq!(message, "the minute `61` is not a value, range or step in 0-59");
    }

    #[test]
    fn time_zones_are_case_sensitive() {
        assert_eq!(is_time_zone("Europe/Berlin"), Some(true));
        assert_eq!(is_time_zone("europe/berlin"), Some(false));
        assert_eq!(is_time_zone("Mars/Base"), Some(false));
        assert_eq!(is_time_zone("Local"), Some(true));
    }
}
