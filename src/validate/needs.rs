//! The jobs that a job needs: each must be one of the project.

use crate::diagnostic::Diagnostic;
use crate::load::{JobFile, Node};
use crate::project::JobEntry;

crate::codes! {
    /// A name in `needs` that is no job.
    UNKNOWN_NEED = "P0816", "a job needs one that the project does not have", "docs/job-file.md";
}

/// What is wrong with the `needs` of a job file; `jobs` are all of the project.
pub fn check(file: &JobFile, jobs: &[JobEntry]) -> Vec<Diagnostic> {
    let needs = file.root.get("needs").map(Node::items).unwrap_or_default();
    let unknown = needs.iter().filter_map(|node| Some((node, node.text()?)));
    let unknown = unknown.filter(|(_, name)| !jobs.iter().any(|job| job.name == *name));
    unknown
        .map(|(node, name)| {
            Diagnostic::error(
                &UNKNOWN_NEED,
                format!("`{}` needs `{name}`, which is no job of this project", file.name),
            )
            .at(node.place.clone())
            .did_you_mean(name, jobs.iter().map(|job| job.name.as_str()))
            .hint("`platy-manage list` shows the jobs of the project")
        })
        .collect()
}
