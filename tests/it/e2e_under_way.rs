//! What is under way on a real Nomad, through the binary: jobs of every kind watched to their end, payloads, what a
//! plan would evict, and a second writer while somebody goes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::{self, Agent};
use crate::connection_agent::{pass_on, send};
use crate::e2e::{Project, sleeper};
use crate::fake_nomad::Fake;

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

/// A job of any kind that runs a script once.
const ONCE: &str = r#"
job "[[ job_id ]]" {
  type     = "KIND"
  priority = PRIORITY
  MORE
  group "main" {
    RETRIES
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "SCRIPT"]
      }
      TASK
      resources {
        cpu    = CPU
        memory = 16
      }
    }
  }
}
"#;

/// A job like [`ONCE`] with these words replaced.
fn write(project: &Project, name: &str, words: &[(&str, &str)]) {
    let none = "restart {\n attempts = 0\n mode = \"fail\"\n }";
    let never = "restart {\n attempts = 0\n mode = \"fail\"\n }\n reschedule {\n attempts = 0\n unlimited = false\n }";
    let batch = words.contains(&("KIND", "batch"));
    let defaults = [
        ("RETRIES", if batch { never } else { none }),
        ("PRIORITY", "50"),
        ("MORE", ""),
        ("TASK", ""),
        ("CPU", "20"),
    ];
    let text = words.iter().chain(&defaults).fold(ONCE.to_owned(), |text, (from, to)| text.replace(from, to));
    let templates = project.folder.path().join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    std::fs::write(templates.join(format!("{name}.nomad.hcl")), text).unwrap();
    project.job(name, &format!("file: {name}\nconfig: {{user: e2e}}\n"));
}

#[test]
fn jobs_of_every_kind_are_watched_to_their_end() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    for kind in ["batch", "sysbatch"] {
        let good = format!("good-{kind}");
        write(&project, &good, &[("KIND", kind), ("SCRIPT", "sleep 4; echo done")]);
        project.ends(0, &["create", &good, STAGE, "--detach"]);
        let text = project.ends(0, &["watch", &good, STAGE]);
        assert!(!text.contains("nothing is under way"), "{text}");
        assert_eq!(
            project.get(&format!("/v1/job/e2e-{good}"))["Status"],
            "dead",
            "it was not followed to its end"
        );
        let text = project.ends(0, &["watch", &good, STAGE]);
        assert!(text.contains("nothing is under way"), "{text}");
        project.ends(0, &["stop", &good, STAGE, "--yes", "--purge"]);

        let bad = format!("bad-{kind}");
        write(&project, &bad, &[("KIND", kind), ("SCRIPT", "sleep 4; echo no luck >&2; exit 7")]);
        project.ends(0, &["create", &bad, STAGE, "--detach"]);
        let text = project.ends(4, &["watch", &bad, STAGE]);
        assert!(text.contains("exit code 7") && text.contains("| no luck"), "{text}");
        project.ends(0, &["stop", &bad, STAGE, "--yes", "--purge"]);
    }
    write(&project, "everywhere", &[("KIND", "system"), ("SCRIPT", "exec sleep 600")]);
    project.ends(0, &["create", "everywhere", STAGE, "--detach"]);
    project.ends(0, &["watch", "everywhere", STAGE]);
    assert_eq!(project.get("/v1/job/e2e-everywhere/allocations")[0]["ClientStatus"], "running");
    project.ends(0, &["stop", "everywhere", STAGE, "--yes", "--purge"]);

    project.job("later", &sleeper("server", "raw_exec", ""));
    project.ends(0, &["create", "later", STAGE, "--detach"]);
    let text = project.ends(0, &["watch", "later", STAGE]);
    assert!(text.contains("deployment successful"), "{text}");
    project.ends(0, &["stop", "later", STAGE, "--yes", "--purge"]);
}

