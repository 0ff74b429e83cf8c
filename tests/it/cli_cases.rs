//! The command line on small projects: each folder of `tests/cases/cli` is one.
//!
//! `cmd` has a command line in each line, which run one after the other in a copy of the folder;
//! `expected` is all that they print and their exit codes. `UPDATE_CASES=1` writes it anew.

use std::path::Path;

use crate::cli_project::Cli;
use crate::fake_nomad::{Fake, Reply};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli")
}

/// Runs the commands of a case; gives the first difference as text.
fn check(name: &str, address: &str) -> Result<(), String> {
    let case = folder().join(name);
    let cli = Cli::copy_of(&case, address);
    let commands = std::fs::read_to_string(case.join("cmd")).unwrap();
    let found: Vec<String> = commands.lines().map(|line| cli.transcript(line)).collect();
    let found = found.join("\n");
    let file = case.join("expected");
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(&expected, &found);
    Err(format!("{name}:\n{}", diff.unified_diff().header("expected", "found")))
}

#[test]
fn every_case_prints_what_it_says() {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // These need a server, and have tests of their own below.
        .filter(|name| !name.starts_with("nomad_"))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "only {names:?}");
    let problems: Vec<String> =
        names.iter().filter_map(|name| check(name, "http://127.0.0.1:1").err()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn check_answer(name: &str, reply: fn() -> Reply) {
    let nomad = Fake::start(move |_, _| reply());
    if let Err(problem) = check(name, &nomad.address) {
        panic!("{problem}");
    }
}

#[test]
fn a_nomad_that_is_not_there() {
    // A port that was free a moment ago refuses connections.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    if let Err(problem) = check("nomad_unreachable", &format!("http://127.0.0.1:{port}")) {
        panic!("{problem}");
    }
}

#[test]
fn a_nomad_that_forbids() {
    check_answer("nomad_403", || Reply::text(403, "Permission denied"));
}

#[test]
fn a_nomad_that_is_ill() {
    check_answer("nomad_500", || Reply::text(500, "rpc error: No cluster leader"));
}

#[test]
fn a_nomad_that_talks_rubbish() {
    check_answer("nomad_rubbish", || {
        Reply::Answer(200, "text/html", "<html>a proxy's login page</html>".to_owned(), 0)
    });
}

#[test]
fn a_nomad_that_speaks_no_http() {
    check_answer("nomad_no_http", || Reply::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()));
}
