//! The project: the folder with `platy.yaml`, its stages, clusters and defaults, and its jobs.
//!
//! Job files are found by name; none is opened here.

use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Place, Result, Source};
use crate::load::{Node, model, read, shape, units, yaml};

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

/// A job file that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobEntry {
    /// The job's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
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

    fn read(root: &Path, shown: PathBuf) -> Result<Self> {
        let name = shown.join(FILE).display().to_string();
        let source = read(&root.join(FILE), &name).map_err(Failure::invalid)?;
        Self::from_source(root, shown, source)
    }

    /// Reads the project from the text of its `platy.yaml`, wherever it came from.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_source(root: &Path, shown: PathBuf, source: Source) -> Result<Self> {
        let source = without_tokens(source);
        let node = yaml::parse(&source).map_err(Failure::invalid)?;
        let mut problems = Vec::new();
        shape::check(&node, &shape::Shape::Record(model::PROJECT), "", shape::Mode::Layer, &mut problems);
        shape::check_required(&node, model::PROJECT, "", &mut problems);
        for entry in node.get("stages").map(Node::entries).unwrap_or_default() {
            shape::check_required(
                &entry.value,
                model::STAGE,
                &format!("stages.{}", entry.key),
                &mut problems,
            );
        }
        if !problems.is_empty() {
            return Err(Failure::invalid(problems));
        }
        let mut reader = Reader { root, problems };
        let mut clusters = IndexMap::new();
        clusters.insert("local".to_owned(), ClusterConfig::Local { path: root.join(".platy/local") });
        for entry in entries(&node, "clusters") {
            if let Some(cluster) = reader.cluster(&entry.key, &entry.value) {
                clusters.insert(entry.key.clone(), cluster);
            }
        }
        let mut stages = IndexMap::new();
        for entry in entries(&node, "stages") {
            let stage = reader.stage(&entry.key, &entry.key_place, &entry.value, &clusters);
            stages.insert(entry.key.clone(), stage);
        }
        let defaults = reader.defaults(&node, &stages);
        let default_stage = reader.default_stage(&node, &stages);
        let repositories = entries(&node, "repositories")
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), reader.outside_path(entry.value.text()?))))
            .collect();
        if !reader.problems.is_empty() {
            return Err(Failure::invalid(reader.problems));
        }
        Ok(Self {
            root: root.to_owned(),
            source,
            default_stage,
            defaults,
            clusters,
            stages,
            repositories,
            vars: node.get("vars").cloned(),
            shown,
        })
    }

    /// A path as the user would write it: relative to the working folder where it is below or above it.
    pub fn display(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(inside) => self.shown.join(inside).display().to_string(),
            Err(_) => path.display().to_string(),
        }
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

    /// All job files, by name, in order of their names. None is opened.
    ///
    /// # Errors
    /// Two files of one name, a name that can be no job, a folder that cannot be read.
    pub fn jobs(&self) -> Result<Vec<JobEntry>> {
        let mut found = Vec::new();
        let mut problems = Vec::new();
        let folder = self.root.join("jobs");
        if folder.is_dir() {
            let folder = self.inside(&folder)?;
            self.walk(&folder, 0, &mut found, &mut problems);
        }
        found.sort();
        for pair in found.windows(2) {
            if pair[0].name == pair[1].name {
                problems.push(self.two_files(&pair[0], &pair[1]));
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(Failure::invalid(problems)) }
    }

    fn two_files(&self, first: &JobEntry, second: &JobEntry) -> Diagnostic {
        let place = |entry: &JobEntry| Source::new(self.display(&entry.path), "").place(0..0);
        Diagnostic::error(&TWO_FILES, format!("two files make the job `{}`", first.name))
            .at(place(second))
            .related(place(first), "")
            .hint("names are unique over all subfolders of jobs/: rename one")
    }

    fn walk(&self, folder: &Path, depth: usize, found: &mut Vec<JobEntry>, problems: &mut Vec<Diagnostic>) {
        let unreadable = |error: std::io::Error| {
            Diagnostic::error(
                &yaml::UNREADABLE,
                format!("`{}` cannot be read: {error}", self.display(folder)),
            )
        };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return problems.push(unreadable(error)),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return problems.push(unreadable(error)),
            };
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            // Links are not followed into folders: they could leave the project, or go in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < 16 {
                    self.walk(&path, depth + 1, found, problems);
                }
            } else if let Some(stem) = name.strip_suffix(".yaml") {
                if units::is_name(stem) {
                    found.push(JobEntry { name: stem.to_owned(), path });
                } else {
                    problems.push(
                        Diagnostic::error(&BAD_JOB_NAME, format!("`{}` cannot be the name of a job", stem))
                            .at(Source::new(self.display(&path), "").place(0..0))
                            .hint("a name has letters, digits, `-`, `_` and `.`, and at most 128 characters"),
                    );
                }
            } else if name.ends_with(".yml") {
                problems.push(
                    Diagnostic::error(&BAD_JOB_NAME, format!("`{}` would not be found", self.display(&path)))
                        .hint("a job file ends in `.yaml`: rename it"),
                );
            }
        }
    }

    /// The file of a job.
    ///
    /// # Errors
    /// `UNKNOWN_JOB`, with the nearest name.
    pub fn job_path(&self, name: &str) -> Result<PathBuf> {
        if name.contains(['/', '\\']) || !units::is_name(name) {
            let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let diagnostic = Diagnostic::error(&UNKNOWN_JOB, format!("`{name}` is not the name of a job"));
            let diagnostic = diagnostic.hint("a job is named by its file without folder and `.yaml`");
            return Err(Failure::from(if units::is_name(stem) && stem != name {
                diagnostic.hint(format!("did you mean `{stem}`?"))
            } else {
                diagnostic
            }));
        }
        let direct = self.root.join("jobs").join(format!("{name}.yaml"));
        let jobs = self.jobs()?;
        if let Some(entry) = jobs.iter().find(|entry| entry.name == name) {
            return self.inside(&entry.path);
        }
        let names = jobs.iter().map(|entry| entry.name.as_str());
        Err(Failure::from(
            Diagnostic::error(
                &UNKNOWN_JOB,
                format!("there is no job `{name}`: `{}` does not exist", self.display(&direct)),
            )
            .did_you_mean(name, names)
            .hint("`platy-manage list` shows the jobs of the project"),
        ))
    }

    /// The path, if what it leads to is inside the project.
    ///
    /// # Errors
    /// `OUTSIDE` for a link that leaves it.
    pub fn inside(&self, path: &Path) -> Result<PathBuf> {
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
        if is_link {
            let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
            if path.canonicalize().is_ok_and(|real| !real.starts_with(&root)) {
                let message = format!("`{}` is a link that leaves the project", self.display(path));
                return Err(Failure::new(
                    FailureKind::Invalid,
                    Diagnostic::error(&OUTSIDE, message).hint("put what it leads to into the project itself"),
                ));
            }
        }
        Ok(path.to_owned())
    }
}

