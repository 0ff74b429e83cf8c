//! How a group moves to a new version, and between nodes.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::duration::show;
use crate::validate::view::Block;

const HEALTH_CHECKS: [&str; 3] = ["checks", "task_states", "manual"];

rules! {
    UPDATE {
        Error UPDATE_TYPE = "P0559", update_type, "only service and system jobs have an `update` block", "structs.TaskGroup.Validate";
        Error UPDATE_HEALTH_CHECK = "P0560", health_check, "health_check is checks, task_states or manual", "structs.UpdateStrategy.Validate";
        Error UPDATE_NEGATIVE = "P0561", negative, "max_parallel, canary, min_healthy_time and progress_deadline are not negative", "structs.UpdateStrategy.Validate";
        Error AUTO_PROMOTE_CANARY = "P0562", auto_promote, "auto_promote needs canaries", "structs.UpdateStrategy.Validate";
        Error HEALTHY_DEADLINE_ZERO = "P0563", healthy_deadline, "healthy_deadline is more than zero", "structs.UpdateStrategy.Validate";
        Error HEALTHY_DEADLINE_SHORT = "P0564", healthy_deadline_short, "healthy_deadline is longer than min_healthy_time", "structs.UpdateStrategy.Validate";
        Error PROGRESS_DEADLINE_SHORT = "P0565", progress_deadline_short, "progress_deadline is zero or longer than healthy_deadline", "structs.UpdateStrategy.Validate";
        Error STAGGER = "P0566", stagger, "stagger is more than zero", "structs.UpdateStrategy.Validate";
        Warning MAX_PARALLEL_COUNT = "P0567", max_parallel, "max_parallel over the count replaces every allocation at once", "structs.TaskGroup.Warnings";
    }
    MIGRATE {
        Error MIGRATE_TYPE = "P0568", migrate_type, "only service jobs have a `migrate` block", "structs.TaskGroup.Validate";
        Error MIGRATE_NEGATIVE = "P0569", migrate_negative, "no value of `migrate` is negative", "structs.MigrateStrategy.Validate";
        Error MIGRATE_HEALTH_CHECK = "P0570", migrate_health_check, "health_check of `migrate` is checks or task_states", "structs.MigrateStrategy.Validate";
        Error MIGRATE_DEADLINE = "P0571", migrate_deadline, "healthy_deadline of `migrate` is not shorter than min_healthy_time", "structs.MigrateStrategy.Validate";
    }
}

fn update_type(cx: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if !matches!(kind, "service" | "system") {
        out.say(update.here(), format!("a job of type `{kind}` has no updates to roll out"))
            .related(cx.job.at("Type"), "the type")
            .hint("remove the `update` block");
    }
}

fn health_check(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if let Some(check) = update.get("HealthCheck").as_str()
        && !HEALTH_CHECKS.contains(&check)
    {
        out.say(update.at("HealthCheck"), format!("`{check}` is no way to judge health"))
            .did_you_mean(check, HEALTH_CHECKS)
            .hint("use checks, task_states or manual");
    }
}

fn negative(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    for (json, hcl) in [("MaxParallel", "max_parallel"), ("Canary", "canary")] {
        if let Some(value) = update.int(json).filter(|value| *value < 0) {
            out.say(update.at(json), format!("`{hcl}` is negative ({value})"));
        }
    }
    for (json, hcl) in [("MinHealthyTime", "min_healthy_time"), ("ProgressDeadline", "progress_deadline")] {
        if let Some(value) = update.int(json).filter(|value| *value < 0) {
            out.say(update.at(json), format!("`{hcl}` is negative ({})", show(value)));
        }
    }
}

fn auto_promote(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if update.bool("AutoPromote") && update.int("Canary").unwrap_or(0) == 0 {
        out.say(update.at("AutoPromote"), "`auto_promote` is set, but there are no canaries to promote")
            .hint("set `canary` to at least 1, or remove `auto_promote`");
    }
}

fn healthy_deadline(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if let Some(deadline) = update.int("HealthyDeadline").filter(|deadline| *deadline <= 0) {
        out.say(
            update.at("HealthyDeadline"),
            format!("`healthy_deadline` is {}, but must be more than zero", show(deadline)),
        );
    }
}

