//! `yamlencode` and `yamldecode`.
//!
//! Encoding is what libyaml writes: text in double quotes, folded beyond 80 columns, or as a
//! literal block if it has line breaks. Decoding resolves plain scalars as YAML 1.1 does (`yes` is
//! true), because Nomad's does.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Args, Outcome, abbreviate, bounded, fail};
use crate::jobspec::eval::number::Number;
use crate::jobspec::eval::value::Value;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 100;
/// More values, those of aliases counted each time, are refused.
const MAX_VALUES: usize = 100_000;
/// Text in double quotes is folded at a blank after this column.
const WIDTH: usize = 80;

/// `yamlencode(value)`
pub(super) fn yamlencode(args: Args) -> Outcome {
    let mut encoder = Encoder::default();
    encoder.node(args.value(0), None, Context::Root);
    if !encoder.out.ends_with('\n') {
        encoder.newline();
    }
    if encoder.open_ended {
        encoder.out.push_str("...\n");
    }
    bounded(encoder.out)
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Sequence,
    Value,
}

/// Writes YAML.
#[derive(Default)]
struct Encoder {
    out: String,
    column: usize,
    /// What was written last could go on, so that the end of the document must be marked.
    open_ended: bool,
}

impl Encoder {
    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
        self.open_ended = false;
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Begins a line at this indentation, unless the line has begun there already.
    fn indent(&mut self, indent: usize) {
        if self.column > indent || (self.column == 0 && !self.out.is_empty() && !self.out.ends_with('\n')) {
            self.newline();
        }
        while self.column < indent {
            self.out.push(' ');
            self.column += 1;
        }
    }

    /// Writes a node; `indent` is that of the collection around it.
    fn node(&mut self, value: &Value, indent: Option<usize>, context: Context) {
        let inner = indent.map_or(0, |indent| indent + 2);
        match value {
            Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) if !elements.is_empty() => {
                // A sequence that is the value of a key stands at the indentation of the key.
                let indent = match (indent, context) {
                    (Some(indent), Context::Value) => indent,
                    _ => inner,
                };
                for element in elements {
                    self.indent(indent);
                    self.write("- ");
                    self.node(element, Some(indent), Context::Sequence);
                }
            }
            Value::Map(members) | Value::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    self.indent(inner);
                    self.quoted(key, inner, false);
                    self.write(":");
                    let nested = value.members().is_some_and(|members| !members.is_empty())
                        || value.elements().is_some_and(|elements| !elements.is_empty());
                    if nested {
                        self.newline();
                    } else {
                        self.write(" ");
                    }
                    self.node(value, Some(inner), Context::Value);
                }
            }
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => self.write("[]"),
            Value::Map(_) | Value::Object(_) => self.write("{}"),
            Value::String(text) => {
                let indent = indent.map_or(2, |indent| indent + 2);
                if text.contains('\n') && literal_allowed(text) {
                    self.literal(text, indent);
                } else {
                    self.quoted(text, indent, true);
                }
            }
            Value::Null => self.plain("null", context),
            Value::Bool(value) => self.plain(if *value { "true" } else { "false" }, context),
            Value::Number(number) => self.plain(&number.to_string(), context),
        }
    }

    fn plain(&mut self, text: &str, context: Context) {
        self.write(text);
        self.open_ended = context == Context::Root;
    }

    /// A literal block: `|`, its hints, and the lines.
    fn literal(&mut self, text: &str, indent: usize) {
        self.write("|");
        if text.starts_with([' ', '\n']) {
            self.write("2");
        }
        if !text.ends_with('\n') {
            self.write("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.write("+");
        }
        self.newline();
        for line in text.split_inclusive('\n') {
            let (line, broken) = line.strip_suffix('\n').map_or((line, false), |line| (line, true));
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
                self.column = indent + line.chars().count();
            }
            if broken {
                self.newline();
            }
        }
    }

    /// Text in double quotes, folded if it may be.
    fn quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.write("\"");
        let mut after_blank = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != ' ' {
                self.character(c);
                after_blank = false;
                continue;
            }
            if fold && !after_blank && self.column > WIDTH && at > 0 && at + 1 < text.len() {
                self.newline();
                self.indent(indent);
                if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                    self.write("\\");
                }
            } else {
                self.write(" ");
            }
            after_blank = true;
        }
        self.write("\"");
    }

    fn character(&mut self, c: char) {
        if printable(c) && !matches!(c, '"' | '\\' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            self.out.push(c);
            self.column += 1;
            return;
        }
        let escape = match c {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => {
                let code = u32::from(c);
                let escape = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.write(&escape);
            }
        };
        self.write(escape);
    }
}

