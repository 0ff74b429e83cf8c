//! The project: the folder with `platy.yaml`, its stages, clusters and defaults, and its jobs.
//!
//! Job files are found by name; none is opened here.

mod jobs;
mod read;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Failure, Place, Result, Source};
use crate::load::Node;
pub use jobs::{JobEntry, leaves};

crate::codes! {
    /// No `platy.yaml` here or above.
    NO_PROJECT = "P0140", "there is no `platy.yaml` in this folder or above it", "docs/project.md";
    /// A stage that the project does not have.
    UNKNOWN_STAGE = "P0141", "there is no stage of this name", "docs/project.md";
    /// A cluster that the project does not have.
    UNKNOWN_CLUSTER = "P0142", "there is no cluster of this name", "docs/project.md";
    /// A job that the project does not have.
    UNKNOWN_JOB = "P0143", "there is no job of this name", "docs/job-file.md";
    /// Two files of one name.
    TWO_FILES = "P0144", "two job files have the same name", "docs/job-file.md";
    /// The default stage is protected.
    PROTECTED_DEFAULT = "P0145", "`default_stage` is a protected stage", "docs/project.md";
    /// A path that leads out of the project.
    OUTSIDE = "P0146", "a path leaves the project", "docs/project.md";
    /// A file name that can be no job.
    BAD_JOB_NAME = "P0147", "a file name cannot be the name of a job", "docs/job-file.md";
    /// A stage's settings contradict each other.
    BAD_STAGE = "P0148", "a stage or cluster is not complete, or contradicts itself", "docs/project.md";
}

/// The name of the file that makes a folder a project.
pub const FILE: &str = "platy.yaml";

/// A project, read and checked.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder.
    pub root: PathBuf,
    /// `platy.yaml`.
    pub source: Source,
    /// The stage where none is named; never a protected one.
    pub default_stage: Option<String>,
    /// Values under those of every job.
    pub defaults: Defaults,
    /// The clusters by name; `local` is always there.
    pub clusters: IndexMap<String, ClusterConfig>,
    /// The stages by name.
    pub stages: IndexMap<String, Stage>,
    /// Git repositories by build name.
    pub repositories: IndexMap<String, PathBuf>,
    /// Values that every template sees as `vars`.
    pub vars: Option<Node>,
    /// Files that are there and must not be read, with why; by their absolute paths.
    refused: HashMap<PathBuf, Diagnostic>,
    /// What the project is called, once somebody asked.
    identity: OnceLock<String>,
    /// What a path is shown relative to: how the folder was named on the command line.
    shown: PathBuf,
}

/// `defaults` in `platy.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// For all stages.
    pub config: Option<Node>,
    /// For one stage.
    pub envs: IndexMap<String, Node>,
}

/// A named target: a cluster, a namespace, and guards.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// The name of its cluster.
    pub cluster: String,
    /// The namespace, `default` unless set.
    pub namespace: String,
    /// The region, if set.
    pub region: Option<String>,
    /// Where jobs may run, if restricted.
    pub datacenters: Option<Vec<String>>,
    /// The node pool, if set.
    pub node_pool: Option<String>,
    /// Whether it is reached only by its name on the command line.
    pub protected: bool,
    /// The job ID with `{name}` and `{stage}` in it.
    pub id: String,
    /// MHz that one core of `cpu` is.
    pub mhz_per_core: u32,
    /// Where the wrapper reports to.
    pub monitoring: Monitoring,
    /// How the guards judge.
    pub guards: Guards,
    /// The stage's own layer of values.
    pub config: Option<Node>,
}

/// Where the wrapper reports to.
#[derive(Debug, Clone, Default)]
pub struct Monitoring {
    /// The URL of the events, if there is one.
    pub events: Option<String>,
    /// The mode of jobs that set none: `inject`, `image` or `off`.
    pub mode: Option<String>,
}

/// How the guards of a protected stage judge.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// The branch that must have the commit; the current branch's upstream unless set.
    pub upstream: Option<String>,
    /// Whether `--allow-dirty` may be used.
    pub allow_dirty: bool,
    /// Whether `--allow-unpushed` may be used.
    pub allow_unpushed: bool,
    /// Whether `--allow-unknown-githash` may be used.
    pub allow_unknown_githash: bool,
}

