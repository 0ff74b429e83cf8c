//! Constraints that follow from what a group uses.
//!
//! Rules: the admission mutators of Nomad's server (job_endpoint_hooks.go,
//! job_endpoint_hook_consul.go, job_endpoint_hook_implicit_identities.go).

use std::collections::BTreeMap;

use super::super::blocks::CONSTRAINT;
use super::super::syntax::Span;
use super::super::tree::{Object, Value};
use super::{push, text};

const VERSION: &str = "${attr.nomad.version}";
const SIGNALS: &str = "${attr.os.signals}";

/// A constraint: what is looked at, what it is compared with, how.
pub fn constraint(left: &str, right: &str, operator: &str) -> Object {
    let mut constraint = Object::new(&CONSTRAINT);
    constraint.set("LTarget", left.into());
    constraint.set("RTarget", right.into());
    constraint.set("Operand", operator.into());
    constraint
}

/// Adds a constraint, unless one on the same left side is there.
fn add_unless_left(object: &mut Object, left: &str, right: &str, operator: &str) {
    if !object.blocks("Constraints").any(|other| other.str("LTarget") == left) {
        push(object, "Constraints", constraint(left, right, operator));
    }
}

/// Adds a constraint, unless the same is there.
fn add_unless_same(object: &mut Object, left: &str, right: &str, operator: &str) {
    add(object, constraint(left, right, operator));
}

fn add(object: &mut Object, new: Object) {
    if !object.blocks("Constraints").any(|other| *other == new) {
        push(object, "Constraints", new);
    }
}

/// Adds all of them.
pub fn constrain(root: &mut Object) {
    let providers = secret_providers(root);
    for group in root.blocks_mut("TaskGroups") {
        vault(group);
        for provider in &providers {
            add_unless_left(group, &format!("${{attr.plugins.secrets.{provider}.version}}"), "", "is_set");
        }
        numa(group);
        signals(group);
        services(group);
        if group.blocks("Networks").any(|network| network.str("Mode") == "bridge") {
            for plugin in ["bridge", "firewall", "host-local", "loopback", "portmap"] {
                let left = format!("${{attr.plugins.cni.version.{plugin}}}");
                add_unless_left(group, &left, ">= 0.4.0", "semver");
            }
        }
        if group.blocks("Services").any(has_transparent_proxy) {
            add_unless_left(group, "${attr.plugins.cni.version.consul-cni}", ">= 1.4.2", "semver");
            add_unless_left(group, VERSION, ">= 1.8.0-dev", "semver");
        }
        if group.blocks("Tasks").any(|task| task.block("Schedule").is_some()) {
            add_unless_left(group, VERSION, ">= 1.8.0-dev", "semver");
        }
        identities(group);
    }
}

/// Groups and tasks with a Consul admin partition stay in it. Comes before the service mesh's
/// own changes.
pub fn partitions(group: &mut Object) {
    let stay = |object: &mut Object| {
        let Some(consul) = object.block("Consul").filter(|consul| !consul.str("Partition").is_empty()) else {
            return;
        };
        let partition = text(consul, "Partition");
        let left = match consul.str("Cluster") {
            "" | "default" => "${attr.consul.partition}".to_owned(),
            cluster => format!("${{attr.consul.{cluster}.partition}}"),
        };
        add_unless_same(object, &left, &partition, "=");
    };
    stay(group);
    group.blocks_mut("Tasks").for_each(stay);
}

/// Where secrets come from, over all groups.
fn secret_providers(root: &Object) -> Vec<String> {
    let mut providers: Vec<String> = Vec::new();
    for task in root.blocks("TaskGroups").flat_map(|group| group.blocks("Tasks")) {
        for secret in task.blocks("Secrets") {
            if !providers.iter().any(|known| known == secret.str("Provider")) {
                providers.push(text(secret, "Provider"));
            }
        }
    }
    providers
}

/// Tasks with Vault need a client that found it.
fn vault(group: &mut Object) {
    let mut tasks: Vec<_> = group
        .blocks("Tasks")
        .filter_map(|task| Some((text(task, "Name"), text(task.block("Vault")?, "Cluster"))))
        .collect();
    tasks.sort();
    for (_, cluster) in tasks {
        match cluster.as_str() {
            "" | "default" => add_unless_left(group, "${attr.vault.version}", ">= 0.6.1", "semver"),
            cluster => {
                let left = format!("${{attr.vault.{cluster}.version}}");
                add_unless_left(group, &left, ">= 1.11.0", "semver");
            }
        }
    }
}

