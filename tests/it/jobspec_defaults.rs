//! A job with defaults is what a real server stores.

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::Job;
use serde_json::Value;

/// What only a server can know.
const STATE: &[&str] = &[
    "Status",
    "StatusDescription",
    "Stable",
    "Version",
    "SubmitTime",
    "CreateIndex",
    "ModifyIndex",
    "JobModifyIndex",
];

/// A job as the server stored it, without what only the server can know; empty is null.
fn comparable(job: &Value) -> Value {
    fn clean(value: &Value) -> Value {
        match value {
            Value::Object(map) if map.is_empty() => Value::Null,
            Value::Array(list) if list.is_empty() => Value::Null,
            Value::Object(map) => {
                // The server leaves a bandwidth of 0 out of its answers.
                let known = |key: &str, value: &Value| {
                    !STATE.contains(&key) && !(key == "MBits" && *value == Value::from(0))
                };
                let kept = map.iter().filter(|(key, value)| known(key, value));
                kept.map(|(key, value)| (key.clone(), clean(value))).collect()
            }
            Value::Array(list) => list.iter().map(clean).collect(),
            _ => value.clone(),
        }
    }
    let mut job = clean(job);
    for group in job["TaskGroups"].as_array_mut().into_iter().flatten() {
        // The identifier of a scaling policy is random.
        if group["Scaling"].is_object() {
            group["Scaling"]["ID"] = "".into();
        }
        for task in group["Tasks"].as_array_mut().into_iter().flatten() {
            for scaling in task["ScalingPolicies"].as_array_mut().into_iter().flatten() {
                scaling["ID"] = "".into();
            }
        }
    }
    job
}

fn read(json: &Value) -> Job {
    let job = Job::from_json(&Source::new("job", json.to_string()))
        .unwrap_or_else(|errors| panic!("{}", text::render(&errors, false)));
    assert!(job.notes.is_empty(), "{}", text::render(&job.notes, false));
    job
}

/// Where ours differs from what the server stored.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours {
                let theirs = theirs.get(key).unwrap_or(&Value::Null);
                differences(&format!("{path}.{key}"), value, theirs, found);
            }
            for (key, value) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
                differences(&format!("{path}.{key}"), &Value::Null, value, found);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                differences(&format!("{path}[{i}]"), ours, theirs, found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{path}: ours {ours}, the server's {theirs}")),
    }
}

/// Compares ours with what was stored; a stored job must also stay as it is.
fn compare(job: &Value, stored: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let theirs = comparable(&read(stored).to_value());
    differences("", &comparable(&read(job).with_defaults().to_value()), &theirs, &mut found);
    differences("(again)", &comparable(&read(stored).with_defaults().to_value()), &theirs, &mut found);
    found
}

#[test]
fn scratch() {
    let Ok(path) = std::env::var("PLATY_STORED") else { return };
    let mut wrong = 0;
    let mut total = 0;
    for case in crate::corpus::lines(path.as_ref()) {
        let found = compare(&case["job"], &case["stored"]);
        total += 1;
        if !found.is_empty() {
            wrong += 1;
            println!("{}", case["name"]);
            for line in found.iter().take(6) {
                println!("    {line}");
            }
        }
    }
    println!("{wrong} of {total} wrong");
    assert_eq!(wrong, 0);
}
