//! Where findings stand that no line of the user's file says outright; and which of two refusals comes first.

use crate::cli_project::Cli;

const PLATY: &str =
    "stages:\n  devel: {cluster: local}\ndefault_stage: devel\ndefaults:\n  config: {user: cbe}\n";

/// The built-in template cannot be changed by who reads the finding.
#[test]
fn a_job_without_image_and_command_is_refused_at_its_config() {
    let cli =
        Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n")]);
    let run = cli.run("validate web").exits(3).says("--> jobs/web.yaml:2:1");
    let run = run.says("the job has neither `image` nor `command`: the driver `exec` needs `command`");
    run.says("add `image: IMAGE` for a container, or `command: PROGRAM`").says("::: builtin/parts.nomad.hcl");
    let json = cli.run("validate web --format json").exits(3).json();
    assert_eq!(json["findings"][0]["place"]["file"], "jobs/web.yaml", "{json:#}");
    // Without a `config`, at the template that was chosen.
    cli.write("jobs/web.yaml", "file: server\n");
    cli.run("validate web").exits(3).says("--> jobs/web.yaml:1:7").says("neither `image` nor `command`");
    cli.run("create web").exits(3).says("--> jobs/web.yaml:1:7");
    // A consumer that consumes nothing: the template's own complaint.
    cli.write("jobs/web.yaml", "file: consumer\nconfig:\n  image: x\n");
    cli.run("validate web").exits(3).says("--> jobs/web.yaml:2:1").says("consume.stream");
}

/// A template of the project can be changed: its line is the one to look at.
#[test]
fn a_finding_in_a_template_of_the_project_stays_there() {
    let cli = Cli::new(&[
        ("platy.yaml", PLATY),
        ("jobs/web.yaml", "file: own\nconfig:\n  num_instances: 2\n"),
        (
            "templates/own.nomad.hcl",
            "job \"[[ job_id ]]\" {\n  group \"a\" {\n    task \"a\" {\n      driver = \"exec\"\n      config {}\n    }\n  }\n}\n",
        ),
    ]);
    let run = cli.run("validate web").exits(3).says("templates/own.nomad.hcl:5:7");
    assert!(!run.stderr.contains("neither"), "{}", run.stderr);
}

#[test]
fn an_unknown_key_of_set_is_not_one_of_a_file() {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", "file: server\nconfig: {image: x}\n")]);
    let run = cli.run("validate web --set num_instanes=3").exits(3);
    let run =
        run.says("`num_instanes` is not a key that `--set` knows").says("did you mean `num_instances`?");
    assert!(!run.stderr.contains("this file"), "{}", run.stderr);
    cli.run("validate web --set update.max=3").exits(3).says("`max` is not a key of `update`");
}

/// Whoever may not deploy need not look for a token.
#[test]
fn a_token_that_cannot_be_read_comes_after_the_guards() {
    let cli = Cli::new(&[
        (
            "platy.yaml",
            "clusters:\n  real: {address: \"http://127.0.0.1:9\", token_file: no-such-token}\n\
             stages:\n  prod: {cluster: real, protected: true}\ndefaults:\n  config: {user: cbe, image: x}\n",
        ),
        ("jobs/web.yaml", "file: server\n"),
    ]);
    cli.push_to_upstream();
    for line in ["create web", "update web", "apply web", "apply --all"] {
        let line = format!("{line} --stage=prod");
        let run = cli.run(&line).exits(7).says("P0908").says("no-such-token");
        assert_eq!(run.stderr.matches("error[").count(), 1, "{line}: {}", run.stderr);
        cli.write("jobs/new.yaml", "file: server\n");
        let run = cli.run(&line).exits(6).says("P093");
        assert!(!run.stderr.contains("no-such-token"), "{line}: {}", run.stderr);
        // Looking needs no guard.
        cli.run(&format!("{line} --dry-run")).exits(7).says("no-such-token");
        std::fs::remove_file(cli.root().join("jobs/new.yaml")).unwrap();
    }
    cli.run("plan web --stage=prod").exits(7).says("no-such-token");
}
