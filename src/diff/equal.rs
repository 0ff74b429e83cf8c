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

/// Whether two blocks are the same to the server.
pub(super) fn same_blocks(old: &Object, new: &Object) -> bool {
    old.ty
        .fields
        .iter()
        .zip(old.fields.iter().zip(&new.fields))
        .all(|(field, (old, new))| BOOKKEEPING.contains(&field.json) || same_nodes(field, old, new))
}

/// Whether the values of a field are the same to the server.
pub(super) fn same_nodes(field: &Field, old: &Node, new: &Node) -> bool {
    // What may be absent and has no default is a pointer to the server: absent is not zero.
    let pointer = field.unset == Unset::Null
        && field.default == Default::None
        && matches!(field.ty, Type::Bool | Type::Int(_) | Type::Duration);
    if pointer { old == new } else { same(&old.value, &new.value) }
}

/// Whether two values are the same to the server: what is absent equals what is empty.
pub(super) fn same(old: &Value, new: &Value) -> bool {
    let nodes = |old: &[Node], new: &[Node]| {
        old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(&old.value, &new.value))
    };
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
        (Value::List(old), Value::List(new)) => nodes(old, new),
        (Value::Map(old), Value::Map(new)) => {
            let found =
                |(key, old): (&String, &Node)| new.get(key).is_some_and(|new| same(&old.value, &new.value));
            old.len() == new.len() && old.iter().all(found)
        }
        (Value::Object(old), Value::Object(new)) => same_blocks(old, new),
        (old, new) => old == new,
    }
}
