//! Literal secrets in YAML: found, waived, and never shown.

use crate::cli_project::Cli;

const PLATY: &str = "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, protected: true}\ndefaults:\n  config: {user: cbe}\n";

fn job(more: &str) -> Cli {
    let head = "file: worker\nconfig:\n  image: 'registry.example.com/web:1.0'\n  command: /bin/web\n";
    Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", &format!("{head}{more}"))])
}

#[test]
fn each_is_named_with_its_place_and_none_is_shown() {
    let cli = job(concat!(
        "  env:\n    DB_PASSWORD: hunter2-grün\n    URL: \"postgres://app:sesame@db/x\"\n    PLAIN: x\n",
        "  args: [--api-token, 1234opensesame, --id, kX9fQ2vB7pLm3ZtR8wYcN5hJ]\n",
    ));
    for line in ["validate web", "validate web --format json"] {
        let run = cli.run(line).exits(0).says("P0815").says("`env.DB_PASSWORD`").says("`env.URL`");
        let run = run.says("`args[1]`").says("`args[3]`").says("secrets: {DB_PASSWORD:");
        for secret in ["hunter2", "sesame", "kX9f"] {
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "{}{}",
                run.stdout,
                run.stderr
            );
        }
    }
    cli.run("validate web").exits(0).says("jobs/web.yaml:6:18").says("4 warnings");
}

#[test]
fn an_error_in_the_line_of_a_secret_does_not_show_it() {
    let cli = job("  env: {DB_PASSWORD: hunter2}\n  taskargs: {}\n  health: {type: http, path: \"x\"}\n");
    let run = cli.run("validate web --set num_instances=3 --set env.API_KEY=opensesame");
    let run = run.says("API_KEY");
    assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("opensesame"), "{}", run.stderr);
}

#[test]
fn a_waiver_lets_it_stand() {
    let cli = job("  env:\n    DB_PASSWORD: hunter2   # platy: allow P0815 (a test database)\n");
    let run = cli.run("validate web").exits(0).says("valid");
    assert!(!run.stderr.contains("P0815"), "{}", run.stderr);
    let cli = job("  env:\n    DB_PASSWORD: hunter2   # platy: allow P0815 (OPS-1) until 2020-01-01\n");
    let run = cli.run("validate web").exits(0).says("P0815").says("P0812");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

#[test]
fn references_and_public_values_are_none() {
    let cli = job(concat!(
        "  githash: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\n",
        "  env:\n    DB_PASSWORD: \"${NOMAD_META_password}\"\n    TOKEN_FILE: /secrets/token\n    ID: a3bb189e-8bf9-3888-9912-ace4e6543002\n",
        "    IMAGE: \"x@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n",
        "  secrets: {API_TOKEN: \"nomad/jobs/web#api_token\"}\n",
    ));
    let run = cli.run("validate web").exits(0);
    assert!(!run.stderr.contains("P0815"), "{}", run.stderr);
}

#[test]
fn the_sample_fleet_has_none() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_platy-manage"))
        .args(["validate", "--all"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success() && !text.contains("P0815"), "{text}");
}
