//! An emergency stop and a start at the same time: whichever request comes between, the job stays stopped.

use std::sync::atomic::{AtomicUsize, Ordering};

use platy_manage::cluster::local::LocalCluster;
use platy_manage::cluster::{
    Allocation, CheckResult, Cluster, ClusterInfo, Deployment, DispatchRequest, Dispatched, Evaluation,
    ExecIo, ExecRequest, JobDocument, JobStub, JobVersion, LogChunk, LogMark, LogPart, LogRequest, Observed,
    PlanAnswer, Promoted, Registered, RunningJob, ServerVerdict, Submission, Wait,
};
use platy_manage::deploy::hold;
use platy_manage::deploy::submit::{self, KeepCounts};
use platy_manage::diagnostic::{FailureKind, Result};

use crate::cluster::{service, submission};

/// A registry in which somebody starts the job again right after a request, so many times.
struct Meddled {
    inner: LocalCluster,
    after: &'static str,
    times: AtomicUsize,
}

impl Meddled {
    fn meddle(&self, request: &str) {
        let more = || {
            self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        };
        if request == self.after && more() {
            let index = self.inner.read_job("web").unwrap().unwrap().job_modify_index;
            self.inner.register(&service("web", 1, "again"), Some(index), &submission("again")).unwrap();
        }
    }
}

macro_rules! pass_on {
    ($(fn $name:ident(&self $(, $arg:ident: $ty:ty)*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $arg: $ty)*) -> $out {
            let answer = self.inner.$name($($arg),*);
            self.meddle(stringify!($name));
            answer
        })*
    };
}

impl Cluster for Meddled {
    fn namespace(&self) -> &str {
        self.inner.namespace()
    }

    pass_on! {
        fn describe(&self) -> String;
        fn info(&self) -> Result<ClusterInfo>;
        fn read_job(&self, id: &str) -> Result<Option<RunningJob>>;
        fn list(&self, prefix: &str) -> Result<Vec<JobStub>>;
        fn plan(&self, job: &JobDocument, diff: bool) -> Result<PlanAnswer>;
        fn validate(&self, job: &JobDocument) -> Result<ServerVerdict>;
        fn register(&self, job: &JobDocument, index: Option<u64>, submission: &Submission) -> Result<Registered>;
        fn deregister(&self, id: &str, purge: bool) -> Result<Registered>;
        fn versions(&self, id: &str) -> Result<Vec<JobVersion>>;
        fn revert(&self, id: &str, version: u64, prior: Option<u64>) -> Result<Registered>;
        fn submission(&self, id: &str, version: u64) -> Result<Option<Submission>>;
        fn tag_version(&self, id: &str, version: u64, name: &str, description: &str) -> Result<()>;
        fn untag_version(&self, id: &str, name: &str) -> Result<()>;
        fn evaluation(&self, id: &str, wait: Wait) -> Result<Observed<Evaluation>>;
        fn evaluations(&self, job: &str) -> Result<Vec<Evaluation>>;
        fn deployment(&self, id: &str, wait: Wait) -> Result<Observed<Deployment>>;
        fn latest_deployment(&self, job: &str, wait: Wait) -> Result<Observed<Option<Deployment>>>;
        fn allocations(&self, job: &str, wait: Wait) -> Result<Observed<Vec<Allocation>>>;
        fn checks(&self, allocation: &str) -> Result<Vec<CheckResult>>;
        fn logs(&self, request: &LogRequest) -> Result<LogChunk>;
        fn log_end(&self, request: &LogRequest) -> Result<LogMark>;
        fn follow_logs(&self, request: &LogRequest, sink: &mut dyn FnMut(LogPart<'_>) -> bool) -> Result<()>;
        fn exec(&self, request: &ExecRequest, io: &mut ExecIo<'_>) -> Result<Option<i64>>;
        fn promote(&self, deployment: &str) -> Result<Promoted>;
        fn fail(&self, deployment: &str) -> Result<Promoted>;
        fn scale(&self, job: &str, group: &str, count: u64, message: &str) -> Result<Registered>;
        fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched>;
        fn force_periodic(&self, id: &str) -> Result<Dispatched>;
        fn restart(&self, allocation: &str, task: Option<&str>) -> Result<()>;
    }
}

/// A registry with the job `web`, and somebody who starts it after such a request.
fn meddled(folder: &std::path::Path, after: &'static str, times: usize) -> Meddled {
    let inner = LocalCluster::new(folder, folder, "default");
    inner.register(&service("web", 1, "first"), Some(0), &submission("first")).unwrap();
    Meddled { inner, after, times: AtomicUsize::new(times) }
}

#[test]
fn a_job_that_is_started_while_it_is_held_is_stopped_again() {
    for after in ["deregister", "versions", "tag_version"] {
        let folder = tempfile::tempdir().unwrap();
        let cluster = meddled(folder.path(), after, 1);
        let job = cluster.inner.read_job("web").unwrap().unwrap();
        hold::stop(&cluster, &job, "burns").unwrap();
        let now = cluster.inner.read_job("web").unwrap().unwrap();
        assert_eq!(hold::of(&now), Some("burns"), "after {after}");
    }
}

#[test]
fn an_emergency_stop_ends_where_the_job_is_started_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = meddled(folder.path(), "tag_version", usize::MAX);
    let job = cluster.inner.read_job("web").unwrap().unwrap();
    let failure = hold::stop(&cluster, &job, "burns").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale);
    assert!(failure.diagnostics[0].message.contains("each time it was stopped"), "{failure:?}");
}

#[test]
fn a_start_of_a_job_that_is_held_at_that_moment_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = meddled(folder.path(), "", 0).inner;
    cluster.deregister("web", false).unwrap();
    let stopped = cluster.read_job("web").unwrap().unwrap();
    let planned = submit::plan(&cluster, service("web", 1, "next"), KeepCounts::No).unwrap();
    // The mark comes when all was looked at and the job is on its way.
    let started = cluster.register(&planned.job, Some(planned.check_index()), &submission("next"));
    started.unwrap();
    cluster.tag_version("web", stopped.version, hold::TAG, "burns").unwrap();
    let failure = hold::check_started(&cluster, "web", stopped.version).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.diagnostics[0].message.contains("burns"), "{failure:?}");
    let now = cluster.read_job("web").unwrap().unwrap();
    assert_eq!(hold::of(&now), Some("burns"), "it is held as it was");
    // An emergency that is long over, on an older version, holds nothing.
    cluster.register(&service("web", 1, "later"), None, &submission("later")).unwrap();
    cluster.untag_version("web", hold::TAG).unwrap();
    cluster.tag_version("web", stopped.version, hold::TAG, "burnt").unwrap();
    let later = cluster.read_job("web").unwrap().unwrap();
    hold::check_started(&cluster, "web", later.version).unwrap();
    assert!(!cluster.read_job("web").unwrap().unwrap().stopped);
}
