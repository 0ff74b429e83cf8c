//! A client of Nomad's HTTP API.
//!
//! It owns what is asked and what an answer means; [`http`] owns how it is sent.

mod connection;
mod decode;
mod exec;
mod http;
mod logs;
mod register;
mod tls;
mod trouble;

use base64::Engine as _;
use indexmap::IndexMap;
use serde_json::{Value, json};

pub use connection::{Connection, Timing, Token};
use decode::Stamped;
pub(crate) use decode::running_job;
use http::{Call, Http, segment};
use trouble::Trouble;

use super::{
    Allocation, CheckResult, Cluster, ClusterInfo, Deployment, DispatchRequest, Dispatched, Evaluation,
    ExecIo, ExecRequest, JOB_REFUSED, JobDocument, JobStub, JobVersion, LogChunk, LogMark, LogPart,
    LogRequest, Observed, PlanAnswer, Promoted, Registered, RunningJob, ServerVerdict, Submission, Wait,
};
use crate::diagnostic::{Diagnostic, Failure, Result};

/// A Nomad, in one namespace.
pub struct NomadCluster {
    http: Http,
}

impl NomadCluster {
    /// # Errors
    /// `BAD_CONNECTION` where a certificate or key cannot be read.
    pub fn new(connection: Connection) -> Result<Self> {
        Ok(Self { http: Http::new(connection)? })
    }

    /// The job in the namespace and region of this cluster.
    fn document(&self, job: &JobDocument) -> Result<JobDocument> {
        let mut job = job.clone();
        let connection = &self.http.connection;
        let Some(fields) = job.as_object_mut() else {
            return Err(Failure::from(Diagnostic::error(&JOB_REFUSED, "the job is not an object")));
        };
        match fields.get("Namespace").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            Some(other) if other != connection.namespace && other != "default" => {
                let message = format!(
                    "the job is for the namespace `{other}`, the stage for `{}`",
                    connection.namespace
                );
                return Err(Failure::from(
                    Diagnostic::error(&JOB_REFUSED, message)
                        .hint("take `namespace` out of the template, or set it in the stage"),
                ));
            }
            _ => {
                fields.insert("Namespace".to_owned(), connection.namespace.clone().into());
            }
        }
        if let Some(region) = &connection.region {
            fields.insert("Region".to_owned(), region.clone().into());
        }
        Ok(job)
    }

    fn evaluated(&self, call: Call<'_>) -> Result<Registered> {
        let answer = self.http.json::<decode::Evaluated>(call)?;
        Ok(answer.value.into())
    }
}

fn job_path(id: &str, rest: &str) -> String {
    format!("/v1/job/{}{rest}", segment(id))
}

impl Cluster for NomadCluster {
    fn describe(&self) -> String {
        self.http.name()
    }

    fn namespace(&self) -> &str {
        &self.http.connection.namespace
    }

    fn region(&self) -> Option<&str> {
        self.http.connection.region.as_deref()
    }

