//! Mistakes that stop a server before it validates: they hide every other one.
//!
//! A server first compares the namespaces of the request and the job, then adds to the job the
//! proxies of Consul Connect. Where it cannot,
//! it answers with that one mistake.

use super::rules;
use super::service::full_name;
use super::{Cx, Out, Report};
use crate::validate::view::{Block, Site};

rules! {
    REQUEST {
        Error NAMESPACE_EMPTY = "P0747", namespace_empty, "a job's namespace is not an empty text", "nomad.Job.Validate";
    }
    ADMISSION {
        Error NATIVE_TASK = "P0528", native_task, "a Connect-native service names its task, or the group has one task", "nomad.groupConnectHook";
        Error MESH_PORT = "P0529", mesh_port, "a mesh gateway's service has a port", "nomad.groupConnectHook";
        Error EXPOSE_NETWORK = "P0530", expose_network, "a group with an exposed check has one network, in mode bridge or cni", "nomad.exposePathForCheck";
        Error EXPOSE_PORT = "P0531", expose_port, "the service of an exposed check has a static port or a number", "nomad.exposePathForCheck";
    }
}

/// Reports the mistake for which a server does not look at the job, given as it was written;
/// whether there is one.
pub fn request(written: &Block<'_>, report: &mut Report) -> bool {
    let cx = Cx { job: written, group: None, task: None, service: None };
    report.run_first(REQUEST, &cx, written)
}

/// Reports the mistake that stops a server before validation; whether there is one.
pub fn admission(job: &Block<'_>, report: &mut Report) -> bool {
    let cx = Cx { job, group: None, task: None, service: None };
    for group in job.blocks("TaskGroups") {
        let cx = Cx { group: Some(&group), ..cx };
        if group.has_any("Networks") {
            for service in group.blocks("Services") {
                if report.run_first(&ADMISSION[..2], &cx, &service) {
                    return true;
                }
            }
        }
    }
    for group in job.blocks("TaskGroups") {
        let cx = Cx { group: Some(&group), ..cx };
        for service in group.blocks("Services") {
            let cx = Cx { service: Some(&service), ..cx };
            for check in service.blocks("Checks") {
                if report.run_first(&ADMISSION[2..], &cx, &check) {
                    return true;
                }
            }
        }
    }
    false
}

fn namespace_empty(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if job.get("Namespace").as_str() == Some("") {
        out.say(job.at("Namespace"), "the job's namespace is empty")
            .hint("leave `namespace` out to use the namespace `default`");
    }
}

/// Whether the service has a sidecar.
pub fn has_sidecar(service: &Block<'_>) -> bool {
    service.block("Connect").is_some_and(|connect| !connect.is_null("SidecarService"))
}

/// Whether the service is Connect-native, and has no sidecar.
pub fn is_native(service: &Block<'_>) -> bool {
    !has_sidecar(service) && service.block("Connect").is_some_and(|connect| connect.bool("Native"))
}

/// Whether the service is a gateway, and nothing else.
pub fn is_gateway(service: &Block<'_>) -> bool {
    !has_sidecar(service)
        && !is_native(service)
        && service.block("Connect").is_some_and(|connect| !connect.is_null("Gateway"))
}

fn native_task(cx: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if is_native(service) {
        unnamed_native_task(cx, service, out);
    }
}

/// Reports a Connect-native service whose task is not clear.
pub fn unnamed_native_task(cx: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let tasks = group.blocks("Tasks");
    let names: Vec<&str> = tasks.iter().map(|task| task.str("Name")).collect();
    let wanted = service.str("TaskName");
    let name = full_name(cx, service);
    if wanted.is_empty() {
        if names.len() != 1 {
            out.say(
                service.here(),
                format!("the Connect-native service `{name}` does not say which task it is"),
            )
            .hint(format!("set `task` to one of: {}", names.join(", ")));
        }
    } else if !names.contains(&wanted) {
        out.say(service.at("TaskName"), format!("the group has no task `{wanted}`"))
            .did_you_mean(wanted, names.iter().copied())
            .hint(format!("its tasks are: {}", names.join(", ")));
    }
}

fn mesh_port(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if !is_gateway(service) || !service.str("PortLabel").is_empty() {
        return;
    }
    let Some(connect) = service.block("Connect") else { return };
    if connect.block("Gateway").is_some_and(|gateway| !gateway.is_null("Mesh")) {
        out.say(service.here(), "the service of a mesh gateway has no port")
            .hint("set `port` to a port that other datacenters reach");
    }
}

/// Whether the sidecar opens the check's path to the host.
fn is_exposed(cx: &Cx<'_>, check: &Block<'_>) -> bool {
    let kind = check.str("Type").to_lowercase();
    check.bool("Expose")
        && cx.service.is_some_and(has_sidecar)
        && matches!(&*kind, "grpc" | "http")
        && check.str("Path").starts_with('/')
}

fn expose_network(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if is_exposed(cx, check)
        && let Some(group) = cx.group
        && let Some((site, message)) = wrong_network(group, false)
    {
        out.say(site, format!("an exposed check {message}"));
    }
}

/// Why the networks of a group do not suit Consul Connect.
pub fn wrong_network(group: &Block<'_>, host_allowed: bool) -> Option<(Site, String)> {
    let networks = group.blocks("Networks");
    let [network] = networks.as_slice() else {
        let message = format!("needs exactly one network in the group, which has {}", networks.len());
        return Some((group.here(), message));
    };
    let mode = network.str("Mode");
    if mode == "bridge" || mode.starts_with("cni/") || (host_allowed && mode == "host") {
        return None;
    }
    let allowed = if host_allowed { "`bridge`, `host` or `cni/…`" } else { "`bridge` or `cni/…`" };
    let mode = if mode.is_empty() { "host" } else { mode };
    Some((network.at("Mode"), format!("needs the network mode {allowed}, not `{mode}`")))
}

fn expose_port(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let (Some(group), Some(service)) = (cx.group, cx.service) else { return };
    if !is_exposed(cx, check) {
        return;
    }
    let port = service.str("PortLabel");
    let is_static = group.blocks("Networks").iter().any(|network| {
        let ports = network.blocks("ReservedPorts");
        ports.iter().any(|p| p.str("Label") == port && p.int("Value").is_some_and(|v| v > 0))
    });
    if !is_static && !port.parse::<i64>().is_ok_and(|port| port > 0) {
        let name = full_name(cx, service);
        out.say(
            service.at("PortLabel"),
            format!("the port on which the service `{name}` listens is not known, but its check is exposed"),
        )
        .related(check.at("Expose"), "the check")
        .hint("set the service's `port` to the number on which it listens inside the network");
    }
}
