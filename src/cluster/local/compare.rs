//! What a change of a job does to its allocations.
//!
//! The rules are those of Nomad's scheduler: a change of what a task is made of destroys its
//! allocation, any other change of the job is done in place.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::cluster::JobDocument;
use crate::diff::annotations::Updates;

/// What of a group is fixed when an allocation is created.
const FIXED_IN_GROUP: [&str; 4] = ["EphemeralDisk", "Networks", "Consul", "Volumes"];

/// What of a task is fixed when an allocation is created.
const FIXED_IN_TASK: [&str; 14] = [
    "Driver",
    "User",
    "Config",
    "Env",
    "Artifacts",
    "Vault",
    "Secrets",
    "Consul",
    "Templates",
    "CSIPluginConfig",
    "VolumeMounts",
    "Resources",
    "Identity",
    "Identities",
];

/// The groups of a job.
pub(super) fn groups(job: &Value) -> Vec<&Value> {
    items(job, "TaskGroups")
}

/// The tasks of a group.
pub(super) fn tasks(group: &Value) -> Vec<&Value> {
    items(group, "Tasks")
}

fn items<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    value.get(key).and_then(Value::as_array).map(|list| list.iter().collect()).unwrap_or_default()
}

/// The name of a group or task.
pub(super) fn name(value: &Value) -> &str {
    value.get("Name").and_then(Value::as_str).unwrap_or_default()
}

/// How many allocations a group has; a system job has one, on the one node that there is.
pub(super) fn count(job: &Value, group: &Value) -> u64 {
    match job.get("Type").and_then(Value::as_str) {
        Some("system" | "sysbatch") => 1,
        _ => group.get("Count").and_then(Value::as_u64).unwrap_or(1),
    }
}

fn is_template(job: &Value) -> bool {
    let is_set = |key: &str| job.get(key).is_some_and(|value| !value.is_null());
    is_set("Periodic") || (is_set("ParameterizedJob") && job.get("Dispatched") != Some(&Value::Bool(true)))
}

/// Whether both say the same: null, an empty list and an empty map count as absent.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    normal(a) == normal(b)
}

fn normal(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), normal(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(normal).collect()),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// What happens per group when `to` replaces `from` (`None`: nothing runs).
pub(super) fn updates(from: Option<&JobDocument>, to: &JobDocument) -> IndexMap<String, Updates> {
    let mut updates = IndexMap::new();
    let changed = from.is_some_and(|from| !same(from, to));
    for group in groups(to) {
        let new = if is_template(to) { 0 } else { count(to, group) };
        let old_group = from.and_then(|from| groups(from).into_iter().find(|old| name(old) == name(group)));
        let update = match (from, old_group) {
            (Some(from), Some(old_group)) => {
                let old = if is_template(from) { 0 } else { count(from, old_group) };
                let kept = old.min(new);
                let mut update = Updates {
                    place: new.saturating_sub(old),
                    stop: old.saturating_sub(new),
                    ..Updates::default()
                };
                if destroys(from, old_group, to, group) {
                    let strategy = strategy(to, group);
                    if let Some(canaries) = strategy.canary.filter(|_| kept > 0) {
                        update.canary = canaries;
                        update.ignore = kept;
                    } else {
                        update.destructive_update = strategy.at_once.map_or(kept, |limit| kept.min(limit));
                        update.ignore = kept - update.destructive_update;
                    }
                } else if changed {
                    update.in_place_update = kept;
                } else {
                    update.ignore = kept;
                }
                update
            }
            _ => Updates { place: new, ..Updates::default() },
        };
        updates.insert(name(group).to_owned(), update);
    }
    for (job, old) in from.iter().flat_map(|from| groups(from).into_iter().map(move |old| (from, old))) {
        if !updates.contains_key(name(old)) {
            let stop = if is_template(job) { 0 } else { count(job, old) };
            updates.insert(name(old).to_owned(), Updates { stop, ..Updates::default() });
        }
    }
    updates
}

struct Strategy {
    at_once: Option<u64>,
    canary: Option<u64>,
}

/// How many allocations an update replaces at a time; only services have a strategy.
fn strategy(job: &Value, group: &Value) -> Strategy {
    if job.get("Type").and_then(Value::as_str).is_some_and(|kind| kind != "service") {
        return Strategy { at_once: None, canary: None };
    }
    let field = |key: &str| {
        let of =
            |value: &Value| value.get("Update").and_then(|update| update.get(key)).and_then(Value::as_u64);
        of(group).or_else(|| of(job))
    };
    Strategy {
        at_once: Some(field("MaxParallel").unwrap_or(1)).filter(|limit| *limit > 0),
        canary: field("Canary").filter(|canary| *canary > 0),
    }
}

