//! Who made a version: only what its submission proves.

use crate::cluster::{Cluster, Origin, RunningJob, Submission};
use crate::diagnostic::Source;
use crate::diff;
use crate::jobspec::tree::Value;
use crate::jobspec::{self, Job, Variables};

/// Where a version came from, if this tool submitted exactly that.
///
/// What only explains more may be missing: Nomad forgets the submissions of old versions, and a registration by
/// hand has none of ours.
pub fn origin(cluster: &dyn Cluster, version: &RunningJob, job: &Job) -> Option<Origin> {
    let submission = cluster.submission(&version.id, version.version).ok().flatten()?;
    let origin = submission.origin()?;
    made(&submission, job).then_some(origin)
}

/// Whether a submission is what made this job.
///
/// Where a job is registered without a submission, Nomad copies that of the version in the payload: an edit by
/// hand would be credited to who submitted before. Stopping a job changes nothing else of what was submitted.
fn made(submission: &Submission, job: &Job) -> bool {
    let mut job = job.clone();
    job.root.set("Stop", Value::Null);
    let source = Source::new("submission", submission.source.as_str());
    jobspec::parse(&source, &Variables::default())
        .is_ok_and(|made| diff::diff(Some(&made), Some(&job)).is_none())
}