    fn info(&self) -> Result<ClusterInfo> {
        let call = Call::get("/v1/status/leader".to_owned(), "ask for the leader", "");
        let leader = self.http.json::<String>(call)?.value;
        // Only some tokens may read the agent: the version is worth no error.
        let call = Call::get("/v1/agent/self".to_owned(), "read the agent", "agent:read");
        let agent = self.http.json::<Value>(call).map(|answer| answer.value).unwrap_or_default();
        let version =
            agent.pointer("/member/Tags/build").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ClusterInfo { version, leader })
    }

    fn read_job(&self, id: &str) -> Result<Option<RunningJob>> {
        let call = Call::get(job_path(id, ""), format!("read the job `{id}`"), "read-job");
        Ok(self.http.json_if_any(call)?.map(|answer| decode::running_job(answer.value)))
    }

    fn list(&self, prefix: &str) -> Result<Vec<JobStub>> {
        let call = Call::get("/v1/jobs".to_owned(), "list the jobs", "list-jobs").with("meta", "true");
        let call = if prefix.is_empty() { call } else { call.with("prefix", prefix) };
        let mut stubs: Vec<JobStub> =
            self.http.json::<Vec<decode::Stub>>(call)?.value.into_iter().map(JobStub::from).collect();
        stubs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(stubs)
    }

    fn plan(&self, job: &JobDocument, diff: bool) -> Result<PlanAnswer> {
        let job = self.document(job)?;
        let id = decode::id(&job);
        let body = json!({"Job": job, "Diff": diff});
        let call =
            Call::put(job_path(&id, "/plan"), &body, format!("plan the job `{id}`"), "plan-job").safe();
        let answer = self.http.send(call).map_err(register::refused_job)?;
        let plan = self.http.decode::<decode::Plan>(&answer, &format!("plan the job `{id}`"))?;
        Ok(plan.value.into())
    }

    fn validate(&self, job: &JobDocument) -> Result<ServerVerdict> {
        let job = self.document(job)?;
        let what = format!("validate the job `{}`", decode::id(&job));
        let body = json!({"Job": job});
        let call = Call::put("/v1/validate/job".to_owned(), &body, what, "read-job").safe();
        Ok(self.http.json::<decode::Verdict>(call)?.value.into())
    }

    fn register(&self, job: &JobDocument, check: Option<u64>, submission: &Submission) -> Result<Registered> {
        self.register_once(&self.document(job)?, check, submission)
    }

    fn deregister(&self, id: &str, purge: bool) -> Result<Registered> {
        let what = format!("stop the job `{id}`");
        let call = Call::delete(job_path(id, ""), &what, "submit-job");
        let call = if purge { call.with("purge", "true") } else { call };
        match self.http.send(call) {
            Ok(answer) => Ok(self.http.decode::<decode::Evaluated>(&answer, &what)?.value.into()),
            // The answer is lost, not the job: it is read back.
            Err(Trouble::Lost(failure)) => match self.read_job(id) {
                Ok(None) => Ok(Registered { recovered: true, ..Registered::default() }),
                Ok(Some(job)) if job.stopped && !purge => Ok(Registered {
                    job_modify_index: job.job_modify_index,
                    recovered: true,
                    ..Registered::default()
                }),
                _ => Err(failure),
            },
            Err(trouble) => Err(trouble.failure()),
        }
    }

    fn versions(&self, id: &str) -> Result<Vec<JobVersion>> {
        let call = Call::get(job_path(id, "/versions"), format!("read the versions of `{id}`"), "read-job");
        let versions = self.http.json_if_any::<decode::Versions>(call)?.map(|answer| answer.value);
        let versions = versions.unwrap_or_default().versions;
        Ok(versions.into_iter().map(decode::running_job).collect())
    }

    fn revert(&self, id: &str, version: u64, prior: Option<u64>) -> Result<Registered> {
        let body = json!({"JobID": id, "JobVersion": version, "EnforcePriorVersion": prior});
        let what = format!("revert the job `{id}` to version {version}");
        match self.http.send(Call::put(job_path(id, "/revert"), &body, &what, "submit-job")) {
            Ok(answer) => Ok(self.http.decode::<decode::Evaluated>(&answer, &what)?.value.into()),
            Err(trouble) => Err(register::moved_before_revert(trouble, &what)),
        }
    }

    fn submission(&self, id: &str, version: u64) -> Result<Option<Submission>> {
        let call =
            Call::get(job_path(id, "/submission"), format!("read the submission of `{id}`"), "read-job");
        let answer =
            self.http.json_if_any::<Option<Submission>>(call.with("version", version.to_string()))?;
        Ok(answer.and_then(|answer| answer.value))
    }

    fn tag_version(&self, id: &str, version: u64, name: &str, description: &str) -> Result<()> {
        let body = json!({"Version": version, "Description": description});
        let path = job_path(id, &format!("/versions/{}/tag", segment(name)));
        let what = format!("tag version {version} of `{id}`");
        self.http.json::<Value>(Call::put(path, &body, what, "submit-job")).map(|_| ())
    }

    fn untag_version(&self, id: &str, name: &str) -> Result<()> {
        let path = job_path(id, &format!("/versions/{}/tag", segment(name)));
        let what = format!("take the tag `{name}` from `{id}`");
        self.http.json::<Value>(Call::delete(path, what, "submit-job")).map(|_| ())
    }

    fn evaluation(&self, id: &str, wait: Wait) -> Result<Observed<Evaluation>> {
        let path = format!("/v1/evaluation/{}", segment(id));
        self.http.json(Call::get(path, format!("read the evaluation `{id}`"), "read-job").wait(wait))
    }

    fn evaluations(&self, job: &str) -> Result<Vec<Evaluation>> {
        let call =
            Call::get(job_path(job, "/evaluations"), format!("read the evaluations of `{job}`"), "read-job");
        let mut evaluations = self.http.json::<Option<Vec<Evaluation>>>(call)?.value.unwrap_or_default();
        evaluations.sort_by_key(|evaluation| std::cmp::Reverse(evaluation.create_index));
        Ok(evaluations)
    }

    fn deployment(&self, id: &str, wait: Wait) -> Result<Observed<Deployment>> {
        let path = format!("/v1/deployment/{}", segment(id));
        self.http.json(Call::get(path, format!("read the deployment `{id}`"), "read-job").wait(wait))
    }

    fn latest_deployment(&self, job: &str, wait: Wait) -> Result<Observed<Option<Deployment>>> {
        let what = format!("read the deployment of `{job}`");
        self.http.json(Call::get(job_path(job, "/deployment"), what, "read-job").wait(wait))
    }

    fn allocations(&self, job: &str, wait: Wait) -> Result<Observed<Vec<Allocation>>> {
        let what = format!("read the allocations of `{job}`");
        let call = Call::get(job_path(job, "/allocations"), what, "read-job").wait(wait);
        let answer = self.http.json::<Option<Vec<Allocation>>>(call)?;
        Ok(answer.stamped(Option::unwrap_or_default))
    }

    fn checks(&self, allocation: &str) -> Result<Vec<CheckResult>> {
        let path = format!("/v1/client/allocation/{}/checks", segment(allocation));
        let call = Call::get(path, format!("read the checks of the allocation `{allocation}`"), "read-job");
        let found = self.http.json::<Option<IndexMap<String, CheckResult>>>(call)?.value;
        Ok(found.unwrap_or_default().into_values().collect())
    }

    fn logs(&self, request: &LogRequest) -> Result<LogChunk> {
        self.read_log(request)
    }

    fn log_end(&self, request: &LogRequest) -> Result<LogMark> {
        self.end_of_log(request)
    }

    fn follow_logs(&self, request: &LogRequest, sink: &mut dyn FnMut(LogPart<'_>) -> bool) -> Result<()> {
        self.follow_log(request, sink)
    }

    fn exec(&self, request: &ExecRequest, io: &mut ExecIo<'_>) -> Result<Option<i64>> {
        self.exec_in_task(request, io)
    }

    fn promote(&self, deployment: &str) -> Result<Promoted> {
        let body = json!({"DeploymentID": deployment, "All": true});
        let path = format!("/v1/deployment/promote/{}", segment(deployment));
        let call = Call::put(path, &body, format!("promote the deployment `{deployment}`"), "submit-job");
        Ok(self.http.json::<decode::DeploymentUpdate>(call)?.value.into())
    }

    fn fail(&self, deployment: &str) -> Result<Promoted> {
        let body = json!({"DeploymentID": deployment});
        let path = format!("/v1/deployment/fail/{}", segment(deployment));
        let call = Call::put(path, &body, format!("fail the deployment `{deployment}`"), "submit-job");
        Ok(self.http.json::<decode::DeploymentUpdate>(call)?.value.into())
    }

    fn scale(&self, job: &str, group: &str, count: u64, message: &str) -> Result<Registered> {
        let body = json!({"Count": count, "Target": {"Group": group}, "Message": message});
        let what = format!("scale the group `{group}` of `{job}`");
        self.evaluated(Call::put(job_path(job, "/scale"), &body, what, "scale-job"))
    }

    fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched> {
        let payload = (!request.payload.is_empty())
            .then(|| base64::engine::general_purpose::STANDARD.encode(&request.payload));
        let body = json!({"Meta": request.meta, "Payload": payload});
        let what = format!("dispatch the job `{}`", request.job);
        let call = Call::put(job_path(&request.job, "/dispatch"), &body, what, "dispatch-job");
        let call = match &request.idempotency_token {
            // With a token a repetition starts nothing new.
            Some(token) => call.with("idempotency_token", token).safe(),
            None => call,
        };
        Ok(self.http.json::<decode::Evaluated>(call)?.value.into())
    }

    fn force_periodic(&self, id: &str) -> Result<Dispatched> {
        let body = json!({});
        let call =
            Call::put(job_path(id, "/periodic/force"), &body, format!("run the job `{id}`"), "submit-job");
        let mut started: Dispatched = self.http.json::<decode::Evaluated>(call)?.value.into();
        if let Some(eval) = &started.eval_id {
            // The answer does not name the instance; its evaluation does.
            started.job = self.evaluation(eval, Wait::NOW).map(|found| found.value.job).unwrap_or_default();
        }
        Ok(started)
    }

    fn restart(&self, allocation: &str, task: Option<&str>) -> Result<()> {
        let path = format!("/v1/client/allocation/{}/restart", segment(allocation));
        let body = match task {
            Some(task) => json!({"TaskName": task}),
            None => json!({"AllTasks": true}),
        };
        let what = format!("restart the allocation `{allocation}`");
        self.http.json::<Value>(Call::put(path, &body, what, "alloc-lifecycle")).map(|_| ())
    }
}
