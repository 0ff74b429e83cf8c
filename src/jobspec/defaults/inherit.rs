//! What outer blocks hand down: a job's `update`, `reschedule` and `migrate` to its groups, a
//! group's `restart` to its tasks, a service's `check_restart` to its checks.
//!
//! Rules: `Canonicalize` of Nomad's `api` package (jobs.go, tasks.go, services.go).

use super::super::blocks::{MIGRATE, RESCHEDULE, RESTART, UPDATE};
use super::super::tree::{Object, Value};
use super::fill;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Hands down all of it, before constants are filled in.
pub fn hand_down(root: &mut Object) {
    let job_type = match root.get("Type").as_str() {
        Some(text) => text.to_owned(),
        None => "service".to_owned(),
    };
    let update = job_update(root, &job_type);
    let reschedule = root.block("Reschedule").cloned();
    let migrate = root.block("Migrate").cloned();
    for group in root.blocks_mut("TaskGroups") {
        group_update(group, update.as_ref());
        overlay(group, "ReschedulePolicy", reschedule.as_ref());
        group_reschedule(group, &job_type);
        overlay(group, "Migrate", migrate.as_ref());
        if group.block("Migrate").is_none() && job_type == "service" {
            group.set("Migrate", Object::new(&MIGRATE).into());
        }
        overlay(group, "RestartPolicy", Some(&restart(&job_type)));
        let restart = group.block("RestartPolicy").cloned();
        for task in group.blocks_mut("Tasks") {
            overlay(task, "RestartPolicy", restart.as_ref());
            task.blocks_mut("Services").for_each(service);
        }
        group.blocks_mut("Services").for_each(service);
    }
    stored_update(root, update.as_ref());
}

/// The job's `update` with its defaults; jobs of type service and system have one in any case.
fn job_update(root: &Object, job_type: &str) -> Option<Object> {
    let mut update = match root.block("Update") {
        Some(update) => update.clone(),
        None if matches!(job_type, "service" | "system") => Object::new(&UPDATE),
        None => return None,
    };
    fill(&mut update);
    Some(update)
}

/// A group takes over the job's `update`, unless that turns everything off.
fn group_update(group: &mut Object, update: Option<&Object>) {
    let nothing = |update: &Object| update.fields.iter().all(|node| node.value.is_zero());
    if group.block("Update").is_some() || update.is_some_and(|update| !nothing(update)) {
        overlay(group, "Update", update);
    }
}

/// Of the job's own `update` the server keeps two fields, and only if it rolls out at all.
fn stored_update(root: &mut Object, update: Option<&Object>) {
    let mut stored = Object::new(&UPDATE);
    for (field, node) in UPDATE.fields.iter().zip(&mut stored.fields) {
        let kept = update
            .filter(|update| update.int("MaxParallel").is_some_and(|parallel| parallel > 0))
            .filter(|_| matches!(field.json, "Stagger" | "MaxParallel"));
        if let Some(update) = kept {
            *node = update.get(field.json).clone();
        } else {
            node.value = super::derive::zero(field.ty);
        }
    }
    root.set("Update", stored.into());
}

/// Service and batch jobs have a default policy, the others have none; a written one is
/// completed for every type.
fn group_reschedule(group: &mut Object, job_type: &str) {
    let default = reschedule(job_type);
    if group.block("ReschedulePolicy").is_some() || !matches!(job_type, "system" | "sysbatch") {
        overlay(group, "ReschedulePolicy", Some(&default));
    }
}

fn reschedule(job_type: &str) -> Object {
    let mut policy = Object::new(&RESCHEDULE);
    let (attempts, interval, delay, function, max_delay, unlimited) = match job_type {
        "service" => (0, 0, 30 * SECOND, "exponential", HOUR, true),
        "batch" => (1, 24 * HOUR, 5 * SECOND, "constant", 0, false),
        _ => (0, 0, 0, "", 0, false),
    };
    policy.set("Attempts", Value::Int(attempts));
    policy.set("Interval", Value::Int(interval));
    policy.set("Delay", Value::Int(delay));
    policy.set("DelayFunction", function.into());
    policy.set("MaxDelay", Value::Int(max_delay));
    policy.set("Unlimited", Value::Bool(unlimited));
    policy
}

fn restart(job_type: &str) -> Object {
    let mut policy = Object::new(&RESTART);
    let (attempts, interval) = match job_type {
        "service" | "system" => (2, 30 * MINUTE),
        _ => (3, 24 * HOUR),
    };
    policy.set("Attempts", Value::Int(attempts));
    policy.set("Interval", Value::Int(interval));
    policy.set("Delay", Value::Int(15 * SECOND));
    policy.set("Mode", "fail".into());
    policy.set("RenderTemplates", Value::Bool(false));
    policy
}

/// Checks take over the `check_restart` and `on_update` of their service.
fn service(service: &mut Object) {
    let restart = service.block("CheckRestart").cloned();
    let on_update = super::text(service, "OnUpdate");
    for check in service.blocks_mut("Checks") {
        overlay(check, "CheckRestart", restart.as_ref());
        if check.str("OnUpdate").is_empty() {
            check.set("OnUpdate", Value::Str(on_update.clone()));
        }
    }
}

/// Puts a block under one that may be written: what is written there wins, field by field.
fn overlay(object: &mut Object, json: &str, under: Option<&Object>) {
    let Some(under) = under else { return };
    let Some(node) = object.get_mut(json) else { return };
    let Value::Object(over) = &mut node.value else {
        node.value = under.clone().into();
        return;
    };
    for (i, field) in over.ty.fields.iter().enumerate() {
        if super::is_unset(field, &over.fields[i].value) {
            over.fields[i] = under.fields[i].clone();
        }
    }
}
