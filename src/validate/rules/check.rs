//! Health checks of a service.

use super::rules;
use super::service::{ON_UPDATE, check_name, full_name, is_consul, needs_port};
use super::{Cx, Out};
use crate::validate::formats::duration::{seconds, show};
use crate::validate::formats::url::{has_scheme, is_reference};
use crate::validate::view::Block;

const CONSUL_TYPES: [&str; 4] = ["grpc", "tcp", "http", "script"];
const NOMAD_TYPES: [&str; 2] = ["tcp", "http"];
const STATES: [&str; 3] = ["passing", "warning", "critical"];
const MODES: [&str; 4] = ["host", "driver", "alloc", "alloc_ipv6"];
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];

rules! {
    // The server stops at the first mistake of a check.
    CHECK {
        Error CHECK_PORT = "P0648", port, "a check that connects has a port, its own or the service's", "structs.Service.validateCheckPort";
        Error CHECK_CONNECT_TCP = "P0649", connect_tcp, "a service with a sidecar has no tcp check", "structs.Service.validateConsulService";
        Error CHECK_TYPE = "P0650", kind, "a check's type is one that its provider knows", "structs.ServiceCheck.validateCommon";
        Error CHECK_PATH = "P0651", path, "an http check has a relative path", "structs.ServiceCheck.validateCommon";
        Error CHECK_COMMAND = "P0652", command, "a script check has a command", "structs.ServiceCheck.validateCommon";
        Error CHECK_INTERVAL = "P0653", interval, "a check's interval is at least 1s", "structs.ServiceCheck.validateCommon";
        Error CHECK_TIMEOUT = "P0654", timeout, "a check's timeout is at least 1s", "structs.ServiceCheck.validateCommon";
        Error CHECK_INITIAL = "P0655", initial, "initial_status is passing, warning or critical", "structs.ServiceCheck.validateCommon";
        Error CHECK_ADDRESS_MODE = "P0656", address_mode, "a check's address_mode is host, driver or alloc", "structs.ServiceCheck.validateCommon";
        Error CHECK_ON_UPDATE = "P0657", on_update, "a check's on_update is known and agrees with check_restart", "structs.ServiceCheck.validateCommon";
        Error CHECK_RESTART = "P0658", restart, "check_restart's limit and grace are not negative", "structs.CheckRestart.Validate";
        Error CHECK_CONSUL_ONLY = "P0659", consul_only, "a check of the provider nomad uses nothing that only Consul has", "structs.ServiceCheck.validateNomad";
        Error CHECK_METHOD = "P0660", method, "an http check of the provider nomad uses a known method", "structs.ServiceCheck.validateNomad";
        Error CHECK_EXPOSE = "P0661", expose, "only http and grpc checks are exposed", "structs.ServiceCheck.validateConsul";
        Error CHECK_THRESHOLDS = "P0662", thresholds, "success_before_passing and its like are for tcp, http and grpc checks", "structs.ServiceCheck.validateConsul";
        Error CHECK_NOTES = "P0663", notes, "a check's notes have at most 255 bytes", "structs.ServiceCheck.validateConsul";
    }
    GROUP_CHECK {
        Error CHECK_GROUP_DRIVER = "P0664", group_driver, "a check of a group that names a task does not use address_mode driver", "structs.TaskGroup.validateServices";
        Error CHECK_TASK_UNKNOWN = "P0665", task_unknown, "a check names a task of its group", "structs.TaskGroup.validateServices";
    }
    SCRIPT_CHECK {
        Error CHECK_SCRIPT_TASK = "P0666", script_task, "a script check of a group names the task that runs it", "structs.TaskGroup.validateScriptChecksInGroupServices";
    }
}

fn service<'a>(cx: &Cx<'a>) -> Option<&'a Block<'a>> {
    cx.service
}

fn consul(cx: &Cx<'_>) -> bool {
    service(cx).is_none_or(is_consul)
}

/// The type as the server compares it in most places.
fn lower(check: &Block<'_>) -> String {
    check.str("Type").to_lowercase()
}

fn named(cx: &Cx<'_>, check: &Block<'_>) -> String {
    service(cx).map(|service| check_name(cx, service, check)).unwrap_or_default()
}

fn port(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let Some(service) = service(cx) else { return };
    if !needs_port(check) || !check.str("PortLabel").is_empty() || !service.str("PortLabel").is_empty() {
        return;
    }
    let (name, of) = (named(cx, check), full_name(cx, service));
    out.say(check.here(), format!("neither the check `{name}` nor its service `{of}` has a port"))
        .hint("set `port` in the service");
}

