//! The rules of a server, against what a real server said of the same jobs.

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::{self, Job, Variables};
use platy_manage::validate::rules::SUBJECTS;
use platy_manage::validate::{self, Finding, Verdict, driver};
use serde_json::Value;

use crate::corpus::{corpus, files, lines};

/// The single findings in a server's answer: its nested lists taken apart.
fn leaves(text: &str) -> Vec<String> {
    let heads = |line: &str| line.ends_with("occurred:") || line.ends_with("failed:");
    let is_head = |line: &str| {
        heads(line)
            || line.ends_with("error occurred:")
            || line.ends_with("warnings:")
            || line.ends_with("warning:")
    };
    let mut leaves = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches("* ").trim();
        if !line.is_empty() && line != "\"" && !is_head(line) {
            leaves.push(line.to_owned());
        }
    }
    leaves
}

/// Whether only the server's cluster could say this.
fn of_cluster(text: &str) -> bool {
    text.contains("nonexistent namespace")
        || text.contains("not enabled but used in the job")
        || text.contains("no default identity is provided in agent configuration")
        || text.contains("Memory oversubscription is not enabled")
}

fn read(name: &str, json: &str) -> Job {
    Job::from_json(&Source::new(name, json)).unwrap_or_else(|errors| panic!("{name}: {errors:?}"))
}

/// The findings that come from a server's rules, not from a driver.
fn of_server(findings: &[Finding]) -> Vec<String> {
    let server = findings.iter().filter(|f| !f.diagnostic.code.id.starts_with("P077"));
    server.map(|f| format!("{} {} ({})", f.diagnostic.code.id, f.diagnostic.message, f.path)).collect()
}

/// Compares a verdict with the server's leaves; says how they differ.
fn difference(verdict: &Verdict, errors: &[String], warnings: &[String]) -> Option<String> {
    let keep = |leaves: &[String]| -> Vec<String> {
        leaves.iter().filter(|leaf| !of_cluster(leaf)).cloned().collect()
    };
    let (errors, warnings) = (keep(errors), keep(warnings));
    let (ours, our_warnings) = (of_server(&verdict.errors), of_server(&verdict.warnings));
    if ours.len() == errors.len() && our_warnings.len() == warnings.len() {
        return None;
    }
    Some(format!(
        "  server: {errors:#?}\n  ours: {ours:#?}\n  server warns: {warnings:#?}\n  we warn: {our_warnings:#?}"
    ))
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).flat_map(leaves).collect()
}

#[test]
fn broken_jobs_get_the_servers_verdict() {
    let Some(corpus) = corpus() else { return };
    let cases = lines(&corpus.join("rules/broken-jobs.jsonl"));
    let mut wrong = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let name = format!("{}: {} ({})", i + 1, case["rule"], case["source"]);
        let job = match Job::from_json(&Source::new(&*name, case["job"].to_string())) {
            Ok(job) => job,
            Err(errors) => {
                wrong.push(format!("{name}\n{errors:?}"));
                continue;
            }
        };
        let verdict = validate::jobspec(&job);
        let warnings = leaves(case["warnings"].as_str().unwrap_or_default());
        if let Some(difference) = difference(&verdict, &texts(&case["errors"]), &warnings) {
            wrong.push(format!("{name}\n{difference}"));
        }
    }
    println!("{} of {}", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn valid_files_get_the_servers_verdict() {
    let Some(corpus) = corpus() else { return };
    let verdicts: Value =
        serde_json::from_str(&std::fs::read_to_string(corpus.join("jobspecs/verdicts.json")).unwrap())
            .unwrap();
    let mut wrong = Vec::new();
    let files = files(&corpus.join("jobspecs/valid"), "json");
    for path in &files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let answer = &verdicts[&name];
        let verdict = validate::jobspec(&read(&name, &std::fs::read_to_string(path).unwrap()));
        let warnings = leaves(answer["Warnings"].as_str().unwrap_or_default());
        if let Some(difference) = difference(&verdict, &texts(&answer["ValidationErrors"]), &warnings) {
            wrong.push(format!("{name}\n{difference}"));
        }
    }
    println!("{} of {}", files.len() - wrong.len(), files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a user sees of a job file: errors, warnings and what was not checked, drawn.
fn drawing(name: &str, text: &str) -> String {
    let job = jobspec::parse(&Source::new(name, text), &Variables::default())
        .unwrap_or_else(|errors| panic!("{}", text::render(&errors, false)));
    let verdict = validate::jobspec(&job);
    let all: Vec<_> = verdict.diagnostics().cloned().collect();
    text::render(&all, false)
}

#[test]
fn drawings_of_broken_jobs() {
    insta::glob!("../cases/rules", "*.hcl", |path| {
        let name = path.file_name().unwrap().to_string_lossy();
        insta::assert_snapshot!(drawing(&name, &std::fs::read_to_string(path).unwrap()));
    });
}

/// The known drivers take every config of the corpus that a real driver takes.
#[test]
fn no_driver_refuses_a_job_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    for path in files(&corpus.join("jobspecs/valid"), "json") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let verdict = validate::jobspec(&read(&name, &std::fs::read_to_string(&path).unwrap()));
        let mine = verdict.errors.iter().filter(|f| f.diagnostic.code.id.starts_with("P077"));
        let mine: Vec<_> = mine.map(|f| format!("{} {}", f.diagnostic.message, f.path)).collect();
        assert!(mine.is_empty(), "{name}: {mine:#?}");
    }
}

