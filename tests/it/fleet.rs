//! The sample fleet at the top of the repository: what the README's first command works on.

use std::path::Path;

use platy_manage::diagnostic::text;
use platy_manage::merge::merge;
use platy_manage::project::Project;
use platy_manage::render::{Rendered, Renderer};

fn project() -> Project {
    Project::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn render(project: &Project, renderer: &Renderer, name: &str, stage: &str) -> Rendered {
    let draw =
        |diagnostics: Vec<_>| -> ! { panic!("{name} in {stage}:\n{}", text::render(&diagnostics, false)) };
    let file = platy_manage::load::load(project, name).unwrap_or_else(|d| draw(d));
    let merged = merge(project, &file, project.stage(stage).unwrap(), &[]).unwrap_or_else(|d| draw(d));
    renderer.render(project, &merged).unwrap_or_else(|d| draw(d))
}

#[test]
fn every_job_renders_for_every_stage() {
    let project = project();
    let renderer = Renderer::new(&project);
    let jobs = project.jobs().unwrap();
    for stage in project.stages.keys() {
        for job in &jobs {
            let rendered = render(&project, &renderer, &job.name, stage);
            if let Ok(folder) = std::env::var("PLATY_DUMP") {
                std::fs::write(format!("{folder}/{}-{stage}.hcl", job.name), rendered.source.text()).unwrap();
            }
        }
    }
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
        let rendered = render(&project, &renderer, "eightball", stage);
        for text in expected {
            assert!(
                rendered.source.text().contains(text),
                "{stage}: no `{text}` in\n{}",
                rendered.source.text()
            );
        }
    }
}
