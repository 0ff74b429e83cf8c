//! Functions on times, which are text in RFC 3339.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

use super::{Args, Outcome, abbreviate, fail, fail_at};

/// A time of day somewhere, and how far it is ahead of UTC there.
struct Moment {
    local: DateTime,
    /// Minutes.
    offset: i32,
}

/// Reads `2006-01-02T15:04:05Z`, with a fraction or `+07:00` where wanted.
fn parse(text: &str) -> Result<Moment, &'static str> {
    let bytes = text.as_bytes();
    let number = |from: usize, len: usize| {
        let digits =
            text.get(from..from + len).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<i16>().ok()
    };
    let punctuated = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let date = number(0, 4)
        .zip(number(5, 2))
        .zip(number(8, 2))
        .filter(|_| punctuated(4, b'-') && punctuated(7, b'-'));
    let Some(((year, month), day)) = date else { return Err("a date `YYYY-MM-DD` is expected") };
    if !punctuated(10, b'T') {
        return Err("`T` is expected between date and time");
    }
    let time = number(11, 2)
        .zip(number(14, 2))
        .zip(number(17, 2))
        .filter(|_| punctuated(13, b':') && punctuated(16, b':'));
    let Some(((hour, minute), second)) = time else { return Err("a time `hh:mm:ss` is expected") };
    let mut rest = &text[19..];
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err("digits are expected after the dot");
        }
        nanoseconds = format!("{:0<9.9}", &fraction[..digits]).parse().unwrap_or(0);
        rest = &fraction[digits..];
    }
    let offset = match rest.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let Some((hours, minutes)) =
                number(at, 2).zip(number(at + 3, 2)).filter(|(h, m)| *h < 24 && *m < 60)
            else {
                return Err("`Z` or an offset `+hh:mm` is expected at the end");
            };
            let minutes = i32::from(hours) * 60 + i32::from(minutes);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return Err("`Z` or an offset `+hh:mm` is expected at the end"),
    };
    let date = Date::new(year, month as i8, day as i8).map_err(|_| "there is no such day")?;
    if second > 59 {
        return Err("there is no such time of day");
    }
    let time = Time::new(hour as i8, minute as i8, second as i8, nanoseconds)
        .map_err(|_| "there is no such time of day")?;
    Ok(Moment { local: date.to_datetime(time), offset })
}

impl Moment {
    /// `+07:00`, with what stands between hours and minutes.
    fn zone(&self, between: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs();
        format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
    }

    /// `Z` or `+07:00`.
    fn short_zone(&self) -> String {
        if self.offset == 0 { "Z".to_owned() } else { self.zone(":") }
    }
}

/// What is said of a text that is no time.
fn no_time(text: &str, error: &str) -> String {
    format!("`{}` is not a time of RFC 3339: {error}", abbreviate(text))
}

/// `timeadd(timestamp, duration)`
pub(super) fn timeadd(args: Args) -> Outcome {
    let moment = match parse(args.text(0)) {
        Ok(moment) => moment,
        Err(error) => return fail(no_time(args.text(0), error)),
    };
    let Some(nanoseconds) = duration(args.text(1)) else {
        return fail(format!("`{}` is not a duration such as `1h30m`", abbreviate(args.text(1))));
    };
    let later = moment.local.checked_add(SignedDuration::from_nanos(nanoseconds));
    match later {
        Ok(local) => Ok(format!("{}{}", local.strftime("%Y-%m-%dT%H:%M:%S"), moment.short_zone()).into()),
        Err(_) => fail("the result is not in the years 0 to 9999"),
    }
}