fn destroys(old_job: &Value, old: &Value, new_job: &Value, new: &Value) -> bool {
    let field = |value: &Value, key: &str| normal(value.get(key).unwrap_or(&Value::Null));
    let differs = |a: &Value, b: &Value, key: &str| {
        let (a, b) = (field(a, key), field(b, key));
        a != b && !(is_empty(&a) && is_empty(&b))
    };
    let inner = |value: &Value, key: &str, inner: &str| {
        value.get(key).map_or(Value::Null, |value| field(value, inner))
    };
    let inner_differs = |a: &Value, b: &Value, key: &str, field: &str| {
        let is_true = |value: &Value| inner(value, key, field) == Value::Bool(true);
        is_true(a) != is_true(b)
    };
    let connected = |group: &Value| -> Vec<Value> {
        let services = items(group, "Services").into_iter();
        services.filter(|service| !is_empty(&field(service, "Connect"))).map(normal).collect()
    };
    if tasks(old).len() != tasks(new).len()
        || FIXED_IN_GROUP.iter().any(|key| differs(old, new, key))
        || connected(old) != connected(new)
        || inner_differs(old, new, "RestartPolicy", "RenderTemplates")
    {
        return true;
    }
    tasks(new).into_iter().any(|task| {
        let Some(before) = tasks(old).into_iter().find(|before| name(before) == name(task)) else {
            return true;
        };
        FIXED_IN_TASK.iter().any(|key| differs(before, task, key))
            || inner_differs(before, task, "LogConfig", "Disabled")
            || inner_differs(before, task, "RestartPolicy", "RenderTemplates")
            || meta(old_job, old, before) != meta(new_job, new, task)
    })
}

/// The meta that a task sees: its own over its group's over the job's.
fn meta(job: &Value, group: &Value, task: &Value) -> IndexMap<String, Value> {
    let layers =
        [job, group, task].into_iter().filter_map(|layer| layer.get("Meta").and_then(Value::as_object));
    layers.flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(count: u64, workers: &str, port: &str) -> Value {
        json!({"ID": "x", "Type": "service", "Update": {"MaxParallel": 1}, "TaskGroups": [{
            "Name": "g", "Count": count, "Services": [{"Name": "s", "PortLabel": port}],
            "Tasks": [{"Name": "t", "Driver": "raw_exec", "Env": {"WORKERS": workers}, "Meta": null}],
        }]})
    }

    fn of(from: Option<&Value>, to: &Value) -> Updates {
        updates(from, to)["g"]
    }

    /// The counts are those that a real Nomad answered for the same changes.
    #[test]
    fn counts_are_those_of_nomad() {
        let none = Updates::default();
        let old = job(2, "10", "http");
        assert_eq!(of(None, &old), Updates { place: 2, ..none });
        assert_eq!(of(Some(&old), &old), Updates { ignore: 2, ..none });
        let env = job(2, "34", "http");
        assert_eq!(of(Some(&old), &env), Updates { ignore: 1, destructive_update: 1, ..none });
        assert_eq!(of(Some(&old), &job(3, "10", "http")), Updates { place: 1, in_place_update: 2, ..none });
        assert_eq!(of(Some(&old), &job(1, "10", "admin")), Updates { stop: 1, in_place_update: 1, ..none });
    }

    #[test]
    fn a_group_that_is_gone_is_stopped() {
        let mut without = job(2, "10", "http");
        without["TaskGroups"][0]["Name"] = "other".into();
        let updates = updates(Some(&job(2, "10", "http")), &without);
        assert_eq!((updates["other"].place, updates["g"].stop), (2, 2));
    }

    /// Tasks see the job's meta as environment, so a change of it replaces them.
    #[test]
    fn a_change_of_the_jobs_meta_destroys() {
        let mut tagged = job(2, "10", "http");
        tagged["Meta"] = json!({"a": "1"});
        assert_eq!(of(Some(&job(2, "10", "http")), &tagged).destructive_update, 1);
    }

    #[test]
    fn empty_and_absent_are_the_same() {
        assert!(same(&json!({"a": null, "b": [], "c": {"d": null}, "e": 1}), &json!({"e": 1})));
        assert!(!same(&json!({"a": 0}), &json!({})));
    }
}
