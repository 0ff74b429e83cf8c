//! What crosses the trait: jobs, versions, plans, submissions, logs, dispatches. What runs of them is in `state`.
//!
//! Names follow Nomad's API. The same types decode Nomad's answers and are stored by the
//! embedded registry; unknown fields are ignored, and null counts as absent.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};

use crate::diff::annotations::{Annotations, Updates};

/// A job in the shape of Nomad's API: the object under `"Job"`.
pub type JobDocument = serde_json::Value;

/// Null becomes the default: Go writes an empty list or map as null.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// What a cluster says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterInfo {
    /// `2.0.6-dev`, or "" where it does not say.
    pub version: String,
    /// The address of the leader, or "".
    pub leader: String,
}

/// A job as the cluster holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningJob {
    /// The whole job, with what the server filled in.
    pub job: JobDocument,
    /// Its ID.
    pub id: String,
    /// Its version, from 0.
    pub version: u64,
    /// `JobModifyIndex`: changes whenever the specification does; what a plan is checked against.
    pub job_modify_index: u64,
    /// `service`, `batch`, `system` or `sysbatch`.
    pub kind: String,
    /// `pending`, `running` or `dead`.
    pub status: String,
    /// Whether it was stopped by somebody.
    pub stopped: bool,
    /// When it was submitted, in nanoseconds since 1970.
    pub submit_time: i64,
    /// The meta of the job.
    pub meta: IndexMap<String, String>,
    /// Whether it has a schedule.
    pub periodic: bool,
    /// Whether it is dispatched.
    pub parameterized: bool,
    /// Whether a deployment of this version succeeded.
    pub stable: bool,
    /// The name of this version, if it was tagged.
    pub tag: Option<VersionTag>,
}

/// A version of a job: the same facts, at that time.
pub type JobVersion = RunningJob;

/// The name of a version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VersionTag {
    /// The name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Words.
    #[serde(deserialize_with = "nullable")]
    pub description: String,
}

/// A line of the list of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStub {
    /// Its ID.
    pub id: String,
    /// The job that it is an instance of, or "".
    pub parent: String,
    /// `service`, `batch`, `system` or `sysbatch`.
    pub kind: String,
    /// `pending`, `running` or `dead`.
    pub status: String,
    /// Whether it was stopped by somebody.
    pub stopped: bool,
    /// Whether it has a schedule.
    pub periodic: bool,
    /// Whether it is dispatched.
    pub parameterized: bool,
    /// `JobModifyIndex`.
    pub job_modify_index: u64,
    /// When it was submitted, in nanoseconds since 1970.
    pub submit_time: i64,
    /// The meta of the job.
    pub meta: IndexMap<String, String>,
    /// Allocations by state, per group.
    pub summary: IndexMap<String, GroupSummary>,
}

/// Allocations of a group by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GroupSummary {
    /// Waiting for a place.
    pub queued: u64,
    /// Ended well.
    pub complete: u64,
    /// Ended badly.
    pub failed: u64,
    /// Running.
    pub running: u64,
    /// Placed, not running yet.
    pub starting: u64,
    /// On a node that is gone.
    pub lost: u64,
    /// On a node that does not answer.
    pub unknown: u64,
}

/// What a plan says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanAnswer {
    /// The index to register with; 0 if the job does not exist.
    pub job_modify_index: u64,
    /// What happens to the allocations, per group.
    pub groups: IndexMap<String, Updates>,
    /// Why allocations find no place, per group.
    pub failures: IndexMap<String, PlacementFailure>,
    /// Warnings of the server, one each.
    pub warnings: Vec<String>,
    /// When a periodic job starts next, as RFC 3339.
    pub next_periodic_launch: Option<String>,
    /// `JobDiff` as the server computed it; `Null` if none was asked for.
    pub diff: serde_json::Value,
    /// Allocations of other jobs that would be evicted.
    pub preempted: Vec<PreemptedAllocation>,
}

