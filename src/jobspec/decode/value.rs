//! The value of an attribute as what its field holds.

use indexmap::IndexMap;
use num_bigint::BigUint;

use super::{Decoder, UNSUITABLE, places};
use crate::jobspec::declare::{BlockType, Field, Type, Unset, Width};
use crate::jobspec::eval::expression::Scope;
use crate::jobspec::eval::number::Number;
use crate::jobspec::eval::ty::Type as ValueType;
use crate::jobspec::eval::value::Value;
use crate::jobspec::syntax::{Expr, Span};
use crate::jobspec::tree;

impl Decoder<'_> {
    /// The node of an attribute; `None` once its mistake has been reported.
    pub(super) fn attribute(
        &self,
        ty: &BlockType,
        field: &Field,
        expr: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Option<tree::Node> {
        if ty.shorthands.is_empty() {
            return self.attribute_of(field, expr, scope);
        }
        // Nomad reads constraints and affinities in another way: a null is as if it were not
        // written, numbers are cut to size, and an error is at the whole value.
        let value = self.evaluator.eval(expr, scope)?;
        let value = match (field.ty, value) {
            (_, Value::Null) => Ok(tree::Value::Null),
            (Type::Int(_), value) => ValueType::Number.convert(value).map(|value| match value {
                Value::Number(number) => tree::Value::Int(wrapped(&number)),
                _ => tree::Value::Null,
            }),
            (_, value) => self.convert(field, value),
        };
        match value {
            Ok(value) => Some(tree::Node { value, span: Some(expr.span) }),
            Err(why) => {
                self.unsuitable(field, expr.span, &why);
                None
            }
        }
    }

    /// The node of a field's value; `None` once its mistake has been reported.
    pub(super) fn attribute_of(
        &self,
        field: &Field,
        expr: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Option<tree::Node> {
        let value = self.evaluator.eval(expr, scope)?;
        match self.convert(field, value) {
            Ok(mut value) => {
                places::note(&mut value, expr);
                Some(tree::Node { value, span: Some(expr.span) })
            }
            Err(why) => {
                self.unsuitable(field, self.evaluator.start(expr), &why);
                None
            }
        }
    }

    fn unsuitable(&self, field: &Field, span: Span, why: &str) {
        self.evaluator.report(
            self.evaluator
                .error(&UNSUITABLE, span, format!("Unsuitable value type for `{}`: {why}", field.hcl))
                .hint(hint(&field.ty)),
        );
    }

    fn convert(&self, field: &Field, value: Value) -> Result<tree::Value, String> {
        if value.is_null() {
            let nothing = field.unset != Unset::Zero
                || matches!(field.ty, Type::Strings | Type::Ints(_) | Type::StringMap(_) | Type::ListMap);
            let duration = matches!(field.ty, Type::Duration);
            return if nothing && !duration {
                Ok(tree::Value::Null)
            } else {
                Err("null is not allowed".to_owned())
            };
        }
        match field.ty {
            Type::String => text(value).map(tree::Value::Str),
            Type::Bool => {
                ValueType::Bool.convert(value).map(|value| tree::Value::Bool(value == Value::Bool(true)))
            }
            Type::Int(width) => whole(value, width).map(tree::Value::Int),
            Type::Duration => duration(value).map(tree::Value::Int),
            Type::Strings => {
                let items = ValueType::list(ValueType::String).convert(value)?;
                let items = items.into_elements().unwrap_or_default();
                let nodes = items.into_iter().map(|item| match item {
                    Value::String(text) => Ok(tree::Value::Str(text).into()),
                    _ => Err("a null in a list of strings is not allowed".to_owned()),
                });
                Ok(tree::Value::List(nodes.collect::<Result<_, _>>()?))
            }
            Type::Ints(width) => {
                let items = ValueType::list(ValueType::Number).convert(value)?;
                let items = items.into_elements().unwrap_or_default();
                let nodes =
                    items.into_iter().map(|item| whole(item, width).map(|n| tree::Value::Int(n).into()));
                Ok(tree::Value::List(nodes.collect::<Result<_, _>>()?))
            }
            Type::StringMap(_) => string_map(value),
            Type::ListMap | Type::Any | Type::Block(_) | Type::Blocks(_) | Type::BlockMap(_) => {
                Err("a block is expected here".to_owned())
            }
        }
    }
}

/// Text, as one: numbers and truths too.
pub(super) fn text(value: Value) -> Result<String, String> {
    match ValueType::String.convert(value)? {
        Value::String(text) => Ok(text),
        _ => Err("null is not allowed".to_owned()),
    }
}

fn string_map(value: Value) -> Result<tree::Value, String> {
    let Value::Map(members) = ValueType::Map(Box::new(ValueType::String)).convert(value)? else {
        return Err("a map of strings is required".to_owned());
    };
    let mut map = IndexMap::with_capacity(members.len());
    for (key, value) in members {
        match value {
            Value::String(text) => map.insert(key, tree::Value::Str(text).into()),
            _ => return Err(format!("`{key}` is null, and null is not allowed in a map of strings")),
        };
    }
    Ok(tree::Value::Map(map))
}

fn whole(value: Value, width: Width) -> Result<i64, String> {
    let Value::Number(number) = ValueType::Number.convert(value)? else {
        return Err("null is not allowed".to_owned());
    };
    // Of a number without sign Nomad's parser drops the fraction, if that is a short one.
    let unsigned = !matches!(width, Width::Int | Width::I8);
    let dropped =
        unsigned && number >= Number::literal(1) && !number.is_infinite() && number.significant_bits() <= 64;
    if !number.is_whole() && !dropped {
        return Err("a whole number is required".to_owned());
    }
    let (least, greatest) = width.range();
    let (negative, magnitude) = number.truncated();
    // The least number has no counterpart above zero.
    let least_of_all = negative && magnitude == BigUint::from(i64::MIN.unsigned_abs());
    i64::try_from(&magnitude)
        .ok()
        .map(|magnitude| if negative { -magnitude } else { magnitude })
        .or(least_of_all.then_some(i64::MIN))
        .filter(|number| width.holds(*number))
        .ok_or_else(|| format!("the number must be between {least} and {greatest}"))
}

/// A number as Go makes an `int8` of it: the lowest bits of the nearest 64 bits.
fn wrapped(number: &Number) -> i64 {
    let (negative, magnitude) = number.truncated();
    let magnitude = i64::try_from(&magnitude).ok();
    let whole = match (negative, magnitude) {
        (false, magnitude) => magnitude.unwrap_or(i64::MAX),
        (true, magnitude) => magnitude.map_or(i64::MIN, |magnitude| -magnitude),
    };
    i64::from(whole as i8)
}

/// A Go duration (`"1m30s"`) or a number of nanoseconds.
fn duration(value: Value) -> Result<i64, String> {
    match value {
        Value::String(text) => {
            super::super::duration::parse(&text).ok_or_else(|| format!("`{text}` is not a duration"))
        }
        Value::Number(_) => whole(value, Width::Int),
        other => Err(format!("a duration is required, not a {}", other.kind())),
    }
}

fn hint(ty: &Type) -> String {
    match ty {
        Type::String => "write a text in quotes".to_owned(),
        Type::Bool => "write `true` or `false`".to_owned(),
        Type::Int(_) => "write a whole number, without quotes".to_owned(),
        Type::Duration => "write a number with a unit in quotes: `\"30s\"`, `\"1m30s\"`, `\"2h\"`".to_owned(),
        Type::Strings => "write a list of texts: `[\"a\", \"b\"]`".to_owned(),
        Type::Ints(_) => "write a list of whole numbers: `[1, 2]`".to_owned(),
        _ => "write a map of texts: `{ key = \"value\" }`".to_owned(),
    }
}

/// Any value as the JSON that a driver's config becomes: lists of maps stay lists.
pub(super) fn free(value: Value) -> tree::Value {
    match value {
        Value::Null => tree::Value::Null,
        Value::Bool(truth) => tree::Value::Bool(truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => tree::Value::Int(whole),
            None => tree::Value::Float(number.as_f64()),
        },
        Value::String(text) => tree::Value::Str(text),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            tree::Value::List(items.into_iter().map(|item| free(item).into()).collect())
        }
        Value::Map(members) | Value::Object(members) => {
            tree::Value::Map(members.into_iter().map(|(key, value)| (key, free(value).into())).collect())
        }
    }
}
