//! A task: its name, driver, lifecycle, and the place of a proxy.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::path::escapes_allocation;
use crate::validate::view::Block;

const HOOKS: [&str; 3] = ["prestart", "poststart", "poststop"];

rules! {
    TASK {
        Error TASK_NAME_MISSING = "P0678", name_missing, "a task's name is not empty", "structs.Task.Validate";
        Error TASK_NAME_ALLOC = "P0679", name_alloc, "no task is named `alloc`", "structs.Task.Validate";
        Error TASK_NAME_CHARACTERS = "P0680", name_characters, "a task's name has no slash and no null character", "structs.Task.Validate";
        Error DRIVER_MISSING = "P0681", driver, "a task has a driver", "structs.Task.Validate";
        Error DISPATCH_ESCAPES = "P0682", dispatch_payload, "dispatch_payload's file stays in the allocation", "structs.DispatchPayloadConfig.Validate";
        Error LIFECYCLE_HOOK = "P0683", hook, "lifecycle's hook is prestart, poststart or poststop", "structs.TaskLifecycleConfig.Validate";
        Error PROXY_TASK = "P0684", proxy, "a Connect proxy has no service of its own and is no leader", "structs.Task.Validate";
        Error PROXY_SERVICE = "P0685", proxy_service, "a Connect proxy belongs to a service of its group with a sidecar", "structs.ValidateConnectProxyService";
    }
}

fn name_missing(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if task.str("Name").is_empty() {
        out.say(task.at("Name"), "the task's name is empty").hint("write it as the label: `task \"name\" {`");
    }
}

fn name_alloc(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if task.str("Name") == "alloc" {
        out.say(task.at("Name"), "no task can be named `alloc`: that folder is the one all tasks share");
    }
}

fn name_characters(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let name = task.str("Name");
    if name.contains(['/', '\\']) {
        out.say(task.at("Name"), format!("the task's name `{name}` contains a slash"))
            .hint("the name becomes a folder");
    } else if name.contains('\0') {
        out.say(task.at("Name"), "the task's name contains a null character");
    }
}

fn driver(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if task.str("Driver").is_empty() {
        let name = task.str("Name");
        out.say(task.here(), format!("task `{name}` has no driver"))
            .hint("set `driver`, such as \"docker\" or \"exec\"");
    }
}

fn dispatch_payload(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if let Some(payload) = task.block("DispatchPayload")
        && escapes_allocation("task/local/", payload.str("File"))
    {
        let file = payload.str("File");
        out.say(payload.at("File"), format!("`{file}` lies outside of the allocation's folder"))
            .hint("the file is relative to the task's `local/`");
    }
}

fn hook(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let Some(lifecycle) = task.block("Lifecycle") else { return };
    let hook = lifecycle.str("Hook");
    if hook.is_empty() {
        out.say(lifecycle.at("Hook"), "the lifecycle has no hook")
            .hint("use prestart, poststart or poststop");
    } else if !HOOKS.contains(&hook) {
        out.say(lifecycle.at("Hook"), format!("`{hook}` is no lifecycle hook"))
            .did_you_mean(hook, HOOKS)
            .hint("use prestart, poststart or poststop");
    }
}

/// The service whose sidecar proxy this task is.
fn proxied<'a>(task: &Block<'a>) -> Option<&'a str> {
    task.str("Kind").strip_prefix("connect-proxy:").filter(|service| !service.is_empty())
}

fn proxy(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if proxied(task).is_none() {
        return;
    }
    if task.has_any("Services") {
        out.say(task.at("Services"), "a task that is a Connect proxy has no service of its own");
    }
    if task.bool("Leader") {
        out.say(task.at("Leader"), "a task that is a Connect proxy is not the leader");
    }
}

fn proxy_service(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let (Some(service), Some(group)) = (proxied(task), cx.group) else { return };
    let services = group.blocks("Services");
    let group_cx = Cx { task: None, ..*cx };
    let names: Vec<String> = services
        .iter()
        .filter(|service| super::admission::has_sidecar(service))
        .map(|service| super::service::full_name(&group_cx, service))
        .collect();
    if !names.iter().any(|name| name == service) {
        let finding =
            out.say(task.at("Kind"), format!("the group has no service `{service}` with a sidecar"));
        finding.did_you_mean(service, names.iter().map(String::as_str));
        if !names.is_empty() {
            finding.hint(format!("its services with a sidecar are: {}", names.join(", ")));
        }
    }
}
