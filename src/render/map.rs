//! From the rendered text back to what was written: the template's line, the value in YAML.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::context::{Data, Item};
use super::escape;
use super::marks::{Escape, Mark, Piece, Pieces};
use super::names;
use super::strings::{self, Around};
use crate::diagnostic::{Diagnostic, Label, Place, Source};

/// Where a piece of rendered text came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Where it stands in a template.
    pub template: Place,
    /// Whether that template is compiled into the binary, where its user cannot change it.
    pub builtin: bool,
    /// The value in YAML (or on the command line) that was printed there.
    pub value: Option<Place>,
}

/// A template that took part, by the number that its marks carry.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub source: Source,
    pub builtin: bool,
    /// The names that it gives a value of its own.
    pub given: Arc<HashSet<String>>,
}

/// For each piece of the rendered text, its origin.
#[derive(Debug, Clone, Default)]
pub struct LineMap {
    templates: Vec<Template>,
    /// Ascending by `start`; each holds up to the next one's start.
    segments: Vec<Segment>,
    /// Printed values whose origin is known, ascending by the start of their range.
    values: Vec<(Range<usize>, Place)>,
    /// The length of the rendered text.
    length: usize,
    /// The origins of values that no text shows, because they come into the job later: the first
    /// one has the range one past the text, the next one the range after that.
    beyond: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Segment {
    start: usize,
    template: usize,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    /// Literal text, byte for byte, from this offset of the template.
    Text(usize),
    /// The output of the expression in this range.
    Expression(Range<usize>),
}

impl Segment {
    /// The bytes of the template that one byte of the rendered text came from.
    fn source(&self, at: usize) -> Range<usize> {
        match &self.from {
            From::Text(offset) => {
                let start = offset + at.saturating_sub(self.start);
                start..start + 1
            }
            From::Expression(tag) => tag.clone(),
        }
    }
}

/// A value printed where it cannot be made safe.
#[derive(Debug)]
pub(super) struct Unsafe {
    /// Why.
    pub why: Why,
    /// Where it stands in the rendered text.
    pub range: Range<usize>,
}

/// Why a value cannot be made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It follows a backslash.
    Backslash,
    /// It is text outside quotes.
    Code,
    /// It has the escapes of a quoted string, in a heredoc.
    Heredoc,
}

/// Takes the marks out of rendered text and builds the map.
///
/// Values are mended where they meet the template's text: a `$` at the end of a value before
/// a `{` of the template would else begin an interpolation.
///
/// A value of which the trace does not know the origin (what the template computed, a number that a
/// macro took from the context before it was called) is looked up in the context by the names in the
/// expression that printed it.
pub(super) fn unmark(
    marked: &str,
    templates: Vec<Template>,
    places: &[Option<Place>],
    context: &Item,
) -> (String, LineMap, Vec<Unsafe>) {
    let mut out = String::with_capacity(marked.len());
    let mut map = LineMap { templates, ..LineMap::default() };
    let mut refused = Vec::new();
    let mut texts: Vec<Range<usize>> = Vec::new();
    // The printed values that are open: a macro's output may hold others.
    let mut open: Vec<(usize, Option<usize>, Escape)> = Vec::new();
    // The value that ended just here, whose last sign may meet a `{`.
    let mut ended: Option<Escape> = None;
    let mut begins: Option<Escape> = None;
    for piece in Pieces(marked) {
        match piece {
            Piece::Text(text) => {
                let mut text = text;
                if let Some(escape) = begins.take() {
                    text = mend_start(&mut out, text, escape, &mut refused);
                } else if let Some(escape) = ended.take() {
                    mend_end(&mut out, text, escape);
                }
                match open.last() {
                    Some((_, _, Escape::Heredoc)) => push_heredoc(&mut out, text),
                    _ => out.push_str(text),
                }
                ended = None;
            }
            Piece::Mark(Mark::Literal) => out.push('\u{F0000}'),
            Piece::Mark(Mark::Raw { template, offset }) => {
                map.push(out.len(), template, From::Text(offset));
            }
            Piece::Mark(Mark::Expression { template, start, end }) => {
                map.push(out.len(), template, From::Expression(start..end));
            }
            Piece::Mark(Mark::ValueStart { number, escape }) => {
                open.push((out.len(), number, escape));
                begins = Some(escape);
            }
            Piece::Mark(Mark::ValueEnd) => {
                if let Some((start, number, escape)) = open.pop() {
                    let place = match number {
                        Some(number) => places.get(number).cloned().flatten(),
                        None => map.printed_by_name(start, context),
                    };
                    map.values.extend(place.map(|place| (start..out.len(), place)));
                    if escape == Escape::Heredoc {
                        guard_terminator(&mut out);
                    } else if escape == Escape::Quoted {
                        texts.push(start..out.len());
                    }
                    ended = Some(escape);
                }
                begins = None;
            }
        }
    }
    map.values.sort_by_key(|(range, _)| range.start);
    map.length = out.len();
    refused.extend(misplaced(&out, &texts));
    (out, map, refused)
}

