//! Nomad's answers, read into the types of the trait.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::model::nullable;
use crate::cluster::state::no_zero_time;
use crate::cluster::{
    Dispatched, GroupSummary, JobDocument, JobStub, Observed, PlacementFailure, PlanAnswer,
    PreemptedAllocation, Promoted, Registered, RunningJob, ServerVerdict, VersionTag,
};
use crate::diff::annotations::Updates;

/// Changes the value and keeps the index.
pub(super) trait Stamped<T> {
    fn stamped<U>(self, change: impl FnOnce(T) -> U) -> Observed<U>;
}

impl<T> Stamped<T> for Observed<T> {
    fn stamped<U>(self, change: impl FnOnce(T) -> U) -> Observed<U> {
        Observed { value: change(self.value), index: self.index }
    }
}

/// The ID of a job.
pub(super) fn id(job: &JobDocument) -> String {
    text(job, "ID")
}

fn text(job: &Value, key: &str) -> String {
    job.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn truth(job: &Value, key: &str) -> bool {
    job.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn is_set(job: &Value, key: &str) -> bool {
    job.get(key).is_some_and(|value| !value.is_null())
}

/// A job as the server stores it.
pub(crate) fn running_job(job: Value) -> RunningJob {
    let meta = job.get("Meta").and_then(Value::as_object).map(|meta| {
        meta.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    });
    RunningJob {
        id: text(&job, "ID"),
        version: job.get("Version").and_then(Value::as_u64).unwrap_or(0),
        job_modify_index: job.get("JobModifyIndex").and_then(Value::as_u64).unwrap_or(0),
        kind: text(&job, "Type"),
        status: text(&job, "Status"),
        stopped: truth(&job, "Stop"),
        submit_time: job.get("SubmitTime").and_then(Value::as_i64).unwrap_or(0),
        meta: meta.unwrap_or_default(),
        periodic: is_set(&job, "Periodic"),
        parameterized: is_set(&job, "ParameterizedJob") && !truth(&job, "Dispatched"),
        stable: truth(&job, "Stable"),
        tag: job
            .get("VersionTag")
            .and_then(|tag| VersionTag::deserialize(tag).ok())
            .filter(|tag| !tag.name.is_empty()),
        job,
    }
}

/// `GET /v1/job/ID/versions`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Versions {
    #[serde(deserialize_with = "nullable")]
    pub versions: Vec<Value>,
}

/// A line of `GET /v1/jobs`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Stub {
    #[serde(rename = "ID", deserialize_with = "nullable")]
    id: String,
    #[serde(rename = "ParentID", deserialize_with = "nullable")]
    parent: String,
    #[serde(rename = "Type", deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    status: String,
    stop: bool,
    periodic: bool,
    parameterized_job: bool,
    job_modify_index: u64,
    submit_time: i64,
    #[serde(deserialize_with = "nullable")]
    meta: IndexMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    job_summary: Summary,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Summary {
    #[serde(deserialize_with = "nullable")]
    summary: IndexMap<String, GroupSummary>,
}

impl From<Stub> for JobStub {
    fn from(stub: Stub) -> Self {
        Self {
            id: stub.id,
            parent: stub.parent,
            kind: stub.kind,
            status: stub.status,
            stopped: stub.stop,
            periodic: stub.periodic,
            parameterized: stub.parameterized_job,
            job_modify_index: stub.job_modify_index,
            submit_time: stub.submit_time,
            meta: stub.meta,
            summary: stub.job_summary.summary,
        }
    }
}

/// The answer to a plan.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Plan {
    #[serde(deserialize_with = "nullable")]
    annotations: Annotations,
    #[serde(rename = "FailedTGAllocs", deserialize_with = "nullable")]
    failed: IndexMap<String, PlacementFailure>,
    job_modify_index: u64,
    #[serde(deserialize_with = "nullable")]
    warnings: String,
    next_periodic_launch: Option<String>,
    diff: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Annotations {
    #[serde(rename = "DesiredTGUpdates", deserialize_with = "nullable")]
    updates: IndexMap<String, Updates>,
    #[serde(deserialize_with = "nullable")]
    preempted_allocs: Vec<PreemptedAllocation>,
}

impl From<Plan> for PlanAnswer {
    fn from(plan: Plan) -> Self {
        Self {
            job_modify_index: plan.job_modify_index,
            groups: plan.annotations.updates,
            failures: plan.failed,
            warnings: errors(&plan.warnings),
            // Go's zero time stands for none.
            next_periodic_launch: plan.next_periodic_launch.map(no_zero_time).filter(|time| !time.is_empty()),
            diff: plan.diff,
            preempted: plan.annotations.preempted_allocs,
        }
    }
}

/// The answer to a validation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Verdict {
    #[serde(deserialize_with = "nullable")]
    validation_errors: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    error: String,
    #[serde(deserialize_with = "nullable")]
    warnings: String,
}

