//! How the end of a deployment is told, with what can be done then.

use serde_json::{Value as Json, json};

use super::output::{Printer, Styled, style};
use crate::deploy::failures::{Ended, TaskFailure, signal_name};
use crate::deploy::watch::Outcome;

/// The job that was followed.
#[derive(Debug, Clone, Copy)]
pub struct Followed<'j> {
    /// Its name.
    pub name: &'j str,
    /// The name of its stage.
    pub stage: &'j str,
    /// The way back.
    pub back: Back,
}

/// The way back from what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// To this version.
    To(u64),
    /// There is no older version that was stable.
    Nowhere,
    /// Nobody has to go back.
    NotNeeded,
}

/// Tells how it ended, with what there is to know about a failure, and what can be done now.
pub fn outcome(printer: &Printer, job: Followed<'_>, outcome: &Outcome) {
    let Followed { name, stage, back } = job;
    let next = |what: &str, verb: &str| {
        printer.line(format_args!("  {what:<12} platy-manage {verb} {name} --stage={stage}"));
    };
    let go_back = || match back {
        Back::To(version) => printer.line(format_args!(
            "  {:<12} platy-manage rollback {name} --stage={stage} --to={version}",
            "go back:"
        )),
        Back::Nowhere => next("stop it:", "stop"),
        Back::NotNeeded => {}
    };
    let good = |text: String| printer.line(format_args!("{} {text}", Styled(style::GOOD, "✔")));
    let bad = |text: String| printer.line(format_args!("{} {text}", Styled(style::BAD, "✘")));
    match outcome {
        Outcome::Successful(deployment) => {
            let healthy: u64 = deployment.task_groups.values().map(|group| group.healthy_allocs).sum();
            good(format!("{name}: deployment successful, {healthy} healthy"));
        }
        Outcome::NoDeployment(allocations) if allocations.is_empty() => good(format!("{name}: registered")),
        Outcome::NoDeployment(allocations) => {
            good(format!("{name}: registered, {}", super::validate::count(allocations.len(), "allocation")));
        }
        Outcome::Failed { description, tasks } => {
            bad(format!("{name}: failed: {description}"));
            tell(printer, tasks);
            go_back();
            next("see more:", "status");
        }
        Outcome::Reverted { to, description, tasks } => {
            bad(format!("{name}: failed, and version {to} runs again: {description}"));
            tell(printer, tasks);
            next("what failed:", "diff");
        }
        Outcome::Unplaceable(groups) => {
            bad(format!("{name}: some allocations find no place"));
            for (group, reasons) in groups {
                for reason in reasons {
                    printer.line(format_args!("  group `{group}`: {reason}"));
                }
            }
            next("go on:", "watch");
            go_back();
        }
        Outcome::NotPromoted { description, over, reverted_to, tasks } => {
            match reverted_to {
                Some(to) => {
                    bad(format!("{name}: canaries not promoted, and version {to} runs again: {description}"))
                }
                None => bad(format!("{name}: canaries not promoted: {description}")),
            }
            tell(printer, tasks);
            match (over, reverted_to) {
                (false, _) => {
                    next("go on:", "watch");
                    next("promote:", "promote");
                    next("give up:", "fail");
                }
                (true, None) => go_back(),
                (true, Some(_)) => next("what failed:", "diff"),
            }
        }
        Outcome::AwaitsPromotion(_) => {
            good(format!("{name}: canaries are healthy and wait to be promoted"));
            next("promote:", "promote");
            next("give up:", "fail");
            next("look again:", "watch");
        }
        Outcome::Superseded(why) => bad(format!("{name}: somebody else changed the job meanwhile: {why}")),
        Outcome::TimedOut(after) => {
            bad(format!("{name}: not done after {}s; the deployment goes on", after.as_secs()));
            next("go on:", "watch");
        }
        Outcome::Interrupted => {
            bad(format!("{name}: no longer watched; the deployment goes on"));
            next("go on:", "watch");
        }
    }
}

fn tell(printer: &Printer, tasks: &[TaskFailure]) {
    for failure in tasks {
        printer.line(format_args!(
            "  task `{}` of group `{}` on {} (allocation {})",
            failure.task,
            failure.group,
            failure.node,
            failure.allocation.get(..8).unwrap_or(&failure.allocation),
        ));
        match failure.ended {
            Some(Ended::Exit(code)) => {
                printer.line(format_args!("    ended with exit code {code}, {} restarts", failure.restarts))
            }
            Some(Ended::Signal(signal)) => {
                printer.line(format_args!(
                    "    ended by {}, {} restarts",
                    signal_name(signal),
                    failure.restarts
                ));
            }
            Some(Ended::OutOfMemory) => printer.line("    used more memory than it may, and was killed"),
            None => {}
        }
        for (_, event) in &failure.events {
            printer.line(format_args!("    {event}"));
        }
        if !failure.log.is_empty() {
            printer.line(format_args!("    {}", Styled(style::DIM, "last lines of its log:")));
        }
        for line in &failure.log {
            // A log may hold what a terminal would obey.
            let clean: String =
                line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
            printer.line(format_args!("    | {clean}"));
        }
    }
}

/// How it ended, as JSON, with the version that one can go back to.
pub fn outcome_json(outcome: &Outcome, back: Back) -> Json {
    let mut json = ended(outcome);
    if needs_way_back(outcome) {
        json["back_to_version"] = match back {
            Back::To(version) => version.into(),
            Back::Nowhere | Back::NotNeeded => Json::Null,
        };
    }
    json
}

/// Whether somebody has to go back by hand after this end.
pub fn needs_way_back(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed { .. } | Outcome::Unplaceable(_) => true,
        Outcome::NotPromoted { over, reverted_to, .. } => *over && reverted_to.is_none(),
        _ => false,
    }
}

fn ended(outcome: &Outcome) -> Json {
    let tasks = |tasks: &[TaskFailure]| {
        tasks
            .iter()
            .map(|failure| {
                json!({
                    "allocation": failure.allocation, "node": failure.node, "group": failure.group,
                    "task": failure.task, "events": failure.events.iter().map(|(_, event)| event).collect::<Vec<_>>(), "log": failure.log,
                })
            })
            .collect::<Vec<_>>()
    };
    match outcome {
        Outcome::Successful(deployment) => json!({"status": "successful", "deployment": deployment.id}),
        Outcome::NoDeployment(allocations) => {
            json!({"status": "registered", "allocations": allocations.iter().map(|a| &a.id).collect::<Vec<_>>()})
        }
        Outcome::Failed { description, tasks: failed } => {
            json!({"status": "failed", "description": description, "tasks": tasks(failed)})
        }
        Outcome::Reverted { to, description, tasks: failed } => {
            json!({"status": "reverted", "to_version": to, "description": description, "tasks": tasks(failed)})
        }
        Outcome::NotPromoted { description, over, reverted_to, tasks: failed } => json!({
            "status": "not_promoted", "description": description, "over": over, "to_version": reverted_to,
            "tasks": tasks(failed),
        }),
        Outcome::Unplaceable(groups) => json!({"status": "unplaceable", "groups": groups}),
        Outcome::AwaitsPromotion(deployment) => {
            json!({"status": "awaits_promotion", "deployment": deployment.id})
        }
        Outcome::Superseded(why) => json!({"status": "superseded", "description": why}),
        Outcome::TimedOut(after) => json!({"status": "timed_out", "after_seconds": after.as_secs()}),
        Outcome::Interrupted => json!({"status": "interrupted"}),
    }
}
