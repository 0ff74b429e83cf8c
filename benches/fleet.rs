//! What compiling costs: one job, and a fleet of 500 jobs in three stages.
//!
//! The fleet is made of the sample fleet's own jobs, repeated under other names in a temporary
//! folder. `cargo bench --bench fleet`.

#![expect(clippy::unwrap_used, reason = "a benchmark has no caller to tell")]

use std::path::Path;

use divan::Bencher;
use platy_manage::compile::Compiler;
use platy_manage::project::{Project, Stage};

/// Jobs of the made-up fleet.
const JOBS: usize = 500;

fn main() {
    divan::main();
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 1, 1)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A project of many jobs in a temporary folder.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["templates", "schemas"] {
        copy(&repository().join(part), &folder.path().join(part));
    }
    std::fs::copy(repository().join("platy.yaml"), folder.path().join("platy.yaml")).unwrap();
    let jobs = Project::open(repository()).unwrap().jobs().unwrap();
    std::fs::create_dir(folder.path().join("jobs")).unwrap();
    for i in 0..JOBS {
        std::fs::copy(&jobs[i % jobs.len()].path, folder.path().join(format!("jobs/job_{i:03}.yaml")))
            .unwrap();
    }
    folder
}

/// One job for one stage: all that `render` does, without starting a process.
#[divan::bench]
fn one_job(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let project = Project::open(repository()).unwrap();
        let stage = project.stage("prod").unwrap();
        Compiler::new(&project, today()).job("eightball", stage, &[]).unwrap().job().to_hcl()
    });
}

/// 500 jobs in three stages: all that `validate --all` does, without starting a process.
#[divan::bench(sample_count = 10)]
fn fleet_of_500_in_three_stages(bencher: Bencher<'_, '_>) {
    let folder = fleet();
    bencher.bench(|| {
        let project = Project::open(folder.path()).unwrap();
        let stages: Vec<&Stage> = project.stages.values().collect();
        let jobs = project.jobs().unwrap();
        let outcomes = Compiler::new(&project, today()).fleet(&jobs, &stages, &[]);
        assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
        outcomes.len()
    });
}
