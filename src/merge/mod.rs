//! Merge: layers to one tree that remembers where each leaf came from.
//!
//! Maps merge key by key at every depth; scalars and lists replace; `null` removes; `!append`,
//! `!prepend` and `!replace` do what they say. A scalar over a map, or a map over a scalar, is an
//! error that shows both places.

mod apply;
mod fleet;
mod set;
mod value;

use std::fmt;
use std::sync::OnceLock;

pub use fleet::{SharedId, shared_ids};
pub use set::SetArg;
pub(crate) use value::number;
pub use value::{Kind, Loser, Removed, Value};

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::load::{JobFile, Node, model, shape, units, yaml};
use crate::project::{Project, Stage};

crate::codes! {
    /// A scalar over a map, or a map over a scalar.
    CONFLICT = "P0201", "a value and a map meet under one key", "docs/job-file.md";
    /// `!append` with nothing to extend but a value that is no list.
    NOT_A_LIST = "P0202", "`!append` or `!prepend` meets what is no list", "docs/job-file.md";
    /// `--set` that is no assignment.
    BAD_SET = "P0203", "`--set` takes PATH=VALUE", "docs/commands.md";
    /// A key of the file stands in `config` too.
    TWICE = "P0204", "a key stands at the top of the file and in `config`", "docs/job-file.md";
    /// Two jobs would have one ID.
    SHARED_ID = "P0205", "two jobs share an ID in one cluster and namespace", "docs/project.md";
    /// Nothing says for whom the job runs.
    NO_USER = "P0206", "a job has no `user`", "docs/job-file.md";
    /// A job ID that Nomad would refuse.
    BAD_ID = "P0207", "a job's ID is too long", "docs/project.md";
}

/// A source of values, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What holds where nothing else is said.
    BuiltIn,
    /// `defaults.config` of `platy.yaml`.
    Defaults,
    /// `defaults.envs.STAGE` of `platy.yaml`.
    DefaultsStage,
    /// `stages.STAGE.config` of `platy.yaml`.
    Stage,
    /// The job's `config`, and the keys at the top of its file.
    Job,
    /// The job's `envs.STAGE`.
    JobStage,
    /// `--set` on the command line.
    Set,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built-in",
            Self::Defaults => "defaults",
            Self::DefaultsStage => "defaults.envs",
            Self::Stage => "stage",
            Self::Job => "job",
            Self::JobStage => "job.envs",
            Self::Set => "--set",
        })
    }
}

/// Where something came from: the place, and the layer of values that the place belongs to.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Where it is written.
    pub place: Place,
    /// The layer, as the path that it has in its file (`envs.prod`); `None` for what is no value, such as a template.
    pub layer: Option<String>,
    /// What stands there.
    pub standing: Standing,
}

/// What stands at the place of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// What caused it.
    Here,
    /// The list or map that does not have it: what is not written stands nowhere.
    Around,
    /// What is gone, in the older revision of the file.
    Before,
}

impl From<Place> for Cause {
    fn from(place: Place) -> Self {
        Self { place, layer: None, standing: Standing::Here }
    }
}

impl Cause {
    /// `jobs/x.yaml:7 envs.prod`; what stands in no file has no line.
    pub fn words(&self) -> String {
        let source = &self.place.source;
        let standing = match self.standing {
            Standing::Here => "",
            Standing::Around => "not in ",
            Standing::Before => "was ",
        };
        if !source.is_file() {
            return format!("{standing}{}", source.name());
        }
        let line = source.position(self.place.start).line;
        match &self.layer {
            Some(layer) => format!("{standing}{}:{line} {layer}", source.name()),
            None => format!("{standing}{}:{line}", source.name()),
        }
    }
}

