//! `regex_replace`, with Go's regular expressions.

use std::fmt::Write;

use regex::Regex;

use super::{Args, MAX_TEXT, Outcome, abbreviate, fail, too_long};
use crate::validate::formats::go_regex;

/// `regex_replace(str, pattern, replace)`
pub(super) fn regex_replace(args: Args) -> Outcome {
    let (text, replacement) = (args.text(0), args.text(2));
    let written = args.text(1);
    // The library takes a few forms that Go refuses (`a**`), so its word alone is not enough.
    let compiled = go_regex::check(written).and_then(|()| {
        Regex::new(&translate(written))
            .map_err(|_| "it is too large, or of a form that is not supported".to_owned())
    });
    let pattern = match compiled {
        Ok(pattern) => pattern,
        Err(why) => {
            return fail(format!("`{}` is not a regular expression of RE2: {why}", abbreviate(written)));
        }
    };
    let mut out = String::new();
    let mut last = 0;
    for captures in pattern.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[last..whole.start()]);
        captures.expand(replacement, &mut out);
        last = whole.end();
        if out.len() > MAX_TEXT {
            return too_long();
        }
    }
    out.push_str(&text[last..]);
    Ok(out.into())
}

/// Whether what follows a `{` makes it a repetition: `2}`, `2,}` or `2,3}`.
fn is_count(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take_while(|c| matches!(c, '0'..='9' | ',' | '}')).collect();
    let Some((counts, _)) = inside.split_once('}') else { return false };
    let (least, most) = counts.split_once(',').unwrap_or((counts, "0"));
    let is_number =
        |text: &str| !text.is_empty() && !text.contains(',') && (text == "0" || !text.starts_with('0'));
    is_number(least) && (most.is_empty() || is_number(most))
}

/// Go's syntax in that of our library: `\d`, `\w`, `\s` and `\b` know only ASCII, `\Q…\E` quotes,
/// and in a class `[`, `&&`, `--` and `~~` are plain characters, and so is a `{` that counts nothing.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Q') if !class => {
                    let rest: String = chars.clone().collect();
                    let (quoted, len) = match rest.find("\\E") {
                        Some(at) => (&rest[..at], rest[..at].chars().count() + 2),
                        None => (&rest[..], rest.chars().count()),
                    };
                    out.push_str(&regex::escape(quoted));
                    for _ in 0..len {
                        chars.next();
                    }
                }
                Some(escaped) => match (escaped, class) {
                    ('d', false) => out.push_str("[0-9]"),
                    ('d', true) => out.push_str("0-9"),
                    ('D', _) => out.push_str("[^0-9]"),
                    ('w', false) => out.push_str("[0-9A-Za-z_]"),
                    ('w', true) => out.push_str("0-9A-Za-z_"),
                    ('W', _) => out.push_str("[^0-9A-Za-z_]"),
                    ('s', false) => out.push_str(r"[\t\n\f\r ]"),
                    ('s', true) => out.push_str(r"\t\n\f\r "),
                    ('S', _) => out.push_str(r"[^\t\n\f\r ]"),
                    ('b', false) => out.push_str(r"(?-u:\b)"),
                    ('B', false) => out.push_str(r"(?-u:\B)"),
                    ('p' | 'P' | 'x', _) => {
                        let braced = chars.next_if_eq(&'{').is_some();
                        let not = braced && chars.next_if_eq(&'^').is_some();
                        let letter = match escaped {
                            'p' if not => 'P',
                            'P' if not => 'p',
                            other => other,
                        };
                        out.extend(['\\', letter]);
                        if braced {
                            out.push('{');
                            out.extend(chars.by_ref().take_while(|c| *c != '}'));
                            out.push('}');
                        }
                    }
                    ('<' | '>', _) => out.push(escaped),
                    ('0'..='7', _) => {
                        let mut code = escaped.to_digit(8).unwrap_or_default();
                        for _ in 0..2 {
                            let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                            code = code * 8 + digit;
                            chars.next();
                        }
                        let _ = write!(out, "\\x{{{code:X}}}");
                    }
                    _ => out.extend(['\\', escaped]),
                },
                None => out.push('\\'),
            },
            '[' if !class => {
                class = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    out.push_str(r"\]");
                }
            }
            '[' if chars.peek() == Some(&':') => {
                // A class by name: `[:alpha:]`.
                out.push('[');
                for next in chars.by_ref() {
                    out.push(next);
                    if next == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' if class => out.extend(['\\', c]),
            // A brace that counts nothing is text.
            '{' if !class && !is_count(chars.clone()) => out.push_str(r"\{"),
            ']' if class => {
                class = false;
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}
