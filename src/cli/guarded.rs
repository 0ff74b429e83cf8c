//! The cluster that is about to be written to.

use super::Result;
use super::rollout::{self, SubmitArgs};
use crate::cluster::Cluster;
use crate::compile::Compiled;
use crate::deploy::guard::{self, Build, Escapes};
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
    let builds = jobs.into_iter().filter_map(|job| {
        let merged = &job.merged;
        let githash = merged.text("githash").filter(|_| merged.text("hashtype") == Some("git"))?;
        let build = merged.text("buildname").unwrap_or(&merged.name);
        let repository = project.repositories.get(build).map(std::path::PathBuf::as_path);
        Some(Build { job: &merged.name, githash, repository })
    });
    let escapes = Escapes {
        dirty: args.allow_dirty,
        unpushed: args.allow_unpushed,
        unknown_githash: args.allow_unknown_githash,
    };
    guard::check(stage, &project.root, &builds.collect::<Vec<_>>(), escapes)?;
    Err(failure)
}
