//! Secrets kept out of findings: of the lines that they draw, and of what they say.
//!
//! A file that could not be read has no values whose names could be asked, so its text decides. Every finding passes
//! here on its way to a reader, whatever its form.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::find::{find_in_text, is_literal, pattern};
use super::is_secret_name;
use crate::diagnostic::{Diagnostic, Label, Source};

/// A larger file is searched only around the lines that are drawn.
const WHOLE: usize = 64 << 10;
/// How many lines around them.
const AROUND: usize = 40;
/// A shorter secret is not looked for in what a finding says: it would be found in the middle of everything.
const SHORTEST: usize = 4;

/// What findings may not show: looked for once in each file that they draw, however many they are.
pub struct Concealer {
    files: Vec<File>,
}

/// A file with secrets in it.
struct File {
    open: Source,
    starred: Source,
    /// Where they stand, in order.
    secrets: Vec<Range<usize>>,
}

impl Concealer {
    /// For these findings.
    pub fn of<'d>(findings: impl IntoIterator<Item = &'d Diagnostic>) -> Self {
        let mut drawn: Vec<(&Source, Vec<Range<usize>>)> = Vec::new();
        for label in findings.into_iter().flat_map(labels) {
            let source = &label.place.source;
            let at = drawn.iter().rposition(|(known, _)| known.same(source)).unwrap_or_else(|| {
                drawn.push((source, Vec::new()));
                drawn.len() - 1
            });
            // A small file is searched as a whole.
            if source.text().len() > WHOLE || drawn[at].1.is_empty() {
                drawn[at].1.push(around(label));
            }
        }
        let file = |(source, parts): (&Source, Vec<Range<usize>>)| {
            let found = |part: Range<usize>| {
                let start = part.start;
                in_file(&source.text()[part]).into_iter().map(move |one| start + one.start..start + one.end)
            };
            let mut secrets: Vec<Range<usize>> = joined(parts).into_iter().flat_map(found).collect();
            secrets.sort_by_key(|range| range.start);
            let starred = (!secrets.is_empty()).then(|| hidden(source, secrets.iter().cloned()))?;
            Some(File { open: source.clone(), starred, secrets })
        };
        Self { files: drawn.into_iter().filter_map(file).collect() }
    }

    /// One of the findings as it is shown: stars in the place of secrets, in its lines and in its words.
    pub fn shown<'d>(&self, finding: &'d Diagnostic) -> Cow<'d, Diagnostic> {
        let file = |source: &Source| self.files.iter().find(|file| file.open.same(source));
        let mut secrets: Vec<&str> = Vec::new();
        for label in labels(finding) {
            let Some(file) = file(&label.place.source) else { continue };
            let near = around(label);
            let first = file.secrets.partition_point(|range| range.start < near.start);
            let near = file.secrets[first..].iter().take_while(|range| range.start < near.end);
            secrets.extend(near.map(|range| file.open.text()[range.clone()].trim_matches(['"', '\''])));
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        // One that holds another goes first.
        secrets.sort_by_key(|secret| (std::cmp::Reverse(secret.len()), *secret));
        secrets.dedup();
        if !labels(finding).any(|label| file(&label.place.source).is_some()) {
            return Cow::Borrowed(finding);
        }
        let mut shown = finding.clone();
        for words in std::iter::once(&mut shown.message).chain(&mut shown.hints) {
            silence(words, &secrets);
        }
        for label in shown.primary.iter_mut().chain(&mut shown.related) {
            silence(&mut label.text, &secrets);
        }
        redraw(&mut shown, |source| file(source).map(|file| &file.starred));
        Cow::Owned(shown)
    }
}

/// Draws a finding in other texts for its files, where there are others.
pub fn redraw<'s>(finding: &mut Diagnostic, other: impl Fn(&Source) -> Option<&'s Source>) {
    for label in finding.primary.iter_mut().chain(&mut finding.related) {
        if let Some(other) = other(&label.place.source) {
            label.place.source = other.clone();
        }
    }
}

fn labels(finding: &Diagnostic) -> impl Iterator<Item = &Label> {
    finding.primary.iter().chain(&finding.related)
}