/// Mends the place where a value follows the template's text; returns what of the value is
/// left to write.
fn mend_start<'a>(out: &mut String, value: &'a str, escape: Escape, refused: &mut Vec<Unsafe>) -> &'a str {
    if escape == Escape::None {
        return value;
    }
    if escape == Escape::Quoted && (out.len() - out.trim_end_matches('\\').len()) % 2 == 1 {
        refused.push(Unsafe { why: Why::Backslash, range: out.len()..out.len() + value.len() });
        return value;
    }
    let Some(sign @ ('$' | '%')) = out.chars().next_back() else { return value };
    let opens = value.starts_with('{');
    let doubles = value.strip_prefix([sign]).is_some_and(|rest| rest.starts_with(sign));
    match escape {
        Escape::Quoted if opens => {
            out.push_str(escape::code_point('{'));
            return &value[1..];
        }
        Escape::Quoted if doubles => {
            out.pop();
            out.push_str(escape::code_point(sign));
        }
        Escape::Heredoc if opens || doubles => {
            out.pop();
            out.push_str(escape::sign_in_heredoc(sign));
        }
        _ => {}
    }
    value
}

/// The texts that were escaped for a quoted string and do not stand in one.
fn misplaced(out: &str, texts: &[Range<usize>]) -> Vec<Unsafe> {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut found = Vec::new();
    for (range, around) in texts.iter().zip(strings::around(out, texts)) {
        let text = &out[range.clone()];
        let why = match around {
            // A name or a number is the same without quotes; `[[ "[[" ]]` writes a delimiter.
            Around::Code if !text.chars().all(harmless) && !matches!(text, "[[" | "]]") => Why::Code,
            Around::Heredoc if text.contains('\\') => Why::Heredoc,
            _ => continue,
        };
        found.push(Unsafe { why, range: range.clone() });
    }
    found
}

/// Mends the place where the template's text follows a value.
fn mend_end(out: &mut String, text: &str, escape: Escape) {
    let Some(sign @ ('$' | '%')) = out.chars().next_back() else { return };
    let doubles = text.strip_prefix([sign]).is_some_and(|rest| rest.starts_with(['{', sign]));
    if !(text.starts_with('{') || doubles) {
        return;
    }
    match escape {
        Escape::Quoted => {
            out.pop();
            out.push_str(escape::code_point(sign));
        }
        Escape::Heredoc => {
            out.pop();
            out.push_str(escape::sign_in_heredoc(sign));
        }
        Escape::None => {}
    }
}

/// Adds a value to a heredoc, so that none of its lines ends the heredoc.
fn push_heredoc(out: &mut String, text: &str) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            guard_terminator(out);
            out.push('\n');
        }
        out.push_str(line);
    }
}

/// Makes the last line of the output something else than the end of a heredoc that is open.
fn guard_terminator(out: &mut String) {
    let line = out.rsplit('\n').next().unwrap_or_default().trim();
    if line.is_empty() || !line.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        return;
    }
    if out.contains(&format!("<<{line}\n")) || out.contains(&format!("<<-{line}\n")) {
        // An interpolation of nothing: the line reads the same and ends nothing.
        out.push_str("${\"\"}");
    }
}

impl LineMap {
    fn push(&mut self, start: usize, template: usize, from: From) {
        // The last one to claim a place has it.
        while self.segments.last().is_some_and(|last| last.start == start) {
            self.segments.pop();
        }
        self.segments.push(Segment { start, template, from });
    }

