//! Plan and register: what was shown is what is submitted.
//!
//! [`plan`] asks the cluster what a job would change, [`register`] submits exactly that job with
//! the index of the plan, and is refused where the job moved in between. A job that does not
//! change is not registered: a new commit alone restarts nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hold;
use crate::cluster::{Cluster, JobDocument, Origin, PlanAnswer, Registered, RunningJob, Submission};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

crate::codes! {
    /// A version could not be tagged.
    NOT_TAGGED = "P0940", "a version could not be named after its commit", "https://developer.hashicorp.com/nomad/docs/commands/job/tag";
    /// The running job moved while it was planned.
    MOVED_WHILE_PLANNED = "P0941", "the running job moved while it was planned", "docs/deploy.md";
}

/// Versions that keep the tag of their commit; Nomad never forgets a tagged version.
const KEPT_TAGS: usize = 10;

/// What the tags of this tool begin with.
const TAG_PREFIX: &str = "commit-";

/// What registering would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The job does not exist.
    Create,
    /// It exists and differs.
    Update,
    /// It is stopped, and would be started.
    Start,
    /// Nothing changes.
    None,
}

impl Change {
    /// In a word, as JSON has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Start => "start",
            Self::None => "none",
        }
    }
}

/// A job with its plan: what is shown, and what is then submitted.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The job.
    pub job: JobDocument,
    /// What runs now.
    pub running: Option<RunningJob>,
    /// What would happen.
    pub answer: PlanAnswer,
    /// What registering would be.
    pub change: Change,
}

impl Planned {
    /// The index that the job must still have when it is registered.
    pub fn check_index(&self) -> u64 {
        self.answer.job_modify_index
    }
}

/// Which counts of the running job are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepCounts {
    /// Those of groups with `scaling`: something else decides them.
    #[default]
    Scaled,
    /// All.
    All,
    /// None.
    No,
}

/// The job with the counts of the running one.
pub fn keep_counts(mut job: JobDocument, running: Option<&RunningJob>, keep: KeepCounts) -> JobDocument {
    let Some(running) = running.filter(|running| !running.stopped && keep != KeepCounts::No) else {
        return job;
    };
    let groups = job.get_mut("TaskGroups").and_then(Value::as_array_mut);
    for group in groups.into_iter().flatten() {
        let is_scaled = group.get("Scaling").is_some_and(|scaling| !scaling.is_null());
        if keep == KeepCounts::Scaled && !is_scaled {
            continue;
        }
        let name = group.get("Name").cloned();
        let old = running.job.get("TaskGroups").and_then(Value::as_array).into_iter().flatten();
        let old = old.filter(|old| old.get("Name") == name.as_ref()).find_map(|old| old.get("Count"));
        if let Some(count) = old.filter(|count| count.is_u64()) {
            group["Count"] = count.clone();
        }
    }
    job
}

/// The counts of the groups, in their order.
pub fn counts(job: &JobDocument) -> Vec<(&str, Option<u64>)> {
    let groups = job.get("TaskGroups").and_then(Value::as_array);
    let one = |group| (name_of(group), Value::get(group, "Count").and_then(Value::as_u64));
    groups.into_iter().flatten().map(one).collect()
}

fn name_of(group: &Value) -> &str {
    group.get("Name").and_then(Value::as_str).unwrap_or_default()
}

/// Asks what registering the job would change.
///
/// # Errors
/// Those of the cluster; `Stale` if the job keeps moving while it is read.
pub fn plan(cluster: &dyn Cluster, job: JobDocument, keep: KeepCounts) -> Result<Planned> {
    let id = job.get("ID").and_then(Value::as_str).unwrap_or_default().to_owned();
    // The job is read before the plan: where the two disagree, it moved in between.
    for _ in 0..3 {
        let running = cluster.read_job(&id)?;
        running.as_ref().map_or(Ok(()), hold::check)?;
        let job = keep_counts(job.clone(), running.as_ref(), keep);
        // Of a job that does not exist all is new: nobody needs the server's diff for that.
        let answer = cluster.plan(&job, running.is_some())?;
        if running.as_ref().map_or(0, |running| running.job_modify_index) == answer.job_modify_index {
            let change = change(&job, running.as_ref(), &answer);
            return Ok(Planned { job, running, answer, change });
        }
    }
    let message = format!("the job `{id}` moved each time it was planned");
    Err(Failure::new(
        FailureKind::Stale,
        Diagnostic::error(&MOVED_WHILE_PLANNED, message)
            .hint("somebody else is changing it: repeat when that is over"),
    ))
}

