//! `stop`: a job that shall not run any more.

use clap::Args;
use serde_json::json;

use super::context::{Access, Context, StageArgs, job_names};
use super::rollout::{self, NOT_THERE};
use super::{Done, Result};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::merge;

/// Stop a job in a stage; its file stays, and `create` starts it again
#[derive(Debug, Args)]
pub struct Command {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    name: String,
    #[command(flatten)]
    stage: StageArgs,
    /// Let the cluster forget the job and its versions
    #[arg(long)]
    purge: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Writes)?;
        // A job may be stopped though its file is gone or broken: its name decides its ID.
        if !crate::load::units::is_name(&self.name) {
            project.job(&self.name)?;
        }
        let id = merge::job_id(stage, &self.name);
        let cluster = rollout::open(&project, stage)?;
        let running = cluster.read_job(&id)?;
        let printer = &context.printer;
        let Some(running) = running.filter(|running| self.purge || !running.stopped) else {
            let diagnostic =
                Diagnostic::error(&NOT_THERE, format!("`{}` does not run in `{}`", self.name, stage.name));
            let diagnostic = match project.job(&self.name) {
                Ok(_) => diagnostic
                    .hint(format!("to see what runs: `platy-manage status --all --stage={}`", stage.name)),
                Err(unknown) => unknown.diagnostics.iter().fold(diagnostic, |diagnostic, unknown| {
                    Diagnostic { hints: unknown.hints.clone(), ..diagnostic }
                }),
            };
            return Err(Failure::new(FailureKind::Other, diagnostic));
        };
        let what = if self.purge { "stopped and forgotten" } else { "stopped" };
        if self.dry_run {
            printer.status(format_args!("dry run: `{id}` (version {}) would be {what}", running.version));
        } else {
            let question = format!("stop `{id}` (version {}) in {}?", running.version, cluster.describe());
            context.confirm(self.yes, &question)?;
            cluster.deregister(&id, self.purge)?;
        }
        if printer.is_text() {
            if !self.dry_run {
                printer.line(format_args!("{}: {what} in {}", self.name, stage.name));
            }
        } else {
            printer.json(&json!({
                "job": self.name, "stage": stage.name, "job_id": id, "version": running.version,
                "stopped": !self.dry_run, "purged": self.purge && !self.dry_run,
            }));
        }
        Ok(Done::Ok)
    }
}
