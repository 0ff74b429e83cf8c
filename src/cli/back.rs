//! Whether an allocation that was restarted came back: its tasks run anew, and its checks pass since then.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Result;
use super::context::Context;
use crate::cluster::{Allocation, CheckResult, Cluster, RunningJob, TaskState, Wait};
use crate::diagnostic::FailureKind;
use crate::diff::style::clean;

/// How long the next look waits.
const TURN: Duration = Duration::from_millis(500);

/// Waits until an allocation is back; else gives why it is not. `before` is how it was before the restart, `task` the
/// only task that was restarted.
///
/// # Errors
/// Those of the cluster.
pub fn wait(
    context: &Context,
    cluster: &dyn Cluster,
    job: &RunningJob,
    before: &Allocation,
    task: Option<&str>,
    deadline: Instant,
) -> Result<Option<(FailureKind, String)>> {
    let has_checks = has_checks(job, &before.task_group);
    let (mut index, mut missing) = (0, "its tasks do not run again".to_owned());
    loop {
        if context.interrupted().load(Ordering::Relaxed) {
            return Ok(Some((FailureKind::Interrupted, "no longer waited for".to_owned())));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Some((FailureKind::DeploymentFailed, format!("not back in time: {missing}"))));
        }
        let observed = cluster.allocations(&job.id, Wait::after(index, left.min(TURN)))?;
        index = observed.index;
        let Some(now) = observed.value.into_iter().find(|now| now.id == before.id) else {
            return Ok(Some((FailureKind::DeploymentFailed, "is gone".to_owned())));
        };
        if let Some(why) = ended(&now) {
            return Ok(Some((FailureKind::DeploymentFailed, why)));
        }
        let restarted: Vec<(&str, Option<&TaskState>)> = before
            .task_states
            .iter()
            .filter(|(name, old)| task.is_none_or(|task| task == *name) && old.state == "running")
            .map(|(name, old)| {
                let runs = |now: &&TaskState| now.state == "running" && now.started_at != old.started_at;
                (name.as_str(), now.task_states.get(name).filter(runs))
            })
            .collect();
        if let Some((name, _)) = restarted.iter().find(|(_, runs)| runs.is_none()) {
            missing = format!("the task `{name}` does not run again");
            continue;
        }
        if !has_checks {
            return Ok(None);
        }
        let since = restarted.iter().filter_map(|(_, state)| started(state.as_ref()?)).max();
        match failing(&cluster.checks(&before.id)?, since.unwrap_or(i64::MIN)) {
            None => return Ok(None),
            Some(why) => missing = why,
        }
        // A check changes no index.
        std::thread::sleep(TURN.min(left));
    }
}

/// Why an allocation cannot come back.
fn ended(now: &Allocation) -> Option<String> {
    if now.is_live() {
        return None;
    }
    let last =
        now.task_states.values().flat_map(|task| &task.events).rfind(|event| event.kind == "Terminated");
    let last = last.map_or_else(String::new, |event| format!(" ({})", clean(&event.display_message)));
    Some(format!("is {} now{last}", clean(&now.client_status)))
}

/// Whether Nomad checks services of a group.
fn has_checks(job: &RunningJob, group: &str) -> bool {
    let list = |of: &Json, key: &str| of[key].as_array().cloned().unwrap_or_default();
    let checked = |of: &Json| {
        list(of, "Services").iter().any(|one| one["Provider"] == "nomad" && !list(one, "Checks").is_empty())
    };
    list(&job.job, "TaskGroups")
        .iter()
        .filter(|found| found["Name"] == group)
        .any(|found| checked(found) || list(found, "Tasks").iter().any(checked))
}

/// When a task started, in seconds since 1970 by the clock of its node, which is that of its checks too.
fn started(task: &TaskState) -> Option<i64> {
    task.started_at.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// The first check that does not pass yet, of those that a deployment waits for: a success of before the restart is none.
fn failing(checks: &[CheckResult], since: i64) -> Option<String> {
    let waited_for = checks.iter().filter(|check| check.mode != "readiness");
    let mut waited_for = waited_for.filter(|check| check.status != "success" || check.timestamp <= since);
    let check = waited_for.next()?;
    let name = clean(&check.name);
    Some(match check.status.as_str() {
        "failure" if check.timestamp > since => {
            let output = check.output.lines().next().unwrap_or_default();
            format!("the check `{name}` fails: {}", clean(output))
        }
        _ => format!("the check `{name}` has not passed since"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_of_before_the_restart_is_none() {
        let check = |status: &str, mode: &str, timestamp| CheckResult {
            name: "up".to_owned(),
            status: status.to_owned(),
            mode: mode.to_owned(),
            output: "503".to_owned(),
            timestamp,
        };
        assert_eq!(failing(&[check("success", "healthiness", 6)], 5), None);
        assert_eq!(failing(&[check("failure", "readiness", 6)], 5), None);
        let told = |status, timestamp| failing(&[check(status, "healthiness", timestamp)], 5).unwrap();
        assert_eq!(told("success", 5), "the check `up` has not passed since");
        assert_eq!(told("pending", 0), "the check `up` has not passed since");
        assert_eq!(told("failure", 6), "the check `up` fails: 503");
    }
}
