//! The pass `wrapper`: a script around a task's command reports how it started and ended.
//!
//! The script (`wrapper.sh`) is delivered by a `template` block. What runs is then
//!
//! - `docker`, `podman`: `entrypoint = [wrapper, …the entrypoint that the task sets]`, with
//!   `command` and `args` as they were. The image's own entrypoint cannot be known here, so a
//!   task without `command` and `entrypoint` is refused;
//! - `exec`, `raw_exec`: `command = wrapper`, `args = ["-l", command, …args]`. With `-l` the
//!   wrapper looks the command up as the driver would have done.
//!
//! Other drivers run no command of the task's, and are left alone.

use indexmap::IndexMap;

use super::{Facts, Mode, Pass};
use crate::diagnostic::Diagnostic;
use crate::jobspec::Job;
use crate::jobspec::blocks::TEMPLATE;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

crate::codes! {
    /// A task should be wrapped and its command is not known.
    UNKNOWN_COMMAND = "P0801", "a task's command is not known, so it cannot be monitored", "docs/monitoring.md";
}

/// The wrapper, a POSIX shell script.
pub const SCRIPT: &str = include_str!("wrapper.sh");

/// Where the wrapper is in the task's folder.
pub const DESTINATION: &str = "local/platy-wrapper";

/// The wrapper as the drivers reach it.
const PATH: &str = "${NOMAD_TASK_DIR}/platy-wrapper";

pub(super) const PASS: Pass =
    Pass { name: "wrapper", doc: "puts the monitoring wrapper around the command of each main task", run };

/// The mode that holds for a job.
///
/// The job's own word counts first. Without one, batch jobs follow their stage and are wrapped
/// where events have somewhere to go; jobs of other types are not.
pub(super) fn mode(job: &Job, facts: &Facts) -> Mode {
    if let Some(mode) = facts.mode {
        return mode;
    }
    if !matches!(job.root.str("Type"), "batch" | "sysbatch") {
        return Mode::Off;
    }
    match facts.stage_mode {
        Some(mode) => mode,
        None if facts.events.is_some() => Mode::Inject,
        None => Mode::Off,
    }
}

/// Whether a task is a main task of its group, not a helper.
pub(super) fn is_main(task: &Object) -> bool {
    task.block("Lifecycle").is_none()
}

/// The signal with which Nomad asks a task to stop, without `SIG`.
pub(super) fn kill_signal(task: &Object) -> &str {
    match (task.str("KillSignal"), task.str("Driver")) {
        ("", "docker" | "podman") => "TERM",
        ("", _) => "INT",
        (signal, _) => signal.trim_start_matches("SIG"),
    }
}

/// The seconds after that signal when the wrapper kills the command: a moment before Nomad
/// kills the wrapper itself. `None` where `kill_timeout` is too short for that.
pub(super) fn kill_after(task: &Object) -> Option<String> {
    // Milliseconds; Nomad's own default is 5 s.
    let timeout = task.int("KillTimeout").map_or(5_000, |nanoseconds| nanoseconds / 1_000_000);
    let after = timeout - (timeout / 5).min(2_000);
    (timeout >= 2_000).then(|| format!("{}.{}", after / 1_000, after % 1_000 / 100))
}

