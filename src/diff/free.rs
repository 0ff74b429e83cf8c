//! Compares values: single ones, lists, and free maps to any depth.

use indexmap::IndexMap;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::change::{Around, Change, Item, Kind, Unit, What};
use crate::jobspec::tree::{Node, Value};

/// Two single values of a declared attribute, where `""` is none.
pub(super) fn scalar(name: String, old: &Node, new: &Node, unit: Unit) -> Change {
    let absent = |node: &Node| node.is_null() || node.as_str() == Some("");
    single(name, kind(absent(old), absent(new)), old, new, unit)
}

fn single(name: String, kind: Kind, old: &Node, new: &Node, unit: Unit) -> Change {
    let what = What::Value { old: old.value.clone(), new: new.value.clone(), unit };
    Change { kind, name, what, span: new.span, around: None, was: old.span }
}

/// Two lists whose order has no meaning.
pub(super) fn set(name: String, old: &Node, new: &Node) -> Option<Change> {
    let (before, after) = (list(&old.value), list(&new.value));
    let mut items: Vec<Item> = Vec::with_capacity(after.len());
    let gone = before.iter().filter(|old| !after.contains(old));
    items.extend(gone.map(|old| item(Some(Kind::Removed), old)));
    items.extend(after.iter().map(|new| item((!before.contains(new)).then_some(Kind::Added), new)));
    let kind = kind(before.is_empty(), after.is_empty());
    aligned(name, kind, items, before, new)
}

/// Two free values of any shape.
pub(super) fn compare(name: String, old: &Node, new: &Node) -> Option<Change> {
    if old == new || (old.value.is_empty() && new.value.is_empty()) {
        return None;
    }
    let kind = kind(old.value.is_empty(), new.value.is_empty());
    match (&old.value, &new.value) {
        (Value::Map(old), Value::Map(new_map)) => map(name, kind, Some(old), Some(new_map), new),
        (Value::Map(old), Value::Null) => map(name, kind, Some(old), None, new),
        (Value::Null, Value::Map(new_map)) => map(name, kind, None, Some(new_map), new),
        (Value::List(_), Value::List(_) | Value::Null) | (Value::Null, Value::List(_)) => {
            let (before, after) = (list(&old.value), list(&new.value));
            if before.iter().chain(after).any(|node| matches!(node.value, Value::Map(_) | Value::List(_))) {
                nested(name, kind, before, after, new)
            } else {
                let items = align(before, after);
                aligned(name, kind, items, before, new)
            }
        }
        _ => Some(single(name, kind, old, new, Unit::None)),
    }
}

fn map(
    name: String,
    kind: Kind,
    old: Option<&IndexMap<String, Node>>,
    new: Option<&IndexMap<String, Node>>,
    place: &Node,
) -> Option<Change> {
    let none = Node::default();
    let gone = old.into_iter().flatten().filter(|(key, _)| !new.is_some_and(|new| new.contains_key(*key)));
    let mut changes: Vec<Change> = gone.filter_map(|(key, old)| compare(key.clone(), old, &none)).collect();
    let stayed = new.into_iter().flat_map(IndexMap::values).find_map(|node| node.span);
    changes.iter_mut().for_each(|change| change.was_in(&name, stayed.or(place.span)));
    for (key, new) in new.into_iter().flatten() {
        let old = old.and_then(|old| old.get(key)).unwrap_or(&none);
        changes.extend(compare(key.clone(), old, new));
    }
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    let change = Change { kind, name, what: What::Map(changes), span: place.span, around: None, was: None };
    (!change.is_empty()).then_some(change)
}

