//! Guards, submission and watch: on the local registry, a fake Nomad and a real agent.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use platy_manage::cluster::local::LocalCluster;
use platy_manage::cluster::nomad::{Connection, NomadCluster};
use platy_manage::cluster::{Cluster, Origin, Registered};
use platy_manage::deploy::failures::Ended;
use platy_manage::deploy::guard::{self, Build, Escapes};
use platy_manage::deploy::submit::{self, Change, KeepCounts};
use platy_manage::deploy::watch::{self, Options, Outcome, WatchEvent};
use platy_manage::diagnostic::{FailureKind, Source};
use platy_manage::git::Git;
use platy_manage::project::{Guards, Monitoring, Stage};
use serde_json::{Value, json};

use crate::agent;
use crate::cluster::{nomad, service};
use crate::fake_nomad::{Fake, Reply};

fn origin(commit: &str) -> Origin {
    let time = "2026-11-23T00:00:00Z".to_owned();
    Origin { tool: "platy-manage test".to_owned(), commit: commit.to_owned(), time, ..Origin::default() }
}

fn stage(protected: bool, guards: Guards) -> Stage {
    Stage {
        name: "prod".to_owned(),
        place: Source::new("platy.yaml", "prod: {}\n").place(0..4),
        cluster: "bb".to_owned(),
        namespace: "default".to_owned(),
        region: None,
        datacenters: None,
        node_pool: None,
        protected,
        id: "{name}-{stage}".to_owned(),
        mhz_per_core: 1000,
        monitoring: Monitoring::default(),
        guards,
        config: None,
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]);
    command.args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]);
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A clone whose one commit is on `origin/main`.
fn clone(folder: &Path) -> std::path::PathBuf {
    let work = folder.join("work");
    git(folder, &["init", "-q", "--bare", "origin.git"]);
    git(folder, &["init", "-q", "work"]);
    std::fs::create_dir(work.join("jobs")).unwrap();
    std::fs::write(work.join("jobs/foo.yaml"), "file: server\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "First"]);
    git(&work, &["remote", "add", "origin", "../origin.git"]);
    git(&work, &["push", "-qu", "origin", "HEAD:main"]);
    work
}

#[test]
fn the_guards_of_a_protected_stage() {
    let folder = tempfile::tempdir().unwrap();
    let work = clone(folder.path());
    let strict = stage(true, Guards { upstream: Some("origin/main".to_owned()), ..Guards::default() });
    let kind = |result: &platy_manage::diagnostic::Result<_>| {
        result.as_ref().err().map(|f: &platy_manage::diagnostic::Failure| f.kind)
    };
    let told = |result: platy_manage::diagnostic::Result<guard::Provenance>| result.unwrap_err().to_string();

    assert_eq!(guard::named(&strict, false).unwrap_err().kind, FailureKind::Refused);
    guard::named(&strict, true).unwrap();
    let clean = guard::check(&strict, &work, &[], Escapes::default()).unwrap();
    assert_eq!((clean.commit.len(), clean.dirty.len()), (40, 0));

    let build = |githash| Build { job: "foo", githash, repository: Some(&work) };
    guard::check(&strict, &work, &[build(&clean.commit[..9])], Escapes::default()).unwrap();
    let unknown = guard::check(&strict, &work, &[build("abc1234")], Escapes::default());
    assert_eq!(kind(&unknown), Some(FailureKind::Refused));
    assert!(told(unknown).starts_with("`githash: abc1234` of the job `foo` is no commit of"));

    std::fs::write(work.join("jobs/bar.yaml"), "file: server\n").unwrap();
    let dirty = guard::check(&strict, &work, &[], Escapes::default());
    assert_eq!(kind(&dirty), Some(FailureKind::Refused));
    assert_eq!(told(dirty), "the work tree has changes that are not committed: `jobs/bar.yaml` [P0931]");
    let escape = Escapes { dirty: true, ..Escapes::default() };
    assert!(told(guard::check(&strict, &work, &[], escape)).contains("`--allow-dirty` is not permitted"));
    let lenient = stage(true, Guards { allow_dirty: true, ..Guards::default() });
    assert_eq!(guard::check(&lenient, &work, &[], escape).unwrap().escapes, ["allow-dirty"]);

    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "Second"]);
    let unpushed = told(guard::check(&strict, &work, &[], Escapes::default()));
    assert!(unpushed.contains("is not on `origin/main` [P0932]"), "{unpushed}");
    assert!(guard::check(&stage(false, Guards::default()), &work, &[], Escapes::default()).is_ok());
    git(&work, &["push", "-q", "origin", "HEAD:main"]);
    guard::check(&strict, &work, &[], Escapes::default()).unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    assert!(
        told(guard::check(&strict, nowhere.path(), &[], Escapes::default())).contains("no git repository")
    );
}

