//! Gateways of Consul Connect; a server stops at the first mistake of one.

use super::rules;
use super::{Cx, Out};
use crate::validate::view::Block;

const PROTOCOLS: [&str; 4] = ["tcp", "http", "http2", "grpc"];

rules! {
    GATEWAY {
        Error GATEWAY_DNS = "P0673", dns, "envoy_dns_discovery_type is STRICT_DNS or LOGICAL_DNS", "structs.ConsulGatewayProxy.Validate";
        Error GATEWAY_BIND = "P0674", bind, "a gateway's bind address has an address and a port", "structs.ConsulGatewayBindAddress.Validate";
        Error INGRESS = "P0675", ingress, "an ingress gateway has listeners with a port, a protocol and services", "structs.ConsulIngressConfigEntry.Validate";
        Error TERMINATING = "P0676", terminating, "a terminating gateway has services with whole TLS settings", "structs.ConsulTerminatingConfigEntry.Validate";
        Error GATEWAY_ONE = "P0677", one_kind, "a gateway is exactly one of ingress, terminating and mesh", "structs.ConsulGateway.Validate";
    }
}

fn dns(_: &Cx<'_>, gateway: &Block<'_>, out: &mut Out<'_>) {
    let Some(proxy) = gateway.block("Proxy") else { return };
    let kind = proxy.str("EnvoyDNSDiscoveryType");
    if !matches!(kind, "" | "STRICT_DNS" | "LOGICAL_DNS") {
        out.say(proxy.at("EnvoyDNSDiscoveryType"), format!("`{kind}` is no way to look up names"))
            .did_you_mean(kind, ["STRICT_DNS", "LOGICAL_DNS"])
            .hint("use STRICT_DNS or LOGICAL_DNS");
    }
}

fn bind(_: &Cx<'_>, gateway: &Block<'_>, out: &mut Out<'_>) {
    let Some(proxy) = gateway.block("Proxy") else { return };
    for address in proxy.blocks("EnvoyGatewayBindAddresses") {
        let port = address.int("Port").unwrap_or(0);
        if address.str("Address").is_empty() {
            out.say(address.here(), "the bind address has no address").hint("set `address`");
            return;
        }
        if port <= 0 && port != -1 {
            out.say(address.at("Port"), format!("the bind address has no port ({port})")).hint("set `port`");
            return;
        }
    }
}

fn ingress(_: &Cx<'_>, gateway: &Block<'_>, out: &mut Out<'_>) {
    let Some(ingress) = gateway.block("Ingress") else { return };
    let listeners = ingress.blocks("Listeners");
    if listeners.is_empty() {
        out.say(ingress.here(), "the ingress gateway has no listener").hint("add a `listener` block");
    }
    for listener in listeners {
        if wrong_listener(&listener, out) {
            return;
        }
    }
}

fn wrong_listener(listener: &Block<'_>, out: &mut Out<'_>) -> bool {
    let port = listener.int("Port").unwrap_or(0);
    let protocol = match listener.str("Protocol") {
        "" => "tcp",
        protocol => protocol,
    };
    let services = listener.blocks("Services");
    if port <= 0 {
        out.say(listener.at("Port"), format!("the listener has no port ({port})"));
        return true;
    }
    if !PROTOCOLS.contains(&protocol) {
        out.say(listener.at("Protocol"), format!("`{protocol}` is no protocol of a listener"))
            .did_you_mean(protocol, PROTOCOLS)
            .hint("use tcp, http, http2 or grpc");
        return true;
    }
    if services.is_empty() {
        out.say(listener.here(), "the listener has no service").hint("add a `service` block");
        return true;
    }
    for service in services {
        let name = service.str("Name");
        let hosts = service.has_any("Hosts");
        if name.is_empty() {
            out.say(service.here(), "a service of the listener has no name");
            return true;
        }
        if protocol == "tcp" && name == "*" {
            out.say(service.at("Name"), "a tcp listener has no service `*`");
            return true;
        }
        if protocol == "tcp" && hosts {
            out.say(service.at("Hosts"), "a service of a tcp listener has no hosts")
                .related(listener.at("Protocol"), "the protocol");
            return true;
        }
        if name == "*" && hosts {
            out.say(service.at("Hosts"), "the service `*` of a listener has no hosts");
            return true;
        }
    }
    false
}

fn terminating(_: &Cx<'_>, gateway: &Block<'_>, out: &mut Out<'_>) {
    let Some(terminating) = gateway.block("Terminating") else { return };
    let services = terminating.blocks("Services");
    if services.is_empty() {
        out.say(terminating.here(), "the terminating gateway has no service").hint("add a `service` block");
    }
    for service in services {
        let set = |json: &str| !service.str(json).is_empty();
        let (ca, cert, key) = (set("CAFile"), set("CertFile"), set("KeyFile"));
        if service.str("Name").is_empty() {
            out.say(service.here(), "a service of the gateway has no name");
            return;
        }
        if (cert || key) && !ca {
            out.say(service.here(), "the service has a certificate or key, but no `ca_file`");
            return;
        }
        if cert != key {
            out.say(service.here(), "`cert_file` and `key_file` are set only together");
            return;
        }
        if set("SNI") && !ca {
            out.say(service.at("SNI"), "the service has `sni`, but no `ca_file`");
            return;
        }
    }
}

fn one_kind(_: &Cx<'_>, gateway: &Block<'_>, out: &mut Out<'_>) {
    let kinds = ["Ingress", "Terminating", "Mesh"];
    let count = kinds.iter().filter(|json| !gateway.is_null(json)).count();
    if count != 1 {
        let what = if count == 0 { "none" } else { "more than one" };
        out.say(gateway.here(), format!("the gateway is {what} of ingress, terminating and mesh"))
            .hint("use exactly one of these blocks");
    }
}