impl From<Verdict> for ServerVerdict {
    fn from(verdict: Verdict) -> Self {
        let errors_found = if verdict.validation_errors.is_empty() {
            errors(&verdict.error)
        } else {
            verdict.validation_errors.iter().flat_map(|text| errors(text)).collect()
        };
        Self { errors: errors_found, warnings: errors(&verdict.warnings) }
    }
}

/// The answer to what begins an evaluation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Evaluated {
    #[serde(rename = "EvalID", deserialize_with = "nullable")]
    eval_id: String,
    #[serde(rename = "DispatchedJobID", deserialize_with = "nullable")]
    dispatched: String,
    job_modify_index: u64,
    #[serde(deserialize_with = "nullable")]
    warnings: String,
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<Evaluated> for Registered {
    fn from(answer: Evaluated) -> Self {
        Self {
            eval_id: some(answer.eval_id),
            job_modify_index: answer.job_modify_index,
            warnings: errors(&answer.warnings),
            recovered: false,
        }
    }
}

impl From<Evaluated> for Dispatched {
    fn from(answer: Evaluated) -> Self {
        Self { job: answer.dispatched, eval_id: some(answer.eval_id) }
    }
}

/// The answer to a change of a deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeploymentUpdate {
    #[serde(rename = "EvalID", deserialize_with = "nullable")]
    eval_id: String,
    reverted_job_version: Option<u64>,
}

impl From<DeploymentUpdate> for Promoted {
    fn from(answer: DeploymentUpdate) -> Self {
        Self { eval_id: some(answer.eval_id), reverted_to: answer.reverted_job_version }
    }
}

/// The single errors in a text of Go's `multierror`, with what they stand in.
///
/// `2 errors occurred:\n\t* a\n\t* b` becomes `a` and `b`; `x failed: 1 error occurred:\n\t* a`
/// becomes `x failed: a`.
pub(super) fn errors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut prefixes: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let depth = line.len() - line.trim_start_matches('\t').len();
        let item = trimmed.strip_prefix("* ").unwrap_or(trimmed);
        prefixes.retain(|(at, _)| *at < depth);
        let is_heading = item.ends_with(" errors occurred:")
            || item.ends_with("1 error occurred:")
            || item.ends_with(" warnings:")
            || item.ends_with("1 warning:");
        if is_heading {
            // `Task server validation failed: 1 error occurred:` names what the items are about.
            if let Some((subject, _)) =
                item.rsplit_once(": ").filter(|(_, count)| count.starts_with(|c: char| c.is_ascii_digit()))
            {
                prefixes.push((depth, subject.to_owned()));
            }
            continue;
        }
        let prefix: String = prefixes.iter().map(|(_, subject)| format!("{subject}: ")).collect();
        found.push(format!("{prefix}{item}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_go_are_taken_apart() {
        assert_eq!(errors("2 errors occurred:\n\t* a\n\t* b\n\n"), ["a", "b"]);
        assert_eq!(errors("plain"), ["plain"]);
        assert!(errors("").is_empty());
        let warnings = "1 warning:\n\n* Group \"g\" has warnings: 1 error occurred:\n\t* Update max_parallel is too big\n";
        assert_eq!(errors(warnings), ["Group \"g\" has warnings: Update max_parallel is too big"]);
    }
}
