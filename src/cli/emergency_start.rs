//! `emergency-start`: the emergency is over, and the job runs again.

use clap::Args;

use super::context::{Access, Context};
use super::follow::FollowArgs;
use super::start::start;
use super::target::TargetArgs;
use super::{Done, Result};
use crate::deploy::hold;
use crate::diagnostic::Diagnostic;

/// End an emergency stop: the job runs again as it was
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    follow: FollowArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.held()?;
        let Some(words) = hold::of(&job) else {
            let why = "was not stopped in an emergency";
            let hint = if job.stopped { target.command("start") } else { target.command("status") };
            return Err(target.wrong_kind(why, &format!("what is meant may be `{hint}`")));
        };
        context.confirm(self.yes, &format!("start `{}` again, which was stopped: {words}?", target.id))?;
        hold::end(&*target.cluster, &job)?;
        let started = target
            .held()
            .and_then(|held| start(context, &target, held, &self.follow, false, "emergency-start"));
        started.map_err(|mut failure| {
            // What could not be started is held as before.
            if let Err(lost) = hold::again(&*target.cluster, &job, words) {
                let message = format!(
                    "`{}` is stopped, but nothing keeps it so: it could not be held again",
                    target.id
                );
                let hint =
                    format!("to hold it again: `{} --reason REASON`", target.command("emergency-stop"));
                failure.diagnostics.push(Diagnostic::error(&hold::HELD, message).hint(hint));
                failure.diagnostics.extend(lost.diagnostics);
            }
            failure
        })
    }
}
