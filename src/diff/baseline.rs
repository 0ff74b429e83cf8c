//! What the server would fill into the blocks of a job if nothing were written in them.
//!
//! Where a block is new, only what its author decided is worth reading, and a stored job does not say
//! what that was: the server has filled in the rest. So the bare blocks of the job are given their
//! defaults, and what equals those is left out of the diff.

use indexmap::IndexMap;

use crate::jobspec::Job;
use crate::jobspec::declare::{Field, Type};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

/// Marks the blocks of a baseline that the job has, apart from those that the server added to it.
const WRITTEN: Option<Span> = Some(Span { start: 0, end: 0 });

/// Whether the server adds this block of a baseline by itself.
pub(super) fn is_servers_own(block: &Object) -> bool {
    block.span.is_none()
}

/// The job with empty blocks, after defaults.
pub(super) fn baseline(job: &Job) -> Job {
    Job::from_root(bare(&job.root)).with_defaults()
}

/// A block without its attributes, apart from its labels and what the defaults of others follow from.
fn bare(object: &Object) -> Object {
    let mut empty = Object::new(object.ty);
    empty.span = WRITTEN;
    for ((field, node), slot) in object.ty.fields.iter().zip(&object.fields).zip(&mut empty.fields) {
        slot.value = match (&node.value, field.ty) {
            (value, _) if decides(object, field) || object.ty.labels.contains(&field.json) => value.clone(),
            // The server adds a task and constraints for these; other single blocks it makes by itself.
            (Value::Object(inner), Type::Block(_)) if is_mesh(field.json) => {
                Value::Object(Box::new(bare(inner)))
            }
            (Value::List(list), Type::Blocks(_)) => {
                Value::List(list.iter().filter(|node| !is_added(node)).map(bare_node).collect())
            }
            (Value::Map(map), Type::BlockMap(_)) => Value::Map(
                map.iter().map(|(key, node)| (key.clone(), bare_node(node))).collect::<IndexMap<_, _>>(),
            ),
            _ => Value::Null,
        };
    }
    empty
}

/// Whether what the server fills in elsewhere follows from this field.
pub(super) fn decides(block: &Object, field: &Field) -> bool {
    matches!(
        (block.ty.name, field.json),
        ("job", "Type" | "Namespace") | ("service", "Name" | "Provider" | "PortLabel") | ("network", "Mode")
    )
}

fn bare_node(node: &Node) -> Node {
    let value = node.as_object().map_or(Value::Null, |block| Value::Object(Box::new(bare(block))));
    Node { value, span: None }
}

/// Tasks and ports that the server adds for the service mesh: it adds them to the bare job again.
fn is_added(node: &Node) -> bool {
    let Some(block) = node.as_object() else { return false };
    let is_its = |field| block.str(field).starts_with("connect-");
    match block.ty.name {
        "task" => is_its("Kind"),
        "port" => is_its("Label"),
        _ => false,
    }
}

fn is_mesh(field: &str) -> bool {
    matches!(field, "Connect" | "SidecarService" | "Gateway" | "Ingress" | "Terminating" | "Mesh")
}
