//! The difference of jobs: the server's form over the recorded corpus, and the text and JSON forms.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may fail a test")]

use platy_manage::diagnostic::Source;
use platy_manage::diff::Spot;
use platy_manage::diff::annotations::{Annotations, Updates};
use platy_manage::diff::group::Member;
use platy_manage::diff::style::Style;
use platy_manage::diff::text::Show;
use platy_manage::diff::{self, JobDiff};
use platy_manage::jobspec::{self, Job, Variables};
use platy_manage::merge::{Cause, Standing};
use platy_manage::secret::Masker;
use serde_json::Value;

use crate::corpus;

fn job(value: &Value) -> Job {
    Job::from_json(&Source::new("job.json", value.to_string())).expect("a job")
}

fn text(diff: &JobDiff) -> String {
    diff::text::render(diff, &Show::plain(&Masker::new(b"test key")))
}

/// Without annotations, and with every list in one order: the server takes some of them from maps.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !matches!(&***key, "Annotations" | "Updates"));
            let mut kept: Vec<_> = kept.map(|(key, value)| (key.clone(), comparable(value))).collect();
            kept.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(kept.into_iter().collect())
        }
        Value::Array(list) => {
            let mut list: Vec<_> = list.iter().map(comparable).collect();
            list.sort_by_cached_key(Value::to_string);
            Value::Array(list)
        }
        value => value.clone(),
    }
}

#[test]
fn the_server_says_the_same_of_every_recorded_change() {
    let Some(corpus) = corpus::corpus() else { return };
    let records = corpus::lines(&corpus.join("diffs/plan-diffs.jsonl"));
    let mut different = Vec::new();
    for (i, record) in records.iter().enumerate() {
        let (from, to) = (job(&record["from"]), job(&record["to"]));
        let ours = serde_json::to_value(diff::nomad::diff(Some(&from), Some(&to))).unwrap();
        let (ours, theirs) = (comparable(&ours), comparable(&record["diff"]));
        if ours != theirs {
            let name = format!("{i}: {} {}", record["source"], record["mutation"]);
            different.push(format!("{name}\n  ours   {ours}\n  server {theirs}"));
        }
    }
    println!("{} of {} diffs as the server's", records.len() - different.len(), records.len());
    assert!(different.is_empty(), "{}", different[..different.len().min(5)].join("\n"));
}

#[test]
fn every_recorded_change_is_seen_and_nothing_else() {
    let Some(corpus) = corpus::corpus() else { return };
    for record in corpus::lines(&corpus.join("diffs/plan-diffs.jsonl")) {
        let (from, to) = (job(&record["from"]), job(&record["to"]));
        let same = record["mutation"] == "same";
        let found = diff::diff(Some(&from), Some(&to));
        assert_eq!(found.is_none(), same, "{} {}\n{}", record["source"], record["mutation"], text(&found));
        assert!(diff::diff(Some(&to), Some(&to)).is_none());
        if record["mutation"] == "spread_add" {
            let nomad = diff::nomad::diff_with_spreads(Some(&from), Some(&to));
            assert!(
                nomad.kind == diff::nomad::Kind::Edited
                    && nomad.objects.iter().any(|object| object.name == "Spread")
            );
            assert!(text(&found).contains("+ spread "), "the server forgets `spread`; we do not");
        }
    }
}

fn case(name: &str) -> Job {
    let path = format!("{}/tests/cases/diff/{name}.hcl", env!("CARGO_MANIFEST_DIR"));
    let source = Source::new(format!("{name}.hcl"), std::fs::read_to_string(path).unwrap());
    jobspec::parse(&source, &Variables::default()).unwrap_or_else(|found| panic!("{found:?}"))
}

/// A job of one task, in which a template makes `env` and `count` vary.
fn worker(name: &str, count: u32, env: &str) -> Job {
    let text = format!(
        "job \"{name}\" {{\n group \"{name}\" {{\n  count = {count}\n  task \"main\" {{\n   driver = \"exec\"\n   config {{\n    \
         command = \"/bin/true\"\n   }}\n   env {{\n{env}\n   }}\n  }}\n }}\n}}\n"
    );
    jobspec::parse(&Source::new(format!("{name}.hcl"), text), &Variables::default()).unwrap()
}

