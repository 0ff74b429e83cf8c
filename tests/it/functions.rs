//! The functions of HCL, compared with what Nomad's give.

use std::fs;
use std::path::{Path, PathBuf};

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::eval::expression::{Evaluator, Scope};
use platy_manage::jobspec::eval::value::Value;
use platy_manage::jobspec::functions::{self, Files};
use platy_manage::jobspec::syntax;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/functions")
}

fn files() -> Files {
    Files { base: folder().join("files"), working: folder(), home: Some(PathBuf::from("/home/someone")) }
}

/// The value of an expression with its type, or what is wrong with it.
fn evaluate(text: &str) -> Result<String, Vec<String>> {
    let source = Source::new("call", text);
    let (expr, errors) = syntax::parse_expression(source.text());
    assert!(errors.is_empty(), "{text}: {errors:?}");
    let files = files();
    let mut evaluator = Evaluator::new(&source);
    evaluator.files = Some(&files);
    let value = evaluator.eval(&expr, &Scope::ROOT);
    let problems: Vec<String> =
        evaluator.take_problems().iter().map(|problem| problem.message.clone()).collect();
    match value {
        Some(value) if problems.is_empty() => Ok(show(&value)),
        _ => Err(problems),
    }
}

/// A value with the type that tells a list from a tuple.
fn show(value: &Value) -> String {
    let sequence = |name: &str, elements: &[Value]| {
        format!("{name}[{}]", elements.iter().map(show).collect::<Vec<_>>().join(","))
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::List(elements) => sequence("list", elements),
        Value::Set(elements) => sequence("set", elements),
        Value::Tuple(elements) => sequence("tuple", elements),
        Value::Map(members) | Value::Object(members) => {
            let name = if matches!(value, Value::Map(_)) { "map" } else { "object" };
            let members = members.iter().map(|(key, value)| format!("{}:{}", quote(key), show(value)));
            format!("{name}[{}]", members.collect::<Vec<_>>().join(","))
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The calls of the case file and what each must give.
fn calls() -> Vec<(String, String)> {
    let text = fs::read_to_string(folder().join("calls.txt")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !(line.is_empty() || line.starts_with('#'))).collect();
    lines.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].trim().to_owned())).collect()
}

#[test]
fn every_call_gives_what_nomads_gives() {
    let mut wrong = Vec::new();
    for (call, expected) in calls() {
        let actual = evaluate(&call).unwrap_or_else(|_| "refused".to_owned());
        if actual != expected {
            wrong.push(format!("{call}\n    expected {expected}\n    but got  {actual}"));
        }
    }
    assert!(wrong.is_empty(), "{} calls differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut said = String::new();
    for (call, expected) in calls() {
        if expected == "refused" {
            said.push_str(&format!("{call}\n    {}\n", evaluate(&call).unwrap_err().join("\n    ")));
        }
    }
    // Where the repository is checked out is nobody's business.
    insta::assert_snapshot!(said.replace(env!("CARGO_MANIFEST_DIR"), "[repository]"));
}

/// Where the problems of an expression are (bytes, from 0), in the order in which they are told.
fn places(text: &str) -> Vec<usize> {
    let source = Source::new("call", text);
    let (expr, errors) = syntax::parse_expression(source.text());
    assert!(errors.is_empty(), "{text}: {errors:?}");
    let evaluator = Evaluator::new(&source);
    assert!(evaluator.eval(&expr, &Scope::ROOT).is_none(), "{text}");
    let problems = evaluator.take_problems();
    problems.iter().filter_map(|problem| problem.primary.as_ref()).map(|label| label.place.start).collect()
}

/// HCL puts some refusals at an argument and others at the call, and tells of all arguments that are wrong.
#[test]
fn refusals_stand_where_hcl_puts_them() {
    for (text, expected) in [
        // What the parameter's type refuses, each argument.
        ("substr([], 1, {})", &[7, 14][..]),
        ("max([1], 2, [3])", &[4, 12]),
        // A null only where all types fit.
        ("min(1, null, {})", &[13]),
        ("min(1, null)", &[7]),
        // What the function itself refuses.
        ("base64decode(4)", &[0]),
        ("timeadd(3, 1)", &[0]),
        ("coalescelist(3)", &[0]),
        ("substr(1, 0.5, 1)", &[0]),
        ("concat(2)", &[7]),
        ("formatdate(2, 3)", &[14]),
        ("cidrsubnets(4)", &[12]),
        ("cidrnetmask(4)", &[0]),
        // The number of arguments comes first, and hides what is wrong with them.
        ("lower(upper(1, 2), 3)", &[19]),
        ("element(upper())", &[15]),
        ("can()", &[4]),
        // Both operands.
        ("[] * {}", &[0, 5]),
        ("[] && upper()", &[12, 0]),
    ] {
        assert_eq!(places(text), expected, "{text}");
    }
}

/// HCL keeps all text in Unicode's normal form C.
#[test]
fn text_is_normalized() {
    for text in [
        r#""e\u0301""#,
        r#""${"e"}\u0301""#,
        r#"join("", ["e", "\u0301"])"#,
        r#"keys({"e\u0301" = 1})[0]"#,
        r#"jsondecode("\"e\\u0301\"")"#,
    ] {
        assert_eq!(evaluate(text).unwrap(), "\"\u{e9}\"", "{text}");
    }
}

#[test]
fn bombs_are_refused() {
    for call in [
        "range(0, 1, 0.0000001)",
        "format(\"%999999999d\", 1)",
        "indent(2000000000, \"a\\nb\")",
        "setproduct(range(1000), range(1000), range(1000))",
        "replace(format(\"%500000s\", \"\"), \" \", format(\"%500000s\", \"\"))",
        "bcrypt(\"x\", 31)",
        "jsondecode(format(\"%01000000d\", 0))",
        "yamldecode(\"a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\")",
        "1e999999999",
    ] {
        assert!(evaluate(call).is_err(), "{call}");
    }
}

#[test]
fn files_are_read_only_where_the_caller_allows_it() {
    let call = |name: &str, files: Option<&Files>| {
        functions::find(name).unwrap().invoke(vec!["a.txt".into()], files)
    };
    assert_eq!(call("file", Some(&files())).unwrap(), Value::from("hello\n"));
    let refused = call("file", None).unwrap_err();
    assert_eq!(refused.message, "functions that read files are not allowed here");
    let folder = files();
    let call = |name: &str, path: &str| {
        functions::find(name).unwrap().invoke(vec![path.into()], Some(&folder)).unwrap()
    };
    assert_eq!(call("pathexpand", "~/x"), Value::from("/home/someone/x"));
    assert_eq!(call("abspath", "x/../y"), Value::from(folder.working.join("y").to_str().unwrap()));
}

#[test]
fn random_values_have_the_right_form() {
    assert_eq!(evaluate("strlen(uuidv4())").unwrap(), "36");
    assert!(evaluate("bcrypt(\"x\", 4)").unwrap().starts_with("\"$2a$04$"));
}

/// The page in `docs/` follows the table. `UPDATE_DOCS=1` writes it anew.
#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, functions::reference()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), functions::reference());
}

#[test]
fn every_function_is_documented() {
    for function in functions::FUNCTIONS {
        assert!(function.doc.ends_with('.') && !function.doc.contains('\n'), "{}", function.name);
        assert!(function.signature().starts_with(function.name));
    }
    assert_eq!(functions::FUNCTIONS.len(), 83);
}
