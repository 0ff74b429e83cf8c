//! Job files become the JSON that Nomad's parser makes of them, and bad ones are refused where it refuses them.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Variables};
use serde_json::Value;

use crate::corpus::corpus;

fn json_of(text: &str, name: &str) -> Result<Value, String> {
    let source = Source::new(name, text);
    let job = jobspec::parse(&source, &Variables::default())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    serde_json::from_str(&job.to_json()).map_err(|error| error.to_string())
}

/// Where two values first differ, as a path with both values.
fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => difference(&format!("{path}.{key}"), a, b),
                (a, b) => Some(format!("{path}.{key}: ours {a:?}, Nomad's {b:?}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(&format!("{path}[{i}]"), a, b))
        }
        _ if ours == theirs => None,
        _ => Some(format!("{path}: ours {ours}, Nomad's {theirs}")),
    }
}

#[test]
fn valid_files_become_the_same_json() {
    let Some(corpus) = corpus() else { return };
    let (mut same, mut all, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(corpus.join("jobspecs/valid")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hcl") {
            continue;
        }
        all += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let theirs: Value =
            serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match json_of(&text, &name) {
            Ok(ours) => match difference("", &ours, &theirs) {
                None => same += 1,
                Some(difference) => wrong.push(format!("{name}: {difference}")),
            },
            Err(error) => wrong.push(format!("{name}: refused: {error}")),
        }
    }
    println!("{same} of {all} valid files become Nomad's JSON");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn invalid_files_are_refused_at_the_same_place() {
    let Some(corpus) = corpus() else { return };
    let (mut same, mut all, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(corpus.join("jobspecs/invalid")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hcl") {
            continue;
        }
        all += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let theirs = std::fs::read_to_string(path.with_extension("error.txt")).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Err(problems) = jobspec::parse(&Source::new(&name, text), &Variables::default()) else {
            wrong.push(format!("{name}: accepted, Nomad says {theirs}"));
            continue;
        };
        // `FILE:LINE,COL-…: summary; detail`, or `<nil>: …` where it gives no place.
        let place =
            theirs.strip_prefix(&format!("{name}:")).and_then(|rest| rest.split_once('-')).map(|(at, _)| at);
        let ours: Vec<String> = problems
            .iter()
            .filter_map(|problem| problem.primary.as_ref())
            .map(|label| label.place.position())
            .map(|at| format!("{},{}", at.line, at.column))
            .collect();
        match place {
            Some(place) if !ours.iter().any(|at| at == place) => {
                wrong.push(format!("{name}: Nomad at {place}, ours at {ours:?}"));
            }
            None if theirs.lines().count() > problems.len() => {
                wrong.push(format!("{name}: Nomad finds {}, we {}", theirs.lines().count(), problems.len()));
            }
            _ => same += 1,
        }
    }
    println!("{same} of {all} invalid files are refused where Nomad refuses them");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
