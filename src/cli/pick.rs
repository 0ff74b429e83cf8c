//! Which task of which allocations a command means: what `logs` and `exec` share.

use clap::Args;

use super::Result;
use super::context::Context;
use super::restart::{NO_TASK, NOTHING_RUNS, short, unknown};
use super::scale::NO_GROUP;
use super::target::Target;
use crate::cluster::{Allocation, RunningJob, Wait};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

/// Which task, of which allocations.
#[derive(Debug, Args)]
pub struct PickArgs {
    /// The task; without it, the only one, or the main one of its group
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Only the allocations of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only the allocation whose ID begins like this
    #[arg(long, value_name = "ID")]
    alloc: Option<String>,
}

/// A task of an allocation.
#[derive(Debug, Clone)]
pub struct Log {
    /// The allocation.
    pub allocation: Allocation,
    /// The name of the task.
    pub task: String,
}

impl PickArgs {
    /// The logs that are meant: of what runs, else of what ran last.
    pub fn logs(&self, context: &Context, target: &Target<'_>, job: &RunningJob) -> Result<Vec<Log>> {
        let all = self.allocations(target, job)?;
        let (live, ended): (Vec<Allocation>, Vec<Allocation>) =
            all.into_iter().partition(|one| one.client_status == "running");
        let chosen = match (live.is_empty(), ended.into_iter().next()) {
            (false, _) => live,
            (true, Some(last)) => {
                context.printer.status(format_args!(
                    "nothing runs; the last allocation: {} ({})",
                    short(&last.id),
                    last.client_status
                ));
                vec![last]
            }
            (true, None) => {
                let message = format!("`{}` has no allocation that printed anything", target.name);
                let hint = format!("to see why: `{}`", target.command("status"));
                let diagnostic = Diagnostic::error(&NOTHING_RUNS, message).hint(hint);
                return Err(Failure::new(FailureKind::Other, diagnostic));
            }
        };
        chosen.into_iter().map(|allocation| self.log(job, allocation)).collect()
    }

    /// Whether an allocation is one of those that are meant.
    pub fn means(&self, allocation: &Allocation) -> bool {
        self.alloc.as_ref().is_none_or(|id| allocation.id.starts_with(id.as_str()))
            && self.group.as_ref().is_none_or(|group| allocation.task_group == *group)
    }

    /// Whether certain allocations are meant, whatever comes after them.
    pub fn names_allocations(&self) -> bool {
        self.alloc.is_some()
    }

    /// Decides the task.
    pub fn log(&self, job: &RunningJob, allocation: Allocation) -> Result<Log> {
        let tasks: Vec<String> = allocation.task_states.keys().cloned().collect();
        if let Some(task) = &self.task {
            if !tasks.contains(task) {
                return Err(unknown(&NO_TASK, "task", task, &tasks));
            }
            return Ok(Log { allocation, task: task.clone() });
        }
        let groups = job.job["TaskGroups"].as_array();
        let group =
            groups.into_iter().flatten().find(|group| group["Name"] == allocation.task_group.as_str());
        let main: Vec<&str> = group
            .and_then(|group| group["Tasks"].as_array())
            .into_iter()
            .flatten()
            .filter(|task| task["Lifecycle"].is_null())
            .filter_map(|task| task["Name"].as_str())
            .collect();
        match (&main[..], &tasks[..]) {
            ([only], _) => Ok(Log { task: (*only).to_owned(), allocation }),
            (_, [only]) => Ok(Log { task: only.clone(), allocation }),
            _ => {
                let message = format!("group `{}` has several tasks", allocation.task_group);
                let hint = format!("name one with `--task`: {}", tasks.join(", "));
                Err(Failure::new(FailureKind::Other, Diagnostic::error(&NO_TASK, message).hint(hint)))
            }
        }
    }

    /// The newest allocation that runs.
    pub fn running(&self, target: &Target<'_>, job: &RunningJob) -> Result<Log> {
        let mut all = self.allocations(target, job)?;
        all.retain(|one| one.client_status == "running");
        let message = format!("nothing of `{}` runs in `{}`", target.name, target.stage.name);
        let newest = all.into_iter().next().ok_or_else(|| {
            let hint = format!("to see why: `{}`", target.command("status"));
            Failure::new(FailureKind::Other, Diagnostic::error(&NOTHING_RUNS, message).hint(hint))
        })?;
        self.log(job, newest)
    }

    /// The allocations that are meant, the newest first.
    fn allocations(&self, target: &Target<'_>, job: &RunningJob) -> Result<Vec<Allocation>> {
        let mut all = target.cluster.allocations(&job.id, Wait::NOW)?.value;
        all.retain(|one| !one.task_states.is_empty());
        all.sort_by_key(|one| std::cmp::Reverse(one.create_index));
        if let Some(id) = &self.alloc {
            let known: Vec<String> = all.iter().map(|one| short(&one.id).to_owned()).collect();
            all.retain(|one| one.id.starts_with(id.as_str()));
            if all.is_empty() {
                return Err(unknown(&NOTHING_RUNS, "allocation", id, &known));
            }
        }
        if let Some(group) = &self.group {
            let known: Vec<String> = all.iter().map(|one| one.task_group.clone()).collect();
            all.retain(|one| one.task_group == *group);
            if all.is_empty() {
                return Err(unknown(&NO_GROUP, "group", group, &known));
            }
        }
        Ok(all)
    }
}
