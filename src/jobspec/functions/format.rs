//! `format` and `formatlist`: printf as HCL has it.

use unicode_segmentation::UnicodeSegmentation;

use super::{Args, CallError, MAX_TEXT, Outcome, fail, fail_at, json};
use crate::jobspec::eval::number::Number;
use crate::jobspec::eval::value::Value;

/// `format(format, args...)`
pub(super) fn format(args: Args) -> Outcome {
    let values: Vec<&Value> = args.0[1..].iter().collect();
    render(args.text(0), &values).map(Value::String)
}

/// `formatlist(format, args...)`
pub(super) fn formatlist(args: Args) -> Outcome {
    let mut chosen: Option<(usize, usize)> = None;
    for (i, value) in args.0.iter().enumerate().skip(1) {
        let Some(elements) = value.elements() else { continue };
        match chosen {
            None => chosen = Some((i, elements.len())),
            Some((first, len)) if len != elements.len() => {
                return fail_at(
                    i,
                    format!("this list has {} elements, but argument {first} has {len}", elements.len()),
                );
            }
            Some(_) => {}
        }
    }
    let mut lines = Vec::new();
    let mut size = 0;
    for i in 0..chosen.map_or(1, |(_, len)| len) {
        let values: Vec<&Value> =
            args.0[1..].iter().map(|value| value.elements().map_or(value, |elements| &elements[i])).collect();
        let line = render(args.text(0), &values).or_else(|error| fail(error.message))?;
        size += line.len();
        if size > MAX_TEXT {
            return super::too_long();
        }
        lines.push(Value::String(line));
    }
    Ok(Value::List(lines))
}

/// A verb of a format with its flags: `%-8.3f`, `%[2]q`.
#[derive(Default)]
struct Verb<'a> {
    raw: &'a str,
    zero: bool,
    sharp: bool,
    plus: bool,
    minus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Which argument, from 1.
    argument: usize,
    letter: char,
}

/// Widths beyond this are refused.
const MAX_WIDTH: usize = 1_000_000;

/// The formatted text.
fn render(format: &str, args: &[&Value]) -> Result<String, CallError> {
    let mut out = String::with_capacity(format.len() + 16);
    let mut next = 1;
    let mut highest = 0;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
            continue;
        }
        let verb = parse_verb(rest, format.len() - rest.len(), next)?;
        rest = &rest[verb.raw.len()..];
        highest = highest.max(verb.argument);
        next = verb.argument + 1;
        let Some(value) = verb.argument.checked_sub(1).and_then(|at| args.get(at)) else {
            return fail(format!(
                "`{}` needs argument {}, but there are {}",
                verb.raw,
                verb.argument,
                args.len()
            ));
        };
        out.push_str(&verb.apply(value)?);
        if out.len() > MAX_TEXT {
            return fail("the formatted text is too long");
        }
    }
    out.push_str(rest);
    if highest < args.len() {
        return fail_at(
            highest + 1,
            match highest {
                0 => "there are arguments, but no verbs in the format".to_owned(),
                _ => format!("only {highest} of the {} arguments are used by the format", args.len()),
            },
        );
    }
    Ok(out)
}

/// Reads the verb at the start of `text`, which is at `offset` in the format.
fn parse_verb(text: &str, offset: usize, next: usize) -> Result<Verb<'_>, CallError> {
    let bytes = text.as_bytes();
    let mut verb = Verb { argument: next, ..Verb::default() };
    let mut at = 1;
    while let Some(flag) = bytes.get(at) {
        match flag {
            b'0' => verb.zero = true,
            b'#' => verb.sharp = true,
            b'-' => verb.minus = true,
            b'+' => verb.plus = true,
            b' ' => verb.space = true,
            _ => break,
        }
        at += 1;
    }
    let digits = |at: &mut usize| {
        let start = *at;
        *at += bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (start < *at).then(|| text[start..*at].parse().unwrap_or(usize::MAX))
    };
    verb.width = digits(&mut at);
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        verb.precision = Some(digits(&mut at).unwrap_or(0));
    }
    if bytes.get(at) == Some(&b'[') {
        at += 1;
        let number = digits(&mut at);
        if let (Some(number @ 1..), Some(b']')) = (number, bytes.get(at)) {
            verb.argument = number;
            at += 1;
        }
    }
    if verb.width.unwrap_or(0).max(verb.precision.unwrap_or(0)) > MAX_WIDTH {
        return fail(format!("a width or precision of more than {MAX_WIDTH}"));
    }
    match text[at..].chars().next() {
        Some(letter) if letter.is_ascii_alphabetic() => {
            verb.letter = letter;
            verb.raw = &text[..at + 1];
            Ok(verb)
        }
        Some(other) => fail(format!("unrecognized format character `{other}` at byte {}", offset + at)),
        None => fail(format!("the format ends within the verb at byte {offset}")),
    }
}

