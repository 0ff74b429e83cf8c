//! `status`: a job's file beside what runs.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value as Json, json};

use super::batch::worst;
use super::context::{Access, Context, JobsArgs, StageArgs};
use super::history::{made_by, when};
use super::instances::{self, Instance};
use super::output::{Printer, Styled, style};
use super::planning::REQUESTS;
use super::rollout::{self, running_job};
use super::{Done, Result, asking};
use crate::cluster::{Allocation, Cluster, Deployment, Origin, RunningJob, TaskEvent, Wait};
use crate::compile::Compiled;
use crate::deploy::{credit, hold};
use crate::diagnostic;
use crate::diff;
use crate::diff::style::clean;

/// Show what runs of a job, and whether it is what its file says
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    stage: StageArgs,
}

/// How much is asked of a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What a line shows.
    Line,
    /// Who made it, when it starts next, and its instances too.
    All,
}

/// What the cluster says of a job.
struct State {
    running: RunningJob,
    origin: Option<Origin>,
    deployment: Option<Deployment>,
    allocations: Vec<Allocation>,
    /// When a periodic job starts next.
    next_launch: Option<String>,
    /// The last instances of a periodic or parameterized job, newest first.
    instances: Vec<Instance>,
    /// Whether the file says something else; `None` where it cannot be compiled.
    differs: Option<bool>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Reads)?;
        let jobs = self.jobs.select(&project)?;
        let cluster = rollout::open(&project, stage)?;
        let printer = &context.printer;
        let brief = self.jobs.all || jobs.len() > 1;
        let depth = if brief && printer.is_text() { Depth::Line } else { Depth::All };
        let outcomes = context.compiler(&project).fleet(&jobs, &[stage], &[]);
        let states = asking::each(&*cluster, REQUESTS, &outcomes, |outcome| {
            let id = crate::merge::job_id(stage, &outcome.name);
            state(&*cluster, &id, outcome.result.as_deref().ok(), depth)
        });
        let (mut kinds, mut objects, mut said) = (Vec::new(), Vec::new(), BTreeSet::new());
        let width = jobs.iter().map(|job| job.name.len()).max().unwrap_or(0);
        for (outcome, state) in outcomes.iter().zip(states) {
            let name = &outcome.name;
            let id = crate::merge::job_id(stage, name);
            match state {
                Ok(state) => {
                    if printer.is_text() {
                        match &state {
                            _ if brief => line(printer, name, width, state.as_ref()),
                            Some(state) => page(printer, name, &stage.name, state),
                            None => printer.line(format_args!(
                                "{}  does not run in {}; `platy-manage create {name} --stage={}` starts it",
                                Styled(style::BOLD, name),
                                stage.name,
                                stage.name
                            )),
                        }
                        printer.diagnostics(outcome.result.as_ref().err().map_or(&[], Vec::as_slice));
                    }
                    objects.push(as_json(name, &stage.name, &id, state.as_ref()));
                }
                Err(failure) => {
                    // Of what every job meets, once is enough.
                    if said.insert(failure.kind.exit_code()) {
                        printer.diagnostics(&failure.diagnostics);
                    }
                    kinds.push(failure.kind);
                    let errors = diagnostic::json::list(&failure.diagnostics);
                    objects.push(json!({"job": name, "stage": stage.name, "errors": errors}));
                }
            }
        }
        if !printer.is_text() {
            printer.json(&json!({ "jobs": objects }));
        }
        Ok(worst(&kinds).map_or(Done::Ok, Done::Shown))
    }
}

fn state(
    cluster: &dyn Cluster,
    id: &str,
    compiled: Option<&Compiled>,
    depth: Depth,
) -> Result<Option<State>> {
    let Some(running) = cluster.read_job(id)? else { return Ok(None) };
    let job = running_job(&running.job)?;
    let live = compiled.filter(|_| !running.stopped);
    let differs = live.map(|compiled| !diff::diff(Some(&job), Some(compiled.job())).is_none());
    let deployment = match running.kind.as_str() {
        "service" | "system" => cluster.latest_deployment(id, Wait::NOW)?.value,
        _ => None,
    };
    let allocations = cluster.allocations(id, Wait::NOW)?.value;
    let (mut origin, mut next_launch, mut instances) = (None, None, Vec::new());
    if depth == Depth::All {
        origin = credit::of(cluster, &running, &job).origin();
        next_launch = instances::next_launch(cluster, &running);
        instances = instances::last(cluster, &running)?;
    }
    Ok(Some(State { running, origin, deployment, allocations, next_launch, instances, differs }))
}

