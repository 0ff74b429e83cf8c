//! What a driver's config is made of.

use crate::jobspec::tree::Value;

/// A driver whose config is known.
#[derive(Debug)]
pub struct Driver {
    /// Its name in a job: `docker`.
    pub name: &'static str,
    /// The keys of its config.
    pub keys: &'static [Key],
}

/// A key of a config, or of a block in it.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a task cannot start without it.
    pub required: bool,
    /// What it means, in a few words.
    pub doc: &'static str,
}

/// An optional key.
pub const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: false, doc }
}

/// A key without which a task cannot start.
pub const fn needed(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: true, doc }
}

/// The type of a key.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text; numbers and truths become text.
    Text,
    /// A truth; the texts `true` and `false` become one.
    Bool,
    /// A whole number; the text of one becomes one.
    Number,
    /// A whole number that is not negative.
    Count,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// Maps of texts, which the driver makes one: blocks, or an attribute with a list of maps. It
    /// refuses an attribute with a map.
    TextMap,
    /// Maps of numbers, likewise.
    NumberMap,
    /// One map of texts, as a block or an attribute.
    TextBlock,
    /// At most one block.
    Block(&'static [Key]),
    /// Any number of blocks.
    Blocks(&'static [Key]),
}

/// Whether a value can become what a key wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It can.
    Yes,
    /// It cannot; the index is that of the element which cannot, where it is only one.
    No(Option<usize>),
}

impl From<bool> for Fit {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No(None) }
    }
}

impl Kind {
    /// Whether a value has this type, or can become one of it when the task starts.
    pub fn fits(self, value: &Value) -> Fit {
        if *value == Value::Null {
            return Fit::Yes;
        }
        match self {
            Self::Text => is_scalar(value).into(),
            Self::Bool => match value {
                Value::Bool(_) => Fit::Yes,
                Value::Str(text) => {
                    (matches!(text.as_str(), "true" | "false" | "1" | "0") || is_open(text)).into()
                }
                _ => Fit::No(None),
            },
            Self::Number => is_number(value).into(),
            Self::Count => is_count(value).into(),
            Self::Texts => match value {
                Value::List(list) => first_that_is_not(list, is_scalar_or_null),
                _ => Fit::No(None),
            },
            Self::TextOrTexts => match value {
                Value::List(list) => first_that_is_not(list, is_scalar_or_null),
                other => is_scalar(other).into(),
            },
            Self::TextMap => maps(value, is_scalar_or_null),
            Self::NumberMap => maps(value, |value| *value == Value::Null || is_number(value)),
            Self::TextBlock => match value {
                Value::List(list) if list.len() > 1 => Fit::No(Some(1)),
                Value::List(list) => first_that_is_not(list, |value| {
                    *value != Value::Null && is_map_of(value, is_scalar_or_null)
                }),
                other => is_map_of(other, is_scalar_or_null).into(),
            },
            Self::Block(_) => match value {
                Value::Map(_) => Fit::Yes,
                Value::List(list) if list.len() > 1 => Fit::No(Some(1)),
                Value::List(list) => first_that_is_not(list, is_map_or_null),
                _ => Fit::No(None),
            },
            Self::Blocks(_) => match value {
                Value::Map(_) => Fit::Yes,
                Value::List(list) => first_that_is_not(list, is_map_or_null),
                _ => Fit::No(None),
            },
        }
    }

    /// The type in words, with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Number => "a whole number",
            Self::Count => "a whole number that is not negative",
            Self::Texts => "a list of texts",
            Self::TextOrTexts => "a text or a list of texts",
            Self::TextMap => "a block or a list of maps of texts",
            Self::NumberMap => "a block or a list of maps of whole numbers",
            Self::TextBlock => "a map of texts",
            Self::Block(_) => "one block",
            Self::Blocks(_) => "blocks",
        }
    }

    /// A value of this type, as HCL.
    pub fn example(self) -> &'static str {
        match self {
            Self::Text => "\"text\"",
            Self::Bool => "true",
            Self::Number | Self::Count => "1",
            Self::Texts | Self::TextOrTexts => "[\"a\", \"b\"]",
            Self::TextMap => "[{ name = \"value\" }]",
            Self::NumberMap => "[{ name = 1 }]",
            Self::TextBlock => "{ name = \"value\" }",
            Self::Block(_) | Self::Blocks(_) => "{ … }",
        }
    }
}

/// Whether a text holds a reference that is filled in when the task starts.
fn is_open(text: &str) -> bool {
    text.contains("${")
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::Bool(_) | Value::Int(_) | Value::Float(_))
}

fn is_scalar_or_null(value: &Value) -> bool {
    *value == Value::Null || is_scalar(value)
}

/// Whether a value becomes a whole number; a driver's numbers have 64 bits.
fn is_number(value: &Value) -> bool {
    match value {
        Value::Int(_) => true,
        Value::Float(number) => is_whole(*number),
        Value::Str(text) => {
            text.parse::<i64>().is_ok() || text.parse::<f64>().is_ok_and(is_whole) || is_open(text)
        }
        _ => false,
    }
}

/// Whether a value becomes a whole number that is not negative.
fn is_count(value: &Value) -> bool {
    let negative = match value {
        Value::Int(number) => *number < 0,
        Value::Float(number) => *number < 0.0,
        Value::Str(text) => text.parse::<f64>().is_ok_and(|number| number < 0.0),
        _ => false,
    };
    !negative && is_number(value)
}

fn is_whole(number: f64) -> bool {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)
}

fn first_that_is_not(list: &[crate::jobspec::tree::Node], is: impl Fn(&Value) -> bool) -> Fit {
    match list.iter().position(|node| !is(&node.value)) {
        Some(index) => Fit::No(Some(index)),
        None => Fit::Yes,
    }
}

fn is_map_or_null(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::Null)
}

fn is_map_of(value: &Value, is: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Map(map) => map.values().all(|node| is(&node.value)),
        other => *other == Value::Null,
    }
}

/// A list of maps whose values all pass.
fn maps(value: &Value, is: impl Fn(&Value) -> bool) -> Fit {
    match value {
        Value::List(list) => first_that_is_not(list, |value| is_map_of(value, &is)),
        _ => Fit::No(None),
    }
}