    /// The origin of what the last expression printed, by the names in it: the value of the
    /// context that it was computed from, if that is one alone.
    fn printed_by_name(&self, start: usize, context: &Item) -> Option<Place> {
        let segment = self.segments.last().filter(|segment| segment.start == start)?;
        let From::Expression(tag) = &segment.from else { return None };
        let template = self.templates.get(segment.template)?;
        let mut found: Option<&Place> = None;
        for name in names::read(template.source.text().get(tag.clone())?) {
            let Some(item) = context.at(name.split('.')) else { continue };
            let root = name.split('.').next().unwrap_or_default();
            // A list or map has no one value, and a name that the template gave is not the context's.
            if matches!(item.data, Data::List(_) | Data::Map(_)) || template.given.contains(root) {
                continue;
            }
            let Some(place) = &item.place else { continue };
            if found.is_some_and(|other| !(other.source.same(&place.source) && other.start == place.start)) {
                return None;
            }
            found = Some(place);
        }
        found.cloned()
    }

    /// The names of the project's templates that wrote any of the text, each once.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let used: std::collections::BTreeSet<usize> =
            self.segments.iter().map(|segment| segment.template).collect();
        let templates = used.into_iter().filter_map(|template| self.templates.get(template));
        templates.filter(|template| !template.builtin).map(|template| template.source.name())
    }

    /// A range past the text that stands for this place: a value that comes into the job after
    /// rendering is traced by it as a printed one is.
    pub fn note(&mut self, place: Place) -> Range<usize> {
        self.beyond.push(place);
        let start = self.length + self.beyond.len();
        start..start + 1
    }

    /// The place that a range past the text stands for.
    fn noted(&self, range: &Range<usize>) -> Option<&Place> {
        self.beyond.get(range.start.checked_sub(self.length + 1)?)
    }

    /// Where a range of the rendered text came from; `None` for a text that no template wrote.
    pub fn origin(&self, range: Range<usize>) -> Option<Origin> {
        if let Some(place) = self.noted(&range) {
            return Some(Origin { template: place.clone(), builtin: false, value: Some(place.clone()) });
        }
        let i = self.segments.partition_point(|segment| segment.start <= range.start);
        let segment = self.segments.get(i.saturating_sub(1))?;
        let template = self.templates.get(segment.template)?;
        let begin = segment.source(range.start);
        // To the end of the range where that comes from the same template, further down.
        let last = range.end.max(range.start + 1) - 1;
        let i = self.segments.partition_point(|segment| segment.start <= last);
        let end = self
            .segments
            .get(i.saturating_sub(1))
            .filter(|end| end.template == segment.template)
            .map(|segment| segment.source(last).end)
            .filter(|end| *end > begin.start)
            .unwrap_or(begin.end);
        let len = template.source.text().len();
        let place = template.source.place(begin.start.min(len)..end.min(len));
        Some(Origin { template: place, builtin: template.builtin, value: self.value(&range) })
    }

    /// The value printed in this range: the one around it, else the only one in it.
    fn value(&self, range: &Range<usize>) -> Option<Place> {
        let around = self.values.iter().filter(|(r, _)| r.start <= range.start && range.end <= r.end);
        if let Some((_, place)) = around.min_by_key(|(r, _)| r.len()) {
            return Some(place.clone());
        }
        let mut inside = self.values.iter().filter(|(r, _)| range.start <= r.start && r.end <= range.end);
        let (_, only) = inside.next()?;
        inside.next().is_none().then(|| only.clone())
    }

    /// Moves a diagnostic's places from `rendered` to the templates and the YAML.
    pub fn map(&self, rendered: &Source, mut diagnostic: Diagnostic) -> Diagnostic {
        let origin = |label: &Label| {
            let place = &label.place;
            place.source.same(rendered).then(|| self.origin(place.start..place.end)).flatten()
        };
        if let Some(label) = &mut diagnostic.primary
            && let Some(origin) = origin(label)
        {
            let noted = self.noted(&(label.place.start..label.place.end)).is_some();
            match (origin.value.filter(|_| !noted), origin.builtin) {
                // The user cannot change a built-in template: the value is what to look at.
                (Some(value), true) => {
                    label.place = value;
                    let text = "printed by the built-in template here".to_owned();
                    diagnostic.related.insert(0, Label { place: origin.template, text });
                }
                (Some(value), false) => {
                    label.place = origin.template;
                    let text = "the value is set here".to_owned();
                    diagnostic.related.insert(0, Label { place: value, text });
                }
                (None, _) => label.place = origin.template,
            }
        }
        for label in &mut diagnostic.related {
            if let Some(origin) = origin(label) {
                label.place = origin.template;
            }
        }
        diagnostic
    }
}
