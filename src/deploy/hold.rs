//! Jobs that were stopped in an emergency, and stay stopped until somebody ends that.
//!
//! The mark is a tag of the stopped version with the reason in its description. It is where the job is: everybody who
//! works on the job sees it, it needs no more rights than stopping does, and Nomad does not collect a job of which a
//! version is tagged (`nomad/core_sched.go`, `jobGC`).

use crate::cluster::{Cluster, JobStub, RunningJob};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

crate::codes! {
    /// The job was stopped in an emergency.
    HELD = "P0970", "the job was stopped in an emergency", "docs/operate.md";
}

/// The name of the tag.
pub const TAG: &str = "emergency-stop";

/// The longest reason, in characters: Nomad takes 1000 for the whole description.
pub const LONGEST_REASON: usize = 500;

/// Why a job is held, in the words that are kept: the reason, who, when.
pub fn of(job: &RunningJob) -> Option<&str> {
    let tag = job.tag.as_ref().filter(|tag| job.stopped && tag.name == TAG)?;
    Some(&tag.description)
}

/// Refuses to start a job that is held.
///
/// # Errors
/// `HELD`, with the reason.
pub fn check(job: &RunningJob) -> Result<()> {
    let Some(words) = of(job) else { return Ok(()) };
    let message = format!("`{}` was stopped in an emergency: {words}", job.id);
    let said = |key: &str| job.meta.get(key).map_or("…", String::as_str);
    let (name, stage) = (said("platy_job"), said("platy_stage"));
    let hint = format!("when the emergency is over: `platy-manage emergency-start {name} --stage={stage}`");
    Err(Failure::new(FailureKind::Refused, Diagnostic::error(&HELD, message).hint(hint)))
}

/// How often a job is stopped that somebody else starts while it is marked.
const ATTEMPTS: usize = 3;

/// Stops a job at once, and marks it.
///
/// # Errors
/// Those of the cluster. Where the job is stopped and cannot be marked, the failure says so.
pub fn stop(cluster: &dyn Cluster, job: &RunningJob, words: &str) -> Result<()> {
    keep(cluster, &job.id, job.stopped, words)?;
    // What was started before goes on by itself; the mark comes first, for it must not depend on this.
    for instance in instances(cluster, job)? {
        cluster.deregister(&instance.id, false)?;
    }
    Ok(())
}

/// Stops a job that may be `stopped` already, and marks what is stopped.
///
/// Somebody may start it between the two, for whom it was stopped and not held: so it is looked at again afterwards.
/// Together with [`check_started`] that leaves no moment at which a start goes through.
fn keep(cluster: &dyn Cluster, id: &str, mut stopped: bool, words: &str) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if !stopped {
            cluster.deregister(id, false)?;
        }
        let now = mark(cluster, id, words).and_then(|()| cluster.read_job(id)).map_err(|mut failure| {
            for problem in &mut failure.diagnostics {
                problem.hints.insert(0, format!("`{id}` is stopped, but nothing keeps it so"));
            }
            failure
        })?;
        let Some(now) = now else { break };
        if of(&now) == Some(words) {
            return Ok(());
        }
        stopped = now.stopped;
    }
    let message = format!("`{id}` was started again by somebody else each time it was stopped");
    Err(Failure::new(FailureKind::Stale, Diagnostic::error(&HELD, message).hint("repeat this at once")))
}

/// Marks the version that is stopped; a job that runs has none.
fn mark(cluster: &dyn Cluster, id: &str, words: &str) -> Result<()> {
    // A name is given once: an old one may be left where the job was started by other means.
    let old = cluster.versions(id)?;
    if old.iter().any(|version| version.tag.as_ref().is_some_and(|tag| tag.name == TAG)) {
        cluster.untag_version(id, TAG)?;
    }
    match cluster.read_job(id)?.filter(|now| now.stopped) {
        Some(stopped) => cluster.tag_version(id, stopped.version, TAG, words),
        None => Ok(()),
    }
}

/// Looks, after a stopped job was started, whether it was marked meanwhile: then it is stopped again. `version` is
/// the one that was stopped.
///
/// # Errors
/// `HELD`, with the reason; those of the cluster.
pub fn check_started(cluster: &dyn Cluster, id: &str, version: u64) -> Result<()> {
    let versions = cluster.versions(id)?;
    let Some(old) = versions.into_iter().find(|one| one.version == version) else { return Ok(()) };
    let held = RunningJob { stopped: true, ..old };
    match of(&held) {
        Some(words) => keep(cluster, id, false, words).and_then(|()| check(&held)),
        None => Ok(()),
    }
}

/// Takes the mark away; the job stays stopped.
///
/// # Errors
/// Those of the cluster.
pub fn end(cluster: &dyn Cluster, job: &RunningJob) -> Result<()> {
    cluster.untag_version(&job.id, TAG)
}

/// Puts the mark back, where the job could not be started after all.
///
/// # Errors
/// Those of the cluster.
pub fn again(cluster: &dyn Cluster, job: &RunningJob, words: &str) -> Result<()> {
    let stopped = cluster.read_job(&job.id)?.is_some_and(|now| now.stopped && now.version == job.version);
    if stopped { cluster.tag_version(&job.id, job.version, TAG, words) } else { Ok(()) }
}

/// The instances of a periodic or parameterized job that have not ended: stopping the job leaves them alone.
///
/// # Errors
/// Those of the cluster.
pub fn instances(cluster: &dyn Cluster, job: &RunningJob) -> Result<Vec<JobStub>> {
    if !job.periodic && !job.parameterized {
        return Ok(Vec::new());
    }
    let mut instances = cluster.list(&format!("{}/", job.id))?;
    instances.retain(|one| one.parent == job.id && !one.stopped && one.status != "dead");
    Ok(instances)
}
