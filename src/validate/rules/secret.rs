//! Secrets that are fetched for a task, and actions that people run in it.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::is_word;
use crate::validate::view::Block;

rules! {
    SECRET {
        Error SECRET_NAME_MISSING = "P0730", name_missing, "a secret has a name", "structs.Secret.Validate";
        Error SECRET_NAME = "P0731", name, "a secret's name has letters, digits and `_`, at most 128", "structs.Secret.Validate";
        Error SECRET_PROVIDER = "P0732", provider, "a secret has a provider", "structs.Secret.Validate";
        Error SECRET_PATH = "P0733", path, "a secret has a path", "structs.Secret.Validate";
        Error SECRET_SETTINGS = "P0734", settings, "secrets of nomad and vault have `config`, those of plugins `env`", "structs.Secret.Validate";
    }
    SECRETS {
        Error SECRET_TWICE = "P0735", twice, "each secret of a task has a name of its own", "structs.Task.Validate";
        Error SECRET_VAULT = "P0736", vault, "a task with a secret of vault has a `vault` block", "structs.Task.Validate";
    }
    ACTION {
        Error ACTION_COMMAND = "P0737", action_command, "an action has a command", "structs.Action.Validate";
        Error ACTION_NAME = "P0738", action_name, "an action's name has 1 to 128 characters and no blanks", "structs.Action.Validate";
    }
    ACTIONS {
        Error ACTION_TWICE = "P0739", action_twice, "each action of a task has a name of its own", "structs.Task.Validate";
    }
}

fn name_missing(_: &Cx<'_>, secret: &Block<'_>, out: &mut Out<'_>) {
    if secret.str("Name").is_empty() {
        out.say(secret.here(), "the secret has no name").hint("write it as the label: `secret \"name\" {`");
    }
}

fn name(_: &Cx<'_>, secret: &Block<'_>, out: &mut Out<'_>) {
    let name = secret.str("Name");
    if !is_word(name, "_") {
        out.say(secret.at("Name"), format!("`{name}` is no name for a secret"))
            .hint("use letters, digits and `_`, at most 128");
    }
}

fn provider(_: &Cx<'_>, secret: &Block<'_>, out: &mut Out<'_>) {
    if secret.str("Provider").is_empty() {
        out.say(secret.at("Provider"), "the secret has no provider")
            .hint("set `provider` to nomad, vault or the name of a plugin");
    }
}

fn path(_: &Cx<'_>, secret: &Block<'_>, out: &mut Out<'_>) {
    if secret.str("Path").is_empty() {
        out.say(secret.at("Path"), "the secret has no path").hint("set `path`");
    }
}

fn settings(_: &Cx<'_>, secret: &Block<'_>, out: &mut Out<'_>) {
    let provider = secret.str("Provider");
    if matches!(provider, "nomad" | "vault") {
        if secret.has_any("Env") {
            out.say(secret.at("Env"), format!("a secret of the provider `{provider}` has no `env`"));
        }
    } else if secret.has_any("Config") {
        out.say(secret.at("Config"), format!("a secret of the plugin `{provider}` has no `config`"))
            .hint("a plugin takes its settings from `env`");
    }
}

fn twice(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let secrets = task.blocks("Secrets");
    for (i, secret) in secrets.iter().enumerate() {
        let name = secret.str("Name");
        if let Some(other) = secrets[..i].iter().find(|other| other.str("Name") == name) {
            out.say(secret.here(), format!("a second secret is named `{name}`"))
                .related(other.here(), "the first");
        }
    }
}

fn vault(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if !task.is_null("Vault") {
        return;
    }
    for secret in task.blocks("Secrets") {
        if secret.str("Provider") == "vault" {
            let name = secret.str("Name");
            out.say(
                secret.at("Provider"),
                format!("the secret `{name}` comes from Vault, but the task has no `vault` block"),
            )
            .hint("add `vault {}` to the task");
        }
    }
}

fn action_command(_: &Cx<'_>, action: &Block<'_>, out: &mut Out<'_>) {
    if action.str("Command").is_empty() {
        let name = action.str("Name");
        out.say(action.at("Command"), format!("the action `{name}` has no command")).hint("set `command`");
    }
}

fn action_name(_: &Cx<'_>, action: &Block<'_>, out: &mut Out<'_>) {
    let name = action.str("Name");
    let blank = |c: char| matches!(c, '\0' | '\t' | '\n' | '\x0c' | '\r' | ' ');
    if !(1..=128).contains(&name.chars().count()) || name.contains(blank) {
        out.say(action.at("Name"), format!("`{name}` is no name for an action"))
            .hint("use 1 to 128 characters without blanks");
    }
}

fn action_twice(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let actions = task.blocks("Actions");
    for (i, action) in actions.iter().enumerate() {
        let name = action.str("Name");
        let same: Vec<_> = actions[..i].iter().filter(|other| other.str("Name") == name).collect();
        // The server says it of the second, and forgets it at the third.
        if same.len() % 2 == 1 {
            out.say(action.here(), format!("a second action is named `{name}`"))
                .related(same[0].here(), "the first");
        }
    }
}