/// The allocations of a group: how many run, how many should, how many are healthy.
struct Group<'s> {
    name: &'s str,
    running: usize,
    desired: i64,
    healthy: usize,
}

/// The groups of a job that has allocations of its own.
fn groups(state: &State) -> Vec<Group<'_>> {
    if state.running.periodic || state.running.parameterized {
        return Vec::new();
    }
    let groups = state.running.job["TaskGroups"].as_array();
    let count = |name: &str, test: fn(&Allocation) -> bool| {
        let of = state.allocations.iter().filter(|it| it.task_group == name && it.desired_status == "run");
        of.filter(|allocation| test(allocation)).count()
    };
    let names = groups
        .into_iter()
        .flatten()
        .filter_map(|group| Some((group["Name"].as_str()?, group["Count"].as_i64().unwrap_or(1))));
    names
        .map(|(name, desired)| Group {
            name,
            running: count(name, |allocation| allocation.client_status == "running"),
            desired,
            healthy: count(name, |allocation| allocation.deployment_status.healthy == Some(true)),
        })
        .collect()
}

/// The last thing that happened to any task of an allocation.
fn last_event(allocation: &Allocation) -> Option<&TaskEvent> {
    allocation.task_states.values().filter_map(|task| task.events.last()).max_by_key(|event| event.time)
}

fn restarts(allocation: &Allocation) -> u64 {
    allocation.task_states.values().map(|task| task.restarts).sum()
}

fn verdict(state: &State) -> Styled<&'static str> {
    match (state.running.stopped, state.differs) {
        (true, _) if hold::of(&state.running).is_some() => Styled(style::BAD, "stopped in an emergency"),
        (true, _) => Styled(style::DIM, "stopped"),
        (false, Some(true)) => Styled(style::CHANGED, "differs from its file"),
        (false, Some(false)) => Styled(style::GOOD, "as its file says"),
        (false, None) => Styled(style::BAD, "its file is invalid"),
    }
}

fn awaits_promotion(state: &State) -> bool {
    state.deployment.as_ref().is_some_and(Deployment::awaits_promotion)
}

fn running_count(state: &State) -> String {
    if state.running.periodic {
        return "periodic".to_owned();
    }
    if state.running.parameterized {
        return "on dispatch".to_owned();
    }
    let live = state.allocations.iter().filter(|allocation| allocation.client_status == "running").count();
    let groups = state.running.job["TaskGroups"].as_array();
    let wanted: i64 = groups.into_iter().flatten().filter_map(|group| group["Count"].as_i64()).sum();
    format!("{live}/{wanted} running")
}

fn line(printer: &Printer, name: &str, width: usize, state: Option<&State>) {
    match state {
        None => printer.line(format_args!("{name:width$}  {}", Styled(style::DIM, "does not run"))),
        Some(state) => printer.line(format_args!(
            "{name:width$}  {:14}  version {:<4}  {}{}",
            running_count(state),
            state.running.version,
            verdict(state),
            match awaits_promotion(state) {
                true => Styled(style::CHANGED, ", canaries wait to be promoted"),
                false => Styled(style::DIM, ""),
            }
        )),
    }
}

