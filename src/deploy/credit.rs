//! Who made a version: only what its submission proves.

use crate::cluster::{Cluster, Origin, RunningJob, Submission};
use crate::diagnostic::Source;
use crate::diff;
use crate::jobspec::tree::Value;
use crate::jobspec::{self, Job, Variables};

/// What the cluster's memory says of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credit {
    /// This tool submitted exactly that.
    Made(Box<Origin>),
    /// Somebody else did: by hand, or by another tool.
    ByHand,
    /// The submission is forgotten, or not shown: Nomad keeps those of the last versions only.
    Unknown,
}

impl Credit {
    /// Where the version came from, if this tool made it.
    pub fn origin(self) -> Option<Origin> {
        match self {
            Self::Made(origin) => Some(*origin),
            Self::ByHand | Self::Unknown => None,
        }
    }
}

/// Whom a version is credited to; `job` is the version in our own type.
///
/// Where a job is registered without a submission, Nomad copies that of the version in the payload: an edit by
/// hand would be credited to who submitted before. So the submission must make this very job.
pub fn of(cluster: &dyn Cluster, version: &RunningJob, job: &Job) -> Credit {
    // What only explains more may be missing.
    let Some(submission) = cluster.submission(&version.id, version.version).ok().flatten() else {
        return Credit::Unknown;
    };
    match submission.origin() {
        Some(origin) if made(&submission, job) => Credit::Made(Box::new(origin)),
        _ => Credit::ByHand,
    }
}

/// The project that submitted a job, as its repository is called; `None` where no version tells.
///
/// An edit by hand does not make the job somebody else's, so older versions count too.
pub fn project(cluster: &dyn Cluster, running: &RunningJob) -> Option<String> {
    let said = |version: u64| {
        let origin = cluster.submission(&running.id, version).ok().flatten()?.origin()?;
        (!origin.project.is_empty()).then_some(origin.project)
    };
    said(running.version).or_else(|| {
        let older = cluster.versions(&running.id).ok()?;
        older
            .iter()
            .filter(|version| version.version != running.version)
            .find_map(|version| said(version.version))
    })
}

fn made(submission: &Submission, job: &Job) -> bool {
    // Stopping a job changes nothing else of what was submitted.
    let mut job = job.clone();
    job.root.set("Stop", Value::Null);
    let source = Source::new("submission", submission.source.as_str());
    jobspec::parse(&source, &Variables::default())
        .is_ok_and(|made| diff::diff(Some(&made), Some(&job)).is_none())
}
