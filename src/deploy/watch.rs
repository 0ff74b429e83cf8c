//! Follows a registration to its real outcome, in bounded time.
//!
//! Evaluation, then deployment, by blocking queries, one at a time. A job without a deployment
//! (batch, system, periodic) is judged by its evaluation and its allocations. Stopping the watch
//! never stops the deployment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde_json::Value;

use super::canaries::Trial;
use super::failures;
pub use super::outcome::{Outcome, WatchEvent};
use crate::cluster::{
    Cluster, DENIED, Deployment, Evaluation, JobDocument, Observed, Registered, Wait, placement,
};
use crate::diagnostic::{Failure, FailureKind, Result};

/// How long a blocking query waits: short, so that an interrupt is noticed.
const QUERY: Duration = Duration::from_secs(2);

/// The shortest that one waits.
const SHORTEST: Duration = Duration::from_millis(50);

/// How to watch.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// At most this long.
    pub timeout: Duration,
    /// How long groups may wait for a place before that is the outcome.
    pub placement_grace: Duration,
    /// Promote the canaries after they have been healthy for this long, without a restart of their tasks.
    pub promote_after: Option<Duration>,
    /// Set from elsewhere to stop watching.
    pub interrupted: &'o AtomicBool,
}

impl<'o> Options<'o> {
    /// The defaults for a job.
    pub fn for_job(job: &JobDocument, interrupted: &'o AtomicBool) -> Self {
        let (timeout, placement_grace) = (default_timeout(job), Duration::from_secs(15));
        Self { timeout, placement_grace, promote_after: None, interrupted }
    }
}

/// The time in which the cluster itself decides: the progress deadline of every step of the
/// rollout, and half a minute. At least two minutes, at most two hours.
pub fn default_timeout(job: &JobDocument) -> Duration {
    let number = |group: &Value, key: &str, default: u64| {
        let of =
            |value: &Value| value.get("Update").and_then(|update| update.get(key)).and_then(Value::as_u64);
        of(group).or_else(|| of(job)).unwrap_or(default)
    };
    let groups = job.get("TaskGroups").and_then(Value::as_array);
    let nanoseconds = groups.into_iter().flatten().map(|group| {
        let count = group.get("Count").and_then(Value::as_u64).unwrap_or(1).max(1);
        let healthy = number(group, "HealthyDeadline", 300_000_000_000);
        let progress = number(group, "ProgressDeadline", 600_000_000_000);
        let steps = count.div_ceil(number(group, "MaxParallel", 1).max(1));
        progress.max(healthy.saturating_mul(steps))
    });
    let longest = Duration::from_nanos(nanoseconds.max().unwrap_or(0));
    (longest + Duration::from_secs(30)).clamp(Duration::from_secs(120), Duration::from_secs(7200))
}

/// Follows a registration.
///
/// # Errors
/// Those of the cluster that waiting does not mend; `Unreachable` only after the whole time.
pub fn watch(
    cluster: &dyn Cluster,
    id: &str,
    registered: &Registered,
    options: &Options<'_>,
    on_event: &mut dyn FnMut(WatchEvent),
) -> Result<Outcome> {
    let Some(eval) = &registered.eval_id else { return Ok(Outcome::NoDeployment(Vec::new())) };
    let mut watch = Watch::new(cluster, id, registered, options, on_event);
    let end = watch.evaluation(eval);
    watch.outcome(end)
}

/// Follows a deployment that is under way.
///
/// # Errors
/// As [`watch`].
pub fn resume(
    cluster: &dyn Cluster,
    deployment: &Deployment,
    options: &Options<'_>,
    on_event: &mut dyn FnMut(WatchEvent),
) -> Result<Outcome> {
    let registered =
        Registered { job_modify_index: deployment.job_spec_modify_index, ..Registered::default() };
    let id = deployment.job.as_str();
    let mut watch = Watch::new(cluster, id, &registered, options, on_event);
    let end = watch.deployment(&deployment.id);
    watch.outcome(end)
}

/// Why a loop ended early.
enum End {
    TimedOut,
    Interrupted,
    Failed(Failure),
}

struct Watch<'w> {
    cluster: &'w dyn Cluster,
    id: &'w str,
    registered: &'w Registered,
    options: &'w Options<'w>,
    on_event: &'w mut dyn FnMut(WatchEvent),
    began: Instant,
    trial: Trial,
}

