//! The embedded registry: versions of jobs in a folder, with the semantics of Nomad.
//!
//! It runs nothing: a service is healthy as soon as it is registered, a batch job has ended. So
//! every command works on a fresh machine, and the folder, one JSON file a job, can keep in git
//! what is deployed. [`store`] owns the files, [`compare`] what a change does to allocations.

mod compare;
mod instances;
mod store;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

pub use store::Step;
use store::{Record, Store, Version};

use super::{
    Allocation, BAD_REQUEST, CheckResult, Cluster, ClusterInfo, Deployment, DispatchRequest, Dispatched,
    Evaluation, ExecIo, ExecRequest, JOB_REFUSED, JobDocument, JobStub, JobVersion, LogChunk, LogMark,
    LogPart, LogRequest, NOT_FOUND, NOT_LOCAL, Observed, PlanAnswer, Promoted, Registered, RunningJob, STALE,
    ServerVerdict, Submission, VersionTag, Wait,
};
use crate::diagnostic::{Code, Diagnostic, Failure, FailureKind, Result};

/// Versions that are kept beside the tagged ones, as Nomad's `job_tracked_versions`.
const KEPT_VERSIONS: usize = 6;

/// The registry in a folder, in one namespace.
#[derive(Clone)]
pub struct LocalCluster {
    store: Store,
    namespace: String,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl LocalCluster {
    /// The registry in `folder`, which is made when something is first written.
    ///
    /// Its files are shown relative to `root`.
    pub fn new(folder: &Path, root: &Path, namespace: &str) -> Self {
        let clock = || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
        };
        Self {
            store: Store::new(folder, root, namespace),
            namespace: namespace.to_owned(),
            clock: Arc::new(clock),
        }
    }

    /// The same with another clock (nanoseconds since 1970), for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The same with a function that is called before each step of a write, for tests.
    #[must_use]
    pub fn with_step_hook(
        mut self,
        hook: impl Fn(Step) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.store.hook = Some(Arc::new(hook));
        self
    }

    fn identifier(&self, kind: &str, parts: &str) -> String {
        let name = format!("{kind}/{}/{parts}", self.namespace);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
    }

    fn eval_id(&self, job: &str, index: u64) -> String {
        self.identifier("evaluation", &format!("{job}/{index}"))
    }

    fn deployment_of(&self, record: &Record) -> Option<Deployment> {
        let version =
            record.versions.iter().rev().find(|version| !version.stopped && version.kind() == "service")?;
        Some(self.deployment_at(record, version))
    }

    fn deployment_at(&self, record: &Record, version: &Version) -> Deployment {
        let groups = compare::groups(&version.job).into_iter().map(|group| {
            let count = compare::count(&version.job, group);
            let group_state = super::DeploymentGroup {
                desired_total: count,
                placed_allocs: count,
                healthy_allocs: count,
                ..Default::default()
            };
            (compare::name(group).to_owned(), group_state)
        });
        Deployment {
            id: self.identifier("deployment", &format!("{}/{}", record.id, version.job_modify_index)),
            job: record.id.clone(),
            job_version: version.version,
            job_spec_modify_index: version.job_modify_index,
            status: "successful".to_owned(),
            status_description: "Deployment completed successfully".to_owned(),
            task_groups: groups.collect(),
            create_index: version.job_modify_index,
            modify_index: version.job_modify_index,
        }
    }

    fn evaluation_at(&self, record: &Record, version: &Version) -> Evaluation {
        let deployment = if version.kind() == "service" && !version.stopped {
            self.deployment_at(record, version).id
        } else {
            String::new()
        };
        let trigger = if version.stopped { "job-deregister" } else { "job-register" };
        Evaluation {
            id: self.eval_id(&record.id, version.job_modify_index),
            job: record.id.clone(),
            status: "complete".to_owned(),
            triggered_by: trigger.to_owned(),
            kind: version.kind().to_owned(),
            deployment,
            create_index: version.job_modify_index,
            modify_index: version.job_modify_index,
            ..Evaluation::default()
        }
    }

