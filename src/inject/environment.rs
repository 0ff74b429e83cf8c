//! The pass `environment`: every task can read what it is from `PLATY_*`.
//!
//! What a task sets itself stays. The values reach programs, the wrapper among them, through the
//! environment alone: nothing is substituted into a script.

use indexmap::IndexMap;

use super::{Facts, Mode, Pass, wrapper};
use crate::diagnostic::Diagnostic;
use crate::jobspec::Job;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

pub(super) const PASS: Pass = Pass {
    name: "environment",
    doc: "sets `PLATY_*` in each task's environment: job, stage, cluster, user, owner, build, image",
    run,
};

fn run(job: &mut Job, facts: &Facts) -> Result<Vec<String>, Vec<Diagnostic>> {
    let mode = wrapper::mode(job, facts);
    let mut changes = Vec::new();
    for group in job.root.blocks_mut("TaskGroups") {
        for task in group.blocks_mut("Tasks") {
            let variables = variables(task, facts, mode);
            let name = task.str("Name").to_owned();
            let Some(node) = task.get_mut("Env") else { continue };
            if !matches!(node.value, Value::Map(_)) {
                node.value = Value::Map(IndexMap::new());
            }
            let Value::Map(env) = &mut node.value else { continue };
            let mut set = Vec::new();
            for (key, text, span) in variables {
                if !env.contains_key(key) {
                    env.insert(key.to_owned(), Node { value: Value::Str(text), span });
                    set.push(key);
                }
            }
            // As Nomad writes maps: what runs and what is compiled are then alike line by line.
            env.sort_keys();
            if !set.is_empty() {
                changes.push(format!("task `{name}`: {}", set.join(", ")));
            }
        }
    }
    Ok(changes)
}

/// The variables of a task with their places, in the order in which they are listed.
fn variables(task: &Object, facts: &Facts, mode: Mode) -> Vec<(&'static str, String, Option<Span>)> {
    let spans = &facts.spans;
    let mut variables = vec![
        ("PLATY_JOB", facts.name.clone(), None),
        ("PLATY_JOB_KEY", facts.job_key.clone(), spans.user),
        ("PLATY_STAGE", facts.stage.clone(), None),
        ("PLATY_CLUSTER", facts.cluster.clone(), None),
        ("PLATY_USER", facts.user.clone(), spans.user),
    ];
    let image = task.map("Config").and_then(|config| config.get("image"));
    for (key, value, span) in [
        ("PLATY_OWNER", facts.owner.as_deref(), spans.owner),
        ("PLATY_BUILD", facts.build.as_deref(), spans.build),
        ("PLATY_IMAGE", image.and_then(Node::as_str), image.and_then(|image| image.span)),
    ] {
        variables.extend(value.map(|text| (key, text.to_owned(), span)));
    }
    if mode != Mode::Off && wrapper::is_main(task) {
        let events = facts.events.as_ref();
        variables.extend(events.map(|url| ("PLATY_EVENTS_URL", url.clone(), spans.mode)));
        // The client fills it in: in a container the host's name is not to be had otherwise.
        variables.push(("PLATY_HOST", "${node.unique.name}".to_owned(), spans.mode));
        if let Some(seconds) = wrapper::kill_after(task) {
            let signal = spans.kill_signal.or(spans.mode).or(task.get("KillSignal").span);
            variables.push(("PLATY_KILL_SIGNAL", wrapper::kill_signal(task).to_owned(), signal));
            let timeout = spans.kill_timeout.or(spans.mode).or(task.get("KillTimeout").span);
            variables.push(("PLATY_KILL_AFTER", seconds, timeout));
        }
    }
    variables
}