impl<'w> Watch<'w> {
    fn new(
        cluster: &'w dyn Cluster,
        id: &'w str,
        registered: &'w Registered,
        options: &'w Options<'w>,
        on_event: &'w mut dyn FnMut(WatchEvent),
    ) -> Self {
        let (began, trial) = (Instant::now(), Trial::default());
        Self { cluster, id, registered, options, on_event, began, trial }
    }

    fn outcome(&self, end: std::result::Result<Outcome, End>) -> Result<Outcome> {
        let timeout = self.options.timeout;
        match end {
            Ok(outcome) => Ok(outcome),
            Err(End::TimedOut) => Ok(match self.options.promote_after {
                Some(after) if self.trial.open => Outcome::NotPromoted {
                    description: self.trial.words(after, timeout),
                    over: false,
                    reverted_to: None,
                    tasks: Vec::new(),
                },
                _ => Outcome::TimedOut(timeout),
            }),
            Err(End::Interrupted) => Ok(Outcome::Interrupted),
            Err(End::Failed(failure)) => Err(failure),
        }
    }

    /// The time is not over and nobody stopped us; gives what is left for a query.
    fn tick(&self) -> std::result::Result<Duration, End> {
        if self.options.interrupted.load(Ordering::Relaxed) {
            return Err(End::Interrupted);
        }
        let left = self.options.timeout.saturating_sub(self.began.elapsed());
        if left.is_zero() { Err(End::TimedOut) } else { Ok(left.min(QUERY)) }
    }

    /// Reads until there is an answer: an agent may restart in the middle of a watch.
    fn read<T>(&mut self, read: impl Fn(&dyn Cluster, Duration) -> Result<T>) -> std::result::Result<T, End> {
        loop {
            let wait = self.tick()?;
            match read(self.cluster, wait) {
                Ok(value) => return Ok(value),
                Err(failure) if failure.kind == FailureKind::Unreachable => {
                    if failure.has(&DENIED) || self.began.elapsed() + wait >= self.options.timeout {
                        return Err(End::Failed(failure));
                    }
                    let words =
                        failure.diagnostics.first().map_or_else(String::new, |first| first.message.clone());
                    (self.on_event)(WatchEvent::Unreachable(words));
                    std::thread::sleep(Duration::from_millis(500));
                }
                Err(failure) => return Err(End::Failed(failure)),
            }
        }
    }

    fn evaluation(&mut self, eval: &str) -> std::result::Result<Outcome, End> {
        let (mut index, mut eval) = (0, eval.to_owned());
        let found = loop {
            let Observed { value, index: now } =
                self.read(|cluster, wait| cluster.evaluation(&eval, Wait::after(index, wait)))?;
            if now != index {
                (self.on_event)(WatchEvent::Evaluation(Box::new(value.clone())));
            }
            index = now;
            match value.status.as_str() {
                "pending" => pause(index),
                // The servers gave up for now, and follow up with another one.
                "failed" if !value.next_eval.is_empty() => (eval, index) = (value.next_eval, 0),
                "failed" | "canceled" | "cancelled" => {
                    if let Some(superseded) = self.superseded()? {
                        return Ok(superseded);
                    }
                    let description =
                        format!("the evaluation {}: {}", value.status, value.status_description);
                    return Ok(Outcome::Failed { description, tasks: Vec::new() });
                }
                _ => break value,
            }
        };
        if !found.failures.is_empty() {
            (self.on_event)(WatchEvent::Waiting(reasons(&found)));
        }
        let deployment = match found.deployment.as_str() {
            "" => {
                let latest = self.read(|cluster, _| cluster.latest_deployment(&found.job, Wait::NOW))?.value;
                let ours =
                    |latest: &Deployment| latest.job_spec_modify_index == self.registered.job_modify_index;
                latest.filter(ours).map(|latest| latest.id)
            }
            id => Some(id.to_owned()),
        };
        match deployment {
            Some(deployment) => self.deployment(&deployment),
            None => self.allocations(),
        }
    }

