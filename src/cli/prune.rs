//! `prune`: the jobs of a stage that have no file any more.

use clap::Args;
use serde_json::{Value as Json, json};

use super::batch;
use super::context::{Access, Context, StageArgs};
use super::output::{Styled, style};
use super::validate::count;
use super::{Done, Result, asking, orphans, planning, rollout};
use crate::cluster::{Cluster, Origin, RunningJob};
use crate::deploy::credit;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::diff::style::clean;
use crate::project::{Project, Stage};

crate::codes! {
    /// Files that cannot be read may be those of jobs.
    BROKEN_FILES = "P0996", "job files are broken, so that orphans cannot be told", "docs/plan.md";
    /// What is named is no orphan.
    NO_ORPHAN = "P0998", "what is to be pruned is no job without a file", "docs/plan.md";
    /// An orphan moved while it was looked at.
    ORPHAN_MOVED = "P0997", "a job without a file is not what was shown any more", "docs/plan.md";
}

/// Stop the jobs of a stage that have no file any more
#[derive(Debug, Args)]
pub struct Command {
    /// Only these jobs, by ID or by the name that their file had; jobs of other projects must be named
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    #[command(flatten)]
    stage: StageArgs,
    /// Let the cluster forget the jobs and their versions, those that are stopped already too
    #[arg(long)]
    purge: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// A job without a file, looked at closely.
struct Orphan {
    running: RunningJob,
    allocations: u64,
    origin: Option<Origin>,
    /// The other project that it is of.
    of: Option<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Writes)?;
        let jobs = project.jobs()?;
        check_files(&project, &jobs)?;
        let cluster = rollout::open(&project, stage)?;
        let found = orphans::find(&*cluster, &project, stage)?;
        let found = found.into_iter().filter(|orphan| self.purge || !orphan.stub.stopped).collect();
        let (chosen, foreign) = self.choose(found, stage)?;
        let looked =
            asking::each(&*cluster, planning::REQUESTS, &chosen, |orphan| look(&*cluster, stage, orphan));
        let orphans: Vec<Orphan> =
            looked.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let printer = &context.printer;
        if printer.is_text() {
            show(context, &orphans);
            orphans::show(printer, stage, &foreign);
            if let Some(first) = foreign.first() {
                printer.status(format_args!(
                    "they are left alone; if one is yours, name it: platy-manage prune {} --stage={}",
                    clean(&first.stub.id),
                    stage.name
                ));
            }
        }
        let verb = if self.purge { "purge" } else { "stop" };
        let question = format!("{verb} {} in {}?", count(orphans.len(), "job"), cluster.describe());
        if self.dry_run {
            printer.status("dry run: nothing was stopped");
        } else if !orphans.is_empty() {
            context.confirm(self.yes, &question)?;
        }
        let (mut kinds, mut objects) = (Vec::new(), Vec::new());
        for orphan in &orphans {
            let mut object = as_json(orphan, stage);
            let done = if self.dry_run { Ok(()) } else { self.stop(&*cluster, orphan) };
            object["stopped"] = (!self.dry_run && done.is_ok()).into();
            object["purged"] = (!self.dry_run && self.purge && done.is_ok()).into();
            if let Err(failure) = done {
                kinds.push(failure.kind);
                object["errors"] = diagnostic::json::list(&failure.diagnostics);
                printer.diagnostics(&failure.diagnostics);
            }
            objects.push(object);
        }
        if !printer.is_text() {
            let foreign = foreign.iter().map(|orphan| {
                json!({"job_id": orphan.stub.id, "job": orphan.name(), "stage": stage.name,
                       "status": orphan.stub.status, "project": orphan.of})
            });
            printer.json(&json!({ "orphans": objects, "foreign": foreign.collect::<Vec<_>>() }));
        } else if !self.dry_run && !orphans.is_empty() {
            let done = if self.purge { "purged" } else { "stopped" };
            printer.line(format_args!("{} {done}", count(orphans.len() - kinds.len(), "job")));
        }
        Ok(batch::worst(&kinds).map_or(Done::Ok, Done::Shown))
    }

    /// The orphans to stop, and those of other projects that are left alone.
    fn choose(
        &self,
        found: Vec<orphans::Orphan>,
        stage: &Stage,
    ) -> Result<(Vec<orphans::Orphan>, Vec<orphans::Orphan>)> {
        if self.jobs.is_empty() {
            return Ok(found.into_iter().partition(|orphan| orphan.of.is_none()));
        }
        let is = |orphan: &orphans::Orphan, name: &str| orphan.stub.id == name || orphan.name() == name;
        let unknown = self.jobs.iter().filter(|name| !found.iter().any(|orphan| is(orphan, name)));
        let problem = |name: &String| {
            let message = format!("`{name}` is no job without a file in `{}`", stage.name);
            let known = found.iter().flat_map(|orphan| [orphan.stub.id.as_str(), orphan.name()]);
            let hint = format!("`platy-manage prune --stage={} --dry-run` shows those that are", stage.name);
            Diagnostic::error(&NO_ORPHAN, message).did_you_mean(name, known).hint(hint)
        };
        let problems: Vec<_> = unknown.map(problem).collect();
        if !problems.is_empty() {
            return Err(Failure { kind: FailureKind::Other, diagnostics: problems });
        }
        let named = |orphan: &orphans::Orphan| self.jobs.iter().any(|name| is(orphan, name));
        Ok((found.into_iter().filter(named).collect(), Vec::new()))
    }

    /// Stops one, if it still is what was shown.
    fn stop(&self, cluster: &dyn Cluster, orphan: &Orphan) -> Result<()> {
        let id = &orphan.running.id;
        let now = cluster.read_job(id)?.map_or(0, |job| job.job_modify_index);
        if now != orphan.running.job_modify_index {
            let message = format!("`{id}` was changed while it was looked at, and was left alone");
            let diagnostic = Diagnostic::error(&ORPHAN_MOVED, message);
            return Err(Failure::new(
                FailureKind::Stale,
                diagnostic.hint("look again: `platy-manage prune`"),
            ));
        }
        cluster.deregister(id, self.purge).map(|_| ())
    }
}

