//! Templates of a task.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::duration::show;
use crate::validate::formats::path::escapes_allocation;
use crate::validate::view::Block;

const MODES: [&str; 4] = ["noop", "signal", "script", "restart"];

rules! {
    TEMPLATE {
        Error TEMPLATE_SOURCE = "P0703", source, "a template has a source or data", "structs.Template.Validate";
        Error TEMPLATE_DESTINATION = "P0704", destination, "a template has a destination", "structs.Template.Validate";
        Error TEMPLATE_ESCAPES = "P0705", escapes, "a template's destination stays in the allocation", "structs.Template.Validate";
        Error TEMPLATE_CHANGE_MODE = "P0706", change_mode, "change_mode is noop, signal, script or restart", "structs.Template.Validate";
        Error TEMPLATE_SIGNAL = "P0707", signal, "change_mode signal has a signal and no environment variables", "structs.Template.Validate";
        Error TEMPLATE_SCRIPT = "P0708", script, "change_mode script has a change_script with a command", "structs.Template.Validate";
        Error TEMPLATE_SPLAY = "P0709", splay, "splay is not negative", "structs.Template.Validate";
        Error TEMPLATE_PERMS = "P0710", perms, "perms is an octal number up to 7777", "structs.Template.Validate";
        Error TEMPLATE_WAIT = "P0711", wait, "wait's min is not more than its max", "structs.WaitConfig.Validate";
        Warning VAULT_GRACE = "P0712", vault_grace, "vault_grace is deprecated", "structs.Template.Warnings";
    }
    TEMPLATES {
        Error TEMPLATE_TWICE = "P0713", twice, "each template of a task has a destination of its own", "structs.Task.Validate";
    }
}

fn source(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if template.str("SourcePath").is_empty() && template.str("EmbeddedTmpl").is_empty() {
        out.say(template.here(), "the template has neither `source` nor `data`")
            .hint("set `data` to the template's text, or `source` to its file");
    }
}

fn destination(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if template.str("DestPath").is_empty() {
        out.say(template.at("DestPath"), "the template has no destination")
            .hint("set `destination`, such as \"local/app.conf\"");
    }
}

fn escapes(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    let path = template.str("DestPath");
    if escapes_allocation("task", path) {
        out.say(
            template.at("DestPath"),
            format!("the destination `{path}` lies outside of the allocation's folder"),
        )
        .hint("it is relative to the task's folder: use `local/…` or `secrets/…`");
    }
}

fn mode<'a>(template: &Block<'a>) -> &'a str {
    template.get("ChangeMode").as_str().unwrap_or("restart")
}

fn change_mode(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    let mode = mode(template);
    if !MODES.contains(&mode) {
        out.say(template.at("ChangeMode"), format!("`{mode}` is no change mode"))
            .did_you_mean(mode, MODES)
            .hint("use noop, signal, script or restart");
    }
}

fn signal(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if mode(template) != "signal" {
        return;
    }
    // Unset, the signal is SIGHUP.
    if template.get("ChangeSignal").as_str() == Some("") {
        out.say(template.at("ChangeSignal"), "the change mode is `signal`, but the signal is empty")
            .hint("set `change_signal`, or leave it out for SIGHUP");
    }
    if template.bool("Envvars") {
        out.say(
            template.at("ChangeMode"),
            "environment variables of a running task cannot change by a signal",
        )
        .related(template.at("Envvars"), "`env`")
        .hint("set `change_mode = \"restart\"`");
    }
}

fn script(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if mode(template) != "script" {
        return;
    }
    match template.block("ChangeScript") {
        None => {
            out.say(
                template.at("ChangeMode"),
                "the change mode is `script`, but there is no `change_script`",
            )
            .hint("add `change_script { command = … }`");
        }
        Some(script) => {
            if script.str("Command").is_empty() {
                out.say(script.at("Command"), "the change script has no command").hint("set `command`");
            }
        }
    }
}

fn splay(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if let Some(splay) = template.int("Splay").filter(|splay| *splay < 0) {
        out.say(template.at("Splay"), format!("`splay` is negative ({})", show(splay)));
    }
}

fn perms(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    let perms = template.str("Perms");
    let digits = perms.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let small = u32::from_str_radix(perms, 8).is_ok_and(|bits| bits < 1 << 12);
    if !perms.is_empty() && (!digits || !small) {
        out.say(template.at("Perms"), format!("`{perms}` are no permissions in octal"))
            .hint("write them like \"0644\"");
    }
}

fn wait(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    let Some(wait) = template.block("Wait") else { return };
    if let (Some(min), Some(max)) = (wait.int("Min"), wait.int("Max"))
        && min > max
    {
        out.say(wait.at("Min"), format!("`min` ({}) is more than `max` ({})", show(min), show(max)))
            .related(wait.at("Max"), "`max`");
    }
}

fn vault_grace(_: &Cx<'_>, template: &Block<'_>, out: &mut Out<'_>) {
    if template.int("VaultGrace").unwrap_or(0) != 0 {
        out.say(template.at("VaultGrace"), "`vault_grace` is deprecated since Nomad 0.11 and has no effect")
            .hint("remove it");
    }
}

fn twice(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let templates = task.blocks("Templates");
    for (i, template) in templates.iter().enumerate() {
        let path = template.str("DestPath");
        if let Some(other) = templates[..i].iter().find(|other| other.str("DestPath") == path) {
            out.say(template.at("DestPath"), format!("a second template is written to `{path}`"))
                .related(other.at("DestPath"), "the first");
        }
    }
}
