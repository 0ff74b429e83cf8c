//! The difference of two texts, line by line: of templates in a semantic diff, and of two HCL texts.

use std::fmt::Write as _;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::change::Kind;
use super::style::{Style, clean};
use crate::secret::Masker;

/// How long two texts are compared at most; what is left then counts as replaced.
const PATIENCE: Duration = Duration::from_millis(500);

/// A line of the difference of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// `@@ -1,4 +1,5 @@`
    Hunk(String),
    /// A line that came, went or stayed, without its line break.
    Text(Option<Kind>, String),
    /// The line before has no line break.
    NoNewline,
}

/// The lines that are different, each with up to three around it.
pub(super) fn lines(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let mut lines = Vec::new();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        lines.push(Line::Hunk(hunk.header().to_string()));
        for change in hunk.iter_changes() {
            let kind = match change.tag() {
                ChangeTag::Equal => None,
                ChangeTag::Delete => Some(Kind::Removed),
                ChangeTag::Insert => Some(Kind::Added),
            };
            let text = change.value();
            let text = text.strip_suffix('\n').unwrap_or(text);
            lines.push(Line::Text(kind, clean(text.strip_suffix('\r').unwrap_or(text)).into_owned()));
            if change.missing_newline() {
                lines.push(Line::NoNewline);
            }
        }
    }
    lines
}

/// The difference of two HCL texts as `diff -u` writes it; empty where there is none.
///
/// Secrets are masked in both before they are compared, so a changed one shows as a changed line.
pub fn unified(old: (&str, &str), new: (&str, &str), masker: &Masker, style: Style) -> String {
    let (before, after) = (masker.text(old.1), masker.text(new.1));
    let mut out = String::new();
    for line in lines(&before, &after) {
        if out.is_empty() {
            let header = format!("--- {}\n+++ {}", clean(old.0), clean(new.0));
            let _ = writeln!(out, "{}", style.bold(&header));
        }
        let _ = writeln!(out, "{}", draw(&line, style));
    }
    out
}

/// A line as `diff -u` writes it.
pub(super) fn draw(line: &Line, style: Style) -> String {
    match line {
        Line::Hunk(header) => style.hunk(header),
        Line::Text(kind, text) => {
            let marker = kind.map_or(' ', Kind::marker);
            style.kind(*kind, format!("{marker}{text}").trim_end_matches(' '))
        }
        Line::NoNewline => style.dim("\\ No newline at end of file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_seen_to_change() {
        let masker = Masker::new(b"key");
        let old = "a = 1\npassword = \"one\"\nb = 2\n";
        let new = "a = 1\npassword = \"two\"\nb = 2";
        let expected = format!(
            "--- old.hcl\n+++ new.hcl\n@@ -1,3 +1,3 @@\n a = 1\n-password = \"{}\"\n-b = 2\n+password = \"{}\"\n+b = 2\n\
             \\ No newline at end of file\n",
            masker.mask("one"),
            masker.mask("two"),
        );
        assert_eq!(unified(("old.hcl", old), ("new.hcl", new), &masker, Style::plain()), expected);
        assert_eq!(unified(("a", old), ("b", old), &masker, Style::plain()), "");
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let shown = unified(("a", ""), ("b", "x\u{1b}[2Jy\n"), &Masker::new(b"key"), Style::plain());
        assert!(shown.contains("+x\\u001b[2Jy"), "{shown}");
    }
}