#[test]
fn what_is_asked_of_git() {
    let folder = tempfile::tempdir().unwrap();
    let work = clone(folder.path());
    let first = Git::open(&work).unwrap().head().unwrap().unwrap();
    std::fs::write(work.join("jobs/foo.yaml"), "file: worker\n").unwrap();
    std::fs::create_dir(work.join("templates")).unwrap();
    std::fs::write(work.join("templates/a.nomad.hcl"), "").unwrap();
    git(&work, &["add", "jobs"]);
    let repository = Git::open(&work.join("jobs")).unwrap();
    let names = |paths: Vec<std::path::PathBuf>| -> Vec<String> {
        paths.into_iter().map(|path| path.display().to_string()).collect()
    };
    assert_eq!(names(repository.dirty(None).unwrap()), ["jobs/foo.yaml", "templates/a.nomad.hcl"]);
    assert_eq!(names(repository.dirty(Some(&work.join("jobs"))).unwrap()), ["jobs/foo.yaml"]);
    assert_eq!(
        names(repository.changed_since("origin/main").unwrap()),
        ["jobs/foo.yaml", "templates/a.nomad.hcl"]
    );
    let old = repository.file_at("HEAD", Path::new("jobs/foo.yaml")).unwrap().unwrap();
    assert_eq!(old, b"file: server\n");
    assert_eq!(repository.file_at("HEAD", Path::new("jobs/none.yaml")).unwrap(), None);
    let tree = repository.tree_at(&first, Path::new(""), Path::new("")).unwrap().unwrap();
    assert_eq!((tree.len(), tree[0].path.as_path()), (1, Path::new("jobs/foo.yaml")));
    assert_eq!(repository.upstream(None).unwrap().unwrap().name, "origin/main");
    assert!(repository.resolve("nowhere").unwrap_err().to_string().contains("git knows no commit `nowhere`"));
    assert!(!repository.has_commit("HEAD") && repository.has_commit(&first[..8]));
}

/// libgit2 reports what a sparse checkout leaves out as deleted, which is no change.
#[test]
fn a_sparse_checkout_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let work = clone(folder.path());
    std::fs::create_dir(work.join("other")).unwrap();
    std::fs::write(work.join("other/x"), "").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "Second"]);
    git(&work, &["sparse-checkout", "set", "jobs"]);
    assert!(!work.join("other").exists());
    let repository = Git::open(&work).unwrap();
    assert!(repository.dirty(None).unwrap().is_empty());
    assert!(repository.changed_since("HEAD").unwrap().is_empty());
}

fn submit(cluster: &dyn Cluster, job: &Value, commit: &str) -> (Change, Option<Registered>) {
    let planned = submit::plan(cluster, job.clone(), KeepCounts::Scaled).unwrap();
    let submitted = submit::register(cluster, &planned, "job {}", &origin(commit)).unwrap();
    if let Some(registered) = &submitted.registered {
        let tagged = submit::tag(cluster, planned.job["ID"].as_str().unwrap(), registered, &origin(commit));
        assert_eq!(tagged.map(Result::unwrap).is_some(), !commit.is_empty());
    }
    (planned.change, submitted.registered)
}

