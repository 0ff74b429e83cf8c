//! What a value may be: the types in which the model declares each key, and their check.
//!
//! A [`Key`] is the only place that knows a key of a YAML file. The check of the files, "did
//! you mean", the JSON Schemas and the reference page are all written once, over these tables.

use super::node::{Kind, Node};
use super::units;
use crate::diagnostic::{Diagnostic, Place};

crate::codes! {
    /// A key that the map does not have.
    UNKNOWN_KEY = "P0110", "a key that is not known here", "docs/job-file.md";
    /// A value of another type than the key takes.
    WRONG_TYPE = "P0111", "a value of the wrong type", "docs/job-file.md";
    /// A value outside the bounds of its key.
    OUT_OF_BOUNDS = "P0112", "a value outside its bounds", "docs/job-file.md";
    /// A key that must be there is missing.
    MISSING_KEY = "P0113", "a required key is missing", "docs/job-file.md";
}

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// What it means, in a sentence or two.
    pub doc: &'static str,
    /// The unit of its value, or "".
    pub unit: &'static str,
    /// An example of its value, in YAML.
    pub example: &'static str,
    /// Whether the map is invalid without it.
    pub required: bool,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any scalar, kept as it was written.
    Text,
    /// A name: letters, digits, `-`, `_`, `.`; at most 128 characters.
    Name,
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// Megabytes, or a text with a unit: `512MiB`, `2GB`.
    Size,
    /// A duration: `90s`, `1m30s`, `500ms`.
    Duration,
    /// An absolute http or https URL.
    Url,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these.
    List(&'static Shape),
    /// A map with any keys to these.
    Map(&'static Shape),
    /// A map with just these keys.
    Record(&'static [Key]),
    /// One of these, told apart by what was written: a scalar, a list or a map.
    Either(&'static [Shape]),
    /// Anything.
    Any,
}

/// Whether a value is whole, or a layer that others stand above and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All required keys must be there.
    Whole,
    /// `null` removes, `!append` and its kin extend, and required keys may come from elsewhere.
    Layer,
}

/// Checks a value and all in it.
pub fn check(node: &Node, shape: &Shape, path: &str, mode: Mode, problems: &mut Vec<Diagnostic>) {
    if node.is_null() && mode == Mode::Layer && !path.is_empty() {
        return;
    }
    match shape {
        Shape::Any => {}
        Shape::Either(shapes) => match shapes.iter().find(|shape| shape.takes(node)) {
            Some(shape) => check(node, shape, path, mode, problems),
            None => problems.push(wrong_type(node, shape, path)),
        },
        Shape::List(inner) => match &node.kind {
            Kind::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    check(item, inner, &format!("{path}[{i}]"), Mode::Whole, problems);
                }
            }
            _ => problems.push(wrong_type(node, shape, path).hint(list_hint(node))),
        },
        Shape::Map(inner) => match &node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    check(&entry.value, inner, &join(path, &entry.key), mode, problems);
                }
            }
            _ => problems.push(wrong_type(node, shape, path)),
        },
        Shape::Record(keys) => record(node, keys, path, mode, problems),
        _ => scalar(node, shape, path, problems),
    }
}

fn record(node: &Node, keys: &[Key], path: &str, mode: Mode, problems: &mut Vec<Diagnostic>) {
    let Kind::Map(entries) = &node.kind else {
        problems.push(wrong_type(node, &Shape::Map(&Shape::Any), path));
        return;
    };
    for entry in entries {
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => check(&entry.value, &key.shape, &join(path, key.name), mode, problems),
            None => problems.push(unknown_key(&entry.key, &entry.key_place, keys, path)),
        }
    }
    if mode == Mode::Whole {
        check_required(node, keys, path, problems);
    }
}

/// Checks that the required keys are there.
pub fn check_required(node: &Node, keys: &[Key], path: &str, problems: &mut Vec<Diagnostic>) {
    for key in keys.iter().filter(|key| key.required && node.get(key.name).is_none()) {
        let whole = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
        let start = node.place.start;
        let place = node.place.source.place(start..node.place.end.min(start + 1));
        problems.push(
            Diagnostic::error(&MISSING_KEY, format!("{whole} has no `{}`", key.name))
                .at(place)
                .hint(format!("add `{}: {}`", key.name, key.example)),
        );
    }
}

