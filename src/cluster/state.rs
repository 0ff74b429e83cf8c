//! What runs of a job: evaluations, deployments, allocations with their tasks and checks.
//!
//! As in `model`, names follow Nomad's API, unknown fields are ignored, and null counts as absent.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};

use super::model::{PlacementFailure, nullable};

/// Go writes the first moment of year 1 where there is no time.
pub(super) fn no_zero_time(text: String) -> String {
    if text.starts_with("0001-") { String::new() } else { text }
}

/// A time that may be absent: null, or Go's zero time.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    nullable(deserializer).map(no_zero_time)
}

/// An evaluation: one run of the scheduler.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Evaluation {
    /// Its ID.
    #[serde(rename = "ID", deserialize_with = "nullable")]
    pub id: String,
    /// Its job.
    #[serde(rename = "JobID", deserialize_with = "nullable")]
    pub job: String,
    /// `pending`, `complete`, `failed`, `blocked` or `canceled`.
    #[serde(deserialize_with = "nullable")]
    pub status: String,
    /// Words on it.
    #[serde(deserialize_with = "nullable")]
    pub status_description: String,
    /// What began it (`job-register`, `alloc-failure`, …).
    #[serde(deserialize_with = "nullable")]
    pub triggered_by: String,
    /// `service`, `batch`, …
    #[serde(rename = "Type", deserialize_with = "nullable")]
    pub kind: String,
    /// The deployment that it created, or "".
    #[serde(rename = "DeploymentID", deserialize_with = "nullable")]
    pub deployment: String,
    /// The evaluation that waits for room, or "".
    #[serde(deserialize_with = "nullable")]
    pub blocked_eval: String,
    /// The evaluation that follows, or "".
    #[serde(deserialize_with = "nullable")]
    pub next_eval: String,
    /// Why groups find no place.
    #[serde(rename = "FailedTGAllocs", deserialize_with = "nullable")]
    pub failures: IndexMap<String, PlacementFailure>,
    /// Allocations that wait, per group.
    #[serde(deserialize_with = "nullable")]
    pub queued_allocations: IndexMap<String, u64>,
    /// When it was created.
    pub create_index: u64,
    /// When it changed.
    pub modify_index: u64,
}

/// A rollout of one version of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Deployment {
    /// Its ID.
    #[serde(rename = "ID", deserialize_with = "nullable")]
    pub id: String,
    /// Its job.
    #[serde(rename = "JobID", deserialize_with = "nullable")]
    pub job: String,
    /// The version that it rolls out.
    pub job_version: u64,
    /// `JobModifyIndex` of that version when it began.
    pub job_spec_modify_index: u64,
    /// `running`, `paused`, `successful`, `failed`, `cancelled`, `blocked`, `unblocking`, `pending`.
    #[serde(deserialize_with = "nullable")]
    pub status: String,
    /// Words on it.
    #[serde(deserialize_with = "nullable")]
    pub status_description: String,
    /// The groups.
    #[serde(deserialize_with = "nullable")]
    pub task_groups: IndexMap<String, DeploymentGroup>,
    /// When it was created.
    pub create_index: u64,
    /// When it changed.
    pub modify_index: u64,
}

impl Deployment {
    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "successful" | "failed" | "cancelled")
    }

    /// The groups whose canaries are not promoted yet, by name.
    pub fn waiting_for_promotion(&self) -> impl Iterator<Item = (&str, &DeploymentGroup)> {
        let groups = self.task_groups.iter().map(|(name, group)| (name.as_str(), group));
        groups.filter(|(_, group)| group.desired_canaries > 0 && !group.promoted)
    }

    /// Whether healthy canaries wait for somebody to promote them. Canaries are promoted all at once, so those of
    /// every group must be healthy; a group with `auto_promote` waits for nobody.
    pub fn awaits_promotion(&self) -> bool {
        let by_hand = self.waiting_for_promotion().any(|(_, group)| !group.auto_promote);
        let healthy = |group: &DeploymentGroup| group.healthy_allocs >= group.desired_canaries;
        !self.is_over() && by_hand && self.waiting_for_promotion().all(|(_, group)| healthy(group))
    }
}

/// A group in a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeploymentGroup {
    /// Allocations that it wants.
    pub desired_total: u64,
    /// Canaries that it wants.
    pub desired_canaries: u64,
    /// Allocations that were placed.
    pub placed_allocs: u64,
    /// The IDs of the canaries.
    #[serde(deserialize_with = "nullable")]
    pub placed_canaries: Vec<String>,
    /// Allocations that are healthy.
    pub healthy_allocs: u64,
    /// Allocations that are not.
    pub unhealthy_allocs: u64,
    /// Whether the canaries were promoted.
    pub promoted: bool,
    /// Whether a failure goes back to the last stable version.
    pub auto_revert: bool,
    /// Whether healthy canaries are promoted without anybody.
    pub auto_promote: bool,
    /// In nanoseconds.
    pub progress_deadline: i64,
}

