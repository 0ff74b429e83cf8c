//! A cluster that does not answer, or stops answering: many jobs give one error, and each is not tried anew.

use serde_json::json;

use crate::cli_project::{Cli, Run};
use crate::fake_nomad::{Fake, Reply};

/// What one request that fails is tried for.
const ATTEMPTS: usize = 4;

fn at(address: &str, jobs: usize) -> Cli {
    let cli = Cli::new(&[]);
    cli.write(
        "platy.yaml",
        &format!(
            "clusters:\n  real: {{address: \"{address}\"}}\nstages:\n  devel: {{cluster: real}}\ndefault_stage: devel\n\
             defaults:\n  config: {{user: cbe, image: x}}\n"
        ),
    );
    for i in 0..jobs {
        cli.write(&format!("jobs/job-{i:02}.yaml"), "file: worker\nconfig: {command: /bin/web}\n");
    }
    cli
}

#[track_caller]
fn one_error(run: Run) {
    let run = run.exits(7);
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    assert!(run.stdout.lines().count() <= 3, "{}", run.stdout);
}

#[test]
fn a_cluster_that_is_gone_is_asked_once_for_all_jobs() {
    let fake = Fake::start(|_, _| Reply::Close);
    let cli = at(&fake.address, 40);
    for line in [
        "drift",
        "diff --all",
        "plan --all",
        "apply --all",
        "status --all",
        "prune --yes",
        "validate --all --cluster --stage=devel",
    ] {
        let before = fake.keys().len();
        one_error(cli.run(line));
        assert_eq!(fake.keys().len() - before, ATTEMPTS, "`{line}`: {:?}", fake.keys());
    }
    let json = cli.run("drift --format json").exits(7).json();
    assert_eq!(json["jobs"].as_array().map(Vec::len), Some(40));
}

/// A proxy answers everything with a page: that is no job's own trouble.
#[test]
fn a_proxy_without_a_nomad_behind_it_is_asked_for_one_job() {
    let fake = Fake::start(|_, _| Reply::Answer(200, "text/html", "<html>Welcome</html>".to_owned(), 0));
    let cli = at(&fake.address, 40);
    one_error(cli.run("drift"));
    assert!(fake.keys().len() <= 2 * ATTEMPTS, "{:?}", fake.keys());
}

#[test]
fn what_is_wrong_with_one_job_does_not_hide_the_others() {
    let fake = Fake::start(|request, _| match &*request.key() {
        "GET /v1/job/job-00-devel" => Reply::text(500, "this one is broken"),
        "GET /v1/status/leader" => Reply::json(&json!("127.0.0.1:4647"), 1),
        "GET /v1/jobs" => Reply::json(&json!([]), 1),
        _ => Reply::text(404, "job not found"),
    });
    let cli = at(&fake.address, 5);
    let run = cli.run("drift").exits(1).says("this one is broken");
    assert_eq!(run.stdout.matches("not created").count(), 4, "{}", run.stdout);
}

/// Each registration would wait as long as the first did.
#[test]
fn a_cluster_that_goes_while_jobs_are_submitted_ends_the_rest() {
    let fake = Fake::start(|request, _| match (&*request.method, request.key()) {
        ("PUT", key) if key.ends_with("/plan") => {
            Reply::json(&json!({"JobModifyIndex": 0, "Annotations": {"DesiredTGUpdates": {}}}), 1)
        }
        // What reads the job again after a registration meets nobody either.
        ("PUT", key) if key == "PUT /v1/jobs" => Reply::Close,
        ("GET", key) if key.starts_with("GET /v1/job/") => Reply::text(404, "job not found"),
        _ => Reply::Close,
    });
    let cli = at(&fake.address, 30);
    let run = cli.run("apply --all --parallel 1").exits(7).says("the rest was not tried").says("30 failed");
    assert_eq!(run.stderr.matches("error[").count(), 2, "{}", run.stderr);
    // The one job, and again once reading it showed that nothing was registered.
    let sent = fake.keys().iter().filter(|key| *key == "PUT /v1/jobs").count();
    assert_eq!(sent, 2);
}
