//! Walks two jobs by the rules and builds the server's diff.

use std::collections::BTreeSet;

use super::flat::{self, Texts};
use super::rules::{GROUP, How, JOB, Key, Nested, Rules, SPREADS, TASK, Typing};
use super::{GroupDiff, JobDiff, Kind, ObjectDiff, TaskDiff};
use crate::diff::equal::{equal_blocks, same, same_blocks};
use crate::jobspec::tree::{Node, Object, Value};

/// What the comparison needs to know of the jobs as a whole.
pub(super) struct Differ<'a> {
    namespaces: (&'a str, &'a str),
    /// Whether to show `spread` too.
    spreads: bool,
}

type Pair<'a> = (Option<&'a Object>, Option<&'a Object>);

impl<'a> Differ<'a> {
    pub(super) fn new(from: Option<&'a Object>, to: Option<&'a Object>, spreads: bool) -> Self {
        let namespace = |job: Option<&'a Object>| match job.map_or("", |job| job.str("Namespace")) {
            "" => "default",
            name => name,
        };
        Self { namespaces: (namespace(from), namespace(to)), spreads }
    }

    pub(super) fn job(&self, old: Option<&Object>, new: Option<&Object>) -> JobDiff {
        let (fields, objects) = self.content((old, new), &JOB);
        let task_groups: Vec<GroupDiff> = by_name(old, new, "TaskGroups", |pair| self.group(pair));
        let id = new.or(old).map_or("", |job| job.str("ID")).to_owned();
        let changed = fields.iter().any(|field| field.kind != Kind::None)
            || objects.iter().any(|object| object.kind != Kind::None)
            || task_groups.iter().any(|group| group.kind != Kind::None);
        let kind = match (old, new) {
            (None, Some(_)) => Kind::Added,
            (Some(_), None) => Kind::Deleted,
            _ if changed => Kind::Edited,
            _ => Kind::None,
        };
        JobDiff { kind, id, fields, objects, task_groups }
    }

    fn group(&self, pair: Pair<'_>) -> GroupDiff {
        let (fields, objects) = self.content(pair, &GROUP);
        let tasks = by_name(pair.0, pair.1, "Tasks", |pair| self.task(pair));
        let restless = matches!(pair, (Some(old), Some(new)) if both_have(old, new, "Scaling"));
        let kind = if restless { Kind::Edited } else { presence(pair) };
        GroupDiff { kind, name: name(pair), fields, objects, tasks }
    }

    fn task(&self, pair: Pair<'_>) -> TaskDiff {
        let (fields, objects) = self.content(pair, &TASK);
        let kind = presence(pair);
        TaskDiff { kind, name: name(pair), fields, objects }
    }

    /// The differences of what is in a block.
    fn content(&self, (old, new): Pair<'_>, rules: &Rules) -> (Vec<super::FieldDiff>, Vec<ObjectDiff>) {
        let texts = |block: Option<&Object>, namespace| {
            block.map(|block| flat::block(block, rules, namespace)).unwrap_or_default()
        };
        let (mut before, mut after) = (texts(old, self.namespaces.0), texts(new, self.namespaces.1));
        if let (Some(old), Some(new)) = (old, new) {
            for (field, form) in rules.edited {
                let text = |block: &Object| block.int(field).map(form).unwrap_or_default();
                before.insert((*field).to_owned(), text(old));
                after.insert((*field).to_owned(), text(new));
            }
        }
        let fields = flat::fields(&before, &after, rules.context);
        let has_spreads = new.or(old).is_some_and(|block| matches!(block.ty.name, "job" | "group"));
        let forgotten = (self.spreads && has_spreads).then_some(&SPREADS);
        let nested = rules.objects.iter().chain(forgotten);
        let objects = nested.flat_map(|nested| self.nested((old, new), nested)).collect();
        (fields, objects)
    }

    /// The objects that a field is shown as.
    fn nested(&self, (old, new): Pair<'_>, nested: &Nested) -> Vec<ObjectDiff> {
        let (before, after) = (value(old, nested.field), value(new, nested.field));
        let pair = (block(old, nested.field), block(new, nested.field));
        match &nested.how {
            How::Block(rules) => self.object(nested.name, pair, rules).into_iter().collect(),
            How::OverEmpty(rules) => {
                let empty = pair.1.filter(|_| old.is_none()).map(|now| Object::new(now.ty));
                self.object(nested.name, (pair.0.or(empty.as_ref()), pair.1), rules).into_iter().collect()
            }
            How::Always(rules) => {
                let unchanged = || ObjectDiff {
                    kind: Kind::None,
                    name: nested.name.to_owned(),
                    fields: Vec::new(),
                    objects: Vec::new(),
                };
                vec![self.object(nested.name, pair, rules).unwrap_or_else(unchanged)]
            }
            How::Blocks(key, rules) => {
                let mut pairs = match_blocks(old, new, nested.field, key);
                if let Key::Content = key {
                    // Such blocks are never edited: of two alike there is nothing to show.
                    pairs.retain(|pair| pair.0.is_none() || pair.1.is_none());
                }
                let mut objects: Vec<ObjectDiff> =
                    pairs.into_iter().filter_map(|pair| self.object(nested.name, pair, rules)).collect();
                objects.sort();
                objects
            }
            How::Texts { quiet } => texts(nested.name, before, after, *quiet).into_iter().collect(),
            How::Free { context } => free(nested.name, before, after, *context).into_iter().collect(),
            How::Addresses => {
                if same(before, after) {
                    return Vec::new();
                }
                let kind = filled(before, after);
                let fields = flat::fields(&addresses(before), &addresses(after), true);
                vec![ObjectDiff { kind, name: nested.name.to_owned(), fields, objects: Vec::new() }]
            }
        }
    }

    /// The difference of two blocks, if there is one to show.
    fn object(&self, name: &str, pair: Pair<'_>, rules: &Rules) -> Option<ObjectDiff> {
        let kind = match (rules.typing, presence(pair)) {
            (Typing::Restless, Kind::None) if pair.0.is_some() => Kind::Edited,
            (_, Kind::None) => return None,
            (Typing::Filled, _) if is_blank(pair.0) => Kind::Added,
            (Typing::Filled, _) if is_blank(pair.1) => Kind::Deleted,
            (_, kind) => kind,
        };
        let (fields, objects) = self.content(pair, rules);
        let kind = match rules.typing {
            Typing::Presence | Typing::Filled | Typing::Restless => kind,
            Typing::Attributes => {
                let any = |kind| fields.iter().any(|field| field.kind == kind);
                match (any(Kind::Added), any(Kind::Deleted), any(Kind::Edited)) {
                    (_, _, true) | (true, true, _) => Kind::Edited,
                    (true, ..) => Kind::Added,
                    (_, true, _) => Kind::Deleted,
                    _ => return None,
                }
            }
        };
        Some(ObjectDiff { kind, name: name.to_owned(), fields, objects })
    }
}

