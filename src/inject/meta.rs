//! The pass `meta`: the job's `meta` says which job, stage and template it came from.
//!
//! Only what never changes while a job lives: tasks see job `meta` as `NOMAD_META_*`, so any
//! change of it restarts every allocation.

use indexmap::IndexMap;

use super::{Facts, Pass};
use crate::diagnostic::Diagnostic;
use crate::jobspec::Job;
use crate::jobspec::tree::{Node, Value};

pub(super) const PASS: Pass = Pass {
    name: "meta",
    doc: "sets `platy_job`, `platy_stage` and `platy_template` in the job's `meta`",
    run,
};

fn run(job: &mut Job, facts: &Facts) -> Result<Vec<String>, Vec<Diagnostic>> {
    let Some(node) = job.root.get_mut("Meta") else { return Ok(Vec::new()) };
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(IndexMap::new());
    }
    let Value::Map(meta) = &mut node.value else { return Ok(Vec::new()) };
    let mut changes = Vec::new();
    for (key, text, span) in [
        ("platy_job", &facts.name, None),
        ("platy_stage", &facts.stage, None),
        ("platy_template", &facts.template, facts.spans.template),
    ] {
        meta.insert(key.to_owned(), Node { value: Value::from(text.as_str()), span });
        changes.push(format!("meta.{key} = {text}"));
    }
    meta.sort_keys();
    Ok(changes)
}
