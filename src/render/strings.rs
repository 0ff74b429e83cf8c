//! Where in the rendered text a value stands: in a quoted string, in a heredoc, or in neither.
//!
//! A scan of HCL that knows only strings, heredocs, interpolations and comments. It does not
//! judge the text; what it cannot make sense of is left to the parser.

use std::ops::Range;

/// What surrounds a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Attributes, blocks, expressions.
    Code,
    /// A quoted string.
    Quoted,
    /// A heredoc.
    Heredoc,
    /// A comment.
    Comment,
}

enum Mode<'t> {
    /// With the braces that are open in it.
    Code(usize),
    Quoted,
    Heredoc(&'t str),
}

/// What surrounds each of these ranges, which are ascending and apart. What is in them is not
/// looked at.
pub(super) fn around(text: &str, ranges: &[Range<usize>]) -> Vec<Around> {
    let mut found = Vec::with_capacity(ranges.len());
    let mut modes = vec![Mode::Code(0)];
    let mut at = 0;
    let mut comment_end = 0;
    while let Some(range) = ranges.get(found.len()) {
        if at >= range.start {
            found.push(match modes.last() {
                _ if range.start < comment_end => Around::Comment,
                Some(Mode::Quoted) => Around::Quoted,
                Some(Mode::Heredoc(_)) => Around::Heredoc,
                _ => Around::Code,
            });
            at = at.max(range.end);
            continue;
        }
        if at < comment_end {
            at = comment_end.min(range.start);
            continue;
        }
        let rest = &text.as_bytes()[at..];
        let depth = modes.len();
        let mut step = 1;
        match modes.last_mut() {
            Some(Mode::Quoted) => match rest {
                [b'\\', ..] => step = 2,
                [b'"' | b'\n', ..] => {
                    modes.pop();
                }
                [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => step = 3,
                [b'$' | b'%', b'{', ..] => {
                    step = 2;
                    modes.push(Mode::Code(0));
                }
                _ => {}
            },
            Some(Mode::Heredoc(end)) => match rest {
                [b'\n', ..] => {
                    let line = text[at + 1..].lines().next().unwrap_or_default();
                    if line.trim() == *end {
                        step = 1 + line.len();
                        modes.pop();
                    }
                }
                [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => step = 3,
                [b'$' | b'%', b'{', ..] => {
                    step = 2;
                    modes.push(Mode::Code(0));
                }
                _ => {}
            },
            Some(Mode::Code(braces)) => match rest {
                [b'#', ..] | [b'/', b'/', ..] => {
                    comment_end = text[at..].find('\n').map_or(text.len(), |length| at + length);
                }
                [b'/', b'*', ..] => {
                    comment_end = text[at..].find("*/").map_or(text.len(), |length| at + length + 2);
                }
                [b'"', ..] => modes.push(Mode::Quoted),
                [b'{', ..] => *braces += 1,
                [b'}', ..] if *braces == 0 && depth > 1 => {
                    modes.pop();
                }
                [b'}', ..] => *braces = braces.saturating_sub(1),
                [b'<', b'<', ..] => {
                    let line = text[at + 2..].lines().next().unwrap_or_default();
                    let end = line.strip_prefix('-').unwrap_or(line).trim();
                    step = 2;
                    if !end.is_empty() && end.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                        // The line break stays: the heredoc may be empty.
                        step += line.len();
                        modes.push(Mode::Heredoc(end));
                    }
                }
                _ => {}
            },
            None => return found,
        }
        at += step;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What surrounds each `@` of a text.
    fn at_signs(text: &str) -> Vec<Around> {
        let ranges: Vec<_> = text.match_indices('@').map(|(i, _)| i..i + 1).collect();
        around(text, &ranges)
    }

    #[test]
    fn strings_heredocs_and_comments_are_told_apart() {
        use Around::{Code, Comment, Heredoc, Quoted};
        assert_eq!(at_signs("a = @ \"@\" @"), [Code, Quoted, Code]);
        assert_eq!(at_signs(r#""\"@ $${@} ${@ {} "@" } @""#), [Quoted, Quoted, Code, Quoted, Quoted]);
        assert_eq!(at_signs("a = <<EOT\n@ \"@\n  EOT\n@"), [Heredoc, Heredoc, Code]);
        assert_eq!(at_signs("a = <<-EOT\n${@}@\nEOTX @\nEOT\nb = @"), [Code, Heredoc, Heredoc, Code]);
        assert_eq!(
            at_signs("# \" @\n@ // @\n/* \" @ */ @ # @"),
            [Comment, Code, Comment, Comment, Code, Comment]
        );
        assert_eq!(at_signs("\"open\n@ \"@\""), [Code, Quoted]);
        assert_eq!(at_signs("é = \"ü@"), [Quoted]);
    }
}