    fn deployment(&mut self, deployment: &str) -> std::result::Result<Outcome, End> {
        let mut index = 0;
        let mut seen = 0;
        let mut waiting_since: Option<Instant> = None;
        loop {
            // To be there when the canaries have been healthy for long enough.
            let due = self.options.promote_after.zip(self.trial.since());
            let due = due.map_or(QUERY, |(after, since)| after.saturating_sub(since.elapsed()));
            let read = self.read(|cluster, wait| {
                cluster.deployment(deployment, Wait::after(index, wait.min(due.max(SHORTEST))))
            });
            let Observed { value, index: now } = match read {
                Err(End::Failed(failure)) if failure.kind == FailureKind::Other => {
                    // A purge takes the deployment along.
                    return self.superseded()?.ok_or(End::Failed(failure));
                }
                read => read?,
            };
            index = now;
            if value.modify_index != seen {
                seen = value.modify_index;
                waiting_since = None;
                (self.on_event)(WatchEvent::Deployment(Box::new(value.clone())));
            }
            self.trial.open = value.waiting_for_promotion().next().is_some();
            match value.status.as_str() {
                "successful" => return Ok(Outcome::Successful(Box::new(value))),
                "failed" => return Ok(self.failed(&value)),
                "cancelled" => return Ok(Outcome::Superseded(value.status_description)),
                _ => {}
            }
            if value.awaits_promotion() {
                let well_for = self.canaries(&value)?;
                match self.options.promote_after {
                    None if well_for.is_some() => return Ok(Outcome::AwaitsPromotion(Box::new(value))),
                    Some(after) if well_for.is_some_and(|well_for| well_for >= after) => {
                        self.promote(deployment)?;
                    }
                    _ => {}
                }
            } else {
                self.trial.again();
                if let Some(outcome) = self.unplaceable(&value, &mut waiting_since)? {
                    return Ok(outcome);
                }
            }
            pause(index);
        }
    }

    /// For how long the canaries have been well, without a restart; `None` while they are not.
    fn canaries(&mut self, deployment: &Deployment) -> std::result::Result<Option<Duration>, End> {
        let id = self.id.to_owned();
        let allocations = self.read(|cluster, _| cluster.allocations(&id, Wait::NOW))?.value;
        let (well_for, event) = self.trial.look(deployment, &allocations);
        if let Some(event) = event {
            (self.on_event)(event);
        }
        Ok(well_for)
    }

    /// Promotes the canaries. A cluster that no longer counts them as healthy refuses: then the trial begins again.
    fn promote(&mut self, deployment: &str) -> std::result::Result<(), End> {
        self.trial.again();
        match self.cluster.promote(deployment) {
            Ok(_) => (self.on_event)(WatchEvent::Promoted),
            Err(failure) => {
                let id = deployment.to_owned();
                let now = self.read(|cluster, _| cluster.deployment(&id, Wait::NOW))?.value;
                if now.awaits_promotion() {
                    return Err(End::Failed(failure));
                }
            }
        }
        Ok(())
    }

    /// Whether groups have waited for a place for too long. A rollout may have to stop old
    /// allocations first, so a moment's lack of room is no outcome.
    fn unplaceable(
        &mut self,
        deployment: &Deployment,
        since: &mut Option<Instant>,
    ) -> std::result::Result<Option<Outcome>, End> {
        let complete = deployment.task_groups.values().all(|group| {
            let wanted = if group.desired_canaries > 0 && !group.promoted {
                group.desired_canaries
            } else {
                group.desired_total
            };
            group.placed_allocs >= wanted
        });
        if complete {
            *since = None;
            return Ok(None);
        }
        let waiting = self.waiting()?;
        if waiting.is_empty() {
            *since = None;
            return Ok(None);
        }
        let started = *since.get_or_insert_with(Instant::now);
        if started.elapsed() < self.options.placement_grace {
            return Ok(None);
        }
        Ok(Some(Outcome::Unplaceable(waiting)))
    }

    /// The groups that wait for a place now.
    fn waiting(&mut self) -> std::result::Result<IndexMap<String, Vec<String>>, End> {
        let id = self.id.to_owned();
        let evaluations = self.read(|cluster, _| cluster.evaluations(&id))?;
        let blocked = evaluations.iter().find(|eval| eval.status == "blocked" && !eval.failures.is_empty());
        Ok(blocked.map(reasons).unwrap_or_default())
    }

