//! Networks of a group and their ports.

use std::collections::HashMap;

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::is_domain_name;
use crate::validate::view::{Block, Site};

const MAX_PORT: i64 = 65535;

rules! {
    NETWORKS {
        Error PORT_LABEL_TWICE = "P0610", labels, "each port of a group has a label of its own", "structs.TaskGroup.validateNetworks";
        Error PORT_STATIC = "P0611", static_ports, "a static port is at most 65535 and used once on a host network", "structs.TaskGroup.validateNetworks";
        Error CNI_ARGS = "P0612", cni_args, "CNI arguments are given once and have no `;`", "structs.TaskGroup.validateNetworks";
        Warning MBITS = "P0613", mbits, "mbits is deprecated", "structs.TaskGroup.Warnings";
    }
    NETWORK {
        Error PORT_TO = "P0614", port_to, "a port is mapped to -1 or a port up to 65535", "structs.TaskGroup.validateNetworks";
        Error PORT_COLLISION = "P0615", collision, "ignore_collision needs the host network mode", "structs.TaskGroup.validateNetworks";
        Error HOSTNAME = "P0616", hostname, "a hostname is a domain name", "structs.TaskGroup.validateNetworks";
    }
}

/// The ports of a network in the server's order: static ones first.
fn ports<'b>(network: &'b Block<'b>) -> Vec<Block<'b>> {
    let mut ports = network.blocks("ReservedPorts");
    ports.extend(network.blocks("DynamicPorts"));
    ports
}

fn labels(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let mut seen: HashMap<String, Site> = HashMap::new();
    for network in group.blocks("Networks") {
        for port in ports(&network) {
            label_once(&port, &mut seen, true, out);
        }
    }
    for task in group.blocks("Tasks") {
        let Some(resources) = task.block("Resources") else { continue };
        for network in resources.blocks("Networks") {
            for port in ports(&network) {
                // The server forgets labels in tasks, so two tasks may share one.
                label_once(&port, &mut seen, false, out);
            }
        }
    }
}

fn label_once(port: &Block<'_>, seen: &mut HashMap<String, Site>, remember: bool, out: &mut Out<'_>) {
    let label = port.str("Label");
    if let Some(first) = seen.get(label) {
        out.say(port.here(), format!("the port label `{label}` is already in use"))
            .related(first.clone(), "here");
    } else if remember {
        seen.insert(label.to_owned(), port.here());
    }
}

/// A host network and a port on it.
type HostPort = (String, i64);

fn static_ports(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let mut seen: HashMap<HostPort, Site> = HashMap::new();
    for network in group.blocks("Networks") {
        for port in ports(&network) {
            static_once(&port, &mut seen, port.bool("IgnoreCollision"), out);
        }
    }
    for task in group.blocks("Tasks") {
        let Some(resources) = task.block("Resources") else { continue };
        for network in resources.blocks("Networks") {
            for port in ports(&network) {
                static_once(&port, &mut seen, false, out);
            }
        }
    }
}

fn static_once(port: &Block<'_>, seen: &mut HashMap<HostPort, Site>, may_collide: bool, out: &mut Out<'_>) {
    let value = port.int("Value").unwrap_or(0);
    if value == 0 {
        return;
    }
    let network = match port.str("HostNetwork") {
        "" => "default",
        network => network,
    };
    if let Some(first) = seen.get(&(network.to_owned(), value)) {
        if !may_collide {
            out.say(
                port.at("Value"),
                format!("the static port {value} is already reserved on the host network `{network}`"),
            )
            .related(first.clone(), "here");
        }
    } else if value > MAX_PORT {
        out.say(port.at("Value"), format!("there is no port {value}")).hint("the highest port is 65535");
    } else {
        seen.insert((network.to_owned(), value), port.at("Value"));
    }
}

fn cni_args(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let mut seen: HashMap<String, Site> = HashMap::new();
    for network in group.blocks("Networks") {
        let Some(cni) = network.block("CNI") else { continue };
        for (key, value) in cni.entries("Args") {
            let site = cni.at_key("Args", key);
            if let Some(first) = seen.get(key) {
                out.say(site.clone(), format!("the CNI argument `{key}` is given twice"))
                    .related(first.clone(), "the first");
            } else {
                seen.insert(key.to_owned(), site.clone());
            }
            if key.contains(';') {
                out.say(site.clone(), format!("the name of the CNI argument `{key}` contains `;`"));
            }
            if value.as_str().is_some_and(|value| value.contains(';')) {
                out.say(site, format!("the value of the CNI argument `{key}` contains `;`"))
                    .hint("`;` separates the arguments that a CNI plugin gets");
            }
        }
    }
}

fn mbits(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    // Only the first network is looked at.
    if let Some(network) = group.blocks("Networks").first()
        && network.int("MBits").is_some_and(|mbits| mbits > 0)
    {
        out.say(network.at("MBits"), "`mbits` is deprecated since Nomad 0.12 and has no effect")
            .hint("remove it");
    }
}

fn port_to(_: &Cx<'_>, network: &Block<'_>, out: &mut Out<'_>) {
    for port in ports(network) {
        let to = port.int("To").unwrap_or(0);
        if !(-1..=MAX_PORT).contains(&to) {
            let label = port.str("Label");
            out.say(port.at("To"), format!("the port `{label}` is mapped to {to}, which is no port"))
                .hint("use 0-65535, or -1 for the same port as on the host");
        }
    }
}

fn collision(_: &Cx<'_>, network: &Block<'_>, out: &mut Out<'_>) {
    let mode = network.str("Mode");
    if matches!(mode, "" | "host") {
        return;
    }
    for port in ports(network) {
        if port.bool("IgnoreCollision") {
            let label = port.str("Label");
            out.say(
                port.at("IgnoreCollision"),
                format!("the port `{label}` ignores collisions in the network mode `{mode}`"),
            )
            .related(network.at("Mode"), "the mode")
            .hint("only the mode `host` allows it");
        }
    }
}

fn hostname(_: &Cx<'_>, network: &Block<'_>, out: &mut Out<'_>) {
    let name = network.str("Hostname");
    if !name.is_empty() && !name.contains("${") && !is_domain_name(name) {
        out.say(network.at("Hostname"), format!("`{name}` is no host name"))
            .hint("its parts, between dots, have 1 to 63 characters");
    }
}
