//! One job in one stage: what the commands on running jobs work on.

use clap::Args;

use super::Result;
use super::context::{Access, Context, StageArgs, job_names};
use super::rollout::{self, NOT_THERE};
use crate::cluster::{Cluster, RunningJob};
use crate::deploy::hold;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::load::units;
use crate::merge;
use crate::project::{Project, Stage};

crate::codes! {
    /// The command is for another kind of job.
    WRONG_KIND = "P0956", "the command is for another kind of job", "docs/operate.md";
}

/// Which job, and where.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    pub name: String,
    #[command(flatten)]
    pub stage: StageArgs,
}

/// A job in the cluster of a stage. Nothing was asked of that cluster yet.
pub struct Target<'p> {
    /// The project.
    pub project: &'p Project,
    /// The name of the job; its file may be gone or broken, for the name alone decides the ID.
    pub name: String,
    /// The stage.
    pub stage: &'p Stage,
    /// The ID in the cluster.
    pub id: String,
    /// Where it runs.
    pub cluster: Box<dyn Cluster>,
}

impl TargetArgs {
    /// Finds the stage and opens its cluster.
    ///
    /// # Errors
    /// A name that can be no job's, a stage that must be named, settings of the cluster that cannot work.
    pub fn open<'p>(&self, context: &Context, project: &'p Project, access: Access) -> Result<Target<'p>> {
        let stage = context.stage(project, &self.stage, access)?;
        if !units::is_name(&self.name) {
            project.job(&self.name)?;
        }
        let id = merge::job_id(stage, &self.name);
        let cluster = rollout::open(project, stage)?;
        Ok(Target { project, name: self.name.clone(), stage, id, cluster })
    }
}

impl Target<'_> {
    /// The job as the cluster holds it, also where it is stopped.
    ///
    /// # Errors
    /// `NOT_THERE` with the nearest name; those of the cluster.
    pub fn held(&self) -> Result<RunningJob> {
        self.cluster.read_job(&self.id)?.ok_or_else(|| self.not_there())
    }

    /// The job, which must not be stopped.
    ///
    /// # Errors
    /// As [`Target::held`], and where it is stopped.
    pub fn running(&self) -> Result<RunningJob> {
        let held = self.held()?;
        hold::check(&held)?;
        if !held.stopped {
            return Ok(held);
        }
        let message = format!("`{}` is stopped in `{}`", self.name, self.stage.name);
        let start = self.command("start");
        let diagnostic = Diagnostic::error(&NOT_THERE, message).hint(format!("to start it again: `{start}`"));
        Err(Failure::new(FailureKind::Other, diagnostic))
    }

    /// Why there is nothing to work on.
    pub fn not_there(&self) -> Failure {
        let message = format!("`{}` does not run in `{}`", self.name, self.stage.name);
        let diagnostic = Diagnostic::error(&NOT_THERE, message);
        let diagnostic = match self.project.job(&self.name) {
            Ok(_) => diagnostic
                .hint(format!("to see what runs: `platy-manage status --all --stage={}`", self.stage.name)),
            Err(unknown) => unknown.diagnostics.iter().fold(diagnostic, |diagnostic, unknown| Diagnostic {
                hints: unknown.hints.clone(),
                ..diagnostic
            }),
        };
        Failure::new(FailureKind::Other, diagnostic)
    }

    /// Refuses a job of the wrong kind: why, and the command that is meant.
    pub fn wrong_kind(&self, why: &str, instead: &str) -> Failure {
        let diagnostic = Diagnostic::error(&WRONG_KIND, format!("`{}` {why}", self.name));
        Failure::new(FailureKind::Other, diagnostic.hint(instead))
    }

    /// A command line on this job, for hints: `platy-manage VERB NAME --stage=STAGE`.
    pub fn command(&self, verb: &str) -> String {
        format!("platy-manage {verb} {} --stage={}", self.name, self.stage.name)
    }
}
