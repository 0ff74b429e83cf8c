//! `prune` through the real binary: what is spared, and projects that share a stage's name; plan files and regions.

use platy_manage::cluster::local::LocalCluster;
use platy_manage::cluster::{Cluster, DispatchRequest};
use serde_json::{Value, json};

use crate::cli_project::Cli;
use crate::fake_nomad::{Fake, Reply};

const JOB: &str = "file: worker\nconfig: {image: x, command: /bin/web}\n";

/// A project whose registry is a folder beside it, which others may share.
fn project(remote: &str, jobs: &[&str]) -> Cli {
    let cli = Cli::new(&[]);
    cli.write(
        "platy.yaml",
        "stages:\n  devel: {cluster: local}\n  qa: {cluster: local}\ndefault_stage: devel\n\
         defaults:\n  config: {user: cbe}\n",
    );
    for name in jobs {
        cli.write(&format!("jobs/{name}.yaml"), JOB);
    }
    cli.write(".gitignore", ".platy/\n");
    cli.git("init --quiet --initial-branch=main");
    if !remote.is_empty() {
        cli.git(&format!("remote add origin {remote}"));
    }
    cli
}

fn registry(cli: &Cli) -> LocalCluster {
    LocalCluster::new(&cli.root().join(".platy/local"), &cli.root(), "default")
}

/// Lets one project see what runs of another: both have one registry.
fn share(from: &Cli, to: &Cli) {
    let (from, to) = (from.root().join(".platy"), to.root().join(".platy"));
    std::fs::create_dir_all(&to).unwrap();
    let _ = std::fs::remove_dir_all(&to);
    #[cfg(unix)]
    std::os::unix::fs::symlink(from, to).unwrap();
}

fn stopped(cli: &Cli, id: &str) -> bool {
    registry(cli).read_job(id).unwrap().expect("it is there").stopped
}

#[cfg(unix)]
#[test]
fn jobs_of_another_repository_are_shown_apart_and_spared_unless_named() {
    let ours = project("git@git.example.com:team/fleet.git", &["web", "old"]);
    ours.run("apply --all").exits(0);
    let theirs = project("https://user:s3same@git.example.com/other/fleet", &["api", "mail"]);
    share(&ours, &theirs);
    theirs.run("apply --all").exits(0);
    std::fs::remove_file(ours.root().join("jobs/old.yaml")).unwrap();

    let run = ours.run("plan --all").exits(0).says("1 job runs without a file").says("    old-devel  ");
    let run = run.says("2 jobs of other projects call their stage `devel` too:");
    let run = run.says("api-devel  running  git.example.com/other/fleet\n");
    assert!(!run.stdout.contains("s3same"), "{}", run.stdout);
    let json = ours.run("plan --all --format json").exits(0).json();
    assert_eq!(json["orphans"][0]["project"], "git.example.com/other/fleet");
    assert_eq!(json["orphans"].as_array().map(Vec::len), Some(3));
    let json = ours.run("drift --format json").exits(0).json();
    assert_eq!(
        (&json["orphans"], &json["foreign"]),
        (&json!(["old-devel"]), &json!(["api-devel", "mail-devel"]))
    );
    ours.run("plan --all --format markdown").exits(0).says("### Of other projects");

    let run = ours.run("prune --yes").exits(0).says("1 job stopped").says("2 jobs of other projects");
    run.says("platy-manage prune api-devel --stage=devel");
    assert!(stopped(&ours, "old-devel") && !stopped(&ours, "api-devel") && !stopped(&ours, "mail-devel"));
    // Now nothing of ours is left; theirs are no difference.
    ours.run("drift --exit-code").exits(0);
    // Another clone, by another way, is the same project.
    ours.git("remote set-url origin https://git.example.com/team/fleet");
    std::fs::remove_file(ours.root().join("jobs/web.yaml")).unwrap();
    ours.run("plan --all").says("web-devel");
    let json = ours.run("prune --dry-run --format json").exits(0).json();
    assert_eq!(
        (&json["orphans"][0]["job_id"], &json["orphans"][0]["project"]),
        (&json!("web-devel"), &Value::Null)
    );
    assert_eq!(json["foreign"][1]["project"], "git.example.com/other/fleet");

    ours.run("prune wbe --yes").exits(1).says("P0998").says("did you mean `web`?");
    ours.run("prune api --yes").exits(0).says("of git.example.com/other/fleet").says("1 job stopped");
    assert!(stopped(&ours, "api-devel") && !stopped(&ours, "mail-devel") && !stopped(&ours, "web-devel"));
}

