//! A group: its name, count, tasks, disk and scaling.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::duration::show;
use crate::validate::view::Block;

rules! {
    GROUP {
        Error GROUP_NAME_MISSING = "P0542", name_missing, "a group's name is not empty", "structs.TaskGroup.Validate";
        Error GROUP_NAME_NULL = "P0543", name_null, "a group's name has no null character", "structs.TaskGroup.Validate";
        Error GROUP_COUNT = "P0544", count, "a group's count is not negative", "structs.TaskGroup.Validate";
        Error GROUP_NO_TASKS = "P0545", no_tasks, "a group has at least one task", "structs.TaskGroup.Validate";
        Error MAX_RUN_DURATION = "P0546", max_run_duration, "max_run_duration is more than zero", "structs.TaskGroup.Validate";
        Error MAX_RUN_DURATION_TYPE = "P0547", max_run_duration_type, "only batch and sysbatch jobs have max_run_duration", "structs.TaskGroup.Validate";
        Error TASK_NAMES = "P0548", task_names, "each task of a group has a name of its own", "structs.TaskGroup.Validate";
        Error TWO_LEADERS = "P0549", leaders, "at most one task of a group is the leader", "structs.TaskGroup.Validate";
        Error NO_MAIN_TASK = "P0550", main_task, "a group has a task without a lifecycle hook", "structs.TaskGroup.Validate";
        Warning SHUTDOWN_DELAY_TASK = "P0551", delay_task, "a task behind a service sets shutdown_delay", "structs.Job.Warnings";
        Warning SHUTDOWN_DELAY_GROUP = "P0552", delay_group, "a group with services, or one of its tasks, sets shutdown_delay", "structs.Job.Warnings";
    }
    DISK {
        Error DISK_SIZE = "P0553", disk_size, "ephemeral_disk has at least 10 MB", "structs.EphemeralDisk.Validate";
    }
    SCALING {
        Error SCALING_TYPE = "P0554", scaling_type, "a group's scaling type is horizontal", "structs.ScalingPolicy.Validate";
        Error SCALING_MAX = "P0555", scaling_max, "scaling's max is set, not negative and not less than min", "structs.ScalingPolicy.Validate";
        Error SCALING_MIN = "P0556", scaling_min, "scaling's min is not negative", "structs.ScalingPolicy.Validate";
        Error SCALING_COUNT_HIGH = "P0557", count_high, "a group's count is at most scaling's max", "structs.TaskGroup.validateScalingPolicy";
        Error SCALING_COUNT_LOW = "P0558", count_low, "a group's count is at least scaling's min", "structs.TaskGroup.validateScalingPolicy";
        Error SCALING_TARGET = "P0748", target, "a group that scales has a name, and its job an ID", "structs.ScalingPolicy.validateTargetHorizontal";
    }
}

fn name_missing(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    if group.str("Name").is_empty() {
        out.say(group.at("Name"), "the group's name is empty")
            .hint("write it as the label: `group \"name\" {`");
    }
}

fn name_null(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    if group.str("Name").contains('\0') {
        out.say(group.at("Name"), "the group's name contains a null character");
    }
}

fn count(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    if let Some(count) = group.int("Count").filter(|count| *count < 0) {
        out.say(group.at("Count"), format!("the group's count is negative ({count})"));
    }
}

fn no_tasks(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    // The defaults have added the proxies of sidecars and gateways.
    if !group.has_any("Tasks") {
        let name = group.str("Name");
        out.say(group.here(), format!("group `{name}` has no task")).hint("add `task \"name\" { … }`");
    }
}

fn max_run_duration(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    if let Some(limit) = group.int("MaxRunDuration").filter(|limit| *limit <= 0) {
        out.say(
            group.at("MaxRunDuration"),
            format!("`max_run_duration` is {}, but must be more than zero", show(limit)),
        );
    }
}

fn max_run_duration_type(cx: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if group.int("MaxRunDuration").is_some() && !matches!(kind, "batch" | "sysbatch") {
        out.say(group.at("MaxRunDuration"), format!("a job of type `{kind}` has no longest time to run"))
            .related(cx.job.at("Type"), "the type")
            .hint("remove `max_run_duration`");
    }
}

fn task_names(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let tasks = group.blocks("Tasks");
    for (i, task) in tasks.iter().enumerate() {
        let name = task.str("Name");
        if name.is_empty() {
            out.say(task.at("Name"), format!("task {} has no name", i + 1));
        } else if let Some(other) = tasks[..i].iter().find(|other| other.str("Name") == name) {
            out.say(task.here(), format!("a second task is named `{name}`"))
                .related(other.here(), "the first");
        }
    }
}

fn leaders(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let tasks = group.blocks("Tasks");
    let mut leaders = tasks.iter().filter(|task| task.bool("Leader"));
    if let (Some(first), Some(second)) = (leaders.next(), leaders.next()) {
        out.say(second.at("Leader"), "a second task of the group is its leader")
            .related(first.at("Leader"), "the first");
    }
}

