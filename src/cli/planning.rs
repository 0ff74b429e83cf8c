//! The plans of many jobs, as `plan` and `apply` show them.

use std::collections::{BTreeMap, BTreeSet};

use super::context::masker;
use super::orphans::is_denied;
use super::output::{Printer, Styled, style};
use super::progress::Progress;
use super::rollout::{self, Prepared};
use super::{Result, asking};
use crate::cluster::Cluster;
use crate::compile::Compiled;
use crate::deploy::submit::{Change, KeepCounts};
use crate::diagnostic::{Diagnostic, FailureKind};
use crate::diff::Spot;
use crate::diff::group::{self, Grouped, Member};
use crate::diff::style::{Style, clean};
use crate::diff::text::{FindPlace, Show};
use crate::merge;
use crate::project::Stage;
use crate::validate::needs;

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
            Box::new(move |spot: Spot<'_>| compiled.cause(spot)) as Box<FindPlace<'_>>
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