/// The value of a field of a block that may not be there.
fn value<'b>(block: Option<&'b Object>, field: &str) -> &'b Value {
    block.map_or(&Value::Null, |block| &block.get(field).value)
}

/// The block in a field of a block that may not be there.
fn block<'b>(around: Option<&'b Object>, field: &str) -> Option<&'b Object> {
    around.and_then(|around| around.block(field))
}

/// Groups or tasks in pairs of one name, in the order of their names.
fn by_name<T>(
    old: Option<&Object>,
    new: Option<&Object>,
    field: &str,
    diff: impl FnMut(Pair<'_>) -> T,
) -> Vec<T> {
    let mut pairs = match_blocks(old, new, field, &Key::Fields(&["Name"]));
    pairs.sort_by_key(|pair| name(*pair));
    pairs.into_iter().map(diff).collect()
}

fn name((old, new): Pair<'_>) -> String {
    new.or(old).map_or("", |block| block.str("Name")).to_owned()
}

fn both_have(old: &Object, new: &Object, field: &str) -> bool {
    old.block(field).is_some() && new.block(field).is_some()
}

/// What happened to a block, going by both sides alone.
fn presence((old, new): Pair<'_>) -> Kind {
    match (old, new) {
        (None, None) => Kind::None,
        (None, Some(_)) => Kind::Added,
        (Some(_), None) => Kind::Deleted,
        (Some(old), Some(new)) if equal_blocks(old, new) => Kind::None,
        (Some(_), Some(_)) => Kind::Edited,
    }
}

/// Whether a block is not there, or says nothing.
fn is_blank(block: Option<&Object>) -> bool {
    block.is_none_or(|block| same_blocks(block, &Object::new(block.ty)))
}

/// The blocks of a list or map in pairs; blocks of one key on one side are one, the last.
fn match_blocks<'b>(
    old: Option<&'b Object>,
    new: Option<&'b Object>,
    field: &str,
    key: &Key,
) -> Vec<Pair<'b>> {
    let blocks = |side: Option<&'b Object>| -> Vec<&'b Object> {
        side.map(|side| side.blocks(field).collect()).unwrap_or_default()
    };
    if let Key::Name = key {
        let map = |side: Option<&'b Object>| side.and_then(|side| side.map(field));
        let (old, new) = (map(old), map(new));
        let in_new = |name: &String| new.and_then(|new| new.get(name)).and_then(Node::as_object);
        let before = old.into_iter().flatten().map(|(name, node)| (node.as_object(), in_new(name)));
        let is_new = |name: &&String| !old.is_some_and(|old| old.contains_key(*name));
        let after =
            new.into_iter().flat_map(|new| new.keys()).filter(is_new).map(|name| (None, in_new(name)));
        return before.chain(after).collect();
    }
    let (old, new) = (blocks(old), blocks(new));
    match key {
        Key::Name => Vec::new(),
        Key::Fields(fields) => {
            let alike = |old: &Object, new: &Object| {
                fields.iter().all(|field| same(&old.get(field).value, &new.get(field).value))
            };
            match_by(&dedup(old, alike), &dedup(new, alike), alike)
        }
        Key::Content => match_by(&dedup(old, same_blocks), &dedup(new, same_blocks), same_blocks),
        Key::Position => {
            let sides = old.len().max(new.len());
            (0..sides).map(|i| (old.get(i).copied(), new.get(i).copied())).collect()
        }
        Key::Lone(_) if old.len() == 1 && new.len() == 1 => vec![(Some(old[0]), Some(new[0]))],
        Key::Lone(field) => match_by(&old, &new, |old, new| old.str(field) == new.str(field)),
        Key::Service if old.len() == 1 && new.len() == 1 => vec![(Some(old[0]), Some(new[0]))],
        Key::Service => match_services(&old, &new),
    }
}

