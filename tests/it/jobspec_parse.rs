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

/// Spoiled texts go all the way to JSON or to errors; none panics, and none takes long.
#[test]
fn spoiled_files_end_in_json_or_errors() {
    let Some(corpus) = corpus() else { return };
    let texts: Vec<String> = crate::corpus::files(&corpus.join("jobspecs/valid"), "hcl")
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    // A fixed seed: a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let pieces = [
        "{",
        "}",
        "\"",
        "${",
        "%{ for x in [1] }",
        "dynamic \"task\" {",
        "null",
        "= [",
        "<<EOT\n",
        "-1e99",
        "\u{0}",
    ];
    let mut read = 0;
    for _ in 0..1500 {
        let mut text: Vec<char> = texts[random(texts.len())].chars().collect();
        for _ in 0..=random(3) {
            let at = random(text.len());
            match random(3) {
                0 => drop(text.drain(at..(at + random(12)).min(text.len()))),
                1 => drop(text.splice(at..at, pieces[random(pieces.len())].chars())),
                _ => text.swap(at, 0),
            }
        }
        let text: String = text.into_iter().collect();
        if let Ok(job) = jobspec::parse(&Source::new("spoiled.hcl", text), &Variables::default()) {
            serde_json::from_str::<Value>(&job.to_json()).unwrap();
            read += 1;
        }
    }
    assert!(read > 0, "some are still jobs");
}

/// What would never end, or eat the memory, ends in an error.
#[test]
fn bombs_end_in_errors() {
    let doubling: String =
        (1..40).map(|i| format!("  a{i} = \"${{local.a{p}}}${{local.a{p}}}\"\n", p = i - 1)).collect();
    let twice = |both: &str| -> String {
        let local = |i: usize| format!("  a{i} = {}\n", both.replace("IT", &format!("local.a{}", i - 1)));
        let all: String = (1..60).map(local).collect();
        format!("locals {{\n  a0 = 1\n{all}}}\njob \"a\" {{ priority = length(local.a59) }}")
    };
    let nested: String = (1..5000).map(|i| format!("  a{i} = [local.a{}]\n", i - 1)).collect();
    let bombs = [
        twice("[IT, IT]"),
        twice("{ x = IT, y = IT }"),
        twice("[for x in [1, 2] : IT]"),
        format!("locals {{\n  a0 = 1\n{nested}}}\njob \"a\" {{ priority = length(local.a4999) }}"),
        // A hash that takes seconds is paid for before it is made.
        "job \"a\" { priority = length(concat([for a in range(1000) : [for b in range(600) : b]], [bcrypt(\"a\", 16)])) }"
            .to_owned(),
        "locals {\n  a = format(\"%500000s\", \"\")\n}\njob \"a\" { priority = length([for x in range(1000) : local.a]) }"
            .to_owned(),
        "job \"a\" { type = length(range(1000000000)) }".to_owned(),
        "job \"a\" { priority = length([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]) }"
            .to_owned(),
        format!("locals {{\n  a0 = \"0123456789\"\n{doubling}}}\njob \"a\" {{ type = local.a39 }}"),
        format!("job \"a\" {{ type = {}1{} }}", "(".repeat(5000), ")".repeat(5000)),
        "job \"a\" { type = cidrsubnet(\"::/0\", 128, 99999999999999999999999) }".to_owned(),
        format!("job \"a\" {{ type = a.b{} }}", "}".repeat(200_000)),
    ];
    for bomb in bombs {
        let shown: String = bomb.chars().take(60).collect();
        assert!(jobspec::parse(&Source::new("bomb.hcl", bomb), &Variables::default()).is_err(), "{shown}");
    }
}

/// A declaration sees neither names nor functions, and a variable has an exact type; a validation may call functions.
#[test]
fn declarations_are_constant() {
    let parse = |declaration: &str| {
        let job = "job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"exec\"\n    }\n  }\n}\n";
        let text = format!("variable \"v\" {{\n  {declaration}\n}}\n{job}");
        jobspec::parse(&Source::new("v.hcl", text), &Variables::default()).map(drop).map_err(|problems| {
            problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ")
        })
    };
    for (declaration, refusal) in [
        ("default = upper(\"x\")", "Function calls not allowed"),
        ("default = other.name", "Variables not allowed"),
        ("description = upper(\"x\")\n  default = 1", "Function calls not allowed"),
        ("description = [1]\n  default = 1", "a text is required"),
        ("type = any\n  default = 1", "takes no `any`"),
        ("type = map(any)\n  default = {}", "takes no `any`"),
    ] {
        let problems = parse(declaration).unwrap_err();
        assert!(problems.contains(refusal), "{declaration}: {problems}");
    }
    for declaration in [
        "default = [for x in [1, 2] : x + 1]",
        "default = \"a\"\n  validation {\n    condition = strlen(var.v) > 0\n    error_message = \"It must not be empty.\"\n  }",
    ] {
        parse(declaration).unwrap();
    }
}

/// Of an attribute and blocks of one name in a driver's `config`, the blocks are read; a number must be one of JSON's.
#[test]
fn what_a_driver_gets_is_what_json_can_hold() {
    let parse = |config: &str| {
        let text = format!(
            "job \"a\" {{\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"exec\"\n      config {{\n{config}\n}}\n    }}\n  }}\n}}\n"
        );
        json_of(&text, "c.hcl").map(|job| job["Job"]["TaskGroups"][0]["Tasks"][0]["Config"].clone())
    };
    let both = parse("mount {\n a = 1\n}\nmount = {\n a = 2\n}\nmount {\n a = 3\n}").unwrap();
    assert_eq!(both["mount"], serde_json::json!([{"a": 1}, {"a": 3}]));
    assert!(parse("a = 1e400").unwrap_err().contains("so large"));
    assert!(parse("a = [{b = -1e309}]").unwrap_err().contains("so large"));
    assert_eq!(parse("a = 1e300").unwrap()["a"], 1e300);
}

/// A second `locals` block may set a local again; Nomad keeps the later value, also for locals that refer to it.
#[test]
fn a_later_block_of_locals_wins() {
    let parse = |locals: &str| {
        let job = "job \"a\" {\n  meta {\n    m = local.a\n    n = local.b\n  }\n}\n";
        json_of(&format!("{locals}\n{job}"), "l.hcl").map(|job| job["Job"]["Meta"].clone())
    };
    let meta = parse("locals {\n  b = local.a\n  a = \"1\"\n}\nlocals {\n  a = \"2\"\n}").unwrap();
    assert_eq!(meta, serde_json::json!({ "m": "2", "n": "2" }));
    let twice = parse("locals {\n  a = \"1\"\n  a = \"2\"\n  b = \"\"\n}").unwrap_err();
    assert!(twice.contains("set twice") || twice.contains("already set"), "{twice}");
}

/// The least number of 64 bits is one, though its counterpart above zero is none.
#[test]
fn numbers_reach_to_both_ends_of_64_bits() {
    let parse = |number: &str| {
        json_of(&format!("job \"a\" {{\n  priority = {number}\n}}\n"), "n.hcl")
            .map(|job| job["Job"]["Priority"].clone())
    };
    assert_eq!(parse("-9223372036854775808").unwrap(), i64::MIN);
    assert_eq!(parse("9223372036854775807").unwrap(), i64::MAX);
    assert!(parse("-9223372036854775809").unwrap_err().contains("must be between"));
    assert!(parse("9223372036854775808").unwrap_err().contains("must be between"));
}
