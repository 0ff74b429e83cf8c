//! A job written as HCL is the same job when it is parsed again.

use std::path::Path;
use std::process::Command;

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::{self, Job, Variables};
use serde_json::json;

use crate::corpus::{corpus, files, lines};

fn read(name: &str, json: &str) -> Job {
    Job::from_json(&Source::new(name, json))
        .unwrap_or_else(|errors| panic!("{}", text::render(&errors, false)))
}

/// What a real Nomad makes of our HCL; also that `nomad fmt` leaves it alone.
fn parsed_by(nomad: &Path, folder: &tempfile::TempDir, name: &str, hcl: &str) -> Job {
    let path = folder.path().join("job.hcl");
    std::fs::write(&path, hcl).unwrap();
    let output = Command::new(nomad).args(["job", "run", "-output"]).arg(&path).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}\n{hcl}");
    let formatted = Command::new(nomad).args(["fmt", "-check"]).arg(&path).output().unwrap();
    assert!(formatted.status.success(), "{name}: `nomad fmt` would change\n{hcl}");
    read(name, &String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_real_nomad_reads_the_same_job_from_every_file_of_the_corpus() {
    let (Some(corpus), Some(nomad)) = (corpus(), crate::agent::binary()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for path in files(&corpus.join("jobspecs/valid"), "json") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let job = read(&name, &std::fs::read_to_string(&path).unwrap());
        let hcl = job.emit();
        assert!(hcl.left_out.is_empty(), "{}", text::render(&hcl.left_out, false));
        let again = parsed_by(&nomad, &folder, &name, &hcl.text);
        if again != job {
            let (ours, theirs) = (job.to_json(), again.to_json());
            let line = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b);
            wrong.push(format!("{name}: {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Texts in which templates, escapes and heredocs can go wrong, and every way to join two of them.
fn awkward_texts() -> Vec<String> {
    let parts = [
        "$",
        "%",
        "{",
        "}",
        "${",
        "%{",
        "$${",
        "%%{",
        "${a}",
        "${NOMAD_PORT_http}",
        "${node.x[\"y.z\"]}",
        "${var.x}",
        "${upper(\"a\")}",
        "${A:-b}",
        "${true}",
        "${ a }",
        "\"",
        "\\",
        "\\n",
        "\n",
        "\n\n",
        " ",
        "\t",
        "\r",
        "EOF",
        "EOF\n",
        "  EOT\n",
        "x",
        "é",
        "\u{1f600}",
        "\u{7}",
        "//",
        "#",
        "<<EOF\n",
        "~}",
        "${~a~}",
        "%{ if true }",
        "\u{2028}",
        "${a.0}",
        "$(a)",
    ];
    let pairs = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("{a}{b}")));
    let lines = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("{a}\n x{b}\n")));
    let triples = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("a{a}{b}{a}\nz\n{b}")));
    pairs.chain(lines).chain(triples).collect()
}

/// What our own parser makes of our HCL.
fn parsed_here(name: &str, hcl: &str) -> Job {
    jobspec::parse(&Source::new(name, hcl), &Variables::default())
        .unwrap_or_else(|errors| panic!("{name}: {}", text::render(&errors, false)))
}

#[test]
fn our_parser_reads_the_same_job_from_every_job_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    for path in files(&corpus.join("jobspecs/valid"), "json") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let job = read(&name, &std::fs::read_to_string(&path).unwrap());
        same(&name, &job, &parsed_here(&name, &job.to_hcl()));
    }
    for (i, case) in lines(&corpus.join("diffs/plan-diffs.jsonl")).iter().enumerate() {
        let name = format!("to of diff {i}");
        // The first round shows what the parser itself fills in.
        let job = parsed_here(&name, &read(&name, &case["to"].to_string()).to_hcl());
        same(&name, &job, &parsed_here(&name, &job.to_hcl()));
    }
}

/// Guards against texts that break out of their quotes or come back changed.
#[test]
fn awkward_texts_come_back() {
    let job = awkward_job();
    let hcl = job.to_hcl();
    same("here", &job, &parsed_here("awkward", &hcl));
    let Some(nomad) = crate::agent::binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    same("a real Nomad", &job, &parsed_by(&nomad, &folder, "awkward", &hcl));
}

#[track_caller]
fn same(who: &str, job: &Job, again: &Job) {
    let (ours, theirs) = (job.to_json(), again.to_json());
    let wrong: Vec<_> = ours.lines().zip(theirs.lines()).filter(|(a, b)| a != b).take(20).collect();
    assert!(wrong.is_empty(), "{who}: {wrong:#?}");
    assert!(job == again, "{who}");
}

fn awkward_job() -> Job {
    let texts = awkward_texts();
    let env: serde_json::Map<_, _> =
        texts.iter().enumerate().map(|(i, text)| (format!("V{i}"), text.clone().into())).collect();
    let keys: serde_json::Map<_, _> = texts.iter().map(|text| (text.clone(), "x".into())).collect();
    let task = json!({
        "Name": "t\"${x}%{y}\\", "Driver": "raw_exec", "Env": env, "Meta": keys,
        "Config": {"args": texts, "for": 1, "deep": [{"a": [1, 1.5, -2, 1e300, 1e-9, true, null, [], {}]}], "map": {"for": {"k": texts}}},
    });
    let job = json!({"ID": "a", "Name": "b", "TaskGroups": [{"Name": "g", "Tasks": [task]}]});
    read("awkward", &job.to_string())
}
