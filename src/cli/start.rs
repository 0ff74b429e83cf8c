//! `start`: a stopped job runs again, as it was.

use clap::Args;
use serde_json::Value as Json;

use super::again::Again;
use super::context::{Access, Context};
use super::follow::{self, FollowArgs, Under};
use super::output::{Styled, style};
use super::rollout::EXISTS;
use super::target::{Target, TargetArgs};
use super::versions::Version;
use super::{Done, Result};
use crate::cluster::RunningJob;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

/// Start a stopped job again, exactly as it was when it was stopped
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    follow: FollowArgs,
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let held = target.held()?;
        if !held.stopped {
            let message = format!("`{}` runs in `{}` already", target.name, target.stage.name);
            let hint = format!("to restart its tasks: `{}`", target.command("restart"));
            return Err(Failure::new(FailureKind::Other, Diagnostic::error(&EXISTS, message).hint(hint)));
        }
        start(context, &target, held, &self.follow, self.dry_run, "start")
    }
}

/// Starts a stopped job; `action` is the command that does it.
pub(super) fn start(
    context: &Context,
    target: &Target<'_>,
    held: RunningJob,
    args: &FollowArgs,
    dry_run: bool,
    action: &str,
) -> Result<Done> {
    let again = Again::plan(target, Version::read(held)?)?;
    let printer = &context.printer;
    if printer.is_text() {
        again.show(printer, &format!("{} starts as", Styled(style::BOLD, &target.name)));
    }
    let registered = if dry_run { None } else { again.submit(printer, target, None)? };
    let (done, outcome) = match &registered {
        Some(registered) => {
            let job = target.held()?;
            follow::follow(context, target, &job, Under::Registration(registered), args)?
        }
        None => (Done::Ok, Json::Null),
    };
    if !printer.is_text() {
        printer.json(&follow::as_json(target, action, again.to_json(registered.is_some()), outcome));
    } else if dry_run {
        printer.status("dry run: nothing was submitted");
    } else {
        printer.status(format_args!("how its file differs by now: {}", target.command("diff")));
    }
    Ok(done)
}
