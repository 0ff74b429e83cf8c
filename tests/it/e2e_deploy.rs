//! Deployments on a real Nomad, through the binary: canaries, failures, the way back.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

fn project() -> Option<Project> {
    agent::shared().map(|agent| Project::new(&agent.address, NO_SINK))
}

fn canary(after: &str) -> String {
    let update = "  update: {canary: 1, min_healthy_time: 1s, healthy_deadline: 20s, progress_deadline: 30s, \
                  health_check: task_states, auto_promote: false, auto_revert: true}\n";
    sleeper("server", "raw_exec", &format!("{update}  env: {{RELEASE: \"{after}\"}}\n"))
}

/// A script instead of the sleep.
fn failing(name: &str, revert: bool) -> String {
    let update = format!(
        "  update: {{min_healthy_time: 1s, healthy_deadline: 10s, progress_deadline: 15s, health_check: task_states, \
         auto_revert: {revert}}}\n"
    );
    sleeper("server", "raw_exec", &update).replace("exec sleep 600", &format!("echo {name} >&2; exit 7"))
}

#[test]
fn canaries_are_promoted_and_given_up() {
    let Some(project) = project() else { return };
    let name = "birds";
    project.job(name, &canary("1"));
    project.ends(0, &["create", name, STAGE]);
    let text = project.ends(1, &["promote", name, STAGE]);
    assert!(text.contains("no deployment of `birds` is under way"), "{text}");

    project.job(name, &canary("2"));
    let text = project.ends(0, &["update", name, STAGE]);
    assert!(text.contains("platy-manage promote birds --stage=real"), "{text}");
    assert!(text.contains("platy-manage fail birds --stage=real"), "{text}");
    let text = project.ends(0, &["watch", name, STAGE]);
    assert!(text.contains("wait to be promoted"), "{text}");
    let text = project.ends(0, &["promote", name, STAGE]);
    assert!(text.contains("deployment successful"), "{text}");
    let text = project.ends(0, &["watch", name, STAGE]);
    assert!(text.contains("nothing is under way"), "{text}");

    project.job(name, &canary("3"));
    project.ends(0, &["update", name, STAGE, "--promote-after=2s"]);
    project.job(name, &canary("4"));
    project.ends(0, &["update", name, STAGE]);
    project.ends(64, &["fail", name, STAGE]);
    let text = project.ends(0, &["fail", name, STAGE, "--yes"]);
    assert!(text.contains("version 2 runs again"), "{text}");
    let job = project.get("/v1/job/e2e-birds");
    assert_eq!(job["TaskGroups"][0]["Tasks"][0]["Env"]["RELEASE"], "3");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

#[test]
fn there_is_a_way_back() {
    let Some(project) = project() else { return };
    let git = |line: &str| {
        let arguments = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let output = Command::new("git")
            .args(arguments.into_iter().chain(line.split(' ')))
            .current_dir(project.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git("init -q");
    let commit = || {
        git("add -A");
        git("commit -q -m change");
        git("rev-parse HEAD")
    };
    let name = "moving";
    project.job(name, &sleeper("server", "raw_exec", "  env: {RELEASE: \"1\"}\n"));
    let first = commit();
    project.ends(0, &["create", name, STAGE]);
    let text = project.ends(1, &["rollback", name, STAGE, "--yes"]);
    assert!(text.contains("no older version"), "{text}");

    project.job(name, &sleeper("server", "raw_exec", "  env: {RELEASE: \"2\"}\n"));
    let second = commit();
    project.ends(0, &["update", name, STAGE]);
    // Without `auto_revert` the broken version stays, until somebody goes back.
    project.job(name, &failing("unlucky", false));
    commit();
    let text = project.ends(4, &["update", name, STAGE]);
    assert!(text.contains("exit code 7") && text.contains("| unlucky"), "{text}");
    assert!(text.contains("platy-manage rollback moving --stage=real --to=1"), "{text}");
    project.ends(64, &["rollback", name, STAGE]);
    let text = project.ends(0, &["rollback", name, STAGE, "--dry-run"]);
    assert!(text.contains("back to version 1 of") && text.contains("nothing was submitted"), "{text}");
    let text = project.ends(0, &["rollback", name, STAGE, "--yes"]);
    assert!(text.contains("deployment successful"), "{text}");
    let text = project.ends(0, &["history", name, STAGE, "--diff"]);
    assert!(text.contains("back to version 1"), "{text}");
    assert!(text.contains("env.RELEASE") && text.contains(&first[..12]), "{text}");

    let text = project.ends(0, &["rollback", name, STAGE, "--yes", "--to", &first[..7]]);
    assert!(text.contains("back to version 0 of"), "{text}");
    let job = project.get("/v1/job/e2e-moving");
    assert_eq!(job["TaskGroups"][0]["Tasks"][0]["Env"]["RELEASE"], "1");
    assert!(project.ends(0, &["status", name, STAGE]).contains(&first[..12]));
    let text = project.ends(1, &["rollback", name, STAGE, "--yes", "--to", "99"]);
    assert!(text.contains("no version `99`"), "{text}");
    // The beginning of a tag will do, but not that of all of them.
    let tag = format!("commit-{}", &second[..6]);
    let text = project.ends(0, &["rollback", name, STAGE, "--dry-run", "--to", &tag]);
    assert!(text.contains("back to version 1 of") || text.contains("back to version 3 of"), "{text}");
    let text = project.ends(1, &["rollback", name, STAGE, "--dry-run", "--to", "commit"]);
    assert!(text.contains("`commit` is the beginning of several versions of `moving`"), "{text}");

    // An edit by hand is nobody's commit.
    let mut job = project.get("/v1/job/e2e-moving");
    job["Priority"] = 51.into();
    project.put("/v1/jobs", &json!({ "Job": job }));
    let text = project.ends(0, &["history", name, STAGE, "-n", "1"]);
    assert!(text.contains("not by platy-manage"), "{text}");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

#[test]
fn a_revert_is_told_with_what_failed() {
    let Some(project) = project() else { return };
    let name = "steady";
    project.job(name, &sleeper("server", "raw_exec", ""));
    project.ends(0, &["create", name, STAGE]);
    project.job(name, &failing("no luck", true));
    let text = project.ends(4, &["update", name, STAGE]);
    assert!(text.contains("version 0 runs again") && text.contains("| no luck"), "{text}");
    assert!(text.contains("platy-manage diff steady --stage=real"), "{text}");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

#[test]
fn an_interrupt_stops_the_watch_only() {
    let Some(project) = project() else { return };
    let name = "patient";
    let slow = "  update: {min_healthy_time: 6s, healthy_deadline: 30s, progress_deadline: 40s, health_check: \
                task_states}\n";
    project.job(name, &sleeper("server", "raw_exec", slow));
    let child = project.start(&["create", name, STAGE]);
    let began = Instant::now();
    let deployed = || {
        let list = project.get("/v1/job/e2e-patient/deployments");
        list.as_array().is_some_and(|list| !list.is_empty())
    };
    while !deployed() {
        assert!(began.elapsed() < Duration::from_secs(30), "no deployment");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("platy-manage watch patient --stage=real"), "{text}");
    let text = project.ends(0, &["watch", name, STAGE]);
    assert!(text.contains("deployment successful"), "{text}");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

/// A canary that runs this instead of sleeping.
fn canary_that(runs: &str) -> String {
    canary("broken").replace("exec sleep 600", runs)
}

#[test]
fn canaries_that_do_not_last_are_not_promoted() {
    let Some(project) = project() else { return };
    let name = "weak";
    project.job(name, &canary("1"));
    project.ends(0, &["create", name, STAGE]);

    // Nomad counts a canary as healthy for ever, once it was: this one ends soon after.
    project.job(name, &canary_that("sleep 4; exit 3"));
    let text = project.ends(10, &["update", name, STAGE, "--promote-after=60s", "--timeout=14s"]);
    assert!(
        text.contains("weak: canaries not promoted: the canaries were not healthy for 60s within 14s"),
        "{text}"
    );
    assert!(text.contains("0 of 1 in group `weak`"), "{text}");
    assert!(text.contains("platy-manage fail weak --stage=real"), "{text}");
    let deployment = project.get("/v1/job/e2e-weak/deployment");
    let text = project.ends(1, &["promote", name, STAGE]);
    if deployment["Status"] == "running" {
        assert!(text.contains("the canaries of `weak` are not healthy: 0 of 1 in group `weak`"), "{text}");
        let text = project.ends(0, &["fail", name, STAGE, "--yes"]);
        assert!(text.contains("version 0 will run again, in place of version 1"), "{text}");
    }

    // These never become healthy: the deployment fails, and that is no promotion either.
    project.job(name, &canary_that("echo hopeless >&2; exit 3"));
    let output = project.run(&["update", name, STAGE, "--promote-after=1s", "--format=json"]);
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcome = &json["outcome"];
    assert_eq!((&outcome["status"], &outcome["over"]), (&json!("not_promoted"), &json!(true)), "{json}");
    assert!(outcome["to_version"].is_u64() && outcome["tasks"][0]["log"][0] == "hopeless", "{json}");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

#[test]
fn canaries_of_two_groups_are_promoted_together() {
    let Some(project) = project() else { return };
    let name = "pair";
    let templates = project.folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    let group = |name: &str, canaries: u32| {
        format!(
            "  group \"{name}\" {{\n    count = 2\n    update {{\n      canary = {canaries}\n      min_healthy_time = \"1s\"\n      \
             healthy_deadline = \"20s\"\n      progress_deadline = \"30s\"\n      health_check = \"task_states\"\n    }}\n    \
             task \"{name}\" {{\n      driver = \"raw_exec\"\n      config {{\n        command = \"/bin/sh\"\n        args = \
             [\"-c\", [[ taskargs.{name} | hcl ]]]\n      }}\n      resources {{\n        cpu = 20\n        memory = 20\n      \
             }}\n    }}\n  }}\n"
        )
    };
    let template = format!(
        "job \"[[ job_id ]]\" {{\n  type = \"service\"\n{}{}}}\n",
        group("front", 1),
        group("back", 2)
    );
    std::fs::write(templates.join("pair.nomad.hcl"), template).unwrap();
    let job = |front: &str, back: &str| {
        project
            .job(name, &format!("file: pair\nconfig:\n  taskargs:\n    front: {front}\n    back: {back}\n"));
    };
    job("sleep 600", "sleep 600");
    project.ends(0, &["create", name, STAGE]);

    // One group's canaries are healthy soon, the other's later: nothing is promoted between.
    job("sleep 601", "exec sleep 602");
    let text = project.ends(0, &["update", name, STAGE]);
    assert!(text.contains("wait to be promoted"), "{text}");
    let waiting = project.get("/v1/job/e2e-pair/deployment");
    for (group, canaries) in [("front", 1), ("back", 2)] {
        let group = &waiting["TaskGroups"][group];
        assert_eq!(
            (&group["Promoted"], &group["HealthyAllocs"]),
            (&json!(false), &json!(canaries)),
            "{waiting}"
        );
    }
    let text = project.ends(0, &["promote", name, STAGE]);
    assert!(text.contains("deployment successful"), "{text}");

    // One group that fails keeps the other back.
    job("sleep 603", "exit 1");
    project.ends(10, &["update", name, STAGE, "--promote-after=1s"]);
    let failed = project.get("/v1/job/e2e-pair/deployment");
    assert_eq!(failed["TaskGroups"]["front"]["Promoted"], false, "{failed}");
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}
