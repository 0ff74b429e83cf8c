//! Drift on a real Nomad, through the binary: edits, counts and stops that went past this tool.

use serde_json::{Value, json};

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

fn text(release: &str, revert: bool) -> String {
    let update = format!(
        "  update: {{min_healthy_time: 1s, healthy_deadline: 10s, progress_deadline: 15s, health_check: task_states, \
         auto_revert: {revert}}}\n"
    );
    sleeper("server", "raw_exec", &format!("{update}  env: {{RELEASE: \"{release}\"}}\n"))
}

fn state(project: &Project, name: &str) -> Value {
    let output = project.run(&["drift", name, STAGE, "--format=json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    json["jobs"][0].clone()
}

#[test]
fn what_others_did_is_told_from_what_is_not_applied() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    let name = "drifter";
    project.job(name, &text("1", false));
    project.ends(2, &["drift", name, STAGE, "--exit-code"]);
    project.ends(0, &["create", name, STAGE]);
    assert!(project.ends(0, &["drift", name, STAGE, "--exit-code"]).contains("in step"));

    let mut job = project.get("/v1/job/e2e-drifter");
    job["Priority"] = 61.into();
    project.put("/v1/jobs", &json!({ "Job": job }));
    let shown = project.ends(2, &["drift", name, STAGE, "--exit-code"]);
    assert!(
        shown.contains("by hand") && shown.contains("50 → 61") && shown.contains("version 1 of "),
        "{shown}"
    );
    assert!(!shown.contains("RELEASE"), "{shown}");
    project.job(name, &text("2", false));
    let shown = project.ends(0, &["drift", name, STAGE]);
    assert!(shown.contains("both") && shown.contains("RELEASE") && shown.contains("50 → 61"), "{shown}");

    project.ends(0, &["update", name, STAGE]);
    assert_eq!(state(&project, name)["state"], "in_step");
    let group = project.get("/v1/job/e2e-drifter")["TaskGroups"][0]["Name"].clone();
    project.put("/v1/job/e2e-drifter/scale", &json!({"Count": 2, "Target": {"Group": group}}));
    let found = state(&project, name);
    assert_eq!((&found["state"], &found["last"]["version"]), (&json!("scaled"), &json!(2)), "{found:#}");

    project.ends(0, &["stop", name, STAGE, "--yes"]);
    assert_eq!(state(&project, name)["state"], "stopped");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
    assert_eq!(state(&project, name)["state"], "not_created");
}

#[test]
fn a_revert_of_the_cluster_is_no_edit() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    let name = "returner";
    project.job(name, &text("1", true));
    project.ends(0, &["create", name, STAGE]);
    project.job(name, &text("2", true).replace("exec sleep 600", "exit 7"));
    project.ends(4, &["update", name, STAGE]);
    let found = state(&project, name);
    assert_eq!((&found["state"], &found["back_to"]), (&json!("reverted"), &json!(0)), "{found:#}");
    assert_eq!(found["last"]["version"], 1);
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}