/// The text with whatever is written as a `token` made unreadable.
///
/// A token as text is refused, and the drawing of that or of any other error shows the lines around
/// it. This looks at the text alone, so that it also holds where the file is no YAML. Each place
/// stays where it was.
fn without_tokens(source: Source) -> Source {
    if !source.text().contains("token") {
        return source;
    }
    let mut text = String::with_capacity(source.text().len());
    for line in source.text().split_inclusive('\n') {
        let value = line.match_indices("token").find_map(|(at, word)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].trim_start_matches(['"', '\'']).trim_start_matches(' ');
            let is_key = before.is_none_or(|c| c.is_whitespace() || matches!(c, '{' | ',' | '"' | '\''));
            (is_key && after.starts_with(':')).then(|| line.len() - after.len() + 1)
        });
        match value {
            Some(value) => {
                text.push_str(&line[..value]);
                let hide = |c: char| if c.is_whitespace() || matches!(c, '}' | ',') { c } else { 'x' };
                // As many bytes as there were.
                text.extend(line[value..].chars().flat_map(|c| std::iter::repeat_n(hide(c), c.len_utf8())));
            }
            None => text.push_str(line),
        }
    }
    Source::new(source.name(), text)
}

fn entries<'n>(node: &'n Node, key: &str) -> &'n [crate::load::Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}

