//! Compares two jobs: walks both trees by the declarations and notes what is different.

use indexmap::IndexMap;

use super::baseline;
use super::change::{Change, JobDiff, Kind, Unit, What};
use super::equal::{BOOKKEEPING, same_blocks, same_nodes};
use super::free;
use super::pair::{pairs, title, title_fields};
use crate::jobspec::declare::{Default, Field, Type};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

/// A block, and the same block with only what the server fills in, where that is known.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    /// The block.
    pub block: &'a Object,
    /// The same block with only what the server fills in.
    pub baseline: Option<&'a Object>,
    /// The block around it.
    pub around: Option<&'a Object>,
    /// Its key, where it stands in a map.
    pub key: Option<&'a str>,
}

impl<'a> Side<'a> {
    /// The nested block in a field.
    fn block(self, field: &str) -> Option<Self> {
        let block = self.block.block(field)?;
        let baseline = self.baseline.and_then(|baseline| baseline.block(field));
        Some(Self { block, baseline, around: Some(self.block), key: None })
    }

    /// The nested blocks in a field. A baseline is the block with the same label, an equal one, or the one
    /// at the same position.
    fn blocks(self, field: &str) -> Vec<Self> {
        let baselines: Vec<&Object> =
            self.baseline.into_iter().flat_map(|block| block.blocks(field)).collect();
        let keys = self.block.map(field).into_iter().flat_map(IndexMap::keys).map(|key| Some(&**key));
        let keys = keys.chain(std::iter::repeat(None));
        let side = |(i, (block, key)): (usize, (&'a Object, Option<&'a str>))| {
            let labels = block.ty.labels;
            let same = |other: &&Object| labels.iter().all(|label| other.get(label) == block.get(label));
            let baseline = match labels {
                [] => baselines.iter().find(|other| same_blocks(other, block)).or(baselines.get(i)).copied(),
                _ => baselines.iter().copied().find(same),
            };
            Self { block, baseline, around: Some(self.block), key }
        };
        self.block.blocks(field).zip(keys).enumerate().map(side).collect()
    }

    /// Whether the server made the whole block by itself: a constraint that follows from what the group uses,
    /// the task of a proxy.
    fn is_servers_own(self) -> bool {
        self.baseline.is_some_and(|own| baseline::is_servers_own(own) && same_blocks(self.block, own))
    }

    /// What the block is called among its kind.
    fn title(self, alone: bool) -> Option<String> {
        title(self.block, alone).or_else(|| self.key.map(str::to_owned))
    }

    /// Whether a task's block is only that of its group, handed down by the server.
    fn is_handed_down(self, field: &Field, node: &Node) -> bool {
        let restart = self.block.ty.name == "task" && field.json == "RestartPolicy";
        restart && self.around.is_some_and(|group| group.get("RestartPolicy") == node)
    }

    /// Whether the server would have put the same value into the field by itself.
    fn is_filled_in(self, field: &Field, node: &Node) -> bool {
        if let Some(baseline) = self.baseline.filter(|_| !baseline::decides(self.block, field)) {
            return same_nodes(field, node, baseline.get(field.json));
        }
        match (&node.value, field.default) {
            (Value::Str(text), Default::Str(default)) => text == default,
            (Value::Bool(truth), Default::Bool(default)) => *truth == default,
            (Value::Int(number), Default::Int(default)) => *number == default,
            (Value::Int(number), Default::Seconds(default)) => *number == default * 1_000_000_000,
            (value, _) => value.is_zero() || value.is_empty(),
        }
    }
}

/// Compares two jobs after defaults.
///
/// Where a block is on one side only, what equals its baseline is left out.
pub(super) fn jobs(from: Option<Side<'_>>, to: Option<Side<'_>>) -> JobDiff {
    let id = to.or(from).map_or("", |side| side.block.str("ID")).to_owned();
    let (kind, changes) = match (from, to) {
        (Some(from), Some(to)) => {
            let changes = both(from, to);
            ((!changes.is_empty()).then_some(Kind::Changed), changes)
        }
        (None, Some(to)) => (Some(Kind::Added), alone(Kind::Added, to)),
        (Some(from), None) => (Some(Kind::Removed), alone(Kind::Removed, from)),
        (None, None) => (None, Vec::new()),
    };
    JobDiff { id, kind, changes }
}

