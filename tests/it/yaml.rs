//! Job files and `platy.yaml`: what is refused and how it is drawn, and what is generated from the model.

use std::fs;
use std::path::{Path, PathBuf};

use platy_manage::diagnostic::{Source, text};
use platy_manage::load::{self, model, reference, schema, yaml};
use platy_manage::project::Project;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn project() -> Project {
    let source =
        Source::new("platy.yaml", "stages: {devel: {cluster: local}, prod: {cluster: local, namespace: p}}");
    Project::from_source(Path::new("/nowhere"), PathBuf::new(), source).unwrap()
}

fn drawing(name: &str, content: &str) -> String {
    match load::load_text(&project(), name, Source::new(name, content)) {
        Ok(_) => panic!("{name} is accepted"),
        Err(problems) => text::render(&problems, false),
    }
}

#[test]
fn broken_job_files_are_drawn() {
    insta::glob!("../cases/load/job", "*.yaml", |path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        insta::assert_snapshot!(drawing(name, &fs::read_to_string(path).unwrap()));
    });
}

#[test]
fn broken_project_files_are_drawn() {
    insta::glob!("../cases/load/project", "*.yaml", |path| {
        let source = Source::new("platy.yaml", fs::read_to_string(path).unwrap());
        let failure = Project::from_source(Path::new("/nowhere"), PathBuf::new(), source).unwrap_err();
        let drawing = text::render(&failure.diagnostics, false);
        // Guards against an error that prints the token that it refuses.
        assert!(!drawing.contains("s3cret"));
        insta::assert_snapshot!(drawing);
    });
}

#[test]
fn texts_stay_as_they_were_written() {
    for written in ["1234e56", "0123456", "12_345", "no", "True", "FALSE", "1.10", "0x1F", "1e3"] {
        let file = format!("file: server\ngithash: {written}\nconfig: {{env: {{A: {written}}}}}\n");
        let job = load::load_text(&project(), "a", Source::new("a.yaml", file)).unwrap();
        assert_eq!(job.root.get("githash").and_then(load::Node::text), Some(written));
        let env = job.root.get("config").and_then(|config| config.get("env"));
        assert_eq!(env.and_then(|env| env.get("A")).and_then(load::Node::text), Some(written));
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut file = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        file += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
    }
    let problems = yaml::parse(&Source::new("bomb.yaml", file)).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code.id).collect::<Vec<_>>(), ["P0103"]);
}

#[test]
fn nesting_is_bounded() {
    for levels in [65, 10_000] {
        let file = format!("a: {}{}", "[".repeat(levels), "]".repeat(levels));
        let problems = yaml::parse(&Source::new("deep.yaml", file)).unwrap_err();
        assert_eq!(problems[0].code.id, "P0103", "{levels}");
    }
}

#[test]
fn files_that_are_no_text_or_too_large_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    for (bytes, expected) in [
        (b"file: server\nuser: \xff\n".to_vec(), "a.yaml:2:7: the file is not UTF-8 [P0107]"),
        (vec![b' '; (1 << 20) + 1], "`a.yaml` is larger than 1 MiB [P0107]"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(load::read(&path, "a.yaml").unwrap_err()[0].to_string(), expected);
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("jobs/sub")).unwrap();
    fs::write(folder.path().join("platy.yaml"), "stages: {devel: {cluster: local}}").unwrap();
    for path in ["jobs/a.yaml", "jobs/sub/a.yaml"] {
        fs::write(folder.path().join(path), "file: server").unwrap();
    }
    let project = Project::open(folder.path()).unwrap();
    let problems = project.jobs().unwrap_err().diagnostics;
    assert_eq!(problems[0].code.id, "P0144");
    assert!(problems[0].related[0].place.source.name().ends_with("jobs/a.yaml"));
}

