//! Workload identities of a task, and its tokens from Vault.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::is_word;
use crate::validate::view::Block;

const MODES: [&str; 3] = ["noop", "restart", "signal"];

rules! {
    IDENTITY {
        Error IDENTITY_NAME = "P0718", name, "an identity's name has letters, digits, `-` and `_`, at most 128", "structs.WorkloadIdentity.Validate";
        Error IDENTITY_AUDIENCE = "P0719", audience, "no audience of an identity is an empty text", "structs.WorkloadIdentity.Validate";
        Error IDENTITY_CHANGE_MODE = "P0720", change_mode, "an identity's change_mode is noop, restart or signal", "structs.WorkloadIdentity.Validate";
        Error IDENTITY_SIGNAL = "P0721", signal, "an identity has a change_signal if and only if its change_mode is signal", "structs.WorkloadIdentity.Validate";
        Error IDENTITY_TTL = "P0722", ttl, "an identity's ttl is not negative, and the default one has none", "structs.WorkloadIdentity.Validate";
        Error IDENTITY_FILEPATH = "P0723", filepath, "an identity with a filepath is written to a file", "structs.WorkloadIdentity.Validate";
    }
    IDENTITY_WARNINGS {
        Warning IDENTITY_AUDIENCES = "P0724", audiences, "an identity has exactly one audience", "structs.WorkloadIdentity.Warnings";
        Warning IDENTITY_NO_TTL = "P0725", no_ttl, "an identity expires", "structs.WorkloadIdentity.Warnings";
        Warning IDENTITY_ENV = "P0726", env, "an identity in the environment restarts its task when it is renewed", "structs.WorkloadIdentity.Warnings";
    }
    IDENTITIES {
        Error TWO_DEFAULT_IDENTITIES = "P0727", two_defaults, "a task has one default identity", "structs.Task.Validate";
        Warning VAULT_IDENTITY = "P0728", vault_identity, "a task with an identity for Vault has a `vault` block", "nomad.jobValidate.validateVaultIdentity";
    }
    VAULT {
        Error VAULT_CHANGE_MODE = "P0729", vault_change_mode, "vault's change_mode is noop, restart or signal, with a signal", "structs.Vault.Validate";
    }
}

/// Whether this is the identity that every task has for Nomad itself.
pub fn is_default(identity: &Block<'_>) -> bool {
    matches!(identity.str("Name"), "" | "default")
}

fn name(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    let name = identity.str("Name");
    if !name.is_empty() && !is_word(name, "-_") {
        out.say(identity.at("Name"), format!("`{name}` is no name for an identity"))
            .hint("use letters, digits, `-` and `_`, at most 128");
    }
}

fn audience(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    // The default identity's audience is replaced by Nomad's.
    if is_default(identity) {
        return;
    }
    for (i, audience) in identity.strs("Audience") {
        if audience.is_empty() {
            out.say(identity.at_index("Audience", i), "an audience is an empty text");
        }
    }
}

fn change_mode(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    let mode = identity.str("ChangeMode");
    if !mode.is_empty() && !MODES.contains(&mode) {
        out.say(identity.at("ChangeMode"), format!("`{mode}` is no change mode of an identity"))
            .did_you_mean(mode, MODES)
            .hint("use noop, restart or signal");
    }
}

fn signal(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    let signal = identity.str("ChangeSignal");
    match identity.str("ChangeMode") {
        "signal" if signal.is_empty() => {
            out.say(identity.at("ChangeMode"), "the change mode is `signal`, but there is no signal")
                .hint("set `change_signal`");
        }
        "" | "noop" | "restart" if !signal.is_empty() => {
            out.say(
                identity.at("ChangeSignal"),
                format!("the signal `{signal}` is set, but the change mode is not `signal`"),
            )
            .hint("set `change_mode = \"signal\"`, or remove `change_signal`");
        }
        _ => {}
    }
}

fn ttl(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    let ttl = identity.int("TTL").unwrap_or(0);
    if ttl > 0 && is_default(identity) {
        out.say(identity.at("TTL"), "the default identity has no `ttl`")
            .hint("give the identity a name, or remove `ttl`");
    }
    if ttl < 0 {
        out.say(identity.at("TTL"), "`ttl` is negative");
    }
}

fn filepath(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    if !identity.str("Filepath").is_empty() && !identity.bool("File") {
        out.say(identity.at("Filepath"), "`filepath` is set, but the identity is not written to a file")
            .hint("set `file = true`");
    }
}

fn audiences(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    match identity.list("Audience").len() {
        0 => {
            let name = identity.str("Name");
            out.say(
                identity.here(),
                format!("the identity `{name}` has no audience, so anyone may take its token"),
            )
            .hint("set `aud`");
        }
        1 => {}
        count => {
            out.say(identity.at("Audience"), format!("the identity has {count} audiences"))
                .hint("one audience for each identity is safer");
        }
    }
}

fn no_ttl(cx: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    // The identity of a service in Consul is named by Nomad.
    let named = cx.service.is_some_and(super::service::is_consul) || !is_default(identity);
    if identity.int("TTL").unwrap_or(0) == 0 && named {
        let name = identity.str("Name");
        out.say(identity.here(), format!("the identity `{name}` never expires"))
            .hint("set `ttl`, such as \"1h\"");
    }
}

fn env(_: &Cx<'_>, identity: &Block<'_>, out: &mut Out<'_>) {
    if identity.bool("Env") && identity.str("ChangeMode") != "restart" {
        out.say(identity.at("Env"), "a renewed identity never reaches the environment of a running task")
            .hint("set `change_mode = \"restart\"`, or use `file = true`");
    }
}

fn two_defaults(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    // The defaults have moved one of them to `Identity`; what is left is too much.
    for identity in task.blocks("Identities").iter().filter(|identity| is_default(identity)) {
        out.say(identity.here(), "the task has more than one default identity").hint("give it a name");
    }
}

fn vault_identity(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if !task.is_null("Vault") {
        return;
    }
    for identity in task.blocks("Identities") {
        let name = identity.str("Name");
        if name.starts_with("vault_") {
            out.say(identity.here(), format!("the task has an identity `{name}`, but no `vault` block"));
        }
    }
}

fn vault_change_mode(_: &Cx<'_>, vault: &Block<'_>, out: &mut Out<'_>) {
    let mode = vault.str("ChangeMode");
    if mode == "signal" {
        if vault.get("ChangeSignal").as_str() == Some("") {
            out.say(vault.at("ChangeSignal"), "the change mode is `signal`, but the signal is empty")
                .hint("set `change_signal`, or leave it out for SIGHUP");
        }
    } else if !mode.is_empty() && !MODES.contains(&mode) {
        out.say(vault.at("ChangeMode"), format!("`{mode}` is no change mode of `vault`"))
            .did_you_mean(mode, MODES)
            .hint("use noop, restart or signal");
    }
}
