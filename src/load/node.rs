//! YAML as a tree in which every key and value knows its place.

use crate::diagnostic::Place;

/// A value as it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it was written.
    pub place: Place,
    /// How it joins what a lower layer says; from the tags `!append`, `!prepend`, `!replace`.
    pub directive: Option<Directive>,
}

/// The kinds of node.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Plain `null`, `~`, or nothing.
    Null,
    /// Plain `true` or `false`.
    Bool(bool),
    /// Any other scalar: the text that was written.
    Text(Text),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order in which it was written.
    Map(Vec<Entry>),
}

/// A scalar's text.
#[derive(Debug, Clone)]
pub struct Text {
    /// The text, escapes and folding resolved, otherwise as it was written: `0123`, `1e3`.
    pub text: String,
    /// Whether it stood in quotes or in a block, and so can be nothing but text.
    pub quoted: bool,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key was written.
    pub key_place: Place,
    /// The value.
    pub value: Node,
}

/// How a value joins what a lower layer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// The list follows the inherited one.
    Append,
    /// The list precedes the inherited one.
    Prepend,
    /// The map takes the place of the inherited one.
    Replace,
}

impl Directive {
    /// The tag, as it is written.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Append => "!append",
            Self::Prepend => "!prepend",
            Self::Replace => "!replace",
        }
    }
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value, if this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// A scalar as text: truths too, for `no` and `true` may be meant as words.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(&text.text),
            Kind::Bool(true) => Some("true"),
            Kind::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// A truth.
    pub fn bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What it is, for messages: `a list`, `the text "x"`.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(truth) => format!("`{truth}`"),
            Kind::Text(text) if text.quoted => "a text in quotes".to_owned(),
            Kind::Text(text) => format!("`{}`", text.text.chars().take(40).collect::<String>()),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }
}