/// Fields that are not compared: what the server does with the job or does not keep, and the strategies
/// that it has handed down to every group, where they are compared.
fn is_left_out(block: &Object, field: &Field) -> bool {
    let of_server: &[&str] = match block.ty.name {
        "job" => {
            &["ID", "Update", "Reschedule", "Migrate", "Payload", "Dispatched", "DispatchIdempotencyToken"]
        }
        "scaling" => &["ID", "Target", "Namespace"],
        _ => &[],
    };
    !field.kept || BOOKKEEPING.contains(&field.json) || of_server.contains(&field.json)
}

/// What is different in two blocks that are the same block.
fn both(from: Side<'_>, to: Side<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    if same_blocks(from.block, to.block) {
        return changes;
    }
    for (field, (old, new)) in to.block.ty.fields.iter().zip(from.block.fields.iter().zip(&to.block.fields)) {
        if is_left_out(to.block, field)
            || same_nodes(field, old, new)
            || (from.is_handed_down(field, old) && to.is_handed_down(field, new))
        {
            continue;
        }
        match field.ty {
            Type::Block(_) => match (from.block(field.json), to.block(field.json)) {
                (None, None) => {}
                (Some(from), None) => changes.push(one_sided(field, Kind::Removed, from)),
                (None, Some(to)) => changes.push(one_sided(field, Kind::Added, to)),
                (Some(from), Some(to)) => changes.extend(two_sided(field, from, to)),
            },
            // Ports with a number of their own are compared with the others, below.
            Type::Blocks(_) if field.json == "ReservedPorts" => {}
            Type::Blocks(_) | Type::BlockMap(_) => changes.extend(lists(field, from, to)),
            _ => changes.extend(value(field, old, new)),
        }
    }
    if to.block.ty.name == "network" && !changes.iter().any(|change| change.name == "port") {
        let ports = to.block.ty.by_json("DynamicPorts").map(|(_, field)| field);
        changes.extend(ports.into_iter().flat_map(|field| lists(field, from, to)));
    }
    changes.iter_mut().for_each(|change| change.was_in(to.block.ty.name, to.block.span));
    in_order(changes)
}

/// Attributes first, then blocks, then what there can be several of, groups and tasks last.
fn in_order(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| match &change.what {
        What::Value { .. } | What::List(_) | What::Map(_) => 0,
        What::Block { repeated: false, .. } => 1,
        What::Block { .. } if matches!(&*change.name, "group" | "task") => 3,
        What::Block { .. } => 2,
    });
    changes
}

/// The blocks of a field. A port that is given a number moves from one field to another, and stays
/// the same port.
fn blocks_of<'a>(field: &Field, side: Side<'a>) -> Vec<Side<'a>> {
    let mut blocks = side.blocks(field.json);
    if field.json == "DynamicPorts" {
        blocks.extend(side.blocks("ReservedPorts"));
    }
    blocks
}

