//! The difference of jobs: the server's form over the recorded corpus, and the text and JSON forms.

use platy_manage::diagnostic::Source;
use platy_manage::diff::secret::Masker;
use platy_manage::diff::text::Show;
use platy_manage::diff::{self, JobDiff};
use platy_manage::jobspec::Job;
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
            assert!(text(&found).contains("+ spread "), "the server forgets `spread`; we do not");
        }
    }
}
