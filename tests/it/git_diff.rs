//! `diff --base`: what a change of the files changes in which jobs, through the binary.

use crate::cli_project::Cli;

const PLATY: &str = "stages:\n  devel: {cluster: local}\n  qa: {cluster: local}\ndefault_stage: devel\n\
                     defaults:\n  config: {user: cbe, command: /bin/true, driver: exec}\n";

fn project() -> Cli {
    let cli = Cli::new(&[
        ("platy.yaml", PLATY),
        ("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n  env: {API_KEY: sup3rsecretvalue}\n"),
        ("jobs/mail.yaml", "file: worker\nconfig:\n  num_instances: 1\n"),
        ("jobs/old.yaml", "file: worker\n"),
    ]);
    cli.push_to_upstream();
    cli
}

#[test]
fn a_change_of_one_file_is_a_change_of_one_job() {
    let cli = project();
    cli.run("diff --base main").exits(0).says("0 jobs change, 3 unchanged");
    cli.write(
        "jobs/web.yaml",
        "file: server\nconfig:\n  num_instances: 3\n  env: {API_KEY: an0thersecretvalue}\n",
    );
    let run = cli.run("diff --base main --exit-code").exits(2);
    let run = run.says("count = 2 → 3").says("# jobs/web.yaml:3").says("because of jobs/web.yaml: 1 job");
    let run = run.says("1 job changes, 2 unchanged");
    assert!(!run.stdout.contains("secretvalue"), "{}", run.stdout);
    let json = cli.run("diff --base main --all-stages --format json").exits(0).json();
    assert_eq!(json["stages"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["stages"][1]["stage"], "qa");
    assert_eq!(json["stages"][1]["jobs"][0]["because"][0], "jobs/web.yaml");
    assert_eq!(json["stages"][1]["unchanged"], 2);
}

#[test]
fn a_change_for_all_is_grouped_into_its_hunks() {
    let cli = project();
    cli.write("platy.yaml", &PLATY.replace("driver: exec", "driver: exec, env: {REGION: eu}"));
    let run = cli.run("diff --base HEAD").exits(0);
    let run = run.says("3 jobs:").says("env.REGION").says("because of platy.yaml: 3 jobs");
    assert_eq!(run.stdout.matches("env.REGION").count(), 1, "{}", run.stdout);
    run.says("3 jobs change, 0 unchanged");
    let run = cli.run("diff --base HEAD --format markdown").exits(0);
    run.says("3 jobs changed, 0 unchanged").says("```diff").says("env.REGION");
    cli.run("diff web --format markdown").exits(64);
}

#[test]
fn a_template_is_found_to_be_the_cause() {
    let cli = project();
    let template = "[[% extends \"builtin/worker\" %]]\n";
    cli.write("templates/mailer.nomad.hcl", template);
    cli.write("jobs/mail.yaml", "file: mailer\nconfig:\n  num_instances: 1\n");
    cli.git("add -A");
    cli.git("commit --quiet -m Template");
    cli.write("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 5\n");
    cli.write(
        "templates/mailer.nomad.hcl",
        "job \"[[ job_id ]]\" {\n  group \"main\" {\n    task \"main\" {\n      driver = \"exec\"\n      config {\n        \
         command = \"/bin/false\"\n      }\n    }\n  }\n}\n",
    );
    let json = cli.run("diff --base HEAD --format json").exits(0).json();
    let jobs = json["stages"][0]["jobs"].as_array().unwrap();
    let because = |name: &str| {
        let job = jobs.iter().find(|job| job["job"] == name).unwrap_or_else(|| panic!("{json:#}"));
        job["because"].clone()
    };
    assert_eq!(because("mail"), serde_json::json!(["templates/mailer.nomad.hcl"]));
    assert_eq!(because("web"), serde_json::json!(["jobs/web.yaml"]));
    assert_eq!(json["stages"][0]["unchanged"], 1);
}

#[test]
fn jobs_come_and_go_and_break() {
    let cli = project();
    std::fs::remove_file(cli.root().join("jobs/old.yaml")).unwrap();
    cli.write("jobs/fresh.yaml", "file: worker\n");
    cli.write("jobs/mail.yaml", "file: worker\nconfig:\n  ram: much\n");
    let run = cli.run("diff --base main").exits(3);
    run.says("+ 1 job new:").says("- 1 job gone:").says("jobs/mail.yaml:3:8").says("1 invalid");
}

/// What others did on the base branch meanwhile is no part of a change.
#[test]
fn a_change_is_measured_from_where_the_branches_parted() {
    let cli = project();
    cli.git("checkout --quiet -b change");
    cli.write("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 4\n");
    cli.git("commit --quiet -am Mine");
    cli.git("checkout --quiet main");
    cli.write("jobs/mail.yaml", "file: worker\nconfig:\n  num_instances: 7\n");
    cli.git("commit --quiet -am Theirs");
    cli.git("checkout --quiet change");
    cli.run("diff --base main").exits(0).says("count = 2 → 4").says("1 job changes");
    let run = cli.run("diff --base main~1 --head main").exits(0);
    run.says("count = 1 → 7").says("# main:./jobs/mail.yaml:3");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let cli = project();
    cli.run("diff --base nosuch").exits(1).says("nosuch");
    cli.run("diff --head main").exits(64);
    cli.run("diff nosuchjob --base main").exits(3).says("nosuchjob");
    cli.run("diff").exits(64);
    let bare = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", "file: server\n")]);
    bare.run("diff --base main").exits(1).says("in no git repository");
    bare.git("init --quiet --initial-branch=main");
    bare.git("commit --quiet --allow-empty -m Empty");
    bare.run("diff --base main").exits(1).says("has no `platy.yaml` in this folder");
}