fn run(job: &mut Job, facts: &Facts) -> Result<Vec<String>, Vec<Diagnostic>> {
    if mode(job, facts) != Mode::Inject {
        return Ok(Vec::new());
    }
    let source = job.source.clone();
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    for group in job.root.blocks_mut("TaskGroups") {
        for task in group.blocks_mut("Tasks").filter(|task| is_main(task)) {
            let name = task.str("Name").to_owned();
            match wrap(task, facts.spans.mode) {
                Wrapped::Yes => {
                    add_script(task, facts.spans.mode);
                    changes.push(format!("task `{name}` runs in the wrapper"));
                }
                Wrapped::OtherDriver => {
                    changes.push(format!("task `{name}` is left alone: {}", task.str("Driver")));
                }
                Wrapped::UnknownCommand => {
                    let mut diagnostic = Diagnostic::error(
                        &UNKNOWN_COMMAND,
                        format!(
                            "the task `{name}` names no command, so the monitoring wrapper has nothing to run"
                        ),
                    )
                    .hint("set `command` (and `args`): the image's own entrypoint is replaced by the wrapper")
                    .hint("or set `monitoring: image` if the image brings the wrapper, or `monitoring: off`");
                    // The image is what the user wrote, where a template wrote the rest.
                    let image = task.map("Config").and_then(|config| config.get("image"));
                    let span = image.and_then(|image| image.span).or(task.get("Config").span).or(task.span);
                    if let (Some(source), Some(span)) = (&source, span) {
                        diagnostic = diagnostic.at(source.place(span.range()));
                    }
                    errors.push(diagnostic);
                }
            }
        }
    }
    if errors.is_empty() { Ok(changes) } else { Err(errors) }
}

enum Wrapped {
    Yes,
    OtherDriver,
    UnknownCommand,
}

/// Changes the driver's config so that the wrapper runs the command; `span` is where that is asked for.
fn wrap(task: &mut Object, span: Option<Span>) -> Wrapped {
    let driver = task.str("Driver").to_owned();
    let Some(node) = task.get_mut("Config") else { return Wrapped::OtherDriver };
    let mut none = IndexMap::new();
    let config = match &mut node.value {
        Value::Map(config) => config,
        _ => &mut none,
    };
    let command =
        config.get("command").filter(|command| command.as_str().is_some_and(|text| !text.is_empty()));
    match driver.as_str() {
        "docker" | "podman" => {
            let entrypoint = match config.get("entrypoint").map(|node| &node.value) {
                Some(Value::List(list)) => list.clone(),
                // The driver reads one text as a list of one.
                Some(Value::Str(_)) => config.get("entrypoint").cloned().into_iter().collect(),
                _ => Vec::new(),
            };
            if command.is_none() && entrypoint.is_empty() {
                return Wrapped::UnknownCommand;
            }
            let mut wrapped = vec![Node { value: Value::from(PATH), span }];
            wrapped.extend(entrypoint);
            config.insert("entrypoint".to_owned(), Node { value: Value::List(wrapped), span });
            Wrapped::Yes
        }
        "exec" | "raw_exec" => {
            let Some(command) = command.cloned() else { return Wrapped::UnknownCommand };
            let mut args = vec![Node { value: Value::from("-l"), span }, command];
            if let Some(Value::List(old)) = config.get("args").map(|node| &node.value) {
                args.extend(old.iter().cloned());
            }
            config.insert("command".to_owned(), Node { value: Value::from(PATH), span });
            config.insert("args".to_owned(), Node { value: Value::List(args), span });
            Wrapped::Yes
        }
        _ => Wrapped::OtherDriver,
    }
}

/// Adds the template that delivers the script; `span` is where it is asked for.
fn add_script(task: &mut Object, span: Option<Span>) {
    let mut template = Object::new(&TEMPLATE);
    template.span = span;
    for (field, value) in [
        ("EmbeddedTmpl", SCRIPT.into()),
        ("DestPath", DESTINATION.into()),
        ("Perms", "0755".into()),
        // It has nothing to watch: a new script is a new version of the job.
        ("ChangeMode", "noop".into()),
        // What Nomad's parser writes into each template: the job is the same once printed and read.
        ("Splay", Value::Int(5_000_000_000)),
        ("ErrMissingKey", Value::Bool(false)),
    ] {
        if let Some(node) = template.get_mut(field) {
            *node = Node { value, span };
        }
    }
    let Some(node) = task.get_mut("Templates") else { return };
    if !matches!(node.value, Value::List(_)) {
        node.value = Value::List(Vec::new());
    }
    if let Value::List(templates) = &mut node.value {
        templates.push(Node { value: Value::from(template), span });
    }
}