fn main_task(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let tasks = group.blocks("Tasks");
    let has_main = tasks
        .iter()
        .any(|task| task.block("Lifecycle").is_none_or(|lifecycle| lifecycle.str("Hook").is_empty()));
    if !tasks.is_empty() && !has_main {
        let name = group.str("Name");
        out.say(group.here(), format!("group `{name}` has only tasks that run before or after others"))
            .hint("one task of the group must have no `lifecycle` block");
    }
}

fn delay_task(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let services = group.blocks("Services");
    for task in group.blocks("Tasks") {
        let name = task.str("Name");
        let delay = task.int("ShutdownDelay").unwrap_or(0);
        if delay == 0
            && !name.is_empty()
            && let Some(service) = services.iter().find(|s| s.str("TaskName") == name)
        {
            out.say(
                task.here(),
                format!("task `{name}`, to which a service of the group refers, has no shutdown_delay"),
            )
            .related(service.at("TaskName"), "the reference")
            .hint("set `shutdown_delay`, so that requests end before the task does");
        }
        if delay <= 0 && task.has_any("Services") {
            out.say(task.here(), format!("task `{name}` has services, but no shutdown_delay"))
                .hint("set `shutdown_delay`, so that requests end before the task does");
        }
    }
}

fn delay_group(_: &Cx<'_>, group: &Block<'_>, out: &mut Out<'_>) {
    let services = group.blocks("Services");
    let unscoped = services.iter().find(|service| {
        service.str("TaskName").is_empty()
            && service.block("Connect").is_none_or(|connect| connect.is_null("SidecarTask"))
    });
    let delays = |block: &Block<'_>| block.int("ShutdownDelay").is_some_and(|delay| delay > 0);
    if let Some(service) = unscoped
        && !delays(group)
        && !group.blocks("Tasks").iter().any(delays)
    {
        let name = group.str("Name");
        out.say(
            group.here(),
            format!("group `{name}` has services, but neither it nor any of its tasks has a shutdown_delay"),
        )
        .related(service.here(), "a service")
        .hint("set `shutdown_delay` in the group, so that requests end before its tasks do");
    }
}

fn disk_size(_: &Cx<'_>, disk: &Block<'_>, out: &mut Out<'_>) {
    if let Some(size) = disk.int("SizeMB").filter(|size| *size < 10) {
        out.say(disk.at("SizeMB"), format!("the disk has {size} MB, but must have at least 10"));
    }
}

fn scaling_type(_: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    let kind = scaling.str("Type");
    if !matches!(kind, "" | "horizontal") {
        out.say(scaling.at("Type"), format!("`{kind}` is no way to scale a group"))
            .hint("a group scales horizontally: leave `type` out");
    }
}

/// The bounds after defaults: min is the count where it is not set, max is 0.
fn bounds(cx: &Cx<'_>, scaling: &Block<'_>) -> (i64, i64, i64) {
    let count = cx.group.and_then(|group| group.int("Count")).or(scaling.int("Min")).unwrap_or(1);
    (count, scaling.int("Min").unwrap_or(count), scaling.int("Max").unwrap_or(0))
}

fn scaling_max(cx: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    let (_, min, max) = bounds(cx, scaling);
    if scaling.int("Max").is_none() || max < 0 {
        out.say(scaling.at("Max"), "`max` must be set to a number that is not negative");
    } else if max < min {
        out.say(scaling.at("Max"), format!("`max` ({max}) is less than `min` ({min})"))
            .related(scaling.at("Min"), "`min`");
    }
}

fn scaling_min(cx: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    let (_, min, _) = bounds(cx, scaling);
    if min < 0 {
        out.say(scaling.at("Min"), format!("`min` is negative ({min})"));
    }
}

fn count_high(cx: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let (count, _, max) = bounds(cx, scaling);
    let max = if scaling.int("Max").is_none() { -1 } else { max };
    if max < count {
        out.say(group.at("Count"), format!("the count ({count}) is more than scaling's `max` ({max})"))
            .related(scaling.at("Max"), "`max`");
    }
}

fn count_low(cx: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let (count, min, _) = bounds(cx, scaling);
    // With several regions each one says how many it runs.
    let per_region = cx.job.block("Multiregion").is_some_and(|regions| regions.has_any("Regions"))
        && cx.job.str("Region") == "global";
    if count < min && !(per_region && count == 0) {
        out.say(group.at("Count"), format!("the count ({count}) is less than scaling's `min` ({min})"))
            .related(scaling.at("Min"), "`min`");
    }
}

fn target(cx: &Cx<'_>, scaling: &Block<'_>, out: &mut Out<'_>) {
    if !matches!(scaling.str("Type"), "" | "horizontal") {
        return;
    }
    if cx.job.str("ID").is_empty() {
        out.say(scaling.here(), "`scaling` needs the job's ID, which is missing");
    }
    if cx.group.is_some_and(|group| group.str("Name").is_empty()) {
        out.say(scaling.here(), "`scaling` needs the group's name, which is missing");
    }
}
