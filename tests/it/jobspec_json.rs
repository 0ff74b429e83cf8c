//! A job read from JSON and written again is the same JSON, key order included.

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::Job;
use serde_json::Value;

use crate::corpus::{corpus, files, lines};

fn read(source: &Source) -> Job {
    let job = Job::from_json(source).unwrap_or_else(|errors| panic!("{}", text::render(&errors, false)));
    assert!(job.notes.is_empty(), "{}", text::render(&job.notes, false));
    job
}

/// What `ours` says about `theirs`, whose objects may leave out what is not set.
fn difference(path: &str, theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => theirs.iter().find_map(|(key, value)| {
            difference(&format!("{path}.{key}"), value, ours.get(key).unwrap_or(&Value::Null))
        }),
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            let mut pairs = theirs.iter().zip(ours).enumerate();
            pairs.find_map(|(i, (theirs, ours))| difference(&format!("{path}[{i}]"), theirs, ours))
        }
        _ if theirs == ours => None,
        _ => Some(format!("{path}: {theirs} became {ours}")),
    }
}

#[test]
fn every_parsed_job_of_the_corpus_survives() {
    let Some(corpus) = corpus() else { return };
    let files = files(&corpus.join("jobspecs/valid"), "json");
    assert!(!files.is_empty());
    for path in files {
        let source = Source::new(path.to_string_lossy(), std::fs::read_to_string(&path).unwrap());
        let job = read(&source);
        let theirs: Value = serde_json::from_str(source.text()).unwrap();
        let ours: Value = serde_json::from_str(&job.to_json()).unwrap();
        // As texts, so that the order of the keys counts.
        assert_eq!(ours.to_string(), theirs.to_string(), "{}", source.name());
        assert_eq!(job.to_value(), theirs["Job"]);
    }
}

#[track_caller]
fn survives(name: &str, theirs: &Value) {
    let job = read(&Source::new(name, theirs.to_string()));
    let ours = job.to_value();
    assert_eq!(difference("", theirs, &ours), None, "{name}");
    assert!(job == read(&Source::new("again", ours.to_string())), "{name} changes when it is read again");
}

#[test]
fn every_changed_and_broken_job_of_the_corpus_survives() {
    let Some(corpus) = corpus() else { return };
    for (i, case) in lines(&corpus.join("diffs/plan-diffs.jsonl")).iter().enumerate() {
        survives(&format!("from of diff {i}"), &case["from"]);
        survives(&format!("to of diff {i}"), &case["to"]);
    }
    for case in lines(&corpus.join("rules/broken-jobs.jsonl")) {
        survives(case["rule"].as_str().unwrap(), &case["job"]);
    }
}

/// A server answers with the keys of its own structs, in another order.
#[test]
fn a_job_that_a_server_stored_is_read_without_a_note() {
    let Some(corpus) = corpus() else { return };
    let mut jobs = 0;
    for path in files(&corpus.join("api"), "json") {
        let exchange: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let body = &exchange["response"]["body"];
        if body.get("TaskGroups").is_none_or(|groups| !groups.is_array()) {
            continue;
        }
        let source = Source::new(path.file_name().unwrap().to_string_lossy(), body.to_string());
        let job = read(&source);
        assert_eq!(Some(job.id()), body["ID"].as_str());
        jobs += 1;
    }
    assert!(jobs > 0);
}