#[test]
fn every_rule_has_a_code_of_its_own() {
    let mut seen = std::collections::HashSet::new();
    let rules = SUBJECTS.iter().flat_map(|subject| subject.rules).chain(driver::RULES);
    for rule in rules {
        assert!(seen.insert(rule.code.id), "{} stands twice", rule.code.id);
        assert!(!rule.code.origin.is_empty(), "{} has no source", rule.code.id);
    }
    assert!(seen.len() > 200, "only {} rules", seen.len());
}

/// `docs/rules.md` is what the declarations say; `UPDATE_DOCS=1` writes it.
#[test]
fn the_reference_of_the_rules_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let expected = validate::reference::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "docs/rules.md is not current: run the tests with UPDATE_DOCS=1");
}

/// A value that stands where another was expected, or is far out of its range.
fn spoil(value: &mut Value, random: &mut impl FnMut() -> usize) {
    const TEXTS: [&str; 12] = [
        "",
        "x",
        "a b",
        "${",
        "${JOB}",
        "\0",
        "../../../..",
        "-1",
        "99999999999999999999",
        "é\u{301}",
        "(",
        "* * * * *",
    ];
    const NUMBERS: [i64; 8] = [i64::MIN, -1, 0, 1, 65_536, 1_000_000_000, i64::MAX / 2, i64::MAX];
    match value {
        Value::Object(map) if !map.is_empty() => {
            let index = random() % map.len();
            let inner = map.values_mut().nth(index).unwrap();
            spoil(inner, random);
        }
        Value::Array(list) if !list.is_empty() => {
            let index = random() % list.len();
            match random() % 4 {
                0 => list.push(list[index].clone()),
                1 => drop(list.remove(index)),
                _ => spoil(&mut list[index], random),
            }
        }
        Value::String(text) => *text = TEXTS[random() % TEXTS.len()].to_owned(),
        Value::Number(_) => *value = NUMBERS[random() % NUMBERS.len()].into(),
        Value::Bool(truth) => *truth = !*truth,
        _ => {}
    }
}

/// A rule must not trust what another rule refuses: no job, however spoiled, makes one panic.
#[test]
fn no_spoiled_job_makes_a_rule_panic() {
    let cases = ["network_and_service", "task", "update_and_restart", "volumes", "drivers", "connect"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut judged = 0;
    for case in cases {
        let path = format!("{}/tests/cases/rules/{case}.hcl", env!("CARGO_MANIFEST_DIR"));
        let source = Source::new(case, std::fs::read_to_string(path).unwrap());
        let job = jobspec::parse(&source, &Variables::default()).unwrap();
        let good: Value = serde_json::from_str(&job.to_json()).unwrap();
        for _ in 0..300 {
            let mut spoiled = good.clone();
            for _ in 0..1 + random() % 20 {
                spoil(&mut spoiled, &mut random);
            }
            if let Ok(job) = Job::from_json(&Source::new(case, spoiled.to_string())) {
                validate::jobspec(&job);
                judged += 1;
            }
        }
    }
    assert!(judged > 1000, "only {judged} jobs could be read");
}
