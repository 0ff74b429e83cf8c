//! Findings that a comment beside the value waives: `# platy: allow P0421 (OPS-123) until 2027-01-31`.
//!
//! This module reads the comment and judges it; who has the comments finds those beside a value.

use jiff::civil::Date;

/// A waiver as it was written in a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The code of the findings that are waived: `P0421`.
    pub code: String,
    /// Why, usually a ticket; empty only in a waiver that is refused.
    pub reason: String,
    /// The last day on which it holds; for ever if `None`.
    pub until: Option<Date>,
}

/// What a comment says about findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comment {
    /// It is about something else.
    Other,
    /// It waives these findings.
    Waives(Vec<Waiver>),
    /// It means to waive something, but cannot be read: what is wrong, and what to write.
    Unreadable(String),
}

/// What a waiver is to a finding on a given day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is for another code.
    None,
    /// It waives the finding.
    Waived,
    /// It did, until its day passed.
    Expired,
}

/// Reads the text of a comment, with or without its `#` or `//`.
///
/// Several codes share one reason: `allow P0421 P0422 (OPS-123)`.
pub fn read(comment: &str) -> Comment {
    let text = comment.trim().trim_start_matches(['#', '/']).trim();
    let Some(rest) = text.strip_prefix("platy:") else { return Comment::Other };
    match waivers(rest.trim()) {
        Ok(waivers) => Comment::Waives(waivers),
        Err(what) => Comment::Unreadable(what),
    }
}

fn waivers(text: &str) -> Result<Vec<Waiver>, String> {
    let form = "write `platy: allow P0567 (reason) until 2027-01-31`";
    let rest = text
        .strip_prefix("allow")
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .ok_or_else(|| format!("`{text}` is nothing that can be said here; {form}"))?;
    let (codes, rest) = rest.split_once('(').ok_or_else(|| format!("the reason is missing; {form}"))?;
    let (reason, rest) =
        rest.split_once(')').ok_or_else(|| format!("the reason has no closing `)`; {form}"))?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(format!("the reason is empty; {form}"));
    }
    let codes: Vec<&str> =
        codes.split(|c: char| c == ',' || c.is_whitespace()).filter(|code| !code.is_empty()).collect();
    if codes.is_empty() {
        return Err(format!("the code is missing; {form}"));
    }
    if let Some(bad) = codes.iter().find(|code| !is_code(code)) {
        return Err(format!("`{bad}` is no code of a finding; {form}"));
    }
    let rest = rest.trim();
    let until = if rest.is_empty() {
        None
    } else {
        let date = rest
            .strip_prefix("until")
            .filter(|date| date.starts_with(char::is_whitespace))
            .ok_or_else(|| format!("`{rest}` does not say until when; {form}"))?
            .trim();
        let date: Date = date.parse().map_err(|_| format!("`{date}` is no day; write it like 2027-01-31"))?;
        Some(date)
    };
    let waiver = |code: &&str| Waiver { code: (*code).to_owned(), reason: reason.to_owned(), until };
    Ok(codes.iter().map(waiver).collect())
}

fn is_code(text: &str) -> bool {
    text.strip_prefix('P').is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
}

impl Waiver {
    /// What this waiver is to a finding of `code` on the day `today`.
    pub fn effect(&self, code: &str, today: Date) -> Effect {
        if self.code != code {
            Effect::None
        } else if self.until.is_some_and(|until| until < today) {
            Effect::Expired
        } else {
            Effect::Waived
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn one(comment: &str) -> Waiver {
        match read(comment) {
            Comment::Waives(mut waivers) if waivers.len() == 1 => waivers.remove(0),
            other => panic!("{comment}: {other:?}"),
        }
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let waiver = one("# platy: allow P0421 (OPS-123) until 2027-01-31");
        assert_eq!(waiver.reason, "OPS-123");
        assert_eq!(waiver.effect("P0421", date(2027, 1, 31)), Effect::Waived);
        assert_eq!(waiver.effect("P0421", date(2027, 2, 1)), Effect::Expired);
        assert_eq!(waiver.effect("P0422", date(2027, 1, 1)), Effect::None);
    }

    #[test]
    fn without_a_day_it_holds_for_ever() {
        let waiver = one("platy: allow P0500 (the old cluster needs it)");
        assert_eq!(waiver.until, None);
        assert_eq!(waiver.effect("P0500", date(9999, 1, 1)), Effect::Waived);
    }

    #[test]
    fn several_codes_share_a_reason() {
        let Comment::Waives(waivers) = read("# platy: allow P0500, P0501 (OPS-1)") else {
            panic!("not read");
        };
        assert_eq!(waivers.len(), 2);
        assert_eq!(waivers[1].code, "P0501");
    }

    #[test]
    fn what_cannot_be_read_is_said_and_never_waives() {
        for bad in [
            "platy: allow P0500",
            "platy: allow (OPS-1)",
            "platy: allow P500 (OPS-1)",
            "platy: allow P0500 ()",
            "platy: allow P0500 (OPS-1",
            "platy: allow P0500 (OPS-1) until tomorrow",
            "platy: allow P0500 (OPS-1) until 2027-02-30",
            "platy: allow P0500 (OPS-1) 2027-01-31",
            "platy: forbid P0500 (OPS-1)",
        ] {
            assert!(matches!(read(bad), Comment::Unreadable(_)), "{bad}");
        }
        assert_eq!(read("# a comment on platy: allow"), Comment::Other);
    }
}
