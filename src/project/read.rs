//! Reading `platy.yaml`: from its text to stages, clusters and defaults, checked against each other.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use indexmap::IndexMap;

use super::{
    BAD_STAGE, ClusterConfig, Defaults, FILE, Guards, Monitoring, NomadConfig, OUTSIDE, PROTECTED_DEFAULT,
    Project, Stage, TokenFrom, UNKNOWN_CLUSTER, UNKNOWN_STAGE,
};
use crate::diagnostic::{Diagnostic, Failure, Place, Result, Source};
use crate::load::{Node, model, read, shape, units, yaml};

impl Project {
    pub(super) fn read(root: &Path, shown: PathBuf) -> Result<Self> {
        let name = shown.join(FILE).display().to_string();
        let source = read(&root.join(FILE), &name).map_err(Failure::invalid)?;
        Self::from_source(root, shown, source)
    }

    /// Reads the project from the text of its `platy.yaml`, wherever it came from.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_source(root: &Path, shown: PathBuf, source: Source) -> Result<Self> {
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
            refused: HashMap::new(),
            identity: OnceLock::new(),
            shown,
        })
    }
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
