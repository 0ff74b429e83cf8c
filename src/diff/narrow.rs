//! The place of what is different within a text: the part that changed, not all of it.
//!
//! A text of a job is often put together of several values (`"--hash=[[ githash ]]-[[ stage ]]"`,
//! the lines of a template). The part that is different leads to the one that changed.

use std::ops::Range;

use super::change::{Change, Item, Kind, What};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::Value;

/// Narrows the places of changed texts; `source` is the text of the new job.
pub(super) fn narrow(changes: &mut [Change], source: &str) {
    for change in changes {
        match &mut change.what {
            What::Value { old: Value::Str(old), new: Value::Str(new), .. } => {
                change.span = change.span.map(|span| part(old, new, span, source).unwrap_or(span));
            }
            What::Value { .. } => {}
            What::List(items) => {
                narrow_items(items, source);
                let came = items.iter().find(|item| item.kind == Some(Kind::Added));
                change.span = came.and_then(|item| item.span).or(change.span);
            }
            What::Map(changes) | What::Block { changes, .. } => narrow(changes, source),
        }
    }
}

/// Elements that came in the place of as many that went are compared one by one.
fn narrow_items(items: &mut [Item], source: &str) {
    let count = |items: &[Item], kind| items.iter().take_while(|item| item.kind == Some(kind)).count();
    let mut at = 0;
    while at < items.len() {
        let gone = count(&items[at..], Kind::Removed);
        let came = count(&items[at + gone..], Kind::Added);
        let (old, new) = items[at..at + gone + came].split_at_mut(gone);
        if gone == came {
            for (old, new) in old.iter().zip(new) {
                if let (Value::Str(old), Value::Str(text), Some(span)) = (&old.value, &new.value, new.span) {
                    new.span = Some(part(old, text, span, source).unwrap_or(span));
                }
            }
        }
        at += (gone + came).max(1);
    }
}

/// Where the text that is written in `span` differs from the old one.
fn part(old: &str, new: &str, span: Span, source: &str) -> Option<Span> {
    let written = source.get(span.range())?;
    let start = span.range().start;
    let found = if written == new {
        differing(old, new)
    } else if written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(new) {
        let found = differing(old, new);
        found.start + 1..found.end + 1
    } else {
        in_heredoc(old, new, written)?
    };
    Some(Span::new(start + found.start, start + found.end))
}

/// The first line of a heredoc that is different, and in it what is.
fn in_heredoc(old: &str, new: &str, written: &str) -> Option<Range<usize>> {
    if !written.starts_with("<<") {
        return None;
    }
    let number = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    let line = new.lines().nth(number)?;
    let body = written.find('\n')? + 1;
    let rows = || written[body..].split_inclusive('\n');
    // Each line of the text is one of the heredoc, whose end has a line too: else it has parts that are computed.
    if rows().count() != new.lines().count() + 1 {
        return None;
    }
    let row = rows().nth(number)?;
    let at = body + rows().take(number).map(str::len).sum::<usize>();
    let indent = row.strip_suffix('\n').unwrap_or(row).strip_suffix(line)?.len();
    let found = differing(old.lines().nth(number).unwrap_or_default(), line);
    Some(at + indent + found.start..at + indent + found.end)
}

/// The part of `new` without what both begin with and what both end with.
fn differing(old: &str, new: &str) -> Range<usize> {
    let start: usize =
        old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let (old, rest) = (&old[start..], &new[start..]);
    let ends = old.chars().rev().zip(rest.chars().rev());
    let end: usize = ends.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    start..new.len() - end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(old: &str, new: &str, source: &str) -> Option<String> {
        let span = part(old, new, Span::new(0, source.len()), source)?;
        Some(source[span.range()].to_owned())
    }

    #[test]
    fn the_part_of_a_text_that_changed_is_found() {
        assert_eq!(found("a/b1/c", "a/b22/c", "\"a/b22/c\"").as_deref(), Some("22"));
        assert_eq!(found("aa", "aaa", "aaa").as_deref(), Some("a"));
        assert_eq!(found("aaa", "aa", "aa").as_deref(), Some(""));
        assert_eq!(found("éa", "éb", "\"éb\"").as_deref(), Some("b"));
        // Escapes and interpolations are not looked into.
        assert_eq!(found("a\n1", "a\n2", "\"a\\n2\""), None);
    }

    #[test]
    fn the_line_of_a_heredoc_that_changed_is_found() {
        let source = "<<-EOT\n  one\n    two=3\n  EOT";
        assert_eq!(found("one\n  two=2\n", "one\n  two=3\n", source).as_deref(), Some("3"));
        assert_eq!(found("one\n  two=3\nfour\n", "one\n  two=3\n", source), None);
        assert_eq!(found("x", "one\n  two=3\nfour\n", source), None);
    }
}