    /// Changes one record under the lock of the registry.
    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Record) -> Result<T>) -> Result<T> {
        let guard = self.store.lock()?;
        let mut record = self.store.read(id)?.unwrap_or_else(|| Record::new(id));
        let before = record.clone();
        let value = change(&mut record)?;
        if record != before {
            self.store.write(&guard, &record)?;
        }
        Ok(value)
    }

    /// Adds a version to a record, whatever its contents.
    fn add(
        &self,
        record: &mut Record,
        job: JobDocument,
        submission: Submission,
        stopped: bool,
    ) -> Registered {
        let number = record.versions.last().map_or(0, |version| version.version + 1);
        record.index += 1;
        record.purged = false;
        let index = record.index;
        let version = Version {
            version: number,
            job_modify_index: index,
            submit_time: (self.clock)(),
            stopped,
            tag: None,
            submission,
            job,
        };
        let registered = Registered {
            eval_id: (!version.is_template()).then(|| self.eval_id(&record.id, index)),
            job_modify_index: index,
            ..Registered::default()
        };
        record.versions.push(version);
        while record.versions.iter().filter(|version| version.tag.is_none()).count() > KEPT_VERSIONS {
            let Some(oldest) = record.versions.iter().position(|version| version.tag.is_none()) else {
                break;
            };
            record.versions.remove(oldest);
        }
        registered
    }

    /// The job as it is stored: in this namespace, without what the registry itself keeps.
    fn document(&self, job: &JobDocument) -> Result<(String, JobDocument)> {
        let mut job = job.clone();
        let id = job.get("ID").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(fields) = job.as_object_mut().filter(|_| !id.is_empty()) else {
            let message = "the cluster refused the job: it has no ID";
            return Err(Failure::from(Diagnostic::error(&JOB_REFUSED, message)));
        };
        for key in store::KEPT_BY_THE_REGISTRY {
            fields.shift_remove(key);
        }
        fields.insert("Namespace".to_owned(), self.namespace.clone().into());
        Ok((id, job))
    }
}

fn other(code: &'static Code, message: String) -> Failure {
    Failure::new(FailureKind::Other, Diagnostic::error(code, message))
}

fn no_job(id: &str) -> Failure {
    Failure::new(
        FailureKind::Other,
        Diagnostic::error(&NOT_FOUND, format!("there is no job `{id}` in the local registry"))
            .hint("`platy-manage list` shows the jobs that are there"),
    )
}

fn runs_nothing(what: &str) -> Failure {
    Failure::new(
        FailureKind::Other,
        Diagnostic::error(&NOT_LOCAL, format!("{what}: the local registry runs nothing"))
            .hint("use a stage whose cluster is a Nomad"),
    )
}

fn at_once<T>(value: T, index: u64, wait: Wait) -> Observed<T> {
    // Nothing here ever changes by itself; a caller that waits for a change must not spin.
    if wait.index >= index && wait.index > 0 {
        std::thread::sleep(wait.at_most.min(std::time::Duration::from_millis(50)));
    }
    Observed { value, index }
}

