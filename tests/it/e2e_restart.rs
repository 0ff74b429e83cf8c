//! `restart` on a real Nomad, through the binary: allocations that come back, late or never.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::agent;
use crate::e2e::{Project, sleeper};
use crate::fake_nomad::{Fake, Reply};

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

#[test]
fn the_first_that_does_not_come_back_is_the_last() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    // It starts once.
    let once = "[ -e $NOMAD_ALLOC_DIR/once ] && exit 7; touch $NOMAD_ALLOC_DIR/once; exec sleep 600";
    project.job(
        "fragile",
        &sleeper("server", "raw_exec", "  num_instances: 3\n").replace("exec sleep 600", once),
    );
    project.ends(0, &["create", "fragile", STAGE]);
    let output = project.run(&["restart", "fragile", STAGE, "--format=json"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["restarted"], &json["allocations"]), (&serde_json::json!([]), &3.into()));
    let failed = json["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{json:#}");
    assert_eq!(failed[0]["name"], "e2e-fragile.fragile[0]");
    assert!(failed[0]["why"].as_str().unwrap().contains("is failed now (Exit Code: 7"), "{json:#}");
    // The others were left alone.
    let allocations = project.get("/v1/job/e2e-fragile/allocations");
    for allocation in allocations.as_array().unwrap() {
        if ["e2e-fragile.fragile[1]", "e2e-fragile.fragile[2]"]
            .contains(&allocation["Name"].as_str().unwrap())
        {
            assert_eq!(allocation["TaskStates"]["fragile"]["Restarts"], 0, "{allocation:#}");
            assert_eq!(allocation["ClientStatus"], "running");
        }
    }
    let text = project.ends(4, &["restart", "fragile", STAGE, "--batch=9"]);
    assert!(text.contains("0 of ") && text.contains("platy-manage status fragile --stage=real"), "{text}");
    project.ends(0, &["stop", "fragile", STAGE, "--yes", "--purge"]);
}

/// A service whose check asks the test.
const CHECKED: &str = r#"
job "[[ job_id ]]" {
  group "main" {
    network {
      port "http" { static = PORT }
    }
    service {
      provider = "nomad"
      port     = "http"
      check {
        name     = "answers"
        type     = "http"
        path     = "/"
        interval = "1s"
        timeout  = "1s"
      }
    }
    update {
      min_healthy_time = "1s"
    }
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "exec sleep 600"]
      }
      resources {
        cpu    = 20
        memory = 16
      }
    }
  }
}
"#;

#[test]
fn an_allocation_is_back_when_its_checks_pass() {
    let Some(agent) = agent::shared() else { return };
    let healthy = Arc::new(AtomicBool::new(true));
    let answers = healthy.clone();
    let fake = Fake::start(move |_, _| match answers.load(Ordering::SeqCst) {
        true => Reply::text(200, "fine"),
        false => Reply::text(503, "warming up"),
    });
    let project = Project::new(&agent.address, NO_SINK);
    std::fs::create_dir(project.folder.path().join("templates")).unwrap();
    let port = fake.address.rsplit(':').next().unwrap();
    let template = project.folder.path().join("templates/checked.nomad.hcl");
    std::fs::write(template, CHECKED.replace("PORT", port)).unwrap();
    project.job("checked", "file: checked\nconfig: {user: e2e}\n");
    project.ends(0, &["create", "checked", STAGE]);
    // What passed before says nothing of now.
    healthy.store(false, Ordering::SeqCst);
    let text = project.ends(4, &["restart", "checked", STAGE, "--timeout=8s"]);
    assert!(text.contains("not back in time: the check `answers`"), "{text}");
    let later = healthy.clone();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        later.store(true, Ordering::SeqCst);
    });
    let text = project.ends(0, &["restart", "checked", STAGE]);
    assert!(waker.is_finished(), "back before its check could pass:\n{text}");
    assert!(text.contains("1 of 1 allocation restarted"), "{text}");
    project.ends(0, &["stop", "checked", STAGE, "--yes", "--purge"]);
}
