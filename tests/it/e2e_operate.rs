//! Running jobs on a real Nomad, operated through the binary.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

fn project() -> Option<Project> {
    agent::shared().map(|agent| Project::new(&agent.address, NO_SINK))
}

/// A server that prints on both streams, then sleeps.
fn talker(more: &str) -> String {
    sleeper("server", "raw_exec", more)
        .replace("exec sleep 600", "for i in 1 2 3; do echo line $i; done; echo trouble >&2; exec sleep 600")
}

#[test]
fn logs_are_shown_and_followed() {
    let Some(project) = project() else { return };
    project.job("talker", &talker(""));
    project.ends(0, &["create", "talker", STAGE]);
    let text = project.ends(0, &["logs", "talker", STAGE]);
    assert_eq!(text, "line 1\nline 2\nline 3\n");
    assert_eq!(project.ends(0, &["logs", "talker", STAGE, "-n", "1"]), "line 3\n");
    assert_eq!(project.ends(0, &["logs", "talker", STAGE, "--stderr"]), "trouble\n");
    let text = project.ends(1, &["logs", "talker", STAGE, "--task", "tolker"]);
    assert!(text.contains("did you mean `talker`"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&project.ends(0, &["logs", "talker", STAGE, "--format", "json"])).unwrap();
    assert_eq!(json["logs"][0]["lines"][2], "line 3");

    let mut follower = project.start(&["logs", "talker", STAGE, "-f", "-n", "2"]);
    std::thread::sleep(Duration::from_secs(1));
    // The log ends with its task.
    project.ends(0, &["stop", "talker", STAGE, "--yes"]);
    let began = Instant::now();
    while follower.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            follower.kill().unwrap();
            panic!("the log is followed though its task has ended");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut text = String::new();
    follower.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "line 2\nline 3\n");
    project.ends(0, &["stop", "talker", STAGE, "--yes", "--purge"]);
}

