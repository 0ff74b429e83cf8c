//! `rollback`: an older version of a job runs again.

use clap::Args;
use serde_json::Value as Json;

use super::again::Again;
use super::context::{Access, Context};
use super::follow::{self, FollowArgs, Under};
use super::output::{Styled, style};
use super::rollout::running_job;
use super::target::{Target, TargetArgs};
use super::{Done, Result, versions};
use crate::cluster::RunningJob;
use crate::deploy::submit::Change;
use crate::diff;

/// Go back to an older version of a job, and follow the deployment
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// The version, or the beginning of its tag or of the commit that it was made from; without it, the newest stable
    /// version before the running one
    #[arg(long, value_name = "VERSION|COMMIT")]
    to: Option<String>,
    #[command(flatten)]
    follow: FollowArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        target.held()?;
        let again = self.find(&target)?;
        let printer = &context.printer;
        let version = again.version.version;
        if printer.is_text() {
            again.show(printer, &format!("{} back to", Styled(style::BOLD, &target.name)));
        }
        if self.dry_run {
            if printer.is_text() {
                printer.status("dry run: nothing was submitted");
            } else {
                printer.json(&follow::as_json(&target, "rollback", again.to_json(false), Json::Null));
            }
            return Ok(Done::Ok);
        }
        let question = format!("go back to version {version} of `{}`?", target.id);
        context.confirm(self.yes, &question)?;
        let Some(registered) = again.submit(printer, &target, Some(version))? else { return Ok(Done::Ok) };
        let job = target.held()?;
        let (done, outcome) =
            follow::follow(context, &target, &job, Under::Registration(&registered), &self.follow)?;
        let differs = differs(context, &target, &job);
        if printer.is_text() {
            match differs {
                Some(true) => printer.status(format_args!(
                    "its file is as it was; the next `update` or `apply` submits that again: {}",
                    target.command("diff")
                )),
                Some(false) => printer.status("its file says the same: the next `update` changes nothing"),
                None => {}
            }
        } else {
            let mut json = again.to_json(true);
            json["differs"] = differs.into();
            printer.json(&follow::as_json(&target, "rollback", json, outcome));
        }
        Ok(done)
    }

    /// Finds the version, and asks the cluster what going back to it would do.
    fn find(&self, target: &Target<'_>) -> Result<Again> {
        let held = versions::read(&*target.cluster, &target.id)?;
        let back = match &self.to {
            Some(to) => versions::named(target, held, to)?,
            None => versions::way_back(held).ok_or_else(|| versions::none_was_stable(target))?,
        };
        let again = Again::plan(target, back)?;
        if again.planned.change == Change::None {
            let message = format!("version {} is what runs of `{}`", again.version.version, target.name);
            return Err(versions::refuse(message, "there is nothing to go back to: it is the same job"));
        }
        Ok(again)
    }
}

/// Whether the file says something else than what runs; `None` where there is no file that can be compiled.
fn differs(context: &Context, target: &Target<'_>, job: &RunningJob) -> Option<bool> {
    let compiled = context.compiler(target.project).job(&target.name, target.stage, &[]).ok()?;
    let running = running_job(&job.job).ok()?;
    Some(!diff::diff(Some(&running), Some(compiled.job())).is_none())
}