fn numa(group: &mut Object) {
    let requested = group.blocks("Tasks").any(|task| {
        let numa = task.block("Resources").and_then(|resources| resources.block("NUMA"));
        numa.is_some_and(|numa| numa.str("Affinity") != "none")
    });
    if requested {
        add_unless_same(group, VERSION, ">= 1.6.3-dev", "semver");
        add_unless_same(group, "${attr.kernel.name}", "linux", "=");
    }
}

/// Signals that tasks are sent must exist on the node.
fn signals(group: &mut Object) {
    let mut signals: BTreeMap<String, Option<Span>> = BTreeMap::new();
    for task in group.blocks("Tasks") {
        let named = |block: &Object, json: &str| (text(block, json), block.get(json).span);
        let changes = task.blocks("Templates").chain(task.block("Vault"));
        let on_change = changes.filter(|block| block.str("ChangeMode") == "signal");
        signals.extend(on_change.map(|block| named(block, "ChangeSignal")));
        signals.extend(Some(named(task, "KillSignal")).filter(|(signal, _)| !signal.is_empty()));
    }
    // Several are one text, which no one place says.
    let span = signals.values().next().copied().flatten().filter(|_| signals.len() == 1);
    if !signals.is_empty() {
        let mut new = constraint(SIGNALS, &signals.into_keys().collect::<Vec<_>>().join(","), "set_contains");
        if let Some(value) = new.get_mut("RTarget") {
            value.span = span;
        }
        add(group, new);
    }
}

/// Services need clients with the catalogue that they name.
fn services(group: &mut Object) {
    let all =
        || group.blocks("Services").chain(group.blocks("Tasks").flat_map(|task| task.blocks("Services")));
    let nomad = all().any(|service| service.str("Provider") == "nomad");
    let checks =
        all().any(|service| service.str("Provider") == "nomad" && service.blocks("Checks").next().is_some());
    if nomad {
        add_unless_same(group, "${attr.nomad.service_discovery}", "true", "=");
    }
    if checks {
        add_unless_same(group, VERSION, ">= 1.4.0", "semver");
    }
    consul(group);
    group.blocks_mut("Tasks").for_each(consul);
}

/// The clusters of the Consul services of a group or task.
fn consul(object: &mut Object) {
    let services = object.blocks("Services").filter(|service| is_consul(service));
    let clusters: Vec<_> = services.map(|service| text(service, "Cluster")).collect();
    for cluster in clusters {
        add_unless_left(object, &consul_version(&cluster), ">= 1.8.0", "semver");
    }
}

/// The attribute with the version of a Consul cluster.
pub fn consul_version(cluster: &str) -> String {
    match cluster {
        "" | "default" => "${attr.consul.version}".to_owned(),
        cluster => format!("${{attr.consul.{cluster}.version}}"),
    }
}

fn is_consul(service: &Object) -> bool {
    matches!(service.str("Provider"), "" | "consul")
}

fn has_transparent_proxy(service: &Object) -> bool {
    let sidecar = service.block("Connect").and_then(|connect| connect.block("SidecarService"));
    let proxy = sidecar.and_then(|sidecar| sidecar.block("Proxy"));
    proxy.is_some_and(|proxy| proxy.block("TransparentProxy").is_some())
}

/// Names the identities of Consul services; who has identities needs a client that knows them.
fn identities(group: &mut Object) {
    let mut any = false;
    group.blocks_mut("Services").for_each(|service| any |= service_identity(service));
    for task in group.blocks_mut("Tasks") {
        task.blocks_mut("Services").for_each(|service| any |= service_identity(service));
        any |= task.blocks("Identities").next().is_some();
    }
    if any {
        add_unless_same(group, VERSION, ">= 1.7.0-a", "semver");
    }
}

/// Whether the service has an identity; that of a Consul service gets the name that is
/// expected there.
fn service_identity(service: &mut Object) -> bool {
    let [name, port, task] = ["Name", "PortLabel", "TaskName"].map(|json| text(service, json));
    let consul = is_consul(service);
    let Some(identity) = service.block_mut("Identity") else { return false };
    if consul {
        let task = if task.is_empty() { task } else { format!("{task}-") };
        identity.set("Name", Value::Str(format!("consul-service_{task}{name}-{port}")));
        identity.set("ServiceName", Value::Str(name));
    }
    true
}
