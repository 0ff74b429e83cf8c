//! `plan`, plan files, `apply FILE` and `prune` through the real binary, on the embedded registry and a fake Nomad.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli_project::Cli;
use crate::fake_nomad::{Fake, Reply};

const PROJECT: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
  prod: {cluster: local, protected: true}
defaults:
  config: {user: cbe}
";

fn job(count: u32) -> String {
    format!(
        "file: worker\nconfig:\n  image: 'registry.example.com/web:1.0'\n  command: /bin/web\nenvs:\n  devel:\n    num_instances: {count}\n"
    )
}

fn project(names: &[&str]) -> Cli {
    let cli = Cli::new(&[("platy.yaml", PROJECT)]);
    for name in names {
        cli.write(&format!("jobs/{name}.yaml"), &job(1));
    }
    cli
}

#[test]
fn a_change_names_its_line_and_layer_and_unchanged_is_one_line() {
    let cli = project(&["web"]);
    cli.run("plan web --exit-code").exits(2).says("local/cbe/devel/web is new");
    cli.run("apply web").exits(0);
    let same = cli.run("plan web --exit-code").exits(0);
    assert_eq!(same.stdout, "local/cbe/devel/web: nothing changes\n");
    cli.write("jobs/web.yaml", &job(3));
    cli.run("plan web --exit-code").exits(2).says("count = 1 → 3  # jobs/web.yaml:7 envs.devel");
    let json = cli.run("plan web --format json").exits(0).json();
    let job = &json["jobs"][0];
    assert_eq!((&job["changed"], &job["change"], &job["moved"]), (&json!(true), &json!("update"), &json!(3)));
    assert_eq!(job["diff"]["changes"][0]["place"]["layer"], "envs.devel");
    assert_eq!((&job["drift"], &job["stale"]), (&json!(false), &json!(false)));
}

#[test]
fn many_jobs_are_grouped_and_orphans_are_listed_and_pruned() {
    let names = ["a", "b", "c", "d", "e"];
    let cli = project(&names);
    cli.run("apply --all").exits(0);
    cli.run("plan --all").exits(0).says("0 jobs would change, 5 unchanged");
    for name in names {
        cli.write(&format!("jobs/{name}.yaml"), &job(2));
    }
    std::fs::remove_file(cli.root().join("jobs/e.yaml")).unwrap();
    cli.write("jobs/new.yaml", &job(1));
    let run = cli.run("plan --all --exit-code").exits(2);
    assert!(run.stdout.contains("4 jobs: ~ count = 1 → 2"), "{}", run.stdout);
    assert!(run.stdout.contains("+ 1 job new:") && run.stdout.contains("e-devel"), "{}", run.stdout);
    let json = cli.run("plan --all --format json").exits(0).json();
    assert_eq!(json["orphans"][0]["job_id"], "e-devel");
    assert_eq!(json["groups"][0]["hunks"][0]["count"], 4);
    assert_eq!((&json["changed"], &json["unchanged"]), (&json!(5), &json!(0)));
    let comment = cli.run("plan --all --format markdown").exits(0).stdout;
    assert!(comment.contains("```diff\n! count = 1 → 2\n```") && comment.contains("### Run without a file"));

    cli.run("prune").exits(64).says("--yes");
    cli.run("prune --dry-run").exits(0).says("e-devel").says("jobs/e.yaml, submitted by `tester`");
    // A broken file is no orphan, and nothing is stopped beside it.
    cli.write("jobs/a.yaml", "file: [");
    cli.run("prune --yes").exits(3).says("P0996");
    cli.write("jobs/a.yaml", &job(1));
    cli.run("prune --yes").exits(0).says("1 job stopped");
    cli.run("prune --yes").exits(0).says("every job of the stage has a file");
    cli.run("prune --yes --purge").exits(0).says("1 job purged");
    let left = cli.run("status a --format json").exits(0).json();
    assert_eq!(left["jobs"][0]["stopped"], false);
}

#[test]
fn prune_of_a_protected_stage_must_name_it() {
    let cli = project(&["web"]);
    cli.write(
        "platy.yaml",
        &PROJECT.replace("default_stage: devel\n", "").replace("  devel: {cluster: local}\n", ""),
    );
    cli.write("jobs/web.yaml", &job(1).replace("devel", "prod"));
    cli.run("prune --yes").exits(64);
    cli.run("prune --yes --stage=prod").exits(0);
}

