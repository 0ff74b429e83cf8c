//! `fail`: a deployment that shall not go on.

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context};
use super::follow::{self, FollowArgs, Under};
use super::target::TargetArgs;
use super::{Done, Result, versions};
use crate::cluster::Registered;

/// Fail the deployment of a job that is under way; groups with `auto_revert` go back to the last stable version
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
        let job = target.running()?;
        let deployment = follow::current(&target, &job)?;
        let version = deployment.job_version;
        let printer = &context.printer;
        let reverts = deployment.task_groups.values().any(|group| group.auto_revert);
        let back = versions::way_back(versions::read(&*target.cluster, &target.id)?);
        let back = back.map(|back| back.version.version);
        if printer.is_text() {
            printer.line(format_args!("{}: {}", target.name, what_follows(version, reverts, back)));
        }
        let question = format!("fail the deployment of version {version} of `{}`?", target.id);
        context.confirm(self.yes, &question)?;
        let failed = target.cluster.fail(&deployment.id)?;
        if printer.is_text() {
            printer.line(format_args!("{}: the deployment of version {version} is failed", target.name));
            match failed.reverted_to {
                Some(to) => printer.line(format_args!("  version {to} runs again")),
                None => {
                    printer.line(format_args!("  its allocations stay; no group goes back by itself"));
                    if let Some(back) = back {
                        printer.line(format_args!("  go back: {} --to={back}", target.command("rollback")));
                    }
                }
            }
        }
        let (done, outcome) = match (failed.reverted_to, failed.eval_id) {
            (Some(_), Some(eval)) => {
                let job = target.held()?;
                let registered = Registered {
                    eval_id: Some(eval),
                    job_modify_index: job.job_modify_index,
                    ..Registered::default()
                };
                follow::follow(context, &target, &job, Under::Registration(&registered), &self.follow)?
            }
            _ => (Done::Ok, Json::Null),
        };
        if !printer.is_text() {
            let more = json!({
                "deployment": deployment.id, "version": version, "reverted_to": failed.reverted_to,
            });
            printer.json(&follow::as_json(&target, "fail", more, outcome));
        }
        Ok(done)
    }
}

/// What failing a deployment leads to, said before somebody decides. The server goes back to the newest stable version
/// if a group has `auto_revert`, and only where that differs.
fn what_follows(version: u64, reverts: bool, back: Option<u64>) -> String {
    match (reverts, back) {
        (true, Some(back)) => format!("version {back} will run again, in place of version {version}"),
        (true, None) => {
            format!("there is no stable version to go back to: the allocations of version {version} stay")
        }
        (false, Some(back)) => format!(
            "the allocations stay as they are, for no group has `auto_revert`; `rollback --to={back}` goes back"
        ),
        (false, None) => "the allocations stay as they are".to_owned(),
    }
}