#[test]
fn a_payload_reaches_the_task() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    write(
        &project,
        "reader",
        &[
            ("KIND", "batch"),
            ("MORE", "parameterized {\n payload = \"required\"\n }"),
            ("TASK", "dispatch_payload {\n file = \"in.txt\"\n }"),
            ("SCRIPT", "cat local/in.txt"),
        ],
    );
    project.ends(0, &["create", "reader", STAGE]);
    let text = project.ends(1, &["dispatch", "reader", STAGE]);
    assert!(text.contains("the job needs a payload") && text.contains("--payload FILE"), "{text}");
    // Bytes that are no text come through.
    std::fs::write(project.folder.path().join("letter"), b"dear \xff\x00 ada\n").unwrap();
    project.ends(0, &["dispatch", "reader", STAGE, "--payload", "letter"]);
    assert_eq!(project.run(&["logs", "reader", STAGE]).stdout, b"dear \xff\x00 ada\n");
    let mut child = project.start(&["dispatch", "reader", STAGE, "--payload", "-"]);
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"from a pipe\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(project.ends(0, &["logs", "reader", STAGE, "-q"]), "from a pipe\n");
    project.ends(0, &["stop", "reader", STAGE, "--yes", "--purge"]);
}

#[test]
fn a_plan_says_what_it_would_evict() {
    // It changes how the whole cluster decides.
    let Some(agent) = Agent::start() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    project.put(
        "/v1/operator/scheduler/configuration",
        &json!({"PreemptionConfig": {"ServiceSchedulerEnabled": true}}),
    );
    let node = project.get("/v1/nodes")[0]["ID"].as_str().unwrap().to_owned();
    let shares =
        project.get(&format!("/v1/node/{node}"))["NodeResources"]["Cpu"]["CpuShares"].as_u64().unwrap();
    let (most, half) = ((shares * 8 / 10).to_string(), (shares / 2).to_string());
    let job = |name: &str, priority: &str, cpu: &str| {
        let words = [("KIND", "service"), ("SCRIPT", "exec sleep 600"), ("PRIORITY", priority), ("CPU", cpu)];
        write(&project, name, &words);
    };
    job("humble", "10", &most);
    project.ends(0, &["create", "humble", STAGE]);
    job("urgent", "90", &half);
    let text = project.ends(0, &["plan", "urgent", STAGE]);
    assert!(text.contains("humble"), "{text}");
    let output = project.run(&["plan", "urgent", STAGE, "--format=json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["jobs"][0]["preempted"], json!({"e2e-humble": 1}), "{json:#}");
    let text = project.ends(0, &["plan", "urgent", STAGE, "--format=markdown"]);
    assert!(text.contains("evicts 1 of <code>e2e-humble</code>"), "{text}");
    // One of the same priority evicts nobody, and finds no place.
    job("modest", "15", &half);
    let output = project.run(&["plan", "modest", STAGE, "--format=json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["jobs"][0]["preempted"], json!({}), "{json:#}");
}

#[test]
fn a_second_writer_while_somebody_goes_back_is_a_conflict() {
    let Some(agent) = agent::shared() else { return };
    let direct = Project::new(&agent.address, NO_SINK);
    let release =
        |release: &str| sleeper("server", "raw_exec", &format!("  env: {{RELEASE: \"{release}\"}}\n"));
    direct.job("shared", &release("1"));
    direct.ends(0, &["create", "shared", STAGE]);
    direct.job("shared", &release("2"));
    direct.ends(0, &["update", "shared", STAGE]);
    // The other writer comes right after the plan was made.
    let (address, other) = (agent.address.clone(), AtomicBool::new(true));
    let between = Fake::start(move |request, _| {
        let answer = pass_on(&address, request);
        if request.key() == "PUT /v1/job/e2e-shared/plan" && other.swap(false, Ordering::Relaxed) {
            let mut job = send("GET", &address, "/v1/job/e2e-shared", "", &Value::Null);
            job["Priority"] = 61.into();
            send("PUT", &address, "/v1/jobs", "", &json!({"Job": job}));
        }
        answer
    });
    let slow = Project::new(&between.address, NO_SINK);
    slow.job("shared", &release("2"));
    let text = slow.ends(5, &["rollback", "shared", STAGE, "--yes"]);
    assert!(text.contains("moved"), "{text}");
    let now = direct.get("/v1/job/e2e-shared");
    assert_eq!((&now["Priority"], &now["Version"]), (&json!(61), &json!(2)), "nothing was submitted");
    let began = Instant::now();
    while direct.run(&["watch", "shared", STAGE]).status.code() != Some(0) {
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    // Shown what runs by now, it goes back.
    direct.ends(0, &["rollback", "shared", STAGE, "--yes"]);
    direct.ends(0, &["stop", "shared", STAGE, "--yes", "--purge"]);
}
