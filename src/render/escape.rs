//! Text as HCL: the inside of a quoted string, the inside of a heredoc, a name.
//!
//! Source of the rules: the HCL native syntax specification, "Template Expressions" and
//! "Quoted and heredoc templates".

use std::fmt::Write as _;

/// Escapes text for the inside of a quoted HCL string.
///
/// Quotes, backslashes and control characters become escapes; `${` and `%{` become `$${` and
/// `%%{`. In a run such as `$${` the leading signs are written as `\u0024`.
pub(super) fn quoted(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' => {
                length = run(rest, c);
                if rest[length..].starts_with('{') {
                    for _ in 1..length {
                        out.push_str(code_point(c));
                    }
                    out.extend([c, c]);
                } else {
                    out.push_str(&rest[..length]);
                }
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c if is_private(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
        rest = &rest[length..];
    }
}

/// Escapes text for the inside of a heredoc: only `${` and `%{` mean something there.
pub(super) fn heredoc(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        let (before, signs) = rest.split_at(at);
        out.push_str(before);
        let c = if signs.starts_with('$') { '$' } else { '%' };
        let length = run(signs, c);
        if signs[length..].starts_with('{') {
            for _ in 1..length {
                out.push_str(sign_in_heredoc(c));
            }
            out.extend([c, c]);
        } else {
            out.push_str(&signs[..length]);
        }
        rest = &signs[length..];
    }
    out.push_str(rest);
}

/// How often `text` begins with `c`, which is one byte.
fn run(text: &str, c: char) -> usize {
    text.len() - text.trim_start_matches(c).len()
}

/// A sign of a quoted string that cannot begin a template sequence.
pub(super) fn code_point(sign: char) -> &'static str {
    match sign {
        '$' => "\\u0024",
        '{' => "\\u007b",
        _ => "\\u0025",
    }
}

/// A sign of a heredoc that cannot begin a template sequence.
pub(super) fn sign_in_heredoc(sign: char) -> &'static str {
    if sign == '$' { "${\"$\"}" } else { "${\"%\"}" }
}

/// The planes from which the line map takes its marks.
fn is_private(c: char) -> bool {
    u32::from(c) >= 0xf0000
}

/// A whole quoted HCL string.
pub(super) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    quoted(text, &mut out);
    // Nothing follows inside these quotes, so a sign at the end stays as it is.
    out.push('"');
    out
}

/// A number as HCL reads it back; `None` for what HCL has no literal for.
pub(super) fn float(number: f64) -> Option<String> {
    number.is_finite().then(|| format!("{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(text: &str) -> String {
        string(text)
    }

    #[test]
    fn nothing_leaves_a_quoted_string() {
        assert_eq!(quote("\"} } job \"evil\" {"), r#""\"} } job \"evil\" {""#);
        assert_eq!(quote("a\nb\t\\\r\u{1}\u{7f}"), r#""a\nb\t\\\r\u0001\u007f""#);
        assert_eq!(quote("${attr.x} %{ if }"), r#""$${attr.x} %%{ if }""#);
        assert_eq!(quote("$${x} $$ %%{x}"), r#""\u0024$${x} $$ \u0025%%{x}""#);
        assert_eq!(quote("\u{F0000}"), "\"\\U000f0000\"");
    }

    #[test]
    fn a_heredoc_has_only_template_escapes() {
        let mut out = String::new();
        heredoc("a \"b\" \\n ${x} %{y} $${z}\n", &mut out);
        assert_eq!(out, "a \"b\" \\n $${x} %%{y} ${\"$\"}$${z}\n");
    }
}
