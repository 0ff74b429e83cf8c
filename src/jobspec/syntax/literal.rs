//! The text in strings: escapes, blanks at its ends, indentation.

use std::borrow::Cow;

use super::Span;
use super::error::{self, SyntaxError};
use super::parser::Parser;
use super::token::{Kind, Token};

impl<'s> Parser<'s> {
    /// A literal with its escapes resolved; reports those that do not exist.
    pub(super) fn unescape(&mut self, token: Token) -> Cow<'s, str> {
        let text = token.text(self.text);
        if token.kind == Kind::StringLit || !text.contains('\\') {
            return unescape_template(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            push_unescaped(&mut out, &rest[..at]);
            let escape = &rest[at..];
            let start = token.start as usize + (text.len() - escape.len());
            let (len, char) = match read_escape(escape) {
                Ok((len, char)) => (len, char),
                Err((len, detail)) => {
                    let span = Span::new(start, start + len);
                    self.report(
                        SyntaxError::new(&error::ESCAPE, span, "Invalid escape sequence", detail).hint(
                            "the escapes are `\\n`, `\\r`, `\\t`, `\\\"`, `\\\\`, `\\uNNNN` and `\\UNNNNNNNN`; write `\\\\` for a backslash",
                        ),
                    );
                    (len, '\u{fffd}')
                }
            };
            out.push(char);
            rest = &escape[len..];
        }
        push_unescaped(&mut out, rest);
        out.into()
    }
}

/// Reads an escape: its length and its character, or its length and what is wrong.
fn read_escape(text: &str) -> Result<(usize, char), (usize, Cow<'static, str>)> {
    let Some(selector) = text.chars().nth(1) else {
        return Err((1, "a backslash begins an escape".into()));
    };
    let digits = match selector {
        'n' => return Ok((2, '\n')),
        'r' => return Ok((2, '\r')),
        't' => return Ok((2, '\t')),
        '"' | '\\' => return Ok((2, selector)),
        'u' => 4,
        'U' => 8,
        _ => return Err((1 + selector.len_utf8(), format!("`\\{selector}` is not an escape").into())),
    };
    let found = text.bytes().skip(2).take(digits).take_while(u8::is_ascii_hexdigit).count();
    if found < digits {
        let detail = format!("`\\{selector}` is followed by {digits} hexadecimal digits");
        return Err((2 + found, detail.into()));
    }
    let code = &text[2..2 + digits];
    match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
        Some(char) => Ok((2 + digits, char)),
        None => Err((2 + digits, format!("`U+{code}` is not a character").into())),
    }
}

/// Text with `$${` and `%%{` read as `${` and `%{`.
pub(super) fn unescape_template(text: &str) -> Cow<'_, str> {
    if !text.contains("$${") && !text.contains("%%{") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    push_unescaped(&mut out, text);
    out.into()
}

/// Appends text with `$${` and `%%{` read as `${` and `%{`.
fn push_unescaped(out: &mut String, text: &str) {
    let mut done = 0;
    for (at, _) in text.match_indices('{') {
        let before = &text[done..at];
        if before.ends_with("$$") || before.ends_with("%%") {
            out.push_str(&before[..before.len() - 1]);
            done = at;
        }
    }
    out.push_str(&text[done..]);
}

/// Without the blanks at its start.
pub(super) fn trim_start(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim_start().into(),
        Cow::Owned(text) => text.trim_start().to_owned().into(),
    }
}

/// The indentation of a line, in characters; `None` if it is blank.
pub(super) fn indentation(line: &str) -> Option<usize> {
    let rest = line.trim_start();
    if rest.is_empty() && line.ends_with('\n') {
        return None;
    }
    Some(line[..line.len() - rest.len()].chars().count())
}

/// A line without its first `count` characters.
pub(super) fn without(line: &str, count: usize) -> &str {
    line.char_indices().nth(count).map_or("", |(at, _)| &line[at..])
}

/// The text of a `<<-` heredoc in which there is nothing but text.
pub(super) fn dedent_text(text: &str) -> Cow<'_, str> {
    let count = text.split_inclusive('\n').filter_map(indentation).min().unwrap_or(0);
    if count == 0 {
        return unescape_template(text);
    }
    let mut out = String::with_capacity(text.len());
    let escapes = text.contains("$${") || text.contains("%%{");
    for line in text.split_inclusive('\n') {
        let line = if indentation(line).is_some() { without(line, count) } else { line };
        if escapes {
            push_unescaped(&mut out, line);
        } else {
            out.push_str(line);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use crate::jobspec::syntax::{ExprKind, parse_expression};

    /// The text of a string without interpolations.
    fn text(source: &str) -> String {
        let (expr, errors) = parse_expression(source);
        assert!(errors.is_empty(), "{errors:?}");
        match expr.kind {
            ExprKind::String(text) => text.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn indentation_is_that_of_the_line_furthest_left() {
        assert_eq!(text("<<-E\n    a\n  b\n  E\n"), "  a\nb\n");
        assert_eq!(text("<<-E\n    a\nb\n  E\n"), "    a\nb\n");
        assert_eq!(text("<<E\n  a\n  E\n"), "  a\n");
    }

    #[test]
    fn blank_lines_neither_count_nor_change() {
        assert_eq!(text("<<-E\n    a\n\n \n    b\n  E\n"), "a\n\n \nb\n");
    }

    #[test]
    fn escapes() {
        assert_eq!(text(r#""\u00e9\U0001F600\t\"\\ $${a} %%{b} $ % $$""#), "é😀\t\"\\ ${a} %{b} $ % $$");
        assert_eq!(text("<<E\n\\n $${a}\nE\n"), "\\n ${a}\n");
    }
}
