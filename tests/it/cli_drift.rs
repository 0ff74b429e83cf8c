//! `drift` through the real binary, on the embedded registry.

use platy_manage::cluster::local::LocalCluster;
use platy_manage::cluster::{Cluster, Submission};
use serde_json::{Value, json};

use crate::cli_project::Cli;

const PROJECT: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
defaults:
  config: {user: cbe}
";

fn job(count: u32, release: &str) -> String {
    format!(
        "file: worker\nconfig:\n  image: 'registry.example.com/web:1.0'\n  command: /bin/web\n  env: {{RELEASE: \"{release}\"}}\n  \
         num_instances: {count}\n"
    )
}

fn project(names: &[&str]) -> Cli {
    let cli = Cli::new(&[("platy.yaml", PROJECT)]);
    for name in names {
        cli.write(&format!("jobs/{name}.yaml"), &job(1, "a"));
    }
    cli
}

/// The registry that the binary uses too.
fn registry(cli: &Cli) -> LocalCluster {
    LocalCluster::new(&cli.root().join(".platy/local"), &cli.root(), "default")
}

/// What somebody does who does not use this tool.
fn by_hand(cli: &Cli, id: &str, change: impl FnOnce(&mut Value)) {
    let registry = registry(cli);
    let mut job = registry.read_job(id).unwrap().expect("it runs").job;
    change(&mut job);
    registry.register(&job, None, &Submission::default()).unwrap();
}

fn state(cli: &Cli, name: &str) -> Value {
    cli.run(&format!("drift {name} --format json")).exits(0).json()["jobs"][0].clone()
}

#[test]
fn a_config_that_is_not_applied_is_told_from_a_change_by_hand() {
    let cli = project(&["web"]);
    cli.run("drift web --exit-code")
        .exits(2)
        .says("not created")
        .says("platy-manage create web --stage=devel");
    cli.run("create web").exits(0);
    let run = cli.run("drift web --exit-code").exits(0);
    assert_eq!(run.stdout, "web  in step\n");

    // The file moves.
    cli.write("jobs/web.yaml", &job(2, "b"));
    let run = cli.run("drift web --exit-code").exits(2).says("not applied").says("RELEASE");
    assert!(!run.stdout.contains("by hand") && run.stdout.contains("jobs/web.yaml:6"), "{}", run.stdout);
    let found = state(&cli, "web");
    assert_eq!((&found["state"], &found["last"]["version"]), (&json!("not_applied"), &json!(0)));
    assert_eq!((&found["drift"], &found["by_hand"]), (&json!(true), &Value::Null));

    // What runs moves too, then only that.
    by_hand(&cli, "web-devel", |job| job["Priority"] = json!(77));
    let run = cli.run("drift web").exits(0).says("both").says("77").says("RELEASE");
    assert!(
        run.stdout.contains("changed in the cluster:") && run.stdout.contains("not applied:"),
        "{}",
        run.stdout
    );
    cli.write("jobs/web.yaml", &job(1, "a"));
    let run =
        cli.run("drift web --exit-code").exits(2).says("by hand").says("version 1 of ").says("version 0 (");
    assert!(run.stdout.contains("50 → 77") && !run.stdout.contains("RELEASE"), "{}", run.stdout);
    let found = state(&cli, "web");
    assert_eq!((&found["state"], &found["others"][0]["version"]), (&json!("by_hand"), &json!(1)));
    assert_eq!((&found["not_applied"], &found["running"]["version"]), (&Value::Null, &json!(1)));

    cli.run("update web").exits(0);
    assert_eq!(state(&cli, "web")["state"], "in_step");
}

#[test]
fn counts_and_stops_and_older_versions_have_words_of_their_own() {
    let cli = project(&["web"]);
    cli.run("create web").exits(0);
    let group = registry(&cli).read_job("web-devel").unwrap().unwrap().job["TaskGroups"][0]["Name"].clone();
    registry(&cli).scale("web-devel", group.as_str().unwrap(), 4, "").unwrap();
    cli.run("drift web --exit-code").exits(2).says("scaled").says("1 → 4");

    // With `--set` it was this tool that did it.
    cli.run("update web --set num_instances=6").exits(0);
    cli.run("drift web").exits(0).says("not applied").says("with --set num_instances=6");

    // What an automatic revert leaves: an older version of ours, submitted by nobody.
    cli.run("update web").exits(0);
    cli.write("jobs/web.yaml", &job(1, "b"));
    cli.run("update web").exits(0);
    by_hand(&cli, "web-devel", |job| job["TaskGroups"][0]["Tasks"][0]["Env"]["RELEASE"] = json!("a"));
    assert_eq!(state(&cli, "web")["state"], "reverted");
    cli.run("drift web").exits(0).says("runs again").says("RELEASE");

    cli.run("stop web --yes").exits(0);
    cli.run("drift web --exit-code").exits(2).says("stopped").says("platy-manage start web --stage=devel");
}

#[test]
fn of_all_jobs_each_is_a_line_and_orphans_are_named() {
    let cli = project(&["api", "web", "zoo"]);
    cli.run("apply --all").exits(0);
    cli.write("jobs/api.yaml", &job(1, "b"));
    std::fs::remove_file(cli.root().join("jobs/zoo.yaml")).unwrap();
    let run = cli.run("drift --exit-code").exits(2).says("1 job drifts, 1 in step").says("zoo-devel");
    assert!(
        run.stdout.starts_with("api  not applied  ") && run.stdout.contains("\nweb  in step\n"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("RELEASE"), "{}", run.stdout);
    let json = cli.run("drift --all --format json").exits(0).json();
    assert_eq!((&json["orphans"], &json["drifting"]), (&json!(["zoo-devel"]), &json!(1)));
    cli.run("drift web --exit-code").exits(0);
    cli.write("jobs/web.yaml", "file: [");
    cli.run("drift --exit-code").exits(3).says("invalid").says("api");
}

#[test]
fn the_commit_that_changed_the_file_is_named() {
    let cli = project(&["api", "web"]);
    cli.push_to_upstream();
    cli.run("apply --all").exits(0);
    cli.write("jobs/api.yaml", &job(2, "other"));
    cli.git("commit --quiet -am Other");
    cli.write("jobs/web.yaml", &job(1, "b"));
    cli.run("drift web").exits(0).says(", by changes that are not committed");
    cli.git("commit --quiet -am Web");
    let commit = cli.git("rev-parse HEAD");
    cli.write("jobs/web.yaml", &job(1, "c"));
    cli.git("commit --quiet -am Again");
    cli.run("drift web").exits(0).says(&format!(", since commit {}", &commit[..12]));
    let found = state(&cli, "web");
    assert_eq!(found["since"], json!({"commit": commit, "uncommitted": false}));
}

#[test]
fn secrets_do_not_show_and_a_job_of_others_has_no_version_of_ours() {
    let cli = project(&["web"]);
    cli.run("create web").exits(0);
    by_hand(&cli, "web-devel", |job| {
        job["TaskGroups"][0]["Tasks"][0]["Env"]["DB_PASSWORD"] = json!("hunter2")
    });
    for line in ["drift web", "drift web --format json"] {
        let run = cli.run(line).exits(0).says("DB_PASSWORD");
        assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.stdout);
    }
    let job = registry(&cli).read_job("web-devel").unwrap().unwrap().job;
    registry(&cli).deregister("web-devel", true).unwrap();
    registry(&cli)
        .register(&job, None, &Submission { source: "job".to_owned(), ..Submission::default() })
        .unwrap();
    cli.run("drift web").exits(0).says("by hand").says("nor is any other version");
}