fn connect_tcp(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let Some(service) = service(cx).filter(|service| is_consul(service)) else { return };
    let sidecar = service.block("Connect").is_some_and(|c| !c.is_null("SidecarService"));
    if check.str("Type") == "tcp" && sidecar {
        out.say(check.at("Type"), "a service with a sidecar has no tcp check: it listens only for its proxy")
            .hint("use an http or grpc check with `expose = true`");
    }
}

fn kind(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let kind = lower(check);
    let known: &[&str] = if consul(cx) { &CONSUL_TYPES } else { &NOMAD_TYPES };
    if !known.contains(&&*kind) {
        let provider = if consul(cx) { "consul" } else { "nomad" };
        out.say(check.at("Type"), format!("`{kind}` is no type of check for the provider `{provider}`"))
            .did_you_mean(&kind, known.iter().copied())
            .hint(format!("use one of: {}", known.join(", ")));
    }
}

fn path(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if lower(check) != "http" {
        return;
    }
    let path = check.str("Path");
    if path.is_empty() {
        out.say(check.here(), "the http check has no path").hint("set `path`, such as \"/health\"");
    } else if has_scheme(path) {
        out.say(check.at("Path"), format!("the path `{path}` is a whole URL"))
            .hint("use a path such as \"/health\"; host and port come from the service");
    } else if !is_reference(path) {
        out.say(check.at("Path"), format!("the path `{path}` is no part of a URL"));
    }
}

fn command(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if lower(check) == "script" && check.str("Command").is_empty() {
        out.say(check.here(), "the script check has no command").hint("set `command`");
    }
}

fn interval(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    match check.int("Interval").unwrap_or(0) {
        0 => {
            out.say(check.at("Interval"), "the check has no interval").hint("set `interval`, at least 1s");
        }
        interval if interval < seconds(1) => {
            out.say(
                check.at("Interval"),
                format!("the check's interval is {}, but must be at least 1s", show(interval)),
            );
        }
        _ => {}
    }
}

fn timeout(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    match check.int("Timeout").unwrap_or(0) {
        0 => {
            out.say(check.at("Timeout"), "the check has no timeout").hint("set `timeout`, at least 1s");
        }
        timeout if timeout < seconds(1) => {
            out.say(
                check.at("Timeout"),
                format!("the check's timeout is {}, but must be at least 1s", show(timeout)),
            );
        }
        _ => {}
    }
}

fn initial(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let state = check.str("InitialStatus");
    if !state.is_empty() && !STATES.contains(&state) {
        out.say(check.at("InitialStatus"), format!("`{state}` is no state of a check"))
            .did_you_mean(state, STATES)
            .hint("use passing, warning or critical");
    }
}

fn address_mode(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let mode = check.str("AddressMode");
    if mode == "auto" {
        out.say(check.at("AddressMode"), "the address mode `auto` is for services, not for checks")
            .hint("remove `address_mode` to use the service's address");
    } else if !mode.is_empty() && !MODES.contains(&mode) {
        out.say(check.at("AddressMode"), format!("`{mode}` is no address mode of a check"))
            .did_you_mean(mode, MODES)
            .hint(format!("use one of: {}", MODES.join(", ")));
    }
}

/// What the check does on an update: its own word, or the service's.
fn update_word<'a>(cx: &Cx<'a>, check: &Block<'a>) -> &'a str {
    match check.str("OnUpdate") {
        "" => service(cx).map_or("", |service| service.str("OnUpdate")),
        word => word,
    }
}

fn on_update(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let word = update_word(cx, check);
    if !word.is_empty() && !ON_UPDATE.contains(&word) {
        out.say(check.at("OnUpdate"), format!("`{word}` is nothing to do on an update"))
            .did_you_mean(word, ON_UPDATE)
            .hint("use require_healthy, ignore_warnings or ignore");
        return;
    }
    let Some(restart) = check.block("CheckRestart") else { return };
    if word == "ignore" {
        out.say(check.at("OnUpdate"), "`on_update = \"ignore\"` does not go with `check_restart`")
            .related(restart.here(), "it would restart what the update takes as healthy");
    } else if word == "ignore_warnings" && !restart.bool("IgnoreWarnings") {
        out.say(check.at("OnUpdate"), "`on_update` ignores warnings, but `check_restart` does not")
            .related(restart.here(), "here")
            .hint("set `ignore_warnings = true` in `check_restart`");
    }
}