/// A new commit alone restarted every allocation where it stood in the meta.
fn a_new_commit_alone_is_no_change(cluster: &dyn Cluster, id: &str) {
    let job = service(id, 1, "1");
    let (change, registered) = submit(cluster, &job, "aaaa");
    assert_eq!(change, Change::Create);
    let index = registered.unwrap().job_modify_index;
    assert_eq!(submit(cluster, &job, "bbbb"), (Change::None, None));
    assert_eq!(cluster.read_job(id).unwrap().unwrap().job_modify_index, index);
    let mut spread = job.clone();
    spread["Spreads"] = json!([{"Attribute": "${node.datacenter}", "Weight": 50}]);
    assert_eq!(submit(cluster, &spread, "cccc").0, Change::Update, "the server's diff forgets a spread");
    let (change, _) = submit(cluster, &service(id, 1, "2"), "cccc");
    assert_eq!(change, Change::Update);
    let tags: Vec<_> =
        cluster.versions(id).unwrap().into_iter().filter_map(|v| v.tag).map(|t| t.name).collect();
    assert_eq!(tags, ["commit-cccc-v2", "commit-cccc", "commit-aaaa"]);
    let origin = cluster.submission(id, 2).unwrap().unwrap().origin().unwrap();
    assert_eq!(origin.commit, "cccc");
    cluster.deregister(id, false).unwrap();
    assert_eq!(submit(cluster, &service(id, 1, "2"), "dddd").0, Change::Start);
    cluster.deregister(id, true).unwrap();
}

#[test]
fn a_new_commit_alone_is_no_change_on_the_local_registry() {
    let folder = tempfile::tempdir().unwrap();
    a_new_commit_alone_is_no_change(&LocalCluster::new(folder.path(), folder.path(), "default"), "commits");
}

fn real() -> Option<NomadCluster> {
    let agent = agent::shared()?;
    Some(NomadCluster::new(Connection::plain(&agent.address, "default").unwrap()).unwrap())
}

#[test]
fn a_new_commit_alone_is_no_change_on_a_real_agent() {
    let Some(cluster) = real() else { return };
    a_new_commit_alone_is_no_change(&cluster, "commits");
}

fn follow(cluster: &dyn Cluster, job: &Value) -> (Outcome, Vec<WatchEvent>) {
    let (_, registered) = submit(cluster, job, "");
    let interrupted = AtomicBool::new(false);
    let mut options = Options::for_job(job, &interrupted);
    options.placement_grace = Duration::from_secs(1);
    let mut events = Vec::new();
    let id = job["ID"].as_str().unwrap();
    let outcome = watch::watch(cluster, id, &registered.unwrap(), &options, &mut |event| events.push(event));
    (outcome.unwrap(), events)
}

