//! The formatter that escapes everything a template prints, and the filters beside it.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::context::{self, Branch, Data, Item};
use super::escape;
use super::marks::{self, Escape};
use crate::jobspec::emit::escape::is_key;

/// Deeper values than this are refused by `| hcl`.
const MAX_DEPTH: usize = 64;

/// Sets the formatter and the filters of an environment.
pub(super) fn install(env: &mut Environment<'_>) {
    env.set_formatter(print);
    for unsafe_or_other_language in ["safe", "escape", "e", "tojson", "urlencode", "pprint"] {
        env.remove_filter(unsafe_or_other_language);
    }
    env.remove_global("debug");
    env.add_filter("hcl", hcl);
    env.add_filter("heredoc", heredoc);
    env.add_filter("raw", raw);
    env.add_filter("json", json);
    env.add_filter("args", args);
    env.add_filter("string", string);
    env.add_filter(marks::PLAIN, |text: &str| Value::from_safe_string(marks::plain(text)));
}

/// Prints a value inside a quoted HCL string, or where a number or truth stands.
fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    let mut text = String::new();
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => {
            return Err(invalid("a null has no text"));
        }
        ValueKind::String => escape::quoted(value.as_str().unwrap_or_default(), &mut text),
        ValueKind::Bool | ValueKind::Number => text = scalar(value)?,
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            return Err(invalid(
                "a list or a map has no text: write `| hcl` for an HCL literal, and `[ [\"a\"] ]` for a \
                 list in a list",
            ));
        }
        kind => return Err(invalid(format!("a value of type {kind} has no text in HCL"))),
    }
    let escape = if value.kind() == ValueKind::String { Escape::Quoted } else { Escape::None };
    Ok(out.write_str(&marks::value(&text, context::printed(value), escape))?)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// A number or a truth as HCL writes it.
fn scalar(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true().to_string()),
        _ if value.is_integer() => Ok(value.to_string()),
        _ => {
            let number = f64::try_from(value.clone())?;
            escape::float(number).ok_or_else(|| invalid("HCL has no literal for this number"))
        }
    }
}

/// `| hcl`: any value as an HCL literal, with its own quotes.
fn hcl(value: &Value) -> Result<Value, Error> {
    let mut out = String::new();
    literal(value, 0, &mut out)?;
    Ok(Value::from_safe_string(out))
}

fn literal(value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(invalid("this value is nested too deeply"));
    }
    if let Some(branch) = value.downcast_object_ref::<Branch>() {
        return item_literal(&branch.0, out);
    }
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool | ValueKind::Number => push_marked(&scalar(value)?, context::printed(value), out),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let text = if value.is_safe() { marks::unmark(text) } else { text.to_owned() };
            push_marked(&escape::string(&text), context::printed(value), out);
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (i, element) in value.try_iter()?.enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                literal(&element, depth + 1, out)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            for (i, key) in value.try_iter()?.enumerate() {
                out.push_str(if i > 0 { ", " } else { " " });
                push_key(key.as_str().ok_or_else(|| invalid("the key of a map must be text"))?, out);
                literal(&value.get_item(&key)?, depth + 1, out)?;
            }
            out.push_str(" }");
        }
        kind => return Err(invalid(format!("a value of type {kind} cannot be written as HCL"))),
    }
    Ok(())
}

/// The same over our own tree, whose every value knows its origin: lists and maps have one, and each
/// of their members.
fn item_literal(item: &Item, out: &mut String) -> Result<(), Error> {
    let text = match &item.data {
        Data::Null => "null".to_owned(),
        Data::Bool(truth) => truth.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => {
            escape::float(*number).ok_or_else(|| invalid("HCL has no literal for this number"))?
        }
        Data::Text(text) => escape::string(text),
        Data::List(list) => {
            let mut out = "[".to_owned();
            for (i, element) in list.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                item_literal(element, &mut out)?;
            }
            out.push(']');
            out
        }
        Data::Map(map) => {
            let mut out = "{".to_owned();
            for (i, (key, element)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { " " });
                push_key(key, &mut out);
                item_literal(element, &mut out)?;
            }
            out.push_str(if map.is_empty() { "}" } else { " }" });
            out
        }
    };
    push_marked(&text, context::printed_item(item), out);
    Ok(())
}

