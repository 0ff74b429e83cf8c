//! The line map's marks: put into a template before it is compiled, taken out of what it renders.
//!
//! A mark is a private-use character, digits, and a second private-use character. Marks stand
//! where a piece of literal text begins and around each `[[ value ]]`; the formatter puts them
//! around what it prints. They survive loops, includes, inheritance and macros, because they
//! are text. Where a template would see them as part of a value (a `set` block, a `filter`
//! block, a macro of one line) they are taken out again by the filter [`PLAIN`].
//!
//! Marks never touch whitespace control: they stand beside a character that is no blank.

use std::fmt::Write as _;
use std::ops::Range;

/// Begins a mark.
const OPEN: char = '\u{F0000}';
/// Ends a mark.
const CLOSE: char = '\u{F0001}';
/// The filter that takes marks out of captured text.
pub(super) const PLAIN: &str = "platy_plain";

/// How a printed value was escaped; decides what is done at its seams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// For a quoted HCL string.
    Quoted,
    /// For a heredoc.
    Heredoc,
    /// A whole HCL literal, or text on the author's head.
    None,
}

/// A template as it is compiled.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The text with its marks.
    pub text: String,
    /// Where pieces of the original begin: (offset here, offset there), ascending.
    offsets: Vec<(usize, usize)>,
    /// A `[[ … ]]` that is a nested HCL list, in the original.
    pub nested_list: Option<Range<usize>>,
}

impl Prepared {
    /// The offset in the original text of an offset in the prepared one.
    pub fn original(&self, offset: usize) -> usize {
        let i = self.offsets.partition_point(|(here, _)| *here <= offset);
        let Some(&(here, there)) = i.checked_sub(1).and_then(|i| self.offsets.get(i)) else { return 0 };
        // Inside what was put in, the next piece is the nearest.
        let next = self.offsets.get(i).map_or(usize::MAX, |(_, there)| *there);
        (there + (offset - here)).min(next)
    }
}

/// Puts marks into template number `id`.
pub(super) fn prepare(source: &str, id: usize) -> Prepared {
    let mut writer = Writer {
        source,
        id,
        out: Prepared {
            text: String::with_capacity(source.len() * 2),
            offsets: Vec::new(),
            nested_list: None,
        },
    };
    writer.run();
    writer.out
}

struct Writer<'a> {
    source: &'a str,
    id: usize,
    out: Prepared,
}

/// A tag in a template.
struct Tag {
    kind: TagKind,
    /// With its delimiters.
    range: Range<usize>,
    /// What stands between the delimiters, without blanks and whitespace control.
    inner: Range<usize>,
    /// Whether `-` strips what precedes, and what follows.
    strips: (bool, bool),
}

#[derive(PartialEq)]
enum TagKind {
    Value,
    Statement,
    Comment,
}

