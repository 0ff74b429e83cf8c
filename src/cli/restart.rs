//! `restart`: the tasks of a job, a few allocations at a time.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::back;
use super::context::{Access, Context};
use super::duration;
use super::output::{Styled, style};
use super::scale::NO_GROUP;
use super::target::{Target, TargetArgs};
use super::validate::count;
use super::{Done, Result};
use crate::cluster::{Allocation, Wait};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

crate::codes! {
    /// Nothing of the job runs.
    NOTHING_RUNS = "P0973", "no allocation of the job runs", "docs/operate.md";
    /// The job has no such task.
    NO_TASK = "P0974", "the job has no such task, or has several", "docs/operate.md";
}

/// Restart the tasks of a job, one allocation after the other
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// Only the allocations of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only this task of each
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// So many allocations at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// How long each may take until it runs again
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    timeout: Duration,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        if job.periodic || job.parameterized {
            let (why, verb) = if job.periodic {
                ("runs by its schedule", "run")
            } else {
                ("runs when it is dispatched", "dispatch")
            };
            let hint = format!("to start it now: `{}`", target.command(verb));
            return Err(target.wrong_kind(why, &hint));
        }
        let allocations = self.allocations(&target)?;
        let printer = &context.printer;
        let (mut restarted, mut lost) = (Vec::new(), Vec::new());
        let mut failed = None;
        for batch in allocations.chunks(self.batch.into()) {
            if context.interrupted().load(Ordering::Relaxed) {
                failed = Some(FailureKind::Interrupted);
                break;
            }
            let asked: Vec<Result<()>> = batch
                .iter()
                .map(|allocation| target.cluster.restart(&allocation.id, self.task.as_deref()))
                .collect();
            // They restart together, so they have the same time.
            let deadline = Instant::now() + self.timeout;
            for (allocation, asked) in batch.iter().zip(asked) {
                let back = asked.and_then(|()| {
                    back::wait(context, &*target.cluster, &job, allocation, self.task.as_deref(), deadline)
                });
                let ended = back.unwrap_or_else(|failure| {
                    // It may have been replaced meanwhile; what was restarted is told all the same.
                    printer.diagnostics(&failure.diagnostics);
                    Some((failure.kind, "it is not known whether it came back".to_owned()))
                });
                let (id, name) = (short(&allocation.id), &allocation.name);
                match ended {
                    None => {
                        printer.status(format_args!("{id}  {name} runs again"));
                        restarted.push(&allocation.id);
                    }
                    Some((kind, why)) => {
                        printer.status(format_args!("{id}  {name}: {}", Styled(style::BAD, &why)));
                        lost.push(json!({"allocation": allocation.id, "name": name, "why": why}));
                        failed = failed.or(Some(kind));
                    }
                }
            }
            if failed.is_some() {
                break;
            }
        }
        if printer.is_text() {
            let all = count(allocations.len(), "allocation");
            printer.line(format_args!("{}: {} of {all} restarted", target.name, restarted.len()));
            if failed.is_some() {
                let left = allocations.len() - restarted.len() - lost.len();
                if left > 0 {
                    printer.line(format_args!("  {} left as they were", count(left, "allocation")));
                }
                printer.line(format_args!("  see more: {}", target.command("status")));
            }
        } else {
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": target.id, "restarted": restarted,
                "failed": lost, "allocations": allocations.len(), "complete": failed.is_none(),
            }));
        }
        Ok(failed.map_or(Done::Ok, Done::Shown))
    }

    /// The allocations that run, of the groups and with the task that are meant.
    fn allocations(&self, target: &Target<'_>) -> Result<Vec<Allocation>> {
        let mut running = target.cluster.allocations(&target.id, Wait::NOW)?.value;
        running.retain(|one| one.client_status == "running" && one.desired_status == "run");
        running.sort_by(|a, b| a.name.cmp(&b.name));
        if running.is_empty() {
            let message = format!("nothing of `{}` runs in `{}`", target.name, target.stage.name);
            let hint = format!("to see why: `{}`", target.command("status"));
            let diagnostic = Diagnostic::error(&NOTHING_RUNS, message).hint(hint);
            return Err(Failure::new(FailureKind::Other, diagnostic));
        }
        if let Some(group) = &self.group {
            let mut groups: Vec<String> = running.iter().map(|one| one.task_group.clone()).collect();
            groups.dedup();
            running.retain(|one| one.task_group == *group);
            if running.is_empty() {
                return Err(unknown(&NO_GROUP, "group", group, &groups));
            }
        }
        if let Some(task) = &self.task {
            let tasks: Vec<String> = running.iter().flat_map(|one| one.task_states.keys().cloned()).collect();
            running.retain(|one| one.task_states.contains_key(task));
            if running.is_empty() {
                return Err(unknown(&NO_TASK, "task", task, &tasks));
            }
        }
        Ok(running)
    }
}

/// The beginning of an ID, as Nomad shows it.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Refuses a name that the job does not have.
pub fn unknown(code: &'static crate::diagnostic::Code, what: &str, name: &str, known: &[String]) -> Failure {
    let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let diagnostic = Diagnostic::error(code, format!("nothing that runs has the {what} `{name}`"))
        .did_you_mean(name, known.iter().copied())
        .hint(format!("there is: {}", known.join(", ")));
    Failure::new(FailureKind::Other, diagnostic)
}