#[test]
fn preserve_counts_keeps_what_runs() {
    let cli = project(&["web"]);
    cli.run("apply web").exits(0);
    cli.write("jobs/web.yaml", &job(5));
    let words = "group `web` keeps its count of 1, where the file says 5";
    cli.run("plan web --preserve-counts --exit-code").exits(0).says(&format!("nothing changes ({words})\n"));
    cli.run("plan web --preserve-counts --reset-counts").exits(64);
    let json = cli.run("plan web --preserve-counts --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["kept_counts"]["web"], serde_json::json!({"running": 1, "config": 5}));
    cli.run("update web --preserve-counts").exits(0).says("nothing changes");
    cli.write("jobs/web.yaml", &job(5).replace("config:\n", "config:\n  env: {NEW: x}\n"));
    cli.run("plan web --preserve-counts").exits(0).says(&format!("  {words} (`--reset-counts` sets that)\n"));
    cli.run("plan web --preserve-counts --format markdown").exits(0).says("keeps its count of 1");
    cli.write("jobs/web.yaml", &job(5));
    cli.run("apply --all --preserve-counts --dry-run --exit-code").exits(0);
    cli.run("plan web --exit-code").exits(2);
}

#[test]
fn a_plan_file_is_applied_as_it_was_written() {
    let cli = project(&["web", "api"]);
    cli.run("plan --all -o the.plan").exits(0).says("the plan is in `the.plan`");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(cli.root().join("the.plan")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The files may change, or be gone: the plan is what is submitted.
    std::fs::remove_dir_all(cli.root().join("jobs")).unwrap();
    cli.run("apply the.plan --dry-run --exit-code").exits(2).says("2 jobs would change");
    cli.run("apply the.plan").exits(0).says("2 jobs changed");
    cli.write("jobs/web.yaml", &job(1));
    cli.write("jobs/api.yaml", &job(1));
    cli.run("plan --all --exit-code").exits(0);
    // It was for jobs that did not exist: now all of it is stale.
    cli.run("apply ./the.plan").exits(5).says("P0993").says("web-devel").says("submitted by `tester`");
}

#[test]
fn one_stale_job_keeps_all_from_being_submitted() {
    let cli = project(&["web", "api"]);
    cli.run("apply --all").exits(0);
    cli.write("jobs/web.yaml", &job(2));
    cli.write("jobs/api.yaml", &job(2));
    cli.run("plan --all -o the.plan").exits(0);
    cli.run("update api --set num_instances=4").exits(0);
    let run = cli.run("apply --plan the.plan").exits(5);
    assert!(
        run.stderr.contains("`api-devel` was at index") && !run.stderr.contains("`web-devel`"),
        "{}",
        run.stderr
    );
    cli.run("plan web --exit-code").exits(2).says("count = 1 → 2");
}

#[test]
fn a_plan_file_that_is_none_is_refused() {
    let cli = project(&["web"]);
    cli.run("plan web -o the.plan").exits(0);
    let text = std::fs::read_to_string(cli.root().join("the.plan")).unwrap();
    for (bad, says) in [
        (
            text.replacen("registry.example.com", "registry.example.org", 1),
            "was changed since it was written",
        ),
        (text[..text.len() / 2].to_owned(), "cut off"),
        (text.replacen("\"version\":1", "\"version\":9", 1), "has version 9"),
        ("{}".to_owned(), "not that of a plan file"),
        (String::new(), "not that of a plan file"),
    ] {
        cli.write("bad.plan", &bad);
        cli.run("apply bad.plan").exits(1).says(says);
    }
    cli.run("apply none.plan").exits(1).says("cannot be read");
    cli.run("apply ./").exits(1).says("no file");
    cli.run("apply web the.plan").exits(64).says("stands alone");
    cli.run("apply the.plan --set num_instances=3").exits(64).says("--set");
    cli.run("apply the.plan --stage=prod").exits(64).says("is for the stage `devel`");
    // The same project with another registry is another cluster.
    cli.write("platy.yaml", &format!("clusters:\n  local: {{local: elsewhere}}\n{PROJECT}"));
    let run = cli.run("apply the.plan");
    assert!(run.code != 0 && !run.stdout.contains("changed"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn the_plan_of_a_protected_stage_is_guarded() {
    let cli = project(&["web"]);
    cli.write("jobs/web.yaml", &job(1).replace("devel", "prod"));
    cli.push_to_upstream();
    cli.run("plan web --stage=prod -o ../the.plan").exits(0);
    cli.run("apply ../the.plan").exits(6).says("--stage=prod");
    // The work tree may have changed meanwhile: the plan is of a commit.
    cli.write("jobs/web.yaml", &job(7).replace("devel", "prod"));
    cli.run("plan web --stage=prod -o ../dirty.plan").exits(0);
    cli.run("apply ../dirty.plan --stage=prod").exits(6).says("P0931");
    cli.git("commit --quiet -am Local");
    cli.run("plan web --stage=prod -o ../local.plan").exits(0);
    cli.run("apply ../local.plan --stage=prod").exits(6).says("P0932");
    cli.run("apply ../the.plan --stage=prod").exits(0).says("1 job changed");
}

/// Values that must be seen nowhere, each in a place of its own.
const SECRETS: [&str; 4] = [
    "hunter2-of-the-db",
    "AKIAIOSFODNN7EXAMPLE",
    "sesame-in-a-url",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
];

#[test]
fn no_secret_reaches_a_plan() {
    let cli = project(&["web"]);
    cli.run("apply web").exits(0);
    let env = format!(
        "    env:\n      DB_PASSWORD: {}\n      KEY: {}\n      DSN: 'postgres://app:{}@db/x'\n      BLOB: {}\n",
        SECRETS[0], SECRETS[1], SECRETS[2], SECRETS[3]
    );
    cli.write("jobs/web.yaml", &(job(1) + &env));
    for line in [
        "plan web",
        "plan web -v",
        "plan web --format json",
        "plan --all --format markdown",
        "plan web -o the.plan",
        "plan web -o the.plan --format json",
    ] {
        let run = cli.run(line);
        if line.contains("-o") {
            assert_eq!(run.code, 3, "{line}\n{}{}", run.stdout, run.stderr);
            let text = format!("{}{}", run.stdout, run.stderr);
            assert!(text.contains("P0994") && text.contains("env.DB_PASSWORD"), "{text}");
            assert!(!cli.root().join("the.plan").exists());
        } else {
            assert!(
                run.stdout.contains("‹secret ") || run.stdout.contains("&#8249;secret"),
                "{line}\n{}",
                run.stdout
            );
        }
        for secret in SECRETS {
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "`{secret}` in `{line}`");
        }
    }
}

/// A Nomad that has no job, may be slow, and counts what is asked of it at once.
fn counting(most: &Arc<AtomicUsize>, lists: bool) -> Fake {
    let (now, most) = (AtomicUsize::new(0), most.clone());
    Fake::start(move |request, _| {
        let under_way = now.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(under_way, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        now.fetch_sub(1, Ordering::SeqCst);
        match (&*request.method, request.key()) {
            ("PUT", key) if key.ends_with("/plan") => Reply::json(
                &json!({"JobModifyIndex": 0, "Annotations": {"DesiredTGUpdates": {},
                        "PreemptedAllocs": [{"ID": "x", "JobID": "victim", "TaskGroup": "g"}]}}),
                1,
            ),
            ("GET", key) if key == "GET /v1/jobs" && lists => Reply::json(&Value::Array(Vec::new()), 1),
            ("GET", key) if key == "GET /v1/jobs" => Reply::text(403, "Permission denied"),
            _ => Reply::text(404, "job not found"),
        }
    })
}

fn at(address: &str, jobs: usize) -> Cli {
    let cli = Cli::new(&[]);
    cli.write(
        "platy.yaml",
        &format!(
            "clusters:\n  real: {{address: \"{address}\"}}\nstages:\n  devel: {{cluster: real}}\ndefaults:\n  config: {{user: cbe}}\n"
        ),
    );
    for i in 0..jobs {
        cli.write(&format!("jobs/job-{i}.yaml"), &job(1));
    }
    cli
}

#[test]
fn at_most_sixteen_requests_are_in_flight() {
    let most = Arc::new(AtomicUsize::new(0));
    let fake = counting(&most, true);
    let cli = at(&fake.address, 80);
    let run = cli.run("plan --all --stage=devel").exits(0);
    assert!(run.stdout.contains("80 jobs would change"), "{}", run.stdout);
    assert!(run.stdout.contains("1 allocation of `victim` would be evicted"), "{}", run.stdout);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most} at once");
    // Each job is read and planned once, and the list is asked for once.
    assert_eq!(fake.keys().len(), 80 * 2 + 1);
}

#[test]
fn a_token_that_may_not_list_can_plan() {
    let fake = counting(&Arc::default(), false);
    let cli = at(&fake.address, 2);
    let run = cli.run("plan --all --stage=devel --format json").exits(0).says("list-jobs");
    assert_eq!(run.json()["orphans"], Value::Null);
    assert_eq!(run.json()["changed"], 2);
}

/// Guards against a token that is sent to an address which only a file names.
#[test]
fn without_a_project_the_environment_names_the_cluster() {
    let fake = counting(&Arc::default(), true);
    let cli = at(&fake.address, 1);
    cli.run("plan --all --stage=devel -o ../the.plan").exits(0);
    let elsewhere = |address: Option<&str>| {
        let mut command = cli.command();
        command.current_dir(cli.root().parent().unwrap()).args(["apply", "the.plan", "--dry-run"]);
        if let Some(address) = address {
            command.env("NOMAD_ADDR", address);
        }
        cli.finish(command.output().unwrap())
    };
    elsewhere(None).exits(6).says("there is no project here");
    elsewhere(Some("http://127.0.0.1:9")).exits(6).says("P0992");
    elsewhere(Some(&fake.address)).exits(0).says("1 job would change");
}
