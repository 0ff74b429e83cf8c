//! Merged values: what won, and what it won over.

use indexmap::IndexMap;

use super::Layer;
use crate::diagnostic::{Diagnostic, Place};
use crate::load::shape::{self, Shape};

/// A value that won, and those it overrode.
#[derive(Debug, Clone)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// The layer it is from; for a map, the layer that first had it.
    pub layer: Layer,
    /// Where it was written.
    pub place: Place,
    /// What lower layers said, the last one first.
    pub overrode: Vec<Loser>,
}

/// The kinds of merged value.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `null` inside free values, where it removes nothing.
    Null,
    /// A truth.
    Bool(bool),
    /// Text as it was written, and whether in quotes.
    Text {
        /// The text.
        text: String,
        /// Whether it can be nothing but text.
        quoted: bool,
    },
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(IndexMap<String, Value>),
}

/// A value that was overridden.
#[derive(Debug, Clone)]
pub struct Loser {
    /// Its layer.
    pub layer: Layer,
    /// Where it was written.
    pub place: Place,
    /// The value, in short.
    pub shown: String,
}

/// A value that a `null` took away.
#[derive(Debug, Clone)]
pub struct Removed {
    /// Its dotted path.
    pub path: String,
    /// The `null`.
    pub by: Loser,
    /// What it took away, the last one first.
    pub overrode: Vec<Loser>,
}

impl Value {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The layer of the value that was written at this place.
    pub fn layer_at(&self, place: &Place) -> Option<Layer> {
        let inside = match &self.kind {
            Kind::Map(map) => map.values().find_map(|value| value.layer_at(place)),
            Kind::List(items) => items.iter().find_map(|value| value.layer_at(place)),
            _ => None,
        };
        let here = || self.place.start == place.start && self.place.source.same(&place.source);
        inside.or_else(|| here().then_some(self.layer))
    }

    /// Whether it is a list or a map.
    pub fn is_collection(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Map(_))
    }

    /// The keys that lead to the innermost list or map that holds the value that was written at this place; down to
    /// that value itself where it is one. Lists in lists end the way.
    pub fn path_around(&self, place: &Place) -> Option<Vec<String>> {
        let is_here =
            |value: &Self| value.place.start == place.start && value.place.source.same(&place.source);
        match &self.kind {
            Kind::List(items) => {
                let inside = |item: &Self| is_here(item) || item.path_around(place).is_some();
                (is_here(self) || items.iter().any(inside)).then(Vec::new)
            }
            Kind::Map(map) => {
                let below = |(key, value): (&String, &Self)| {
                    let mut path = value.path_around(place)?;
                    path.insert(0, key.clone());
                    Some(path)
                };
                let here = || (is_here(self) || map.values().any(is_here)).then(Vec::new);
                map.iter().find_map(below).or_else(here)
            }
            _ => None,
        }
    }

    /// A scalar as text.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            Kind::Bool(true) => Some("true"),
            Kind::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The value in a line: `[a, b]`, `{k: v}`, quotes where YAML needs them.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(truth) => truth.to_string(),
            Kind::Text { text, quoted: false } => text.clone(),
            Kind::Text { text, .. } => format!("{text:?}"),
            Kind::List(items) => {
                format!("[{}]", items.iter().map(Self::shown).collect::<Vec<_>>().join(", "))
            }
            Kind::Map(map) => {
                let entries: Vec<_> =
                    map.iter().map(|(key, value)| format!("{key}: {}", value.shown())).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// Every leaf with its dotted path, in order; an empty map or a list is a leaf.
    pub fn leaves(&self) -> Vec<(String, &Self)> {
        let mut found = Vec::new();
        self.collect("", &mut found);
        found
    }

    fn collect<'v>(&'v self, path: &str, found: &mut Vec<(String, &'v Self)>) {
        match &self.kind {
            Kind::Map(map) if !map.is_empty() => {
                for (key, value) in map {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    value.collect(&path, found);
                }
            }
            _ => found.push((path.to_owned(), self)),
        }
    }

    /// What is left to tell of it once it has been overridden.
    pub(super) fn into_losers(self) -> Vec<Loser> {
        let mut losers = vec![Loser { layer: self.layer, place: self.place.clone(), shown: self.shown() }];
        losers.extend(self.overrode);
        losers
    }

    /// The value as JSON: numbers and truths where YAML's core schema reads them so.
    pub fn json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(truth) => (*truth).into(),
            Kind::Text { text, quoted: false } => number(text).unwrap_or_else(|| text.as_str().into()),
            Kind::Text { text, .. } => text.as_str().into(),
            Kind::List(items) => items.iter().map(Self::json).collect(),
            Kind::Map(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), value.json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// A plain scalar that is written as a JSON number is one; `0123`, `1_000` and `1e3` are texts.
pub(crate) fn number(text: &str) -> Option<serde_json::Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits == "0" || !digits.starts_with('0') || digits.starts_with("0.");
    if !plain || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let fraction = digits.contains('.') && !digits.starts_with('.') && !digits.ends_with('.');
    text.parse::<f64>().ok().filter(|_| fraction).and_then(serde_json::Number::from_f64).map(Into::into)
}

/// Checks that what the model requires is there once all layers have spoken.
pub(super) fn check_required(value: &Value, shape: &Shape, path: &str, problems: &mut Vec<Diagnostic>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (shape, &value.kind) {
        (Shape::Record(keys), Kind::Map(map)) => {
            for key in *keys {
                match map.get(key.name) {
                    Some(value) => check_required(value, &key.shape, &join(key.name), problems),
                    None if key.required => problems.push(
                        Diagnostic::error(&shape::MISSING_KEY, format!("`{path}` has no `{}`", key.name))
                            .at(value.place.clone())
                            .hint(format!("add `{}: {}`", key.name, key.example)),
                    ),
                    None => {}
                }
            }
        }
        (Shape::Map(inner), Kind::Map(map)) => {
            for (key, value) in map {
                check_required(value, inner, &join(key), problems);
            }
        }
        (Shape::Either(shapes), Kind::Map(_)) => {
            let shape = shapes.iter().find(|shape| matches!(shape, Shape::Record(_) | Shape::Map(_)));
            if let Some(shape) = shape {
                check_required(value, shape, path, problems);
            }
        }
        _ => {}
    }
}
