//! A job as Nomad's server stores it: everything filled in that its author left out.
//!
//! Constants stand in the declarations of the fields. What depends on more is a small function
//! here, each with its rule: what is handed down from outer blocks ([`inherit`]), what follows
//! from other values ([`derive`]), what the service mesh adds ([`connect`]), and the constraints
//! that follow from what a group uses ([`implied`]). The order is the server's own: the API's
//! canonicalization, that of the server's structs, then its admission mutators.
//!
//! What depends on the cluster's configuration (the identities for Consul and Vault that an
//! agent may be told to add) is not filled in.

mod connect;
mod derive;
mod expose;
mod implied;
mod inherit;
pub(in crate::jobspec) mod older;

use super::Job;
use super::declare::{Default, Field, Type, Unset};
use super::tree::{Node, Object, Value};

impl Job {
    /// The job as the server would store it, without the numbers and states that only it knows.
    ///
    /// A stored job stays as it is, so that both sides of a comparison may go through this.
    #[must_use]
    pub fn with_defaults(&self) -> Self {
        let mut job = self.clone();
        let root = &mut job.root;
        inherit::hand_down(root);
        fill(root);
        derive::derive(root);
        tidy(root);
        connect::connect(root);
        expose::expose(root);
        implied::constrain(root);
        job
    }
}

/// Fills in the constants of a block and of all blocks inside.
fn fill(object: &mut Object) {
    for (field, node) in object.ty.fields.iter().zip(&mut object.fields) {
        if field.server_fills && is_unset(field, &node.value) {
            match constant(field) {
                Value::Null => {}
                // A written null is what no file says: the rules must not take it for a value.
                value if node.value == Value::Null => *node = value.into(),
                value => node.value = value,
            }
        }
        for block in blocks_in(&mut node.value) {
            fill(block);
        }
    }
}

/// Whether nothing was written, as far as Nomad can tell.
fn is_unset(field: &Field, value: &Value) -> bool {
    match field.unset {
        Unset::Zero => value.is_zero(),
        Unset::Null | Unset::Absent => *value == Value::Null,
    }
}

/// The constant that the server fills in; null where there is none.
fn constant(field: &Field) -> Value {
    match (field.default, field.ty) {
        (Default::None, _) => Value::Null,
        (Default::Str(text), _) => Value::from(text),
        (Default::Bool(truth), _) => Value::Bool(truth),
        (Default::Int(number), _) => Value::Int(number),
        (Default::Seconds(seconds), _) => Value::Int(seconds.saturating_mul(1_000_000_000)),
        (Default::Empty, Type::StringMap(_) | Type::ListMap | Type::Any | Type::BlockMap(_)) => {
            Value::Map(indexmap::IndexMap::new())
        }
        (Default::Empty, _) => Value::List(Vec::new()),
        (Default::Block, Type::Block(ty)) => Value::from(Object::new(ty)),
        (Default::Block, _) => Value::Null,
    }
}

/// Takes out what the server does not keep, and makes empty lists and maps null, as the server
/// does so that they compare equal.
fn tidy(object: &mut Object) {
    for (field, node) in object.ty.fields.iter().zip(&mut object.fields) {
        if !field.kept {
            *node = Node::default();
            if field.server_fills {
                node.value = constant(field);
            }
        }
        let kept_empty = field.default == Default::Empty || field.empty_is_set;
        if !kept_empty && node.value.is_empty() {
            node.value = Value::Null;
        }
        if let (Type::ListMap, Value::Map(map)) = (field.ty, &mut node.value) {
            map.values_mut().filter(|list| list.value.is_empty()).for_each(|list| list.value = Value::Null);
        }
        for block in blocks_in(&mut node.value) {
            tidy(block);
        }
    }
}

/// The declared blocks that a value holds.
fn blocks_in(value: &mut Value) -> impl Iterator<Item = &mut Object> {
    let (one, list, map) = match value {
        Value::Object(object) => (Some(&mut **object), None, None),
        Value::List(list) => (None, Some(list), None),
        Value::Map(map) => (None, None, Some(map)),
        _ => (None, None, None),
    };
    let members = list.into_iter().flatten().chain(map.into_iter().flat_map(|map| map.values_mut()));
    one.into_iter().chain(members.filter_map(|node| match &mut node.value {
        Value::Object(object) => Some(&mut **object),
        _ => None,
    }))
}

/// Adds a block to a list of blocks.
fn push(object: &mut Object, json: &str, block: Object) {
    let Some(node) = object.get_mut(json) else { return };
    match &mut node.value {
        Value::List(list) => list.push(Value::from(block).into()),
        value => *value = Value::List(vec![Value::from(block).into()]),
    }
}

/// A copy of a text field, `""` where it is not set.
fn text(object: &Object, json: &str) -> String {
    object.str(json).to_owned()
}
