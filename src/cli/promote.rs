//! `promote`: canaries that shall become the job.

use clap::Args;
use serde_json::json;

use super::context::{Access, Context};
use super::follow::{self, FollowArgs, NO_CANARIES, Under};
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{Deployment, Wait};
use crate::deploy::canaries;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff::style::clean;

/// Promote the canaries of a job's deployment, and follow it to its end
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        let deployment = follow::current(&target, &job)?;
        check(&target, &deployment)?;
        target.cluster.promote(&deployment.id)?;
        let printer = &context.printer;
        if printer.is_text() {
            printer.line(format_args!(
                "{}: the canaries of version {} are promoted in {}",
                target.name, deployment.job_version, target.stage.name
            ));
        }
        let (done, outcome) =
            follow::follow(context, &target, &job, Under::Deployment(&deployment), &self.follow)?;
        if !printer.is_text() {
            let more = json!({"deployment": deployment.id, "version": deployment.job_version});
            printer.json(&follow::as_json(&target, "promote", more, outcome));
        }
        Ok(done)
    }
}

/// Refuses what Nomad would refuse too, in words that say what is missing: every group's canaries must be healthy.
/// They must still be so: a server counts those that failed later, too.
fn check(target: &Target<'_>, deployment: &Deployment) -> Result<()> {
    let refuse = |message: String, hint: String| {
        Err(Failure::new(FailureKind::Other, Diagnostic::error(&NO_CANARIES, message).hint(hint)))
    };
    if deployment.waiting_for_promotion().next().is_none() {
        let promoted = deployment.task_groups.values().any(|group| group.promoted);
        let why = if promoted { "are promoted already" } else { "do not exist" };
        return refuse(
            format!("the canaries of `{}` {why}", target.name),
            format!("to follow its deployment: `{}`", target.command("watch")),
        );
    }
    let allocations = target.cluster.allocations(&target.id, Wait::NOW)?.value;
    let missing = canaries::look(deployment, &allocations).missing;
    if missing.is_empty() {
        return Ok(());
    }
    refuse(
        format!("the canaries of `{}` are not healthy: {}", target.name, clean(&missing.join(", "))),
        format!("to follow them: `{}`; to give up: `{}`", target.command("watch"), target.command("fail")),
    )
}
