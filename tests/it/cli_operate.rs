//! The commands on running jobs, on the embedded registry.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::cli_project::Cli;
use crate::fake_nomad::{Fake, Reply};

fn project() -> Cli {
    Cli::new(&[
        (
            "platy.yaml",
            "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, protected: true}\ndefault_stage: devel\n\
             defaults:\n  config: {user: cbe, command: /bin/true, driver: exec}\n",
        ),
        ("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n"),
        ("jobs/letters.yaml", "file: worker\nconfig:\n  parameters: {required: [to]}\n"),
        ("jobs/nightly.yaml", "file: worker\nconfig:\n  schedule: \"0 3 * * *\"\n"),
    ])
}

#[test]
fn a_service_is_scaled_stopped_and_started() {
    let cli = project();
    cli.run("scale web 3").exits(1).says("`web` does not run");
    cli.run("create web").exits(0);
    cli.run("scale web 3").exits(0).says("group `web`: 2 → 3");
    cli.run("status web").exits(0).says("differs from its file");
    cli.run("scale web many").exits(64);
    cli.run("scale web web=3 web=2").exits(64).says("named twice");
    cli.run("scale web 18446744073709551615").exits(64);
    cli.run("restart web").exits(1).says("local registry runs nothing");
    cli.run("logs web").exits(1);
    cli.run("exec web -- true").exits(1).says("local registry runs nothing");
    cli.run("start web").exits(1).says("runs in `devel` already");
    cli.run("stop web --yes").exits(0);
    cli.run("scale web 3").exits(1).says("platy-manage start web --stage=devel");
    cli.run("start web").exits(0);
    let json = cli.run("status web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["stopped"], false);
    // Who started it again is known, and it is what was scaled.
    let json = cli.run("history web --format json").exits(0).json();
    assert_eq!(json["versions"][0]["stopped"], false);
    cli.run("promote web").exits(1).says("no deployment of `web` is under way");
    cli.run("watch web").exits(0).says("nothing is under way");
}

#[test]
fn an_emergency_stop_lasts() {
    let cli = project();
    cli.run("create web").exits(0);
    cli.run("emergency-stop web --reason fire").exits(64).says("--yes");
    cli.run("emergency-stop web --yes").exits(64);
    cli.run("emergency-stop web --reason fire --yes").exits(0).says("fire");
    for line in ["create web", "update web", "apply web", "start web", "stop web --purge --yes", "plan web"] {
        cli.run(line).exits(6).says("fire").says("emergency-start");
    }
    cli.run("status web").exits(0).says("fire");
    cli.run("emergency-stop web --reason more --yes").exits(6);
    cli.run("scale web 3").exits(6).says("platy-manage emergency-start web --stage=devel");
    cli.run("emergency-start web --yes").exits(0);
    cli.run("emergency-start web --yes").exits(1).says("was not stopped in an emergency");
    cli.run("update web --set num_instances=4").exits(0);
}

/// A mark does not move the index of a job that was stopped before.
#[test]
fn a_plan_file_starts_no_job_that_is_held() {
    let cli = project();
    cli.run("create web").exits(0);
    cli.run("stop web --yes").exits(0);
    cli.run("plan web -o web.plan").exits(0);
    cli.run("emergency-stop web --reason fire --yes").exits(0);
    cli.run("apply --plan web.plan").exits(6).says("fire");
    let json = cli.run("status web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["stopped"], true);
    cli.run("emergency-start web --yes").exits(0);
}

#[test]
fn each_kind_has_its_commands() {
    let cli = project();
    cli.run("apply --all").exits(0);
    cli.run("dispatch letters --meta to=ada").exits(0).says("started letters-devel/dispatch-");
    cli.run("dispatch letters").exits(1).says("--meta to=VALUE");
    cli.run("dispatch letters --meta to").exits(64);
    cli.run("dispatch letters --meta to=ada --payload nosuch").exits(1).says("nosuch");
    cli.run("dispatch nightly").exits(1).says("platy-manage run nightly --stage=devel");
    cli.run("run nightly").exits(0).says("started nightly-devel/periodic-");
    cli.run("run letters").exits(1).says("platy-manage dispatch letters --stage=devel");
    cli.run("run web").exits(1).says("platy-manage restart web --stage=devel");
    cli.run("scale nightly 3").exits(1).says("platy-manage run nightly --stage=devel");
    cli.run("restart letters").exits(1).says("platy-manage dispatch letters --stage=devel");
    cli.run("promote nightly").exits(1).says("only services are rolled out");
    cli.run("stop nosuch --yes").exits(1).says("does not run");
}

/// After a rollback it was said of every file that it would be submitted again.
#[test]
fn a_rollback_says_whether_the_file_agrees() {
    let cli = project();
    cli.run("create web").exits(0);
    cli.run("update web --set num_instances=4").exits(0);
    let run = cli.run("rollback web --yes").exits(0).says("its file says the same");
    assert!(!run.stderr.contains("submits that again"), "{}", run.stderr);
    cli.write("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 5\n");
    cli.run("update web").exits(0);
    let run = cli.run("rollback web --yes").exits(0).says("submits that again");
    assert!(!run.stderr.contains("says the same"), "{}", run.stderr);
    cli.run("update web").exits(0);
    let json = cli.run("rollback web --yes --format json").exits(0).json();
    assert_eq!(json["differs"], true, "{json:#}");
}

/// A project whose stage is a fake.
fn faked(fake: &Fake) -> Cli {
    let address = &fake.address;
    let platy = format!(
        "clusters:\n  c: {{address: \"{address}\"}}\nstages:\n  devel: {{cluster: c}}\ndefault_stage: devel\n\
         defaults:\n  config: {{user: cbe, command: /bin/true, driver: exec}}\n"
    );
    Cli::new(&[("platy.yaml", &platy), ("jobs/web.yaml", "file: server\n")])
}

fn service(groups: &[&str]) -> Value {
    let group = |name: &&str| json!({"Name": name, "Count": 1, "Tasks": [{"Name": "t", "Driver": "exec"}]});
    json!({"ID": "web-devel", "Name": "web-devel", "Type": "service", "Status": "running", "Version": 3,
           "JobModifyIndex": 7, "TaskGroups": groups.iter().map(group).collect::<Vec<_>>()})
}

/// The failure of the start was lost when the job could not be held again, and it was not held.
#[test]
fn what_cannot_be_started_nor_held_again_says_both() {
    let held = AtomicBool::new(true);
    let fake = Fake::start(move |request, _| match request.key().as_str() {
        "DELETE /v1/job/web-devel/versions/emergency-stop/tag" => {
            held.store(false, Ordering::SeqCst);
            Reply::json(&json!({}), 8)
        }
        "PUT /v1/job/web-devel/plan" => Reply::text(500, "the planner is on fire"),
        "GET /v1/job/web-devel" => {
            let mut job = service(&["web"]);
            job["Stop"] = true.into();
            if held.load(Ordering::SeqCst) {
                job["VersionTag"] = json!({"Name": "emergency-stop", "Description": "fire"});
            }
            Reply::json(&job, 8)
        }
        "GET /v1/job/web-devel/submission" => Reply::text(404, "job source not found"),
        key => Reply::text(500, &format!("no tags today: {key}")),
    });
    let cli = faked(&fake);
    let run = cli.run("emergency-start web --yes").exits(3);
    let at = |text: &str| run.stderr.find(text).unwrap_or_else(|| panic!("no `{text}` in {}", run.stderr));
    assert!(at("the planner is on fire") < at("could not be held again"), "{}", run.stderr);
    assert!(at("could not be held again") < at("no tags today"), "{}", run.stderr);
    assert!(run.stderr.contains("platy-manage emergency-stop web --stage=devel --reason"), "{}", run.stderr);
}

#[test]
fn a_scale_that_fails_says_what_is_done() {
    let fake = Fake::start(|request, _| match request.key().as_str() {
        "PUT /v1/job/web-devel/scale" if request.body.contains("\"b\"") => Reply::text(400, "b is stuck"),
        "PUT /v1/job/web-devel/scale" => Reply::json(&json!({"EvalID": "e1", "JobModifyIndex": 8}), 8),
        _ => Reply::json(&service(&["a", "b", "c"]), 7),
    });
    let cli = faked(&fake);
    let run = cli.run("scale web a=2 b=3 c=4").exits(1).says("b is stuck");
    assert!(run.stderr.contains("scaled already: `a` (1 → 2)"), "{}", run.stderr);
    assert!(run.stderr.contains("not scaled: `b` (1 → 3), `c` (1 → 4)"), "{}", run.stderr);
    assert_eq!(fake.keys().iter().filter(|key| key.ends_with("/scale")).count(), 2);
    // Where nobody knows who it is, the message says nothing of it.
    let mut command = cli.command();
    command.args(["scale", "web", "b=2"]).env_remove("USER");
    cli.finish(command.output().unwrap()).exits(1);
    let requests = fake.requests.lock().unwrap();
    let message = |body: &str| serde_json::from_str::<Value>(body).unwrap()["Message"].clone();
    let messages: Vec<_> =
        requests.iter().filter(|one| one.key().ends_with("/scale")).map(|one| message(&one.body)).collect();
    assert_eq!(messages[0], "platy-manage scale, by tester");
    assert_eq!(messages[2], "platy-manage scale");
}
