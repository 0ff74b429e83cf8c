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

#[track_caller]
fn drawing(json: &str) -> String {
    match Job::from_json(&Source::new("job.json", json)) {
        Ok(job) => text::render(&job.notes, false),
        Err(errors) => text::render(&errors, false),
    }
}

#[test]
fn a_text_that_is_not_json_is_refused_at_its_place() {
    insta::assert_snapshot!(drawing("{\n  \"Job\": {\n    \"ID\": 'a'\n  }\n}\n"), @r#"
    error[P0470]: not valid JSON: expected a value, found `\'`
     --> job.json:3:11
      |
    3 |     "ID": 'a'
      |           ^
    "#);
}

#[test]
fn wrong_types_are_all_reported() {
    insta::assert_snapshot!(drawing(
        r#"{"Job": {
  "ID": 7,
  "Priority": 1.5,
  "Datacenters": ["a", 2],
  "TaskGroups": [{"Name": "g", "Count": 99999999999999999999, "Tasks": [7],
    "Spreads": [{"SpreadTarget": [{"Percent": 256}]}], "ShutdownDelay": "5s", "Meta": {"a": true}}]
}}"#
    ), @r#"
    error[P0472]: `ID` must be text, not a number
     --> job.json:2:9
      |
    2 |   "ID": 7,
      |         ^

    error[P0472]: `Priority` must be a whole number from -9223372036854775808 to 9223372036854775807, not `1.5`
     --> job.json:3:15
      |
    3 |   "Priority": 1.5,
      |               ^^^

    error[P0472]: each value in `Datacenters` must be text, not a number
     --> job.json:4:24
      |
    4 |   "Datacenters": ["a", 2],
      |                        ^

    error[P0472]: `Count` must be a whole number from -9223372036854775808 to 9223372036854775807, not `99999999999999999999`
     --> job.json:5:41
      |
    5 |   "TaskGroups": [{"Name": "g", "Count": 99999999999999999999, "Tasks": [7],
      |                                         ^^^^^^^^^^^^^^^^^^^^

    error[P0472]: each of `Tasks` must be an object, not a number
     --> job.json:5:73
      |
    5 |   "TaskGroups": [{"Name": "g", "Count": 99999999999999999999, "Tasks": [7],
      |                                                                         ^

    error[P0472]: `Percent` must be a whole number from 0 to 255, not `256`
     --> job.json:6:47
      |
    6 |     "Spreads": [{"SpreadTarget": [{"Percent": 256}]}], "ShutdownDelay": "5s", "Meta": {"a": true}}]
      |                                               ^^^

    error[P0472]: `ShutdownDelay` must be a whole number of nanoseconds, not text
     --> job.json:6:73
      |
    6 |     "Spreads": [{"SpreadTarget": [{"Percent": 256}]}], "ShutdownDelay": "5s", "Meta": {"a": true}}]
      |                                                                         ^^^^

    error[P0472]: each value in `Meta` must be text, not a truth
     --> job.json:6:93
      |
    6 |     "Spreads": [{"SpreadTarget": [{"Percent": 256}]}], "ShutdownDelay": "5s", "Meta": {"a": true}}]
      |                                                                                             ^^^^
    "#);
}

#[test]
fn an_unknown_and_a_doubled_key_are_noted() {
    insta::assert_snapshot!(drawing(r#"{"ID": "a", "Prioritty": 5, "ID": "b"}"#), @r#"
    note[P0473]: Nomad knows no key `Prioritty` in `job` and ignores it
     --> job.json:1:13
      |
    1 | {"ID": "a", "Prioritty": 5, "ID": "b"}
      |             ^^^^^^^^^^^
      |
      = help: did you mean `Priority`?

    note[P0474]: `ID` stands twice here; the last one counts
     --> job.json:1:29
      |
    1 | {"ID": "a", "Prioritty": 5, "ID": "b"}
      |                             ^^^^
    "#);
}

/// Guards against keys in another case, which Nomad takes for its own.
#[test]
fn the_case_of_keys_does_not_matter() {
    let job = read(&Source::new("job.json", r#"{"job": {"id": "a", "taskgroups": [{"name": "g"}]}}"#));
    assert_eq!(job.id(), "a");
    assert_eq!(job.root.blocks("TaskGroups").next().unwrap().str("Name"), "g");
}

/// Guards against numbers that change on their way: what fits stays whole, the rest is as Go prints it.
#[test]
fn free_numbers_keep_their_digits() {
    let source = r#"{"ID":"a","TaskGroups":[{"Tasks":[{"Config":{"n":[9223372036854775807,-1,1.0,1e3,0.1,1e21,1e-7,1.5e300,12345678901234567890]}}]}]}"#;
    let job = read(&Source::new("job.json", source));
    let line = job.to_json_line();
    let numbers = line.split("\"n\":").nth(1).unwrap().split(']').next().unwrap();
    assert_eq!(numbers, "[9223372036854775807,-1,1,1000,0.1,1e+21,1e-7,1.5e+300,12345678901234567000");
}

/// Guards against overflow of the stack, and against endless work.
#[test]
fn hostile_texts_end_quickly() {
    for text in
        ["[".repeat(5_000_000), "{\"a\":".repeat(1_000_000), "[1,".repeat(300), "\"".repeat(10_000_001)]
    {
        assert!(Job::from_json(&Source::new("job.json", text)).is_err());
    }
    let deep = format!(
        r#"{{"TaskGroups":[{{"Tasks":[{{"Config":{{"a":{}1{}}}}}]}}]}}"#,
        "[".repeat(190),
        "]".repeat(190)
    );
    let job = read(&Source::new("job.json", deep));
    assert_eq!(job.to_hcl().matches('[').count(), 190);
}
