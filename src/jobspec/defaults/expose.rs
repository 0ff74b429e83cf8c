//! Paths that the proxy opens for health checks: a check with `expose = true`.
//!
//! Rules: job_endpoint_hook_expose_check.go of Nomad's server.

use sha2::{Digest, Sha256};

use super::super::blocks::{EXPOSE, EXPOSE_PATH, PORT, PROXY};
use super::super::duration;
use super::super::tree::{Object, Value};
use super::{blocks_in, fill, push, text};

/// Adds the path of every exposed check.
pub fn expose(root: &mut Object) {
    for group in root.blocks_mut("TaskGroups") {
        let services = group.blocks("Services").count();
        for i in 0..services {
            let checks =
                group.blocks("Services").nth(i).map_or(0, |service| service.blocks("Checks").count());
            for j in 0..checks {
                expose_check(group, i, j);
            }
        }
    }
}

fn expose_check(group: &mut Object, i: usize, j: usize) -> Option<()> {
    let service = group.blocks("Services").nth(i)?;
    service.block("Connect")?.block("SidecarService")?;
    let check = service.blocks("Checks").nth(j)?;
    let kind = check.str("Type").to_lowercase();
    let exposable = matches!(&*kind, "grpc" | "http") && check.str("Path").starts_with('/');
    if check.bool("Expose") != Some(true) || !exposable {
        return None;
    }
    // More than one network, or another mode, is refused later.
    let modes: Vec<_> = group.blocks("Networks").map(|network| network.str("Mode")).collect();
    let [mode] = modes.as_slice() else { return None };
    if *mode != "bridge" && !mode.starts_with("cni/") {
        return None;
    }
    let local_port = service_port(group, service.str("PortLabel"))?;
    let mut path = Object::new(&EXPOSE_PATH);
    path.set("Path", Value::Str(text(check, "Path")));
    path.set("Protocol", Value::Str(text(check, "Protocol")));
    path.set("LocalPathPort", Value::Int(local_port));
    let mut label = text(check, "PortLabel");
    if label.is_empty() {
        let name = text(service, "Name");
        label = format!("svc_{name}_ck_{}", &hash(check, &format!("{name}_{j}"))[..6]);
        add_port(group, &label);
    }
    path.set("ListenerPort", Value::Str(label.clone()));
    let service = group.blocks_mut("Services").nth(i)?;
    let check = service.blocks_mut("Checks").nth(j)?;
    check.set("PortLabel", Value::Str(label));
    add_path(service, path);
    None
}

/// The number of a service's port inside the group's network: that of a port that has one, or
/// the label if it is a number.
fn service_port(group: &Object, label: &str) -> Option<i64> {
    let ports = group
        .blocks("Networks")
        .flat_map(|network| network.blocks("ReservedPorts").chain(network.blocks("DynamicPorts")));
    let known = ports.filter(|port| port.str("Label") == label).find_map(|port| port.int("Value"));
    known.or_else(|| label.parse().ok()).filter(|port| *port > 0)
}

fn add_port(group: &mut Object, label: &str) {
    let mut port = Object::new(&PORT);
    port.set("Label", label.into());
    port.set("To", Value::Int(-1));
    fill(&mut port);
    if let Some(network) = group.get_mut("Networks").and_then(|node| blocks_in(&mut node.value).next()) {
        push(network, "DynamicPorts", port);
    }
}

fn add_path(service: &mut Object, path: Object) {
    let Some(sidecar) = service.block_mut("Connect").and_then(|connect| connect.block_mut("SidecarService"))
    else {
        return;
    };
    if sidecar.block("Proxy").is_none() {
        sidecar.set("Proxy", Object::new(&PROXY).into());
    }
    let Some(proxy) = sidecar.block_mut("Proxy") else { return };
    if proxy.block("Expose").is_none() {
        proxy.set("Expose", Object::new(&EXPOSE).into());
    }
    let Some(expose) = proxy.block_mut("Expose") else { return };
    if !expose.blocks("Paths").any(|known| *known == path) {
        push(expose, "Paths", path);
    }
}

/// The name that Nomad gives to a check: a hash over what it says.
fn hash(check: &Object, id: &str) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| hash.update(text.as_bytes());
    add(id);
    for json in ["Name", "Type", "Command"] {
        add(check.str(json));
    }
    check.strings("Args").for_each(&mut add);
    for json in ["Path", "Protocol", "PortLabel"] {
        add(check.str(json));
    }
    for json in ["Interval", "Timeout"] {
        add(&duration::go(check.int(json).unwrap_or_default()));
    }
    for json in ["Method", "Body", "OnUpdate", "Notes"] {
        add(check.str(json));
    }
    if check.bool("TLSSkipVerify") == Some(true) {
        add("true");
    }
    add(check.str("TLSServerName"));
    let mut headers: Vec<_> = check
        .map("Header")
        .into_iter()
        .flatten()
        .map(|(key, node)| {
            let values = match &node.value {
                Value::List(list) => list.iter().filter_map(|node| node.as_str()).collect(),
                _ => String::new(),
            };
            format!("{key}{values}")
        })
        .collect();
    headers.sort();
    headers.iter().for_each(|header| add(header));
    add(check.str("AddressMode"));
    add(check.str("GRPCService"));
    if check.bool("GRPCUseTLS") == Some(true) {
        add("true");
    }
    let counts = [
        ("success", "SuccessBeforePassing"),
        ("failures", "FailuresBeforeCritical"),
        ("failures-before-warning", "FailuresBeforeWarning"),
    ];
    for (name, json) in counts {
        if let Some(count) = check.int(json).filter(|count| *count != 0) {
            add(&format!("{name}:{count}"));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
