//! The jobs of a stage that have no file: those that this project submitted, and those of other projects.

use std::collections::BTreeSet;

use super::output::{Printer, Styled, style};
use super::planning::REQUESTS;
use super::validate::count;
use super::{Result, asking};
use crate::cluster::{Cluster, DENIED, JobStub};
use crate::deploy::credit;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff::style::clean;
use crate::project::{Project, Stage};
use crate::revision;

crate::codes! {
    /// The token may not list jobs.
    ORPHANS_UNKNOWN = "P0995", "jobs without a file could not be looked for", "docs/plan.md";
}

/// A job that says it is the stage's, and has no file.
#[derive(Debug)]
pub struct Orphan {
    /// As the cluster lists it.
    pub stub: JobStub,
    /// The other project that submitted it, as its repository is called; `None` for ours, and where that is not known.
    pub of: Option<String>,
}

impl Orphan {
    /// The name that its file had.
    pub fn name(&self) -> &str {
        self.stub.meta.get("platy_job").map(String::as_str).unwrap_or_default()
    }
}

/// The jobs that say they are this stage's and have no file, by ID.
///
/// A job with a parent is an instance of another job, and none of its own. Who submitted a job is read from its
/// submission: two projects may have stages of one name in one namespace.
///
/// # Errors
/// Those of the cluster.
pub fn find(cluster: &dyn Cluster, project: &Project, stage: &Stage) -> Result<Vec<Orphan>> {
    let jobs = project.jobs()?;
    let names: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let mut stubs = cluster.list("")?;
    stubs.retain(|stub| {
        let ours = stub.meta.get("platy_stage").is_some_and(|name| *name == stage.name);
        let name = stub.meta.get("platy_job").map(String::as_str).unwrap_or_default();
        stub.parent.is_empty() && ours && !name.is_empty() && !names.contains(name)
    });
    let own = revision::identity(project);
    let projects = asking::each(cluster, REQUESTS, &stubs, |stub| {
        let running = cluster.read_job(&stub.id)?;
        Ok(running.and_then(|running| credit::project(cluster, &running)))
    });
    let tell = |(stub, project): (JobStub, Result<Option<String>>)| match project {
        Ok(project) => Ok(Orphan { stub, of: project.filter(|project| project != own) }),
        // Without the right to read it, only its meta speaks.
        Err(failure) if is_denied(&failure) => Ok(Orphan { stub, of: None }),
        Err(failure) => Err(failure),
    };
    stubs.into_iter().zip(projects).map(tell).collect()
}

/// The orphans that are not stopped, or why they are not known: a plan needs no right to list jobs.
///
/// # Errors
/// Those of the cluster, but for a missing permission.
pub fn if_allowed(
    cluster: &dyn Cluster,
    project: &Project,
    stage: &Stage,
) -> Result<std::result::Result<Vec<Orphan>, Diagnostic>> {
    match find(cluster, project, stage) {
        Ok(found) => Ok(Ok(found.into_iter().filter(|orphan| !orphan.stub.stopped).collect())),
        Err(failure) if is_denied(&failure) => {
            let message = format!("jobs without a file were not looked for in `{}`", stage.name);
            let hint = "the token lacks the capability `list-jobs`";
            Ok(Err(Diagnostic::warning(&ORPHANS_UNKNOWN, message).hint(hint)))
        }
        Err(failure) => Err(failure),
    }
}

/// Whether a token was not allowed something.
pub fn is_denied(failure: &Failure) -> bool {
    failure.kind == FailureKind::Unreachable && failure.has(&DENIED)
}

/// Lists orphans under a heading, those of other projects under their own.
pub fn show(printer: &Printer, stage: &Stage, orphans: &[Orphan]) {
    let (others, ours): (Vec<_>, Vec<_>) = orphans.iter().partition(|orphan| orphan.of.is_some());
    let title = |orphans: &[&Orphan]| Styled(style::CHANGED, count(orphans.len(), "job"));
    if !ours.is_empty() {
        printer.line(format_args!(
            "{} {} without a file; `platy-manage prune --stage={}` stops what nobody needs:",
            title(&ours),
            if ours.len() == 1 { "runs" } else { "run" },
            stage.name
        ));
        for Orphan { stub, .. } in ours {
            printer.line(format_args!("    {}  {}", clean(&stub.id), clean(&stub.status)));
        }
    }
    if !others.is_empty() {
        printer.line(format_args!(
            "{} of other projects {} stage `{}` too:",
            title(&others),
            if others.len() == 1 { "calls its" } else { "call their" },
            stage.name
        ));
        for Orphan { stub, of } in others {
            let of = of.as_deref().unwrap_or_default();
            printer.line(format_args!("    {}  {}  {}", clean(&stub.id), clean(&stub.status), clean(of)));
        }
    }
}
