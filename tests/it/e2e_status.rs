//! `status` on a real Nomad, through the binary: groups, ages, canaries that wait, instances.

use serde_json::{Value, json};

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

#[test]
fn groups_canaries_and_instances_are_told() {
    let Some(agent) = agent::shared() else { return };
    // Nobody listens there: no event is waited for.
    let project = Project::new(&agent.address, "http://127.0.0.1:1/events");
    let text = |release: &str| {
        let update = "  update: {canary: 1, min_healthy_time: 1s, healthy_deadline: 20s, progress_deadline: 30s, \
                      health_check: task_states, auto_promote: false}\n";
        sleeper("server", "raw_exec", &format!("{update}  env: {{RELEASE: \"{release}\"}}\n"))
    };
    project.job("looker", &text("1"));
    project.ends(0, &["create", "looker", STAGE]);
    let shown = project.ends(0, &["status", "looker", STAGE]);
    assert!(shown.contains("1/1 running, 1 healthy"), "{shown}");
    project.job("looker", &text("2"));
    project.ends(0, &["update", "looker", STAGE]);
    let shown = project.ends(0, &["status", "looker", STAGE]);
    assert!(shown.contains("platy-manage promote looker --stage=real"), "{shown}");
    let shown = project.ends(0, &["status", "--all", STAGE]);
    assert!(shown.contains("canaries wait to be promoted"), "{shown}");
    let output = project.run(&["status", "--all", STAGE, "--format=json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let job = &status["jobs"][0];
    assert_eq!(
        (&job["awaits_promotion"], &job["groups"][0]["desired"]),
        (&json!(true), &json!(1)),
        "{job:#}"
    );
    assert_eq!((&job["allocations"][0]["restarts"], &job["instances"]), (&json!(0), &json!([])));
    project.ends(0, &["stop", "looker", STAGE, "--yes", "--purge"]);

    let nightly =
        sleeper("worker", "raw_exec", "  schedule: \"0 3 * * *\"\n").replace("exec sleep 600", "exit 0");
    project.job("nightly", &nightly);
    project.ends(0, &["create", "nightly", STAGE]);
    project.put("/v1/job/e2e-nightly/periodic/force", &json!({}));
    let began = std::time::Instant::now();
    let shown = loop {
        let shown = project.ends(0, &["status", "nightly", STAGE]);
        if shown.contains("  complete  ") || began.elapsed() > std::time::Duration::from_secs(60) {
            break shown;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    assert!(shown.contains("e2e-nightly/periodic-") && shown.contains("  complete  "), "{shown}");
    assert!(shown.contains("next run    ") && shown.contains("T03:00:00"), "{shown}");
    project.ends(0, &["stop", "nightly", STAGE, "--yes", "--purge"]);
}
