//! Services of a group or task.

use std::collections::BTreeMap;

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::{is_dns_label, replace_references};
use crate::validate::view::Block;

const ADDRESS_MODES: [&str; 5] = ["auto", "host", "driver", "alloc", "alloc_ipv6"];
/// What `on_update` may be, of a service or check.
pub const ON_UPDATE: [&str; 3] = ["require_healthy", "ignore_warnings", "ignore"];
const KINDS: [&str; 5] = ["", "api-gateway", "ingress-gateway", "mesh-gateway", "terminating-gateway"];

rules! {
    SERVICE {
        Error SERVICE_NAME = "P0631", name, "a service's name is one DNS label of at most 63 letters, digits and dashes", "structs.Service.ValidateName";
        Error SERVICE_ADDRESS = "P0632", address, "address_mode is one of Nomad's five, and auto if address is set", "structs.Service.Validate";
        Error SERVICE_ON_UPDATE = "P0633", on_update, "on_update is require_healthy, ignore_warnings or ignore", "structs.Service.Validate";
        Error SERVICE_PROVIDER = "P0634", provider, "a service's provider is consul or nomad", "structs.Service.Validate";
    }
    AFTER_CHECKS {
        Error SERVICE_KIND = "P0635", kind, "a service's kind is one of Consul's gateways", "structs.Service.validateConsulService";
        Error NOMAD_CONNECT = "P0636", nomad_connect, "only services of Consul have a `connect` block", "structs.Service.validateNomadService";
    }
    SERVICE_END {
        Error SERVICE_IDENTITY = "P0637", identity, "a service's identity has an audience", "structs.Service.validateIdentity";
        Error SERVICE_IDENTITY_NAME = "P0638", identity_name, "the identity of a service of the provider nomad has a name", "nomad.jobValidate.validateServiceIdentity";
    }
    GROUP_SERVICE {
        Error GROUP_ADDRESS_MODE = "P0639", group_address_mode, "address_mode driver is for services of tasks", "structs.TaskGroup.validateServices";
    }
    GROUP_SERVICES {
        Error SERVICE_OTHER_TASK = "P0640", other_task, "a task's service and checks name no other task", "structs.TaskGroup.validateServices";
        Error SERVICE_TWICE = "P0641", twice, "services of a group differ in task, name or port", "structs.TaskGroup.validateServices";
        Error TWO_PROVIDERS = "P0642", two_providers, "all services of a group have the same provider", "structs.TaskGroup.validateServices";
    }
    TASK_SERVICE {
        Error TASK_ADDRESS_MODE = "P0643", task_address_mode, "address_mode alloc is for services of groups", "structs.validateServices";
        Error CONNECT_IN_TASK = "P0644", connect_in_task, "a `connect` block stands in a service of a group", "structs.validateServices";
    }
    TASK_SERVICES {
        Error TASK_SERVICE_TWICE = "P0645", task_twice, "services of a task differ in name or port", "structs.validateServices";
        Error TASK_CHECKS = "P0646", task_checks, "checks of a task's service have names of their own and a port that exists", "structs.validateServices";
        Error PORT_UNDEFINED = "P0647", port_undefined, "the port of a task's service is a label of the group's first network", "structs.validateServices";
    }
}

/// The name that the server sees: with its own references filled in.
pub fn full_name(cx: &Cx<'_>, service: &Block<'_>) -> String {
    let job = cx.job.get("Name").as_str().unwrap_or_else(|| cx.job.str("ID"));
    let group = cx.group.map_or("", |group| group.str("Name"));
    let task = cx.task.map(|task| task.str("Name"));
    let name = service.str("Name");
    if name.is_empty() {
        return match task {
            Some(task) => format!("{job}-{group}-{task}"),
            None => format!("{job}-{group}"),
        };
    }
    let task = task.unwrap_or("group");
    replace_references(name, |reference| match reference {
        "JOB" => Some(job.to_owned()),
        "TASKGROUP" => Some(group.to_owned()),
        "TASK" => Some(task.to_owned()),
        "BASE" => Some(format!("{job}-{group}-{task}")),
        _ => None,
    })
}

/// Whether the service registers in Consul.
pub fn is_consul(service: &Block<'_>) -> bool {
    matches!(service.str("Provider"), "" | "consul")
}

fn name(cx: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let name = full_name(cx, service);
    let stripped = replace_references(&name, |_| Some("ENV-VAR".to_owned()));
    if !is_dns_label(&stripped) {
        out.say(service.at("Name"), format!("`{name}` is no name for a service"))
            .hint("a service's name has letters, digits and inner dashes, at most 63 (RFC 1123)");
    }
}

fn address(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let mode = service.str("AddressMode");
    match mode {
        "" | "auto" => {}
        "host" | "driver" | "alloc" | "alloc_ipv6" => {
            if !service.str("Address").is_empty() {
                out.say(
                    service.at("AddressMode"),
                    format!("`address` is set, but the address mode is `{mode}`"),
                )
                .related(service.at("Address"), "the address")
                .hint("set `address_mode = \"auto\"`");
            }
        }
        _ => {
            out.say(service.at("AddressMode"), format!("`{mode}` is no address mode"))
                .did_you_mean(mode, ADDRESS_MODES)
                .hint(format!("use one of: {}", ADDRESS_MODES.join(", ")));
        }
    }
}

