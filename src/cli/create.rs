//! `create`: a job that does not run in the stage yet.

use std::sync::atomic::AtomicBool;

use clap::Args;

use super::context::{Access, Context, StageArgs, job_names};
use super::rollout::{self, EXISTS, Finished, NOT_THERE, Prepared};
use super::submit_args::SubmitArgs;
use super::watching::{self, Followed};
use super::{Done, Result, guarded, planning};
use crate::cluster::Cluster;
use crate::deploy::submit::Change;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::merge;
use crate::project::{Project, Stage};

/// Register a job that does not exist in the stage, and wait until it runs
#[derive(Debug, Args)]
pub struct Command {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    name: String,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    submit: SubmitArgs,
}

/// What a command wants to do with one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The job must not run yet.
    Create,
    /// The job must run.
    Update,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        run(context, Verb::Create, &self.name, &self.stage, &self.submit)
    }
}

/// `create` and `update`.
pub fn run(context: &Context, verb: Verb, name: &str, stage: &StageArgs, args: &SubmitArgs) -> Result<Done> {
    args.check()?;
    let project = context.project()?;
    let stage = context.stage(&project, stage, Access::Writes)?;
    let mut compiled = context.compiler(&project).job(name, stage, &args.set.parse()?)?;
    rollout::check_id(&merge::shared_ids(&project, &project.jobs()?), name, stage)?;
    let printer = &context.printer;
    let cluster = guarded::open(&project, stage, [&compiled], args)?;
    printer.detail(format_args!("{} in {}", compiled.merged.job_id, cluster.describe()));
    planning::check_needs(&*cluster, stage, &mut [&mut compiled])?;
    let prepared = rollout::prepare(&*cluster, &compiled, args.counts.keep())?;
    if printer.is_text() {
        printer.diagnostics(&compiled.warnings);
    }
    let refusal = refusal(verb, &prepared, stage, args);
    // What `update` refuses is not about to be created: there is nothing to show.
    let shown = refusal.as_ref().is_none_or(Result::is_ok) || prepared.planned.change == Change::Update;
    if printer.is_text() && shown {
        rollout::show(printer, &prepared);
    }
    let finished = match refusal {
        Some(Ok(())) => None,
        Some(Err(failure)) => {
            if !printer.is_text() {
                let mut json = rollout::as_json(&prepared, None);
                json["exit_code"] = failure.kind.exit_code().into();
                json["errors"] = diagnostic::json::list(&failure.diagnostics);
                printer.json(&json);
                return Ok(Done::Shown(failure.kind));
            }
            return Err(failure);
        }
        None if args.dry_run => {
            printer.status("dry run: nothing was submitted");
            None
        }
        None => Some(submit(context, &project, stage, &*cluster, &prepared, args)?),
    };
    if !printer.is_text() {
        printer.json(&rollout::as_json(&prepared, finished.as_ref()));
    }
    Ok(finished.and_then(|finished| finished.failure_kind()).map_or(Done::Ok, Done::Shown))
}

/// Why nothing is submitted: `Ok` where there is nothing to do.
fn refusal(verb: Verb, prepared: &Prepared<'_>, stage: &Stage, args: &SubmitArgs) -> Option<Result<()>> {
    // The values themselves may be secret.
    let same = if args.set.set.is_empty() { "" } else { ", with the same `--set`" };
    let name = &prepared.compiled.merged.name;
    let refuse = |diagnostic| Some(Err(Failure::new(FailureKind::Other, diagnostic)));
    match (verb, prepared.planned.change) {
        (_, Change::None) => Some(Ok(())),
        (Verb::Create, Change::Update) => refuse(
            Diagnostic::error(
                &EXISTS,
                format!("`{name}` runs in `{}` already, and differs as shown", stage.name),
            )
            .hint(format!(
                "to submit the difference: `platy-manage update {name} --stage={}`{same}",
                stage.name
            )),
        ),
        (Verb::Update, Change::Create) => refuse(
            Diagnostic::error(&NOT_THERE, format!("`{name}` does not exist in `{}`", stage.name))
                .hint(format!("to create it: `platy-manage create {name} --stage={}`{same}", stage.name)),
        ),
        (Verb::Update, Change::Start) => refuse(
            Diagnostic::error(&NOT_THERE, format!("`{name}` is stopped in `{}`", stage.name))
                .hint(format!(
                    "to start it with its file: `platy-manage create {name} --stage={}`{same}",
                    stage.name
                ))
                .hint(format!("to start it as it was: `platy-manage start {name} --stage={}`", stage.name)),
        ),
        _ => None,
    }
}

fn submit(
    context: &Context,
    project: &Project,
    stage: &Stage,
    cluster: &dyn Cluster,
    prepared: &Prepared<'_>,
    args: &SubmitArgs,
) -> Result<Finished> {
    let printer = &context.printer;
    let merged = &prepared.compiled.merged;
    let ready = prepared.ready(project, &args.set);
    let provenance = rollout::guard(project, stage, [ready.claimed()], args, None)?;
    let origin = rollout::signed(&ready.origin, &provenance);
    let interrupted: &AtomicBool = context.interrupted();
    let finished = rollout::submit(printer, cluster, &ready, &origin, args, interrupted, true)?;
    if !printer.is_text() {
        return Ok(finished);
    }
    match &finished.outcome {
        Some(outcome) => {
            let job = Followed { name: &merged.name, stage: &stage.name, back: finished.back };
            watching::outcome(printer, job, outcome);
        }
        None => printer.line(format_args!("{}: submitted", merged.name)),
    }
    if finished.failure_kind().is_none() {
        printer.status("");
        printer
            .status(format_args!("look at it:  platy-manage status {} --stage={}", merged.name, stage.name));
        printer
            .status(format_args!("its values:  platy-manage explain {} --stage={}", merged.name, stage.name));
    }
    Ok(finished)
}
