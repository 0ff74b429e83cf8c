//! Text to tokens, in one pass. What is not in the language becomes a token of its own kind, so
//! that the parser can go on and every mistake is found at once.
//!
//! The rules are those of the HCL native syntax specification; where that leaves a choice
//! (numbers that end in a dot, a `$` that begins nothing, where a heredoc ends) HashiCorp's
//! scanner decides, because the places of errors depend on it.

use unicode_ident::{is_xid_continue, is_xid_start};

use super::token::{Kind, Token};

/// The tokens of a text; the last is [`Kind::Eof`].
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    /// Whether any token [is unknown](Kind::is_unknown).
    pub(super) unknown: bool,
}

/// What to do with comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// Keep them as tokens.
    Keep,
    /// Drop them; one that ends a line becomes a line break.
    Drop,
}

/// What the bytes at hand are part of.
#[derive(Clone, Copy)]
enum Mode {
    /// Arguments, blocks, expressions.
    Normal,
    /// A quoted string.
    Quoted,
    /// A heredoc: the bytes of its marker, and whether the next literal begins a line.
    Heredoc { marker: (usize, usize), line_start: bool },
}

/// Splits `text` (at most 4 GiB) into tokens. A byte order mark at its start is skipped.
pub(super) fn lex(text: &str, comments: Comments) -> Lexed {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        pos: if text.starts_with('\u{feff}') { 3 } else { 0 },
        tokens: Vec::with_capacity(text.len() / 4 + 8),
        unknown: false,
        comments,
        braces: 0,
        sequences: Vec::new(),
        modes: Vec::new(),
        no_comment_end: false,
    };
    let mut mode = Mode::Normal;
    while lexer.pos < lexer.bytes.len() {
        mode = match mode {
            Mode::Normal => lexer.normal(),
            Mode::Quoted => lexer.quoted(),
            Mode::Heredoc { marker, line_start } => lexer.heredoc(marker, line_start),
        };
    }
    let end = lexer.bytes.len();
    lexer.push(Kind::Eof, end, end);
    Lexed { tokens: lexer.tokens, unknown: lexer.unknown }
}

struct Lexer<'s> {
    text: &'s str,
    bytes: &'s [u8],
    pos: usize,
    tokens: Vec<Token>,
    unknown: bool,
    comments: Comments,
    /// How many braces are open; below zero after stray closing ones.
    braces: i64,
    /// The brace level of each open template sequence.
    sequences: Vec<i64>,
    /// The modes to go back to, one for each open sequence, string and heredoc.
    modes: Vec<Mode>,
    /// There is no `*/` in the rest of the text (so that many `/*` do not each look for one).
    no_comment_end: bool,
}

