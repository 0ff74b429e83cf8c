//! What the server would fill into the blocks of a job if nothing were written in them.
//!
//! Where a block is new, only what its author decided is worth reading, and a stored job does not say
//! what that was: the server has filled in the rest. So the bare blocks of the job are given their
//! defaults, and what equals those is left out of the diff.

use indexmap::IndexMap;

use crate::jobspec::Job;
use crate::jobspec::declare::Type;
use crate::jobspec::tree::{Node, Object, Value};

/// The job with empty blocks, after defaults.
pub(super) fn baseline(job: &Job) -> Job {
    Job::from_root(bare(&job.root)).with_defaults()
}

/// A block without its attributes, apart from its labels and what the defaults of others follow from.
fn bare(object: &Object) -> Object {
    let mut empty = Object::new(object.ty);
    for ((field, node), slot) in object.ty.fields.iter().zip(&object.fields).zip(&mut empty.fields) {
        let decides = matches!(
            (object.ty.name, field.json),
            ("job", "Type" | "Namespace") | ("service", "Provider" | "PortLabel")
        );
        slot.value = match (&node.value, field.ty) {
            (value, _) if decides || object.ty.labels.contains(&field.json) => value.clone(),
            // The server adds a task and constraints for these; other single blocks it makes by itself.
            (Value::Object(inner), Type::Block(_)) if is_mesh(field.json) => {
                Value::Object(Box::new(bare(inner)))
            }
            (Value::List(list), Type::Blocks(_)) => Value::List(list.iter().map(bare_node).collect()),
            (Value::Map(map), Type::BlockMap(_)) => Value::Map(
                map.iter().map(|(key, node)| (key.clone(), bare_node(node))).collect::<IndexMap<_, _>>(),
            ),
            _ => Value::Null,
        };
    }
    empty
}

fn bare_node(node: &Node) -> Node {
    let value = node.as_object().map_or(Value::Null, |block| Value::Object(Box::new(bare(block))));
    Node { value, span: None }
}

fn is_mesh(field: &str) -> bool {
    matches!(field, "Connect" | "SidecarService" | "Gateway" | "Ingress" | "Terminating" | "Mesh")
}
