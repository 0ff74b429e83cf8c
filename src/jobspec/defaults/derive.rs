//! What follows from other values of the job.
//!
//! Rules: `Canonicalize` of Nomad's `api` package and of its server's structs (structs.go,
//! services.go, workload_id.go), and the translation between both (command/agent).

use super::super::blocks::IDENTITY;
use super::super::declare::Type;
use super::super::tree::{Node, Object, Value};
use super::{older, text};

/// What a job says that its groups, tasks and services need to know.
struct Names {
    job: String,
    id: String,
    namespace: String,
    consul_namespace: String,
    vault_namespace: String,
    group: String,
}

/// Fills in all of it, after the constants.
pub fn derive(root: &mut Object) {
    job(root);
    let mut names = Names {
        job: text(root, "Name"),
        id: text(root, "ID"),
        namespace: text(root, "Namespace"),
        consul_namespace: text(root, "ConsulNamespace"),
        vault_namespace: text(root, "VaultNamespace"),
        group: String::new(),
    };
    for group in root.blocks_mut("TaskGroups") {
        names.group = text(group, "Name");
        derive_group(group, &names);
        for task in group.blocks_mut("Tasks") {
            derive_task(task, &names);
        }
    }
}

fn job(root: &mut Object) {
    if root.get("Name").is_null() {
        root.set("Name", Value::Str(text(root, "ID")));
    }
    for (json, value) in [("Namespace", "default"), ("NodePool", "default")] {
        set_if_empty(root, json, value);
    }
    if root.int("Priority") == Some(0) {
        root.set("Priority", Value::Int(50));
    }
    if root.get("Datacenters").value.is_empty() {
        root.set("Datacenters", Value::List(vec![Value::from("*").into()]));
    }
    if let Some(periodic) = root.block_mut("Periodic") {
        set_if_empty(periodic, "TimeZone", "UTC");
    }
}

fn set_if_empty(object: &mut Object, json: &str, value: &str) {
    if object.str(json).is_empty() {
        object.set(json, value.into());
    }
}

fn derive_group(group: &mut Object, names: &Names) {
    if group.get("Count").is_null() {
        let least = group.block("Scaling").and_then(|scaling| scaling.int("Min"));
        group.set("Count", Value::Int(least.unwrap_or(1)));
    }
    let count = group.int("Count").unwrap_or_default();
    if let Some(scaling) = group.block_mut("Scaling") {
        derive_scaling(scaling, count, names, None);
    }
    if let Some(disconnect) = group.block_mut("Disconnect") {
        set_if_empty(disconnect, "Reconcile", "best_score");
    }
    if let Some(consul) = group.block_mut("Consul")
        && !names.consul_namespace.is_empty()
    {
        set_if_empty(consul, "Namespace", &names.consul_namespace);
    }
    // The server drops volumes of a kind that it does not know.
    if let Some(node) = group.get_mut("Volumes")
        && let Value::Map(volumes) = &mut node.value
    {
        volumes.retain(|_, volume| {
            volume.as_object().is_some_and(|volume| matches!(volume.str("Type"), "host" | "csi"))
        });
    }
    for service in group.blocks_mut("Services") {
        derive_service(service, names, None);
    }
}

/// The limits of the autoscaler: at least the count, at most -1 for "not said".
fn derive_scaling(scaling: &mut Object, count: i64, names: &Names, task: Option<&str>) {
    if scaling.get("Min").is_null() {
        scaling.set("Min", Value::Int(count));
    }
    if scaling.get("Max").is_null() {
        scaling.set("Max", Value::Int(-1));
    }
    let mut target = indexmap::IndexMap::new();
    let parts = [("Group", &*names.group), ("Job", &*names.id), ("Namespace", &*names.namespace)];
    for (key, value) in parts.into_iter().chain(task.map(|task| ("Task", task))) {
        target.insert(key.to_owned(), Value::from(value).into());
    }
    scaling.set("Target", Value::Map(target));
}

fn derive_task(task: &mut Object, names: &Names) {
    let name = text(task, "Name");
    for service in task.blocks_mut("Services") {
        derive_service(service, names, Some(&name));
    }
    for scaling in task.blocks_mut("ScalingPolicies") {
        derive_scaling(scaling, 0, names, Some(&name));
    }
    if task.int("KillTimeout") == Some(0) {
        task.set("KillTimeout", Value::Int(5_000_000_000));
    }
    if task.block("Schedule").is_some_and(|schedule| schedule.block("Cron").is_none()) {
        task.set("Schedule", Value::Null);
    }
    if let Some(resources) = task.block_mut("Resources") {
        derive_cpu(resources);
    }
    task.blocks_mut("Artifacts").for_each(derive_artifact);
    task.blocks_mut("Templates").for_each(derive_template);
    if let Some(vault) = task.block_mut("Vault") {
        upper_signal(vault);
        set_if_empty(vault, "ChangeMode", "restart");
        if !names.vault_namespace.is_empty() {
            set_if_empty(vault, "Namespace", &names.vault_namespace);
        }
    }
    if let Some(node) = task.get_mut("VolumeMounts")
        && let Value::List(mounts) = &mut node.value
    {
        mounts.retain(|mount| mount.as_object().is_some_and(|mount| !mount.get("Volume").is_null()));
    }
    derive_identity(task);
}

/// 100 MHz where neither `cpu` nor `cores` is written.
///
/// The constant 0 of `Cores` is there already, but no file says it.
pub fn derive_cpu(resources: &mut Object) {
    if resources.get("CPU").is_null() {
        let cores = resources.get("Cores");
        let written = cores.span.is_some() || cores.as_int() != Some(0);
        resources.set("CPU", Value::Int(if written { 0 } else { 100 }));
    }
}

