//! What is generated from the block declarations is current, and true.

use std::path::Path;

use platy_manage::jobspec::reference;
use serde_json::{Value, json};

use crate::corpus::{corpus, files, lines};

/// Compares a checked-in file with what is generated; `UPDATE_DOCS=1` writes it.
#[track_caller]
fn is_current(path: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == generated, "{} is stale: run the tests with UPDATE_DOCS=1", path.display());
}

#[test]
fn the_schema_and_the_reference_are_current() {
    let schema = serde_json::to_string_pretty(&reference::json_schema()).unwrap() + "\n";
    is_current("schemas/nomad-job.schema.json", &schema);
    is_current("docs/jobspec-reference.md", &reference::markdown());
}

#[test]
fn the_schema_takes_every_job_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let schema = jsonschema::validator_for(&reference::json_schema()).unwrap();
    let parsed = files(&corpus.join("jobspecs/valid"), "json")
        .into_iter()
        .map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
    let changed = lines(&corpus.join("diffs/plan-diffs.jsonl")).into_iter().map(|case| case["to"].clone());
    for job in parsed.chain(changed) {
        let errors: Vec<_> =
            schema.iter_errors(&job).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn the_schema_refuses_unknown_keys_and_wrong_types() {
    let schema = jsonschema::validator_for(&reference::json_schema()).unwrap();
    let faults =
        |job: &Value| schema.iter_errors(job).map(|e| e.instance_path().to_string()).collect::<Vec<_>>();
    assert_eq!(faults(&json!({"ID": "a", "TaskGroups": [{"Count": "3"}]})), ["/TaskGroups/0/Count"]);
    assert_eq!(faults(&json!({"Job": {"TaskGroups": [{"Cuont": 3}]}})), ["/Job/TaskGroups/0"]);
}
