//! When two values of a job are the same to Nomad's server.

use crate::jobspec::declare::{Default, Field, Type, Unset};
use crate::jobspec::tree::{Node, Object, Value};

/// Bookkeeping of the server, in every block that has it: no part of what was specified.
pub(super) const BOOKKEEPING: &[&str] = &[
    "CreateIndex",
    "JobModifyIndex",
    "ModifyIndex",
    "NomadTokenID",
    "Stable",
    "Status",
    "StatusDescription",
    "SubmitTime",
    "VaultToken",
    "Version",
    "VersionTag",
];

/// What an empty list or map is beside an absent one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// The same everywhere, as a reader sees it.
    Same,
    /// Another value where the server keeps the two apart.
    Apart,
}

/// Whether two blocks are the same to a reader.
pub(super) fn same_blocks(old: &Object, new: &Object) -> bool {
    blocks(old, new, Empty::Same)
}

/// Whether two blocks are the same to the server, which tells some empty lists from absent ones.
pub(super) fn equal_blocks(old: &Object, new: &Object) -> bool {
    blocks(old, new, Empty::Apart)
}

fn blocks(old: &Object, new: &Object, empty: Empty) -> bool {
    old.ty
        .fields
        .iter()
        .zip(old.fields.iter().zip(&new.fields))
        .all(|(field, (old, new))| BOOKKEEPING.contains(&field.json) || nodes(field, old, new, empty))
}

/// Whether the values of a field are the same to a reader.
pub(super) fn same_nodes(field: &Field, old: &Node, new: &Node) -> bool {
    nodes(field, old, new, Empty::Same)
}

fn nodes(field: &Field, old: &Node, new: &Node, empty: Empty) -> bool {
    // What may be absent and has no default is a pointer to the server: absent is not zero.
    let pointer = field.unset == Unset::Null
        && field.default == Default::None
        && matches!(field.ty, Type::Bool | Type::Int(_) | Type::Duration);
    if pointer {
        return old == new;
    }
    let apart = empty == Empty::Apart && field.empty_is_set && old.is_null() != new.is_null();
    !apart && values(&old.value, &new.value, empty)
}

/// Whether two values are the same: what is absent equals what is empty.
pub(super) fn same(old: &Value, new: &Value) -> bool {
    values(old, new, Empty::Same)
}

fn values(old: &Value, new: &Value, empty: Empty) -> bool {
    match (old, new) {
        (Value::Null, value) | (value, Value::Null) => match value {
            Value::Null => true,
            Value::Bool(truth) => !truth,
            Value::Int(number) => *number == 0,
            Value::Float(number) => *number == 0.0,
            Value::Str(text) => text.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
            Value::Object(_) => false,
        },
        (Value::List(old), Value::List(new)) => {
            let mut pairs = old.iter().zip(new);
            old.len() == new.len() && pairs.all(|(old, new)| values(&old.value, &new.value, empty))
        }
        (Value::Map(old), Value::Map(new)) => {
            let found = |(key, old): (&String, &Node)| {
                new.get(key).is_some_and(|new| values(&old.value, &new.value, empty))
            };
            old.len() == new.len() && old.iter().all(found)
        }
        (Value::Object(old), Value::Object(new)) => blocks(old, new, empty),
        (old, new) => old == new,
    }
}