/// Lists that hold maps: equal elements stay, the others are compared one by one.
fn nested(name: String, kind: Kind, old: &[Node], new: &[Node], place: &Node) -> Option<Change> {
    let none = Node::default();
    let mut changes = Vec::new();
    // A block that stands alone needs no number.
    let alone = old.len() <= 1 && new.len() <= 1;
    for op in ops(old, new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (before, after) = (op.old_range(), op.new_range());
        for i in 0..before.len().max(after.len()) {
            let side = |list: &'_ [Node], range: &std::ops::Range<usize>| -> Option<usize> {
                let at = range.start + i;
                (at < range.end && at < list.len()).then_some(at)
            };
            let (from, to) = (side(old, &before), side(new, &after));
            let number = to.or(from).unwrap_or_default();
            let name = if alone { name.clone() } else { format!("{name}[{number}]") };
            let node =
                |list: &'_ [Node], at: Option<usize>| at.map_or_else(|| none.clone(), |at| list[at].clone());
            changes.extend(compare(name, &node(old, from), &node(new, to)));
        }
    }
    let stayed = new.iter().find_map(|node| node.span);
    changes.iter_mut().for_each(|change| change.was_in(&name, stayed.or(place.span)));
    if alone {
        return changes.pop();
    }
    let change = Change { kind, name, what: What::Map(changes), span: place.span, around: None, was: None };
    (!change.is_empty()).then_some(change)
}

/// Two lists of single values, element by element.
fn align(old: &[Node], new: &[Node]) -> Vec<Item> {
    let mut items = Vec::with_capacity(old.len().max(new.len()));
    for op in ops(old, new) {
        match op {
            DiffOp::Equal { new_index, len, .. } => {
                items.extend(new[new_index..new_index + len].iter().map(|node| item(None, node)));
            }
            op => {
                items.extend(old[op.old_range()].iter().map(|node| item(Some(Kind::Removed), node)));
                items.extend(new[op.new_range()].iter().map(|node| item(Some(Kind::Added), node)));
            }
        }
    }
    items
}

/// The steps from one list to the other.
fn ops(old: &[Node], new: &[Node]) -> Vec<DiffOp> {
    // Values have no hash and no order of their own; their texts have.
    let keys =
        |list: &[Node]| list.iter().map(|node| format!("{:?}", Shown(&node.value))).collect::<Vec<_>>();
    capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new))
}

/// A value without the places in it.
struct Shown<'a>(&'a Value);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Value::List(list) => f.debug_list().entries(list.iter().map(|node| Shown(&node.value))).finish(),
            Value::Map(map) => {
                f.debug_map().entries(map.iter().map(|(key, node)| (key, Shown(&node.value)))).finish()
            }
            value => write!(f, "{value:?}"),
        }
    }
}

fn aligned(name: String, kind: Kind, items: Vec<Item>, before: &[Node], place: &Node) -> Option<Change> {
    let changed = items.iter().any(|item| item.kind.is_some());
    // The place of a list is that of the first element that came. Where some only went, it is what has them no more,
    // known by an element that stayed.
    let first = |kind| items.iter().position(|item: &Item| item.kind == kind);
    let came = first(Some(Kind::Added)).and_then(|at| items[at].span);
    let stayed = || {
        let gone = first(Some(Kind::Removed))?;
        let (before, after) = items.split_at(gone);
        before.iter().rev().chain(after).find_map(|item| item.span)
    };
    let was = first(Some(Kind::Removed))
        .and_then(|at| before.iter().find(|old| old.value == items[at].value)?.span);
    let around = match came {
        None => stayed().map(|stayed| Around { name: name.clone(), span: Some(stayed) }),
        Some(_) => None,
    };
    let span = came.or(place.span).filter(|_| around.is_none());
    changed.then(|| Change { kind, name, what: What::List(items), span, around, was })
}

fn item(kind: Option<Kind>, node: &Node) -> Item {
    Item { kind, value: node.value.clone(), span: node.span.filter(|_| kind != Some(Kind::Removed)) }
}

fn list(value: &Value) -> &[Node] {
    match value {
        Value::List(list) => list,
        _ => &[],
    }
}

fn kind(old_absent: bool, new_absent: bool) -> Kind {
    match (old_absent, new_absent) {
        (true, false) => Kind::Added,
        (false, true) => Kind::Removed,
        _ => Kind::Changed,
    }
}