/// An allocation: one instance of a group on a node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Allocation {
    /// Its ID.
    #[serde(rename = "ID", deserialize_with = "nullable")]
    pub id: String,
    /// `JOB.GROUP[INDEX]`.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its job.
    #[serde(rename = "JobID", deserialize_with = "nullable")]
    pub job: String,
    /// The version of the job.
    pub job_version: u64,
    /// Its group.
    #[serde(deserialize_with = "nullable")]
    pub task_group: String,
    /// The node's name.
    #[serde(deserialize_with = "nullable")]
    pub node_name: String,
    /// The evaluation that created it.
    #[serde(rename = "EvalID", deserialize_with = "nullable")]
    pub eval: String,
    /// The deployment that it belongs to, or "".
    #[serde(rename = "DeploymentID", deserialize_with = "nullable")]
    pub deployment: String,
    /// `run`, `stop` or `evict`.
    #[serde(deserialize_with = "nullable")]
    pub desired_status: String,
    /// Words on it.
    #[serde(deserialize_with = "nullable")]
    pub desired_description: String,
    /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`.
    #[serde(deserialize_with = "nullable")]
    pub client_status: String,
    /// Words on it.
    #[serde(deserialize_with = "nullable")]
    pub client_description: String,
    /// Its health in the deployment.
    #[serde(deserialize_with = "nullable")]
    pub deployment_status: DeploymentHealth,
    /// The tasks.
    #[serde(deserialize_with = "nullable")]
    pub task_states: IndexMap<String, TaskState>,
    /// When it was created.
    pub create_index: u64,
    /// When it changed.
    pub modify_index: u64,
    /// In nanoseconds since 1970.
    pub create_time: i64,
    /// In nanoseconds since 1970.
    pub modify_time: i64,
}

impl Allocation {
    /// Whether it runs, or may run yet.
    pub fn is_live(&self) -> bool {
        matches!(self.client_status.as_str(), "pending" | "running")
    }

    /// Whether it ended without success.
    pub fn has_failed(&self) -> bool {
        matches!(self.client_status.as_str(), "failed" | "lost")
    }
}

/// The health of an allocation in its deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeploymentHealth {
    /// `None` until it is decided.
    pub healthy: Option<bool>,
    /// Whether it is a canary.
    #[serde(deserialize_with = "nullable")]
    pub canary: bool,
}

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskState {
    /// `pending`, `running` or `dead`.
    #[serde(deserialize_with = "nullable")]
    pub state: String,
    /// Whether it failed.
    pub failed: bool,
    /// How often it was restarted.
    pub restarts: u64,
    /// When it started, as RFC 3339; "" if it never did.
    #[serde(deserialize_with = "time")]
    pub started_at: String,
    /// When it ended; "" if it has not.
    #[serde(deserialize_with = "time")]
    pub finished_at: String,
    /// The last events, oldest first.
    #[serde(deserialize_with = "nullable")]
    pub events: Vec<TaskEvent>,
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskEvent {
    /// `Received`, `Started`, `Terminated`, `Driver Failure`, …
    #[serde(rename = "Type", deserialize_with = "nullable")]
    pub kind: String,
    /// In nanoseconds since 1970.
    pub time: i64,
    /// Words on it.
    #[serde(deserialize_with = "nullable")]
    pub display_message: String,
    /// The task's exit code.
    pub exit_code: i64,
    /// The signal that ended it, or 0.
    pub signal: i64,
    /// Whether it failed the task.
    pub fails_task: bool,
    /// More on it.
    #[serde(deserialize_with = "nullable")]
    pub details: IndexMap<String, String>,
}

/// How a check of a service stands, which Nomad itself does (`provider = "nomad"`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckResult {
    /// Its name.
    #[serde(rename = "Check", deserialize_with = "nullable")]
    pub name: String,
    /// `success`, `failure` or `pending`.
    #[serde(deserialize_with = "nullable")]
    pub status: String,
    /// `healthiness`, or `readiness` where a deployment passes over it.
    #[serde(deserialize_with = "nullable")]
    pub mode: String,
    /// What it said.
    #[serde(deserialize_with = "nullable")]
    pub output: String,
    /// When it was done last, in seconds since 1970 by the clock of the node.
    pub timestamp: i64,
}