#[test]
fn outcomes_on_a_real_agent() {
    let Some(cluster) = real() else { return };
    let script = |id: &str, script: &str| {
        let mut job = service(id, 1, "1");
        let group = &mut job["TaskGroups"][0];
        group["Tasks"][0]["Config"]["args"] = json!(["-c", script]);
        group["RestartPolicy"] =
            json!({"Attempts": 0, "Mode": "fail", "Interval": 60_000_000_000_u64, "Delay": 1_000_000_000});
        group["ReschedulePolicy"] = json!({"Attempts": 0, "Unlimited": false});
        group["Update"]["ProgressDeadline"] = 0.into();
        group["Update"]["HealthyDeadline"] = 10_000_000_000_u64.into();
        job
    };
    let (outcome, events) = follow(&cluster, &script("moody", "sleep 600"));
    assert!(matches!(outcome, Outcome::Successful(_)), "{outcome:?}");
    assert!(events.iter().any(|event| matches!(event, WatchEvent::Deployment(_))));

    let (outcome, _) = follow(&cluster, &script("moody", "echo out of luck >&2; exit 7"));
    let Outcome::Reverted { to, tasks, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!((*to, tasks[0].ended), (0, Some(Ended::Exit(7))));
    assert_eq!(tasks[0].log, ["out of luck"]);
    assert!(tasks[0].events.iter().any(|(_, words)| words == "Terminated: exit code 7"), "{tasks:?}");
    assert_eq!(outcome.failure_kind(), Some(FailureKind::DeploymentFailed));

    let (outcome, _) = follow(&cluster, &script("hopeless", "exit 1"));
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");

    let mut huge = service("huge", 1, "1");
    huge["TaskGroups"][0]["Tasks"][0]["Resources"]["MemoryMB"] = 9_000_000.into();
    let (outcome, _) = follow(&cluster, &huge);
    let Outcome::Unplaceable(groups) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(groups["fooserver"], ["1 node without enough memory"]);

    let mut batch = script("once", "echo done");
    batch["Type"] = "batch".into();
    batch["TaskGroups"][0].as_object_mut().unwrap().remove("Update");
    let (outcome, _) = follow(&cluster, &batch);
    assert!(matches!(&outcome, Outcome::NoDeployment(found) if found.len() == 1), "{outcome:?}");

    let mut canary = script("canary", "sleep 600");
    follow(&cluster, &canary);
    canary["TaskGroups"][0]["Update"]["Canary"] = 1.into();
    canary["TaskGroups"][0]["Tasks"][0]["Env"]["WORKERS"] = "2".into();
    let (outcome, _) = follow(&cluster, &canary);
    let Outcome::AwaitsPromotion(deployment) = &outcome else { panic!("{outcome:?}") };
    cluster.promote(&deployment.id).unwrap();
    let interrupted = AtomicBool::new(false);
    let outcome =
        watch::resume(&cluster, deployment, &Options::for_job(&canary, &interrupted), &mut |_| {}).unwrap();
    assert!(matches!(outcome, Outcome::Successful(_)), "{outcome:?}");
    for id in ["moody", "hopeless", "huge", "once", "canary"] {
        cluster.deregister(id, true).unwrap();
    }
}

fn registered(index: u64) -> Registered {
    Registered { eval_id: Some("e1".to_owned()), job_modify_index: index, ..Registered::default() }
}

/// A restart of the agent in the middle of a watch ended the watch, though the deployment went on.
#[test]
fn a_watch_outlives_a_restart_of_the_agent() {
    let fake = Fake::start(|request, before| match (request.key().as_str(), before) {
        ("GET /v1/evaluation/e1", _) => {
            Reply::json(&json!({"ID": "e1", "JobID": "foo", "Status": "complete", "DeploymentID": "d1"}), 5)
        }
        (_, 1) => Reply::json(&json!({"ID": "d1", "Status": "running", "ModifyIndex": 5}), 5),
        (_, 2..=7) => Reply::Close,
        _ => Reply::json(&json!({"ID": "d1", "Status": "successful", "ModifyIndex": 6}), 6),
    });
    let interrupted = AtomicBool::new(false);
    let options = Options::for_job(&service("foo", 1, "1"), &interrupted);
    let mut events = Vec::new();
    let cluster = nomad(&fake.address);
    let outcome =
        watch::watch(&cluster, "foo", &registered(5), &options, &mut |event| events.push(event)).unwrap();
    assert!(matches!(outcome, Outcome::Successful(_)));
    assert!(events.iter().any(|event| matches!(event, WatchEvent::Unreachable(_))), "{events:?}");
}

#[test]
fn a_watch_ends_in_bounded_time_and_when_it_is_told_to() {
    let fake = Fake::start(|request, _| {
        std::thread::sleep(Duration::from_millis(if request.target.contains("wait=") { 50 } else { 0 }));
        Reply::json(&json!({"ID": "e1", "Status": "pending"}), 5)
    });
    let interrupted = AtomicBool::new(false);
    let mut options = Options::for_job(&service("foo", 1, "1"), &interrupted);
    options.timeout = Duration::from_millis(300);
    let cluster = nomad(&fake.address);
    let outcome = watch::watch(&cluster, "foo", &registered(5), &options, &mut |_| {}).unwrap();
    assert_eq!(outcome, Outcome::TimedOut(options.timeout));
    interrupted.store(true, std::sync::atomic::Ordering::Relaxed);
    let outcome = watch::watch(&cluster, "foo", &registered(5), &options, &mut |_| {}).unwrap();
    assert_eq!(outcome, Outcome::Interrupted);
}
