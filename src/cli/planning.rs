//! The plans of many jobs, as `plan` and `apply` show them; and the jobs of a stage that have no file.

use std::collections::{BTreeMap, BTreeSet};

use super::context::masker;
use super::output::{Printer, Styled, style};
use super::progress::Progress;
use super::rollout::{self, Prepared};
use super::validate::count;
use super::{Result, asking};
use crate::cluster::{Cluster, DENIED, JobStub};
use crate::compile::Compiled;
use crate::deploy::submit::{Change, KeepCounts};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff::group::{self, Grouped, Member};
use crate::diff::style::{Style, clean};
use crate::diff::text::{FindPlace, Show};
use crate::jobspec::syntax::Span;
use crate::merge;
use crate::project::{JobEntry, Stage};
use crate::validate::needs;

crate::codes! {
    /// The token may not list jobs.
    ORPHANS_UNKNOWN = "P0995", "jobs without a file could not be looked for", "docs/plan.md";
}

/// Requests that are under way at once.
pub const REQUESTS: usize = 16;

/// More jobs than this that change are shown by what they have in common.
const SINGLE: usize = 3;

/// Plans every job; the results are in the order of the jobs.
pub fn prepare<'c>(
    printer: &Printer,
    cluster: &dyn Cluster,
    compiled: &'c [Box<Compiled>],
    keep: KeepCounts,
) -> Vec<Result<Prepared<'c>>> {
    let progress = Progress::new(printer, "plan", compiled.len());
    asking::each(cluster, REQUESTS, compiled, |job| {
        let prepared = rollout::prepare(cluster, job, keep);
        progress.step();
        prepared
    })
}

/// Warns of jobs that need one that neither runs in the stage nor is among them.
///
/// # Errors
/// Those of a cluster that is gone; what only one answer lacks is not worth an error.
pub fn check_needs(cluster: &dyn Cluster, stage: &Stage, jobs: &mut [&mut Compiled]) -> Result<()> {
    let selected: BTreeSet<&str> = jobs.iter().map(|job| job.merged.name.as_str()).collect();
    let needed: BTreeSet<&String> = jobs
        .iter()
        .flat_map(|job| &job.merged.needs)
        .filter(|name| !selected.contains(name.as_str()))
        .collect();
    let needed: Vec<String> = needed.into_iter().cloned().collect();
    let held = asking::each(cluster, REQUESTS, &needed, |name| cluster.read_job(&merge::job_id(stage, name)));
    let mut absent = BTreeMap::new();
    for (name, held) in needed.iter().zip(held) {
        match held {
            Ok(Some(job)) if !job.stopped => {}
            Ok(Some(_)) => drop(absent.insert(name.as_str(), "is stopped in")),
            Ok(None) => drop(absent.insert(name.as_str(), "does not exist in")),
            Err(failure) if failure.kind == FailureKind::Unreachable && !is_denied(&failure) => {
                return Err(failure);
            }
            Err(_) => {}
        }
    }
    for job in jobs {
        for need in needs::of(&job.merged.file.root) {
            let Some(state) = absent.get(need.name.as_str()) else { continue };
            let (name, stage) = (&job.merged.name, &stage.name);
            let message = format!("`{name}` needs `{}`, which {state} `{stage}`", need.name);
            let hint = format!("apply both: `platy-manage apply {} {name} --stage={stage}`", need.name);
            job.warnings.push(Diagnostic::warning(&needs::NEED_NOT_THERE, message).at(need.place).hint(hint));
        }
    }
    Ok(())
}

