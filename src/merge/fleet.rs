//! What only shows when all jobs are looked at together.

use std::collections::HashMap;

use super::{SHARED_ID, job_id};
use crate::diagnostic::Diagnostic;
use crate::project::{JobEntry, Project};

/// Two jobs, or one job in two stages, that would be one job in the cluster.
#[derive(Debug)]
pub struct SharedId {
    /// Name and stage of both.
    pub jobs: [(String, String); 2],
    /// What is wrong, and what to do.
    pub diagnostic: Diagnostic,
}

impl SharedId {
    /// Whether it is about this job in this stage.
    pub fn concerns(&self, name: &str, stage: &str) -> bool {
        self.jobs.iter().any(|(job, in_stage)| job == name && in_stage == stage)
    }
}

/// Jobs that would share an ID in one cluster and namespace, over all stages.
///
/// Names alone decide this, so no job file is read.
pub fn shared_ids(project: &Project, jobs: &[JobEntry]) -> Vec<SharedId> {
    let mut seen: HashMap<(&str, &str, String), (&JobEntry, &str)> = HashMap::new();
    let mut shared = Vec::new();
    for stage in project.stages.values() {
        for job in jobs {
            let id = job_id(stage, &job.name);
            let key = (stage.cluster.as_str(), stage.namespace.as_str(), id.clone());
            let Some((other, other_stage)) = seen.insert(key, (job, &stage.name)) else { continue };
            let place = |job: &JobEntry| project.file(&job.path);
            let message = format!(
                "`{}` in `{}` and `{}` in `{other_stage}` would both be `{id}` in the cluster `{}`",
                job.name, stage.name, other.name, stage.cluster
            );
            let mut diagnostic = Diagnostic::error(&SHARED_ID, message);
            if job == other {
                // The stages are to blame, not the file.
                let declared = |stage: &str| project.stages[stage].place.clone();
                diagnostic = diagnostic.at(declared(&stage.name)).related(declared(other_stage), "").hint(
                    "set another `id` or `namespace` for one of the stages, such as `id: \"{name}-{stage}\"`",
                );
            } else {
                diagnostic = diagnostic
                    .at(place(job))
                    .related(place(other), "")
                    .hint("rename one of the jobs, or set another `id` or `namespace` for one of the stages");
            }
            let pair = |job: &JobEntry, stage: &str| (job.name.clone(), stage.to_owned());
            shared.push(SharedId { jobs: [pair(job, &stage.name), pair(other, other_stage)], diagnostic });
        }
    }
    shared
}