#[cfg(unix)]
#[test]
fn a_job_that_is_a_link_out_of_the_project_is_refused() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(folder.path().join("jobs")).unwrap();
    fs::write(folder.path().join("platy.yaml"), "stages: {devel: {cluster: local}}").unwrap();
    fs::write(other.path().join("a.yaml"), "file: server").unwrap();
    std::os::unix::fs::symlink(other.path().join("a.yaml"), folder.path().join("jobs/a.yaml")).unwrap();
    let project = Project::open(folder.path()).unwrap();
    assert_eq!(load::load(&project, "a").unwrap_err()[0].code.id, "P0146");
    assert_eq!(load::load(&project, "../a").unwrap_err()[0].code.id, "P0143");
}

/// Compares a generated file with the one that is checked in; `UPDATE_DOCS=1` writes it.
fn current(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is stale: run the tests with UPDATE_DOCS=1", path.display());
}

#[test]
fn generated_files_are_current() {
    current("schemas/platy.schema.json", &schema::text(&schema::platy()));
    let job = schema::job_of(&Project::open(root()).unwrap()).unwrap();
    current("schemas/job.schema.json", &schema::text(&job));
    current("docs/job-file.md", &reference::job_file());
    current("docs/project.md", &reference::project());
}

/// A node as an editor's YAML reader would give it to a JSON Schema.
fn json(node: &load::Node) -> Value {
    match &node.kind {
        load::Kind::Null => Value::Null,
        load::Kind::Bool(truth) => (*truth).into(),
        load::Kind::Text(text) if text.quoted => text.text.as_str().into(),
        load::Kind::Text(text) => serde_json::from_str::<serde_json::Number>(&text.text)
            .map_or_else(|_| text.text.as_str().into(), Value::Number),
        load::Kind::List(items) => items.iter().map(json).collect(),
        load::Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn the_schemas_accept_the_fleet_and_refuse_its_mistakes() {
    let project = Project::open(root()).unwrap();
    let read = |path: &Path| json(&yaml::parse(&load::read(path, "a").unwrap()).unwrap());
    let platy = jsonschema::validator_for(&schema::platy()).unwrap();
    assert!(platy.is_valid(&read(&root().join("platy.yaml"))));
    let job = jsonschema::validator_for(&schema::job_of(&project).unwrap()).unwrap();
    let jobs = project.jobs().unwrap();
    assert!(!jobs.is_empty());
    for entry in jobs {
        let errors: Vec<_> = job.iter_errors(&read(&entry.path)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", entry.name);
    }
    for bad in [
        "file: eightball\nconfig: {taskargs: {workers: many}}",
        "file: eightball\nconfig: {taskargs: {wrokers: 1}}",
        "file: eightball\nenvs: {prod: {taskargs: {workers: 0}}}",
        "file: server\nconfig: {cpuu: 1}",
        "user: cbe",
    ] {
        assert!(!job.is_valid(&json(&yaml::parse(&Source::new("a", bad)).unwrap())), "{bad}");
    }
    let other = "file: server\nconfig: {taskargs: {workers: many}}";
    assert!(job.is_valid(&json(&yaml::parse(&Source::new("a", other)).unwrap())), "only `file` decides");
}

#[test]
fn every_example_in_the_model_is_valid() {
    for key in model::CONFIG {
        let file = format!("file: server\nconfig:\n  {}: {}\n", key.name, key.example);
        if let Err(problems) = load::load_text(&project(), "a", Source::new("a.yaml", file)) {
            panic!("{}", text::render(&problems, false));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(20261123), ..ProptestConfig::default() })]

    /// Guards against a panic of the loader on what is nearly a job file.
    #[test]
    fn mutated_files_never_panic(cuts in prop::collection::vec((0usize..4000, 0usize..30, "[-\\[\\]{}:&*!<|>?#'\"\\ta\\n é]{0,4}"), 1..6)) {
        let mut content = include_str!("../../jobs/eightball.yaml").to_owned();
        for (at, length, with) in cuts {
            let floor = |mut at: usize| { while !content.is_char_boundary(at) { at -= 1; } at };
            let start = floor(at % (content.len() + 1));
            let end = floor((start + length).min(content.len()));
            content.replace_range(start..end, &with);
        }
        if let Err(problems) = load::load_text(&project(), "a", Source::new("a.yaml", content)) {
            prop_assert!(!text::render(&problems, false).is_empty());
        }
    }
}
