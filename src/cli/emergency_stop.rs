//! `emergency-stop`: a job that must not run now, whatever is applied.

use clap::Args;
use serde_json::json;

use super::context::{Access, Context, user};
use super::output::{Styled, style};
use super::stop::{WaitArgs, tell_left};
use super::target::TargetArgs;
use super::{Done, Result, rollout, usage};
use crate::deploy::hold;
use crate::diagnostic::FailureKind;

/// Stop a job at once, and refuse to start it until `emergency-start`
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// Why; everybody who works on the job reads it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: WaitArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let reason = self.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.is_empty() || reason.chars().count() > hold::LONGEST_REASON {
            return Err(usage(
                format!("a reason has 1 to {} characters", hold::LONGEST_REASON),
                "say in a sentence why the job must not run",
            ));
        }
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.held()?;
        hold::check(&job)?;
        let question = format!("stop `{}` at once in {}?", target.id, target.cluster.describe());
        context.confirm(self.yes, &question)?;
        let by = user(&project);
        let by = if by.is_empty() { String::new() } else { format!(", by {by}") };
        let words = format!("{reason} ({}{by})", rollout::now());
        hold::stop(&*target.cluster, &job, &words)?;
        let left = self.wait.until_stopped(context, &target)?;
        let printer = &context.printer;
        if printer.is_text() {
            printer.line(format_args!(
                "{}: {} in {}, and nothing starts it: {words}",
                target.name,
                Styled(style::BAD, "stopped"),
                target.stage.name
            ));
            tell_left(printer, &target, left);
            printer.status(format_args!("when it is over: {}", target.command("emergency-start")));
        } else {
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": target.id, "stopped": true, "held": words,
                "allocations_left": left,
            }));
        }
        Ok(if left > 0 { Done::Shown(FailureKind::TimedOut) } else { Done::Ok })
    }
}
