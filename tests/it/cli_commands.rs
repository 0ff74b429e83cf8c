//! What the commands do on the embedded registry, and how they end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::cli_project::Cli;

const PROJECT: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
  prod: {cluster: local, protected: true}
";

const JOB: &str = "\
file: worker
user: cbe
config:
  image: registry.example.com/web:1.0
  command: /bin/web
  env: {LEVEL: info}
";

fn project() -> Cli {
    Cli::new(&[("platy.yaml", PROJECT), ("jobs/web.yaml", JOB)])
}

/// The sample fleet at the top of the repository; nothing is written there.
fn sample(line: &str) -> crate::cli_project::Run {
    let mut command = Cli::new(&[]).command();
    command.arg("--project").arg(env!("CARGO_MANIFEST_DIR")).args(line.split_whitespace());
    Cli::new(&[]).finish(command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().unwrap())
}

#[test]
fn a_job_is_created_updated_and_stopped() {
    let cli = project();
    let mut steps = String::new();
    for line in [
        "update web",
        "status web",
        "create web --dry-run",
        "create web",
        "create web",
        "status web --format json",
        "diff web --exit-code",
        "create web --set num_instances=3",
        "diff web --exit-code --set env.LEVEL=debug",
        "update web --set num_instances=3 --dry-run",
        "update web --set num_instances=3",
        "update web --set num_instances=3",
        "update web -q",
        "stop web",
        "stop web --dry-run",
        "stop web --yes",
        "stop web --yes",
        "update web",
        "status web",
        "create web -q",
        "stop web --purge --yes -q",
        "explain web num_instances --set num_instances=3",
    ] {
        steps.push_str(&cli.transcript(line));
        steps.push('\n');
    }
    insta::with_settings!({filters => vec![
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?", "[TIME]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UUID]"),
        (r"\b[0-9a-f]{8}\b", "[ID]"),
        (r"\b\d+ ?(s|ms|seconds?) ago", "[AGO]"),
        (r"platy-manage \d+\.\d+\.\d+", "platy-manage [VERSION]"),
        (r"\b1[0-9]{18}\b", "[NANOSECONDS]"),
    ]}, { insta::assert_snapshot!(steps) });
}

/// Guards against a refusal that a program cannot understand.
#[test]
fn a_refusal_is_in_the_object() {
    let cli = project();
    let object = cli.run("update web --format json").exits(1).json();
    assert_eq!(
        (&object["exit_code"], &object["errors"][0]["code"]),
        (&1.into(), &"P0952".into()),
        "{object}"
    );
    cli.run("create web").exits(0);
    let object = cli.run("create web --set num_instances=2 --format json").exits(1).json();
    assert_eq!(
        (&object["errors"][0]["code"], &object["change"]),
        (&"P0951".into(), &"update".into()),
        "{object}"
    );
}

/// Guards against a broken job that keeps the rest of the fleet from being applied.
#[test]
fn one_failure_does_not_stop_the_others() {
    let cli = project();
    cli.write("jobs/bad.yaml", "file: worker\nuser: cbe\nconfig: {cpu: lots}\n");
    cli.write("jobs/after.yaml", &format!("{JOB}needs: [bad]\n"));
    cli.write("jobs/last.yaml", &format!("{JOB}needs: [web]\n"));
    let run = cli.run("apply --all").exits(3).says("config.cpu").says("it needs `bad`, which failed");
    insta::assert_snapshot!(run.stdout);
    // The rest is there, and is left alone now.
    cli.run("apply web last").exits(0).says("0 jobs changed, 2 unchanged, 0 failed");
}

