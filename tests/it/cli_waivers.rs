//! Waivers that waive nothing, and those that cannot, through the real binary.

use crate::cli_project::Cli;

const PLATY: &str = "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, protected: true}\ndefault_stage: devel\n\
                     defaults:\n  config: {user: cbe, image: x, command: /bin/web}\n";

fn job(text: &str) -> Cli {
    Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", text)])
}

#[test]
fn a_waiver_that_waives_nothing_is_a_warning() {
    let cli = job("file: worker\nconfig:\n  num_instances: 2   # platy: allow P0567 (OPS-1)\n");
    let run = cli.run("validate web").exits(0).says("warning[P0813]: this waiver of P0567 waives nothing");
    run.says("jobs/web.yaml:3:22").says("1 warning");
    // It may be for the other stage.
    let run = cli.run("validate web --stage=devel").exits(0);
    assert!(!run.stderr.contains("P0813"), "{}", run.stderr);
    let json = cli.run("validate --all --format json").exits(0).json();
    assert_eq!(json["findings"][0]["code"], "P0813");
    // Of two codes only the one that waives nothing.
    let cli = job(
        "file: worker\nconfig:\n  env:\n    # platy: allow P0815, P0567 (a test database)\n    DB_PASSWORD: hunter2\n",
    );
    let run = cli.run("validate web").exits(0).says("this waiver of P0567 waives nothing").says("1 warning");
    assert!(!run.stderr.contains("warning[P0815]"), "{}", run.stderr);
}

/// A value of one stage is none of the others.
#[test]
fn a_waiver_for_one_stage_is_not_idle() {
    let cli = job(
        "file: worker\nconfig: {}\nenvs:\n  prod:\n    env:\n      DB_PASSWORD: hunter2   # platy: allow P0815 (OPS-1)\n",
    );
    let run = cli.run("validate web").exits(0);
    assert!(!run.stderr.contains("P08"), "{}", run.stderr);
}

/// What a waiver is for may come after what is wrong.
#[test]
fn nothing_is_said_of_a_job_that_does_not_compile() {
    let cli = job("file: worker\nconfig:\n  ram: much\n  num_instances: 2   # platy: allow P0567 (OPS-1)\n");
    let run = cli.run("validate web").exits(3);
    assert!(!run.stderr.contains("P0813"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_waived_is_said() {
    let cli = job("file: worker\nconfig:\n  num_instances: 2   # platy: allow P0421 P9999 (OPS-1)\n");
    for line in ["validate web", "plan web"] {
        let run = cli
            .run(line)
            .exits(0)
            .says("warning[P0814]: P0421 (a value has no such index or attribute) cannot be waived");
        run.says("warning[P0814]: P9999 is the code of no finding");
    }
    let run = cli.run("validate web").exits(0);
    assert!(!run.stderr.contains("P0813"), "{}", run.stderr);
    // The form that a hint shows is one that can be used.
    let cli = job("file: worker\nconfig:\n  num_instances: 2   # platy: allow\n");
    let run = cli.run("validate web").exits(3).says("P0130").says("platy: allow P0567 (");
    assert!(!run.stderr.contains("P0421"), "{}", run.stderr);
}
