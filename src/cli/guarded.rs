//! The cluster that is about to be written to.

use super::Result;
use super::rollout;
use super::submit_args::SubmitArgs;
use crate::cluster::Cluster;
use crate::compile::Compiled;
use crate::project::{Project, Stage};

/// Opens the cluster of a stage for a submission. Where its settings do not allow that (there is no token, say), the
/// guards speak first: whoever may not deploy need not look for a token.
///
/// # Errors
/// Those of the guards, then those of the settings.
pub fn open<'c>(
    project: &Project,
    stage: &Stage,
    jobs: impl IntoIterator<Item = &'c Compiled>,
    args: &SubmitArgs,
) -> Result<Box<dyn Cluster>> {
    let failure = match rollout::open(project, stage) {
        Ok(cluster) => return Ok(cluster),
        Err(failure) => failure,
    };
    if args.dry_run {
        return Err(failure);
    }
    let claims: Vec<_> =
        jobs.into_iter().map(|job| (job.merged.name.as_str(), rollout::claim(job))).collect();
    rollout::guard(project, stage, claims.iter().map(|(job, claim)| (*job, claim.as_ref())), args, None)?;
    Err(failure)
}
