//! The project's policies: JSON Schemas over the compiled job, `schemas/policies/*.json` or `.yaml`.
//!
//! A policy is a JSON Schema whose `title` says what is demanded and whose `description` says what
//! to do. Its `x-platy` names the stages it is for (all unless set) and its severity (`error` unless
//! set). All policies are read and compiled once, when the first job needs them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::jobspec::Job;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};
use crate::load::{self, node, yaml};
use crate::merge::number;
use crate::project::Project;

crate::codes! {
    /// A compiled job that a policy of the project refuses.
    POLICY = "P0830", "the job breaks a policy of the project", "docs/validation.md";
    /// A policy that cannot be used.
    BAD_POLICY = "P0831", "a policy of the project cannot be used", "docs/validation.md";
}

/// At most this many findings of one policy in one job: a wrong policy must not drown the rest.
const MOST_FINDINGS: usize = 20;

/// The policies of a project.
#[derive(Debug)]
pub struct Policies {
    folder: PathBuf,
    /// Read and compiled when the first job needs them.
    compiled: OnceLock<Compiled>,
}

#[derive(Debug, Default)]
struct Compiled {
    policies: Vec<Policy>,
    problems: Vec<Diagnostic>,
}

/// One file.
#[derive(Debug)]
struct Policy {
    /// Its path, as the user would write it.
    shown: String,
    /// The stages it is for; all of them if `None`.
    stages: Option<Vec<String>>,
    severity: Severity,
    validator: Validator,
    schema: Json,
}

impl Policies {
    /// The policies of a project; nothing is read yet.
    pub fn new(project: &Project) -> Self {
        Self { folder: project.root.join("schemas/policies"), compiled: OnceLock::new() }
    }

    /// What the policies of this stage say of a job, at places in its rendered text.
    ///
    /// A policy that cannot be used is an error for every job: a check that silently does not run
    /// would be worse than none.
    pub fn check(&self, project: &Project, stage: &str, job: &Job) -> Vec<Diagnostic> {
        let compiled = self.compiled.get_or_init(|| read(project, &self.folder));
        let mut found = compiled.problems.clone();
        let mut instance = None;
        for policy in &compiled.policies {
            if policy.stages.as_ref().is_some_and(|stages| !stages.iter().any(|name| name == stage)) {
                continue;
            }
            let instance: &Json = instance.get_or_insert_with(|| job.to_value());
            if !policy.validator.is_valid(instance) {
                let errors = policy.validator.iter_errors(instance).take(MOST_FINDINGS);
                found.extend(errors.map(|error| policy.finding(&error, job)));
            }
        }
        found
    }
}

impl Policy {
    fn finding(&self, error: &jsonschema::ValidationError<'_>, job: &Job) -> Diagnostic {
        let said = |key: &str| nearest(&self.schema, &error.schema_path().to_string(), key);
        let title = said("title").unwrap_or_else(|| "the compiled job must fit its schema".to_owned());
        let pointer = error.instance_path().to_string();
        let (path, span) = locate(&job.root, &pointer);
        let at = if path.is_empty() { "the job".to_owned() } else { format!("`{path}`") };
        let message = format!("{at} breaks the policy `{}`: {title}", self.shown);
        let mut finding = Diagnostic::error(&POLICY, message);
        finding.severity = self.severity;
        if let Some(place) = job.place(span) {
            finding = finding.at(place);
        }
        if let Some(description) = said("description") {
            finding = finding.hint(description);
        }
        // The value itself may be a secret.
        let pointer = if pointer.is_empty() { "/".to_owned() } else { pointer };
        finding.hint(format!("the schema says of `{pointer}`: {}", error.masked_with("the value")))
    }
}

/// The text under `key` of the innermost schema on the way to the keyword that failed.
fn nearest(schema: &Json, path: &str, key: &str) -> Option<String> {
    let mut found = schema.get(key).and_then(Json::as_str);
    let mut here = Some(schema);
    let mut names = false;
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let step = step.replace("~1", "/").replace("~0", "~");
        here = here.and_then(|value| match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(&step),
        });
        // Below these stand names, so that a `title` there is a property and no text of a schema.
        names =
            !names && matches!(step.as_str(), "properties" | "patternProperties" | "$defs" | "definitions");
        if !names && let Some(text) = here.and_then(|value| value.get(key)).and_then(Json::as_str) {
            found = Some(text);
        }
    }
    found.map(str::to_owned)
}

/// The path by HCL names, and the nearest thing that was written.
fn locate(root: &Object, pointer: &str) -> (String, Option<Span>) {
    let mut path = String::new();
    let mut span = root.span;
    let mut object = Some(root);
    let mut node: Option<&Node> = None;
    for step in pointer.split('/').filter(|step| !step.is_empty()) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let (shown, next) = match (object, node.map(|node| &node.value)) {
            (Some(inside), _) => {
                let field = inside.ty.fields.iter().position(|field| field.json == step);
                let name = field.map(|i| inside.ty.fields[i].hcl).filter(|hcl| !hcl.is_empty());
                (name.unwrap_or(&step).to_owned(), field.and_then(|i| inside.fields.get(i)))
            }
            (None, Some(Value::List(items))) => {
                let item = step.parse::<usize>().ok().and_then(|index| items.get(index));
                let label =
                    item.and_then(Node::as_object).map(|object| object.str("Name")).unwrap_or_default();
                (if label.is_empty() { step.clone() } else { label.to_owned() }, item)
            }
            (None, Some(Value::Map(map))) => (step.clone(), map.get(&step)),
            _ => (step.clone(), None),
        };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&shown);
        node = next;
        object = next.and_then(Node::as_object);
        span = next.and_then(|next| next.span).or_else(|| object.and_then(|object| object.span)).or(span);
    }
    (path, span)
}

