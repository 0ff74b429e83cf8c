use platy_manage::diagnostic::Source;
use platy_manage::diff::nomad;
use platy_manage::jobspec::Job;
use serde_json::Value;

fn job(value: &Value) -> Job {
    Job::from_json(&Source::new("job.json", value.to_string())).expect("a job")
}

fn normal(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("Annotations");
            map.remove("Updates");
            map.values_mut().for_each(normal);
        }
        Value::Array(list) => {
            list.iter_mut().for_each(normal);
            list.sort_by_key(|value| value.to_string());
        }
        _ => {}
    }
    value.sort_all_objects();
}

#[test]
fn temp() {
    let text = std::fs::read_to_string(std::env::var("TMPF").unwrap()).unwrap();
    let (mut good, mut all) = (0, 0);
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let (from, to) = (job(&record["from"]), job(&record["to"]));
        let mut ours = serde_json::to_value(nomad::diff(Some(&from.root), Some(&to.root))).unwrap();
        let mut theirs = record["diff"].clone();
        normal(&mut ours);
        normal(&mut theirs);
        all += 1;
        if ours == theirs {
            good += 1;
        } else if all - good < 12 {
            println!("{} {}", record["i"], record["mutation"]);
            std::fs::write(format!("/tmp/difft/o{}.json", record["i"]), ours.to_string()).unwrap();
            std::fs::write(format!("/tmp/difft/t{}.json", record["i"]), theirs.to_string()).unwrap();
        }
    }
    println!("{good} of {all}");
}

#[test]
fn temp_text() {
    let text = std::fs::read_to_string("/tmp/difft/stored.jsonl").unwrap();
    let masker = platy_manage::diff::secret::Masker::new(b"k");
    let mut seen = std::collections::HashMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let n = seen.entry(record["mutation"].as_str().unwrap().to_owned()).or_insert(0);
        let (from, to) = (job(&record["from"]), job(&record["to"]));
        let d = platy_manage::diff::diff(Some(&from), Some(&to));
        if record["mutation"] == "same" {
            assert!(d.is_none())
        } else {
            assert!(!d.is_none(), "{}", record["i"]);
        }
        *n += 1;
        if *n > 1 {
            continue;
        }
        println!("{} {}", record["i"], record["mutation"]);
        println!("{}", platy_manage::diff::text::render(&d, &platy_manage::diff::text::Show::plain(&masker)));
    }
}
