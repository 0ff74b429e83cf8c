//! `taskargs` against the schema of the template, `schemas/TEMPLATE.schema.json`.
//!
//! A schema is read and compiled once for all jobs; what it refuses is shown at the YAML value.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;

use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::load;
use crate::merge::{Kind, Merged, Value};

crate::codes! {
    /// A value in `taskargs` that the template's schema refuses.
    TASKARGS = "P0810", "a value in `taskargs` does not fit the template's schema", "docs/templates.md";
    /// A template's schema that cannot be used.
    BAD_SCHEMA = "P0811", "a template's schema cannot be used", "docs/templates.md";
}

type Compiled = Result<Option<Arc<Schema>>, Arc<Diagnostic>>;

/// A compiled schema, and its text for hints.
#[derive(Debug)]
struct Schema {
    validator: Validator,
    value: serde_json::Value,
}

/// The schemas of a project's templates, each compiled when it is first needed.
#[derive(Debug)]
pub struct Schemas {
    folder: PathBuf,
    shown: String,
    compiled: Mutex<HashMap<String, Compiled>>,
}

impl Schemas {
    /// The schemas in this folder, shown as `shown`.
    pub fn new(folder: &Path, shown: String) -> Self {
        Self { folder: folder.to_owned(), shown, compiled: Mutex::default() }
    }

    fn schema(&self, template: &str) -> Compiled {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.entry(template.to_owned()).or_insert_with(|| self.compile(template)).clone()
    }

    fn compile(&self, template: &str) -> Compiled {
        let file = format!("{template}.schema.json");
        let path = self.folder.join(&file);
        if !path.is_file() {
            return Ok(None);
        }
        let name = format!("{}/{file}", self.shown);
        let source = load::read(&path, &name).map_err(|mut problems| Arc::new(problems.remove(0)))?;
        let bad = |why: String, place: Place| {
            let message = format!("the schema of `{template}` cannot be used: {why}");
            Arc::new(Diagnostic::error(&BAD_SCHEMA, message).at(place))
        };
        let value: serde_json::Value = serde_json::from_str(source.text()).map_err(|error| {
            let start = source.line(error.line()).start + error.column().saturating_sub(1);
            bad(error.to_string(), source.place(start..start + 1))
        })?;
        match jsonschema::options().build(&value) {
            Ok(validator) => Ok(Some(Arc::new(Schema { validator, value }))),
            Err(error) => Err(bad(error.to_string(), source.place(0..0))),
        }
    }

    /// What the template's schema says of a job's `taskargs`.
    pub fn check(&self, merged: &Merged) -> Vec<Diagnostic> {
        // A path is no template's name; rendering says so.
        if merged.template.contains(['/', '\\', '.']) {
            return Vec::new();
        }
        let schema = match self.schema(&merged.template) {
            Ok(Some(schema)) => schema,
            Ok(None) => return Vec::new(),
            Err(problem) => return vec![(*problem).clone()],
        };
        let taskargs = merged.get("taskargs");
        let instance = taskargs.map_or_else(|| serde_json::json!({}), Value::json);
        if schema.validator.is_valid(&instance) {
            return Vec::new();
        }
        schema
            .validator
            .iter_errors(&instance)
            .flat_map(|error| {
                let path = error.instance_path().to_string();
                describe(&error, &path, taskargs, merged, &schema.value)
            })
            .collect()
    }
}

fn describe(
    error: &jsonschema::ValidationError<'_>,
    path: &str,
    taskargs: Option<&Value>,
    merged: &Merged,
    schema: &serde_json::Value,
) -> Vec<Diagnostic> {
    let dotted = path.split('/').filter(|key| !key.is_empty()).fold("taskargs".to_owned(), |dotted, key| {
        format!("{dotted}.{}", key.replace("~1", "/").replace("~0", "~"))
    });
    let found = taskargs.and_then(|value| at(value, path));
    let place = found.map_or_else(|| merged.template_place.clone(), |value| value.place.clone());
    let template = &merged.template;
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            vec![
                Diagnostic::error(&TASKARGS, format!("the template `{template}` needs `{dotted}.{name}`"))
                    .at(place)
                    .hint(format!("add `{name}` to `{dotted}`")),
            ]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let own = found.and_then(|value| value.get(name));
                let place = own.map_or_else(|| place.clone(), |value| value.place.clone());
                let diagnostic = Diagnostic::error(
                    &TASKARGS,
                    format!("the template `{template}` has no `{dotted}.{name}`"),
                );
                let known = known_properties(error, schema);
                let diagnostic = diagnostic.at(place);
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None if known.is_empty() => diagnostic,
                    None => diagnostic.hint(format!("it has: {}", known.join(", "))),
                }
            })
            .collect(),
        _ => vec![
            Diagnostic::error(
                &TASKARGS,
                format!("`{dotted}` does not fit the template `{template}`: {error}"),
            )
            .at(place),
        ],
    }
}

/// The properties that the schema declares beside the unexpected one.
fn known_properties(error: &jsonschema::ValidationError<'_>, schema: &serde_json::Value) -> Vec<String> {
    // `…/additionalProperties` stands beside `…/properties`.
    let path = error.schema_path().to_string();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(&format!("{parent}/properties")).and_then(serde_json::Value::as_object);
    properties.into_iter().flat_map(|map| map.keys().cloned()).collect()
}

fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    pointer.split('/').filter(|key| !key.is_empty()).try_fold(value, |value, key| match &value.kind {
        Kind::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => value.get(&key.replace("~1", "/").replace("~0", "~")),
    })
}