#[test]
fn changes_as_text() {
    let (from, to) = (case("web.from"), case("web.to"));
    insta::assert_snapshot!(text(&diff::diff(Some(&from), Some(&to))));
}

#[test]
fn changes_with_places_annotations_and_colour() {
    let (from, to) = (case("web.from"), case("web.to"));
    let found = diff::diff(Some(&from), Some(&to));
    let masker = Masker::new(b"test key");
    let place = |spot: Spot<'_>| match spot {
        Spot::At(span) => to.place(Some(span)).map(Cause::from),
        Spot::Gone(_, around) => {
            to.place(around.span).map(|place| Cause { standing: Standing::Around, ..place.into() })
        }
    };
    let updates = Updates { place: 2, destructive_update: 1, ..Updates::default() };
    let server = serde_json::json!({"TaskGroups": [{"Name": "api", "Tasks": [
        {"Name": "app", "Annotations": ["forces create/destroy update"]},
    ]}]});
    let annotations = Annotations::new([("api".to_owned(), updates)].into(), &server);
    let show = Show { place: Some(&place), annotations: Some(&annotations), ..Show::plain(&masker) };
    insta::assert_snapshot!(diff::text::render(&found, &show));
    let coloured = diff::text::render(&found, &Show { style: Style::coloured(), ..show });
    let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert_ne!(coloured, diff::text::render(&found, &show));
    assert_eq!(
        escapes.replace_all(&coloured, ""),
        diff::text::render(&found, &show),
        "colour adds nothing else"
    );
    insta::assert_snapshot!(format!("{:#}", diff::json::to_json(&found, &show)));
}

#[test]
fn a_new_job_and_a_removed_one() {
    let job = case("web.to");
    insta::assert_snapshot!(text(&diff::diff(None, Some(&job))));
    let gone = text(&diff::diff(Some(&job.with_defaults()), None));
    assert_eq!(
        gone.lines().count(),
        text(&diff::diff(None, Some(&job))).lines().count(),
        "what the server fills in is not shown of a stored job either"
    );
    assert!(gone.starts_with("- job \"web\"\n  - priority = 70\n"), "{gone}");
    assert!(diff::diff(None, None).is_none());
}

#[test]
fn no_secret_is_shown_in_any_form() {
    let (from, to) = (case("web.from"), case("web.to"));
    let masker = Masker::new(b"test key");
    let show = Show::plain(&masker);
    for (from, to) in [(Some(&from), Some(&to)), (None, Some(&to)), (Some(&from), None)] {
        let found = diff::diff(from, to);
        let member = Member { name: "web", diff: &found, place: None };
        let grouped = diff::group::group([member], &show);
        for form in [
            text(&found),
            diff::json::to_json(&found, &show).to_string(),
            format!("{found:?}"),
            grouped.render(&show),
            grouped.to_json(&show).to_string(),
        ] {
            for secret in ["hunter", "one-two-three", "four-five-six"] {
                assert!(!form.contains(secret), "{secret} in\n{form}");
            }
        }
    }
}

#[test]
fn what_a_terminal_would_obey_is_written_out() {
    let from = worker("a", 1, "");
    let to = worker("a", 1, "X = \"\\u001b[2J\"");
    let shown = text(&diff::diff(Some(&from), Some(&to)));
    assert!(!shown.contains('\u{1b}') && shown.contains("\\u001b[2J"), "{shown}");
}

#[test]
fn order_and_formatting_are_no_difference() {
    let one = |tags: &str, first: &str, second: &str| {
        let text = format!(
            "job \"x\" {{\n datacenters = [{tags}]\n group \"g\" {{\n{first}\n{second}\n task \"t\" {{\n driver = \"exec\"\n }}\n }}\n}}"
        );
        jobspec::parse(&Source::new("x.hcl", text), &Variables::default()).unwrap()
    };
    let (a, b) = (
        "constraint {\n attribute = \"a\"\n value = \"1\"\n}",
        "constraint {\n attribute = \"b\"\n value = \"2\"\n}",
    );
    let found = diff::diff(Some(&one("\"d\", \"e\"", a, b)), Some(&one("\"e\", \"d\"", b, a)));
    assert!(found.is_none(), "{}", text(&found));
}