/// Of the blocks that are the same only the last.
fn dedup(blocks: Vec<&Object>, same: impl Fn(&Object, &Object) -> bool) -> Vec<&Object> {
    let mut kept: Vec<&Object> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match kept.iter_mut().find(|other| same(other, block)) {
            Some(other) => *other = block,
            None => kept.push(block),
        }
    }
    kept
}

/// Each old block with the first free new one that it matches, then what is left of the new ones.
fn match_by<'b>(
    old: &[&'b Object],
    new: &[&'b Object],
    matches: impl Fn(&Object, &Object) -> bool,
) -> Vec<Pair<'b>> {
    let mut free: Vec<Option<&Object>> = new.iter().copied().map(Some).collect();
    let mut pairs: Vec<Pair<'b>> = Vec::with_capacity(old.len());
    for old in old {
        let found = free.iter_mut().find(|new| new.is_some_and(|new| matches(old, new)));
        pairs.push((Some(old), found.and_then(Option::take)));
    }
    pairs.extend(free.into_iter().flatten().map(|new| (None, Some(new))));
    pairs
}

/// Services by score: three for the name, two for the port, one for the position; from three on.
fn match_services<'b>(old: &[&'b Object], new: &[&'b Object]) -> Vec<Pair<'b>> {
    let mut free: Vec<Option<&Object>> = new.iter().copied().map(Some).collect();
    let mut pairs: Vec<Pair<'b>> = Vec::with_capacity(old.len());
    for (place, old) in old.iter().enumerate() {
        let equal = |new: &Object, field| old.str(field) == new.str(field);
        let score = |i: usize, new: &Object| {
            u8::from(i == place) + 2 * u8::from(equal(new, "PortLabel")) + 3 * u8::from(equal(new, "Name"))
        };
        let mut best: Option<(u8, usize)> = None;
        for (i, new) in free.iter().enumerate() {
            let Some(new) = new else { continue };
            let score = score(i, new);
            if score > 2 && best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, i));
            }
        }
        pairs.push((Some(old), best.and_then(|(_, i)| free[i].take())));
    }
    pairs.extend(free.into_iter().flatten().map(|new| (None, Some(new))));
    pairs
}

/// A list as a set of texts.
fn texts(name: &str, old: &Value, new: &Value, quiet: bool) -> Option<ObjectDiff> {
    let old: BTreeSet<String> = flat::list(old).into_iter().collect();
    let new: BTreeSet<String> = flat::list(new).into_iter().collect();
    let (mut added, mut deleted) = (false, false);
    let mut fields: Vec<_> = old
        .union(&new)
        .filter_map(|text| {
            let side = |set: &BTreeSet<String>| set.get(text).cloned().unwrap_or_default();
            added |= !old.contains(text);
            deleted |= !new.contains(text);
            flat::field(name, side(&old), side(&new), true)
        })
        .collect();
    fields.sort();
    let kind = match (added, deleted) {
        (true, true) => Kind::Edited,
        (true, false) => Kind::Added,
        (false, true) => Kind::Deleted,
        (false, false) if quiet || fields.is_empty() => return None,
        (false, false) => Kind::None,
    };
    Some(ObjectDiff { kind, name: name.to_owned(), fields, objects: Vec::new() })
}

/// A free map; an empty one counts as none for what happened, but not for whether something did.
fn free(name: &str, old: &Value, new: &Value, context: bool) -> Option<ObjectDiff> {
    let absent = |value: &Value| *value == Value::Null;
    if same(old, new) && absent(old) == absent(new) {
        return None;
    }
    let fields = flat::fields(&flat::entries(old), &flat::entries(new), context);
    Some(ObjectDiff { kind: filled(old, new), name: name.to_owned(), fields, objects: Vec::new() })
}

/// What happened to a map, where an empty one is none.
fn filled(old: &Value, new: &Value) -> Kind {
    let empty = |value: &Value| !matches!(value, Value::Map(map) if !map.is_empty());
    match (empty(old), empty(new)) {
        (true, _) => Kind::Added,
        (_, true) => Kind::Deleted,
        _ => Kind::Edited,
    }
}

/// Addresses by name as `host:port`.
fn addresses(value: &Value) -> Texts {
    let Value::Map(map) = value else { return Texts::new() };
    let text = |address: &Object| {
        let (host, port) = (address.str("Address"), address.int("Port").unwrap_or_default());
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    };
    map.iter().filter_map(|(name, node)| Some((name.clone(), text(node.as_object()?)))).collect()
}