fn on_update(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let word = service.str("OnUpdate");
    if !word.is_empty() && !ON_UPDATE.contains(&word) {
        out.say(service.at("OnUpdate"), format!("`{word}` is nothing to do on an update"))
            .did_you_mean(word, ON_UPDATE)
            .hint("use require_healthy, ignore_warnings or ignore");
    }
}

fn provider(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let provider = service.str("Provider");
    if !matches!(provider, "" | "consul" | "nomad") {
        out.say(service.at("Provider"), format!("`{provider}` is no provider of services"))
            .did_you_mean(provider, ["consul", "nomad"])
            .hint("use consul or nomad");
    }
}

fn kind(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let kind = service.str("Kind");
    if is_consul(service) && !KINDS.contains(&kind) {
        out.say(service.at("Kind"), format!("`{kind}` is no kind of service"))
            .did_you_mean(kind, KINDS)
            .hint("use api-gateway, ingress-gateway, mesh-gateway or terminating-gateway, or leave it out");
    }
}

fn nomad_connect(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if service.str("Provider") == "nomad" && !service.is_null("Connect") {
        out.say(service.at("Connect"), "a service of the provider `nomad` has no `connect` block")
            .related(service.at("Provider"), "the provider")
            .hint("set `provider = \"consul\"`, or remove `connect`");
    }
}

fn identity(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if let Some(identity) = service.block("Identity")
        && !identity.has_any("Audience")
    {
        out.say(identity.here(), "the service's identity has no audience")
            .hint("set `aud = [\"consul.io\"]`");
    }
}

fn identity_name(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if let Some(identity) = service.block("Identity")
        && !is_consul(service)
        && identity.str("Name").is_empty()
    {
        out.say(identity.here(), "the service's identity has no name");
    }
}

fn group_address_mode(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if service.str("AddressMode") == "driver" {
        out.say(service.at("AddressMode"), "a service of a group cannot use the address mode `driver`")
            .hint("move the service into the task, or use another mode");
    }
}

fn other_task(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    for task in group.blocks("Tasks") {
        let here = task.str("Name");
        for service in task.blocks("Services") {
            let name = service.str("TaskName");
            if !name.is_empty() && name != here {
                out.say(
                    service.at("TaskName"),
                    format!("a service of task `{here}` names the task `{name}`"),
                )
                .hint("remove `task`, or move the service into the group");
                // Its checks inherit the name.
                for check in service.blocks("Checks") {
                    out.say(
                        check.here(),
                        format!("a check of task `{here}` belongs, like its service, to the task `{name}`"),
                    );
                }
            }
        }
    }
}

fn twice(cx: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    // The server makes one finding of all services that are not unique.
    let mut seen: Vec<String> = Vec::new();
    let mut doubles: Vec<(String, crate::validate::view::Site)> = Vec::new();
    let tasks = group.blocks("Tasks");
    let mut look = |cx: &Cx<'_>, of: &str, service: &Block<'_>| {
        let key = format!("{of}\0{}\0{}", full_name(cx, service), service.str("PortLabel"));
        if seen.contains(&key) {
            doubles.push((full_name(cx, service), service.here()));
        } else {
            seen.push(key);
        }
    };
    for task in &tasks {
        let cx = Cx { task: Some(task), ..*cx };
        for service in task.blocks("Services") {
            look(&cx, task.str("Name"), &service);
        }
    }
    for service in group.blocks("Services") {
        look(cx, "group", &service);
    }
    let mut doubles = doubles.into_iter();
    if let Some((name, site)) = doubles.next() {
        let finding = out.say(site, format!("the service `{name}` is declared twice for the same port"));
        for (_, site) in doubles {
            finding.related(site, "another");
        }
        finding.hint("give the services different names or ports");
    }
}

fn two_providers(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let tasks = group.blocks("Tasks");
    let mut services: Vec<_> = tasks.iter().flat_map(|task| task.blocks("Services")).collect();
    let of_group = group.blocks("Services");
    services.extend(of_group);
    let provider = |service: &Block<'_>| match service.str("Provider") {
        "" => "consul".to_owned(),
        other => other.to_owned(),
    };
    if let Some(first) = services.first()
        && let Some(other) = services.iter().find(|s| provider(s) != provider(first))
    {
        out.say(other.at("Provider"), "the services of the group have different providers")
            .related(first.at("Provider"), "another one")
            .hint("use one provider for all services of a group");
    }
}

fn task_address_mode(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    let mode = service.str("AddressMode");
    if matches!(mode, "alloc" | "alloc_ipv6") {
        out.say(
            service.at("AddressMode"),
            format!("a service of a task cannot use the address mode `{mode}`"),
        )
        .hint("move the service into the group, or use another mode");
    }
}