    /// A job without a deployment: until nothing is pending any more.
    fn allocations(&mut self) -> std::result::Result<Outcome, End> {
        let id = self.id.to_owned();
        let mut index = 0;
        let mut waiting_since: Option<Instant> = None;
        loop {
            if let Some(superseded) = self.superseded()? {
                return Ok(superseded);
            }
            let Observed { value, index: now } =
                self.read(|cluster, wait| cluster.allocations(&id, Wait::after(index, wait)))?;
            index = now;
            let version = self.read(|cluster, _| cluster.read_job(&id))?.map_or(0, |job| job.version);
            let ours: Vec<_> = value
                .into_iter()
                .filter(|found| found.job_version == version && found.desired_status == "run")
                .collect();
            let failed: Vec<_> = ours.iter().filter(|found| found.has_failed()).cloned().collect();
            if !failed.is_empty() {
                let description = format!("{} of {} allocations failed", failed.len(), ours.len());
                return Ok(Outcome::Failed { description, tasks: failures::of(self.cluster, &failed) });
            }
            let waiting = self.waiting()?;
            if waiting.is_empty() {
                waiting_since = None;
                if ours.iter().all(|found| found.client_status != "pending") {
                    return Ok(Outcome::NoDeployment(ours));
                }
            } else {
                let since = *waiting_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.options.placement_grace {
                    return Ok(Outcome::Unplaceable(waiting));
                }
            }
            pause(index);
        }
    }

    /// Whether somebody else changed the job meanwhile.
    fn superseded(&mut self) -> std::result::Result<Option<Outcome>, End> {
        let id = self.id.to_owned();
        let expected = self.registered.job_modify_index;
        Ok(match self.read(|cluster, _| cluster.read_job(&id))? {
            None => Some(Outcome::Superseded("the job was purged".to_owned())),
            Some(job) if job.job_modify_index > expected && job.stopped => {
                Some(Outcome::Superseded("the job was stopped".to_owned()))
            }
            Some(job) if job.job_modify_index > expected => {
                Some(Outcome::Superseded(format!("version {} was registered", job.version)))
            }
            Some(_) => None,
        })
    }

    fn failed(&mut self, deployment: &Deployment) -> Outcome {
        let id = self.id.to_owned();
        // What went wrong is told as well as it can be; the outcome stands without it.
        let allocations =
            self.cluster.allocations(&id, Wait::NOW).map(|found| found.value).unwrap_or_default();
        let ours: Vec<_> =
            allocations.into_iter().filter(|found| found.job_version == deployment.job_version).collect();
        let tasks = failures::of(self.cluster, &ours);
        let description = deployment.status_description.clone();
        let reverted_to = reverted_to(&description);
        // Without canaries the promotion was not what failed.
        if self.options.promote_after.is_some() && self.trial.open {
            return Outcome::NotPromoted { description, over: true, reverted_to, tasks };
        }
        match reverted_to {
            Some(to) => Outcome::Reverted { to, description, tasks },
            None => Outcome::Failed { description, tasks },
        }
    }
}

/// A cluster that answers at once (index 0) must not be asked in a tight loop.
fn pause(index: u64) {
    if index == 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn reasons(eval: &Evaluation) -> IndexMap<String, Vec<String>> {
    eval.failures.iter().map(|(group, failure)| (group.clone(), placement::reasons(failure))).collect()
}

/// The version in `Failed due to … - rolling back to job version 1`.
fn reverted_to(description: &str) -> Option<u64> {
    let (_, version) = description.rsplit_once("rolling back to job version ")?;
    version.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_version_of_a_revert_is_read() {
        assert_eq!(reverted_to("Failed due to progress deadline - rolling back to job version 1"), Some(1));
        assert_eq!(
            reverted_to("Failed due to progress deadline - no stable job version to auto revert to"),
            None
        );
    }

    #[test]
    fn the_time_follows_the_deadlines_of_the_job() {
        let seconds = 1_000_000_000_u64;
        let update = |progress: u64| json!({"HealthyDeadline": 30 * seconds, "ProgressDeadline": progress * seconds, "MaxParallel": 2});
        let job =
            |count: u64, progress: u64| json!({"TaskGroups": [{"Count": count, "Update": update(progress)}]});
        assert_eq!(default_timeout(&job(2, 600)), Duration::from_secs(630));
        assert_eq!(default_timeout(&job(100, 60)), Duration::from_secs(50 * 30 + 30));
        assert_eq!(default_timeout(&job(1, 1)), Duration::from_secs(120));
        assert_eq!(default_timeout(&job(1_000_000, 1)), Duration::from_secs(7200));
    }
}