fn change(job: &JobDocument, running: Option<&RunningJob>, answer: &PlanAnswer) -> Change {
    let Some(running) = running else { return Change::Create };
    if running.stopped {
        return Change::Start;
    }
    let differs = answer.diff.get("Type").and_then(Value::as_str).is_none_or(|kind| kind != "None");
    // The server's diff forgets the job's own `spread`.
    if differs || spreads(job) != spreads(&running.job) { Change::Update } else { Change::None }
}

/// The spreads of a job, with null, absent and empty alike.
fn spreads(job: &Value) -> Vec<(Value, Value, Vec<Value>)> {
    let list = |value: &Value, key: &str| -> Vec<Value> {
        value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let field = |value: &Value, key: &str| value.get(key).cloned().unwrap_or_default();
    let spread =
        |spread: &Value| (field(spread, "Attribute"), field(spread, "Weight"), list(spread, "SpreadTarget"));
    list(job, "Spreads").iter().map(spread).collect()
}

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The answer; `None` where nothing changed and nothing was sent.
    pub registered: Option<Registered>,
}

/// Registers a planned job with the index of its plan.
///
/// # Errors
/// `Stale` where the job moved since; `HELD` where it was stopped in an emergency; those of the cluster.
pub fn register(
    cluster: &dyn Cluster,
    planned: &Planned,
    source: &str,
    origin: &Origin,
) -> Result<Submitted> {
    if planned.change == Change::None {
        return Ok(Submitted { registered: None });
    }
    let id = planned.job.get("ID").and_then(Value::as_str).unwrap_or_default();
    // A job that was stopped may have been marked since: a mark does not move the index.
    let stopped = planned.running.as_ref().filter(|running| running.stopped);
    if stopped.is_some() {
        cluster.read_job(id)?.as_ref().map_or(Ok(()), hold::check)?;
    }
    let submission = Submission::new(source, origin);
    let registered = cluster.register(&planned.job, Some(planned.check_index()), &submission)?;
    if let Some(stopped) = stopped {
        hold::check_started(cluster, id, stopped.version)?;
    }
    Ok(Submitted { registered: Some(registered) })
}

/// Names the version that was registered after its commit, and lets old names go.
///
/// Nothing that a deployment depends on: what goes wrong is a warning. Gives the tag's name.
pub fn tag(
    cluster: &dyn Cluster,
    id: &str,
    registered: &Registered,
    origin: &Origin,
) -> Option<std::result::Result<String, Diagnostic>> {
    if origin.commit.is_empty() {
        return None;
    }
    Some(try_tag(cluster, id, registered, origin).map_err(|failure| {
        let reason = failure.diagnostics.first().map_or_else(String::new, |first| first.message.clone());
        let message = format!("the version of `{id}` was not named after its commit");
        Diagnostic::warning(&NOT_TAGGED, message).hint(reason)
    }))
}

fn try_tag(cluster: &dyn Cluster, id: &str, registered: &Registered, origin: &Origin) -> Result<String> {
    let versions = cluster.versions(id)?;
    let Some(version) =
        versions.iter().find(|version| version.job_modify_index == registered.job_modify_index)
    else {
        let message = format!("the version of `{id}` is gone already");
        return Err(Failure::new(FailureKind::Other, Diagnostic::error(&NOT_TAGGED, message)));
    };
    let short: String = origin.commit.chars().take(12).collect();
    let name = format!("{TAG_PREFIX}{short}");
    // One commit may make several versions (`--set`, a rollback in between); a name is given once.
    let taken = versions.iter().any(|other| {
        other.version != version.version && other.tag.as_ref().is_some_and(|tag| tag.name == name)
    });
    let name = if taken { format!("{name}-v{}", version.version) } else { name };
    let dirty = if origin.dirty { ", with changes that were not committed" } else { "" };
    let by = if origin.user.is_empty() { String::new() } else { format!(", by {}", origin.user) };
    let description = format!("commit {}{dirty}{by} at {}", origin.commit, origin.time);
    cluster.tag_version(id, version.version, &name, &description)?;
    let ours = versions.iter().filter(|other| other.version != version.version).filter_map(|other| {
        other.tag.as_ref().map(|tag| &tag.name).filter(|name| name.starts_with(TAG_PREFIX))
    });
    for old in ours.skip(KEPT_TAGS - 1) {
        cluster.untag_version(id, old)?;
    }
    Ok(name)
}