impl Writer<'_> {
    fn run(&mut self) {
        let mut at = 0;
        // Whether a mark must wait for the next character that is no blank.
        let mut fresh = true;
        // The ends of one-line macros that are open.
        let mut plain_until: Option<usize> = None;
        while let Some(tag) = next_tag(self.source, at) {
            let raw = at..tag.range.start;
            let is_value = tag.kind == TagKind::Value;
            if is_value && tag.strips.0 {
                let solid = self.source[raw.clone()].trim_end().len();
                self.raw(raw.start..raw.start + solid, fresh);
                self.mark_value(&tag);
                self.copy(raw.start + solid..raw.end);
            } else {
                self.raw(raw, fresh);
                if is_value {
                    self.mark_value(&tag);
                }
            }
            fresh = true;
            at = tag.range.end;
            match tag.kind {
                TagKind::Comment => self.copy(tag.range),
                TagKind::Value => {
                    if is_literal_list(&self.source[tag.inner.clone()]) && self.out.nested_list.is_none() {
                        self.out.nested_list = Some(tag.range.clone());
                    }
                    let strips_after = tag.strips.1;
                    self.copy(tag.range);
                    if !strips_after {
                        self.mark_raw(at);
                        fresh = false;
                    }
                }
                TagKind::Statement => {
                    if plain_until == Some(tag.range.start) {
                        self.out.text.push_str(if tag.strips.0 {
                            "[[%- endfilter %]]"
                        } else {
                            "[[%+ endfilter %]]"
                        });
                        plain_until = None;
                    }
                    at = self.statement(&tag, &mut plain_until);
                }
            }
        }
        self.raw(at..self.source.len(), fresh);
    }

    /// Copies a statement, with what keeps marks out of values; returns where to go on.
    fn statement(&mut self, tag: &Tag, plain_until: &mut Option<usize>) -> usize {
        let inner = &self.source[tag.inner.clone()];
        let word = inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        match word {
            "raw" => {
                // What follows is literal up to `endraw`, delimiters and all.
                self.copy(tag.range.clone());
                let end = find_endraw(self.source, tag.range.end);
                self.raw(tag.range.end..end.start, true);
                self.copy(end.clone());
                return end.end;
            }
            "filter" => {
                self.copy(tag.range.start..tag.inner.start + word.len());
                let _ = write!(self.out.text, " {PLAIN} |");
                self.copy(tag.inner.start + word.len()..tag.range.end);
            }
            "set" => {
                let name = inner[word.len()..].trim_start();
                let length =
                    name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(name.len());
                let rest = name[length..].trim_start();
                if rest.is_empty() || rest.starts_with('|') {
                    let end = tag.inner.end - name.len() + length;
                    self.copy(tag.range.start..end);
                    let _ = write!(self.out.text, " | {PLAIN} ");
                    self.copy(end..tag.range.end);
                } else {
                    self.copy(tag.range.clone());
                }
            }
            "macro" => {
                self.copy(tag.range.clone());
                if let Some(end) = end_of_macro(self.source, tag.range.end)
                    && !self.source[tag.range.end..end].contains('\n')
                {
                    let close = if tag.strips.1 { "-%]]" } else { "+%]]" };
                    let _ = write!(self.out.text, "[[% filter {PLAIN} {close}");
                    *plain_until = Some(end);
                }
            }
            _ => self.copy(tag.range.clone()),
        }
        tag.range.end
    }

    /// Copies a range of the original.
    fn copy(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.out.offsets.push((self.out.text.len(), range.start));
        self.out.text.push_str(&self.source[range]);
    }

    /// Copies literal text, with a mark before its first character that is no blank.
    fn raw(&mut self, range: Range<usize>, fresh: bool) {
        let text = &self.source[range.clone()];
        let solid = text.len() - text.trim_start().len();
        let mut from = range.start;
        if fresh && solid < text.len() {
            self.copy(from..from + solid);
            from += solid;
            self.mark_raw(from);
        }
        let base = from;
        let source = self.source;
        for (i, _) in source[base..range.end].match_indices(OPEN) {
            self.copy(from..base + i);
            self.out.offsets.push((self.out.text.len(), base + i));
            push_literal_open(&mut self.out.text);
            from = base + i + OPEN.len_utf8();
            self.mark_raw(from);
        }
        self.copy(from..range.end);
    }

    fn mark_raw(&mut self, offset: usize) {
        let _ = write!(self.out.text, "{OPEN}0{};{offset}{CLOSE}", self.id);
    }

    fn mark_value(&mut self, tag: &Tag) {
        let Range { start, end } = tag.range;
        let _ = write!(self.out.text, "{OPEN}1{};{start};{end}{CLOSE}", self.id);
    }
}

/// The first character of a mark, as data.
fn push_literal_open(out: &mut String) {
    let _ = write!(out, "{OPEN}4{CLOSE}");
}

/// Protects data that holds the characters of marks.
pub(super) fn guard(text: &str, out: &mut String) {
    for (i, piece) in text.split(OPEN).enumerate() {
        if i > 0 {
            push_literal_open(out);
        }
        out.push_str(piece);
    }
}

/// A printed value, in marks: `text` is escaped already and holds no unguarded mark.
pub(super) fn value(text: &str, number: Option<usize>, escape: Escape) -> String {
    let mode = match escape {
        Escape::Quoted => 0,
        Escape::Heredoc => 1,
        Escape::None => 2,
    };
    let mut out = String::with_capacity(text.len() + 24);
    let _ = match number {
        Some(number) => write!(out, "{OPEN}2{mode};{number}{CLOSE}{text}{OPEN}3{CLOSE}"),
        None => write!(out, "{OPEN}2{mode}{CLOSE}{text}{OPEN}3{CLOSE}"),
    };
    out
}

/// Takes every mark out of captured text; literal private-use characters stay guarded.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Mark(Mark::Literal) => push_literal_open(&mut out),
            Piece::Mark(_) => {}
        }
    }
    out
}

/// Takes every mark out and turns guarded characters back into data.
pub(super) fn unmark(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Mark(Mark::Literal) => out.push(OPEN),
            Piece::Mark(_) => {}
        }
    }
    out
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    /// Literal text of a template follows, from this offset.
    Raw { template: usize, offset: usize },
    /// The output of an expression follows.
    Expression { template: usize, start: usize, end: usize },
    /// A printed value follows; its number in the trace where its origin is known.
    ValueStart { number: Option<usize>, escape: Escape },
    /// A printed value ends.
    ValueEnd,
    /// The opening character itself, as data.
    Literal,
}

/// A piece of rendered text.
pub(super) enum Piece<'a> {
    /// Text to keep.
    Text(&'a str),
    /// A mark to take out.
    Mark(Mark),
}