fn connect_in_task(_: &Cx<'_>, service: &Block<'_>, out: &mut Out<'_>) {
    if !service.is_null("Connect") {
        out.say(service.at("Connect"), "a service of a task has no `connect` block")
            .hint("move the service into the group");
    }
}

fn task_twice(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let cx = Cx { task: Some(task), ..*cx };
    let services = task.blocks("Services");
    let key = |service: &Block<'_>| full_name(&cx, service) + service.str("PortLabel");
    for (i, service) in services.iter().enumerate() {
        if let Some(other) = services[..i].iter().find(|other| key(other) == key(service)) {
            let name = full_name(&cx, service);
            out.say(service.here(), format!("a second service `{name}` has the same port"))
                .related(other.here(), "the first");
        }
    }
}

/// The name of a check as the server fills it in.
pub fn check_name(cx: &Cx<'_>, service: &Block<'_>, check: &Block<'_>) -> String {
    match check.str("Name") {
        "" => format!("service: {:?} check", full_name(cx, service)),
        name => name.to_owned(),
    }
}

/// Whether a check of this type connects to a port.
pub fn needs_port(check: &Block<'_>) -> bool {
    matches!(check.str("Type"), "grpc" | "http" | "tcp")
}

fn task_checks(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let cx = Cx { task: Some(task), ..*cx };
    for service in task.blocks("Services") {
        let checks = service.blocks("Checks");
        for (i, check) in checks.iter().enumerate() {
            let name = check_name(&cx, &service, check);
            let same = |other: &&Block<'_>| check_name(&cx, &service, other) == name;
            if let Some(other) = checks[..i].iter().find(same) {
                out.say(check.here(), format!("a second check of the service is named `{name}`"))
                    .related(other.here(), "the first")
                    .hint("give each check a `name` of its own");
            }
            let mode = check.str("AddressMode");
            if matches!(mode, "alloc" | "alloc_ipv6") {
                out.say(
                    check.at("AddressMode"),
                    format!("a check of a task cannot use the address mode `{mode}`"),
                )
                .hint("move the service into the group, or use another mode");
            }
            if !needs_port(check) {
                continue;
            }
            let (port, site) = effective_port(&service, check);
            let number = port.parse::<i64>();
            match number {
                _ if port.is_empty() => {
                    out.say(check.here(), format!("the check `{name}` has no port"))
                        .hint("set `port` in the check or its service");
                }
                Ok(number) if mode == "driver" => {
                    if number <= 0 {
                        out.say(site, format!("{number} is no port for the check `{name}`"));
                    }
                }
                Ok(number) => {
                    out.say(site, format!("the check `{name}` has the number {number} as its port"))
                        .hint("use a port label, or `address_mode = \"driver\"`");
                }
                Err(_) => {}
            }
        }
    }
}

fn effective_port<'b>(
    service: &'b Block<'_>,
    check: &'b Block<'_>,
) -> (&'b str, crate::validate::view::Site) {
    match check.str("PortLabel") {
        "" => (service.str("PortLabel"), service.at("PortLabel")),
        port => (port, check.at("PortLabel")),
    }
}

fn port_undefined(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let mut wanted: BTreeMap<String, (String, crate::validate::view::Site)> = BTreeMap::new();
    for service in task.blocks("Services") {
        let name = full_name(&Cx { task: Some(task), ..*cx }, &service);
        let port = service.str("PortLabel");
        // With the address mode `driver`, a number is a port of the task itself.
        let own = port.parse::<i64>().is_ok() && service.str("AddressMode") == "driver";
        if !port.is_empty() && !own {
            wanted.entry(port.to_owned()).or_insert((name.clone(), service.at("PortLabel")));
        }
        for check in service.blocks("Checks") {
            let (port, site) = effective_port(&service, &check);
            if needs_port(&check) && !port.is_empty() && port.parse::<i64>().is_err() {
                wanted.entry(port.to_owned()).or_insert((name.clone(), site));
            }
        }
    }
    if wanted.is_empty() {
        return;
    }
    let mut known: Vec<String> = Vec::new();
    let networks = group.blocks("Networks");
    let resources = task.block("Resources");
    let own = resources.as_ref().map(|resources| resources.blocks("Networks")).unwrap_or_default();
    for network in networks.iter().take(1).chain(&own) {
        for list in ["ReservedPorts", "DynamicPorts"] {
            known.extend(network.blocks(list).iter().map(|port| port.str("Label").to_owned()));
        }
    }
    for (port, (name, site)) in wanted {
        if known.contains(&port) {
            continue;
        }
        let finding = out.say(site, format!("there is no port `{port}` for the service `{name}`"));
        finding.did_you_mean(&port, known.iter().map(String::as_str));
        if known.is_empty() {
            finding.hint(format!("declare it in the group: `network {{ port \"{port}\" {{}} }}`"));
        } else {
            finding.hint(format!("the ports are: {}", known.join(", ")));
        }
    }
}
