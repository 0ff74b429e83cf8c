//! The rules of a server, against what a real server said of the same jobs.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::Job;
use platy_manage::validate::{self, Finding, Verdict};
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
        let verdict = validate::jobspec(&read(&name, &case["job"].to_string()));
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
