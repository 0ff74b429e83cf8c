//! JSON as text: a strict reader (RFC 8259) with the place of every value.

use std::borrow::Cow;

use crate::jobspec::syntax::Span;

/// A JSON value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonNode<'s> {
    /// The value.
    pub value: Json<'s>,
    /// Where it stands.
    pub span: Span,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'s> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'s str),
    /// Text, without escapes.
    String(Cow<'s, str>),
    /// `[…]`
    Array(Vec<JsonNode<'s>>),
    /// `{…}`: keys with their places, in the order of the text; a key may stand twice.
    Object(Vec<(Cow<'s, str>, Span, JsonNode<'s>)>),
}

impl Json<'_> {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth",
            Self::Number(_) => "a number",
            Self::String(_) => "text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// How deep lists and objects may be nested.
const MAX_DEPTH: usize = 200;

/// Reads a JSON document.
///
/// # Errors
///
/// The first offence against RFC 8259, or nesting of more than 200 levels.
pub fn parse(text: &str) -> Result<JsonNode<'_>, JsonError> {
    let mut reader = Reader { text, at: 0 };
    reader.blanks();
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.error("unexpected text after the JSON document"));
    }
    Ok(node)
}

struct Reader<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Reader<'s> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// An error at the current character.
    fn error(&self, message: impl Into<String>) -> JsonError {
        let len = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        JsonError { message: message.into(), span: Span::new(self.at, self.at + len) }
    }

    fn unexpected(&self, wanted: &str) -> JsonError {
        match self.text[self.at..].chars().next() {
            Some(c) => self.error(format!("expected {wanted}, found `{}`", c.escape_default())),
            None => self.error(format!("expected {wanted}, found the end of the text")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<JsonNode<'s>, JsonError> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(JsonNode { value, span: Span::new(start, self.at) })
    }

    fn word(&mut self) -> Result<Json<'s>, JsonError> {
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json<'s>, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.error("a number cannot begin with `0`"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn string(&mut self) -> Result<Cow<'s, str>, JsonError> {
        let open = self.at;
        self.at += 1;
        let mut run = self.at;
        let mut owned: Option<String> = None;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[run..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        Some(mut text) => {
                            text.push_str(rest);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(rest),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[run..self.at]);
                    let c = self.escape()?;
                    owned.get_or_insert_default().push(c);
                    run = self.at;
                }
                Some(0..=0x1f) => return Err(self.error("a control character in text must be escaped")),
                Some(_) => self.at += 1,
                None => {
                    let span = Span::new(open, open + 1);
                    return Err(JsonError { message: "the text has no closing quote".to_owned(), span });
                }
            }
        }
    }

    /// The character of an escape; a half of a surrogate pair becomes U+FFFD, as in Go.
    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex()?;
                    if (0xdc00..0xe000).contains(&second) {
                        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return Err(self.unexpected("an escape such as `\\n`")),
        };
        self.at += 1;
        Ok(c)
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else { return Err(self.unexpected("four hexadecimal digits")) };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        if depth >= MAX_DEPTH {
            return Err(self.error(format!("lists and objects are nested more than {MAX_DEPTH} deep")));
        }
        Ok(depth + 1)
    }

    fn array(&mut self, depth: usize) -> Result<Json<'s>, JsonError> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        let mut list = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(list));
        }
        loop {
            self.blanks();
            list.push(self.value(depth)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(list));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'s>, JsonError> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            let span = Span::new(start, self.at);
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.blanks();
            members.push((key, span, self.value(depth)?));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, message: &str, span: (usize, usize)) {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span), (message, Span::new(span.0, span.1)));
    }

    #[test]
    fn values_keep_their_place() {
        let node = parse(" {\"a\": [1, \"x\\u00e9\\ud83d\\ude00\"]}").unwrap();
        let Json::Object(members) = &node.value else { panic!() };
        let Json::Array(list) = &members[0].2.value else { panic!() };
        assert_eq!(members[0].1, Span::new(2, 5));
        assert_eq!(list[0], JsonNode { value: Json::Number("1"), span: Span::new(8, 9) });
        assert_eq!(list[1].value, Json::String("xé😀".into()));
    }

    #[test]
    fn what_rfc_8259_refuses_is_refused() {
        refused("", "expected a value, found the end of the text", (0, 0));
        refused("01", "a number cannot begin with `0`", (1, 2));
        refused("[1,]", "expected a value, found `]`", (3, 4));
        refused("{a:1}", "expected a key in double quotes, found `a`", (1, 2));
        refused("\"ab", "the text has no closing quote", (0, 1));
        refused("\"a\nb\"", "a control character in text must be escaped", (2, 3));
        refused("1 2", "unexpected text after the JSON document", (2, 3));
        refused("1.e5", "expected a digit, found `e`", (2, 3));
        refused("\"\\u12g4\"", "expected four hexadecimal digits, found `g`", (5, 6));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
        let error = parse(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(error.message, "lists and objects are nested more than 200 deep");
        assert!(parse(&format!("{}{}", "[".repeat(200), "]".repeat(200))).is_ok());
    }
}