#[test]
fn jobs_come_after_those_that_they_need() {
    let cli = project();
    cli.write("jobs/a.yaml", &format!("{JOB}needs: [z]\n"));
    cli.write("jobs/z.yaml", &format!("{JOB}needs: [web]\n"));
    let run = cli.run("apply --all").exits(0);
    let at = |name: &str| run.stdout.find(&format!("✔ {name}: ")).unwrap_or_else(|| panic!("{}", run.stdout));
    assert!(at("web") < at("z") && at("z") < at("a"), "{}", run.stdout);

    cli.write("jobs/web.yaml", &format!("{JOB}needs: [a]\n"));
    let run = cli.run("apply --all").exits(3);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn changed_since_takes_what_git_says() {
    let cli = project();
    cli.write("jobs/api.yaml", JOB);
    cli.push_to_upstream();
    cli.write("jobs/api.yaml", &JOB.replace("info", "debug"));
    cli.git("commit --quiet -am Change");
    let run = cli.run("apply --changed-since origin/main --dry-run --format json").exits(0).json();
    let names: Vec<_> = run["jobs"].as_array().unwrap().iter().map(|job| job["job"].clone()).collect();
    assert_eq!(names, ["api"]);
    cli.run("apply --changed-since nowhere --dry-run").says("nowhere");
    cli.run("apply --changed-since HEAD --dry-run").exits(64).says("nothing changed");
    // What all jobs share changes all of them.
    cli.write("platy.yaml", &format!("{PROJECT}# changed\n"));
    cli.run("apply --changed-since HEAD --dry-run").exits(0).says("2 jobs would change");
}

/// Guards against a form of output that no program can read.
#[test]
fn json_is_one_object_on_stdout() {
    let cli = project();
    for line in [
        "create web",
        "update web",
        "apply --all",
        "diff web",
        "diff --all",
        "status web",
        "status --all",
        "list",
        "explain web",
        "validate --all",
        "render web",
        "stop web --yes",
        "apply --all --dry-run",
    ] {
        let run = cli.run(&format!("{line} --format json -q")).exits(0);
        assert!(run.json().is_object(), "{line}: {}", run.stdout);
        assert_eq!(run.stderr, "", "{line}");
    }
    for (line, code) in
        [("render wbe", 3), ("render web --stage=devl", 3), ("stop web --yes", 1), ("stop web", 1)]
    {
        let run = cli.run(&format!("{line} --format json")).exits(code);
        assert_eq!(run.json()["exit_code"], code, "{line}: {}", run.stdout);
        assert_eq!(run.stderr, "", "{line}");
    }
}

#[test]
fn errors_go_to_stderr_and_results_to_stdout() {
    let cli = project();
    let run = cli.run("render web").exits(0);
    assert!(run.stdout.starts_with("job \"web-devel\" {\n") && run.stderr.is_empty(), "{}", run.stderr);
    let run = cli.run("render wbe").exits(3);
    assert!(run.stdout.is_empty() && run.stderr.starts_with("error[P0143]"), "{}", run.stdout);
    let run = cli.run("--help").exits(0);
    assert!(run.stderr.is_empty() && run.stdout.contains("Usage: platy-manage"));
    let run = cli.run("").exits(64);
    assert!(run.stdout.is_empty() && run.stderr.contains("Usage: platy-manage"));
    assert!(cli.run("--version").exits(0).stdout.starts_with("platy-manage "));
}

/// Guards against the panic of `println!` when `head` has read enough.
#[test]
fn a_closed_pipe_is_no_failure() {
    let cli = project();
    for i in 0..200 {
        cli.write(&format!("jobs/some_rather_long_name_of_a_job_{i}.yaml"), JOB);
    }
    for line in ["list --format json", "diff --all", "apply --all --dry-run"] {
        let mut command = cli.command();
        command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {errors}");
        assert!(!errors.contains("panicked") && !errors.contains("pipe"), "{line}: {errors}");
    }
}

#[test]
fn the_project_is_found_from_below() {
    let cli = project();
    let mut command = cli.command();
    command.current_dir(cli.root().join("jobs")).args(["validate", "--all"]);
    cli.finish(command.output().unwrap()).exits(0).says("valid");
    cli.write("jobs/web.yaml", "file: worker\nuser: cbe\ncpu: lots\n");
    let mut command = cli.command();
    command.current_dir(cli.root().join("jobs")).args(["validate", "web"]);
    cli.finish(command.output().unwrap()).exits(3).says("--> ../jobs/web.yaml:3");
}

fn eightball(stage: &str) -> Value {
    sample(&format!("render eightball --stage={stage} --format json")).exits(0).json()
}

#[test]
fn the_eightball_of_the_talk_has_its_numbers() {
    for (stage, count, mhz, workers, hash) in
        [("prod", 12, 1500, "34", "ABC123"), ("devel", 1, 250, "10", "XYZ456")]
    {
        let object = eightball(stage);
        let job = object.get("Job").unwrap_or(&object);
        let group = &job["TaskGroups"][0];
        assert_eq!(group["Count"], count, "{stage}");
        let tasks = group["Tasks"].as_array().unwrap();
        let task = tasks.iter().find(|task| task["Lifecycle"].is_null()).unwrap();
        assert_eq!((&task["Resources"]["CPU"], &task["Resources"]["MemoryMB"]), (&mhz.into(), &300.into()));
        let text = task.to_string();
        assert!(text.contains(&format!("--workers={workers}")), "{stage}: {text}");
        assert!(text.contains(hash), "{stage}: {text}");
    }
}

#[test]
fn the_worker_of_the_talk_has_its_key() {
    let explained = sample("explain content_es_fill_storyid --stage=prod --format json").exits(0).json();
    assert_eq!(explained["job_key"], "bb/cbp/prod/content_es_fill_storyid");
    sample("list storyid --stage=prod").exits(0).says("bb/cbp/prod/content_es_fill_storyid");
}

#[test]
fn the_sample_fleet_is_valid_in_every_stage() {
    let run = sample("validate --all --all-stages").exits(0).says("valid");
    assert_eq!(run.stderr, "");
}