fn read(project: &Project, folder: &Path) -> Compiled {
    let mut compiled = Compiled::default();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return compiled,
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", project.display(folder));
            compiled.problems.push(Diagnostic::error(&BAD_POLICY, message));
            return compiled;
        }
    };
    let is_policy = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "json" || extension == "yaml" || extension == "yml")
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_policy).collect();
    paths.sort();
    for path in paths {
        match policy(project, &path) {
            Ok(policy) => compiled.policies.push(policy),
            Err(problems) => compiled.problems.extend(problems),
        }
    }
    compiled
}

fn policy(project: &Project, path: &Path) -> Result<Policy, Vec<Diagnostic>> {
    let path = project.inside(path).map_err(|failure| failure.diagnostics)?;
    let shown = project.display(&path);
    let source = load::read(&path, &shown)?;
    let bad = |message: String| Diagnostic::error(&BAD_POLICY, message);
    let (schema, settings) = if path.extension().is_some_and(|extension| extension == "json") {
        let schema: Json = serde_json::from_str(source.text()).map_err(|error| {
            let start = source.line(error.line()).start + error.column().saturating_sub(1);
            vec![bad(format!("this policy is no JSON: {error}")).at(source.place(start..start + 1))]
        })?;
        let settings = schema.get("x-platy").cloned();
        (schema, settings)
    } else {
        let node = yaml::parse(&source)?;
        let schema = json(&node);
        let settings = schema.get("x-platy").cloned();
        (schema, settings)
    };
    let (stages, severity) =
        settings_of(project, settings.as_ref(), &source).map_err(|problem| vec![*problem])?;
    let validator = jsonschema::options().build(&schema).map_err(|error| {
        vec![
            bad(format!("this policy is no JSON Schema that can be used: {error}"))
                .at(source.place(0..0))
                .hint("a policy is one file: a `$ref` leads to `#/$defs/NAME` in it"),
        ]
    })?;
    Ok(Policy { shown, stages, severity, validator, schema })
}

/// The stages and the severity that `x-platy` says.
fn settings_of(
    project: &Project,
    settings: Option<&Json>,
    source: &Source,
) -> Result<(Option<Vec<String>>, Severity), Box<Diagnostic>> {
    // The first mention of the word is where a person would look.
    let place = |word: &str| {
        let start = source.text().find(word).unwrap_or(0);
        source.place(start..start + word.len().min(source.text().len() - start))
    };
    let bad = |message: String, word: &str| Box::new(Diagnostic::error(&BAD_POLICY, message).at(place(word)));
    let Some(settings) = settings else { return Ok((None, Severity::Error)) };
    let Some(settings) = settings.as_object() else {
        return Err(bad("`x-platy` is no map".to_owned(), "x-platy"));
    };
    let (mut stages, mut severity) = (None, Severity::Error);
    for (key, value) in settings {
        match (key.as_str(), value) {
            ("stages", Json::Array(names)) => {
                let mut known = Vec::new();
                for name in names {
                    let name = name.as_str().unwrap_or_default();
                    if !project.stages.contains_key(name) {
                        let problem = bad(format!("`{name}` is no stage of this project"), name);
                        let stages = project.stages.keys().map(String::as_str);
                        return Err(Box::new(problem.did_you_mean(name, stages)));
                    }
                    known.push(name.to_owned());
                }
                stages = Some(known);
            }
            ("severity", Json::String(text)) if text == "error" => severity = Severity::Error,
            ("severity", Json::String(text)) if text == "warning" => severity = Severity::Warning,
            ("stages", _) => return Err(bad("`stages` is no list of stages".to_owned(), "stages")),
            ("severity", _) => {
                return Err(bad("`severity` is `error` or `warning`".to_owned(), "severity"));
            }
            (other, _) => {
                let problem = bad(format!("`x-platy` has no `{other}`"), other);
                return Err(Box::new(
                    problem.did_you_mean(other, ["stages", "severity"]).hint("it has: stages, severity"),
                ));
            }
        }
    }
    Ok((stages, severity))
}

/// A YAML file as JSON: numbers and truths where YAML's core schema reads them so.
fn json(node: &load::Node) -> Json {
    match &node.kind {
        node::Kind::Null => Json::Null,
        node::Kind::Bool(truth) => (*truth).into(),
        node::Kind::Text(text) if text.quoted => text.text.as_str().into(),
        node::Kind::Text(text) => number(&text.text).unwrap_or_else(|| text.text.as_str().into()),
        node::Kind::List(items) => items.iter().map(json).collect(),
        node::Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
