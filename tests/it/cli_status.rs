//! `status` of many jobs through the real binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli_project::Cli;
use crate::fake_nomad::{Fake, Reply};

const DEFAULTS: &str =
    "default_stage: devel\ndefaults:\n  config: {user: cbe, command: /bin/true, driver: exec}\n";

/// Who made a job, its deployment and its instances were once missing where many were asked for.
#[test]
fn all_jobs_are_told_as_fully_as_one() {
    let platy = format!("stages:\n  devel: {{cluster: local}}\n{DEFAULTS}");
    let cli = Cli::new(&[
        ("platy.yaml", &platy),
        ("jobs/gone.yaml", "file: server\n"),
        ("jobs/letters.yaml", "file: worker\nconfig:\n  parameters: {required: [to]}\n"),
        ("jobs/nightly.yaml", "file: worker\nconfig:\n  schedule: \"0 3 * * *\"\n"),
        ("jobs/web.yaml", "file: server\n"),
    ]);
    cli.run("apply letters nightly web").exits(0);
    cli.run("dispatch letters --meta to=ada").exits(0);
    cli.run("run nightly").exits(0);
    let all = cli.run("status --all --format json").exits(0).json();
    let jobs = all["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 4);
    for job in jobs {
        let one = cli.run(&format!("status {} --format json", job["job"].as_str().unwrap())).exits(0).json();
        assert_eq!(*job, one["jobs"][0]);
    }
    assert_eq!((&jobs[0]["job"], &jobs[0]["exists"]), (&json!("gone"), &json!(false)));
    assert_eq!(jobs[1]["instances"].as_array().unwrap().len(), 1);
    assert_eq!(jobs[1]["origin"]["config"], "jobs/letters.yaml");
    assert_eq!(jobs[2]["instances"].as_array().unwrap().len(), 1);
    assert_eq!(jobs[3]["deployment"]["status"], "successful");
    cli.run("emergency-stop web --reason fire --yes").exits(0);
    cli.run("status --all").exits(0).says("stopped in an emergency");
    let all = cli.run("status --all --format json").exits(0).json();
    assert!(all["jobs"][3]["held"].as_str().unwrap().starts_with("fire ("), "{:#}", all["jobs"][3]);
}

fn job(id: &str) -> Value {
    json!({"ID": id, "Name": id, "Type": "service", "Status": "running", "Version": 1, "JobModifyIndex": 7,
           "TaskGroups": [{"Name": "web", "Count": 2, "Tasks": [{"Name": "web", "Driver": "exec"}]}]})
}

/// A canary that waits for somebody is what a look at all jobs is for.
#[test]
fn the_jobs_are_asked_about_at_once_and_canaries_that_wait_are_shown() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (current, highest) = (now.clone(), most.clone());
    let fake = Fake::start(move |request, _| {
        highest.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        current.fetch_sub(1, Ordering::SeqCst);
        let key = request.key();
        let id = key.trim_start_matches("GET /v1/job/").split('/').next().unwrap().to_owned();
        let canary = json!({"DesiredCanaries": 1, "HealthyAllocs": 1, "DesiredTotal": 2});
        match key.rsplit('/').next().unwrap() {
            "deployment" if id == "web7-devel" => Reply::json(
                &json!({"ID": "d1", "JobID": id, "JobVersion": 1, "Status": "running", "TaskGroups": {"web": canary}}),
                9,
            ),
            "deployment" => Reply::json(&Value::Null, 9),
            "allocations" => Reply::json(&json!([]), 9),
            "submission" => Reply::text(404, "job source not found"),
            _ => Reply::json(&job(&id), 9),
        }
    });
    let address = &fake.address;
    let platy =
        format!("clusters:\n  c: {{address: \"{address}\"}}\nstages:\n  devel: {{cluster: c}}\n{DEFAULTS}");
    let cli = Cli::new(&[("platy.yaml", &platy)]);
    for i in 0..40 {
        cli.write(&format!("jobs/web{i}.yaml"), "file: server\n");
    }
    let run = cli.run("status --all").exits(0);
    let waiting: Vec<_> = run.stdout.lines().filter(|line| line.contains("wait to be promoted")).collect();
    assert!(matches!(waiting[..], [line] if line.starts_with("web7 ")), "{}", run.stdout);
    let json = cli.run("status --all --format json").exits(0).json();
    let waiting: Vec<_> =
        json["jobs"].as_array().unwrap().iter().filter(|job| job["awaits_promotion"] == true).collect();
    assert!(matches!(waiting[..], [job] if job["deployment"]["id"] == "d1"), "{waiting:#?}");
    let most = most.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most} requests at once");
}

/// Every job would say the same.
#[test]
fn a_cluster_that_is_gone_is_told_once() {
    let platy = format!(
        "clusters:\n  c: {{address: \"http://127.0.0.1:1\"}}\nstages:\n  devel: {{cluster: c}}\n{DEFAULTS}"
    );
    let cli = Cli::new(&[("platy.yaml", &platy)]);
    for i in 0..40 {
        cli.write(&format!("jobs/web{i}.yaml"), "file: server\n");
    }
    let run = cli.run("status --all").exits(7);
    assert_eq!(run.stderr.matches("P0901").count(), 1, "{}", run.stderr);
}
