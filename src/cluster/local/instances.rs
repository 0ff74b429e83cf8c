//! What the registry pretends: allocations, and instances of periodic and parameterized jobs.

use base64::Engine as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::store::{Record, Version};
use super::{LocalCluster, compare, no_job, other};
use crate::cluster::{
    Allocation, BAD_REQUEST, DeploymentHealth, DispatchRequest, Dispatched, Submission, TaskEvent, TaskState,
};
use crate::diagnostic::Result;

impl LocalCluster {
    /// The allocations of the current version, healthy or ended.
    pub(super) fn pretend(&self, record: &Record) -> Vec<Allocation> {
        let Some(version) =
            record.versions.last().filter(|version| !version.stopped && !version.is_template())
        else {
            return Vec::new();
        };
        let ended = version.ends();
        let time = version.submit_time;
        let mut allocations = Vec::new();
        for group in compare::groups(&version.job) {
            let group_name = compare::name(group);
            // More than anybody looks at would only be memory.
            for number in 0..compare::count(&version.job, group).min(10_000) {
                let name = format!("{}.{group_name}[{number}]", record.id);
                let tasks = compare::tasks(group).into_iter().map(|task| {
                    let kind = if ended { "Terminated" } else { "Started" };
                    let event = TaskEvent {
                        kind: kind.to_owned(),
                        time,
                        display_message: format!("{kind} by the local registry, which runs nothing"),
                        ..TaskEvent::default()
                    };
                    let state = if ended { "dead" } else { "running" };
                    let state =
                        TaskState { state: state.to_owned(), events: vec![event], ..TaskState::default() };
                    (compare::name(task).to_owned(), state)
                });
                allocations.push(Allocation {
                    id: self.identifier("allocation", &format!("{name}/{}", version.job_modify_index)),
                    job: record.id.clone(),
                    job_version: version.version,
                    task_group: group_name.to_owned(),
                    node_name: "local".to_owned(),
                    eval: self.eval_id(&record.id, version.job_modify_index),
                    deployment: String::new(),
                    desired_status: "run".to_owned(),
                    client_status: if ended { "complete" } else { "running" }.to_owned(),
                    deployment_status: DeploymentHealth {
                        healthy: (version.kind() == "service").then_some(true),
                        canary: false,
                    },
                    task_states: tasks.collect(),
                    create_index: version.job_modify_index,
                    modify_index: version.job_modify_index,
                    create_time: time,
                    modify_time: time,
                    name,
                    ..Allocation::default()
                });
            }
        }
        allocations
    }

    /// The current version of a job that is to be started.
    fn startable(&self, id: &str, block: &str, word: &str) -> Result<Version> {
        let record = self.store.read(id)?;
        let Some(version) = record.and_then(|record| record.versions.last().cloned()) else {
            return Err(no_job(id));
        };
        if !version.is_set(block) {
            return Err(other(&BAD_REQUEST, format!("the job `{id}` is not {word}")));
        }
        if version.stopped {
            return Err(other(&BAD_REQUEST, format!("the job `{id}` is stopped")));
        }
        Ok(version)
    }

    pub(super) fn start_dispatched(&self, request: &DispatchRequest) -> Result<Dispatched> {
        let id = &request.job;
        let parent = self.startable(id, "ParameterizedJob", "parameterized")?;
        let rules = &parent.job["ParameterizedJob"];
        let keys = |key: &str| -> Vec<&str> {
            rules[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let (required, optional) = (keys("MetaRequired"), keys("MetaOptional"));
        let missing: Vec<_> =
            required.iter().filter(|key| !request.meta.contains_key(**key)).copied().collect();
        if !missing.is_empty() {
            let message =
                format!("the job `{id}` is dispatched with the meta {}, which is missing", list(&missing));
            return Err(other(&BAD_REQUEST, message));
        }
        let known = |key: &str| required.contains(&key) || optional.contains(&key);
        let unknown: Vec<_> = request.meta.keys().map(String::as_str).filter(|key| !known(key)).collect();
        if !unknown.is_empty() {
            return Err(other(
                &BAD_REQUEST,
                format!("the job `{id}` does not take the meta {}", list(&unknown)),
            ));
        }
        match (rules["Payload"].as_str().unwrap_or("optional"), request.payload.is_empty()) {
            ("required", true) => return Err(other(&BAD_REQUEST, format!("the job `{id}` needs a payload"))),
            ("forbidden", false) => {
                return Err(other(&BAD_REQUEST, format!("the job `{id}` takes no payload")));
            }
            _ => {}
        }
        if let Some(token) = &request.idempotency_token {
            for record in self.store.all()? {
                let version = record.versions.last();
                let same = |version: &Version| {
                    version.job["ParentID"] == id.as_str()
                        && version.job["DispatchIdempotencyToken"] == token.as_str()
                };
                if version.is_some_and(same) {
                    return Ok(Dispatched { job: record.id, eval_id: None });
                }
            }
        }
        let seconds = (self.clock)() / 1_000_000_000;
        let suffix = &Uuid::new_v4().to_string()[..8];
        let mut job = parent.job.clone();
        let meta = job["Meta"].as_object().cloned().unwrap_or_default();
        let given = request.meta.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        job["Meta"] = meta.into_iter().chain(given).collect::<Map<_, _>>().into();
        job["Dispatched"] = true.into();
        if !request.payload.is_empty() {
            job["Payload"] = base64::engine::general_purpose::STANDARD.encode(&request.payload).into();
        }
        if let Some(token) = &request.idempotency_token {
            job["DispatchIdempotencyToken"] = json!(token);
        }
        self.start(&format!("{id}/dispatch-{seconds}-{suffix}"), id, job)
    }

    pub(super) fn start_periodic(&self, id: &str) -> Result<Dispatched> {
        let parent = self.startable(id, "Periodic", "periodic")?;
        let mut seconds = (self.clock)() / 1_000_000_000;
        while self.store.read(&format!("{id}/periodic-{seconds}"))?.is_some() {
            seconds += 1;
        }
        let mut job = parent.job.clone();
        job["Periodic"] = Value::Null;
        self.start(&format!("{id}/periodic-{seconds}"), id, job)
    }

    fn start(&self, child: &str, parent: &str, mut job: Value) -> Result<Dispatched> {
        job["ID"] = child.into();
        job["Name"] = child.into();
        job["ParentID"] = parent.into();
        let registered =
            self.change(child, |record| Ok(self.add(record, job, Submission::default(), false)))?;
        let eval_id = Some(self.eval_id(child, registered.job_modify_index));
        Ok(Dispatched { job: child.to_owned(), eval_id })
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