/// Whether libyaml prints a character as it is.
fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a text can be a literal block: no blank at its end or before a line break, nothing
/// that needs an escape.
fn literal_allowed(text: &str) -> bool {
    !text.ends_with(' ') && !text.contains(" \n") && text.chars().all(printable)
}

/// `yamldecode(src)`
pub(super) fn yamldecode(args: Args) -> Outcome {
    let mut decoder =
        Decoder { parser: Parser::new_from_str(args.text(0)), anchors: HashMap::new(), values: 0 };
    match decoder.document() {
        Ok(value) => Ok(value),
        Err(message) => fail(format!("invalid YAML: {message}")),
    }
}

struct Decoder<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// The values of anchors; `None` while one is being read.
    anchors: HashMap<usize, Option<(Value, usize)>>,
    values: usize,
}

type Step<T> = Result<T, String>;

impl<'a> Decoder<'a> {
    fn next(&mut self) -> Step<Event<'a>> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Ok(Event::StreamEnd),
        }
    }

    fn document(&mut self) -> Step<Value> {
        let mut event = self.next()?;
        while matches!(event, Event::StreamStart | Event::DocumentStart(_) | Event::Nothing) {
            event = self.next()?;
        }
        if matches!(event, Event::StreamEnd) {
            return Err("there is no value".to_owned());
        }
        let value = self.value(event, 0)?;
        loop {
            match self.next()? {
                Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => return Ok(value),
                _ => return Err("only a single document is allowed".to_owned()),
            }
        }
    }

    /// Counts values, so that aliases cannot multiply without bound.
    fn count(&mut self, values: usize) -> Step<()> {
        self.values += values;
        if self.values > MAX_VALUES { Err(format!("more than {MAX_VALUES} values")) } else { Ok(()) }
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Step<Value> {
        if depth > MAX_DEPTH {
            return Err("too deep nesting".to_owned());
        }
        let before = self.values;
        self.count(1)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref())?),
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", "a sequence")?;
                self.begin(anchor);
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", "a mapping")?;
                self.begin(anchor);
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(id) => {
                return match self.anchors.get(&id).cloned() {
                    Some(Some((value, size))) => self.count(size).map(|()| value),
                    Some(None) => Err("an alias inside its own anchor".to_owned()),
                    None => Err("an alias without an anchor".to_owned()),
                };
            }
            _ => return Err("a value is expected".to_owned()),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, Some((value.clone(), self.values - before)));
        }
        Ok(value)
    }

    /// Notes that an anchored value has begun.
    fn begin(&mut self, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
    }

    fn sequence(&mut self, depth: usize) -> Step<Value> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Tuple(elements)),
                event => elements.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Step<Value> {
        let mut members = BTreeMap::new();
        loop {
            let (text, style, tag) = match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(text, style, _, tag) => (text, style, tag),
                _ => return Err("only strings are allowed as keys".to_owned()),
            };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            let merge = match tag.as_deref() {
                None => text == "<<",
                Some(tag) => tag.is_yaml_core_schema() && tag.suffix == "merge",
            };
            if merge {
                merge_into(&mut members, value)?;
                continue;
            }
            match scalar(&text, style, tag.as_deref())?.to_text() {
                Some(key) => members.insert(key, value),
                None => return Err("a key must not be null".to_owned()),
            };
        }
    }
}

/// Adds the members of a mapping, or of each in a sequence of mappings.
fn merge_into(members: &mut BTreeMap<String, Value>, value: Value) -> Step<()> {
    match value {
        Value::Object(more) => members.extend(more),
        Value::Tuple(elements) => {
            for element in elements {
                match element {
                    Value::Object(more) => members.extend(more),
                    other => return Err(format!("{} cannot be merged into a mapping", other.kind())),
                }
            }
        }
        other => return Err(format!("{} cannot be merged into a mapping", other.kind())),
    }
    Ok(())
}