fn healthy_deadline_short(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if let (Some(min), Some(deadline)) = (update.int("MinHealthyTime"), update.int("HealthyDeadline"))
        && min >= deadline
    {
        out.say(
            update.at_written(&["HealthyDeadline", "MinHealthyTime"]),
            format!(
                "an allocation must be healthy for {} within {}, which cannot be",
                show(min),
                show(deadline)
            ),
        )
        .related_written(update, "MinHealthyTime", "`min_healthy_time`")
        .hint("set `healthy_deadline` to more than `min_healthy_time`");
    }
}

fn progress_deadline_short(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if let (Some(deadline), Some(progress)) = (update.int("HealthyDeadline"), update.int("ProgressDeadline"))
        && progress != 0
        && deadline >= progress
    {
        out.say(
            update.at_written(&["ProgressDeadline", "HealthyDeadline"]),
            format!(
                "`progress_deadline` ({}) is not longer than `healthy_deadline` ({})",
                show(progress),
                show(deadline)
            ),
        )
        .related_written(update, "HealthyDeadline", "`healthy_deadline`")
        .hint("set `progress_deadline` to more than `healthy_deadline`, or to \"0\"");
    }
}

fn stagger(_: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    if let Some(stagger) = update.int("Stagger").filter(|stagger| *stagger <= 0) {
        out.say(update.at("Stagger"), format!("`stagger` is {}, but must be more than zero", show(stagger)));
    }
}

fn max_parallel(cx: &Cx<'_>, update: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let (Some(parallel), Some(count)) = (update.int("MaxParallel"), group.int("Count")) else { return };
    if count > 1 && parallel > count {
        out.say(
            update.at("MaxParallel"),
            format!("`max_parallel` ({parallel}) is more than the group's count ({count})"),
        )
        .related(group.at("Count"), "the count")
        .hint("an update would replace all allocations at once");
    }
}

fn migrate_type(cx: &Cx<'_>, migrate: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if kind != "service" {
        out.say(migrate.here(), format!("a job of type `{kind}` does not migrate"))
            .related(cx.job.at("Type"), "the type")
            .hint("remove the `migrate` block");
    }
}

fn is_service(cx: &Cx<'_>) -> bool {
    cx.job_type() == "service"
}

fn migrate_negative(cx: &Cx<'_>, migrate: &Block<'_>, out: &mut Out<'_>) {
    if !is_service(cx) {
        return;
    }
    if let Some(value) = migrate.int("MaxParallel").filter(|value| *value < 0) {
        out.say(migrate.at("MaxParallel"), format!("`max_parallel` is negative ({value})"));
    }
    for (json, hcl) in [("MinHealthyTime", "min_healthy_time"), ("HealthyDeadline", "healthy_deadline")] {
        if let Some(value) = migrate.int(json).filter(|value| *value < 0) {
            out.say(migrate.at(json), format!("`{hcl}` is negative ({})", show(value)));
        }
    }
}

fn migrate_health_check(cx: &Cx<'_>, migrate: &Block<'_>, out: &mut Out<'_>) {
    if !is_service(cx) {
        return;
    }
    match migrate.get("HealthCheck").as_str() {
        None | Some("checks" | "task_states") => {}
        Some("") => {
            if migrate.int("MaxParallel").is_none_or(|parallel| parallel > 0) {
                out.say(migrate.at("HealthCheck"), "`health_check` is empty")
                    .hint("use checks or task_states");
            }
        }
        Some(check) => {
            out.say(migrate.at("HealthCheck"), format!("`{check}` is no way to judge health here"))
                .did_you_mean(check, ["checks", "task_states"])
                .hint("use checks or task_states");
        }
    }
}

fn migrate_deadline(cx: &Cx<'_>, migrate: &Block<'_>, out: &mut Out<'_>) {
    if let (Some(min), Some(deadline)) = (migrate.int("MinHealthyTime"), migrate.int("HealthyDeadline"))
        && is_service(cx)
        && min > deadline
    {
        out.say(
            migrate.at("HealthyDeadline"),
            format!(
                "an allocation must be healthy for {} within {}, which cannot be",
                show(min),
                show(deadline)
            ),
        )
        .related(migrate.at("MinHealthyTime"), "`min_healthy_time`");
    }
}
