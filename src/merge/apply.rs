//! One layer over what the layers below it made.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;

use super::value::{Kind, Loser, Removed, Value};
use super::{CONFLICT, Layer, NOT_A_LIST};
use crate::diagnostic::Diagnostic;
use crate::load::{self, Directive, Node};

/// A merge under way.
pub(super) struct Merge {
    root: Value,
    /// What `null` took away, by path: a later layer that sets it again overrides these.
    removed: IndexMap<String, (Loser, Vec<Loser>)>,
    conflicts: Vec<Diagnostic>,
}

impl Merge {
    pub(super) fn new(place: &Node) -> Self {
        let root = Value {
            kind: Kind::Map(IndexMap::new()),
            layer: Layer::BuiltIn,
            place: place.place.clone(),
            overrode: Vec::new(),
        };
        Self { root, removed: IndexMap::new(), conflicts: Vec::new() }
    }

    /// Puts a layer over all that came before.
    pub(super) fn layer(&mut self, layer: Layer, node: &Node) {
        if let Kind::Map(map) = &mut self.root.kind {
            let mut map = std::mem::take(map);
            self.map(layer, node, "", &mut map);
            self.root.kind = Kind::Map(map);
        }
    }

    pub(super) fn finish(self) -> (Value, Vec<Removed>, Vec<Diagnostic>) {
        let removed = self.removed.into_iter().map(|(path, (by, overrode))| Removed { path, by, overrode });
        let removed = removed.collect();
        (self.root, removed, self.conflicts)
    }

    fn map(&mut self, layer: Layer, node: &Node, path: &str, into: &mut IndexMap<String, Value>) {
        for entry in node.entries() {
            let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            if entry.value.is_null() {
                self.remove(layer, &entry.value, path, into.shift_remove(&entry.key));
                continue;
            }
            match into.entry(entry.key.clone()) {
                Slot::Vacant(slot) => {
                    let mut value = self.fresh(layer, &entry.value, &path);
                    if let Some((by, losers)) = self.removed.shift_remove(&path) {
                        value.overrode.push(by);
                        value.overrode.extend(losers);
                    }
                    slot.insert(value);
                }
                Slot::Occupied(mut slot) => self.over(layer, &entry.value, &path, slot.get_mut()),
            }
        }
    }

    fn remove(&mut self, layer: Layer, node: &Node, path: String, old: Option<Value>) {
        let Some(old) = old else { return };
        let by = Loser { layer, place: node.place.clone(), shown: "null".to_owned() };
        self.removed.insert(path, (by, old.into_losers()));
    }

    /// A value that no lower layer has.
    fn fresh(&mut self, layer: Layer, node: &Node, path: &str) -> Value {
        let kind = match &node.kind {
            load::Kind::Null => Kind::Null,
            load::Kind::Bool(truth) => Kind::Bool(*truth),
            load::Kind::Text(text) => Kind::Text { text: text.text.clone(), quoted: text.quoted },
            load::Kind::List(items) => Kind::List(items.iter().map(|item| self.item(layer, item)).collect()),
            load::Kind::Map(_) => {
                let mut map = IndexMap::new();
                self.map(layer, node, path, &mut map);
                Kind::Map(map)
            }
        };
        Value { kind, layer, place: node.place.clone(), overrode: Vec::new() }
    }

    /// A value inside a list, where `null` removes nothing.
    fn item(&mut self, layer: Layer, node: &Node) -> Value {
        let kind = match &node.kind {
            load::Kind::Map(entries) => {
                let item = |entry: &load::Entry| (entry.key.clone(), self.item(layer, &entry.value));
                Kind::Map(entries.iter().map(item).collect())
            }
            load::Kind::List(items) => Kind::List(items.iter().map(|item| self.item(layer, item)).collect()),
            _ => return self.fresh(layer, node, ""),
        };
        Value { kind, layer, place: node.place.clone(), overrode: Vec::new() }
    }

    fn over(&mut self, layer: Layer, node: &Node, path: &str, old: &mut Value) {
        let is_map = matches!(node.kind, load::Kind::Map(_));
        let was_map = matches!(old.kind, Kind::Map(_));
        if is_map != was_map {
            let (this, that) = if is_map { ("a map", "a value") } else { ("a value", "a map") };
            self.conflicts.push(
                Diagnostic::error(&CONFLICT, format!("`{path}` is {this} here and {that} in a lower layer"))
                    .at_with(node.place.clone(), format!("{this}, in the layer `{layer}`"))
                    .related(old.place.clone(), format!("{that}, in the layer `{}`", old.layer))
                    .hint(
                        "give both the same form, or take the lower one away with `null` in a layer between",
                    ),
            );
            return;
        }
        match node.directive {
            Some(Directive::Append | Directive::Prepend) => {
                self.extend(layer, node, path, old);
            }
            Some(Directive::Replace) => self.replace(layer, node, path, old),
            None if is_map => {
                if let Kind::Map(map) = &mut old.kind {
                    let mut map = std::mem::take(map);
                    self.map(layer, node, path, &mut map);
                    old.kind = Kind::Map(map);
                }
            }
            None => self.replace(layer, node, path, old),
        }
    }

    fn replace(&mut self, layer: Layer, node: &Node, path: &str, old: &mut Value) {
        let new = self.fresh(layer, node, path);
        let losers = std::mem::replace(old, new).into_losers();
        old.overrode = losers;
    }

    fn extend(&mut self, layer: Layer, node: &Node, path: &str, old: &mut Value) {
        let Kind::List(inherited) = &mut old.kind else {
            self.conflicts.push(
                Diagnostic::error(&NOT_A_LIST, format!("`{path}` is no list in the layer `{}`", old.layer))
                    .at_with(node.place.clone(), "extended here")
                    .related(old.place.clone(), "not a list")
                    .hint("write the whole list without the tag"),
            );
            return;
        };
        let mut items = std::mem::take(inherited);
        let loser = Loser {
            layer: old.layer,
            place: old.place.clone(),
            shown: format!("[{}]", items.iter().map(Value::shown).collect::<Vec<_>>().join(", ")),
        };
        let added = node.items().iter().map(|item| self.item(layer, item));
        if node.directive == Some(Directive::Append) {
            items.extend(added);
        } else {
            items.splice(0..0, added);
        }
        old.overrode.insert(0, loser);
        (old.kind, old.layer, old.place) = (Kind::List(items), layer, node.place.clone());
    }
}
