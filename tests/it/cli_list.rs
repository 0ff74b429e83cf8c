//! `list` through the real binary: with what runs, or offline.

use serde_json::json;

use crate::cli_project::Cli;

const JOB: &str = "file: worker\nconfig: {image: x, command: /bin/web}\n";

fn project(cluster: &str) -> Cli {
    let platy = format!(
        "{cluster}default_stage: devel\nstages:\n  devel: {{cluster: c}}\ndefaults:\n  config: {{user: cbe}}\n"
    );
    let cli = Cli::new(&[("platy.yaml", &platy)]);
    std::fs::create_dir(cli.root().join("jobs")).unwrap();
    cli
}

#[test]
fn an_empty_project_says_how_to_begin() {
    let cli = project("clusters:\n  c: {path: .platy/local}\n");
    let run = cli.run("list").exits(0).says("jobs/NAME.yaml").says("platy-manage validate NAME");
    assert_eq!(run.stdout, "");
    cli.write("jobs/web.yaml", JOB);
    cli.run("list nothing").exits(0).says("no job has `nothing` in its name");
}

#[test]
fn a_stage_shows_what_runs() {
    let cli = project("clusters:\n  c: {path: .platy/local}\n");
    for name in ["api", "old", "web"] {
        cli.write(&format!("jobs/{name}.yaml"), JOB);
    }
    cli.run("apply web old").exits(0);
    cli.run("stop old --yes").exits(0);
    let run = cli.run("list --stage=devel").exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("api") && lines[0].contains("does not run"), "{}", run.stdout);
    assert!(lines[1].starts_with("old") && lines[1].contains("stopped"), "{}", run.stdout);
    assert!(lines[2].starts_with("web") && lines[2].contains("1 running"), "{}", run.stdout);
    let json = cli.run("list --stage=devel --format json").exits(0).json();
    assert_eq!(
        (&json["jobs"][0]["running"], &json["jobs"][2]["running"]["running"]),
        (&json!(null), &json!(1))
    );
    // The default stage needs no name.
    assert_eq!(cli.run("list").exits(0).stdout, run.stdout);
    let run = cli.run("list --offline --stage=devel").exits(0);
    assert!(!run.stdout.contains("running"), "{}", run.stdout);
    let json = cli.run("list --offline --format json").exits(0).json();
    assert!(json["jobs"][0].get("running").is_none());
}

#[test]
fn without_a_cluster_it_still_lists() {
    let cli = project("clusters:\n  c: {address: 'http://127.0.0.1:1'}\n");
    cli.write("jobs/web.yaml", JOB);
    let run = cli.run("list").exits(0).says("warning[P0901]").says("platy-manage list --offline");
    assert!(run.stdout.starts_with("web  worker"), "{}", run.stdout);
    let run = cli.run("list --offline").exits(0);
    assert!(run.stdout.starts_with("web  worker") && run.stderr.is_empty(), "{}", run.stderr);
    let run = cli.run("list --stage=devel").exits(0).says("P0901");
    assert!(run.stdout.starts_with("web  worker"), "{}", run.stdout);
    let json = cli.run("list --stage=devel --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["job"], "web");
    assert!(json["jobs"][0].get("running").is_none());
}

#[test]
fn without_a_default_stage_no_cluster_is_asked() {
    let platy = "clusters:\n  c: {address: 'http://127.0.0.1:1'}\nstages:\n  devel: {cluster: c}\ndefaults:\n  config: {user: cbe}\n";
    let cli = Cli::new(&[("platy.yaml", platy), ("jobs/web.yaml", JOB)]);
    let run = cli.run("list").exits(0);
    assert!(run.stdout.starts_with("web  worker") && run.stderr.is_empty(), "{}", run.stderr);
}
