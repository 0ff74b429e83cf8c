//! `regex_replace`, with Go's regular expressions.

use regex::Regex;

use super::{Args, MAX_TEXT, Outcome, abbreviate, fail, too_long};

/// `regex_replace(str, pattern, replace)`
pub(super) fn regex_replace(args: Args) -> Outcome {
    let (text, replacement) = (args.text(0), args.text(2));
    let compiled =
        if repeats_too_often(args.text(1)) { None } else { Regex::new(&translate(args.text(1))).ok() };
    let Some(pattern) = compiled else {
        return fail(format!("`{}` is not a regular expression of RE2", abbreviate(args.text(1))));
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

/// Whether a `{n}` asks for more than the 1000 repetitions that Go allows.
fn repeats_too_often(pattern: &str) -> bool {
    pattern.split('{').skip(1).any(|rest| {
        let counts = rest.split('}').next().unwrap_or_default();
        counts.split(',').any(|count| count.parse::<u32>().is_ok_and(|count| count > 1000))
    })
}

/// Go's syntax in that of our library: `\d`, `\w`, `\s` and `\b` know only ASCII, `\Q…\E` quotes,
/// and in a class `[`, `&&`, `--` and `~~` are plain characters.
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
            ']' if class => {
                class = false;
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}
