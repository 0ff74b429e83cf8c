//! The values of HCL expressions.
//!
//! A reference that is not known when compiling is the text it was written as, so there is no
//! unknown value. Maps and objects are in the order of their keys, sets in the order of their
//! elements; that is the order in which HCL walks them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::number::Number;

/// A value.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `null`, of any type.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// Elements of one type.
    List(Vec<Value>),
    /// Elements of one type, each once, in order; made by [`Value::set`].
    Set(Vec<Value>),
    /// Elements each of their own type: `[…]`.
    Tuple(Vec<Value>),
    /// Values of one type by name.
    Map(BTreeMap<String, Value>),
    /// Values each of their own type by name: `{…}`.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// A whole number that was computed.
    pub fn int(value: i64) -> Self {
        Self::Number(Number::int(value))
    }

    /// The set of these values.
    pub fn set(mut values: Vec<Self>) -> Self {
        values.sort_by(Self::order);
        values.dedup();
        Self::Set(values)
    }

    /// With all text in Unicode's normal form C, as HCL has it.
    #[must_use]
    pub fn normalized(self) -> Self {
        let all = |items: Vec<Self>| items.into_iter().map(Self::normalized).collect();
        let named = |members: BTreeMap<String, Self>| {
            members.into_iter().map(|(key, value)| (nfc(key), value.normalized())).collect()
        };
        match self {
            Self::String(text) => Self::String(nfc(text)),
            Self::List(items) => Self::List(all(items)),
            Self::Set(items) => Self::set(all(items)),
            Self::Tuple(items) => Self::Tuple(all(items)),
            Self::Map(members) => Self::Map(named(members)),
            Self::Object(members) => Self::Object(named(members)),
            other => other,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Its text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list, a set or a tuple.
    pub fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a list, a set or a tuple, or the value itself.
    pub fn into_elements(self) -> Result<Vec<Self>, Self> {
        match self {
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => Ok(elements),
            other => Err(other),
        }
    }

    /// What a collection holds, each with its key: a name, a position, or (in a set) itself.
    pub fn into_pairs(self) -> Option<Vec<(Self, Self)>> {
        Some(match self {
            Self::List(items) | Self::Tuple(items) => {
                items.into_iter().enumerate().map(|(i, item)| (Self::int(i as i64), item)).collect()
            }
            Self::Set(items) => items.into_iter().map(|item| (item.clone(), item)).collect(),
            Self::Map(members) | Self::Object(members) => {
                members.into_iter().map(|(key, value)| (key.into(), value)).collect()
            }
            _ => return None,
        })
    }

    /// The members of a map or an object.
    pub fn members(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(members) | Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// What it is, in words: `string`, `list`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Tuple(_) => "tuple",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
        }
    }

    /// Text, numbers and truths as text; `None` for the rest.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Numbers and text that is a number; `None` for the rest.
    pub fn to_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number.clone()),
            Self::String(text) => Number::parse(text),
            _ => None,
        }
    }

    /// Truths and the texts `true`, `false`, `1` and `0`; `None` for the rest.
    pub fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::String(text) => match &**text {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The order of elements in a set.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        fn rank(value: &Value) -> u8 {
            match value {
                Value::Bool(_) => 0,
                Value::Number(_) => 1,
                Value::String(_) => 2,
                Value::List(_) => 3,
                Value::Set(_) => 4,
                Value::Tuple(_) => 5,
                Value::Map(_) => 6,
                Value::Object(_) => 7,
                Value::Null => 8,
            }
        }
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) | (Self::Object(a), Self::Object(b)) => {
                let keys = a.keys().cmp(b.keys());
                keys.then_with(|| order_all(a.values(), b.values()))
            }
            _ => match (self.elements(), other.elements()) {
                (Some(a), Some(b)) if rank(self) == rank(other) => order_all(a.iter(), b.iter()),
                _ => rank(self).cmp(&rank(other)),
            },
        }
    }
}

/// Text in Unicode's normal form C.
pub fn nfc(text: String) -> String {
    if text.is_ascii() || is_nfc(&text) { text } else { text.nfc().collect() }
}

/// The order of the first two that differ, else of the lengths.
fn order_all<'a>(mut a: impl Iterator<Item = &'a Value>, mut b: impl Iterator<Item = &'a Value>) -> Ordering {
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) => match a.order(b) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
        }
    }
}

impl PartialEq for Value {
    /// As `==` in HCL: values of different types differ, also a list and a tuple.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b))
            | (Self::Set(a), Self::Set(b))
            | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Map(a), Self::Map(b)) | (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}
