//! Services in the mesh of Consul Connect.

use super::admission::{has_sidecar, is_gateway, is_native, unnamed_native_task, wrong_network};
use super::rules;
use super::service::full_name;
use super::{Cx, Out};
use crate::validate::view::{Block, Site};

rules! {
    // In one `connect` block the server stops at the first mistake.
    CONNECT {
        Error TPROXY = "P0667", transparent_proxy, "transparent_proxy's networks are CIDRs and its user IDs numbers up to 65535", "structs.ConsulTransparentProxy.Validate";
        Error CONNECT_ONE = "P0668", one_way, "`connect` is exactly one of native, sidecar_service and gateway", "structs.ConsulConnect.Validate";
    }
    NATIVE {
        Error NATIVE_SERVICE_TASK = "P0669", native_task, "a Connect-native service names its task", "structs.Service.validateConsulService";
        Error NATIVE_PORT = "P0670", native_port, "a Connect-native service has a port", "structs.Service.validateConsulService";
    }
    // In one job the server stops at the first mistake of these.
    MESH_JOB {
        Error CONNECT_GROUP = "P0671", connect_groups, "groups with Connect have one network of the right mode, lower-case names, and listeners of their own", "nomad.jobConnectHook.Validate";
    }
    EXPOSE_JOB {
        Error EXPOSED_CHECK = "P0672", exposed_checks, "an exposed check stands in a group's service with a sidecar, in a group with one network", "nomad.jobExposeCheckHook.Validate";
    }
}

fn proxy<'b>(connect: &'b Block<'b>, read: impl FnOnce(&Block<'_>)) {
    if let Some(sidecar) = connect.block("SidecarService")
        && let Some(proxy) = sidecar.block("Proxy")
    {
        read(&proxy);
    }
}

fn transparent_proxy(_: &Cx<'_>, connect: &Block<'_>, out: &mut Out<'_>) {
    proxy(connect, |proxy| {
        let Some(tproxy) = proxy.block("TransparentProxy") else { return };
        for (i, cidr) in tproxy.strs("ExcludeOutboundCIDRs") {
            if !is_cidr(cidr) {
                out.say(tproxy.at_index("ExcludeOutboundCIDRs", i), format!("`{cidr}` is no network"))
                    .hint("a network is written like `10.0.0.0/8`");
            }
        }
        let uid = tproxy.str("UID");
        if !uid.is_empty() && !is_user_id(uid) {
            out.say(tproxy.at("UID"), format!("`{uid}` is no user ID")).hint("use a number up to 65535");
        }
        for (i, uid) in tproxy.strs("ExcludeUIDs") {
            if !is_user_id(uid) {
                out.say(tproxy.at_index("ExcludeUIDs", i), format!("`{uid}` is no user ID"))
                    .hint("use a number up to 65535");
            }
        }
    });
}

fn is_user_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// An address and a prefix length without leading zeros, zones or signs.
fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.rsplit_once('/') else { return false };
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let max = if address.is_ipv4() { 32 } else { 128 };
    let plain = bits == "0" || (!bits.starts_with('0') && bits.bytes().all(|b| b.is_ascii_digit()));
    plain && bits.parse::<u8>().is_ok_and(|bits| bits <= max)
}

fn one_way(_: &Cx<'_>, connect: &Block<'_>, out: &mut Out<'_>) {
    let ways = [!connect.is_null("SidecarService"), connect.bool("Native"), !connect.is_null("Gateway")];
    let count = ways.iter().filter(|way| **way).count();
    if count != 1 {
        let what = if count == 0 { "none" } else { "more than one" };
        out.say(connect.here(), format!("`connect` has {what} of `native`, `sidecar_service` and `gateway`"))
            .hint("use exactly one; `sidecar_service {}` is the usual one");
    }
}

fn native_task(cx: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let native = service.block("Connect").is_some_and(|connect| connect.bool("Native"));
    // With a network, the defaults have found the only task of a group.
    if native && service.str("TaskName").is_empty() && cx.task.is_none() {
        let name = full_name(cx, service);
        out.say(service.here(), format!("the Connect-native service `{name}` does not name its task"))
            .hint("set `task`");
    }
}

fn native_port(cx: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let native = service.block("Connect").is_some_and(|connect| connect.bool("Native"));
    if native && service.str("PortLabel").is_empty() {
        let name = full_name(cx, service);
        out.say(service.here(), format!("the Connect-native service `{name}` has no port"))
            .hint("set `port`");
    }
}

fn connect_groups(cx: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        let cx = Cx { group: Some(&group), ..*cx };
        if connect_group(&cx, &group, out) {
            return;
        }
    }
}

/// Reports the first mistake of a group; whether there is one.
fn connect_group(cx: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) -> bool {
    let services = group.blocks("Services");
    for service in &services {
        let wrong = if has_sidecar(service) {
            wrong_sidecar(cx, group, service)
        } else if is_native(service) {
            // With a network, this has stopped the server before.
            if group.has_any("Networks") {
                None
            } else {
                let before = out.count();
                unnamed_native_task(cx, service, out);
                if out.count() > before {
                    return true;
                }
                None
            }
        } else if is_gateway(service) {
            wrong_network(group, true).map(|(site, message)| (site, format!("a gateway {message}")))
        } else {
            None
        };
        if let Some((site, message)) = wrong {
            out.say(site, message).related(service.here(), "the service");
            return true;
        }
    }
    wrong_upstreams(cx, group, &services, out)
}