impl PlanAnswer {
    /// What would happen to groups and tasks, to be shown beside a difference.
    pub fn annotations(&self) -> Annotations {
        let groups = self.groups.iter().map(|(group, updates)| (group.clone(), *updates)).collect();
        Annotations::new(groups, &self.diff)
    }
}

/// An allocation that would be evicted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PreemptedAllocation {
    /// Its ID.
    #[serde(rename = "ID", deserialize_with = "nullable")]
    pub id: String,
    /// Its job.
    #[serde(rename = "JobID", deserialize_with = "nullable")]
    pub job: String,
    /// Its group.
    #[serde(deserialize_with = "nullable")]
    pub task_group: String,
}

/// Why a group finds no place (`AllocationMetric`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PlacementFailure {
    /// Nodes that were looked at.
    pub nodes_evaluated: u64,
    /// Nodes that a constraint ruled out.
    pub nodes_filtered: u64,
    /// Nodes in the pool.
    pub nodes_in_pool: u64,
    /// The node pool.
    #[serde(deserialize_with = "nullable")]
    pub node_pool: String,
    /// Nodes per datacenter.
    #[serde(deserialize_with = "nullable")]
    pub nodes_available: IndexMap<String, u64>,
    /// Nodes that a class ruled out.
    #[serde(deserialize_with = "nullable")]
    pub class_filtered: IndexMap<String, u64>,
    /// Nodes that each constraint ruled out.
    #[serde(deserialize_with = "nullable")]
    pub constraint_filtered: IndexMap<String, u64>,
    /// Nodes without room.
    pub nodes_exhausted: u64,
    /// Nodes without room, per class.
    #[serde(deserialize_with = "nullable")]
    pub class_exhausted: IndexMap<String, u64>,
    /// Nodes without room, per dimension (`memory`, `cpu`, `disk`, `network: …`).
    #[serde(deserialize_with = "nullable")]
    pub dimension_exhausted: IndexMap<String, u64>,
    /// Quotas that are used up.
    #[serde(deserialize_with = "nullable")]
    pub quota_exhausted: Vec<String>,
    /// Further allocations of the group with the same failure.
    pub coalesced_failures: u64,
}

/// What the server says of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerVerdict {
    /// Why it would be refused, one each.
    pub errors: Vec<String>,
    /// What it warns of, one each.
    pub warnings: Vec<String>,
}

/// What a version was made from; stored beside it, and restarts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Submission {
    /// The HCL that was rendered.
    #[serde(deserialize_with = "nullable")]
    pub source: String,
    /// `hcl2` or `json`.
    #[serde(deserialize_with = "nullable")]
    pub format: String,
    /// Where it came from, as JSON: see [`Origin`].
    #[serde(deserialize_with = "nullable")]
    pub variables: String,
}

impl Submission {
    /// A submission of HCL text.
    pub fn new(source: impl Into<String>, origin: &Origin) -> Self {
        let variables = serde_json::to_string(origin).unwrap_or_default();
        Self { source: source.into(), format: "hcl2".to_owned(), variables }
    }

    /// Where it came from, if this tool submitted it.
    pub fn origin(&self) -> Option<Origin> {
        serde_json::from_str(&self.variables).ok().filter(|origin: &Origin| !origin.tool.is_empty())
    }
}

/// Who submitted a version, when, and from which files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// `platy-manage VERSION`.
    pub tool: String,
    /// The job key.
    pub job_key: String,
    /// The job file, relative to the project.
    pub config: String,
    /// The repository of the project and the folder in it, as [`crate::revision::identity`] says it; empty where that
    /// is not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The stage.
    pub stage: String,
    /// The commit of the work tree, in full; empty outside a repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// Whether the work tree had changes that were not committed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dirty: bool,
    /// Who submitted it.
    pub user: String,
    /// When, as RFC 3339.
    pub time: String,
    /// Values from `--set`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// Guards that were switched off, by the name of their option.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub escapes: Vec<String>,
    /// The version that it went back to; who made that is what the rest says, but `user` and `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<u64>,
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registered {
    /// The evaluation that it began; `None` for periodic and parameterized jobs.
    pub eval_id: Option<String>,
    /// The new `JobModifyIndex`.
    pub job_modify_index: u64,
    /// Warnings of the server, one each.
    pub warnings: Vec<String>,
    /// Whether the answer was lost and the result was found by reading the job.
    pub recovered: bool,
}

