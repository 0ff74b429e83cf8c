//! Text as HCL: quoted, or as a heredoc; and what of it is a reference that stays.
//!
//! Rules: the HCL specification (templates, quoted strings, heredocs) and what Nomad's parser
//! does with a reference that it does not know: it keeps the source text.

/// Whether the text can stand as the name of an attribute or block.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether the text can stand as a key of an object without quotes.
pub fn is_key(text: &str) -> bool {
    is_name(text) && !matches!(text, "for" | "null" | "true" | "false")
}

/// The length of a reference `${a.b["c"]}` at the start of the text, if the parser would keep
/// it as it is: unknown to it, plain, and not followed by a brace (which Nomad's parser takes for
/// the reference's own).
fn reference(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("${")?;
    let root = name(inner)?;
    if matches!(&inner[..root], "var" | "local" | "true" | "false" | "null" | "for" | "if") {
        return None;
    }
    let mut at = root;
    loop {
        let rest = &inner[at..];
        if let Some(after) = rest.strip_prefix('.') {
            at += 1 + name(after)?;
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let key = after.find(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c)))?;
            at += 2 + key + after[key..].strip_prefix("\"]").map(|_| 2)?;
        } else {
            break;
        }
    }
    let after = inner[at..].strip_prefix('}')?;
    (!after.trim_start_matches(' ').starts_with('}')).then_some(2 + at + 1)
}

/// The length of the name at the start of the text.
fn name(text: &str) -> Option<usize> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_alphabetic() || first == b'_') {
        return None;
    }
    Some(
        text.bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'-'))
            .unwrap_or(text.len()),
    )
}

/// The text in double quotes; references stay.
pub fn quoted(text: &str) -> String {
    quote(text, true)
}

/// The text in double quotes as a label or key, where references cannot stand.
pub fn label(text: &str) -> String {
    quote(text, false)
}

fn quote(text: &str, references: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if references && let Some(length) = reference(rest) {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.starts_with('{') => {
                out.push(c);
                out.push(c);
            }
            // `$$${` would be read as `$$` and an open `${`.
            '$' | '%' if rest.starts_with([c]) && rest[1..].starts_with('{') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The lines of a heredoc, each with its line break, and its marker; `None` where only a
/// quoted text says the same.
pub fn heredoc(text: &str) -> Option<(&'static str, String)> {
    if !text.ends_with('\n') || text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        return None;
    }
    let marker = ["EOF", "EOT", "END", "EOH"]
        .into_iter()
        .find(|marker| !text.lines().any(|line| line.trim() == *marker))?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = reference(rest) {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let run = if matches!(c, '$' | '%') { rest.bytes().take_while(|b| *b == c as u8).count() } else { 0 };
        if run > 0 && rest[run..].starts_with('{') {
            // `$$${` would be read as `$$` and an open `${`, and a heredoc knows no `\u0024`.
            if run > 1 {
                let plain = out.trim_end_matches('$').len();
                let dollars = out.split_off(plain);
                out.push_str(&format!("${{\"{dollars}{}\"}}", &rest[..run - 1]));
            }
            rest = &rest[run - 1..];
            if reference(rest).is_none() {
                out.push(c);
                out.push(c);
                rest = &rest[1..];
            }
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Some((marker, out))
}