fn unknown_key(name: &str, place: &Place, keys: &[Key], path: &str) -> Diagnostic {
    let names = keys.iter().map(|key| key.name);
    let message = match (path, place.source.is_file()) {
        ("", true) => format!("`{name}` is not a key of this file"),
        // What stands in no file is an argument.
        ("", false) => format!("`{name}` is not a key that `{}` knows", place.source.name()),
        (path, _) => format!("`{name}` is not a key of `{path}`"),
    };
    let diagnostic = Diagnostic::error(&UNKNOWN_KEY, message).at(place.clone());
    match crate::diagnostic::nearest(name, names.clone()) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None => diagnostic.hint(format!("the keys are: {}", names.collect::<Vec<_>>().join(", "))),
    }
}

fn scalar(node: &Node, shape: &Shape, path: &str, problems: &mut Vec<Diagnostic>) {
    let Some(text) = node.text() else {
        problems.push(wrong_type(node, shape, path));
        return;
    };
    let bounds = |what: String| {
        Diagnostic::error(&OUT_OF_BOUNDS, format!("`{path}` is `{text}`, {what}")).at(node.place.clone())
    };
    match *shape {
        Shape::Name if !units::is_name(text) => problems.push(
            bounds("which is no name".to_owned())
                .hint("a name has letters, digits, `-`, `_` and `.`, and at most 128 characters"),
        ),
        Shape::Bool if node.bool().is_none() => {
            let diagnostic = wrong_type(node, shape, path);
            problems.push(match text.to_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => {
                    diagnostic.hint("a truth is `true` or `false`, without quotes: write `true`")
                }
                "false" | "no" | "off" | "n" => {
                    diagnostic.hint("a truth is `true` or `false`, without quotes: write `false`")
                }
                _ => diagnostic,
            });
        }
        Shape::Int(min, max) => match text.parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => {}
            Ok(_) => problems.push(bounds(format!("outside {min} to {max}"))),
            Err(_) => problems.push(wrong_type(node, shape, path)),
        },
        Shape::Number(min, max) => match text.parse::<f64>() {
            Ok(number) if (min..=max).contains(&number) => {}
            Ok(_) => problems.push(bounds(format!("outside {min} to {max}"))),
            Err(_) => problems.push(wrong_type(node, shape, path)),
        },
        Shape::Size if units::megabytes(text).is_none() => {
            problems.push(
                wrong_type(node, shape, path)
                    .hint("write MB as a number, or a text such as `512MiB` or `2GB`"),
            );
        }
        Shape::Duration if units::nanoseconds(text).is_none() => {
            problems.push(
                wrong_type(node, shape, path)
                    .hint("write a number with a unit: `500ms`, `30s`, `1m30s`, `2h`"),
            );
        }
        Shape::Url if !units::is_url(text) => {
            problems
                .push(wrong_type(node, shape, path).hint("write the whole URL: `https://host:port/path`"));
        }
        Shape::OneOf(words) if !words.contains(&text) => {
            let diagnostic = bounds(format!("not one of {}", words.join(", ")));
            problems.push(diagnostic.did_you_mean(text, words.iter().copied()));
        }
        _ => {}
    }
}

fn wrong_type(node: &Node, shape: &Shape, path: &str) -> Diagnostic {
    let what = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
    Diagnostic::error(&WRONG_TYPE, format!("{what} must be {}, not {}", shape.describe(), node.describe()))
        .at(node.place.clone())
}

fn list_hint(node: &Node) -> String {
    match node.text() {
        Some(text) => format!("write a list: `[{text}]`"),
        None => "write a list: `[first, second]`".to_owned(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Shape {
    /// Whether a value of this kind could be meant for this shape.
    fn takes(&self, node: &Node) -> bool {
        match self {
            Self::Any => true,
            Self::List(_) => matches!(node.kind, Kind::List(_)),
            Self::Map(_) | Self::Record(_) => matches!(node.kind, Kind::Map(_)),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.takes(node)),
            _ => node.text().is_some(),
        }
    }

    /// What it is, for messages and the reference page.
    pub fn describe(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Name => "a name".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Int(..) => "a whole number".to_owned(),
            Self::Number(..) => "a number".to_owned(),
            Self::Size => "a size".to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::Url => "an http or https URL".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::List(inner) => format!("a list ({} each)", inner.describe()),
            Self::Map(inner) => match inner {
                Self::Any => "a map".to_owned(),
                _ => format!("a map ({} each)", inner.describe()),
            },
            Self::Record(_) => "a map".to_owned(),
            Self::Either(shapes) => shapes.iter().map(Self::describe).collect::<Vec<_>>().join(" or "),
            Self::Any => "anything".to_owned(),
        }
    }
}
