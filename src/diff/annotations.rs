//! What the server says it would do with each group: to be shown beside the diff.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the server would do, by group, and what it says of tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Annotations {
    /// By the group's name.
    pub groups: BTreeMap<String, Updates>,
    /// By the group's name, then the task's: `forces create/destroy update`.
    pub tasks: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// How many allocations of a group meet which fate (Nomad's `DesiredUpdates`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase", serialize = "snake_case"), default)]
pub struct Updates {
    /// Are created.
    pub place: u64,
    /// Are stopped.
    pub stop: u64,
    /// Are stopped and created anew.
    pub destructive_update: u64,
    /// Are changed while they run.
    pub in_place_update: u64,
    /// Are created beside the old ones until promoted.
    pub canary: u64,
    /// Move to another node.
    pub migrate: u64,
    /// Are left alone.
    pub ignore: u64,
    /// Of other jobs, have to make room.
    pub preemptions: u64,
    /// Are taken for lost with their node.
    pub disconnect: u64,
    /// Came back with their node.
    pub reconnect: u64,
    /// Are placed anew at once.
    pub reschedule_now: u64,
    /// Are placed anew later.
    pub reschedule_later: u64,
}

impl Updates {
    /// In words: `2 create/destroy, 1 in-place, 3 unchanged`; empty where nothing is said.
    pub fn words(&self) -> String {
        let counts = [
            (self.place, "create"),
            (self.destructive_update, "create/destroy"),
            (self.in_place_update, "in-place"),
            (self.canary, "canary"),
            (self.stop, "stop"),
            (self.migrate, "migrate"),
            (self.reschedule_now, "reschedule now"),
            (self.reschedule_later, "reschedule later"),
            (self.disconnect, "disconnect"),
            (self.reconnect, "reconnect"),
            (self.ignore, "unchanged"),
            (self.preemptions, "preempted of other jobs"),
        ];
        let words =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        words.collect::<Vec<_>>().join(", ")
    }

    /// How many allocations are not what they were: all but those that are left alone.
    pub fn moved(&self) -> u64 {
        self.place
            + self.stop
            + self.destructive_update
            + self.in_place_update
            + self.canary
            + self.migrate
            + self.reschedule_now
            + self.reschedule_later
    }

    /// Whether a running allocation is touched.
    pub fn moves(&self) -> bool {
        self.stop + self.destructive_update + self.migrate + self.reschedule_now > 0
    }
}

impl Annotations {
    /// What the server says of each group, with what its diff (`JobDiff`) says of each task.
    ///
    /// What is missing in the diff or has another shape is left out.
    pub fn new(groups: BTreeMap<String, Updates>, diff: &Value) -> Self {
        let mut annotations = Self { groups, tasks: BTreeMap::new() };
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        for group in list(diff.get("TaskGroups")) {
            for task in list(group.get("Tasks")) {
                let notes = list(task.get("Annotations"));
                let notes: Vec<String> = notes.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                if !notes.is_empty() {
                    let tasks = annotations.tasks.entry(text(&group, "Name")).or_default();
                    tasks.insert(text(&task, "Name"), notes);
                }
            }
        }
        annotations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read() {
        let updates = Updates { place: 1, destructive_update: 2, ignore: 3, ..Updates::default() };
        let diff = serde_json::json!({"TaskGroups": [{"Name": "web", "Tasks": [
            {"Name": "app", "Annotations": ["forces create/destroy update"]},
            {"Name": "log", "Annotations": null},
        ]}]});
        let annotations = Annotations::new(BTreeMap::from([("web".to_owned(), updates)]), &diff);
        assert_eq!(annotations.groups["web"].words(), "1 create, 2 create/destroy, 3 unchanged");
        assert!(annotations.groups["web"].moves());
        assert_eq!(annotations.tasks["web"]["app"], ["forces create/destroy update"]);
        assert_eq!(annotations.tasks["web"].len(), 1);
        assert_eq!(Annotations::new(BTreeMap::new(), &Value::Null), Annotations::default());
    }
}
