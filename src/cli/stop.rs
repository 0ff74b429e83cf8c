//! `stop`: a job that shall not run any more.

use clap::Args;
use serde_json::json;

use super::context::{Access, Context};
use super::target::TargetArgs;
use super::{Done, Result};

/// Stop a job in a stage; its file stays, and `create` starts it again
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
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
        let target = self.target.open(context, &project, Access::Writes)?;
        let running = target.held()?;
        if running.stopped && !self.purge {
            return Err(target.not_there());
        }
        let printer = &context.printer;
        let (id, cluster) = (&target.id, &*target.cluster);
        let what = if self.purge { "stopped and forgotten" } else { "stopped" };
        if self.dry_run {
            printer.status(format_args!("dry run: `{id}` (version {}) would be {what}", running.version));
        } else {
            let question = format!("stop `{id}` (version {}) in {}?", running.version, cluster.describe());
            context.confirm(self.yes, &question)?;
            cluster.deregister(id, self.purge)?;
        }
        if printer.is_text() {
            if !self.dry_run {
                printer.line(format_args!("{}: {what} in {}", target.name, target.stage.name));
            }
        } else {
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": id, "version": running.version,
                "stopped": !self.dry_run, "purged": self.purge && !self.dry_run,
            }));
        }
        Ok(Done::Ok)
    }
}