/// An edit by hand keeps a job with its project.
#[cfg(unix)]
#[test]
fn an_older_submission_tells_the_project_too() {
    let theirs = project("https://git.example.com/other/fleet", &["api"]);
    theirs.run("apply --all").exits(0);
    let ours = project("https://git.example.com/team/fleet", &["web"]);
    share(&theirs, &ours);
    let cluster = registry(&theirs);
    let mut job = cluster.read_job("api-devel").unwrap().unwrap().job;
    job["Priority"] = 70.into();
    cluster.register(&job, None, &platy_manage::cluster::Submission::default()).unwrap();
    ours.run("prune --yes")
        .exits(0)
        .says("every job of the stage has a file")
        .says("1 job of other projects");
    assert!(!stopped(&theirs, "api-devel"));
}

#[cfg(unix)]
#[test]
fn a_project_in_a_folder_of_a_repository_is_one_of_its_own() {
    let outer = project("https://git.example.com/team/all", &["web"]);
    outer.run("apply --all").exits(0);
    let json = outer.run("status web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["origin"]["project"], "git.example.com/team/all");
    let platy = std::fs::read_to_string(outer.root().join("platy.yaml")).unwrap();
    outer.write(
        "inner/platy.yaml",
        &platy
            .replace("local}", "shared}")
            .replace("stages:", "clusters: {shared: {path: .platy/local}}\nstages:"),
    );
    outer.write("inner/jobs/mail.yaml", JOB);
    std::os::unix::fs::symlink("../.platy", outer.root().join("inner/.platy")).unwrap();
    outer.run("--project inner prune --yes").exits(0).says("web-devel").says("1 job of other projects");
    assert!(!stopped(&outer, "web-devel"));
}

/// Instances of a job, and what other stages run, are nobody's orphans.
#[test]
fn instances_and_other_stages_are_spared() {
    let cli = project("https://git.example.com/team/fleet", &["web"]);
    cli.write("jobs/gone.yaml", JOB);
    cli.write(
        "jobs/asked.yaml",
        "file: worker\nconfig: {image: x, command: /bin/asked, parameters: {optional: [day]}}\n",
    );
    cli.write(
        "jobs/nightly.yaml",
        "file: worker\nconfig: {image: x, command: /bin/n, schedule: '0 3 * * *'}\n",
    );
    cli.run("apply --all").exits(0);
    cli.run("apply --all --stage=qa").exits(0);
    let cluster = registry(&cli);
    let request = DispatchRequest { job: "asked-devel".to_owned(), ..DispatchRequest::default() };
    let instance = cluster.dispatch(&request).unwrap().job;
    let launched = cluster.force_periodic("nightly-devel").unwrap().job;
    assert!(!instance.is_empty() && !launched.is_empty());
    for name in ["gone", "asked", "nightly"] {
        std::fs::remove_file(cli.root().join(format!("jobs/{name}.yaml"))).unwrap();
    }
    let json = cli.run("prune --dry-run --format json").exits(0).json();
    let ids: Vec<_> = json["orphans"].as_array().unwrap().iter().map(|it| it["job_id"].clone()).collect();
    assert_eq!(ids, ["asked-devel", "gone-devel", "nightly-devel"]);
    cli.run("prune --yes").exits(0).says("3 jobs stopped");
    for id in [&*instance, &*launched, "web-devel", "web-qa", "gone-qa", "asked-qa", "nightly-qa"] {
        assert!(!stopped(&cli, id), "{id}");
    }
    // The file of one that has instances: none of them is an orphan.
    let cli = project("", &[]);
    cli.write(
        "jobs/asked.yaml",
        "file: worker\nconfig: {image: x, command: /bin/asked, parameters: {optional: [day]}}\n",
    );
    cli.run("apply --all").exits(0);
    registry(&cli).dispatch(&request).unwrap();
    cli.run("prune --yes --purge").exits(0).says("every job of the stage has a file");
}

/// A region that only the environment names was once not in the file.
#[test]
fn a_plan_file_is_for_the_region_that_it_was_made_in() {
    let fake = Fake::start(|request, _| match (&*request.method, request.key()) {
        ("PUT", key) if key.ends_with("/plan") => {
            Reply::json(&json!({"JobModifyIndex": 0, "Annotations": {"DesiredTGUpdates": {}}}), 1)
        }
        ("GET", key) if key == "GET /v1/jobs" => Reply::json(&json!([]), 1),
        _ => Reply::text(404, "job not found"),
    });
    let cli = Cli::new(&[]);
    cli.write(
        "platy.yaml",
        &format!(
            "clusters:\n  real: {{address: \"{}\"}}\nstages:\n  devel: {{cluster: real}}\n  west: {{cluster: real, region: west}}\n\
             default_stage: devel\ndefaults:\n  config: {{user: cbe}}\n",
            fake.address
        ),
    );
    cli.write("jobs/web.yaml", JOB);
    let run = |line: &str, region: &str| {
        let mut command = cli.command();
        command.args(line.split_whitespace());
        if !region.is_empty() {
            command.env("NOMAD_REGION", region);
        }
        cli.finish(command.output().unwrap())
    };
    run("plan web -o eu.plan", "eu").exits(0);
    run("apply eu.plan --dry-run", "").exits(6).says("P0992").says("region `eu`");
    run("apply eu.plan --dry-run", "us").exits(6).says("region `us`");
    run("apply eu.plan --dry-run", "eu").exits(0).says("1 job would change");
    run("plan web -o any.plan", "").exits(0);
    run("apply any.plan --dry-run", "eu").exits(6);
    run("apply any.plan --dry-run", "").exits(0);
    run("plan web --stage=west -o west.plan", "").exits(0);
    run("apply west.plan --dry-run", "").exits(0);
    run("apply west.plan --dry-run", "eu").exits(6).says("region `west`");
}

/// On a real Nomad: instances are told by their parent, a project by the submission that Nomad keeps.
#[test]
fn a_real_nomad_keeps_what_prune_must_spare() {
    let Some(agent) = crate::agent::shared() else { return };
    let at = |remote: &str| {
        let cli = project(remote, &[]);
        cli.write(
            "platy.yaml",
            &format!(
                "clusters:\n  real: {{address: \"{}\"}}\nstages:\n  pruned: {{cluster: real}}\n  beside: {{cluster: real}}\n\
                 default_stage: pruned\ndefaults:\n  config: {{user: e2e, driver: raw_exec, command: /bin/sh, cpu: 0.02, \
                 ram: 20, args: [\"-c\", \"exec sleep 600\"]}}\n",
                agent.address
            ),
        );
        cli
    };
    let (ours, theirs) =
        (at("https://git.example.com/team/fleet"), at("https://git.example.com/other/fleet"));
    ours.write("jobs/prune-asked.yaml", "file: worker\nconfig: {parameters: {optional: [day]}}\n");
    ours.write("jobs/prune-nightly.yaml", "file: worker\nconfig: {schedule: '0 3 1 1 *'}\n");
    ours.write("jobs/prune-plain.yaml", "file: worker\n");
    theirs.write("jobs/prune-theirs.yaml", "file: worker\n");
    ours.run("apply --all").exits(0);
    ours.run("apply prune-plain --stage=beside").exits(0);
    theirs.run("apply --all").exits(0);
    let asked = ours.run("dispatch prune-asked --detach --format json").exits(0).json();
    let forced = ours.run("run prune-nightly --detach --format json").exits(0).json();
    let instances: Vec<String> =
        [&asked, &forced].iter().map(|json| json["instance"].as_str().unwrap().to_owned()).collect();
    for name in ["asked", "nightly", "plain"] {
        std::fs::remove_file(ours.root().join(format!("jobs/prune-{name}.yaml"))).unwrap();
    }
    let run = ours.run("prune --yes").exits(0).says("3 jobs stopped").says("1 job of other projects");
    run.says("git.example.com/other/fleet");
    let read = |id: &str| {
        let response = ureq::get(format!("{}/v1/job/{}", agent.address, id.replace('/', "%2F"))).call();
        response.unwrap().body_mut().read_json::<Value>().unwrap()
    };
    for id in
        ["prune-plain-beside", "prune-theirs-pruned"].into_iter().chain(instances.iter().map(|id| &**id))
    {
        assert_eq!(read(id)["Stop"], json!(false), "{id}");
    }
    for name in ["asked", "nightly", "plain"] {
        assert_eq!(read(&format!("prune-{name}-pruned"))["Stop"], json!(true), "{name}");
    }
    ours.run("prune prune-theirs --yes --purge").exits(0);
    ours.run("prune --yes --purge").exits(0);
    ours.run("prune --stage=beside --yes --purge").exits(0);
    for id in &instances {
        let _ =
            ureq::delete(format!("{}/v1/job/{}?purge=true", agent.address, id.replace('/', "%2F"))).call();
    }
}
