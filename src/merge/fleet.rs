//! What only shows when all jobs are looked at together.

use std::collections::HashMap;

use super::{SHARED_ID, job_id};
use crate::diagnostic::{Diagnostic, Source};
use crate::project::{JobEntry, Project};

/// Jobs that would share an ID in one cluster and namespace, over all stages.
///
/// Names alone decide this, so no job file is read.
pub fn shared_ids(project: &Project, jobs: &[JobEntry]) -> Vec<Diagnostic> {
    let mut seen: HashMap<(&str, &str, String), (&JobEntry, &str)> = HashMap::new();
    let mut problems = Vec::new();
    for stage in project.stages.values() {
        for job in jobs {
            let id = job_id(stage, &job.name);
            let place = |job: &JobEntry| Source::new(project.display(&job.path), "").place(0..0);
            let key = (stage.cluster.as_str(), stage.namespace.as_str(), id.clone());
            if let Some((other, other_stage)) = seen.insert(key, (job, &stage.name)) {
                problems.push(
                    Diagnostic::error(
                        &SHARED_ID,
                        format!(
                            "`{}` in `{}` and `{}` in `{other_stage}` would both be `{id}` in the cluster `{}`",
                            job.name, stage.name, other.name, stage.cluster
                        ),
                    )
                    .at(place(job))
                    .related(place(other), "")
                    .hint("rename one of the jobs, or set another `id` or `namespace` for one of the stages"),
                );
            }
        }
    }
    problems
}
