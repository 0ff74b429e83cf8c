//! The reference page of the rules, written from their declarations.

use std::fmt::Write as _;

use super::driver::{self, schema::Key, schema::Kind};
use super::rules::{Rule, SUBJECTS};
use crate::diagnostic::Severity;

/// The text of `docs/rules.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# The rules of a Nomad server, offline\n\n\
         Written from the declarations in `src/validate/`; a test keeps it current. An *error* is\n\
         what a server refuses, a *warning* what it accepts with a warning, a *note* what only a\n\
         cluster can tell: it stands under `not_checked`. The source is the function in Nomad's\n\
         `nomad/structs` (or `nomad`, `command/agent`) that has the rule.\n",
    );
    for subject in SUBJECTS {
        table(&mut out, subject.title, subject.rules);
    }
    out.push_str(
        "\n# The config of task drivers\n\n\
         Nomad accepts any `config` and the task fails when it starts; these rules find it before.\n",
    );
    table(&mut out, "rules", driver::RULES);
    for known in driver::DRIVERS {
        let _ = write!(out, "\n## `{}`\n\n| key | type | meaning |\n|---|---|---|\n", known.name);
        keys(&mut out, "", known.keys);
    }
    out
}

fn table(out: &mut String, title: &str, rules: &[Rule]) {
    let _ = write!(out, "\n## {title}\n\n| code | | rule | source |\n|---|---|---|---|\n");
    for rule in rules {
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let _ =
            writeln!(out, "| {} | {severity} | {} | `{}` |", rule.code.id, rule.code.title, rule.code.origin);
    }
}

fn keys(out: &mut String, prefix: &str, list: &[Key]) {
    for key in list {
        let needed = if key.required { ", required" } else { "" };
        let _ = writeln!(out, "| `{prefix}{}` | {}{needed} | {} |", key.name, key.kind.noun(), key.doc);
        if let Kind::Block(inner) | Kind::Blocks(inner) = key.kind {
            keys(out, &format!("{prefix}{}.", key.name), inner);
        }
    }
}
