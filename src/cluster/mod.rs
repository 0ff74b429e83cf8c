//! Where jobs run: one trait, a client of Nomad's HTTP API, and an embedded registry.
//!
//! Commands know the [`Cluster`] trait, never the kind. Jobs cross it in the shape of Nomad's
//! API ([`JobDocument`]); a [`crate::jobspec::Job`] is converted at the edge. A cluster value is
//! bound to one namespace and region: those of its stage.

mod environment;
mod exec;
pub mod local;
pub mod model;
pub mod nomad;
pub mod placement;
pub mod state;

use std::path::Path;
use std::time::Duration;

pub use environment::Environment;
pub use exec::{ExecIo, ExecRequest, Stream};
pub use model::*;
pub use state::*;

use crate::diagnostic::Result;
use crate::project::{ClusterConfig, Stage};

crate::codes! {
    /// No answer from the cluster.
    UNREACHABLE = "P0901", "the cluster cannot be reached", "docs/clusters.md";
    /// The token does not allow the request.
    DENIED = "P0902", "the cluster denied permission", "https://developer.hashicorp.com/nomad/docs/concepts/acl";
    /// Something answered that is not Nomad, or only half.
    RUBBISH = "P0903", "the answer is not one of Nomad's API", "docs/clusters.md";
    /// The cluster reported an error.
    SERVER_ERROR = "P0904", "the cluster answered with an error", "https://developer.hashicorp.com/nomad/api-docs";
    /// The job moved since it was read.
    STALE = "P0905", "the running job moved since it was planned", "https://developer.hashicorp.com/nomad/api-docs/jobs#enforceindex";
    /// What was asked for is not there.
    NOT_FOUND = "P0906", "the cluster has nothing of this name", "https://developer.hashicorp.com/nomad/api-docs";
    /// The request does not fit the job.
    BAD_REQUEST = "P0907", "the cluster refused the request", "https://developer.hashicorp.com/nomad/api-docs";
    /// The settings of a connection cannot work.
    BAD_CONNECTION = "P0908", "the settings of a connection cannot work", "docs/clusters.md";
    /// A token would travel unencrypted.
    TOKEN_IN_THE_CLEAR = "P0909", "a token would be sent over plain HTTP", "docs/clusters.md";
    /// A file of the embedded registry is broken.
    BROKEN_REGISTRY = "P0910", "a file of the local registry cannot be read", "docs/clusters.md";
    /// A file of the embedded registry could not be written.
    REGISTRY_IO = "P0911", "the local registry could not be written", "docs/clusters.md";
    /// Another process holds the embedded registry.
    REGISTRY_LOCKED = "P0912", "another process holds the local registry", "docs/clusters.md";
    /// The embedded registry has no such thing.
    NOT_LOCAL = "P0913", "the local registry runs nothing", "docs/clusters.md";
    /// The cluster refused the job itself.
    JOB_REFUSED = "P0914", "the cluster refused the job", "https://developer.hashicorp.com/nomad/api-docs/jobs";
}

/// How long to wait for a change: a blocking query of Nomad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Wait until the state is newer than this index; 0 answers at once.
    pub index: u64,
    /// At most this long.
    pub at_most: Duration,
}

impl Wait {
    /// Answer at once.
    pub const NOW: Self = Self { index: 0, at_most: Duration::ZERO };

    /// Until something is newer than `index`, at most this long.
    pub fn after(index: u64, at_most: Duration) -> Self {
        Self { index, at_most }
    }
}

/// A value and the index of the state that it was read from, for the next [`Wait`].
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<T> {
    /// What was read.
    pub value: T,
    /// `X-Nomad-Index`.
    pub index: u64,
}

/// A place where jobs run.
///
/// Every method may fail with a [`crate::diagnostic::Failure`] whose kind is `Unreachable` (no
/// answer, or no permission), `Stale` (the check index did not hold), `Invalid` (the cluster
/// refused the job) or `Other`. Only reads are repeated after an error.
pub trait Cluster: Send + Sync {
    /// What it is, for messages: `Nomad at http://127.0.0.1:4646`, `local registry .platy/local`.
    fn describe(&self) -> String;

    /// The namespace that this value is bound to.
    fn namespace(&self) -> &str;

    /// The region that requests are for; `None` where that is the server's own.
    fn region(&self) -> Option<&str> {
        None
    }

    /// Version and leader; proves that the cluster answers.
    fn info(&self) -> Result<ClusterInfo>;

    /// The job as the cluster holds it now, also when it is stopped; `None` if it does not exist.
    fn read_job(&self, id: &str) -> Result<Option<RunningJob>>;

    /// The jobs whose ID begins with `prefix`, by ID.
    fn list(&self, prefix: &str) -> Result<Vec<JobStub>>;

