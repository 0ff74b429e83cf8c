//! `run`: an instance of a periodic job, now.

use clap::Args;

use super::context::{Access, Context};
use super::dispatch::follow_instance;
use super::follow::FollowArgs;
use super::target::TargetArgs;
use super::{Done, Result};

/// Start an instance of a periodic job now, and follow it to its end
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
        if !job.periodic {
            let (why, verb) = match job.kind.as_str() {
                _ if job.parameterized => ("has no schedule, it is dispatched", "dispatch"),
                "batch" | "sysbatch" => ("has no schedule", "restart"),
                _ => ("runs all the time", "restart"),
            };
            return Err(target.wrong_kind(why, &format!("what is meant may be `{}`", target.command(verb))));
        }
        let started = target.cluster.force_periodic(&target.id)?;
        follow_instance(context, &target, started, &self.follow, "run")
    }
}