#[test]
fn a_command_runs_in_a_task() {
    let Some(project) = project() else { return };
    project.job("host", &talker(""));
    project.ends(0, &["create", "host", STAGE]);
    let run = |arguments: &[&str]| project.run(&[&["exec", "host", STAGE], arguments].concat());
    let output = run(&["--", "/bin/sh", "-c", "echo $NOMAD_TASK_NAME; echo no >&2; exit 7"]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert_eq!((&*output.stdout, &*output.stderr), (&b"host\n"[..], &b"no\n"[..]));
    // Bytes come as they are, and many of them.
    let output = run(&["--", "/bin/sh", "-c", "head -c 300000 /dev/zero"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", output.stderr);
    assert_eq!(output.stdout, vec![0; 300_000]);
    let mut child = project.start(&["exec", "host", STAGE, "-i", "--", "/usr/bin/wc", "-c"]);
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &[b'x'; 100_000]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "100000", "{output:?}");
    let text = project.ends(64, &["exec", "host", STAGE]);
    assert!(text.contains("COMMAND"), "{text}");
    let output = run(&["--task", "hots", "--", "true"]);
    assert_eq!(output.status.code(), Some(1));
    project.ends(0, &["stop", "host", STAGE, "--yes", "--purge"]);
    let output = run(&["--", "true"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_job_is_scaled_restarted_stopped_and_started() {
    let Some(project) = project() else { return };
    let name = "worked";
    project.job(name, &talker(""));
    project.ends(0, &["create", name, STAGE]);
    let text = project.ends(0, &["scale", name, "2", STAGE]);
    assert!(text.contains("group `worked`: 1 → 2") && text.contains("deployment successful"), "{text}");
    assert!(text.contains("sets the file's count again"), "{text}");
    assert_eq!(project.get("/v1/job/e2e-worked")["TaskGroups"][0]["Count"], 2);
    let text = project.ends(1, &["scale", name, "wroked=3", STAGE]);
    assert!(text.contains("did you mean `worked`"), "{text}");

    let text = project.ends(0, &["restart", name, STAGE]);
    assert!(text.contains("2 of 2 allocations restarted"), "{text}");
    let restarts: Vec<u64> = project
        .get("/v1/job/e2e-worked/allocations")
        .as_array()
        .unwrap()
        .iter()
        .map(|allocation| allocation["TaskStates"][name]["Restarts"].as_u64().unwrap())
        .collect();
    assert_eq!(restarts, [1, 1]);
    project.ends(1, &["restart", name, STAGE, "--group", "nosuch"]);

    let text = project.ends(1, &["start", name, STAGE]);
    assert!(text.contains("runs in `real` already"), "{text}");
    project.ends(0, &["stop", name, STAGE, "--yes"]);
    let allocations = project.get("/v1/job/e2e-worked/allocations");
    let runs = |one: &serde_json::Value| one["ClientStatus"] == "running";
    assert!(!allocations.as_array().unwrap().iter().any(runs), "stopped, and {allocations:#}");
    let text = project.ends(1, &["restart", name, STAGE]);
    assert!(text.contains("platy-manage start worked --stage=real"), "{text}");
    let text = project.ends(0, &["start", name, STAGE]);
    assert!(text.contains("deployment successful"), "{text}");
    let job = project.get("/v1/job/e2e-worked");
    assert_eq!((&job["Stop"], &job["TaskGroups"][0]["Count"]), (&false.into(), &2.into()));
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

#[test]
fn an_emergency_stop_lasts_until_it_is_ended() {
    let Some(project) = project() else { return };
    let name = "danger";
    project.job(name, &talker(""));
    project.ends(0, &["create", name, STAGE]);
    project.ends(64, &["emergency-stop", name, STAGE, "--reason", "it eats the disk"]);
    project.ends(0, &["emergency-stop", name, STAGE, "--reason", "it eats the disk", "--yes"]);
    for line in [
        &["create", name, STAGE][..],
        &["update", name, STAGE],
        &["apply", "--all", STAGE],
        &["start", name, STAGE],
        &["rollback", name, STAGE, "--yes", "--to", "0"],
        &["stop", name, STAGE, "--yes", "--purge"],
    ] {
        let text = project.ends(6, line);
        assert!(text.contains("it eats the disk"), "{line:?} {text}");
    }
    assert!(project.ends(0, &["status", name, STAGE]).contains("it eats the disk"));
    assert_eq!(project.get("/v1/job/e2e-danger")["Stop"], true);
    let text = project.ends(0, &["emergency-start", name, STAGE, "--yes"]);
    assert!(text.contains("deployment successful"), "{text}");
    project.ends(1, &["emergency-start", name, STAGE, "--yes"]);
    // A second emergency finds no mark of the first one in its way.
    project.ends(0, &["emergency-stop", name, STAGE, "--reason", "again", "--yes"]);
    project.ends(0, &["emergency-start", name, STAGE, "--yes", "--detach"]);
    project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
}

/// It fails, and is not tried again.
const ONCE: &str = r#"
job "[[ job_id ]]" {
  type = "batch"
  parameterized {}
  group "main" {
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo no luck >&2; exit 7"]
      }
    }
  }
}
"#;

#[test]
fn instances_are_started_and_followed() {
    let Some(project) = project() else { return };
    let batch = |more: &str, script: &str| {
        format!(
            "file: worker\nconfig:\n  driver: raw_exec\n  command: /bin/sh\n  args: [\"-c\", {script:?}]\n{more}"
        )
    };
    project.job(
        "letters",
        &batch(
            "  parameters: {required: [to], optional: [from]}\n",
            "echo to $NOMAD_META_to; [ $NOMAD_META_to = ada ]",
        ),
    );
    project.ends(0, &["create", "letters", STAGE]);
    let text = project.ends(1, &["dispatch", "letters", STAGE, "--meta", "ot=ada"]);
    assert!(text.contains("`to` is missing") && text.contains("did you mean `to`"), "{text}");
    let text = project.ends(0, &["dispatch", "letters", STAGE, "--meta", "to=ada"]);
    assert!(text.contains("started e2e-letters/dispatch-"), "{text}");
    assert_eq!(project.ends(0, &["logs", "letters", STAGE, "-q"]), "to ada\n");
    // The cluster tries again a minute later.
    let text = project.ends(9, &["dispatch", "letters", STAGE, "--meta", "to=eve", "--timeout=15s"]);
    assert!(text.contains("attempt 1 failed: exit code 1; the cluster tries again"), "{text}");
    std::fs::create_dir(project.folder.path().join("templates")).unwrap();
    std::fs::write(project.folder.path().join("templates/once.nomad.hcl"), ONCE).unwrap();
    project.job("once", "file: once\nconfig: {user: e2e}\n");
    project.ends(0, &["create", "once", STAGE]);
    let text = project.ends(4, &["dispatch", "once", STAGE]);
    assert!(text.contains("1 of 1 allocations failed") && text.contains("exit code 7"), "{text}");
    assert!(text.contains("| no luck"), "{text}");
    let text = project.ends(1, &["run", "letters", STAGE]);
    assert!(text.contains("platy-manage dispatch letters --stage=real"), "{text}");
    let text = project.ends(1, &["scale", "letters", "2", STAGE]);
    assert!(text.contains("platy-manage dispatch"), "{text}");

    // An emergency ends what runs of it too.
    project.job("letters", &batch("  parameters: {optional: [to]}\n", "exec sleep 600"));
    project.ends(0, &["update", "letters", STAGE]);
    let text = project.ends(0, &["dispatch", "letters", STAGE, "--detach"]);
    let instance = text.split_whitespace().last().unwrap().to_owned();
    project.ends(0, &["emergency-stop", "letters", STAGE, "--reason", "too many", "--yes"]);
    let path = format!("/v1/job/{}", instance.replace('/', "%2F"));
    assert_eq!(project.get(&path)["Stop"], true);
    project.ends(6, &["dispatch", "letters", STAGE]);
    project.ends(0, &["emergency-start", "letters", STAGE, "--yes"]);

    project.job("nocturnal", &batch("  schedule: \"0 3 * * *\"\n", "echo good night"));
    project.ends(0, &["create", "nocturnal", STAGE]);
    let text = project.ends(1, &["dispatch", "nocturnal", STAGE]);
    assert!(text.contains("platy-manage run nocturnal --stage=real"), "{text}");
    let text = project.ends(1, &["logs", "nocturnal", STAGE]);
    assert!(text.contains("platy-manage run nocturnal --stage=real"), "{text}");
    let text = project.ends(0, &["run", "nocturnal", STAGE]);
    assert!(text.contains("started e2e-nocturnal/periodic-"), "{text}");
    assert_eq!(project.ends(0, &["logs", "nocturnal", STAGE, "-q"]), "good night\n");
    for name in ["letters", "nocturnal", "once"] {
        project.ends(0, &["stop", name, STAGE, "--yes", "--purge"]);
    }
}
