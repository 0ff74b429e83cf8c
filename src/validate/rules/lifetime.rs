//! How a task ends.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::duration::show;
use crate::validate::view::Block;

rules! {
    LIFETIME {
        Error KILL_TIMEOUT = "P0686", kill_timeout, "kill_timeout is not negative", "structs.Task.Validate";
        Error KILL_TIMEOUT_LONG = "P0687", kill_timeout_long, "kill_timeout is not longer than update's progress_deadline", "structs.Task.Validate";
        Error SHUTDOWN_DELAY = "P0688", shutdown_delay, "a task's shutdown_delay is not negative", "structs.Task.Validate";
    }
}

fn kill_timeout(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if let Some(timeout) = task.int("KillTimeout").filter(|timeout| *timeout < 0) {
        out.say(task.at("KillTimeout"), format!("`kill_timeout` is negative ({})", show(timeout)));
    }
}

fn kill_timeout_long(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group.filter(|_| cx.job_type() == "service") else { return };
    let Some(update) = group.block("Update") else { return };
    if let (Some(timeout), Some(deadline)) = (task.int("KillTimeout"), update.int("ProgressDeadline"))
        && deadline > 0
        && timeout > deadline
    {
        out.say(
            task.at("KillTimeout"),
            format!(
                "`kill_timeout` ({}) is longer than the update's `progress_deadline` ({})",
                show(timeout),
                show(deadline)
            ),
        )
        .related(update.at("ProgressDeadline"), "the deadline");
    }
}

fn shutdown_delay(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if let Some(delay) = task.int("ShutdownDelay").filter(|delay| *delay < 0) {
        out.say(task.at("ShutdownDelay"), format!("`shutdown_delay` is negative ({})", show(delay)));
    }
}