fn check_tag(tag: Option<&Tag>, suffix: &str, what: &str) -> Step<()> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == suffix) => {
            Err(format!("{what} cannot be `{tag}`"))
        }
        _ => Ok(()),
    }
}

/// What a scalar means.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Step<Value> {
    let tag = match tag {
        None => "",
        Some(tag) if tag.is_yaml_core_schema() => &tag.suffix,
        Some(tag) => return Err(format!("unsupported tag `{tag}`")),
    };
    let refuse = || Err(format!("`{}` is not `!!{tag}`", abbreviate(text)));
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let resolved = match tag {
        "" if quoted => return Ok(text.into()),
        // As in Nomad's decoder, quotes win over a tag where the text could be the thing itself.
        "bool" | "int" | "float" | "null" | "timestamp" if quoted && may_resolve(text) => {
            return Ok(text.into());
        }
        "str" | "binary" => return Ok(text.into()),
        "" | "bool" | "int" | "float" | "null" | "timestamp" => resolve(text),
        _ => return Err(format!("unsupported tag `!!{tag}`")),
    };
    match (tag, resolved) {
        ("", None) => Ok(text.into()),
        ("", Some(Resolved::NotFinite)) => Err(format!("`{text}` is not a finite number")),
        ("null", _) => Ok(Value::Null),
        ("bool", Some(Resolved::Value(value @ Value::Bool(_)))) => Ok(value),
        ("int" | "float", Some(Resolved::Value(value @ Value::Number(_)))) => Ok(value),
        ("timestamp", Some(Resolved::Value(value @ Value::String(_)))) => Ok(value),
        ("", Some(Resolved::Value(value))) => Ok(value),
        _ => refuse(),
    }
}

/// Whether the first character is one with which something other than text may begin.
fn may_resolve(text: &str) -> bool {
    text.chars().next().is_none_or(|c| c.is_ascii_digit() || "+-.yYnNtTfFoO~".contains(c))
}

/// What a plain scalar is, if it is not text.
enum Resolved {
    Value(Value),
    /// Infinity, or not a number: HCL has neither.
    NotFinite,
}

fn resolve(text: &str) -> Option<Resolved> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Some(Resolved::NotFinite),
        _ => timestamp(text).map(Value::String).or_else(|| number(text).map(Value::Number))?,
    };
    Some(Resolved::Value(value))
}

/// `12`, `0o17`, `0x1F`, `.5`, `1e3`
fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16)
            .ok()
            .filter(|_| !digits.starts_with(['+', '-']))
            .map(Number::int);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i64::from_str_radix(digits, 8)
            .ok()
            .filter(|_| !digits.starts_with(['+', '-']))
            .map(Number::int);
    }
    Number::parse(text)
}

/// A date or a time of YAML 1.1 in RFC 3339.
fn timestamp(text: &str) -> Option<String> {
    let (year, rest) = text.split_once('-')?;
    let digits = |text: &str, len: std::ops::RangeInclusive<usize>| {
        let good = len.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| text.parse::<i16>().ok()).flatten()
    };
    let year = digits(year, 4..=4)?;
    let (month, rest) = rest.split_once('-')?;
    let month = digits(month, 1..=2)?;
    let day_len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(day_len);
    let day = digits(day, 1..=2)?;
    jiff::civil::Date::new(year, month as i8, day as i8).ok()?;
    if rest.is_empty() {
        return Some(format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
    }
    let zoned = rest.starts_with(['T', 't']);
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, time) = time.split_once(':')?;
    let (minute, time) = time.split_once(':')?;
    let second_len = time.bytes().take_while(u8::is_ascii_digit).count();
    let (second, mut zone) = time.split_at(second_len);
    let (hour, minute, second) = (digits(hour, 1..=2)?, digits(minute, 1..=2)?, digits(second, 1..=2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if let Some(fraction) = zone.strip_prefix('.') {
        zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let zone = match zone {
        "" if !zoned => "Z",
        "Z" if zoned => "Z",
        _ if zoned && zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':' => {
            digits(&zone[1..3], 2..=2).zip(digits(&zone[4..], 2..=2))?;
            if &zone[1..] == "00:00" { "Z" } else { zone }
        }
        _ => return None,
    };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
}