/// Nanoseconds of a duration as Go writes one: `-1.5h`, `1m30s`.
fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(whole);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", after),
        };
        if digits.len() + fraction.len() == 0 || digits.len() > 19 {
            return None;
        }
        let unit_len = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000i128,
            _ => return None,
        };
        total += digits.parse::<i128>().unwrap_or(0) * unit;
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            total += fraction.parse::<i128>().ok()? * unit / 10i128.pow(fraction.len() as u32);
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// `formatdate(format, time)`
pub(super) fn formatdate(args: Args) -> Outcome {
    let moment = match parse(args.text(1)) {
        Ok(moment) => moment,
        Err(error) => return fail_at(1, no_time(args.text(1), error)),
    };
    let mut out = String::new();
    let mut rest = args.text(0);
    while let Some(first) = rest.chars().next() {
        let len = if first.is_ascii_alphabetic() {
            let len = rest.chars().take_while(|c| *c == first).count();
            match part(&moment, first, len) {
                Ok(text) => out.push_str(&text),
                Err(expected) => {
                    return fail_at(
                        0,
                        format!("`{}` is not a part of a date: {expected}", abbreviate(&rest[..len])),
                    );
                }
            }
            len
        } else if first == '\'' {
            match literal(rest) {
                Some((text, len)) => {
                    out.push_str(&text);
                    len
                }
                None => return fail_at(0, "the closing `'` of a literal is missing"),
            }
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    Ok(out.into())
}

/// The text in single quotes at the start, `''` for a quote, and its length with the quotes.
fn literal(text: &str) -> Option<(String, usize)> {
    if text.starts_with("''") {
        return Some(("'".to_owned(), 2));
    }
    let mut out = String::new();
    let mut at = 1;
    loop {
        let next = text[at..].find('\'')? + at;
        out.push_str(&text[at..next]);
        if !text[next + 1..].starts_with('\'') {
            return Some((out, next + 1));
        }
        out.push('\'');
        at = next + 2;
    }
}

/// A part of a date: a letter, so many times.
fn part(moment: &Moment, letter: char, len: usize) -> Result<String, &'static str> {
    let local = moment.local;
    let number = |value: i16, expected| match len {
        1 => Ok(value.to_string()),
        2 => Ok(format!("{value:02}")),
        _ => Err(expected),
    };
    match (letter, len) {
        ('Y', 2) => Ok(format!("{:02}", local.year() % 100)),
        ('Y', 4) => Ok(format!("{:04}", local.year())),
        ('Y', _) => Err("a year is `YY` or `YYYY`"),
        ('M', 3) => Ok(local.strftime("%b").to_string()),
        ('M', 4) => Ok(local.strftime("%B").to_string()),
        ('M', _) => number(local.month().into(), "a month is `M`, `MM`, `MMM` or `MMMM`"),
        ('D', _) => number(local.day().into(), "a day is `D` or `DD`"),
        ('E', 3) => Ok(local.strftime("%a").to_string()),
        ('E', 4) => Ok(local.strftime("%A").to_string()),
        ('E', _) => Err("a day of the week is `EEE` or `EEEE`"),
        ('h', _) => number(local.hour().into(), "an hour of 24 is `h` or `hh`"),
        ('H', _) => number(i16::from((local.hour() + 11) % 12 + 1), "an hour of 12 is `H` or `HH`"),
        ('A', 2) => Ok(if local.hour() < 12 { "AM" } else { "PM" }.to_owned()),
        ('a', 2) => Ok(if local.hour() < 12 { "am" } else { "pm" }.to_owned()),
        ('A' | 'a', _) => Err("the half of the day is `AA` or `aa`"),
        ('m', _) => number(local.minute().into(), "a minute is `m` or `mm`"),
        ('s', _) => number(local.second().into(), "a second is `s` or `ss`"),
        ('Z', 1) => Ok(moment.short_zone()),
        ('Z', 3) if moment.offset == 0 => Ok("UTC".to_owned()),
        ('Z', 3 | 4) => Ok(moment.zone("")),
        ('Z', 5) => Ok(moment.zone(":")),
        ('Z', _) => Err("a time zone is `Z`, `ZZZ`, `ZZZZ` or `ZZZZZ`"),
        _ => Err("literal letters stand in single quotes"),
    }
}
