//! Rules 2 and 3 of the design: a protected stage is reached only by its name on the command
//! line, and only through its guards.

use crate::cli_project::Cli;

const JOB: &str = "\
file: worker
user: cbe
config: {image: 'registry.example.com/web:1.0', command: /bin/web}
";

/// Every stage is on an embedded registry, so that what was written shows in `status`.
const PROJECT: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
  qa: {cluster: local}
  prod: {cluster: local, protected: true}
";

const LENIENT: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
  prod:
    cluster: local
    protected: true
    guards: {allow_dirty: true, allow_unpushed: true, allow_unknown_githash: true}
";

fn project(platy: &str) -> Cli {
    let cli = Cli::new(&[("platy.yaml", platy), ("jobs/web.yaml", JOB), ("jobs/api.yaml", JOB)]);
    cli.push_to_upstream();
    cli
}

#[track_caller]
fn runs(cli: &Cli, stage: &str) -> bool {
    let status = cli.run(&format!("status web --stage={stage} --format json")).exits(0).json();
    let job = &status["jobs"][0];
    let exists = job["exists"].as_bool().unwrap_or_else(|| panic!("{status}"));
    exists && job["stopped"] == false
}

/// Guards against a default, a variable or `--all-stages` that selects production.
#[test]
fn only_its_name_on_the_command_line_selects_a_protected_stage() {
    let cli = project(PROJECT);
    cli.run("create web").exits(0);
    assert!(runs(&cli, "devel") && !runs(&cli, "prod"));

    let mut command = cli.command();
    let variables =
        ["PLATY_STAGE", "STAGE", "PLATY_MANAGE_STAGE", "PLATY_DEFAULT_STAGE", "PLATY_MANAGE_STAGES"];
    command.envs(variables.map(|name| (name, "prod")));
    cli.finish(command.args(["apply", "--all"]).output().unwrap()).exits(0);
    assert!(!runs(&cli, "prod"));

    cli.run("apply --all --all-stages").exits(0);
    assert!(runs(&cli, "qa") && !runs(&cli, "prod"));
    for glob in ["pr*", "*", "PROD", "prod*", "pro", "all", "prod-"] {
        cli.run(&format!("apply --all --stage={glob}")).exits(3).says("there is no stage");
    }
    assert!(!runs(&cli, "prod"));

    cli.run("apply web --stage=devel,prod").exits(0).says("web  prod");
    assert!(runs(&cli, "prod"));
    cli.run("stop web --stage=prod --yes").exits(0);
    cli.run("create web --stage prod").exits(0);
    assert!(runs(&cli, "prod"));
}

#[test]
fn reading_commands_see_protected_stages_as_any_other() {
    let cli = project(PROJECT);
    cli.write("dirty", "");
    cli.run("list --all-stages").exits(0).says("local/cbe/prod/web");
    cli.run("validate --all --all-stages").exits(0).says("devel, qa, prod");
    cli.run("render web --stage=prod").exits(0).says("job \"web-prod\"");
    cli.run("diff web --stage=prod --exit-code").exits(2).says("does not run");
    cli.run("create web --stage=prod --dry-run").exits(0).says("dry run: nothing was submitted");
    cli.run("apply --all --stage=prod --dry-run --exit-code").exits(2).says("would be created");
}

#[test]
fn without_a_default_stage_nothing_is_selected() {
    let cli = project(&PROJECT.replace("default_stage: devel\n", ""));
    for command in ["create web", "update web", "apply --all", "stop web --yes", "status web", "render web"] {
        cli.run(command).exits(64).says("no stage is named").says("devel, qa, prod");
    }
}

#[test]
fn a_dirty_work_tree_is_refused() {
    let cli = project(PROJECT);
    cli.write("jobs/web.yaml", &format!("{JOB}# changed\n"));
    let run = cli.run("create web --stage=prod").exits(6);
    insta::assert_snapshot!(run.stderr);
    cli.run("apply --all --stage=prod").exits(6).says("not committed");
    assert!(!runs(&cli, "prod"));
    let run = cli.run("create web --stage=prod --allow-dirty").exits(6);
    insta::assert_snapshot!(run.stderr);
    // What is not protected is not guarded.
    cli.run("create web --stage=devel").exits(0);
}

/// Guards against a refusal that ends the command before the other stages, and without a summary.
#[test]
fn a_refusal_ends_its_own_stage_only() {
    let cli = project(PROJECT);
    cli.write("jobs/web.yaml", &format!("{JOB}# changed\n"));
    let run = cli.run("apply --all --stage=prod,qa").exits(6);
    assert!(runs(&cli, "qa") && !runs(&cli, "prod"));
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout);
    let objects = cli.run("apply --all --stage=prod,qa --format json").exits(6).json();
    let codes: Vec<_> = objects["jobs"].as_array().unwrap().iter().map(|job| &job["exit_code"]).collect();
    assert_eq!(codes.iter().filter(|code| ***code == 6).count(), 2, "{objects}");
}

#[test]
fn an_unpushed_commit_is_refused() {
    let cli = project(PROJECT);
    cli.write("jobs/web.yaml", &format!("{JOB}# changed\n"));
    cli.git("commit --quiet -am Change");
    let head = cli.git("rev-parse HEAD");
    let run = cli.run("create web --stage=prod").exits(6);
    insta::assert_snapshot!(run.stderr.replace(&head[..10], "[COMMIT]"));
    cli.git("push --quiet");
    cli.run("create web --stage=prod").exits(0);
}

#[test]
fn a_project_without_git_is_refused() {
    let cli = Cli::new(&[("platy.yaml", PROJECT), ("jobs/web.yaml", JOB)]);
    let run = cli.run("create web --stage=prod").exits(6);
    insta::assert_snapshot!(run.stderr);
    cli.run("create web --stage=devel").exits(0);
}

#[test]
fn an_unknown_githash_is_refused() {
    let job = format!("{JOB}buildname: web\nhashtype: git\ngithash: 1234e56\n");
    let platy = format!("{PROJECT}repositories: {{web: .}}\n");
    let cli = Cli::new(&[("platy.yaml", &platy), ("jobs/web.yaml", &job)]);
    cli.push_to_upstream();
    let run = cli.run("create web --stage=prod").exits(6);
    insta::assert_snapshot!(run.stderr);
    cli.run("create web --stage=prod --allow-unknown-githash").exits(6).says("not permitted");
    let head = cli.git("rev-parse --short=10 HEAD");
    cli.run(&format!("create web --stage=prod --set githash={head}")).exits(0);
}

#[test]
fn an_escape_works_where_it_is_permitted_and_is_recorded() {
    let cli = project(LENIENT);
    cli.write("jobs/web.yaml", &format!("{JOB}# changed\n"));
    cli.run("create web --stage=prod").exits(6).says("--allow-dirty");
    cli.git("commit --quiet -am Change");
    cli.run("create web --stage=prod").exits(6).says("--allow-unpushed");
    cli.write("jobs/api.yaml", &format!("{JOB}# changed\n"));
    cli.run("create web --stage=prod --allow-dirty").exits(6).says("--allow-unpushed");
    cli.run("create web --stage=prod --allow-dirty --allow-unpushed").exits(0);
    let record = std::fs::read_to_string(cli.root().join(".platy/local/default/web-prod.json")).unwrap();
    assert!(record.contains("allow-dirty") && record.contains("allow-unpushed"), "{record}");
    assert!(!record.contains("allow-unknown-githash"));
}