/// Where an artifact goes: `local/`, or for a single file `local/` and its name.
fn derive_artifact(artifact: &mut Object) {
    if artifact.get("RelativeDest").is_null() {
        let destination = if artifact.str("GetterMode") == "file" {
            let source = artifact.str("GetterSource").trim_end_matches('/');
            let name = source.rsplit('/').next().unwrap_or_default();
            match name {
                "" => "local".to_owned(),
                name => format!("local/{name}"),
            }
        } else {
            "local/".to_owned()
        };
        artifact.set("RelativeDest", Value::Str(destination));
    }
}

/// The signal of a template: `SIGHUP` for the mode `signal` unless written; in capitals.
fn derive_template(template: &mut Object) {
    if template.get("ChangeSignal").is_null() {
        let signal = if template.str("ChangeMode") == "signal" { "SIGHUP" } else { "" };
        template.set("ChangeSignal", signal.into());
    }
    upper_signal(template);
}

fn upper_signal(object: &mut Object) {
    let Some(node) = object.get_mut("ChangeSignal") else { return };
    if let Value::Str(signal) = &mut node.value {
        *signal = signal.to_uppercase();
    }
}

/// Every task has the default identity; it stands apart from the others.
pub fn derive_identity(task: &mut Object) {
    let mut default = None;
    if let Some(node) = task.get_mut("Identities")
        && let Value::List(identities) = &mut node.value
    {
        for identity in identities.iter_mut() {
            if let Value::Object(identity) = &mut identity.value {
                derive_default_identity(identity);
            }
        }
        // Of several the server takes the last, and refuses the job for the others.
        let is_default = |identity: &Node| identity.as_object().is_some_and(|it| it.str("Name") == "default");
        default = identities.iter().rposition(is_default).map(|last| identities.remove(last));
        if identities.is_empty() {
            node.value = Value::Null;
        }
    }
    if let Some(node) = task.get_mut("Identity") {
        if let Some(default) = default {
            *node = default;
        }
        if node.is_null() {
            node.value = Object::new(&IDENTITY).into();
        }
        if let Value::Object(identity) = &mut node.value {
            derive_default_identity(identity);
        }
    }
}

/// The default identity is only for Nomad itself.
fn derive_default_identity(identity: &mut Object) {
    set_if_empty(identity, "Name", "default");
    if identity.str("Name") == "default" {
        identity.set("Audience", Value::List(vec![Value::from("nomadproject.io").into()]));
    }
    upper_signal(identity);
}

/// A service's name, namespace and checks.
fn derive_service(service: &mut Object, names: &Names, task: Option<&str>) {
    let Names { job, group, .. } = names;
    let base = format!("{job}-{group}-{}", task.unwrap_or("group"));
    let name = match (service.str("Name"), task) {
        ("", Some(task)) => format!("{job}-{group}-{task}"),
        ("", None) => format!("{job}-{group}"),
        (name, _) => interpolate(name, |key| match key {
            "JOB" => Some(job.clone()),
            "TASKGROUP" => Some(group.clone()),
            "TASK" => Some(task.unwrap_or("group").to_owned()),
            "BASE" => Some(base.clone()),
            _ => None,
        }),
    };
    if let Some(node) = service.get_mut("Name") {
        node.value = Value::Str(name.clone());
    }
    if let Some(task) = task {
        set_if_empty(service, "TaskName", task);
    }
    // What a submitted service says is not read (`ApiServicesToStructs`).
    match service.str("Provider") {
        "nomad" => service.set("Namespace", Value::Str(names.namespace.clone())),
        "consul" => service.set("Namespace", "default".into()),
        _ => {}
    }
    if let Some(weights) = service.block_mut("Weights") {
        for json in ["Passing", "Warning"] {
            if weights.int(json).is_some_and(|weight| weight <= 0) {
                weights.set(json, Value::Int(1));
            }
        }
    }
    older::names(service);
    if let Some(task) = service.block_mut("Connect").and_then(|connect| connect.block_mut("SidecarTask"))
        && let Some(resources) = task.block_mut("Resources")
    {
        derive_cpu(resources);
    }
    let owner = text(service, "TaskName");
    for check in service.blocks_mut("Checks") {
        derive_check(check, &name, &owner, task.is_some());
    }
}

fn derive_check(check: &mut Object, service: &str, task: &str, of_task: bool) {
    if check.str("Name").is_empty() {
        check.set("Name", Value::Str(format!("service: {service:?} check")));
    }
    // The task of a check counts only in a service of the group.
    if of_task || check.str("TaskName").is_empty() {
        check.set("TaskName", Value::Str(task.to_owned()));
    }
    for json in ["SuccessBeforePassing", "FailuresBeforeCritical", "FailuresBeforeWarning"] {
        if check.int(json).is_some_and(|count| count < 0) {
            check.set(json, Value::Int(0));
        }
    }
    set_if_empty(check, "OnUpdate", "require_healthy");
}

/// Replaces `${NAME}` where the name is known.
pub fn interpolate(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, inner) = rest.split_at(start);
        let inner = &inner[2..];
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
        out.push_str(before);
        match end.filter(|end| *end > 0 && inner[*end..].starts_with('}')) {
            Some(end) => {
                match value(&inner[..end]) {
                    Some(value) => out.push_str(&value),
                    None => out.push_str(&rest[start..start + 2 + end + 1]),
                }
                rest = &inner[end + 1..];
            }
            None => {
                out.push_str("${");
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The zero of a type: what the server stores where it has no null.
pub fn zero(ty: Type) -> Value {
    match ty {
        Type::String => Value::from(""),
        Type::Bool => Value::Bool(false),
        Type::Int(_) | Type::Duration => Value::Int(0),
        _ => Value::Null,
    }
}