/// Which part of which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRequest {
    /// The allocation.
    pub allocation: String,
    /// The task.
    pub task: String,
    /// Standard error instead of standard output.
    pub stderr: bool,
    /// Where to begin.
    pub from: LogStart,
    /// At most this many bytes.
    pub limit: u64,
}

/// A place in a log, which stays the same when the oldest part of the log is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct LogMark {
    /// The number of the file that it is in.
    pub file: u64,
    /// The byte in that file.
    pub offset: u64,
}

/// Where to begin in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStart {
    /// This many bytes before its end.
    End(u64),
    /// At this place; the default is the beginning.
    Mark(LogMark),
    /// As many bytes before this place as the limit says.
    Before(LogMark),
}

/// A part of a log, as it was printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogChunk {
    /// The bytes; they may be no text.
    pub bytes: Vec<u8>,
}

impl LogChunk {
    /// The last lines, as they are. What follows the last line break is a line too.
    pub fn last_lines(&self, count: usize) -> &[u8] {
        let bytes = &self.bytes[..];
        let Some(nth) = count.checked_sub(1) else { return &[] };
        let inner = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut breaks = inner.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        breaks.nth(nth).map_or(bytes, |(at, _)| &bytes[at + 1..])
    }

    /// The same as text: what is not UTF-8 is replaced, and the line breaks are taken off.
    pub fn last_texts(&self, count: usize) -> Vec<String> {
        String::from_utf8_lossy(self.last_lines(count)).lines().map(str::to_owned).collect()
    }
}

/// What came of a log that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPart<'b> {
    /// The bytes; none is a sign of life.
    pub bytes: &'b [u8],
    /// Where they end, as far as that is known.
    pub end: Option<LogMark>,
}

/// The answer to a promotion or to failing a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promoted {
    /// The evaluation that it began.
    pub eval_id: Option<String>,
    /// The version that the job goes back to.
    pub reverted_to: Option<u64>,
}

/// How a parameterized job is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DispatchRequest {
    /// The job.
    pub job: String,
    /// Its meta.
    pub meta: IndexMap<String, String>,
    /// Its payload; none if empty.
    pub payload: Vec<u8>,
    /// Makes a repetition start nothing new.
    pub idempotency_token: Option<String>,
}

/// An instance that was started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dispatched {
    /// Its job ID; "" where the cluster does not say.
    pub job: String,
    /// The evaluation that it began; `None` if it ran already.
    pub eval_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::LogChunk;

    fn last(text: &[u8], count: usize) -> Vec<u8> {
        LogChunk { bytes: text.to_vec() }.last_lines(count).to_vec()
    }

    /// The bytes were once counted from the text of the lines.
    #[test]
    fn the_last_lines_are_the_bytes_of_the_log() {
        assert_eq!(last(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(last(b"a\nb\nc", 2), b"b\nc");
        assert_eq!(last(b"a\r\nb\r\n", 1), b"b\r\n");
        assert_eq!(last(b"a\n\xff\xfe\n", 1), b"\xff\xfe\n");
        assert_eq!(last(b"a\n\n", 1), b"\n");
        assert_eq!(last(b"a", 5), b"a");
        assert_eq!(last(b"a\n", 0), b"");
        assert_eq!(last(b"", 3), b"");
        let chunk = LogChunk { bytes: b"a\r\n\xff\n".to_vec() };
        assert_eq!(chunk.last_texts(2), ["a", "\u{fffd}"]);
    }
}
