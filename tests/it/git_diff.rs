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

/// A removed job that nobody could compile was once called valid.
#[test]
fn a_removed_job_is_gone_even_if_it_was_invalid() {
    let cli = project();
    cli.write("jobs/broken.yaml", "file: worker\nconfig: {ram: much}\n");
    cli.git("add -A");
    cli.git("commit --quiet -m Broken");
    cli.run("diff --base HEAD").exits(0).says("0 jobs change, 4 unchanged");
    std::fs::remove_file(cli.root().join("jobs/broken.yaml")).unwrap();
    let run = cli.run("diff --base HEAD --exit-code").exits(2).says("- job \"broken-devel\"");
    let run = run.says("because of jobs/broken.yaml: 1 job").says("1 job changes, 3 unchanged");
    assert!(!run.stdout.contains("valid now"), "{}", run.stdout);
    let json = cli.run("diff --base HEAD --format json").exits(0).json();
    assert_eq!(json["stages"][0]["jobs"][0]["change"], "removed");
    assert_eq!(json["stages"][0]["were_invalid"], serde_json::json!([]));
    // One that was mended is a difference too.
    cli.write("jobs/broken.yaml", "file: worker\n");
    cli.run("diff --base HEAD --exit-code").exits(2).says("broken: was invalid, and is valid now");
}

#[test]
fn of_named_jobs_only_those_are_counted() {
    let cli = project();
    std::fs::remove_file(cli.root().join("jobs/old.yaml")).unwrap();
    cli.run("diff old --base main").exits(0).says("- job").says("1 job changes, 0 unchanged");
    cli.run("diff web old --base main").exits(0).says("1 job changes, 1 unchanged");
    cli.run("diff web --base main").exits(0).says("0 jobs change, 1 unchanged");
    cli.run("diff --base main").exits(0).says("1 job changes, 2 unchanged");
}

/// The file of a job that needs a removed one is as it was, and wrong now.
#[test]
fn removing_a_job_breaks_those_that_need_it() {
    let cli = project();
    cli.write("jobs/mail.yaml", "file: worker\nneeds: [old]\n");
    cli.git("commit --quiet -am Needs");
    std::fs::remove_file(cli.root().join("jobs/old.yaml")).unwrap();
    let run = cli.run("diff --base HEAD").exits(3).says("`mail` needs `old`, which is no job");
    run.says("jobs/mail.yaml:2:9").says("1 job changes, 1 unchanged, 1 invalid");
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_project_only() {
    use std::os::unix::fs::symlink;
    let cli = project();
    let link = |to: &str, at: &str| symlink(to, cli.root().join(at)).unwrap();
    cli.write("shared/linked.yaml", "file: worker\nconfig: {num_instances: 2}\n");
    std::fs::create_dir(cli.root().join("jobs/sub")).unwrap();
    link("../../shared/linked.yaml", "jobs/sub/linked.yaml");
    link("web.yaml", "jobs/twin.yaml");
    // A link by way of a link to a folder.
    link("../shared", "jobs/folder");
    link("folder/linked.yaml", "jobs/around.yaml");
    cli.git("add -A");
    cli.git("commit --quiet -m Links");
    cli.run("diff --base HEAD").exits(0).says("0 jobs change, 6 unchanged");
    cli.run("diff --base HEAD~1").exits(0).says("3 jobs new");
    // What changes is what the link leads to.
    cli.write("shared/linked.yaml", "file: worker\nconfig: {num_instances: 5}\n");
    let run = cli.run("diff --base HEAD").exits(0).says("2 jobs:").says("count = 2 → 5");
    run.says("because of shared/linked.yaml: 2 jobs").says("2 jobs change, 4 unchanged");
    cli.git("commit --quiet -am Change");
    let run = cli.run("diff --base HEAD~1 --head HEAD").exits(0).says("2 jobs change, 4 unchanged");
    run.says("HEAD:./jobs/sub/linked.yaml:2");

    std::fs::write(cli.root().parent().unwrap().join("outside.yaml"), "file: worker\n").unwrap();
    link("../../outside.yaml", "jobs/leaves.yaml");
    link("/etc/hostname", "jobs/absolute.yaml");
    link("nowhere.yaml", "jobs/dangling.yaml");
    link("circle.yaml", "jobs/circle.yaml");
    cli.git("add -A");
    cli.git("commit --quiet -m Out");
    let run = cli.run("diff --base HEAD~1 --head HEAD").exits(3);
    let run = run.says("`HEAD:./jobs/leaves.yaml` is a link that leaves the project");
    let run = run.says("`HEAD:./jobs/absolute.yaml` is a link that leaves the project");
    let run = run.says("`HEAD:./jobs/dangling.yaml` is a link that leads nowhere");
    run.says("`HEAD:./jobs/circle.yaml` is a link that leads nowhere").says("4 invalid");
}

#[test]
fn an_unknown_revision_has_near_misses() {
    let cli = project();
    cli.git("tag v1.4.0");
    cli.git("branch release");
    for (wrong, near) in
        [("mian", "main"), ("v1.4.1", "v1.4.0"), ("relaese~1", "release~1"), ("origin/mian", "origin/main")]
    {
        let run = cli.run(&format!("diff --base {wrong}")).exits(1);
        run.says(&format!("git knows no commit `{wrong}`")).says(&format!("did you mean `{near}`?"));
    }
    // A branch that is only there upstream.
    cli.git("push --quiet origin release:theirs");
    cli.run("diff --base theirs").exits(1).says("did you mean `origin/theirs`?");
    let run = cli.run("diff --base utterly-other").exits(1);
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
}

#[test]
fn a_hunk_of_several_jobs_names_the_line_of_each() {
    let cli = project();
    let platy = PLATY.replace("driver: exec", "driver: exec, ram: 100");
    cli.write("platy.yaml", &platy);
    cli.git("commit --quiet -am Ram");
    cli.write("platy.yaml", &platy.replace("ram: 100", "ram: 200"));
    cli.write("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n  ram: 200\n");
    let run = cli.run("diff --base HEAD").exits(0);
    let run =
        run.says("memory = 100 MB → 200 MB").says("    # platy.yaml:6 defaults.config\n    mail, old\n");
    let run = run.says("    web (jobs/web.yaml:4 config)\n");
    // What is gone has its line in the older revision.
    run.says("env.API_KEY").says("# was HEAD:./jobs/web.yaml:4 config");
    // A place of all is beside the change.
    cli.git("checkout --quiet jobs");
    cli.run("diff --base HEAD")
        .exits(0)
        .says("memory = 100 MB → 200 MB  (task)  # platy.yaml:6 defaults.config");
    // What is gone has the line that it had.
    cli.git("checkout --quiet .");
    cli.write("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n");
    cli.write("jobs/mail.yaml", "file: worker\nconfig:\n  num_instances: 3\n");
    let run = cli
        .run("diff --base HEAD")
        .exits(0)
        .says("# was HEAD:./jobs/web.yaml:4 config\n")
        .says("# jobs/mail.yaml:3 config");
    let json = cli.run("diff --base HEAD --format json").exits(0).json();
    let hunks = json["stages"][0]["groups"]["hunks"].as_array().unwrap();
    assert_eq!(hunks.len(), 2, "{}", run.stdout);
}