/// The differences of many jobs by what they have in common.
pub fn grouped(prepared: &[&Prepared<'_>]) -> Grouped {
    let places: Vec<Box<FindPlace<'_>>> = prepared
        .iter()
        .map(|plan| {
            let compiled = plan.compiled;
            Box::new(move |span: Span| compiled.origin(span)) as Box<FindPlace<'_>>
        })
        .collect();
    let members = prepared.iter().zip(&places).map(|(plan, place)| Member {
        name: &plan.compiled.merged.name,
        diff: &plan.diff,
        place: Some(&**place),
    });
    group::group(members, &Show::plain(masker()))
}

/// Draws plans: a few one by one, many by what they have in common. What does not change is left to the caller.
pub fn show(printer: &Printer, prepared: &[Prepared<'_>]) {
    let changing: Vec<_> = prepared.iter().filter(|plan| plan.planned.change != Change::None).collect();
    if changing.len() <= SINGLE || printer.verbose {
        for plan in changing {
            printer.diagnostics(&plan.compiled.warnings);
            rollout::show(printer, plan);
        }
        return;
    }
    for plan in &changing {
        printer.diagnostics(&plan.compiled.warnings);
    }
    let how = Show { style: printer.diff_style(), ..Show::plain(masker()) };
    printer.result(grouped(&changing).render(&how));
    let width = changing.iter().map(|plan| plan.compiled.merged.name.len()).max().unwrap_or(0);
    for plan in changing {
        let words = words(plan);
        if !words.is_empty() {
            let name = &plan.compiled.merged.name;
            printer.line(format_args!("{}  {words}", Styled(style::BOLD, format!("{name:width$}"))));
        }
        rollout::remarks(printer, plan);
    }
}

/// What happens to the allocations of each group, in a line; empty where none moves.
pub fn words(plan: &Prepared<'_>) -> String {
    let groups = &plan.annotations.groups;
    let moving = groups.iter().filter(|(_, updates)| updates.moved() > 0);
    let one = groups.len() == 1;
    let parts = moving.map(|(group, updates)| match one {
        true => updates.words(),
        false => format!("{}: {}", clean(group), updates.words()),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// The style-free way to show differences, for JSON and Markdown.
pub fn plain() -> Show<'static> {
    Show { style: Style::plain(), ..Show::plain(masker()) }
}

/// The jobs that say they are this stage's and have no file, by ID. One request.
///
/// A job with a parent is an instance of another job, and none of its own. `names` are all jobs of the project.
///
/// # Errors
/// Those of the cluster.
pub fn orphans(cluster: &dyn Cluster, stage: &Stage, jobs: &[JobEntry]) -> Result<Vec<JobStub>> {
    let names: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let mut stubs = cluster.list("")?;
    stubs.retain(|stub| {
        let ours = stub.meta.get("platy_stage").is_some_and(|name| *name == stage.name);
        let name = stub.meta.get("platy_job").map(String::as_str).unwrap_or_default();
        stub.parent.is_empty() && ours && !name.is_empty() && !names.contains(name)
    });
    Ok(stubs)
}

/// The orphans, or why they are not known: a plan needs no right to list jobs.
///
/// # Errors
/// Those of the cluster, but for a missing permission.
pub fn orphans_if_allowed(
    cluster: &dyn Cluster,
    stage: &Stage,
    jobs: &[JobEntry],
) -> Result<std::result::Result<Vec<JobStub>, Diagnostic>> {
    match orphans(cluster, stage, jobs) {
        Ok(found) => Ok(Ok(found.into_iter().filter(|stub| !stub.stopped).collect())),
        Err(failure) if is_denied(&failure) => {
            let message = format!("jobs without a file were not looked for in `{}`", stage.name);
            let hint = "the token lacks the capability `list-jobs`";
            Ok(Err(Diagnostic::warning(&ORPHANS_UNKNOWN, message).hint(hint)))
        }
        Err(failure) => Err(failure),
    }
}

fn is_denied(failure: &Failure) -> bool {
    failure.diagnostics.iter().any(|found| found.code.id == DENIED.id)
}

/// Lists orphans under a heading.
pub fn show_orphans(printer: &Printer, stage: &Stage, orphans: &[JobStub]) {
    if orphans.is_empty() {
        return;
    }
    let noun = if orphans.len() == 1 { "runs" } else { "run" };
    printer.line(format_args!(
        "{} {} without a file; `platy-manage prune --stage={}` stops what nobody needs:",
        Styled(style::CHANGED, count(orphans.len(), "job")),
        noun,
        stage.name
    ));
    for stub in orphans {
        printer.line(format_args!("    {}  {}", clean(&stub.id), clean(&stub.status)));
    }
}
