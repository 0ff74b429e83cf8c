//! `plan` and plan files on a real Nomad, through the binary.
//!
//! Skipped, and says so, where no Nomad is found (`NOMAD_BIN`, or `nomad` in the `PATH`).

use serde_json::{Value, json};

use crate::agent;
use crate::cli_project::Cli;

fn project(address: &str) -> Cli {
    let cli = Cli::new(&[]);
    cli.write(
        "platy.yaml",
        &format!(
            "clusters:\n  real: {{address: \"{address}\"}}\nstages:\n  plan: {{cluster: real, id: \"planned-{{name}}\"}}\n\
             defaults:\n  config:\n    user: e2e\n    update: {{min_healthy_time: 1s, healthy_deadline: 20s, \
             progress_deadline: 30s, health_check: task_states}}\n    restart: {{attempts: 0}}\n"
        ),
    );
    cli
}

fn sleeper(more: &str) -> String {
    format!(
        "file: server\nconfig:\n  driver: raw_exec\n  command: /bin/sh\n  args: [\"-c\", \"exec sleep 600\"]\n  cpu: 0.02\n  \
         ram: 20\n{more}"
    )
}

#[test]
fn the_fate_of_allocations_is_told() {
    let Some(agent) = agent::shared() else { return };
    let cli = project(&agent.address);
    cli.write("jobs/fate.yaml", &sleeper("  num_instances: 2\n"));
    cli.run("plan fate --stage=plan --exit-code").exits(2).says("is new");
    let json = cli.run("plan fate --stage=plan --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["groups"]["fate"]["place"], 2, "{json:#}");
    cli.run("create fate --stage=plan").exits(0);
    cli.run("plan fate --stage=plan --exit-code").exits(0).says("nothing changes");

    cli.write("jobs/fate.yaml", &sleeper("  num_instances: 1\n"));
    cli.run("plan fate --stage=plan").exits(0).says("1 stop").says("count = 2 → 1");
    cli.write("jobs/fate.yaml", &sleeper("  num_instances: 3\n"));
    cli.run("plan fate --stage=plan").exits(0).says("(1 create, 2 ").says("count = 2 → 3");
    // Meta of the job is in the environment of its tasks; a kill timeout is not.
    cli.write("jobs/fate.yaml", &sleeper("  num_instances: 2\n  kill_timeout: 9s\n"));
    let run = cli.run("plan fate --stage=plan").exits(0).says("9s");
    assert!(run.stdout.contains("in-place"), "{}", run.stdout);
    cli.write("jobs/fate.yaml", &sleeper("  num_instances: 2\n  env: {A: b}\n"));
    let run = cli.run("plan fate --stage=plan").exits(0).says("create/destroy");
    assert!(run.stdout.contains("forces create/destroy update"), "{}", run.stdout);
    let canary = "  num_instances: 2\n  env: {A: b}\n  update: {canary: 1}\n";
    cli.write("jobs/fate.yaml", &sleeper(canary));
    cli.run("plan fate --stage=plan").exits(0).says("1 canary");
    cli.run("stop fate --stage=plan --yes --purge").exits(0);
}

#[test]
fn what_finds_no_place_and_when_a_schedule_comes() {
    let Some(agent) = agent::shared() else { return };
    let cli = project(&agent.address);
    cli.write("jobs/huge.yaml", &sleeper("").replace("ram: 20", "ram: 20000000"));
    cli.write(
        "jobs/yearly.yaml",
        "file: worker\nconfig:\n  driver: raw_exec\n  command: /bin/true\n  schedule: \"0 0 1 1 *\"\n",
    );
    cli.run("plan huge --stage=plan").exits(0).says("finds no place: 1 node without enough memory");
    let json = cli.run("plan huge --stage=plan --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["unplaceable"]["huge"][0], "1 node without enough memory");
    cli.run("plan yearly --stage=plan").exits(0).says("next run: ").says("-01-01T00:00:00Z");
}

#[test]
fn a_plan_file_is_applied_or_stale() {
    let Some(agent) = agent::shared() else { return };
    let cli = project(&agent.address);
    cli.write("jobs/filed.yaml", &sleeper(""));
    cli.run("plan filed --stage=plan -o filed.plan").exits(0);
    cli.run("apply filed.plan --stage=plan").exits(0).says("1 job changed");
    cli.write("jobs/filed.yaml", &sleeper("  kill_timeout: 8s\n"));
    cli.run("plan filed --stage=plan -o filed.plan").exits(0);
    // A second writer, by hand.
    let path = format!("{}/v1/job/planned-filed", agent.address);
    let text = ureq::get(&path).call().unwrap().body_mut().read_to_string().unwrap();
    let mut job: Value = serde_json::from_str(&text).unwrap();
    job["Priority"] = 51.into();
    ureq::put(format!("{}/v1/jobs", agent.address)).send(json!({ "Job": job }).to_string()).unwrap();
    let run = cli.run("apply filed.plan").exits(5).says("P0993");
    assert!(run.stderr.contains("changed without platy-manage"), "{}", run.stderr);
    let json = cli.run("plan filed --stage=plan --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["drift"], true, "{json:#}");
    cli.run("plan filed --stage=plan").exits(0).says("was not made by platy-manage");
    std::fs::remove_file(cli.root().join("jobs/filed.yaml")).unwrap();
    cli.write("jobs/other.yaml", &sleeper(""));
    let run = cli.run("plan --all --stage=plan").exits(0);
    assert!(run.stdout.contains("planned-filed"), "{}", run.stdout);
    cli.run("stop filed --stage=plan --yes --purge").exits(0);
}
