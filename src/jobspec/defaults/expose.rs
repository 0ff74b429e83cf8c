//! Paths that the proxy opens for health checks: a check with `expose = true`.
//!
//! Rules: job_endpoint_hook_expose_check.go of Nomad's server.

use sha2::{Digest, Sha256};

use super::super::blocks::{EXPOSE, EXPOSE_PATH, PORT, PROXY};
use super::super::duration;
use super::super::tree::{Object, Value};
use super::{blocks_in, fill, push};

/// Adds the path of every exposed check.
pub fn expose(root: &mut Object) {
    for group in root.blocks_mut("TaskGroups") {
        let services = group.blocks("Services").count();
        for i in 0..services {
            let checks =
                group.blocks("Services").nth(i).map_or(0, |service| service.blocks("Checks").count());
            for j in 0..checks {
                // A check that cannot be exposed is refused later.
                let Some((label, path, new_port)) = exposed(group, i, j) else { continue };
                if new_port {
                    add_port(group, &label);
                }
                if let Some(service) = group.blocks_mut("Services").nth(i) {
                    if let Some(check) = service.blocks_mut("Checks").nth(j) {
                        check.set("PortLabel", Value::Str(label));
                    }
                    add_path(service, path);
                }
            }
        }
    }
}

/// The port label and the path of a check, and whether the port must be added to the network.
fn exposed(group: &Object, i: usize, j: usize) -> Option<(String, Object, bool)> {
    let service = group.blocks("Services").nth(i)?;
    service.block("Connect")?.block("SidecarService")?;
    let check = service.blocks("Checks").nth(j)?;
    let kind = check.str("Type").to_lowercase();
    let exposable = matches!(&*kind, "grpc" | "http") && check.str("Path").starts_with('/');
    if check.bool("Expose") != Some(true) || !exposable {
        return None;
    }
    let modes: Vec<_> = group.blocks("Networks").map(|network| network.str("Mode")).collect();
    let [mode] = modes.as_slice() else { return None };
    if *mode != "bridge" && !mode.starts_with("cni/") {
        return None;
    }
    let local_port = service_port(group, service.str("PortLabel"))?;
    let (label, new_port) = match check.str("PortLabel") {
        "" => {
            let name = service.str("Name");
            (format!("svc_{name}_ck_{}", &hash(check, &format!("{name}_{j}"))[..6]), true)
        }
        label => (label.to_owned(), false),
    };
    let mut path = Object::new(&EXPOSE_PATH);
    path.set("Path", check.str("Path").into());
    path.set("Protocol", check.str("Protocol").into());
    path.set("LocalPathPort", Value::Int(local_port));
    path.set("ListenerPort", label.as_str().into());
    Some((label, path, new_port))
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