fn restart(_: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let Some(restart) = check.block("CheckRestart") else { return };
    if let Some(limit) = restart.int("Limit").filter(|limit| *limit < 0) {
        out.say(restart.at("Limit"), format!("`limit` is negative ({limit})"));
    }
    if let Some(grace) = restart.int("Grace").filter(|grace| *grace < 0) {
        out.say(restart.at("Grace"), format!("`grace` is negative ({})", show(grace)));
    }
}

fn consul_only(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if consul(cx) {
        return;
    }
    let restart = check.block("CheckRestart");
    let site = if check.bool("Expose") {
        check.at("Expose")
    } else if update_word(cx, check) == "ignore_warnings" {
        check.at("OnUpdate")
    } else if let Some(restart) = restart.filter(|restart| restart.bool("IgnoreWarnings")) {
        restart.at("IgnoreWarnings")
    } else if check.str("AddressMode") == "driver" {
        check.at("AddressMode")
    } else if let Some((json, _)) = THRESHOLDS.iter().find(|(json, _)| check.int(json).unwrap_or(0) > 0) {
        check.at(json)
    } else if !check.str("TLSServerName").is_empty() {
        check.at("TLSServerName")
    } else {
        return;
    };
    let what = site.path.rsplit('.').next().unwrap_or_default().to_owned();
    out.say(site, format!("`{what}` is used as only checks in Consul can"))
        .hint("remove it, or set `provider = \"consul\"` in the service");
}

fn method(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let method = check.str("Method");
    if consul(cx) || check.str("Type") != "http" || method.is_empty() {
        return;
    }
    let upper = method.to_uppercase();
    if !METHODS.contains(&&*upper) {
        out.say(check.at("Method"), format!("`{method}` is no HTTP method"))
            .did_you_mean(&upper, METHODS)
            .hint(format!("use one of: {}", METHODS.join(", ")));
    }
}

fn expose(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if consul(cx) && check.bool("Expose") && !matches!(&*lower(check), "grpc" | "http") {
        let kind = check.str("Type");
        out.say(check.at("Expose"), format!("a check of type `{kind}` cannot be exposed"))
            .hint("only http and grpc checks can");
    }
}

const THRESHOLDS: [(&str, &str); 3] = [
    ("SuccessBeforePassing", "success_before_passing"),
    ("FailuresBeforeCritical", "failures_before_critical"),
    ("FailuresBeforeWarning", "failures_before_warning"),
];

fn thresholds(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    // Negative values become zero before the server looks; it stops at the first that is left.
    let kind = check.str("Type");
    if !consul(cx) || matches!(kind, "tcp" | "http" | "grpc") {
        return;
    }
    if let Some((json, hcl)) = THRESHOLDS.iter().find(|(json, _)| check.int(json).unwrap_or(0) > 0) {
        out.say(check.at(json), format!("a check of type `{kind}` has no `{hcl}`"))
            .hint("only tcp, http and grpc checks have it");
    }
}

fn notes(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let len = check.str("Notes").len();
    if consul(cx) && len > 255 {
        out.say(check.at("Notes"), format!("the notes have {len} bytes, over 255"));
    }
}

/// The task that a check of a group names, itself or by its service.
fn task_of<'a>(cx: &Cx<'a>, check: &Block<'a>) -> &'a str {
    match check.str("TaskName") {
        "" => service(cx).map_or("", |service| service.str("TaskName")),
        name => name,
    }
}

fn group_driver(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    if !task_of(cx, check).is_empty() && check.str("AddressMode") == "driver" {
        out.say(check.at("AddressMode"), "a check of a group cannot use the address mode `driver`")
            .hint("move the service into the task, or use another mode");
    }
}

fn task_unknown(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let (Some(group), name) = (cx.group, task_of(cx, check)) else { return };
    let tasks = group.blocks("Tasks");
    let names: Vec<&str> = tasks.iter().map(|task| task.str("Name")).collect();
    if !name.is_empty() && !names.contains(&name) {
        out.say(check.at("TaskName"), format!("the group has no task `{name}`"))
            .did_you_mean(name, names.iter().copied())
            .hint(format!("its tasks are: {}", names.join(", ")));
    }
}

fn script_task(cx: &Cx<'_>, check: &Block<'_>, out: &mut Out<'_>) {
    let in_service = service(cx).is_some_and(|service| !service.str("TaskName").is_empty());
    if !in_service && check.str("Type") == "script" && check.str("TaskName").is_empty() {
        out.say(check.here(), "the script check does not say in which task it runs")
            .hint("set `task` in the check or its service");
    }
}
