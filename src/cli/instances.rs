//! What `status` shows of periodic and parameterized jobs: the next launch, and how the last instances ended.

use serde_json::{Value as Json, json};

use super::Result;
use crate::cluster::{Cluster, JobStub, RunningJob};

/// As many instances are shown.
const SHOWN: usize = 5;

/// One run of a periodic or parameterized job.
pub struct Instance {
    /// The ID of its job.
    pub id: String,
    /// When it was started, in nanoseconds since 1970.
    pub submit_time: i64,
    stub: JobStub,
}

/// The last instances, newest first.
///
/// # Errors
/// Those of the cluster.
pub fn last(cluster: &dyn Cluster, job: &RunningJob) -> Result<Vec<Instance>> {
    if !job.periodic && !job.parameterized {
        return Ok(Vec::new());
    }
    let kind = if job.periodic { "periodic" } else { "dispatch" };
    let mut stubs = cluster.list(&format!("{}/{kind}-", job.id))?;
    stubs.sort_by_key(|stub| std::cmp::Reverse((stub.submit_time, stub.job_modify_index)));
    let instances = stubs.into_iter().take(SHOWN);
    Ok(instances.map(|stub| Instance { id: stub.id.clone(), submit_time: stub.submit_time, stub }).collect())
}

/// When a periodic job starts next, where the cluster tells that.
pub fn next_launch(cluster: &dyn Cluster, job: &RunningJob) -> Option<String> {
    if !job.periodic || job.stopped {
        return None;
    }
    // Only a plan says it; a token that may not plan learns everything else.
    cluster.plan(&job.job, false).ok()?.next_periodic_launch
}

impl Instance {
    /// How it ended, or that it has not.
    pub fn ended(&self) -> &'static str {
        let any = |count: fn(&crate::cluster::GroupSummary) -> u64| {
            self.stub.summary.values().any(|it| count(it) > 0)
        };
        match self.stub.status.as_str() {
            _ if self.stub.stopped => "stopped",
            "running" => "running",
            "pending" if any(|group| group.failed) => "failed, to be tried again",
            "pending" => "pending",
            _ if any(|group| group.lost + group.unknown) => "lost",
            // An allocation that failed may have been followed by one that did not.
            _ if any(|group| group.failed) && !any(|group| group.complete) => "failed",
            _ if any(|group| group.failed) => "complete, after failures",
            _ => "complete",
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Json {
        json!({"job_id": self.id, "submit_time": self.submit_time, "status": self.stub.status, "ended": self.ended()})
    }
}

/// How long ago something was, in its largest unit: `3d`, `5h`, `12m`, `4s`.
pub fn age(nanoseconds: i64) -> String {
    let seconds = jiff::Timestamp::now().as_second() - nanoseconds / 1_000_000_000;
    in_words(seconds)
}

fn in_words(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..=119 => format!("{seconds}s"),
        seconds @ 120..=7_199 => format!("{}m", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ages_have_one_unit() {
        let words = [-5, 0, 119, 120, 7_199, 7_200, 172_800].map(super::in_words);
        assert_eq!(words, ["0s", "0s", "119s", "2m", "119m", "2h", "2d"]);
    }
}