/// The pieces of rendered text, in order.
pub(super) struct Pieces<'a>(pub &'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.0.is_empty() {
            return None;
        }
        match self.0.find(OPEN) {
            Some(0) => {
                let body = &self.0[OPEN.len_utf8()..];
                let parsed = body.find(CLOSE).and_then(|end| Some((end, parse_mark(&body[..end])?)));
                let Some((end, mark)) = parsed else {
                    // A mark that a filter of the template has cut: drop its opening.
                    self.0 = body;
                    return self.next();
                };
                self.0 = &body[end + CLOSE.len_utf8()..];
                Some(Piece::Mark(mark))
            }
            found => {
                let (text, rest) = self.0.split_at(found.unwrap_or(self.0.len()));
                self.0 = rest;
                Some(Piece::Text(text))
            }
        }
    }
}

fn parse_mark(body: &str) -> Option<Mark> {
    let (kind, rest) = body.split_at_checked(1)?;
    let mut numbers = rest.split(';').map(|number| number.parse::<usize>().ok());
    let mut next = || numbers.next().flatten();
    Some(match kind {
        "0" => Mark::Raw { template: next()?, offset: next()? },
        "1" => Mark::Expression { template: next()?, start: next()?, end: next()? },
        "2" => {
            let escape = match next()? {
                0 => Escape::Quoted,
                1 => Escape::Heredoc,
                _ => Escape::None,
            };
            Mark::ValueStart { escape, number: next() }
        }
        "3" => Mark::ValueEnd,
        "4" => Mark::Literal,
        _ => return None,
    })
}

/// The next complete tag at or after `from`.
fn next_tag(source: &str, from: usize) -> Option<Tag> {
    let start = from + source.get(from..)?.find("[[")?;
    let after = &source[start + 2..];
    let (kind, close, skip) = match after.as_bytes().first() {
        Some(b'%') => (TagKind::Statement, "%]]", 3),
        Some(b'#') => (TagKind::Comment, "#]]", 3),
        _ => (TagKind::Value, "]]", 2),
    };
    let mut inner_start = start + skip;
    let strips_before = source[inner_start..].starts_with('-');
    if strips_before || source[inner_start..].starts_with('+') {
        inner_start += 1;
    }
    let inner_end = if kind == TagKind::Comment {
        inner_start + source[inner_start..].find(close)?
    } else {
        inner_start + code_end(&source[inner_start..], close)?
    };
    let mut inner = &source[inner_start..inner_end];
    let strips_after = inner.ends_with('-');
    if strips_after || inner.ends_with('+') {
        inner = &inner[..inner.len() - 1];
    }
    let lead = inner.len() - inner.trim_start().len();
    let inner_start = inner_start + lead;
    Some(Tag {
        kind,
        range: start..inner_end + close.len(),
        inner: inner_start..inner_start + inner.trim().len(),
        strips: (strips_before, strips_after),
    })
}

/// Where code in a tag ends: the closing delimiter outside strings and brackets.
fn code_end(code: &str, close: &str) -> Option<usize> {
    let bytes = code.as_bytes();
    let mut depth = 0_i32;
    let mut i = 0;
    while i < bytes.len() {
        if depth == 0 && code.is_char_boundary(i) && code[i..].starts_with(close) {
            return Some(i);
        }
        match bytes[i] {
            quote @ (b'"' | b'\'') => {
                i += 1;
                while i < bytes.len() && bytes[i] != quote {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    None
}

/// The tag that ends a raw block, or the end of the text.
fn find_endraw(source: &str, from: usize) -> Range<usize> {
    let mut at = from;
    while let Some(start) = source[at..].find("[[%").map(|i| i + at) {
        let body = source[start + 3..].trim_start_matches(['-', '+']).trim_start();
        if let Some(rest) = body.strip_prefix("endraw")
            && let tail = rest.trim_start()
            && let Some(tail) = tail.trim_start_matches(['-', '+']).strip_prefix("%]]")
        {
            return start..source.len() - tail.len();
        }
        at = start + 3;
    }
    source.len()..source.len()
}

/// Where the macro's `endmacro` tag begins.
fn end_of_macro(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(tag) = next_tag(source, at) {
        if tag.kind == TagKind::Statement && source[tag.inner.clone()].starts_with("endmacro") {
            return Some(tag.range.start);
        }
        at = tag.range.end;
    }
    None
}

/// Whether the inside of `[[ … ]]` is only literals, as in the HCL list `[["a", "b"]]`.
fn is_literal_list(inner: &str) -> bool {
    let mut rest = inner.trim();
    let mut literals = 0;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ',' | '[' | ']' => 1,
            '"' => {
                let Some(end) = code_string_end(rest) else { return false };
                // `[[ "[[" ]]` is how a template writes its own delimiter.
                if rest[..end].contains("[[") || rest[..end].contains("]]") {
                    return false;
                }
                literals += 1;
                end
            }
            '0'..='9' => {
                literals += 1;
                rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len())
            }
            _ => return false,
        };
        rest = rest[length..].trim_start();
    }
    literals > 0
}

/// One past the closing quote of the string that `text` begins with.
fn code_string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut i = 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}
