//! The sample fleet at the top of the repository: what the README's first command works on.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use platy_manage::diagnostic::{Diagnostic, Source, text};
use platy_manage::inject::{Facts, Injected, inject};
use platy_manage::jobspec::{self, Variables};
use platy_manage::merge::{Merged, merge};
use platy_manage::project::Project;
use platy_manage::render::{Rendered, Renderer};

fn project() -> Project {
    Project::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn draw(name: &str, stage: &str, diagnostics: &[Diagnostic]) -> ! {
    panic!("{name} in {stage}:\n{}", text::render(diagnostics, false))
}

fn rendered(project: &Project, renderer: &Renderer, name: &str, stage: &str) -> (Merged, Rendered) {
    let refuse = |diagnostics: Vec<_>| -> ! { draw(name, stage, &diagnostics) };
    let file = platy_manage::load::load(project, name).unwrap_or_else(|d| refuse(d));
    let merged = merge(project, &file, project.stage(stage).unwrap(), &[]).unwrap_or_else(|d| refuse(d));
    let rendered = renderer.render(project, &merged).unwrap_or_else(|d| refuse(d));
    (merged, rendered)
}

fn compiled(project: &Project, renderer: &Renderer, name: &str, stage: &str) -> Injected {
    let (merged, rendered) = rendered(project, renderer, name, stage);
    let refuse = |diagnostics: Vec<Diagnostic>| -> ! {
        draw(name, stage, &diagnostics.into_iter().map(|d| rendered.map(d)).collect::<Vec<_>>())
    };
    let job = jobspec::parse(&rendered.source, &Variables::default()).unwrap_or_else(|d| refuse(d));
    inject(job, &Facts::new(&merged)).unwrap_or_else(|d| refuse(d))
}

/// The offline half of what a real Nomad must say of the fleet: no error, and no warning.
#[test]
fn every_job_compiles_for_every_stage_without_a_warning() {
    let project = project();
    let renderer = Renderer::new(&project);
    let jobs = project.jobs().unwrap();
    for stage in project.stages.keys() {
        for job in &jobs {
            let Injected { job: compiled, .. } = compiled(&project, &renderer, &job.name, stage);
            let verdict = platy_manage::validate::jobspec(&compiled);
            let findings: Vec<Diagnostic> = verdict.diagnostics().cloned().collect();
            if !findings.is_empty() {
                draw(&job.name, stage, &findings);
            }
            assert_eq!(compiled.id(), format!("{}-{stage}", job.name));
            // What is printed is the same job again, wrapper and all.
            let hcl = Source::new("printed.hcl", compiled.to_hcl());
            let again =
                jobspec::parse(&hcl, &Variables::default()).unwrap_or_else(|d| draw(&job.name, stage, &d));
            assert_eq!(compiled.to_json(), again.to_json(), "{} in {stage}", job.name);
            assert!(compiled == again, "{} in {stage}", job.name);
        }
    }
}

/// Batch jobs report, services do not, and nobody had to say so.
#[test]
fn batch_jobs_are_wrapped() {
    let project = project();
    let renderer = Renderer::new(&project);
    for (name, wrapped) in [
        ("nightly_report", true),
        ("tempfile_cleanup", true),
        ("site_reindex", true),
        ("content_es_cluster_maintenance", true),
        ("fooserver", false),
        ("content_es_fill_storyid", false),
        ("order_indexer", false),
    ] {
        let injected = compiled(&project, &renderer, name, "prod");
        assert_eq!(injected.job.to_hcl().contains("local/platy-wrapper"), wrapped, "{name}");
    }
}

#[test]
fn the_worker_has_its_key() {
    let project = project();
    let (merged, _) = rendered(&project, &Renderer::new(&project), "content_es_fill_storyid", "prod");
    assert_eq!(merged.job_key, "bb/cbp/prod/content_es_fill_storyid");
}

#[test]
fn the_fleet_has_the_jobs_of_a_company() {
    let project = project();
    let count = |template: &str| {
        let jobs = project.jobs().unwrap();
        let texts = jobs.iter().map(|job| std::fs::read_to_string(&job.path).unwrap());
        texts.filter(|text| text.contains(&format!("file: {template}\n"))).count()
    };
    assert!(
        count("igor_worker") >= 25 && count("server") >= 3 && count("consumer") >= 3 && count("worker") >= 3
    );
    for job in project.jobs().unwrap() {
        let lines = std::fs::read_to_string(&job.path).unwrap().lines().count();
        let igor = job.path.components().any(|part| part.as_os_str() == "igor");
        assert!(if igor { (4..=7).contains(&lines) } else { lines <= 20 }, "{}: {lines}", job.name);
    }
}

#[test]
fn eightball_has_its_numbers() {
    let project = project();
    let renderer = Renderer::new(&project);
    for (stage, expected) in [
        (
            "prod",
            [
                "count          = 12",
                "cpu        = 1500",
                "memory     = 300",
                "--workers=34",
                "eightball-ABC123.tar.gz",
            ],
        ),
        (
            "devel",
            [
                "count          = 1",
                "cpu        = 250",
                "memory     = 300",
                "--workers=10",
                "eightball-XYZ456.tar.gz",
            ],
        ),
    ] {
        let (_, rendered) = rendered(&project, &renderer, "eightball", stage);
        for text in expected {
            assert!(
                rendered.source.text().contains(text),
                "{stage}: no `{text}` in\n{}",
                rendered.source.text()
            );
        }
    }
}