#[test]
fn many_jobs_by_hunk() {
    let names: Vec<String> = (0..40).map(|i| format!("worker_{i:02}")).collect();
    let mut diffs = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let before = worker(name, 1, "A = \"1\"");
        let after = match i {
            0 => worker(name, 3, "A = \"1\"\nLOG_LEVEL = \"debug\"\nB = \"2\""),
            1..=36 => worker(name, 1, "A = \"1\"\nLOG_LEVEL = \"debug\""),
            _ => before.clone(),
        };
        diffs.push(match i {
            37 => diff::diff(None, Some(&before)),
            38 => diff::diff(Some(&before), None),
            _ => diff::diff(Some(&before), Some(&after)),
        });
    }
    let masker = Masker::new(b"test key");
    let show = Show::plain(&masker);
    let members = names.iter().zip(&diffs).map(|(name, diff)| Member { name, diff, place: None });
    let grouped = diff::group::group(members, &show);
    insta::assert_snapshot!(grouped.render(&show));
    let json = grouped.to_json(&show);
    assert_eq!(json["hunks"][0]["count"], 37);
    assert_eq!(
        json["hunks"][0]["changes"],
        serde_json::json!([{"type": "added", "path": "env.LOG_LEVEL", "new": "debug"}])
    );
    assert_eq!(
        json["hunks"][0]["at"][0],
        serde_json::json!({"job": "worker_00", "group": "worker_00", "task": "main"})
    );
    assert_eq!(
        (&json["added"][0], &json["removed"][0], &json["unchanged"]),
        (&"worker_37".into(), &"worker_38".into(), &1.into())
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_different_from_itself(job in any_job()) {
        let job = self::job(&job);
        let stored = job.with_defaults();
        assert!(diff::diff(Some(&job), Some(&job)).is_none());
        assert!(diff::diff(Some(&job), Some(&stored)).is_none(), "what the server fills in is no difference");
        assert!(diff::nomad::diff(Some(&job), Some(&stored)).objects.is_empty());
    }

    #[test]
    fn every_difference_can_be_drawn(from in any_job(), to in any_job()) {
        let (from, to) = (job(&from), job(&to));
        let found = diff::diff(Some(&from), Some(&to));
        let back = diff::diff(Some(&to), Some(&from));
        assert_eq!(found.is_none(), back.is_none());
        let drawn = text(&found);
        assert_eq!(drawn.is_empty(), found.is_none());
        assert!(!drawn.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t'), "{drawn:?}");
    }
}

fn any_job() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    let texts = || vec("[a-c \\x1b\n]{0,3}", 0..4);
    let map = || btree_map("[a-d.]{1,2}", "[a-c\n\x07]{0,4}", 0..4);
    (0..3_i64, texts(), texts(), map(), map(), vec("[ab]", 0..3), 0..2_i64).prop_map(
        |(count, tags, args, env, config, destinations, delay)| {
            let mut config: serde_json::Map<_, _> = config.into_iter().map(|(key, text)| (key, text.into())).collect();
            config.insert("args".to_owned(), args.into());
            let templates = destinations.iter().map(|to| serde_json::json!({"DestPath": to, "EmbeddedTmpl": "x\ny\n"}));
            serde_json::json!({
                "ID": "x", "Name": "x",
                "TaskGroups": [{
                    "Name": "g", "Count": count, "ShutdownDelay": if delay == 0 { Value::Null } else { 0.into() },
                    "Services": [{"Name": "s", "Provider": "nomad", "Tags": tags}],
                    "Tasks": [{
                        "Name": "t", "Driver": "exec", "Env": env, "Config": config,
                        "Templates": templates.collect::<Vec<_>>(),
                    }],
                }],
            })
        },
    )
}