impl Lexer<'_> {
    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start: start as u32, end: end as u32 });
    }

    /// A token from the current position of `len` bytes.
    #[inline]
    fn take(&mut self, kind: Kind, len: usize) {
        self.push(kind, self.pos, self.pos + len);
        self.pos += len;
    }

    /// A token that the language does not have.
    fn take_unknown(&mut self, kind: Kind, len: usize) {
        self.unknown = true;
        self.take(kind, len);
    }

    /// The byte `ahead` of the current one; 0 past the end.
    #[inline]
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    /// One kind or, if `next` follows, another.
    #[inline]
    fn one_or_two(&mut self, one: Kind, next: u8, two: Kind) {
        if self.peek(1) == next { self.take(two, 2) } else { self.take(one, 1) }
    }

    /// Reads arguments, blocks and expressions until a string, a heredoc or the end of the
    /// enclosing sequence; returns the mode to go on in.
    fn normal(&mut self) -> Mode {
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b' ' | b'\t' => self.pos += 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.ident(),
                b'\n' => self.take(Kind::Newline, 1),
                b'"' => {
                    self.take(Kind::OQuote, 1);
                    self.modes.push(Mode::Normal);
                    return Mode::Quoted;
                }
                b'=' if self.peek(1) == b'>' => self.take(Kind::FatArrow, 2),
                b'=' => self.one_or_two(Kind::Equal, b'=', Kind::EqualOp),
                b'0'..=b'9' => self.number(),
                b'{' => {
                    self.take(Kind::OBrace, 1);
                    self.braces += 1;
                }
                b'}' => {
                    if self.close(1) {
                        return self.modes.pop().unwrap_or(Mode::Normal);
                    }
                }
                b'~' if self.peek(1) == b'}' => {
                    if self.close(2) {
                        return self.modes.pop().unwrap_or(Mode::Normal);
                    }
                }
                b'[' => self.take(Kind::OBrack, 1),
                b']' => self.take(Kind::CBrack, 1),
                b'(' => self.take(Kind::OParen, 1),
                b')' => self.take(Kind::CParen, 1),
                b',' => self.take(Kind::Comma, 1),
                b'.' if self.peek(1) == b'.' && self.peek(2) == b'.' => self.take(Kind::Ellipsis, 3),
                b'.' => self.take(Kind::Dot, 1),
                b'#' => self.line_comment(),
                b'/' if self.peek(1) == b'/' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'/' => self.take(Kind::Slash, 1),
                b'<' if self.peek(1) == b'<' => {
                    if let Some(mode) = self.heredoc_start() {
                        self.modes.push(Mode::Normal);
                        return mode;
                    }
                    self.take(Kind::Less, 1);
                }
                b'<' => self.one_or_two(Kind::Less, b'=', Kind::LessEq),
                b'>' => self.one_or_two(Kind::Greater, b'=', Kind::GreaterEq),
                b'!' => self.one_or_two(Kind::Bang, b'=', Kind::NotEqual),
                b':' => self.one_or_two(Kind::Colon, b':', Kind::DoubleColon),
                b'?' => self.take(Kind::Question, 1),
                b'*' => self.take(Kind::Star, 1),
                b'+' => self.take(Kind::Plus, 1),
                b'-' => self.take(Kind::Minus, 1),
                b'%' => self.take(Kind::Percent, 1),
                b'\r' if self.peek(1) == b'\n' => self.take(Kind::Newline, 2),
                b'&' if self.peek(1) == b'&' => self.take(Kind::And, 2),
                b'&' => self.take_unknown(Kind::BitAnd, 1),
                b'|' if self.peek(1) == b'|' => self.take(Kind::Or, 2),
                b'|' => self.take_unknown(Kind::BitOr, 1),
                b'~' => self.take_unknown(Kind::BitNot, 1),
                b'^' => self.take_unknown(Kind::BitXor, 1),
                b'\'' => self.take_unknown(Kind::Apostrophe, 1),
                b'`' => self.take_unknown(Kind::Backtick, 1),
                b';' => self.take_unknown(Kind::Semicolon, 1),
                _ => {
                    let len = self.char_len();
                    if self.char().is_some_and(is_xid_start) {
                        self.ident();
                    } else {
                        self.take_unknown(Kind::Invalid, len);
                    }
                }
            }
        }
        Mode::Normal
    }

    /// The character at the current position.
    fn char(&self) -> Option<char> {
        self.text.get(self.pos..).and_then(|rest| rest.chars().next())
    }

    /// The length of that character in bytes.
    fn char_len(&self) -> usize {
        self.char().map_or(1, char::len_utf8)
    }

    fn ident(&mut self) {
        let start = self.pos;
        loop {
            match self.bytes.get(self.pos) {
                Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'0'..=b'9') => self.pos += 1,
                Some(128..) if self.char().is_some_and(is_xid_continue) => self.pos += self.char_len(),
                _ => break,
            }
        }
        self.push(Kind::Ident, start, self.pos);
    }

    /// Digits, dots and exponents, as far as they do not end with a dot. Whether they make a
    /// number is the parser's question.
    fn number(&mut self) {
        let start = self.pos;
        let mut end = start;
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                Some(b'0'..=b'9') => {
                    at += 1;
                    end = at;
                }
                Some(b'.') => at += 1,
                Some(b'e' | b'E') => {
                    let sign = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
                    if !matches!(self.bytes.get(at + 1 + sign), Some(b'0'..=b'9')) {
                        break;
                    }
                    at += 2 + sign;
                    end = at;
                }
                _ => break,
            }
        }
        self.pos = end;
        self.push(Kind::Number, start, end);
    }

    /// `#` or `//` up to and with the line break.
    fn line_comment(&mut self) {
        let start = self.pos;
        let rest = &self.bytes[start..];
        let newline = rest.iter().position(|byte| *byte == b'\n');
        self.pos = newline.map_or(self.bytes.len(), |at| start + at + 1);
        match (self.comments, newline) {
            (Comments::Keep, _) => self.push(Kind::Comment, start, self.pos),
            (Comments::Drop, Some(_)) => self.push(Kind::Newline, start, self.pos),
            (Comments::Drop, None) => {}
        }
    }

    /// `/* … */`; without an end it is no comment but two operators.
    fn block_comment(&mut self) {
        let start = self.pos;
        let end = if self.no_comment_end { None } else { self.text[start + 2..].find("*/") };
        let Some(end) = end else {
            self.no_comment_end = true;
            self.take(Kind::Slash, 1);
            return;
        };
        self.pos = start + 2 + end + 2;
        if self.comments == Comments::Keep {
            self.push(Kind::Comment, start, self.pos);
        }
    }

    /// `}` or `~}`: whether it ended a template sequence.
    fn close(&mut self, len: usize) -> bool {
        let ends = self.sequences.last() == Some(&self.braces);
        self.take(if ends || len == 2 { Kind::SeqEnd } else { Kind::CBrace }, len);
        self.braces -= 1;
        if ends {
            self.sequences.pop();
        }
        ends
    }

    /// `<<MARKER` and a line break, if that is what stands here.
    fn heredoc_start(&mut self) -> Option<Mode> {
        let dash = usize::from(self.peek(2) == b'-');
        let start = self.pos + 2 + dash;
        let name = &self.text[start..];
        if !name.starts_with(|c| c == '_' || is_xid_start(c)) {
            return None;
        }
        let len = name.find(|c| c != '-' && !is_xid_continue(c))?;
        let newline = match self.bytes.get(start + len..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        self.take(Kind::OHeredoc, 2 + dash + len + newline);
        Some(Mode::Heredoc { marker: (start, start + len), line_start: true })
    }

    /// Emits `${`, `${~`, `%{` or `%{~`; `back` is the mode after its end.
    fn sequence(&mut self, kind: Kind, back: Mode) -> Mode {
        let strip = usize::from(self.peek(2) == b'~');
        self.take(kind, 2 + strip);
        self.braces += 1;
        self.sequences.push(self.braces);
        self.modes.push(back);
        Mode::Normal
    }

    /// Emits the literal from `start` to the current position, if it is not empty.
    #[inline]
    fn literal(&mut self, kind: Kind, start: usize) {
        if start < self.pos {
            self.push(kind, start, self.pos);
        }
    }

    /// Reads a quoted string up to its end or a sequence in it.
    fn quoted(&mut self) -> Mode {
        let mut start = self.pos;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'"' => {
                    self.literal(Kind::QuotedLit, start);
                    self.take(Kind::CQuote, 1);
                    return self.modes.pop().unwrap_or(Mode::Normal);
                }
                b'\\' if matches!(self.bytes.get(self.pos + 1), None | Some(b'\n' | b'\r')) => {
                    self.literal(Kind::QuotedLit, start);
                    self.take_unknown(Kind::Invalid, 1);
                    start = self.pos;
                }
                b'\\' => self.pos += 2,
                b'$' | b'%' if self.peek(1) == b'{' => {
                    self.literal(Kind::QuotedLit, start);
                    let kind = if byte == b'$' { Kind::Interp } else { Kind::Control };
                    return self.sequence(kind, Mode::Quoted);
                }
                b'$' | b'%' if self.peek(1) == byte && self.peek(2) == b'{' => self.pos += 3,
                b'\n' | b'\r' => {
                    self.literal(Kind::QuotedLit, start);
                    let len =
                        self.bytes[self.pos..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
                    self.take_unknown(Kind::QuotedNewline, len);
                    if self.modes.len() == 1 && self.quote_was_forgotten() {
                        self.push(Kind::CQuote, self.pos, self.pos);
                        self.push(Kind::Newline, self.pos, self.pos);
                        return self.modes.pop().unwrap_or(Mode::Normal);
                    }
                    start = self.pos;
                }
                _ => self.pos += 1,
            }
        }
        self.last_literal(Kind::QuotedLit, start);
        Mode::Quoted
    }

    /// Whether a string that did not end on its line should have: the next line with quotes has
    /// pairs of them. An odd number means that one of them ends the string.
    fn quote_was_forgotten(&self) -> bool {
        let lines = self.bytes[self.pos..].split(|byte| *byte == b'\n');
        let mut quotes = lines.map(|line| {
            let escaped = line.windows(2).filter(|pair| pair == b"\\\"").count();
            line.iter().filter(|byte| **byte == b'"').count() - escaped
        });
        quotes.find(|count| *count > 0).is_none_or(|count| count % 2 == 0)
    }

    /// Reads a heredoc up to its end or a sequence in it.
    fn heredoc(&mut self, marker: (usize, usize), mut line_start: bool) -> Mode {
        let start = self.pos;
        let first = self.bytes[marker.0];
        while let Some(&byte) = self.bytes.get(self.pos) {
            if line_start {
                line_start = false;
                if let Some(end) = self.heredoc_end(marker, first) {
                    self.literal(Kind::StringLit, start);
                    self.take(Kind::CHeredoc, end - self.pos);
                    let newline = if self.peek(0) == b'\r' { 2 } else { 1 };
                    self.take(Kind::Newline, newline);
                    return self.modes.pop().unwrap_or(Mode::Normal);
                }
            }
            match byte {
                b'\n' => {
                    self.pos += 1;
                    line_start = true;
                }
                b'$' | b'%' if self.peek(1) == b'{' => {
                    self.literal(Kind::StringLit, start);
                    let kind = if byte == b'$' { Kind::Interp } else { Kind::Control };
                    return self.sequence(kind, Mode::Heredoc { marker, line_start: false });
                }
                b'$' | b'%' if self.peek(1) == byte && self.peek(2) == b'{' => self.pos += 3,
                b'\r' if self.peek(1) != b'\n' => {
                    // A carriage return alone ends the scanner's work on this file.
                    self.literal(Kind::StringLit, start);
                    self.take_unknown(Kind::Invalid, self.bytes.len() - self.pos);
                    return Mode::Normal;
                }
                _ => self.pos += 1,
            }
        }
        self.last_literal(Kind::StringLit, start);
        Mode::Heredoc { marker, line_start }
    }

    /// Emits the literal that the end of the text cuts off; a `$` or `%` there waits for a brace.
    fn last_literal(&mut self, kind: Kind, start: usize) {
        if start < self.pos && matches!(self.bytes.last(), Some(b'$' | b'%')) {
            self.pos -= 1;
            self.literal(kind, start);
            self.take_unknown(Kind::Invalid, 1);
        } else {
            self.literal(kind, start);
        }
    }

    /// If the line that begins here is only the marker and blanks: where its line break begins.
    fn heredoc_end(&self, marker: (usize, usize), first: u8) -> Option<usize> {
        let rest = &self.bytes[self.pos..];
        let seen = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'))?;
        if *seen != first && seen.is_ascii() && !matches!(seen, b'\x0b' | b'\x0c') {
            return None;
        }
        let len = rest.iter().position(|byte| *byte == b'\n')?;
        let line = self.text.get(self.pos..self.pos + len)?;
        if line.trim() != &self.text[marker.0..marker.1] {
            return None;
        }
        Some(self.pos + line.strip_suffix('\r').unwrap_or(line).len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Comments, lex};

    /// The tokens as `Kind:text`.
    fn kinds(text: &str) -> String {
        let tokens = lex(text, Comments::Keep).tokens;
        let shown =
            tokens.iter().map(|token| format!("{:?}:{}", token.kind, token.text(text).escape_debug()));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_end_before_a_dot_that_ends_them() {
        assert_eq!(kinds("1.5e3 1...2"), "Number:1.5e3 Number:1...2 Eof:");
        assert_eq!(
            kinds("1... 2.x 3e"),
            "Number:1 Ellipsis:... Number:2 Dot:. Ident:x Number:3 Ident:e Eof:"
        );
    }

    #[test]
    fn a_heredoc_needs_its_line_break_at_once() {
        assert_eq!(kinds("<<E\na\n E\n"), "OHeredoc:<<E\\n StringLit:a\\n CHeredoc: E Newline:\\n Eof:");
        assert_eq!(kinds("<< E\n"), "Less:< Less:< Ident:E Newline:\\n Eof:");
    }

    #[test]
    fn braces_end_the_sequence_that_they_belong_to() {
        assert_eq!(
            kinds("\"${ {} ~}\""),
            "OQuote:\\\" Interp:${ OBrace:{ CBrace:} SeqEnd:~} CQuote:\\\" Eof:"
        );
    }

    #[test]
    fn a_comment_without_end_is_two_operators() {
        assert_eq!(kinds("/* a */ /* b"), "Comment:/* a */ Slash:/ Star:* Ident:b Eof:");
    }
}
