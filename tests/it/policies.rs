//! The project's policies over compiled jobs, through the binary.

use crate::cli_project::Cli;

const PLATY: &str =
    "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, id: \"{name}-p\", protected: true}\n";

const JOB: &str =
    "file: server\nconfig:\n  user: tester\n  driver: raw_exec\n  command: /bin/true\n  num_instances: 1\n";

/// Two instances in `prod`, no `raw_exec` anywhere.
const TWO: &str = "\
title: a job in production survives the loss of one node
description: set `num_instances` to 2 or more
x-platy: {stages: [prod]}
properties:
  TaskGroups:
    items:
      properties:
        Count: {minimum: 2}
";

const NO_RAW: &str = r#"{
  "title": "tasks are isolated",
  "x-platy": {"severity": "warning"},
  "properties": {"TaskGroups": {"items": {"properties": {"Tasks": {"items": {
    "title": "no task runs with the rights of the agent",
    "description": "use the driver `docker` or `exec`",
    "properties": {"Driver": {"not": {"const": "raw_exec"}}}
  }}}}}}
}"#;

fn project(files: &[(&str, &str)]) -> Cli {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", JOB)]);
    for (path, text) in files {
        cli.write(path, text);
    }
    cli
}

#[test]
fn a_policy_is_for_its_stages_and_is_shown_at_the_yaml_value() {
    let cli = project(&[("schemas/policies/two.yaml", TWO)]);
    cli.run("validate web --stage=devel").exits(0);
    let run = cli.run("validate web --stage=prod").exits(3);
    insta::assert_snapshot!(run.stderr);
    cli.run("render web --stage=prod").exits(3);
    cli.run("validate web --stage=prod --set num_instances=2").exits(0);
}

#[test]
fn a_warning_refuses_nothing_and_the_innermost_schema_speaks() {
    let cli = project(&[("schemas/policies/no-raw.json", NO_RAW)]);
    let run = cli.run("validate web --stage=devel").exits(0).says("1 warning");
    insta::assert_snapshot!(run.stderr);
    let found = cli.run("validate web --stage=devel --format json").json();
    assert_eq!(found["findings"][0]["code"], "P0830");
    assert_eq!(found["findings"][0]["severity"], "warning");
}

#[test]
fn a_policy_is_waived_beside_the_value_or_beside_the_choice_of_the_template() {
    let cli = project(&[("schemas/policies/two.yaml", TWO)]);
    let waived = JOB.replace("num_instances: 1", "num_instances: 1 # platy: allow P0830 (OPS-7)");
    cli.write("jobs/web.yaml", &waived);
    cli.run("validate web --stage=prod").exits(0);
    // What no value of the file decides is waived where the file chooses its template.
    let no_label = "{title: every job says its owner, properties: {Meta: {required: [owner]}}}";
    cli.write("schemas/policies/two.yaml", no_label);
    cli.run("validate web --stage=prod").exits(3).says("every job says its owner").says("by this template");
    let waived = JOB.replace("file: server", "file: server # platy: allow P0830 (OPS-8) until 2020-01-01");
    cli.write("jobs/web.yaml", &waived);
    cli.run("validate web --stage=prod").exits(3).says("P0812");
    cli.write("jobs/web.yaml", &waived.replace(" until 2020-01-01", ""));
    cli.run("validate web --stage=prod").exits(0);
}

/// A check that silently does not run is worse than none.
#[test]
fn a_policy_that_cannot_be_used_is_an_error() {
    for (file, text, says) in [
        ("bad.json", "{\"title\": ", "no JSON"),
        ("bad.yaml", "title: [", "bad.yaml:1"),
        ("bad.yaml", "type: 7", "no JSON Schema that can be used"),
        ("bad.yaml", "$ref: other.json", "a `$ref` leads to"),
        ("bad.yaml", "x-platy: {stages: [prd]}", "did you mean `prod`?"),
        ("bad.yaml", "x-platy: {stage: [prod]}", "did you mean `stages`?"),
        ("bad.yaml", "x-platy: {severity: fatal}", "`error` or `warning`"),
    ] {
        let cli = project(&[(&format!("schemas/policies/{file}"), text)]);
        cli.run("validate web --stage=devel").exits(3).says(says);
    }
}

/// The words of a schema validator hold the value that it refuses.
#[test]
fn a_refused_secret_is_not_shown() {
    let policy = "properties: {TaskGroups: {items: {properties: {Tasks: {items: {properties: {Env: \
                  {properties: {DB_PASSWORD: {pattern: \"^vault:\"}}}}}}}}}}";
    let cli = project(&[("schemas/policies/env.yaml", policy)]);
    cli.write("jobs/web.yaml", &format!("{JOB}  env: {{DB_PASSWORD: hunter2hunter2}}\n"));
    let run = cli.run("validate web --stage=devel --format json").exits(3);
    let message =
        run.json()["findings"].as_array().unwrap().iter().find(|f| f["code"] == "P0830").unwrap().clone();
    assert!(message["message"].as_str().unwrap().contains("DB_PASSWORD"), "{message}");
    assert!(
        !message["hints"].to_string().contains("hunter2")
            && !message["message"].to_string().contains("hunter2")
    );
}
