//! What a differential run against a real server brought to light, each seen on it.

use platy_manage::diagnostic::Source;
use platy_manage::diff::nomad::{self, Kind};
use platy_manage::jobspec::Job;
use platy_manage::validate;
use serde_json::{Value, json};

/// A job with one task, which has these fields too.
fn with(fields: &Value) -> Job {
    let mut task = json!({ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } });
    for (name, value) in fields.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    let job = json!({ "ID": "shop", "TaskGroups": [{ "Name": "front", "Tasks": [task] }] });
    Job::from_json(&Source::new("job.json", job.to_string())).expect("a job")
}

fn cpu(resources: &Value) -> Value {
    let job = with(&json!({ "Resources": resources })).with_defaults().to_value();
    job["TaskGroups"][0]["Tasks"][0]["Resources"]["CPU"].clone()
}

#[test]
fn cores_written_as_null_leave_cpu_its_default() {
    assert_eq!(cpu(&json!({ "Cores": null })), 100);
    assert_eq!(cpu(&json!({ "Cores": null, "CPU": null })), 100);
    assert_eq!(cpu(&json!({ "Cores": 2 })), 0);
    assert_eq!(cpu(&json!({ "Cores": 0 })), 0);
}

#[test]
fn an_empty_lifecycle_is_refused() {
    for lifecycle in [json!({}), json!({ "Hook": "", "Sidecar": false })] {
        let verdict = validate::jobspec(&with(&json!({ "Lifecycle": lifecycle })));
        let codes: Vec<_> = verdict.errors.iter().map(|finding| finding.diagnostic.code.id).collect();
        assert_eq!(codes, ["P0683"], "{lifecycle}");
    }
}

#[test]
fn a_tasks_scaling_policy_is_edited_only_where_it_differs() {
    let policy = |max: u32| {
        with(&json!({ "ScalingPolicies": [{ "Type": "vertical_cpu", "Max": max, "Policy": { "a": 1 } }] }))
    };
    let kind = |from: &Job, to: &Job| nomad::diff(Some(from), Some(to)).kind;
    assert!(kind(&policy(500), &policy(500)) == Kind::None);
    assert!(kind(&policy(500), &policy(600)) == Kind::Edited);
}

#[test]
fn the_config_of_a_proxys_task_is_checked() {
    let found = |sidecar: Value| -> Vec<String> {
        let job = json!({ "ID": "shop", "TaskGroups": [{
            "Name": "front",
            "Networks": [{ "Mode": "bridge" }],
            "Services": [{ "Name": "api", "PortLabel": "80", "Connect": { "SidecarService": {}, "SidecarTask": sidecar } }],
            "Tasks": [{ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } }],
        }] });
        let verdict = validate::jobspec(&Job::from_json(&Source::new("job.json", job.to_string())).unwrap());
        let findings = verdict.errors.iter().chain(&verdict.warnings);
        findings.map(|finding| format!("{} {}", finding.diagnostic.code.id, finding.path)).collect()
    };
    let at = "group.front.service[0].connect.sidecar_task";
    assert_eq!(found(json!({ "Config": { "privileged": true } })), [""; 0]);
    assert_eq!(found(json!({ "Config": { "imagee": "x" } })), [format!("P0771 {at}.config.imagee")]);
    assert_eq!(found(json!({ "Config": { "args": { "a": 1 } } })), [format!("P0772 {at}.config.args")]);
    assert_eq!(found(json!({ "Driver": "dokcer" })), [format!("P0770 {at}.driver")]);
}
