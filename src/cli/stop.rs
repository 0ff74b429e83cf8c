//! `stop`: a job that shall not run any more.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::context::{Access, Context};
use super::duration;
use super::output::Printer;
use super::target::{Target, TargetArgs};
use super::validate::count;
use super::{Done, Result};
use crate::cluster::Wait;
use crate::deploy::hold;
use crate::diagnostic::FailureKind;

/// Stop a job in a stage; `start` starts it again, as it was
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// Let the cluster forget the job and its versions
    #[arg(long)]
    purge: bool,
    #[command(flatten)]
    wait: WaitArgs,
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
        if self.purge {
            hold::check(&running)?;
        }
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
        let left = if self.dry_run { 0 } else { self.wait.until_stopped(context, &target)? };
        if printer.is_text() {
            if !self.dry_run {
                printer.line(format_args!("{}: {what} in {}", target.name, target.stage.name));
                tell_left(printer, &target, left);
                for instance in hold::instances(cluster, &running)? {
                    printer.line(format_args!("  its instance {} goes on", instance.id));
                }
            }
        } else {
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": id, "version": running.version,
                "stopped": !self.dry_run, "purged": self.purge && !self.dry_run, "allocations_left": left,
            }));
        }
        Ok(if left > 0 { Done::Shown(FailureKind::TimedOut) } else { Done::Ok })
    }
}

/// How long it is waited for allocations to stop.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Do not wait until the allocations have stopped
    #[arg(long)]
    detach: bool,
    /// How long to wait for that
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration, conflicts_with = "detach")]
    timeout: Duration,
}

impl WaitArgs {
    /// Waits until nothing of the job runs any more; gives how many allocations still do.
    pub fn until_stopped(&self, context: &Context, target: &Target<'_>) -> Result<usize> {
        if self.detach {
            return Ok(0);
        }
        let began = Instant::now();
        let mut index = 0;
        loop {
            let left = self.timeout.saturating_sub(began.elapsed());
            let wait = Wait::after(index, left.min(Duration::from_secs(1)));
            let observed = target.cluster.allocations(&target.id, wait)?;
            let running = observed.value.iter().filter(|one| one.is_live()).count();
            // A cluster that runs nothing has nothing to wait for.
            if running == 0 || observed.index == 0 {
                return Ok(0);
            }
            if left.is_zero() || context.interrupted().load(Ordering::Relaxed) {
                return Ok(running);
            }
            index = observed.index;
        }
    }
}

/// Says that something still runs.
pub fn tell_left(printer: &Printer, target: &Target<'_>, left: usize) {
    if left > 0 {
        printer.line(format_args!(
            "  {} not stopped yet: {}",
            count(left, "allocation"),
            target.command("status")
        ));
    }
}