/// A job's values for one stage, each with its origin.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The job's name.
    pub name: String,
    /// The stage.
    pub stage: Stage,
    /// The job file it was made of.
    pub file: JobFile,
    /// The template's name, and where the job names it.
    pub template: String,
    /// Where the job names its template.
    pub template_place: Place,
    /// Who the job runs for.
    pub user: String,
    /// `CLUSTER/USER/STAGE/NAME`.
    pub job_key: String,
    /// The ID in Nomad.
    pub job_id: String,
    /// The jobs that must be deployed before it.
    pub needs: Vec<String>,
    /// The values: a map by the keys of `config`.
    pub tree: Value,
    /// Values that were removed by `null`.
    pub removed: Vec<Removed>,
}

impl Merged {
    /// The value at a dotted path: `taskargs.workers`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.tree, |value, key| value.get(key))
    }

    /// The text of the scalar at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Value::text)
    }

    /// The place of a value, with the layer that it is from.
    pub fn cause(&self, place: Place) -> Cause {
        let layer = self.tree.layer_at(&place).and_then(|layer| self.layer_path(layer, &place));
        Cause { layer, ..Cause::from(place) }
    }

    /// Where a value of this name was taken away from what is called `around`: the `null` that did it, else the list
    /// or map of that name, else the one that has the value of the place `beside`, else the job's own values.
    pub fn cause_of_absence(&self, name: &str, around: &str, beside: Option<&Place>) -> Cause {
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        if let Some(removed) = self.removed.iter().find(|removed| last(&removed.path) == name) {
            let layer = self.layer_path(removed.by.layer, &removed.by.place);
            return Cause { layer, ..Cause::from(removed.by.place.clone()) };
        }
        // What is one in HCL is several in YAML: `constraint`, `constraints`.
        let called = [around.to_owned(), format!("{around}s"), format!("{name}s")];
        let called = called.into_iter().find(|key| self.tree.get(key).is_some_and(Value::is_collection));
        let path: Vec<String> =
            called.map(|key| vec![key]).or_else(|| self.tree.path_around(beside?)).unwrap_or_default();
        let root = &self.file.root;
        let written = |node: Option<&Node>, layer| {
            Some((path.iter().try_fold(node?, |node, key| node.get(key))?.place.clone(), layer))
        };
        let merged = || {
            let value = path.iter().try_fold(&self.tree, |value, key| value.get(key))?;
            Some((value.place.clone(), value.layer))
        };
        let (place, layer) = written(root.get("config"), Layer::Job)
            .or_else(|| written(root.get("envs")?.get(&self.stage.name), Layer::JobStage))
            .or_else(merged)
            .unwrap_or_else(|| (root.place.clone(), Layer::Job));
        let layer = self.layer_path(layer, &place);
        Cause { place, layer, standing: Standing::Around }
    }

    /// The path of a layer in the file that it stands in.
    fn layer_path(&self, layer: Layer, place: &Place) -> Option<String> {
        let stage = &self.stage.name;
        Some(match layer {
            Layer::BuiltIn | Layer::Set => return None,
            Layer::Defaults => "defaults.config".to_owned(),
            Layer::DefaultsStage => format!("defaults.envs.{stage}"),
            Layer::Stage => format!("stages.{stage}.config"),
            // What stands at the top of a job file belongs to the same layer.
            Layer::Job => {
                let config = &self.file.root.get("config")?.place;
                (config.start..config.end).contains(&place.start).then(|| "config".to_owned())?
            }
            Layer::JobStage => format!("envs.{stage}"),
        })
    }

    /// MHz that `cpu` asks for.
    pub fn cpu_mhz(&self) -> Option<i64> {
        let cores: f64 = self.text("cpu")?.parse().ok()?;
        Some(units::megahertz(cores, self.stage.mhz_per_core))
    }

    /// MB at a path that holds a size.
    pub fn megabytes(&self, path: &str) -> Option<i64> {
        units::megabytes(self.text(path)?)
    }
}

/// The lowest layer, parsed once.
fn built_in() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(|| {
        let source = Source::words("built-in defaults", model::BUILT_IN);
        yaml::parse(&source).unwrap_or_else(|_| empty(&source))
    })
}

