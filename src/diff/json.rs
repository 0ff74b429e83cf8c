//! The diff as JSON: a flat list of changes, stable within a major version.
//!
//! ```json
//! {
//!   "id": "fooserver-prod",
//!   "type": "changed",
//!   "changes": [
//!     {"type": "changed", "group": "api", "path": "count", "old": 1, "new": 3,
//!      "place": {"file": "jobs/fooserver.yaml", "line": 7, "column": 12, "layer": "envs.prod"}},
//!     {"type": "added", "group": "api", "task": "web", "path": "env.LOG_LEVEL", "new": "debug"},
//!     {"type": "added", "group": "api", "task": "web", "path": "template[\"local/app.conf\"]"}
//!   ]
//! }
//! ```
//!
//! - `type` of the job: `added`, `removed`, `changed`, or `none` (then `changes` is empty); of a change: one of the
//!   first three.
//! - `group` and `task`: where the change is; left out where it is not inside one.
//! - `path`: the attribute, from there, in the names of the job specification, with the title of a
//!   repeated block in brackets; empty for a group or task as a whole.
//! - `old`, `new`: the values, left out where there is none. Durations are nanoseconds, as in Nomad's
//!   API. A block that came or went has neither; its attributes follow as changes of their own.
//! - `secret`: `true` where a value is hidden behind its fingerprint (`‹secret 3fa9c1›`).
//! - `place`: where the new value comes from, where that is known; with the `layer` of values that it is in. With
//!   `around`, the place is that of what does not have it (any more); with `before`, that of what is gone in the older
//!   revision.

use serde_json::{Map, Value as Json, json};

use super::change::{Change, Item, JobDiff, Kind, What};
use super::style::key;
use super::text::{Show, list_masked, quoted_title};
use crate::jobspec::tree::Value;
use crate::merge::{Cause, Standing};

/// The diff as the documented JSON object. The style of `show` does not matter.
pub fn to_json(diff: &JobDiff, show: &Show<'_>) -> Json {
    json!({
        "id": diff.id,
        "type": diff.kind.map_or("none", Kind::word),
        "changes": changes(&diff.changes, show),
    })
}

/// Changes as a flat list.
pub(super) fn changes(changes: &[Change], show: &Show<'_>) -> Vec<Json> {
    let mut writer = Writer { show, changes: Vec::new(), group: None, task: None };
    for change in changes {
        writer.change(change, "");
    }
    writer.changes
}

/// A place as an object.
pub(super) fn place(cause: &Cause) -> Json {
    let place = &cause.place;
    let position = place.source.position(place.start);
    let mut json = json!({ "file": place.source.name(), "line": position.line, "column": position.column });
    if let Some(layer) = &cause.layer {
        json["layer"] = layer.clone().into();
    }
    match cause.standing {
        Standing::Here => {}
        Standing::Around => json["around"] = true.into(),
        Standing::Before => json["before"] = true.into(),
    }
    json
}

struct Writer<'s, 'a> {
    show: &'s Show<'a>,
    changes: Vec<Json>,
    group: Option<String>,
    task: Option<String>,
}

impl Writer<'_, '_> {
    fn change(&mut self, change: &Change, path: &str) {
        let name = key(&change.name);
        let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
        match &change.what {
            What::Value { old, new, .. } => {
                let (old, new) = (self.value(&change.name, old), self.value(&change.name, new));
                self.push(change, &path, old, new);
            }
            What::List(items) => {
                let list = |gone: Kind| {
                    let kept: Vec<Item> =
                        items.iter().filter(|item| item.kind != Some(gone)).cloned().collect();
                    let texts = list_masked(self.show.masker, &change.name, &kept);
                    let values =
                        kept.iter().zip(&texts).map(|(item, text)| self.item(&change.name, item, text));
                    (!kept.is_empty()).then(|| Json::Array(values.collect()))
                };
                let (old, new) = (list(Kind::Added), list(Kind::Removed));
                self.push(change, &path, old, new);
            }
            What::Map(changes) => changes.iter().for_each(|change| self.change(change, &path)),
            What::Block { label, repeated, changes } => {
                self.block(change, &path, (label.as_deref(), *repeated), changes)
            }
        }
    }

    fn block(
        &mut self,
        change: &Change,
        path: &str,
        (label, repeated): (Option<&str>, bool),
        changes: &[Change],
    ) {
        let path = match (&*change.name, label) {
            ("group", Some(label)) => {
                self.group = Some(label.to_owned());
                String::new()
            }
            ("task", Some(label)) => {
                self.task = Some(label.to_owned());
                String::new()
            }
            (_, Some(label)) if repeated => format!("{path}[{}]", quoted_title(self.show.masker, label)),
            _ => path.to_owned(),
        };
        if change.kind != Kind::Changed {
            self.push(change, &path, None, None);
        }
        for change in changes {
            self.change(change, &path);
        }
        match &*change.name {
            "group" => self.group = None,
            "task" => self.task = None,
            _ => {}
        }
    }

    fn push(&mut self, change: &Change, path: &str, old: Option<Json>, new: Option<Json>) {
        let mut entry = Map::new();
        entry.insert("type".to_owned(), change.kind.word().into());
        if let Some(group) = &self.group {
            entry.insert("group".to_owned(), group.clone().into());
        }
        if let Some(task) = &self.task {
            entry.insert("task".to_owned(), task.clone().into());
        }
        entry.insert("path".to_owned(), path.into());
        let secret = [&old, &new].into_iter().flatten().any(|value| value.to_string().contains("‹secret "));
        for (key, value) in [("old", old), ("new", new)] {
            if let Some(value) = value {
                entry.insert(key.to_owned(), value);
            }
        }
        if secret {
            entry.insert("secret".to_owned(), true.into());
        }
        if let Some(found) = change.spot().and_then(|spot| self.show.place.and_then(|find| find(spot))) {
            entry.insert("place".to_owned(), place(&found));
        }
        self.changes.push(Json::Object(entry));
    }

    fn item(&self, name: &str, item: &Item, text: &str) -> Json {
        match &item.value {
            Value::Str(_) => text.into(),
            value => self.value(name, value).unwrap_or(Json::Null),
        }
    }

    /// A value with its secrets masked; `None` where there is none.
    fn value(&self, name: &str, value: &Value) -> Option<Json> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(truth) => (*truth).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Str(text) => self.show.masker.value(name, text).into(),
            Value::List(list) => {
                list.iter().map(|node| self.value(name, &node.value).unwrap_or(Json::Null)).collect()
            }
            Value::Map(map) => {
                let entry = |(name, node): (&String, &crate::jobspec::tree::Node)| {
                    (name.clone(), self.value(name, &node.value).unwrap_or(Json::Null))
                };
                Json::Object(map.iter().map(entry).collect())
            }
            Value::Object(_) => return None,
        })
    }
}