    /// What registering the job would do; changes nothing.
    fn plan(&self, job: &JobDocument, diff: bool) -> Result<PlanAnswer>;

    /// What the server says of the job, without the scheduler.
    fn validate(&self, job: &JobDocument) -> Result<ServerVerdict>;

    /// Registers a version of the job.
    ///
    /// `check_index` is the [`RunningJob::job_modify_index`] that the job must still have; 0 means
    /// that it must not exist; `None` checks nothing.
    ///
    /// # Errors
    /// `Stale` where the job moved. A lost answer is resolved by reading the job.
    fn register(
        &self,
        job: &JobDocument,
        check_index: Option<u64>,
        submission: &Submission,
    ) -> Result<Registered>;

    /// Stops the job, which stays known; with `purge` it is forgotten.
    fn deregister(&self, id: &str, purge: bool) -> Result<Registered>;

    /// The versions that the cluster still has, newest first.
    fn versions(&self, id: &str) -> Result<Vec<JobVersion>>;

    /// Registers an older version again; `prior` is the version that must be the current one.
    fn revert(&self, id: &str, version: u64, prior: Option<u64>) -> Result<Registered>;

    /// What a version was submitted as, if the cluster still has it.
    fn submission(&self, id: &str, version: u64) -> Result<Option<Submission>>;

    /// Names a version; restarts nothing.
    fn tag_version(&self, id: &str, version: u64, name: &str, description: &str) -> Result<()>;

    /// Takes the name of a version away.
    fn untag_version(&self, id: &str, name: &str) -> Result<()>;

    /// An evaluation.
    fn evaluation(&self, id: &str, wait: Wait) -> Result<Observed<Evaluation>>;

    /// The evaluations of a job, newest first.
    fn evaluations(&self, job: &str) -> Result<Vec<Evaluation>>;

    /// A deployment.
    fn deployment(&self, id: &str, wait: Wait) -> Result<Observed<Deployment>>;

    /// The newest deployment of a job, if it ever had one.
    fn latest_deployment(&self, job: &str, wait: Wait) -> Result<Observed<Option<Deployment>>>;

    /// The allocations of a job, those of older versions too.
    fn allocations(&self, job: &str, wait: Wait) -> Result<Observed<Vec<Allocation>>>;

    /// How the checks of an allocation's services stand that the cluster does itself.
    fn checks(&self, allocation: &str) -> Result<Vec<CheckResult>>;

    /// A part of the log of a task, of at most the limit's bytes.
    fn logs(&self, request: &LogRequest) -> Result<LogChunk>;

    /// Where the log of a task ends now; `from` and `limit` say nothing here.
    fn log_end(&self, request: &LogRequest) -> Result<LogMark>;

    /// Passes on what a task prints, from the place of `request` on, until the stream ends or `sink` answers no.
    /// While nothing is printed, `sink` gets an empty part about once a second.
    fn follow_logs(&self, request: &LogRequest, sink: &mut dyn FnMut(LogPart<'_>) -> bool) -> Result<()>;

    /// Runs a command in a task; gives its exit code, or `None` where we were interrupted.
    fn exec(&self, request: &ExecRequest, io: &mut ExecIo<'_>) -> Result<Option<i64>>;

    /// Promotes the canaries of every group.
    fn promote(&self, deployment: &str) -> Result<Promoted>;

    /// Fails a deployment; what it reverts to is in the answer.
    fn fail(&self, deployment: &str) -> Result<Promoted>;

    /// Sets the count of a group.
    fn scale(&self, job: &str, group: &str, count: u64, message: &str) -> Result<Registered>;

    /// Starts an instance of a parameterized job.
    fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched>;

    /// Starts an instance of a periodic job now.
    fn force_periodic(&self, id: &str) -> Result<Dispatched>;

    /// Restarts the tasks of an allocation, or one task.
    fn restart(&self, allocation: &str, task: Option<&str>) -> Result<()>;
}

/// Opens the cluster of a stage. Nothing is asked of it yet.
///
/// `root` is the project's folder (paths are shown relative to it), `environment` the
/// `NOMAD_*` variables of the caller.
///
/// # Errors
/// `BAD_CONNECTION` and `TOKEN_IN_THE_CLEAR` for settings that cannot work.
pub fn open(
    config: &ClusterConfig,
    stage: &Stage,
    environment: &Environment,
    root: &Path,
) -> Result<Box<dyn Cluster>> {
    match config {
        ClusterConfig::Local { path } => Ok(Box::new(local::LocalCluster::new(path, root, &stage.namespace))),
        ClusterConfig::Nomad(config) => {
            let connection = nomad::Connection::resolve(config, stage, environment)?;
            Ok(Box::new(nomad::NomadCluster::new(connection)?))
        }
    }
}