fn page(printer: &Printer, name: &str, stage: &str, state: &State) {
    let running = &state.running;
    printer.line(format_args!("{}  {}", Styled(style::BOLD, name), verdict(state)));
    if let Some(words) = hold::of(running) {
        printer.line(format_args!("  {}  in an emergency: {words}", Styled(style::BAD, "stopped ")));
    }
    printer.line(format_args!("  job         {} ({}, {})", running.id, running.kind, running.status));
    printer.line(format_args!("  version     {}, submitted {}", running.version, when(running)));
    if let Some(origin) = &state.origin {
        printer.line(format_args!("  from        {} at {}", origin.config, made_by(Some(origin))));
    }
    if let Some(deployment) = &state.deployment {
        let of = if deployment.job_version == running.version {
            String::new()
        } else {
            format!(" of version {}", deployment.job_version)
        };
        printer
            .line(format_args!("  deployment  {}{of}: {}", deployment.status, deployment.status_description));
    }
    if awaits_promotion(state) {
        printer.line(format_args!(
            "  {}  wait to be promoted: platy-manage promote {name} --stage={stage}",
            Styled(style::CHANGED, "canaries  ")
        ));
    }
    if let Some(next) = &state.next_launch {
        printer.line(format_args!("  next run    {}", clean(next)));
    }
    for group in groups(state) {
        printer.line(format_args!(
            "  group       {}: {}/{} running, {} healthy",
            clean(group.name),
            group.running,
            group.desired,
            group.healthy
        ));
    }
    for instance in &state.instances {
        printer.line(format_args!(
            "  instance    {}  {}  {}",
            clean(&instance.id),
            instance.ended(),
            instances::age(instance.submit_time)
        ));
    }
    let mut allocations: Vec<_> =
        state.allocations.iter().filter(|allocation| allocation.desired_status == "run").collect();
    allocations.sort_by(|a, b| a.name.cmp(&b.name).then(b.create_index.cmp(&a.create_index)));
    for allocation in &allocations {
        let event = last_event(allocation);
        let event = event.map_or_else(String::new, |event| {
            clean(if event.display_message.is_empty() { &event.kind } else { &event.display_message })
                .into_owned()
        });
        let colour = match allocation.client_status.as_str() {
            "running" | "complete" => style::GOOD,
            "pending" => style::CHANGED,
            _ => style::BAD,
        };
        printer.line(format_args!(
            "  {}  {}  {}  v{}  {}  {}{}  {}",
            allocation.id.get(..8).unwrap_or(&allocation.id),
            allocation.name,
            Styled(colour, &allocation.client_status),
            allocation.job_version,
            allocation.node_name,
            instances::age(allocation.create_time),
            match restarts(allocation) {
                0 => String::new(),
                1 => ", 1 restart".to_owned(),
                many => format!(", {many} restarts"),
            },
            Styled(style::DIM, event),
        ));
    }
    if state.differs == Some(true) {
        printer.status(format_args!("see how it differs: platy-manage diff {name} --stage={stage}"));
    }
}

fn as_json(name: &str, stage: &str, id: &str, state: Option<&State>) -> Json {
    let Some(state) = state else {
        return json!({"job": name, "stage": stage, "job_id": id, "exists": false});
    };
    let allocations: Vec<_> = state
        .allocations
        .iter()
        .map(|allocation| {
            json!({
                "id": allocation.id, "name": allocation.name, "group": allocation.task_group, "node": allocation.node_name,
                "desired": allocation.desired_status, "status": allocation.client_status, "version": allocation.job_version,
                "healthy": allocation.deployment_status.healthy, "canary": allocation.deployment_status.canary,
                "create_time": allocation.create_time, "restarts": restarts(allocation),
                "last_event": last_event(allocation).map(|event| json!({
                    "type": event.kind, "time": event.time, "message": event.display_message,
                })),
            })
        })
        .collect();
    json!({
        "job": name,
        "stage": stage,
        "job_id": id,
        "exists": true,
        "stopped": state.running.stopped,
        "held": hold::of(&state.running),
        "status": state.running.status,
        "type": state.running.kind,
        "version": state.running.version,
        "job_modify_index": state.running.job_modify_index,
        "submit_time": state.running.submit_time,
        "differs": state.differs,
        "origin": state.origin,
        "deployment": state.deployment.as_ref().map(|deployment| json!({
            "id": deployment.id, "status": deployment.status, "description": deployment.status_description,
            "version": deployment.job_version,
        })),
        "groups": groups(state).iter().map(|group| json!({
            "name": group.name, "running": group.running, "desired": group.desired, "healthy": group.healthy,
        })).collect::<Vec<_>>(),
        "awaits_promotion": awaits_promotion(state),
        "next_launch": state.next_launch,
        "instances": state.instances.iter().map(Instance::to_json).collect::<Vec<_>>(),
        "allocations": allocations,
    })
}
