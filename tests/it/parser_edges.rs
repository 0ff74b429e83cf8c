//! Odd corners of the language where Nomad's parser has an opinion, each seen on it.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Variables};
use serde_json::Value;

/// The text of a job with this expression in a task's `config`.
fn with_value(expression: &str) -> String {
    format!(
        "job \"j\" {{\n group \"g\" {{\n  task \"t\" {{\n   config {{\n    v = {expression}\n   }}\n  }}\n }}\n}}\n"
    )
}

/// The value of the expression, or the places and messages of what is wrong.
fn value(expression: &str) -> Result<Value, Vec<(usize, usize, String)>> {
    let json = places(&with_value(expression))?;
    Ok(json["Job"]["TaskGroups"][0]["Tasks"][0]["Config"]["v"].clone())
}

fn places(text: &str) -> Result<Value, Vec<(usize, usize, String)>> {
    match jobspec::parse(&Source::new("job.hcl", text.to_owned()), &Variables::default()) {
        Ok(job) => Ok(serde_json::from_str(&job.to_json()).unwrap()),
        Err(problems) => Err(problems
            .iter()
            .map(|problem| {
                let at = problem.primary.as_ref().unwrap().place.position();
                (at.line, at.column, problem.message.clone())
            })
            .collect()),
    }
}

#[test]
fn a_brace_that_counts_nothing_is_text_in_a_pattern() {
    for (text, pattern, replaced) in [
        ("a{b}1", "{", "a<>b}1"),
        ("a{b}1", "{b}", "a<>1"),
        ("a{,2}", "a{,2}", "<>"),
        ("a{x", "a{x", "<>"),
        ("a{01}", "a{01}", "<>"),
        ("aa", "a{2}", "<>"),
        ("aaa", "a{1,2}", "<><>"),
        ("é1", r"\\p{L}", "<>1"),
        ("é1", r"\\P{^L}", "<>1"),
        ("A", r"\\x{41}", "<>"),
        ("A\\u0007", r"\\07", "A<>"),
        ("a<b", r"\\<", "a<>b"),
    ] {
        let found = value(&format!("regex_replace(\"{text}\", \"{pattern}\", \"<>\")"));
        assert_eq!(found, Ok(replaced.into()), "{pattern}");
    }
}

#[test]
fn a_pattern_that_go_refuses_is_refused() {
    for pattern in
        ["a**", "a{2}{3}", "a{1001}", "(.{40}){40}", r"\\u0041", "[[:foo:]]", "(?x)a", "(?u)a", "[a--b]"]
    {
        let problems = value(&format!("regex_replace(\"a\", \"{pattern}\", \"\")")).unwrap_err();
        assert_eq!((problems[0].0, problems[0].1), (5, 9), "{pattern}");
        assert!(problems[0].2.contains("is not a regular expression of RE2"), "{}", problems[0].2);
    }
}

#[test]
fn null_is_no_description() {
    for (line, column) in [
        ("description = null", 17),
        ("validation {\n condition = var.v != \"y\"\n error_message = null\n}", 18),
    ] {
        let variable = format!("variable \"v\" {{\n  default = \"x\"\n  {line}\n}}\n");
        let problems = places(&(variable + &with_value("1"))).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].1, column, "{problems:?}");
        assert_eq!(problems[0].2, "Unsuitable value type: a text is required, not null");
    }
}

#[test]
fn a_header_without_a_brace_is_told_after_a_bad_label_too() {
    let found = places("job \"j\" {\n group \"a${b}\"\n}\n").unwrap_err();
    assert_eq!(
        found.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(),
        [(2, 10), (2, 15)]
    );
}

#[test]
fn mistakes_in_the_vault_of_a_group_are_passed_over() {
    // Nomad's parser forgets what it found there.
    let text = "job \"j\" {\n group \"g\" {\n  vault {\n   role = \"r\"\n   nope = 1\n  }\n  task \"t\" {\n  }\n }\n}\n";
    assert_eq!(places(text).unwrap()["Job"]["TaskGroups"][0]["Tasks"][0]["Vault"]["Role"], "r");
}

#[test]
fn ports_of_a_sidecar_task_are_written_as_they_are_listed() {
    let text = |port: &str| {
        format!(
            "job \"j\" {{\n group \"g\" {{\n  service {{\n   connect {{\n    sidecar_task {{\n     resources {{\n      network {{\n       {port} \"p\" {{\n        static = 80\n       }}\n      }}\n     }}\n    }}\n   }}\n  }}\n }}\n}}\n"
        )
    };
    for port in ["port", "reserved_ports"] {
        let job = jobspec::parse(&Source::new("job.hcl", text(port)), &Variables::default()).unwrap();
        let hcl = job.emit();
        assert!(hcl.left_out.is_empty() && hcl.text.contains(&format!("{port} \"p\" {{")), "{}", hcl.text);
    }
}
