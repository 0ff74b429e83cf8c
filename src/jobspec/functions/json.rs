//! `jsonencode` and `jsondecode`.
//!
//! Encoding is as Go writes JSON: keys in order, no blanks, `<`, `>` and `&` escaped. Decoding
//! keeps every digit of a number.

use std::collections::BTreeMap;

use super::{Args, Outcome, bounded, fail};
use crate::jobspec::eval::number::Number;
use crate::jobspec::eval::value::Value;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 200;

/// `jsonencode(val)`
pub(super) fn jsonencode(args: Args) -> Outcome {
    if has_infinity(args.value(0)) {
        return fail("an infinite number cannot be written as JSON");
    }
    bounded(encode(args.value(0)))
}

/// `jsondecode(str)`
pub(super) fn jsondecode(args: Args) -> Outcome {
    let mut decoder = Decoder { text: args.text(0), pos: 0 };
    match decoder.document() {
        Ok(value) => Ok(value),
        Err(message) => fail(format!("invalid JSON: {message} at byte {}", decoder.pos)),
    }
}

/// Whether there is an infinite number in a value.
fn has_infinity(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_infinite(),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => items.iter().any(has_infinity),
        Value::Map(members) | Value::Object(members) => members.values().any(has_infinity),
        _ => false,
    }
}

/// The value as JSON.
pub(super) fn encode(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// The text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_string(out, text),
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, element);
            }
            out.push(']');
        }
        Value::Map(members) | Value::Object(members) => {
            out.push('{');
            for (i, (key, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Reads JSON (RFC 8259).
struct Decoder<'a> {
    text: &'a str,
    pos: usize,
}

type Step<T> = Result<T, &'static str>;

impl Decoder<'_> {
    fn document(&mut self) -> Step<Value> {
        let value = self.value(0)?;
        self.blanks();
        if self.pos < self.text.len() { Err("text after the value") } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Step<Value> {
        if depth > MAX_DEPTH {
            return Err("too deep nesting");
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
                    if self.text[self.pos..].starts_with(word) {
                        self.pos += word.len();
                        return Ok(value);
                    }
                }
                Err("a value is expected")
            }
        }
    }

    fn array(&mut self, depth: usize) -> Step<Value> {
        self.pos += 1;
        let mut elements = Vec::new();
        if self.eat(b']') {
            return Ok(Value::Tuple(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(Value::Tuple(elements));
            }
            if !self.eat(b',') {
                return Err("`,` or `]` is expected");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Step<Value> {
        self.pos += 1;
        let mut members = BTreeMap::new();
        if self.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err("a key in quotes is expected");
            }
            let key = self.string()?;
            if !self.eat(b':') {
                return Err("`:` is expected");
            }
            members.insert(key, self.value(depth + 1)?);
            if self.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',') {
                return Err("`,` or `}` is expected");
            }
        }
    }

    fn number(&mut self) -> Step<Value> {
        let start = self.pos;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.pos += 1;
        }
        let text = &self.text[start..self.pos];
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let leading_zero = whole > 1 && digits[0] == b'0';
        let dot_alone =
            digits.get(whole) == Some(&b'.') && !digits.get(whole + 1).is_some_and(u8::is_ascii_digit);
        if whole == 0 || leading_zero || dot_alone {
            return Err("an invalid number");
        }
        Number::parse(text).map(Value::Number).ok_or("an invalid number")
    }

    fn string(&mut self) -> Step<String> {
        self.pos += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.pos..];
            let stop = rest.find(|c| c == '"' || c == '\\' || c < ' ').ok_or("an unclosed string")?;
            out.push_str(&rest[..stop]);
            self.pos += stop + 1;
            match rest.as_bytes()[stop] {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escape()?),
                _ => return Err("a control character in a string"),
            }
        }
    }

    fn escape(&mut self) -> Step<char> {
        let selector = self.peek().ok_or("an unclosed string")?;
        self.pos += 1;
        Ok(match selector {
            b'"' | b'\\' | b'/' => char::from(selector),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
                }
                if !self.text[self.pos..].starts_with("\\u") {
                    return Ok('\u{fffd}');
                }
                let back = self.pos;
                self.pos += 2;
                let second = self.hex()?;
                if !(0xdc00..0xe000).contains(&second) {
                    self.pos = back;
                    return Ok('\u{fffd}');
                }
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).unwrap_or('\u{fffd}')
            }
            _ => return Err("an unknown escape"),
        })
    }

    fn hex(&mut self) -> Step<u32> {
        let digits = self.text.get(self.pos..self.pos + 4).ok_or("an incomplete escape")?;
        self.pos += 4;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("an incomplete escape");
        }
        u32::from_str_radix(digits, 16).map_err(|_| "an incomplete escape")
    }
}