impl Cluster for LocalCluster {
    fn describe(&self) -> String {
        format!("local registry {}", self.store.shown())
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn info(&self) -> Result<ClusterInfo> {
        Ok(ClusterInfo { version: env!("CARGO_PKG_VERSION").to_owned(), leader: String::new() })
    }

    fn read_job(&self, id: &str) -> Result<Option<RunningJob>> {
        let record = self.store.read(id)?;
        Ok(record.and_then(|record| record.versions.last().map(Version::running_job)))
    }

    fn list(&self, prefix: &str) -> Result<Vec<JobStub>> {
        let records = self.store.all()?;
        let current = records.iter().filter(|record| record.id.starts_with(prefix));
        Ok(current
            .filter_map(|record| record.versions.last().map(|version| version.stub(&record.id)))
            .collect())
    }

    fn plan(&self, job: &JobDocument, diff: bool) -> Result<PlanAnswer> {
        let (id, job) = self.document(job)?;
        let record = self.store.read(&id)?;
        let current = record.as_ref().and_then(|record| record.versions.last());
        let groups =
            compare::updates(current.filter(|version| !version.stopped).map(|version| &version.job), &job);
        let kind = match current {
            None => "Added",
            Some(version) if version.stopped || !compare::same(&version.job, &job) => "Edited",
            Some(_) => "None",
        };
        Ok(PlanAnswer {
            job_modify_index: current.map_or(0, |version| version.job_modify_index),
            groups,
            diff: if diff { json!({"Type": kind, "ID": id}) } else { Value::Null },
            ..PlanAnswer::default()
        })
    }

    fn validate(&self, job: &JobDocument) -> Result<ServerVerdict> {
        self.document(job)?;
        Ok(ServerVerdict::default())
    }

    fn register(&self, job: &JobDocument, check: Option<u64>, submission: &Submission) -> Result<Registered> {
        let (id, job) = self.document(job)?;
        self.change(&id, |record| {
            let current = record.versions.last();
            let index = current.map_or(0, |version| version.job_modify_index);
            if let Some(expected) = check.filter(|expected| *expected != index) {
                let says = match (expected, index) {
                    (0, _) => format!("it must not exist, and it does (index {index})"),
                    (_, 0) => format!("it was at index {expected}, and does not exist any more"),
                    _ => format!("it was at index {expected}, and is at {index} now"),
                };
                return Err(Failure::new(
                    FailureKind::Stale,
                    Diagnostic::error(&STALE, format!("could not register the job `{id}`: {says}"))
                        .hint("look at the difference again, then repeat"),
                ));
            }
            if let Some(same) =
                current.filter(|version| !version.stopped && compare::same(&version.job, &job))
            {
                // As in Nomad: an equal job makes no version.
                let eval_id = (!same.is_template()).then(|| self.eval_id(&id, index));
                return Ok(Registered { eval_id, job_modify_index: index, ..Registered::default() });
            }
            Ok(self.add(record, job, submission.clone(), false))
        })
    }

    fn deregister(&self, id: &str, purge: bool) -> Result<Registered> {
        self.change(id, |record| {
            let Some(current) = record.versions.last().cloned() else { return Err(no_job(id)) };
            if purge {
                // The index stays, so that an index that was seen before is never given again.
                record.index += 1;
                record.versions.clear();
                record.purged = true;
                return Ok(Registered { job_modify_index: record.index, ..Registered::default() });
            }
            if current.stopped {
                return Ok(Registered {
                    job_modify_index: current.job_modify_index,
                    ..Registered::default()
                });
            }
            Ok(self.add(record, current.job, current.submission, true))
        })
    }

    fn versions(&self, id: &str) -> Result<Vec<JobVersion>> {
        let versions = self.store.read(id)?.map(|record| record.versions).unwrap_or_default();
        Ok(versions.iter().rev().map(Version::running_job).collect())
    }

    fn revert(&self, id: &str, version: u64, prior: Option<u64>) -> Result<Registered> {
        self.change(id, |record| {
            let Some(current) = record.versions.last() else { return Err(no_job(id)) };
            if let Some(prior) = prior.filter(|prior| *prior != current.version) {
                let message = format!(
                    "could not revert the job `{id}`: it was at version {prior}, and is at {} now",
                    current.version
                );
                return Err(Failure::new(FailureKind::Stale, Diagnostic::error(&STALE, message)));
            }
            if current.version == version {
                let message =
                    format!("could not revert the job `{id}`: version {version} is the current one");
                return Err(other(&BAD_REQUEST, message));
            }
            let Some(old) = record.versions.iter().find(|old| old.version == version).cloned() else {
                let known: Vec<_> = record.versions.iter().map(|old| old.version.to_string()).collect();
                let diagnostic = Diagnostic::error(
                    &NOT_FOUND,
                    format!("the job `{id}` has no version {version} any more"),
                )
                .hint(format!("there are: {}", known.join(", ")));
                return Err(Failure::new(FailureKind::Other, diagnostic));
            };
            Ok(self.add(record, old.job, old.submission, false))
        })
    }

    fn submission(&self, id: &str, version: u64) -> Result<Option<Submission>> {
        let record = self.store.read(id)?.unwrap_or_else(|| Record::new(id));
        let found = record.versions.into_iter().find(|found| found.version == version);
        Ok(found.map(|found| found.submission).filter(|submission| !submission.source.is_empty()))
    }

    fn tag_version(&self, id: &str, version: u64, name: &str, description: &str) -> Result<()> {
        self.change(id, |record| {
            let taken = record.versions.iter().find(|found| {
                found.version != version && found.tag.as_ref().is_some_and(|tag| tag.name == name)
            });
            if let Some(taken) = taken {
                let message = format!("version {} of `{id}` has the tag `{name}` already", taken.version);
                return Err(other(&BAD_REQUEST, message));
            }
            let found = record.versions.iter_mut().find(|found| found.version == version);
            let Some(found) = found else {
                return Err(other(&NOT_FOUND, format!("the job `{id}` has no version {version}")));
            };
            found.tag = Some(VersionTag { name: name.to_owned(), description: description.to_owned() });
            Ok(())
        })
    }

    fn untag_version(&self, id: &str, name: &str) -> Result<()> {
        self.change(id, |record| {
            for version in &mut record.versions {
                version.tag.take_if(|tag| tag.name == name);
            }
            Ok(())
        })
    }

    fn evaluation(&self, id: &str, wait: Wait) -> Result<Observed<Evaluation>> {
        for record in self.store.all()? {
            let found = record
                .versions
                .iter()
                .find(|version| self.eval_id(&record.id, version.job_modify_index) == id);
            if let Some(version) = found {
                let evaluation = self.evaluation_at(&record, version);
                return Ok(at_once(evaluation, version.job_modify_index, wait));
            }
        }
        Err(other(&NOT_FOUND, format!("there is no evaluation `{id}` in the local registry")))
    }

    fn evaluations(&self, job: &str) -> Result<Vec<Evaluation>> {
        let Some(record) = self.store.read(job)? else { return Ok(Vec::new()) };
        let versions = record.versions.iter().rev().filter(|version| !version.is_template());
        Ok(versions.map(|version| self.evaluation_at(&record, version)).collect())
    }

    fn deployment(&self, id: &str, wait: Wait) -> Result<Observed<Deployment>> {
        for record in self.store.all()? {
            let mut services = record.versions.iter().filter(|version| version.kind() == "service");
            let found = services.find_map(|version| {
                Some(self.deployment_at(&record, version)).filter(|deployment| deployment.id == id)
            });
            if let Some(deployment) = found {
                let index = deployment.modify_index;
                return Ok(at_once(deployment, index, wait));
            }
        }
        Err(other(&NOT_FOUND, format!("there is no deployment `{id}` in the local registry")))
    }

    fn latest_deployment(&self, job: &str, wait: Wait) -> Result<Observed<Option<Deployment>>> {
        let record = self.store.read(job)?;
        let index = record.as_ref().map_or(0, |record| record.index);
        Ok(at_once(record.and_then(|record| self.deployment_of(&record)), index, wait))
    }

    fn allocations(&self, job: &str, wait: Wait) -> Result<Observed<Vec<Allocation>>> {
        let record = self.store.read(job)?;
        let index = record.as_ref().map_or(0, |record| record.index);
        let allocations = record.map(|record| self.pretend(&record)).unwrap_or_default();
        Ok(at_once(allocations, index, wait))
    }

    fn checks(&self, _: &str) -> Result<Vec<CheckResult>> {
        Ok(Vec::new())
    }

    fn logs(&self, _: &LogRequest) -> Result<LogChunk> {
        Err(runs_nothing("there are no logs"))
    }

    fn log_end(&self, _: &LogRequest) -> Result<LogMark> {
        Err(runs_nothing("there are no logs"))
    }

    fn follow_logs(&self, _: &LogRequest, _: &mut dyn FnMut(LogPart<'_>) -> bool) -> Result<()> {
        Err(runs_nothing("there are no logs"))
    }

    fn exec(&self, _: &ExecRequest, _: &mut ExecIo<'_>) -> Result<Option<i64>> {
        Err(runs_nothing("there is no task to run a command in"))
    }

    fn promote(&self, deployment: &str) -> Result<Promoted> {
        self.deployment(deployment, Wait::NOW)?;
        Err(other(&BAD_REQUEST, format!("the deployment `{deployment}` has ended already")))
    }

    fn fail(&self, deployment: &str) -> Result<Promoted> {
        self.promote(deployment)
    }

    fn scale(&self, job: &str, group: &str, count: u64, _: &str) -> Result<Registered> {
        self.change(job, |record| {
            let Some(current) = record.versions.last().cloned() else { return Err(no_job(job)) };
            let mut document = current.job;
            let groups = document.get_mut("TaskGroups").and_then(Value::as_array_mut);
            let found = groups.into_iter().flatten().find(|found| compare::name(found) == group);
            let Some(found) = found else {
                return Err(other(&NOT_FOUND, format!("the job `{job}` has no group `{group}`")));
            };
            if found.get("Count").and_then(Value::as_u64) == Some(count) {
                let index = current.job_modify_index;
                return Ok(Registered { job_modify_index: index, ..Registered::default() });
            }
            found["Count"] = count.into();
            Ok(self.add(record, document, current.submission, current.stopped))
        })
    }

    fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched> {
        self.start_dispatched(request)
    }

    fn force_periodic(&self, id: &str) -> Result<Dispatched> {
        self.start_periodic(id)
    }

    fn restart(&self, _: &str, _: Option<&str>) -> Result<()> {
        Err(runs_nothing("nothing can be restarted"))
    }
}
