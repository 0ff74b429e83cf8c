//! `diff`: what a job's files would change in the running cluster.

use clap::Args;
use serde_json::json;

use super::apply::worst;
use super::context::{Access, Context, JobsArgs, SetArgs, StageArgs, masker};
use super::output::{Styled, style};
use super::rollout::{self, live_job};
use super::validate::count;
use super::{Done, Result};
use crate::compile::Compiled;
use crate::diagnostic::{self, FailureKind};
use crate::diff::{self, JobDiff, style::Style, text::Show, unified};
use crate::jobspec::Job;
use crate::jobspec::syntax::Span;

/// Show how jobs differ from what runs, after defaults
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    set: SetArgs,
    /// A unified diff of the jobs' HCL
    #[arg(long)]
    text: bool,
    /// Exit with 2 if there are differences
    #[arg(long)]
    exit_code: bool,
}

/// A job beside what runs.
struct Pair {
    running: Option<Job>,
    diff: JobDiff,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stages = context.stages(&project, &self.stage, false, Access::Reads)?;
        let jobs = self.jobs.select(&project)?;
        let sets = self.set.parse()?;
        let printer = &context.printer;
        let (mut kinds, mut objects) = (Vec::<FailureKind>::new(), Vec::new());
        let (mut same, mut different) = (0, 0);
        let compiler = context.compiler(&project);
        for stage in stages {
            let cluster = rollout::open(&project, stage)?;
            for outcome in compiler.fleet(&jobs, &[stage], &sets) {
                let found = outcome.result.map_err(diagnostic::Failure::invalid).and_then(|compiled| {
                    let running = live_job(cluster.read_job(&compiled.merged.job_id)?.as_ref())?;
                    let diff = diff::diff(running.as_ref(), Some(compiled.job()));
                    Ok((compiled, Pair { running, diff }))
                });
                match found {
                    Ok((compiled, pair)) => {
                        *(if pair.diff.is_none() { &mut same } else { &mut different }) += 1;
                        objects.push(self.one(context, &compiled, &pair));
                    }
                    Err(failure) => {
                        kinds.push(failure.kind);
                        printer.diagnostics(&failure.diagnostics);
                        let errors = diagnostic::json::list(&failure.diagnostics);
                        objects.push(json!({"job": outcome.name, "stage": outcome.stage, "errors": errors}));
                    }
                }
            }
        }
        if !printer.is_text() {
            printer.json(&json!({ "jobs": objects }));
        } else if jobs.len() > 1 {
            printer.line(format_args!("{} differ, {same} the same", count(different, "job")));
        }
        if let Some(kind) = worst(&kinds) {
            return Ok(Done::Shown(kind));
        }
        Ok(if self.exit_code && different > 0 { Done::Differences } else { Done::Ok })
    }

    /// Shows one job; gives its JSON.
    fn one(&self, context: &Context, compiled: &Compiled, pair: &Pair) -> serde_json::Value {
        let printer = &context.printer;
        let find = |span: Span| compiled.origin(span);
        let colour = printer.diff_style();
        let show = Show { style: colour, masker: masker(), place: Some(&find), annotations: None };
        let merged = &compiled.merged;
        if printer.is_text() {
            if pair.diff.is_none() {
                printer.detail(format_args!("{}: the same", merged.job_key));
                if !self.jobs.all && self.jobs.names.len() == 1 {
                    printer.status(format_args!("{}: the same as what runs", merged.job_key));
                }
            } else if self.text {
                // What the server fills in stands on both sides, and so in neither's difference.
                let whole = |job: &Job| job.with_defaults().to_hcl();
                let old = pair.running.as_ref().map(whole).unwrap_or_default();
                let new = whole(compiled.job());
                printer.result(unified::unified(
                    ("running", &old),
                    (&merged.job_key, &new),
                    masker(),
                    colour,
                ));
            } else {
                if pair.running.is_none() {
                    printer.line(format_args!("{} does not run", Styled(style::BOLD, &merged.job_key)));
                }
                printer.result(diff::text::render(&pair.diff, &show));
            }
        }
        json!({
            "job": merged.name,
            "stage": merged.stage.name,
            "job_key": merged.job_key,
            "changed": !pair.diff.is_none(),
            "diff": diff::json::to_json(&pair.diff, &Show { style: Style::plain(), ..show }),
        })
    }
}