/// Reads checked nodes into the types above.
struct Reader<'r> {
    root: &'r Path,
    problems: Vec<Diagnostic>,
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text).map(str::to_owned)
}

fn truth(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::bool).unwrap_or(false)
}

fn texts(node: &Node, key: &str) -> Option<Vec<String>> {
    let list = node.get(key).filter(|node| !node.is_null())?;
    Some(list.items().iter().filter_map(Node::text).map(str::to_owned).collect())
}

impl Reader<'_> {
    /// A path that may lead anywhere: relative to the project, `~/` as it is for the caller to expand.
    fn outside_path(&self, path: &str) -> PathBuf {
        if path.starts_with("~/") { PathBuf::from(path) } else { self.root.join(path) }
    }

    fn cluster(&mut self, name: &str, node: &Node) -> Option<ClusterConfig> {
        let refuse = |message: String, hint: &str| {
            Some(Diagnostic::error(&BAD_STAGE, message).at(node.place.clone()).hint(hint))
        };
        let problem = match (node.get("address"), node.get("path")) {
            (None, None) => refuse(
                format!("the cluster `{name}` has no `address`"),
                "add the address of its Nomad, or a `path` for an embedded registry",
            ),
            (Some(_), Some(_)) => refuse(
                format!("the cluster `{name}` has an `address` and a `path`"),
                "keep one: a Nomad has an address, an embedded registry a path",
            ),
            _ if node.get("token_file").is_some() && node.get("token_command").is_some() => refuse(
                format!("the cluster `{name}` has two sources of its token"),
                "keep `token_file` or `token_command`",
            ),
            _ if node.get("client_cert").is_some() != node.get("client_key").is_some() => refuse(
                format!("the cluster `{name}` has half a client certificate"),
                "set both `client_cert` and `client_key`",
            ),
            _ => None,
        };
        if let Some(problem) = problem {
            self.problems.push(problem);
            return None;
        }
        if let Some(path) = text(node, "path") {
            let clean = Path::new(&path);
            if clean.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
                self.problems.push(
                    Diagnostic::error(&OUTSIDE, format!("`{path}` leaves the project"))
                        .at(node.get("path").map_or_else(|| node.place.clone(), |node| node.place.clone()))
                        .hint("the registry is a folder inside the project, such as `.platy/local`"),
                );
                return None;
            }
            return Some(ClusterConfig::Local { path: self.root.join(clean) });
        }
        let path = |key: &str| text(node, key).map(|path| self.outside_path(&path));
        let token = match (path("token_file"), texts(node, "token_command")) {
            (Some(file), _) => Some(TokenFrom::File(file)),
            (None, command) => command.map(TokenFrom::Command),
        };
        Some(ClusterConfig::Nomad(Box::new(NomadConfig {
            address: text(node, "address")?.trim_end_matches('/').to_owned(),
            region: text(node, "region"),
            ca_cert: path("ca_cert"),
            client_cert: path("client_cert"),
            client_key: path("client_key"),
            tls_server_name: text(node, "tls_server_name"),
            skip_verify: truth(node, "skip_verify"),
            token,
        })))
    }

    fn stage(
        &mut self,
        name: &str,
        place: &Place,
        node: &Node,
        clusters: &IndexMap<String, ClusterConfig>,
    ) -> Stage {
        if !units::is_name(name) || name.contains('.') {
            self.problems.push(
                Diagnostic::error(&BAD_STAGE, format!("`{name}` cannot be the name of a stage"))
                    .at(place.clone())
                    .hint("a name has letters, digits, `-` and `_`"),
            );
        }
        let cluster = text(node, "cluster").unwrap_or_default();
        if !clusters.contains_key(&cluster) {
            let names = || clusters.keys().map(String::as_str);
            let at = node.get("cluster").map_or_else(|| place.clone(), |node| node.place.clone());
            self.problems.push(
                Diagnostic::error(&UNKNOWN_CLUSTER, format!("there is no cluster `{cluster}`"))
                    .at(at)
                    .did_you_mean(&cluster, names())
                    .hint(format!("the clusters are: {}", names().collect::<Vec<_>>().join(", "))),
            );
        }
        let id = text(node, "id").unwrap_or_else(|| "{name}-{stage}".to_owned());
        if !id.contains("{name}")
            || id.replace("{name}", "").replace("{stage}", "").contains(['{', '}', ' ', '/'])
        {
            let at = node.get("id").map_or_else(|| place.clone(), |node| node.place.clone());
            self.problems.push(
                Diagnostic::error(&BAD_STAGE, format!("`{id}` makes no job IDs")).at(at).hint(
                    "an `id` has `{name}` in it, may have `{stage}`, and no blanks, slashes or other braces",
                ),
            );
        }
        let guards = node.get("guards");
        let allow = |key: &str| guards.is_some_and(|guards| truth(guards, key));
        let monitoring = node.get("monitoring");
        Stage {
            name: name.to_owned(),
            place: place.clone(),
            cluster,
            namespace: text(node, "namespace").unwrap_or_else(|| "default".to_owned()),
            region: text(node, "region"),
            datacenters: texts(node, "datacenters"),
            node_pool: text(node, "node_pool"),
            protected: truth(node, "protected"),
            id,
            mhz_per_core: text(node, "mhz_per_core").and_then(|text| text.parse().ok()).unwrap_or(1000),
            monitoring: Monitoring {
                events: monitoring.and_then(|node| text(node, "events")),
                mode: monitoring.and_then(|node| text(node, "mode")),
            },
            guards: Guards {
                upstream: guards.and_then(|node| text(node, "upstream")),
                allow_dirty: allow("allow_dirty"),
                allow_unpushed: allow("allow_unpushed"),
                allow_unknown_githash: allow("allow_unknown_githash"),
            },
            config: node.get("config").filter(|node| !node.is_null()).cloned(),
        }
    }

    fn defaults(&mut self, node: &Node, stages: &IndexMap<String, Stage>) -> Defaults {
        let Some(node) = node.get("defaults") else { return Defaults::default() };
        let mut envs = IndexMap::new();
        for entry in entries(node, "envs") {
            if !stages.contains_key(&entry.key) {
                self.problems.push(
                    Diagnostic::error(
                        &crate::load::NOT_A_STAGE,
                        format!("`{}` is no stage of this project", entry.key),
                    )
                    .at(entry.key_place.clone())
                    .did_you_mean(&entry.key, stages.keys().map(String::as_str)),
                );
            }
            envs.insert(entry.key.clone(), entry.value.clone());
        }
        Defaults { config: node.get("config").filter(|node| !node.is_null()).cloned(), envs }
    }

    fn default_stage(&mut self, node: &Node, stages: &IndexMap<String, Stage>) -> Option<String> {
        let node = node.get("default_stage").filter(|node| !node.is_null())?;
        let name = node.text()?;
        match stages.get(name) {
            None => self.problems.push(
                Diagnostic::error(&UNKNOWN_STAGE, format!("there is no stage `{name}`"))
                    .at(node.place.clone())
                    .did_you_mean(name, stages.keys().map(String::as_str)),
            ),
            Some(stage) if stage.protected => self.problems.push(
                Diagnostic::error(
                    &PROTECTED_DEFAULT,
                    format!("the protected stage `{name}` cannot be the default"),
                )
                .at(node.place.clone())
                .related(stage.place.clone(), "protected here")
                .hint("a protected stage is reached only by `--stage` on the command line"),
            ),
            Some(_) => {}
        }
        Some(name.to_owned())
    }
}