/// Where jobs run.
#[derive(Debug, Clone)]
pub enum ClusterConfig {
    /// The embedded registry, in this folder.
    Local {
        /// The folder, absolute.
        path: PathBuf,
    },
    /// A Nomad.
    Nomad(Box<NomadConfig>),
}

/// How a Nomad is reached.
#[derive(Debug, Clone)]
pub struct NomadConfig {
    /// The address of its HTTP API.
    pub address: String,
    /// The region that requests are for.
    pub region: Option<String>,
    /// The authority that signed the server's certificate.
    pub ca_cert: Option<PathBuf>,
    /// The certificate that we show.
    pub client_cert: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
    /// The name in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub skip_verify: bool,
    /// Where the token comes from.
    pub token: Option<TokenFrom>,
}

/// Where a token comes from; never the token itself.
#[derive(Debug, Clone)]
pub enum TokenFrom {
    /// A file.
    File(PathBuf),
    /// A command that prints it.
    Command(Vec<String>),
}

impl Project {
    /// Finds the project by walking up from `start`.
    ///
    /// # Errors
    /// `NO_PROJECT`, and all that is wrong with `platy.yaml`.
    pub fn find(start: &Path) -> Result<Self> {
        for (up, folder) in start.ancestors().enumerate() {
            if folder.join(FILE).is_file() {
                let shown = if up == 0 { PathBuf::new() } else { PathBuf::from_iter(vec![".."; up]) };
                return Self::read(folder, shown);
            }
        }
        Err(Failure::from(
            Diagnostic::error(&NO_PROJECT, format!("there is no `{FILE}` in this folder or above it"))
                .hint("go to the folder of the project, or name it with `--project DIR`")
                .hint(format!("a new project begins with a `{FILE}` that has one stage: `stages: {{devel: {{cluster: local}}}}`")),
        ))
    }

    /// Opens the project in this folder.
    ///
    /// # Errors
    /// As [`Project::find`].
    pub fn open(root: &Path) -> Result<Self> {
        if root.join(FILE).is_file() {
            let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
            return Self::read(&absolute, root.to_owned());
        }
        Err(Failure::from(
            Diagnostic::error(&NO_PROJECT, format!("there is no `{FILE}` in `{}`", root.display()))
                .hint("`--project DIR` names the folder that has it"),
        ))
    }

    /// Opens the project in this folder, whose files are shown as if they were in `shown`.
    ///
    /// # Errors
    /// All that is wrong with `platy.yaml`.
    pub fn open_as(root: &Path, shown: PathBuf) -> Result<Self> {
        Self::read(root, shown)
    }

    /// What the project is called; it is looked for once.
    pub fn identity(&self, find: impl FnOnce() -> String) -> &str {
        self.identity.get_or_init(find)
    }

    /// A path as the user would write it: relative to the working folder where it is below or above it.
    pub fn display(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(inside) => self.shown.join(inside).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }

    /// The path within the project of a file that is shown as `shown`: the way back from [`Project::display`].
    pub fn within<'n>(&self, shown: &'n str) -> &'n Path {
        let path = Path::new(shown);
        path.strip_prefix(&self.shown).unwrap_or(path)
    }

    /// A stage by its exact name.
    ///
    /// # Errors
    /// `UNKNOWN_STAGE`, with the nearest name.
    pub fn stage(&self, name: &str) -> Result<&Stage> {
        self.stages.get(name).ok_or_else(|| {
            let names = || self.stages.keys().map(String::as_str);
            Failure::from(
                Diagnostic::error(&UNKNOWN_STAGE, format!("there is no stage `{name}`"))
                    .did_you_mean(name, names())
                    .hint(format!(
                        "the stages in {} are: {}",
                        self.source.name(),
                        names().collect::<Vec<_>>().join(", ")
                    )),
            )
        })
    }

    /// The cluster of a stage.
    ///
    /// # Errors
    /// `UNKNOWN_CLUSTER`; reading the project has ruled it out.
    pub fn cluster(&self, stage: &Stage) -> Result<&ClusterConfig> {
        self.clusters.get(&stage.cluster).ok_or_else(|| {
            Failure::from(
                Diagnostic::error(&UNKNOWN_CLUSTER, format!("there is no cluster `{}`", stage.cluster))
                    .at(stage.place.clone()),
            )
        })
    }
}
