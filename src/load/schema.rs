//! JSON Schemas of `platy.yaml` and of the job files, made from the tables in `model`.
//!
//! Editors read them. Our own check is `shape`, which knows places and near misses; both follow
//! from the same tables.

use serde_json::{Map, Value, json};

use super::model;
use super::shape::{Key, Shape};
use crate::diagnostic::Diagnostic;
use crate::project::Project;
use crate::validate::taskargs::BAD_SCHEMA;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Files in `schemas/` that describe no template.
const OWN: [&str; 3] = ["platy", "job", "nomad-job"];
const ENDING: &str = ".schema.json";

/// The schema of `platy.yaml`.
pub fn platy() -> Value {
    let mut root = head("platy.yaml");
    root.extend(record(model::PROJECT, true));
    root.insert("$defs".to_owned(), json!({"config": record(model::CONFIG, false)}));
    Value::Object(root)
}

/// The schema of a job file, where `file` decides what `taskargs` may be.
///
/// `taskargs` are the schemas of the templates, by the names of the templates. What they require
/// may come from another layer, so a file is not asked for it: the check after the merge is.
pub fn job(taskargs: &[(String, Value)]) -> Value {
    let mut root = head("a job file of platy-manage");
    root.extend(record(model::JOB, true));
    let mut defs = Map::new();
    defs.insert("config".to_owned(), record(model::CONFIG, false).into());
    let mut choices = Vec::new();
    for (name, schema) in taskargs {
        let mut schema = schema.clone();
        partial(&mut schema);
        if let Value::Object(schema) = &mut schema {
            schema.remove("$schema");
            // A resource of its own, so that `#/…` in it stays within it.
            schema.insert("$id".to_owned(), format!("urn:platy:taskargs:{name}").into());
        }
        defs.insert(format!("taskargs-{name}"), schema);
        let reference = format!("#/$defs/taskargs-{name}");
        let config = json!({"properties": {"taskargs": nullable(json!({"$ref": reference}))}});
        choices.push(json!({
            "if": {"properties": {"file": {"const": name}}, "required": ["file"]},
            "then": {"properties": {"config": config, "envs": {"additionalProperties": config}}},
        }));
    }
    if !choices.is_empty() {
        root.insert("allOf".to_owned(), choices.into());
    }
    root.insert("$defs".to_owned(), defs.into());
    Value::Object(root)
}

/// The schema of the job files of a project.
///
/// # Errors
/// Every file in `schemas/` that is no JSON, or too large.
pub fn job_of(project: &Project) -> Result<Value, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut schemas = Vec::new();
    for name in templates(project) {
        match taskargs(project, &name) {
            Ok(Some(schema)) => schemas.push((name, schema)),
            Ok(None) => {}
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(job(&schemas)) } else { Err(problems) }
}

/// The schema of one template's `taskargs`; `None` where there is none.
///
/// # Errors
/// A file that cannot be read, or is no JSON object.
pub fn taskargs(project: &Project, template: &str) -> Result<Option<Value>, Vec<Diagnostic>> {
    let path = project.root.join("schemas").join(format!("{template}{ENDING}"));
    if !super::units::is_name(template) || OWN.contains(&template) || !path.is_file() {
        return Ok(None);
    }
    let source = super::read(&path, &project.display(&path))?;
    match serde_json::from_str::<Value>(source.text()) {
        Ok(schema) if schema.is_object() || schema.is_boolean() => Ok(Some(schema)),
        Ok(_) => {
            let place = source.place(0..source.text().len().min(1));
            Err(vec![Diagnostic::error(&BAD_SCHEMA, "a schema is an object").at(place)])
        }
        Err(error) => {
            let line = source.line(error.line());
            let at = (line.start + error.column().saturating_sub(1)).min(line.end);
            let problem = Diagnostic::error(&BAD_SCHEMA, format!("the schema is not valid JSON: {error}"));
            Err(vec![problem.at(source.place(at..(at + 1).min(line.end).max(at)))])
        }
    }
}

/// The names of the templates that have a schema, sorted.
fn templates(project: &Project) -> Vec<String> {
    let files = std::fs::read_dir(project.root.join("schemas")).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(ENDING)?.to_owned()))
        .filter(|name| !OWN.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// A schema as it is checked in: indented, with a line break at its end.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn head(title: &str) -> Map<String, Value> {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), DIALECT.into());
    root.insert("title".to_owned(), title.into());
    root
}

fn record(keys: &[Key], whole: bool) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = nullable(shape(&key.shape));
        if let Value::Object(schema) = &mut schema {
            let unit = if key.unit.is_empty() { String::new() } else { format!(" In {}.", key.unit) };
            schema.insert(
                "description".to_owned(),
                format!("{}{unit} Example: {}", key.doc, key.example).into(),
            );
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let mut record = Map::new();
    record.insert("type".to_owned(), "object".into());
    record.insert("properties".to_owned(), properties.into());
    let required: Vec<_> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if whole && !required.is_empty() {
        record.insert("required".to_owned(), required.into());
    }
    record.insert("additionalProperties".to_owned(), false.into());
    record
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Name => {
            json!({"type": ["string", "number", "boolean"], "pattern": "^[A-Za-z0-9._-]+$", "maxLength": 128})
        }
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Number(min, max) => json!({"type": "number", "minimum": min, "maximum": max}),
        Shape::Size => json!({
            "type": ["number", "string"],
            "minimum": 0,
            "pattern": "^[0-9.]+ ?([KkMmGgTt]([Ii]?[Bb])?)?$",
        }),
        Shape::Duration => json!({
            "type": ["string", "integer"],
            "pattern": "^(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$",
        }),
        Shape::Url => json!({"type": "string", "pattern": "^https?://[^/:\\s]"}),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::List(inner) => json!({"type": "array", "items": self::shape(inner)}),
        Shape::Map(inner) => {
            json!({"type": "object", "additionalProperties": nullable(self::shape(inner))})
        }
        Shape::Record(keys) if is_config(keys) => json!({"$ref": "#/$defs/config"}),
        Shape::Record(keys) => Value::Object(record(keys, false)),
        Shape::Either(shapes) => json!({"anyOf": shapes.iter().map(self::shape).collect::<Vec<_>>()}),
        Shape::Any => json!({}),
    }
}

/// Whether these are the keys of `config`, which stand in many places and are written once.
fn is_config(keys: &[Key]) -> bool {
    keys.len() == model::CONFIG.len() && keys.iter().zip(model::CONFIG).all(|(a, b)| a.name == b.name)
}

/// `null` removes what a lower layer says, wherever a value may stand.
fn nullable(schema: Value) -> Value {
    if schema.as_object().is_some_and(Map::is_empty) {
        return schema;
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// Takes out what a single layer need not have.
fn partial(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    schema.remove("required");
    schema.remove("minProperties");
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            partial(property);
            *property = nullable(property.take());
        }
    }
}