/// What is different in two lists of blocks.
fn lists<'a>(field: &Field, from: Side<'a>, to: Side<'a>) -> Vec<Change> {
    let (from, to) = (blocks_of(field, from), blocks_of(field, to));
    let blocks = |sides: &[Side<'a>]| sides.iter().map(|side| side.block).collect::<Vec<_>>();
    let pair = |(old, new): (Option<usize>, Option<usize>)| match (old, new) {
        (Some(old), Some(new)) => two_sided(field, from[old], to[new]),
        (Some(old), None) => {
            let mut gone = one_sided(field, Kind::Removed, from[old]);
            gone.was_in(
                field.hcl,
                to.iter().find_map(|stayed| condition(stayed.block).or(stayed.block.span)),
            );
            Some(gone)
        }
        (None, Some(new)) => Some(one_sided(field, Kind::Added, to[new])),
        (None, None) => None,
    };
    if matches!(field.ty, Type::BlockMap(_)) {
        let find = |sides: &[Side<'_>], key| sides.iter().position(|side| side.key == key);
        let gone = (0..from.len()).filter(|i| find(&to, from[*i].key).is_none()).map(|i| (Some(i), None));
        let rest = (0..to.len()).map(|i| (find(&from, to[i].key), Some(i)));
        return gone.chain(rest).filter_map(pair).collect();
    }
    pairs(&blocks(&from), &blocks(&to)).into_iter().filter_map(pair).collect()
}

/// A block that is on both sides, if something in it is different.
fn two_sided(field: &Field, from: Side<'_>, to: Side<'_>) -> Option<Change> {
    let changes = both(from, to);
    let what = What::Block { label: to.title(false), repeated: is_repeated(field), changes };
    let change = Change {
        kind: Kind::Changed,
        name: name(field),
        what,
        span: to.block.span,
        around: None,
        was: from.block.span,
    };
    (!change.is_empty()).then_some(change)
}

/// A block that is on one side only.
fn one_sided(field: &Field, kind: Kind, side: Side<'_>) -> Change {
    let what =
        What::Block { label: side.title(true), repeated: is_repeated(field), changes: alone(kind, side) };
    let span = condition(side.block).or(side.block.span);
    Change {
        kind,
        name: name(field),
        what,
        span: span.filter(|_| kind == Kind::Added),
        around: None,
        was: span.filter(|_| kind == Kind::Removed),
    }
}

/// Where the title of a block is written that is one condition: its header says nothing.
fn condition(block: &Object) -> Option<Span> {
    if !matches!(block.ty.name, "constraint" | "affinity" | "spread") {
        return None;
    }
    title_fields(block, true).iter().find_map(|json| block.get(json).span)
}

/// What is in a block that is on one side only, apart from its title and what the server filled in.
fn alone(kind: Kind, side: Side<'_>) -> Vec<Change> {
    let shown = title_fields(side.block, true);
    let mut changes = Vec::new();
    for (field, node) in side.block.ty.fields.iter().zip(&side.block.fields) {
        if shown.contains(&field.json) || is_left_out(side.block, field) || side.is_handed_down(field, node) {
            continue;
        }
        match field.ty {
            Type::Block(_) => {
                let Some(inner) = side.block(field.json) else { continue };
                let change = one_sided(field, kind, inner);
                let filled_in =
                    inner.baseline.map_or(field.default == Default::Block, baseline::is_servers_own);
                if !(change.is_empty() && filled_in) {
                    changes.push(change);
                }
            }
            Type::Blocks(_) | Type::BlockMap(_) => {
                let blocks = side.blocks(field.json).into_iter().filter(|block| !block.is_servers_own());
                changes.extend(blocks.map(|block| one_sided(field, kind, block)));
            }
            _ if side.is_filled_in(field, node) => {}
            _ => {
                let none = Node::default();
                let (old, new) = if kind == Kind::Added { (&none, node) } else { (node, &none) };
                changes.extend(value(field, old, new));
            }
        }
    }
    in_order(changes)
}

/// An attribute, a list or a map.
fn value(field: &Field, old: &Node, new: &Node) -> Option<Change> {
    let name = name(field);
    match field.ty {
        Type::Strings | Type::Ints(_) if is_set(field) => free::set(name, old, new),
        Type::Strings | Type::Ints(_) | Type::StringMap(_) | Type::ListMap | Type::Any => {
            free::compare(name, old, new)
        }
        _ => Some(free::scalar(name, old, new, unit(field))),
    }
}

/// Lists whose order has no meaning.
fn is_set(field: &Field) -> bool {
    const SETS: &[&str] = &[
        "Audience",
        "CanaryTags",
        "Datacenters",
        "ExcludeInboundPorts",
        "ExcludeOutboundCIDRs",
        "ExcludeOutboundPorts",
        "ExcludeUIDs",
        "Hosts",
        "MetaOptional",
        "MetaRequired",
        "Policies",
        "Remove",
        "Specs",
        "Tags",
    ];
    SETS.contains(&field.json)
}

fn is_repeated(field: &Field) -> bool {
    matches!(field.ty, Type::Blocks(_) | Type::BlockMap(_))
}

/// How a number is written for people.
fn unit(field: &Field) -> Unit {
    match field.ty {
        Type::Duration => Unit::Nanoseconds,
        Type::Int(_) if field.json.ends_with("MB") => Unit::Megabytes,
        Type::Int(_) if field.json == "CPU" => Unit::Megahertz,
        _ => Unit::None,
    }
}

/// The name in HCL, or one made of the JSON name where HCL has none.
fn name(field: &Field) -> String {
    if field.json == "ReservedPorts" {
        return "port".to_owned();
    }
    if !field.hcl.is_empty() {
        return field.hcl.to_owned();
    }
    let mut name = String::with_capacity(field.json.len() + 4);
    let mut before = 'A';
    for letter in field.json.chars() {
        if letter.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        before = letter;
    }
    name
}