impl Verb<'_> {
    /// The value as this verb prints it.
    fn apply(&self, value: &Value) -> Result<String, CallError> {
        if self.letter != 'v' && value.is_null() {
            return self.refuse("null cannot be formatted");
        }
        match self.letter {
            'v' => Ok(self.pad(&match value {
                Value::String(text) if !self.sharp => text.clone(),
                Value::Number(number) if !self.sharp => number.general(),
                other => json::encode(other),
            })),
            't' => match value.to_bool() {
                Some(value) => Ok(value.to_string()),
                None => self.refuse("a bool is required"),
            },
            's' | 'q' => match value.to_text() {
                Some(text) => {
                    let text = match self.precision {
                        Some(count @ 1..) => text.graphemes(true).take(count).collect(),
                        _ => text,
                    };
                    Ok(self.pad(&if self.letter == 'q' { json::quote(&text) } else { text }))
                }
                None => self.refuse("a string is required"),
            },
            'b' | 'd' | 'o' | 'x' | 'X' => match value.to_number() {
                Some(number) if number.is_whole() => Ok(self.integer(&number)),
                Some(_) => self.refuse("a whole number is required"),
                None => self.refuse("a number is required"),
            },
            'e' | 'E' | 'f' | 'g' | 'G' => match value.to_number() {
                Some(number) => Ok(self.float(&number)),
                None => self.refuse("a number is required"),
            },
            letter => fail(format!("`{}` has no verb `{letter}`", self.raw)),
        }
    }

    fn refuse(&self, message: &str) -> Result<String, CallError> {
        fail(format!("`{}`: {message}", self.raw))
    }

    /// Padded to the width, in characters.
    fn pad(&self, text: &str) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.graphemes(true).count());
        let pads = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus { format!("{text}{pads}") } else { format!("{pads}{text}") }
    }

    /// The sign that stands before a number.
    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// A whole number in the base of the verb.
    fn integer(&self, number: &Number) -> String {
        let (negative, magnitude) = number.truncated();
        let (base, prefix) = match self.letter {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut digits = magnitude.to_str_radix(base);
        if self.letter == 'X' {
            digits.make_ascii_uppercase();
        }
        let prefix = if self.sharp { prefix } else { "" };
        let sign = self.sign(negative);
        let mut zeros = 0;
        if let Some(precision) = self.precision {
            zeros = precision.saturating_sub(digits.len());
            if precision == 0 && digits == "0" {
                return String::new();
            }
        }
        let len = sign.len() + prefix.len() + zeros + digits.len();
        let missing = self.width.unwrap_or(0).saturating_sub(len);
        let (left, right) = match (self.minus, self.zero && self.precision.is_none()) {
            (true, _) => (0, missing),
            (_, true) => {
                zeros = missing;
                (0, 0)
            }
            _ => (missing, 0),
        };
        let (left, right, zeros) = (" ".repeat(left), " ".repeat(right), "0".repeat(zeros));
        format!("{left}{sign}{prefix}{zeros}{digits}{right}")
    }

    /// A number with a fraction or an exponent.
    fn float(&self, number: &Number) -> String {
        let magnitude = number.abs();
        let mut text = match (self.letter, self.precision) {
            ('f', precision) => magnitude.fixed(precision.unwrap_or(6)),
            ('e' | 'E', precision) => magnitude.exponential(precision.unwrap_or(6)),
            (_, None) => magnitude.general(),
            (_, Some(precision)) => general(&magnitude, precision.max(1)),
        };
        if matches!(self.letter, 'E' | 'G') {
            text.make_ascii_uppercase();
        }
        let sign = self.sign(number.is_negative());
        let missing = self.width.unwrap_or(0).saturating_sub(sign.len() + text.len());
        match (self.zero, self.minus) {
            (true, _) => format!("{sign}{}{text}", "0".repeat(missing)),
            (_, true) => format!("{sign}{text}{}", " ".repeat(missing)),
            _ => format!("{}{sign}{text}", " ".repeat(missing)),
        }
    }
}

/// `%g` with so many digits.
fn general(number: &Number, precision: usize) -> String {
    let text = number.exponential(precision - 1);
    let Some((mantissa, power)) = text.split_once('e') else { return text };
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let power: i64 = power.parse().unwrap_or(0);
    let point = power + 1;
    let mut limit = precision as i64;
    if limit > digits.len() as i64 && digits.len() as i64 >= point {
        limit = digits.len() as i64;
    }
    if number.is_zero() {
        return "0".to_owned();
    }
    if power < -4 || power >= limit {
        return number.exponential(precision.min(digits.len()).max(1) - 1);
    }
    let places = if precision as i64 > point { digits.len() as i64 } else { precision as i64 } - point;
    number.fixed(usize::try_from(places).unwrap_or(0))
}
