//! `diff`: what a job's files would change in the running cluster.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::batch::worst;
use super::context::{Access, AllStagesArg, Context, SetArgs, StageArgs, job_names, masker};
use super::output::{Styled, style};
use super::planning::REQUESTS;
use super::revisions::Revisions;
use super::rollout::{self, live_job};
use super::validate::count;
use super::{Done, Result, asking};
use crate::compile::Compiled;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::diff::Spot;
use crate::diff::{self, JobDiff, style::Style, text::Show, unified};
use crate::jobspec::Job;

/// Show how jobs differ from what runs, or from a revision of git, after defaults
#[derive(Debug, Args)]
pub struct Command {
    /// The jobs
    #[arg(value_name = "NAME", add = job_names())]
    #[arg(required_unless_present_any = ["all", "base"], conflicts_with = "all")]
    names: Vec<String>,
    /// Every job of the project
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
    /// Compare with a revision of git instead of what runs, from where the two parted; no cluster is asked
    #[arg(long, value_name = "REV", conflicts_with_all = ["set", "text"])]
    base: Option<String>,
    /// The revision that is compared with the base, instead of the work tree
    #[arg(long, value_name = "REV", requires = "base")]
    head: Option<String>,
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
    /// Whether it compares revisions.
    pub(super) fn is_of_revisions(&self) -> bool {
        self.base.is_some()
    }

    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stages = context.stages(&project, &self.stage, self.all_stages.all_stages, Access::Reads)?;
        if let Some(base) = &self.base {
            let (head, names) = (self.head.as_deref(), &self.names);
            let revisions = Revisions { base, head, names, exit_code: self.exit_code };
            return revisions.run(context, &project, &stages);
        }
        let jobs = if self.all { project.jobs()? } else { project.pick(&self.names)? };
        let sets = self.set.parse()?;
        let printer = &context.printer;
        let (mut kinds, mut objects) = (Vec::<FailureKind>::new(), Vec::new());
        let (mut same, mut different) = (0, 0);
        let mut told = BTreeSet::new();
        let compiler = context.compiler(&project);
        for stage in stages {
            let cluster = rollout::open(&project, stage)?;
            let outcomes = compiler.fleet(&jobs, &[stage], &sets);
            let answers = asking::each(&*cluster, REQUESTS, &outcomes, |outcome| {
                let compiled = outcome.result.as_ref().map_err(|found| Failure::invalid(found.clone()))?;
                let running = live_job(cluster.read_job(&compiled.merged.job_id)?.as_ref())?;
                let diff = diff::diff(running.as_ref(), Some(compiled.job()));
                Ok((compiled, Pair { running, diff }))
            });
            for (outcome, answer) in outcomes.iter().zip(answers) {
                match answer {
                    Ok((compiled, pair)) => {
                        *(if pair.diff.is_none() { &mut same } else { &mut different }) += 1;
                        objects.push(self.one(context, compiled, &pair));
                    }
                    Err(failure) => {
                        kinds.push(failure.kind);
                        // One reason may hold for many jobs: once is enough.
                        let new = |problem: &&Diagnostic| told.insert(problem.to_string());
                        printer.diagnostics(
                            &failure.diagnostics.iter().filter(new).cloned().collect::<Vec<_>>(),
                        );
                        let errors = diagnostic::json::list(&failure.diagnostics);
                        objects.push(json!({"job": outcome.name, "stage": outcome.stage, "errors": errors}));
                    }
                }
            }
        }
        if !printer.is_text() {
            printer.json(&json!({ "jobs": objects }));
        } else if jobs.len() > 1 {
            let failed = if kinds.is_empty() { String::new() } else { format!(", {} failed", kinds.len()) };
            printer.line(format_args!("{} differ, {same} the same{failed}", count(different, "job")));
        }
        if let Some(kind) = worst(&kinds) {
            return Ok(Done::Shown(kind));
        }
        Ok(if self.exit_code && different > 0 { Done::Differences } else { Done::Ok })
    }

    /// Shows one job; gives its JSON.
    fn one(&self, context: &Context, compiled: &Compiled, pair: &Pair) -> serde_json::Value {
        let printer = &context.printer;
        let find = |spot: Spot<'_>| compiled.cause(spot);
        let colour = printer.diff_style();
        let show = Show { style: colour, masker: masker(), place: Some(&find), annotations: None };
        let merged = &compiled.merged;
        if printer.is_text() {
            if pair.diff.is_none() {
                printer.detail(format_args!("{}: the same", merged.job_key));
                if !self.all && self.names.len() == 1 {
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
