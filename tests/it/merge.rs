//! The layers of a job: who wins, what was overridden, and how conflicts are drawn.

use std::path::{Path, PathBuf};

use platy_manage::diagnostic::{Diagnostic, Source, text};
use platy_manage::load;
use platy_manage::merge::{Layer, Merged, SetArg, merge, shared_ids};
use platy_manage::project::{JobEntry, Project};
use proptest::prelude::*;

fn project(content: &str) -> Project {
    Project::from_source(Path::new("/nowhere"), PathBuf::new(), Source::new("platy.yaml", content)).unwrap()
}

fn merged(platy: &str, job: &str, sets: &[&str]) -> Result<Merged, Vec<Diagnostic>> {
    let project = project(platy);
    let file = load::load_text(&project, "a", Source::new("jobs/a.yaml", job)).unwrap();
    let sets: Vec<_> = sets.iter().map(|set| SetArg::parse(set).unwrap()).collect();
    merge(&project, &file, project.stage("prod").unwrap(), &sets)
}

const PLATY: &str = "\
stages:
  prod: {cluster: local, config: {env: {S: stage, X: stage}}}
defaults:
  config: {user: cbp, args: [a], env: {D: defaults, X: defaults}, taskargs: {m: {k: 1, l: 2}}}
  envs: {prod: {env: {X: envs}}}
";

#[test]
fn a_higher_layer_wins_and_tells_what_it_overrode() {
    let job = "file: server\nconfig: {env: {X: job}}\nenvs: {prod: {env: {X: job-stage}}}\n";
    let merged = merged(PLATY, job, &["env.X=set"]).unwrap();
    let value = merged.get("env.X").unwrap();
    assert_eq!(
        (value.text(), value.layer, value.place.to_string()),
        (Some("set"), Layer::Set, "--set".to_owned())
    );
    let lost: Vec<_> = value.overrode.iter().map(|loser| (loser.layer, loser.shown.as_str())).collect();
    assert_eq!(
        lost,
        [
            (Layer::JobStage, "job-stage"),
            (Layer::Job, "job"),
            (Layer::Stage, "stage"),
            (Layer::DefaultsStage, "envs"),
            (Layer::Defaults, "defaults"),
        ]
    );
    assert_eq!((merged.text("env.D"), merged.text("env.S")), (Some("defaults"), Some("stage")));
    assert_eq!(merged.get("cpu").unwrap().layer, Layer::BuiltIn);
    assert_eq!((merged.job_key.as_str(), merged.job_id.as_str()), ("local/cbp/prod/a", "a-prod"));
}

#[test]
fn tags_extend_and_replace_and_null_removes() {
    let shown = |job: &str, path: &str| merged(PLATY, job, &[]).unwrap().get(path).map(|value| value.shown());
    let job = |config: &str| format!("file: server\nconfig: {{{config}}}\n");
    for (config, path, expected) in [
        ("args: !append [b]", "args", Some("[a, b]")),
        ("args: !prepend [b]", "args", Some("[b, a]")),
        ("args: [b]", "args", Some("[b]")),
        ("args: null", "args", None),
        ("command: x", "args", Some("[a]")),
        ("taskargs: {m: {k: 3}}", "taskargs", Some("{m: {k: 3, l: 2}}")),
        ("taskargs: {m: !replace {n: 3}}", "taskargs", Some("{m: {n: 3}}")),
        ("taskargs: {m: {k: null}}", "taskargs", Some("{m: {l: 2}}")),
    ] {
        assert_eq!(shown(&job(config), path).as_deref(), expected, "{config}");
    }
    let merged = merged(PLATY, &job("args: null"), &[]).unwrap();
    let removed = &merged.removed[0];
    assert_eq!(removed.path, "args");
    assert_eq!((removed.by.layer, removed.overrode[0].shown.as_str()), (Layer::Job, "[a]"));
}

#[test]
fn conflicts_are_drawn_with_both_places() {
    let job = "file: server\nconfig:\n  taskargs:\n    m: 1\n";
    insta::assert_snapshot!(text::render(&merged(PLATY, job, &[]).unwrap_err(), false));
    let job = "file: server\nconfig:\n  taskargs:\n    m: {k: {deep: 1}}\n";
    insta::assert_snapshot!(text::render(&merged(PLATY, job, &[]).unwrap_err(), false));
}

#[test]
fn a_set_that_does_not_fit_the_model_is_drawn() {
    let job = "file: server\n";
    let problems = merged(PLATY, job, &["cpuu=1", "num_instances=many"]).unwrap_err();
    insta::assert_snapshot!(text::render(&problems, false));
    insta::assert_snapshot!(text::render(&[*SetArg::parse("cpu").unwrap_err()], false));
}

#[test]
fn two_jobs_with_one_id_are_drawn() {
    let project =
        project("stages: {a: {cluster: local, id: \"{name}\"}, b: {cluster: local, id: \"{name}\"}}");
    let job = JobEntry { name: "x".to_owned(), path: PathBuf::from("/nowhere/jobs/x.yaml") };
    insta::assert_snapshot!(text::render(
        &shared_ids(&project, &[job]).into_iter().map(|shared| shared.diagnostic).collect::<Vec<_>>(),
        false
    ));
}

fn entries() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((0u8..3, 0u8..3, 0u8..9), 0..6)
}

/// `taskargs` two levels deep, without a key twice: always maps over scalars at one depth.
fn written(entries: &[(u8, u8, u8)]) -> String {
    let mut map = std::collections::BTreeMap::<u8, std::collections::BTreeMap<u8, u8>>::new();
    for (outer, inner, value) in entries {
        map.entry(*outer).or_default().insert(*inner, *value);
    }
    let outer = map.iter().map(|(key, inner)| {
        let inner: Vec<_> = inner.iter().map(|(key, value)| format!("i{key}: {value}")).collect();
        format!("o{key}: {{{}}}", inner.join(", "))
    });
    format!("{{{}}}", outer.collect::<Vec<_>>().join(", "))
}

fn json(defaults: &str, config: &str, env: &str) -> serde_json::Value {
    let platy = format!(
        "stages: {{prod: {{cluster: local}}}}\ndefaults: {{config: {{user: u, taskargs: {defaults}}}}}"
    );
    let job = format!("file: server\nconfig: {{taskargs: {config}}}\nenvs: {{prod: {{taskargs: {env}}}}}\n");
    // Order is where a key was first seen, which grouping may change: the values are compared.
    serde_json::from_str(&merged(&platy, &job, &[]).unwrap().get("taskargs").unwrap().json().to_string())
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_idempotent_and_associative(a in entries(), b in entries(), c in entries()) {
        let (a, b, c) = (written(&a), written(&b), written(&c));
        prop_assert_eq!(json(&a, &b, &b), json(&a, &b, "{}"));
        let ab = json(&a, &b, "{}").to_string();
        let bc = json("{}", &b, &c).to_string();
        let whole = json(&a, &b, &c);
        prop_assert_eq!(&json("{}", &ab, &c), &whole);
        prop_assert_eq!(&json(&a, &bc, "{}"), &whole);
    }
}
