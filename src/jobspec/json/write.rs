//! From the tree to JSON, as Go's `encoding/json` writes Nomad's `api.Job`.

use std::fmt::Write;

use crate::jobspec::Job;
use crate::jobspec::declare::{Field, Type, Unset};
use crate::jobspec::tree::{Node, Object, Value};

impl Job {
    /// `{"Job": {…}}`, indented by four blanks: what `nomad job run -output` prints.
    pub fn to_json(&self) -> String {
        let mut writer = Writer { out: String::with_capacity(16 << 10), indent: Some(0) };
        writer.open('{');
        writer.key("Job", true);
        writer.object(&self.root);
        writer.close('}', false);
        writer.out.push('\n');
        writer.out
    }

    /// The job alone on one line, as the bodies of requests have it.
    pub fn to_json_line(&self) -> String {
        let mut writer = Writer { out: String::with_capacity(8 << 10), indent: None };
        writer.object(&self.root);
        writer.out
    }

    /// The job alone as a value of `serde_json`.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.to_json_line()).unwrap_or_default()
    }
}

impl Object {
    /// The block on one line.
    pub fn to_json_line(&self) -> String {
        let mut writer = Writer { out: String::new(), indent: None };
        writer.object(self);
        writer.out
    }
}

/// How many blanks a level is indented by.
const INDENT: usize = 4;
/// Enough of them for most depths at once.
const BLANKS: &str = "                                                                ";

struct Writer {
    out: String,
    /// The depth of the current line; `None` for all on one line.
    indent: Option<usize>,
}

impl Writer {
    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        if let Some(depth) = &mut self.indent {
            *depth += 1;
        }
    }

    fn line(&mut self) {
        let Some(depth) = self.indent else { return };
        self.out.push('\n');
        let mut left = depth * INDENT;
        while left > 0 {
            let blanks = &BLANKS[..left.min(BLANKS.len())];
            self.out.push_str(blanks);
            left -= blanks.len();
        }
    }

    /// Begins the next member of a list or object.
    fn member(&mut self, first: bool) {
        if !first {
            self.out.push(',');
        }
        self.line();
    }

    fn close(&mut self, bracket: char, empty: bool) {
        if let Some(depth) = &mut self.indent {
            *depth -= 1;
        }
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    /// The key of a declared field, which needs no escapes.
    fn name(&mut self, name: &str, first: bool) {
        self.member(first);
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str(if self.indent.is_some() { "\": " } else { "\":" });
    }

    fn key(&mut self, key: &str, first: bool) {
        self.member(first);
        self.string(key);
        self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
    }

    fn object(&mut self, object: &Object) {
        self.open('{');
        let mut first = true;
        for (field, node) in object.ty.fields.iter().zip(&object.fields) {
            if field.unset == Unset::Absent && node.is_null() {
                continue;
            }
            self.name(field.json, first);
            first = false;
            if node.is_null() { self.unset(field) } else { self.value(&node.value) }
        }
        self.close('}', first);
    }

    fn unset(&mut self, field: &Field) {
        self.out.push_str(match (field.unset, field.ty) {
            (Unset::Zero, Type::String) => "\"\"",
            (Unset::Zero, Type::Bool) => "false",
            (Unset::Zero, Type::Int(_) | Type::Duration) => "0",
            _ => "null",
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) => {
                let _ = write!(self.out, "{number}");
            }
            Value::Float(number) => self.float(*number),
            Value::Str(text) => self.string(text),
            Value::List(list) => self.list(list),
            Value::Map(map) => {
                // Go writes the keys of a map in the order of their bytes.
                let mut members: Vec<_> = map.iter().collect();
                members.sort_unstable_by_key(|(key, _)| *key);
                self.open('{');
                for (i, (key, node)) in members.iter().enumerate() {
                    self.key(key, i == 0);
                    self.value(&node.value);
                }
                self.close('}', members.is_empty());
            }
            Value::Object(object) => self.object(object),
        }
    }

    fn list(&mut self, list: &[Node]) {
        self.open('[');
        for (i, node) in list.iter().enumerate() {
            self.member(i == 0);
            self.value(&node.value);
        }
        self.close(']', list.is_empty());
    }

    /// The shortest digits that read back as the same number; an exponent below 1e-6 and from
    /// 1e21, as ECMAScript and Go have it.
    fn float(&mut self, number: f64) {
        let size = number.abs();
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{number:e}");
            match text.split_once('e') {
                Some((digits, power)) if !power.starts_with('-') => {
                    let _ = write!(self.out, "{digits}e+{power}");
                }
                _ => self.out.push_str(&text),
            }
        } else {
            let _ = write!(self.out, "{number}");
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| ESCAPED[usize::from(byte)]) {
            let (plain, special) = rest.split_at(at);
            self.out.push_str(plain);
            let mut chars = special.chars();
            if let Some(c) = chars.next() {
                self.escape(c);
            }
            rest = chars.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    /// A character of which Go may not write the bytes as they are.
    fn escape(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\u{8}' => self.out.push_str("\\b"),
            '\u{c}' => self.out.push_str("\\f"),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            // What would end a script in HTML, and two line ends of JavaScript.
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(self.out, "\\u{:04x}", u32::from(c));
            }
            _ => self.out.push(c),
        }
    }
}

/// The bytes that begin a character that [`Writer::escape`] has to look at.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < b' ' as usize {
        escaped[byte] = true;
        byte += 1;
    }
    // U+2028 and U+2029 begin with 0xE2.
    let others = [b'"', b'\\', b'<', b'>', b'&', 0xE2];
    let mut i = 0;
    while i < others.len() {
        escaped[others[i] as usize] = true;
        i += 1;
    }
    escaped
};

#[cfg(test)]
mod tests {
    use super::{BLANKS, Writer};

    #[test]
    fn texts_are_escaped_as_go_does() {
        let mut writer = Writer { out: String::new(), indent: None };
        writer.string("\u{0}\u{8}\u{c}\n\r\t\u{1f} \"\\ <&> a–b \u{2027}\u{2028}\u{2029}\u{202a} é 😀\u{7f}");
        let expected = r#""\u0000\b\f\n\r\t\u001f \"\\ \u003c\u0026\u003e a–b "#.to_owned()
            + "\u{2027}\\u2028\\u2029\u{202a} é 😀\u{7f}\"";
        assert_eq!(writer.out, expected);
    }

    #[test]
    fn a_deep_line_is_indented_in_full() {
        let mut writer = Writer { out: String::new(), indent: Some(40) };
        writer.line();
        assert_eq!(writer.out, format!("\n{}", " ".repeat(160)));
        assert!(BLANKS.trim().is_empty());
    }
}
