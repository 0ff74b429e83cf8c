//! The embedded registry under kills, concurrent processes and broken files.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use platy_manage::cluster::Cluster;
use platy_manage::cluster::local::{LocalCluster, Step};
use platy_manage::diagnostic::{FailureKind, text};

use crate::cluster::{service, submission};

fn open(folder: &std::path::Path) -> LocalCluster {
    LocalCluster::new(folder, folder, "default")
}

#[test]
fn a_write_that_stops_at_any_step_leaves_the_old_state_or_the_new_one() {
    let steps = [Step::Create, Step::WriteHalf, Step::WriteRest, Step::Sync, Step::Rename, Step::SyncFolder];
    for stop in steps {
        let folder = tempfile::tempdir().unwrap();
        let cluster = open(folder.path());
        cluster.register(&service("foo", 1, "old"), Some(0), &submission("old")).unwrap();
        let index = cluster.read_job("foo").unwrap().unwrap().job_modify_index;
        let failing = open(folder.path()).with_step_hook(move |step| {
            if step == stop { Err(std::io::Error::other("stopped")) } else { Ok(()) }
        });
        failing.register(&service("foo", 1, "new"), Some(index), &submission("new")).unwrap_err();
        let now = cluster.read_job("foo").unwrap().unwrap();
        let workers = &now.job["TaskGroups"][0]["Tasks"][0]["Env"]["WORKERS"];
        let expected = if stop == Step::SyncFolder { ("new", 1) } else { ("old", 0) };
        assert_eq!((workers.as_str().unwrap(), now.version), expected, "{stop:?}");
        cluster.register(&service("foo", 1, "next"), None, &submission("next")).unwrap();
        let files = std::fs::read_dir(folder.path().join("default")).unwrap().count();
        assert_eq!(files, 1, "a temporary file was left");
    }
}

/// The child of the test below: registers as fast as it can until it is killed.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os("PLATY_TEST_KILLED_IN") else { return };
    let cluster = open(folder.as_ref());
    for number in 0.. {
        cluster.register(&service("foo", 1, &number.to_string()), None, &submission("x")).unwrap();
    }
}

#[test]
fn a_kill_at_any_moment_leaves_a_readable_registry() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(folder.path());
    let mut last = 0;
    for round in 0..15 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cluster_local::child_that_is_killed"])
            .env("PLATY_TEST_KILLED_IN", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(job) = cluster.read_job("foo").unwrap() {
            assert!(job.job_modify_index >= last);
            last = job.job_modify_index;
        }
        cluster.register(&service("after", 1, &round.to_string()), None, &submission("x")).unwrap();
    }
    assert!(last > 0, "no child came to write");
}

/// The child of the test below: tries once, and says who won by its exit.
#[test]
fn child_that_competes() {
    let Some(folder) = std::env::var_os("PLATY_TEST_COMPETES_IN") else { return };
    let job = service("foo", 1, &std::process::id().to_string());
    match open(folder.as_ref()).register(&job, Some(0), &submission("x")) {
        Ok(_) => eprintln!("won"),
        Err(failure) => assert_eq!(failure.kind, FailureKind::Stale, "{failure}"),
    }
}

#[test]
fn of_many_processes_exactly_one_registers() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..8)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "cluster_local::child_that_competes", "--nocapture"])
                .env("PLATY_TEST_COMPETES_IN", folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut won = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        won += usize::from(stderr.contains("won"));
    }
    assert_eq!(won, 1);
}

#[test]
fn of_many_threads_exactly_one_wins_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(folder.path());
    for round in 0..5 {
        let index = cluster.read_job("foo").unwrap().map_or(0, |job| job.job_modify_index);
        let won = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (cluster, won) = (cluster.clone(), &won);
                scope.spawn(move || {
                    let job = service("foo", 1, &format!("{round}-{thread}"));
                    match cluster.register(&job, Some(index), &submission("x")) {
                        Ok(_) => drop(won.fetch_add(1, Ordering::SeqCst)),
                        Err(failure) => assert_eq!(failure.kind, FailureKind::Stale, "{failure}"),
                    }
                });
            }
        });
        assert_eq!(won.into_inner(), 1, "round {round}");
    }
}

#[test]
fn a_broken_file_is_drawn_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(folder.path());
    cluster.register(&service("foo", 1, "1"), Some(0), &submission("x")).unwrap();
    let path = folder.path().join("default/foo.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let mut told = String::new();
    for (name, bad) in [
        ("cut off", "{\n  \"format\": 1,\n  \"id\": \"foo\",\n".to_owned()),
        ("merge conflict", good.replacen("  \"index\"", "<<<<<<< HEAD\n  \"index\"", 1)),
        ("unknown key", good.replacen("\"index\"", "\"indes\"", 1)),
        ("newer form", good.replacen("\"format\": 1", "\"format\": 9", 1)),
    ] {
        std::fs::write(&path, bad).unwrap();
        let failure = cluster.read_job("foo").unwrap_err();
        let drawing = text::render(&failure.diagnostics, false);
        told.push_str(&format!("# {name}: {:?}\n{drawing}\n", failure.kind));
        assert!(cluster.list("").is_err());
        cluster.register(&service("foo", 1, "2"), None, &submission("x")).unwrap_err();
    }
    insta::assert_snapshot!(told);
}

/// An index that was given again let a plan from before a purge pass.
#[test]
fn an_index_is_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(folder.path());
    let register = |workers: &str| {
        cluster.register(&service("foo", 1, workers), Some(0), &submission("x")).unwrap().job_modify_index
    };
    let before = register("1");
    cluster.deregister("foo", true).unwrap();
    assert!(cluster.read_job("foo").unwrap().is_none() && cluster.list("").unwrap().is_empty());
    assert!(register("2") > before);
    let stale = cluster.register(&service("foo", 1, "3"), Some(before), &submission("x")).unwrap_err();
    assert_eq!(stale.kind, FailureKind::Stale);
}

#[test]
fn old_versions_go_and_tagged_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(folder.path());
    for number in 0..12 {
        cluster.register(&service("foo", 1, &number.to_string()), None, &submission("x")).unwrap();
        if number == 1 {
            cluster.tag_version("foo", 1, "kept", "").unwrap();
        }
    }
    let versions: Vec<_> = cluster.versions("foo").unwrap().iter().map(|version| version.version).collect();
    assert_eq!(versions, [11, 10, 9, 8, 7, 6, 1]);
}
