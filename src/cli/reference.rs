//! The reference page of the command line, written from its declaration.

use std::fmt::Write as _;

use clap::Command;

/// The text of `docs/commands.md`.
pub fn markdown() -> String {
    let mut command = super::command();
    command.build();
    let mut out = String::from(
        "# Commands\n\n\
         Written from the declaration of the command line; a test keeps it current.\n\
         Results go to stdout, all else to stderr. [exit-codes.md](exit-codes.md) lists how commands end.\n\n\
         ## Options of every command\n\n",
    );
    options(&mut out, &command, |arg| arg.is_global_set());
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        section(&mut out, sub, "", 2);
    }
    out
}

fn section(out: &mut String, command: &Command, parent: &str, depth: usize) {
    let name = format!("{parent}{}", command.get_name());
    let _ = write!(out, "\n{} `{name}`\n\n", "#".repeat(depth));
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        let _ = writeln!(out, "{about}\n");
    }
    let subcommands: Vec<_> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
    if subcommands.is_empty() {
        let usage = command.clone().render_usage().to_string();
        let _ = writeln!(out, "`{}`\n", usage.trim_start_matches("Usage: ").replace('\n', " "));
        options(out, command, |arg| !arg.is_global_set());
    }
    for sub in subcommands {
        section(out, sub, &format!("{name} "), depth + 1);
    }
}

fn options(out: &mut String, command: &Command, wanted: impl Fn(&clap::Arg) -> bool) {
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|arg| {
            wanted(arg) && !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
        })
        .collect();
    if arguments.is_empty() {
        return;
    }
    out.push_str("| | |\n|---|---|\n");
    for arg in arguments {
        let mut name = match (arg.get_short(), arg.get_long()) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (None, Some(long)) => format!("--{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, None) => String::new(),
        };
        let values: Vec<_> =
            arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
        if arg.get_action().takes_values() {
            name = format!("{name} {}", values.join(" "));
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(out, "| `{}` | {} |", name.trim(), help.replace('|', "\\|").replace('\n', " "));
    }
}