/// A broken file is not an orphan, but it says that somebody is at work here: nothing is stopped meanwhile.
fn check_files(project: &Project, jobs: &[crate::project::JobEntry]) -> Result<()> {
    let problems: Vec<_> =
        jobs.iter().filter_map(|job| crate::load::load_entry(project, job).err()).flatten().collect();
    if problems.is_empty() {
        return Ok(());
    }
    let message = "nothing is stopped while job files are broken";
    let mut diagnostics = vec![
        Diagnostic::error(&BROKEN_FILES, message).hint("mend them first: `platy-manage validate --all`"),
    ];
    diagnostics.extend(problems);
    Err(Failure::invalid(diagnostics))
}

/// Reads what a stub does not say; `None` where it is gone, or not ours after all.
fn look(cluster: &dyn Cluster, stage: &Stage, found: &orphans::Orphan) -> Result<Option<Orphan>> {
    let stub = &found.stub;
    let Some(running) = cluster.read_job(&stub.id)? else { return Ok(None) };
    let is = |key: &str| running.meta.get(key) == stub.meta.get(key);
    let ours = running.meta.get("platy_stage").is_some_and(|name| *name == stage.name);
    if !ours || !is("platy_job") {
        return Ok(None);
    }
    let allocations = stub.summary.values().map(|group| group.running + group.starting + group.queued).sum();
    let origin = credit::of(cluster, &running, &rollout::running_job(&running.job)?).origin();
    Ok(Some(Orphan { running, allocations, origin, of: found.of.clone() }))
}

fn show(context: &Context, orphans: &[Orphan]) {
    let printer = &context.printer;
    if orphans.is_empty() {
        return printer.line("every job of the stage has a file");
    }
    let width = orphans.iter().map(|orphan| clean(&orphan.running.id).chars().count()).max().unwrap_or(0);
    for Orphan { running, allocations, origin, of } in orphans {
        let of = of.as_ref().map_or_else(String::new, |of| format!("of {}, ", clean(of)));
        let from = match origin {
            Some(origin) => format!("{}, {}", clean(&origin.config), rollout::signature(origin)),
            None => "not known who submitted it".to_owned(),
        };
        let allocations = count(usize::try_from(*allocations).unwrap_or(usize::MAX), "allocation");
        printer.line(format_args!(
            "{} {}  version {}, {}, {allocations}  {of}{}",
            Styled(style::BAD, "-"),
            Styled(style::BOLD, format!("{:width$}", clean(&running.id))),
            running.version,
            if running.stopped { "stopped".into() } else { clean(&running.status) },
            Styled(style::DIM, from),
        ));
    }
}

fn as_json(orphan: &Orphan, stage: &Stage) -> Json {
    let running = &orphan.running;
    json!({
        "job_id": running.id,
        "job": running.meta.get("platy_job"),
        "stage": stage.name,
        "version": running.version,
        "status": running.status,
        "allocations": orphan.allocations,
        "origin": orphan.origin,
        "project": orphan.of,
    })
}