/// A text with as many stars as each of these parts has bytes, so that every place in it stays where it is.
pub fn hidden(source: &Source, parts: impl IntoIterator<Item = Range<usize>>) -> Source {
    let mut bytes = source.text().as_bytes().to_vec();
    for part in parts {
        let part = bytes.get_mut(part).into_iter().flatten();
        part.filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if source.is_file() { Source::new(source.name(), text) } else { Source::words(source.name(), text) }
}

/// What may be drawn around a label, in whole lines; of a small file all of it.
fn around(label: &Label) -> Range<usize> {
    let text = label.place.source.text();
    if text.len() <= WHOLE {
        return 0..text.len();
    }
    let bytes = text.as_bytes();
    let (start, end) = (label.place.start.min(text.len()), label.place.end.min(text.len()));
    let breaks = bytes[..start].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let start = breaks.map(|(at, _)| at + 1).nth(AROUND).unwrap_or(0);
    let mut breaks = bytes[end..].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    start..breaks.nth(AROUND).map_or(text.len(), |(at, _)| end + at)
}

/// Parts that overlap as one.
fn joined(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.sort_by_key(|part| part.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(parts.len());
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    joined
}

/// The secrets in a file, going by its lines alone.
fn in_file(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = find_in_text(text)
        .into_iter()
        .map(|finding| finding.range)
        .filter(|range| !is_reference(text, range))
        .collect();
    in_the_next_lines(text, &mut found);
    after_a_flag(text, &mut found);
    without_an_end(text, &mut found);
    found
}

/// `PATH#KEY` names a secret and is none.
fn is_reference(text: &str, range: &Range<usize>) -> bool {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^["']?[\w./-]+/[\w./-]+#\w+["']?$"#));
    REFERENCE.is_match(text[range.clone()].trim())
}

/// What stands below a key of YAML that announces a secret: a block of text, or a value on a line of its own.
fn in_the_next_lines(text: &str, found: &mut Vec<Range<usize>>) {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"^([ ]*(?:- +)*)["']?([\w.-]+)["']? *: *([|>][0-9+-]*)? *(?:#.*)?$"#));
    static KEY_OR_ITEM: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"^ *(?:- |-$|["']?[\w.-]+["']? *:(?: |$)|[{\[#])"#));
    let mut lines = lines(text).peekable();
    while let Some((_, line)) = lines.next() {
        let Some(parts) = KEY.captures(line) else { continue };
        let (indent, name) =
            (parts.get(1).map_or(0, |indent| indent.len()), parts.get(2).map_or("", |name| name.as_str()));
        if !is_secret_name(name) {
            continue;
        }
        let block = parts.get(3).is_some();
        while let Some((at, line)) = lines.next_if(|(_, line)| {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            line.trim().is_empty() || (blanks > indent && (block || !KEY_OR_ITEM.is_match(line)))
        }) {
            let value = line.trim();
            if is_literal(value) {
                let start = at + (line.len() - line.trim_start().len());
                found.push(start..start + value.len());
            }
        }
    }
}

/// What follows a flag in a list: `[--api-token, sesame]`, and the same on lines of their own.
fn after_a_flag(text: &str, found: &mut Vec<Range<usize>>) {
    static FLAG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?m)["']?(--?[A-Za-z][\w.-]*)["']?[ \t]*(?:,\s*|\n[ \t]*-[ \t]+)("[^"\n]*"|'[^'\n]*'|[^\s,\]"']+)"#,
        )
    });
    for parts in FLAG.captures_iter(text) {
        let (Some(flag), Some(value)) = (parts.get(1), parts.get(2)) else { continue };
        if is_secret_name(flag.as_str()) && is_literal(value.as_str()) && !value.as_str().starts_with('-') {
            found.push(value.range());
        }
    }
}

/// What follows a secret name and a quote that its line does not close.
fn without_an_end(text: &str, found: &mut Vec<Range<usize>>) {
    static OPEN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(?m)([A-Za-z][\w.-]*)["']?[ \t]*[:=][ \t]*["']([^"'\n]+)$"#));
    for parts in OPEN.captures_iter(text) {
        let (Some(name), Some(value)) = (parts.get(1), parts.get(2)) else { continue };
        if is_secret_name(name.as_str()) && is_literal(value.as_str()) {
            found.push(value.range());
        }
    }
}

/// The lines with where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// Puts stars in the place of secrets that stand alone in these words.
fn silence(words: &mut String, secrets: &[&str]) {
    for secret in secrets {
        if !words.contains(secret) {
            continue;
        }
        let mut out = String::with_capacity(words.len());
        let mut done = 0;
        for (at, _) in words.match_indices(secret) {
            let end = at + secret.len();
            let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            if is_edge(words[..at].chars().next_back()) && is_edge(words[end..].chars().next()) {
                out.push_str(&words[done..at]);
                out.push_str("***");
                done = end;
            }
        }
        out.push_str(&words[done..]);
        *words = out;
    }
}
