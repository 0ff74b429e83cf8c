//! A block's attributes as the texts that the server compares.
//!
//! Source of the rules: Nomad's `helper/flatmap`.

use std::collections::BTreeMap;

use super::rules::{Flat, Rules};
use super::{FieldDiff, Kind};
use crate::diff::equal::BOOKKEEPING;
use crate::diff::number;
use crate::jobspec::declare::{Field, Type};
use crate::jobspec::tree::{Node, Object, Value};

/// Attributes by name.
pub(super) type Texts = BTreeMap<String, String>;

/// A block's attributes by the server's names.
pub(super) fn block(object: &Object, rules: &Rules, namespace: &str) -> Texts {
    let mut texts = Texts::new();
    match rules.flat {
        Flat::Entries(map) => {
            for (key, value) in object.map(map).into_iter().flatten() {
                texts.insert(key.clone(), scalar(&value.value));
            }
            return texts;
        }
        Flat::Inner(inner) => {
            return object.block(inner).map(|inner| all(inner, rules)).unwrap_or_default();
        }
        Flat::Plain | Flat::Deep | Flat::Joined | Flat::Positive => texts.extend(all(object, rules)),
    }
    for (name, value) in rules.added {
        texts.insert((*name).to_owned(), value(object, namespace));
    }
    texts
}

fn all(object: &Object, rules: &Rules) -> Texts {
    let mut texts = Texts::new();
    for (field, node) in object.ty.fields.iter().zip(&object.fields) {
        if !rules.hidden.contains(&field.json) && !BOOKKEEPING.contains(&field.json) {
            attribute(field, &node.value, rules, &mut texts);
        }
    }
    texts
}

fn attribute(field: &Field, value: &Value, rules: &Rules, texts: &mut Texts) {
    let name = rules.renamed.iter().find(|(api, _)| *api == field.json).map_or(field.json, |(_, name)| name);
    if rules.optional.contains(&field.json) && *value == Value::Null {
        return;
    }
    match rules.flat {
        Flat::Joined => {
            let list = list(value);
            if !list.is_empty() {
                texts.insert(name.to_owned(), list.join(","));
            }
            return;
        }
        Flat::Positive => {
            if let Value::Int(1..) = value {
                texts.insert(name.to_owned(), scalar(value));
            }
            return;
        }
        Flat::Deep
            if *value == Value::Null
                && !matches!(field.ty, Type::String | Type::StringMap(_) | Type::Any) =>
        {
            texts.insert(name.to_owned(), "nil".to_owned());
            return;
        }
        Flat::Deep | Flat::Plain | Flat::Entries(_) | Flat::Inner(_) => {}
    }
    match field.ty {
        Type::String | Type::Bool | Type::Int(_) | Type::Duration => {
            let text = if *value == Value::Null { zero(field.ty) } else { scalar(value) };
            texts.insert(name.to_owned(), text);
        }
        Type::StringMap(_) => free(name, value, texts),
        Type::Any | Type::Strings | Type::Ints(_) | Type::ListMap if rules.flat == Flat::Deep => {
            free(name, value, texts);
        }
        _ => {}
    }
}

/// What Go has where nothing was set.
fn zero(ty: Type) -> String {
    match ty {
        Type::Bool => "false".to_owned(),
        Type::Int(_) | Type::Duration => "0".to_owned(),
        _ => String::new(),
    }
}

/// A free map under its entries' own names.
pub(super) fn entries(value: &Value) -> Texts {
    let mut texts = Texts::new();
    free("", value, &mut texts);
    texts
}

/// A free value, with the path to each text: `labels[0][com.example]`.
fn free(path: &str, value: &Value, texts: &mut Texts) {
    match value {
        Value::Map(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}[{key}]") };
                // Nothing in a map of free values is a nil of its own.
                match &value.value {
                    Value::Null => drop(texts.insert(path, "nil".to_owned())),
                    value => free(&path, value, texts),
                }
            }
        }
        Value::List(list) => {
            for (i, value) in list.iter().enumerate() {
                let path = format!("{path}[{i}]");
                match &value.value {
                    Value::Null => drop(texts.insert(path, "nil".to_owned())),
                    value => free(&path, value, texts),
                }
            }
        }
        // A number that came as JSON without a type is a float to the server.
        Value::Int(number) => drop(texts.insert(path.to_owned(), number::go_float(*number as f64))),
        Value::Null | Value::Object(_) => {}
        value => drop(texts.insert(path.to_owned(), scalar(value))),
    }
}

/// A single value as text.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number::go_float(*number),
        Value::Str(text) => text.clone(),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Object(_) => String::new(),
    }
}

/// The texts of a list.
pub(super) fn list(value: &Value) -> Vec<String> {
    match value {
        Value::List(list) => list.iter().map(|node: &Node| scalar(&node.value)).collect(),
        _ => Vec::new(),
    }
}

/// The differences between attributes, by name. `context` lists unchanged ones too.
pub(super) fn fields(old: &Texts, new: &Texts, context: bool) -> Vec<FieldDiff> {
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let text = |texts: &Texts, name| texts.get(name).cloned().unwrap_or_default();
    names.into_iter().filter_map(|name| field(name, text(old, name), text(new, name), context)).collect()
}

/// The difference of two texts, if there is one or `context` asks for it.
pub(super) fn field(name: &str, old: String, new: String, context: bool) -> Option<FieldDiff> {
    let kind = match (old.is_empty(), new.is_empty()) {
        _ if old == new => Kind::None,
        (true, _) => Kind::Added,
        (_, true) => Kind::Deleted,
        _ => Kind::Edited,
    };
    (kind != Kind::None || context).then(|| FieldDiff { kind, name: name.to_owned(), old, new })
}