fn wrong_sidecar(cx: &Cx<'_>, group: &Block<'_>, service: &Block<'_>) -> Option<(Site, String)> {
    if let Some((site, message)) = wrong_network(group, false) {
        return Some((site, format!("a sidecar {message}")));
    }
    let name = full_name(cx, service);
    if name != name.to_lowercase() {
        let message = format!("the service `{name}` has a sidecar, so its name must be in lower case");
        return Some((service.at("Name"), message));
    }
    let of = group.str("Name");
    if of != of.to_lowercase() {
        let message =
            format!("a service of group `{of}` has a sidecar, so the group's name must be in lower case");
        return Some((group.here(), message));
    }
    None
}

fn wrong_upstreams(cx: &Cx<'_>, group: &Block<'_>, services: &[Block<'_>], out: &mut Out<'_>) -> bool {
    let before = out.count();
    let mut listeners: Vec<(String, Site)> = Vec::new();
    let mut tproxy_at = None;
    for service in services {
        let Some(connect) = service.block("Connect") else { continue };
        proxy(&connect, |proxy| {
            for upstream in proxy.blocks("Upstreams") {
                let socket = upstream.str("LocalBindSocketPath");
                let listener = if socket.is_empty() {
                    let (address, port) =
                        (upstream.str("LocalBindAddress"), upstream.int("LocalBindPort").unwrap_or(0));
                    format!("{address}:{port}")
                } else {
                    socket.to_owned()
                };
                if let Some((_, first)) = listeners.iter().find(|(other, _)| *other == listener) {
                    if out.count() == before {
                        out.say(
                            upstream.here(),
                            format!("two upstreams of the group listen on `{listener}`"),
                        )
                        .related(first.clone(), "the first")
                        .hint("give each a `local_bind_port` of its own");
                    }
                    return;
                }
                listeners.push((listener, upstream.here()));
            }
            let Some(tproxy) = proxy.block("TransparentProxy") else { return };
            if out.count() > before {
                return;
            }
            tproxy_at = Some(tproxy.here());
            for network in group.blocks("Networks") {
                let dns = network.block("DNS").is_some_and(|dns| {
                    ["Servers", "Searches", "Options"].iter().any(|json| dns.has_any(json))
                });
                if dns && !tproxy.bool("NoDNS") {
                    out.say(network.at("DNS"), "a network with `dns` does not go with `transparent_proxy`")
                        .related(tproxy.here(), "the proxy")
                        .hint("set `no_dns = true` in `transparent_proxy`");
                    return;
                }
            }
            for (i, port) in tproxy.strs("ExcludeInboundPorts") {
                if !is_user_id(port) && !has_static_port(group, port) {
                    out.say(
                        tproxy.at_index("ExcludeInboundPorts", i),
                        format!("`{port}` is neither a port number nor the label of a static port"),
                    );
                    return;
                }
            }
        });
        if out.count() > before {
            return true;
        }
    }
    let connects = services.iter().filter(|service| !service.is_null("Connect")).count();
    if let Some(site) = tproxy_at
        && connects > 1
    {
        let name = cx.group.map_or("", |group| group.str("Name"));
        out.say(site, format!("group `{name}` has a transparent proxy and {connects} `connect` blocks"))
            .hint("a group with `transparent_proxy` has only one");
    }
    out.count() > before
}

fn has_static_port(group: &Block<'_>, label: &str) -> bool {
    group
        .blocks("Networks")
        .iter()
        .any(|network| network.blocks("ReservedPorts").iter().any(|port| port.str("Label") == label))
}

fn exposed_checks(cx: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        let cx = Cx { group: Some(&group), ..*cx };
        let services = group.blocks("Services");
        let exposes = |service: &Block<'_>| service.blocks("Checks").iter().any(|c| c.bool("Expose"));
        if services.iter().any(exposes)
            && let Some((site, message)) = wrong_network(&group, false)
        {
            out.say(site, format!("an exposed check {message}"));
            return;
        }
        for service in &services {
            for check in service.blocks("Checks") {
                if check.bool("Expose") && !has_sidecar(service) {
                    let name = full_name(&cx, service);
                    out.say(
                        check.at("Expose"),
                        format!("the check is exposed, but its service `{name}` has no sidecar"),
                    )
                    .hint("add `connect { sidecar_service {} }` to the service, or remove `expose`");
                    return;
                }
            }
        }
        for task in group.blocks("Tasks") {
            for service in task.blocks("Services") {
                for check in service.blocks("Checks") {
                    if check.bool("Expose") {
                        out.say(check.at("Expose"), "a check of a task's service cannot be exposed")
                            .hint("move the service into the group");
                        return;
                    }
                }
            }
        }
    }
}
