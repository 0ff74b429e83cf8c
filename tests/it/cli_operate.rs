//! The commands on running jobs, on the embedded registry.

use crate::cli_project::Cli;

fn project() -> Cli {
    Cli::new(&[
        (
            "platy.yaml",
            "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, protected: true}\ndefault_stage: devel\n\
             defaults:\n  config: {user: cbe, command: /bin/true, driver: exec}\n",
        ),
        ("jobs/web.yaml", "file: server\nconfig:\n  num_instances: 2\n"),
        ("jobs/letters.yaml", "file: worker\nconfig:\n  parameters: {required: [to]}\n"),
        ("jobs/nightly.yaml", "file: worker\nconfig:\n  schedule: \"0 3 * * *\"\n"),
    ])
}

#[test]
fn a_service_is_scaled_stopped_and_started() {
    let cli = project();
    cli.run("scale web 3").exits(1).says("`web` does not run");
    cli.run("create web").exits(0);
    cli.run("scale web 3").exits(0).says("group `web`: 2 → 3");
    cli.run("status web").exits(0).says("differs from its file");
    cli.run("scale web many").exits(64);
    cli.run("scale web web=3 web=2").exits(64).says("named twice");
    cli.run("scale web 18446744073709551615").exits(64);
    cli.run("restart web").exits(1).says("local registry runs nothing");
    cli.run("logs web").exits(1);
    cli.run("exec web -- true").exits(1).says("local registry runs nothing");
    cli.run("start web").exits(1).says("runs in `devel` already");
    cli.run("stop web --yes").exits(0);
    cli.run("scale web 3").exits(1).says("platy-manage start web --stage=devel");
    cli.run("start web").exits(0);
    let json = cli.run("status web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["stopped"], false);
    // Who started it again is known, and it is what was scaled.
    let json = cli.run("history web --format json").exits(0).json();
    assert_eq!(json["versions"][0]["stopped"], false);
    cli.run("promote web").exits(1).says("no deployment of `web` is under way");
    cli.run("watch web").exits(0).says("nothing is under way");
}

#[test]
fn an_emergency_stop_lasts() {
    let cli = project();
    cli.run("create web").exits(0);
    cli.run("emergency-stop web --reason fire").exits(64).says("--yes");
    cli.run("emergency-stop web --yes").exits(64);
    cli.run("emergency-stop web --reason fire --yes").exits(0).says("fire");
    for line in ["create web", "update web", "apply web", "start web", "stop web --purge --yes", "plan web"] {
        cli.run(line).exits(6).says("fire").says("emergency-start");
    }
    cli.run("status web").exits(0).says("fire");
    cli.run("emergency-stop web --reason more --yes").exits(6);
    cli.run("scale web 3").exits(6).says("platy-manage emergency-start web --stage=devel");
    cli.run("emergency-start web --yes").exits(0);
    cli.run("emergency-start web --yes").exits(1).says("was not stopped in an emergency");
    cli.run("update web --set num_instances=4").exits(0);
}

/// A mark does not move the index of a job that was stopped before.
#[test]
fn a_plan_file_starts_no_job_that_is_held() {
    let cli = project();
    cli.run("create web").exits(0);
    cli.run("stop web --yes").exits(0);
    cli.run("plan web -o web.plan").exits(0);
    cli.run("emergency-stop web --reason fire --yes").exits(0);
    cli.run("apply --plan web.plan").exits(6).says("fire");
    let json = cli.run("status web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["stopped"], true);
    cli.run("emergency-start web --yes").exits(0);
}

#[test]
fn each_kind_has_its_commands() {
    let cli = project();
    cli.run("apply --all").exits(0);
    cli.run("dispatch letters --meta to=ada").exits(0).says("started letters-devel/dispatch-");
    cli.run("dispatch letters").exits(1).says("--meta to=VALUE");
    cli.run("dispatch letters --meta to").exits(64);
    cli.run("dispatch letters --meta to=ada --payload nosuch").exits(1).says("nosuch");
    cli.run("dispatch nightly").exits(1).says("platy-manage run nightly --stage=devel");
    cli.run("run nightly").exits(0).says("started nightly-devel/periodic-");
    cli.run("run letters").exits(1).says("platy-manage dispatch letters --stage=devel");
    cli.run("run web").exits(1).says("platy-manage restart web --stage=devel");
    cli.run("scale nightly 3").exits(1).says("platy-manage run nightly --stage=devel");
    cli.run("restart letters").exits(1).says("platy-manage dispatch letters --stage=devel");
    cli.run("promote nightly").exits(1).says("only services are rolled out");
    cli.run("stop nosuch --yes").exits(1).says("does not run");
}