fn empty(source: &Source) -> Node {
    Node { kind: crate::load::Kind::Map(Vec::new()), place: source.place(0..0), directive: None }
}

/// Merges the layers of one job for one stage.
///
/// # Errors
/// Conflicts between layers, `--set` that does not fit the model, an ID that is too long.
pub fn merge(
    project: &Project,
    file: &JobFile,
    stage: &Stage,
    sets: &[SetArg],
) -> Result<Merged, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut merge = apply::Merge::new(built_in());
    let root = &file.root;
    let mut layers: Vec<(Layer, &Node)> = vec![(Layer::BuiltIn, built_in())];
    layers.extend(project.defaults.config.iter().map(|node| (Layer::Defaults, node)));
    layers.extend(project.defaults.envs.get(&stage.name).map(|node| (Layer::DefaultsStage, node)));
    layers.extend(stage.config.iter().map(|node| (Layer::Stage, node)));
    let top = top_keys(root, &mut problems);
    layers.push((Layer::Job, &top));
    layers.extend(root.get("config").map(|node| (Layer::Job, node)));
    layers
        .extend(root.get("envs").and_then(|envs| envs.get(&stage.name)).map(|node| (Layer::JobStage, node)));
    for set in sets {
        shape::check(&set.node, &shape::Shape::Record(model::CONFIG), "", shape::Mode::Layer, &mut problems);
        layers.push((Layer::Set, &set.node));
    }
    for (layer, node) in layers {
        merge.layer(layer, node);
    }
    let (tree, removed, conflicts) = merge.finish();
    problems.extend(conflicts);
    value::check_required(&tree, &shape::Shape::Record(model::CONFIG), "", &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let template = root.entry("file");
    let user = tree.get("user").and_then(Value::text).unwrap_or_default().to_owned();
    if user.is_empty() {
        let place = root.place.source.place(root.place.start..root.place.start);
        return Err(vec![
            Diagnostic::error(&NO_USER, format!("nothing says who `{}` runs for", file.name))
                .at(place)
                .hint("add `user: NAME` to the job, or to `defaults.config` in platy.yaml"),
        ]);
    }
    let job_id = job_id(stage, &file.name);
    if job_id.len() > 255 {
        return Err(vec![
            Diagnostic::error(&BAD_ID, format!("the job's ID would have {} characters", job_id.len()))
                .at(stage.place.clone())
                .hint("Nomad takes at most 255"),
        ]);
    }
    Ok(Merged {
        name: file.name.clone(),
        stage: stage.clone(),
        file: file.clone(),
        template: template.and_then(|entry| entry.value.text()).unwrap_or_default().to_owned(),
        template_place: template.map_or_else(|| root.place.clone(), |entry| entry.value.place.clone()),
        job_key: format!("{}/{user}/{}/{}", stage.cluster, stage.name, file.name),
        user,
        job_id,
        needs: root
            .get("needs")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
        tree,
        removed,
    })
}

/// The ID in Nomad of a job in a stage.
pub fn job_id(stage: &Stage, name: &str) -> String {
    stage.id.replace("{name}", name).replace("{stage}", &stage.name)
}

/// The keys at the top of a job file that are values: they belong to the job's layer.
fn top_keys(root: &Node, problems: &mut Vec<Diagnostic>) -> Node {
    let mut entries = Vec::new();
    for entry in root.entries() {
        if matches!(entry.key.as_str(), "user" | "buildname" | "hashtype" | "githash") {
            if let Some(other) = root.get("config").and_then(|config| config.entry(&entry.key)) {
                problems.push(
                    Diagnostic::error(
                        &TWICE,
                        format!("`{}` stands at the top of the file and in `config`", entry.key),
                    )
                    .at(other.key_place.clone())
                    .related(entry.key_place.clone(), "and here")
                    .hint("keep one of them"),
                );
            }
            entries.push(entry.clone());
        }
    }
    Node { kind: crate::load::Kind::Map(entries), place: root.place.clone(), directive: None }
}