fn push_marked(text: &str, number: Option<usize>, out: &mut String) {
    match number {
        Some(_) => out.push_str(&marks::value(text, number, Escape::None)),
        None => out.push_str(text),
    }
}

fn push_key(key: &str, out: &mut String) {
    if is_key(key) {
        out.push_str(key);
    } else {
        out.push_str(&escape::string(key));
    }
    out.push_str(" = ");
}

/// `| heredoc`: text inside a heredoc.
fn heredoc(value: &Value) -> Result<Value, Error> {
    let mut out = String::new();
    if value.is_safe() {
        // Captured output of the template: its marks stay.
        escape::heredoc(value.as_str().unwrap_or_default(), &mut out);
        return Ok(Value::from_safe_string(out));
    }
    let mut guarded = String::new();
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String => marks::guard(value.as_str().unwrap_or_default(), &mut guarded),
        ValueKind::Bool | ValueKind::Number => guarded = scalar(value)?,
        kind => return Err(invalid(format!("`| heredoc` takes text, and this is a value of type {kind}"))),
    }
    escape::heredoc(&guarded, &mut out);
    Ok(Value::from_safe_string(marks::value(&out, context::printed(value), Escape::Heredoc)))
}

/// `| raw`: text as it is, on the author's head.
fn raw(value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        return Ok(value.clone());
    }
    let mut out = String::new();
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String => marks::guard(value.as_str().unwrap_or_default(), &mut out),
        ValueKind::Bool | ValueKind::Number => out = scalar(value)?,
        kind => return Err(invalid(format!("`| raw` takes text, and this is a value of type {kind}"))),
    }
    Ok(Value::from_safe_string(marks::value(&out, context::printed(value), Escape::None)))
}

/// `| json`: a value as JSON text, which is then escaped as any text is.
fn json(value: &Value) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::BadSerialization, "this value is no JSON").with_source(error)
    })?;
    Ok(marks::unmark(&text))
}

/// `| string`: a value as text, which keeps the origin of a number or truth.
fn string(value: &Value) -> Result<Value, Error> {
    match value.kind() {
        // What is not defined is reported where it is printed, under its own name.
        ValueKind::Undefined | ValueKind::String => Ok(value.clone()),
        ValueKind::Bool | ValueKind::Number => {
            Ok(context::derived(scalar(value)?, context::recent(value).as_ref()))
        }
        _ => Ok(Value::from(value.to_string())),
    }
}

/// `| args`: a map as command line flags: `{workers: 10, dry_run: true}` becomes
/// `["--workers=10", "--dry-run"]`.
///
/// `false` and null leave the flag out, a list repeats it, `_` in a key becomes `-`.
fn args(value: &Value, options: minijinja::value::Kwargs) -> Result<Value, Error> {
    let prefix = options.get::<Option<&str>>("prefix")?.unwrap_or("--");
    let separator = options.get::<Option<&str>>("separator")?.unwrap_or("=");
    let keep = options.get::<Option<bool>>("underscores")?.unwrap_or(false);
    options.assert_all_used()?;
    let Some(branch) = value.downcast_object_ref::<Branch>() else {
        return Err(invalid("`| args` takes a map, such as `taskargs`"));
    };
    let Data::Map(map) = &branch.0.data else {
        return Err(invalid("`| args` takes a map, such as `taskargs`"));
    };
    let mut flags = Vec::new();
    for (key, item) in map {
        let flag = format!("{prefix}{}", if keep { key.clone() } else { key.replace('_', "-") });
        let values: Vec<&Arc<Item>> = match &item.data {
            Data::List(list) => list.iter().collect(),
            _ => vec![item],
        };
        for item in values {
            let text = match &item.data {
                Data::Null | Data::Bool(false) => continue,
                Data::Bool(true) => {
                    flags.push(context::derived(flag.clone(), item.place.as_ref()));
                    continue;
                }
                Data::Int(number) => number.to_string(),
                Data::Float(number) => number.to_string(),
                Data::Text(text) => text.to_string(),
                Data::List(_) | Data::Map(_) => {
                    return Err(invalid(format!("`{key}` is nested, which no command line flag can say")));
                }
            };
            flags.push(context::derived(format!("{flag}{separator}{text}"), item.place.as_ref()));
        }
    }
    Ok(Value::from(flags))
}
