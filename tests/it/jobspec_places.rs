//! Where mistakes stand, and what odd forms mean: seen by comparing with Nomad's own parser over
//! thousands of spoiled files.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Variables};
use serde_json::{Value, json};

/// The job, or the places of all mistakes in order, as `LINE:COLUMN`.
fn read(text: &str) -> Result<Value, String> {
    match jobspec::parse(&Source::new("a.hcl", text), &Variables::default()) {
        Ok(job) => Ok(serde_json::from_str::<Value>(&job.to_json()).unwrap()["Job"].take()),
        Err(problems) => {
            let mut places: Vec<_> = problems
                .iter()
                .filter_map(|problem| problem.primary.as_ref())
                .map(|label| label.place.position())
                .map(|at| (at.line, at.column))
                .collect();
            places.sort_unstable();
            places.dedup();
            Err(places.iter().map(|(line, column)| format!("{line}:{column}")).collect::<Vec<_>>().join(" "))
        }
    }
}

/// A job file whose task has these lines from line 4 on.
fn in_task(lines: &str) -> String {
    format!("job \"j\" {{\ngroup \"g\" {{\ntask \"t\" {{\n{lines}\n}}\n}}\n}}\n")
}

/// A job file whose group has these lines from line 3 on.
fn in_group(lines: &str) -> String {
    format!("job \"j\" {{\ngroup \"g\" {{\n{lines}\n}}\n}}\n")
}

/// The value of this expression, as a driver's config holds it.
fn value(expression: &str) -> Result<Value, String> {
    let job = read(&in_task(&format!("config {{\nx = {expression}\n}}")))?;
    Ok(job["TaskGroups"][0]["Tasks"][0]["Config"]["x"].clone())
}

fn assert_places(cases: &[(String, &str)]) {
    for (text, places) in cases {
        assert_eq!(read(text).map(|_| ()), Err((*places).to_owned()), "{text}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_marked_where_it_starts() {
    let cases = [
        // Behind an empty text, at the text of a full one, at the quotes of a lone reference.
        ("resources {\ncpu = \"\"\n}", "5:9"),
        ("resources {\ncpu = \"x\"\n}", "5:8"),
        ("resources {\ncpu = \"${node.x}\"\n}", "5:7"),
        ("resources {\ncpu = \"${node.x}y\"\n}", "5:10"),
        ("resources {\ncpu = (\"x\")\n}", "5:9"),
        ("resources {\ncpu = \"%{ if true }a%{ endif }\"\n}", "5:14"),
    ];
    assert_places(&cases.map(|(lines, places)| (in_task(lines), places)));
}

#[test]
fn constraints_and_affinities_are_read_in_a_way_of_their_own() {
    let job = read(&in_group(
        "constraint {\nattribute = null\nvalue = \"a\"\n}\naffinity {\nweight = 300\n}\naffinity {\nweight = -1.5\n}",
    ))
    .unwrap();
    let group = &job["TaskGroups"][0];
    assert_eq!(group["Constraints"][0]["LTarget"], "");
    assert_eq!(group["Affinities"][0]["Weight"], 44, "the lowest eight bits of it");
    assert_eq!(group["Affinities"][1]["Weight"], -1);
    assert_places(&[(in_group("affinity {\nweight = \"x\"\n}"), "4:10")]);
}

#[test]
fn numbers_without_sign_lose_a_short_fraction() {
    let listener = |connections: &str| {
        in_group(&format!(
            "service {{\nconnect {{\ngateway {{\ningress {{\nlistener {{\nservice {{\nmax_connections = {connections}\n}}\n}}\n}}\n}}\n}}\n}}"
        ))
    };
    let job = read(&listener("1.5")).unwrap();
    let ingress = &job["TaskGroups"][0]["Services"][0]["Connect"]["Gateway"]["Ingress"];
    assert_eq!(ingress["Listeners"][0]["Services"][0]["MaxConnections"], 1);
    assert_places(&[(listener("1.1"), "9:19"), (listener("0.5"), "9:19"), (listener("-1"), "9:19")]);
}

#[test]
fn dynamic_blocks_are_checked_as_they_are_expanded() {
    let dynamic = |head: &str, arguments: &str| {
        in_group(&format!("dynamic \"{head}\" {{\n{arguments}\ncontent {{}}\n}}"))
    };
    let cases = [
        // Labels are for blocks that have them, and there they are needed.
        (dynamic("constraint", "for_each = [1]\nlabels = [\"a\"]"), "5:1"),
        (dynamic("volume", "for_each = [1]"), "3:18"),
        (dynamic("volume", "for_each = [1]\nlabels = [\"a\", \"b\"]"), "5:16"),
        (dynamic("volume", "for_each = [1]\nlabels = []"), "5:10"),
        (dynamic("volume", "for_each = [1]\nlabels = [null]"), "5:11"),
        (dynamic("constraint", "for_each = null"), "4:12"),
        (dynamic("constraint", "for_each = 1\nfor = 2"), "5:1"),
        // A block that may be there once is made once.
        (dynamic("update", "for_each = [1, 2]"), "3:1"),
    ];
    assert_places(&cases);
    let job =
        read(&in_group("dynamic \"meta\" {\nfor_each = [\"x\"]\ncontent {\na = meta.value\n}\n}")).unwrap();
    assert_eq!(job["TaskGroups"][0]["Meta"], json!({ "a": "x" }));
}

#[test]
fn what_a_group_hands_down_is_not_checked() {
    let job =
        read(&in_group("vault {\nrole = \"a\"\nnothing = 1\n}\nvault {\nrole = \"b\"\n}\ntask \"t\" {}"))
            .unwrap();
    assert_eq!(job["TaskGroups"][0]["Tasks"][0]["Vault"]["Role"], "b");
    assert_places(&[(in_group("vault \"x\" {}"), "3:7")]);
}

#[test]
fn a_block_and_an_attribute_of_one_name_are_marked_at_the_block() {
    assert_places(&[(in_task("env = 1\nenv {\nA = 1\n}"), "5:1")]);
}

#[test]
fn what_is_missing_on_one_line_is_missed_at_its_argument() {
    assert_places(&[(in_task("lifecycle { sidecar = true }"), "4:13"), (in_task("lifecycle {\n}"), "4:11")]);
    // A wrong `max` is there.
    assert_places(&[(in_group("scaling {\nmax = \"x\"\n}"), "4:8")]);
}

#[test]
fn only_ports_of_groups_and_tasks_are_sorted() {
    let networks = "network {\nport \"a\" {\nstatic = 80\n}\n}";
    let sidecar =
        format!("service {{\nconnect {{\nsidecar_task {{\nresources {{\n{networks}\n}}\n}}\n}}\n}}");
    let job = read(&in_group(&format!("{networks}\n{sidecar}"))).unwrap();
    let group = &job["TaskGroups"][0];
    assert_eq!(group["Networks"][0]["ReservedPorts"][0]["Label"], "a");
    let network = &group["Services"][0]["Connect"]["SidecarTask"]["Resources"]["Networks"][0];
    assert_eq!(network["DynamicPorts"][0]["Label"], "a");
}

#[test]
fn too_much_work_is_an_error_also_where_mistakes_are_forgiven() {
    let bomb = "can([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]])";
    assert!(value(bomb).is_err());
}

#[test]
fn a_division_by_zero_is_infinite() {
    assert_eq!(value("\"${1 / 0} ${-1 / 0} ${5 % 0}\""), Ok(json!("+Inf -Inf 5")));
    assert_eq!(value("1 / (1 / 0)"), Ok(json!(0)));
    assert_eq!(value("max(1 / 0, \"inf\") == 1 / 0"), Ok(json!(true)));
    // Only JSON cannot hold it, nor what is too large for a machine's float.
    for infinite in ["1 / 0", "1e400", "[1 / 0]"] {
        assert!(value(infinite).is_err(), "{infinite}");
    }
    assert_eq!(value("0 / 0"), Err("5:5".to_owned()));
    assert_eq!(value("1 / 0 - 1 / 0"), Err("5:5".to_owned()));
    assert_eq!(value("jsonencode(1 / 0)"), Err("5:5".to_owned()));
}

#[test]
fn text_is_in_normal_form() {
    for expression in [
        r#""e\u0301""#,
        r#""${"e"}${"\u0301"}""#,
        r#"replace("ex", "x", "\u0301")"#,
        r#"jsondecode("\"e\\u0301\"")"#,
        r#"keys({"e\u0301" = 1})[0]"#,
        r#"{"e\u0301" = "é"}["é"]"#,
    ] {
        assert_eq!(value(expression), Ok(json!("\u{e9}")), "{expression}");
    }
    assert_eq!(value(r#"length(keys({"e\u0301" = 1, "é" = 2}))"#), Ok(json!(1)));
}

#[test]
fn mistakes_in_calls_stand_where_they_are_found() {
    for (expression, places) in [
        // What a function refuses: at its name, or at the argument where it says which.
        ("jsondecode(\"{\")", "5:5"),
        ("element([], 1.5)", "5:5"),
        ("slice([1], 0, 2)", "5:19"),
        ("parseint(\"x\", 1.5)", "5:19"),
        ("cidrsubnets(\"10.0.0.0/8\", 99)", "5:31"),
        ("cidrsubnet(\"10.0.0.0/8\", 99, 1)", "5:5"),
        ("keys([1])", "5:10"),
        ("values([1])", "5:5"),
        // Types are looked at for all arguments, numbers of arguments before any.
        ("max(\"x\", [1], {})", "5:10 5:14 5:19"),
        ("floor(1, upper(null))", "5:14"),
        ("pow(upper(null))", "5:20"),
        ("can()", "5:9"),
        ("try()", "5:5"),
        ("upper([\"a\", \"b\"]...)", "5:11"),
        ("max(1, 2...)", "5:12"),
    ] {
        assert_eq!(value(expression), Err(places.to_owned()), "{expression}");
    }
    assert_eq!(value("can([upper(null)]...)"), Err("5:16".to_owned()));
    assert_eq!(value("max([1, 3, 2]...)"), Ok(json!(3)));
}

#[test]
fn both_operands_are_looked_at() {
    for (expression, places) in [
        ("[] + {}", "5:5 5:10"),
        ("[] && 3", "5:5 5:11"),
        ("{} < nothing(1)", "5:5 5:10"),
        ("null + 1", "5:5"),
        ("-null", "5:5"),
        ("!null", "5:5"),
        ("-[]", "5:6"),
        ("null.0", "5:9"),
        ("\"a\".0", "5:8"),
    ] {
        assert_eq!(value(expression), Err(places.to_owned()), "{expression}");
    }
}

#[test]
fn declarations_are_checked_as_a_whole() {
    let declared = |lines: &str| format!("variable \"a\" {{\n{lines}\n}}\njob \"j\" {{}}\n");
    let rule = |lines: &str| declared(&format!("default = 1\nvalidation {{\n{lines}\n}}"));
    let cases = [
        // Before anything has a name there are no functions either, and no open types.
        (declared("default = upper(\"x\")"), "2:11"),
        (declared("default = 1\ntype = any"), "3:8"),
        (declared("default = 1\ntype = list(any)"), "3:13"),
        (declared("default = 1\ntype = tuple(string)"), "3:14"),
        (declared("default = 1\ndescription = [1]"), "3:15"),
        // A wrong type hides nothing of what stands in the block.
        (declared("type = foo\nsensitive = true"), "2:8 3:1"),
        (declared("default = 1\nvalidation \"x\" {}"), "3:12"),
        (rule("error_message = \"m\""), "3:1 3:12"),
        (rule("condition = true"), "3:12 4:13"),
        (rule("condition = var.a > 0\nerror_message = [1]"), "5:17"),
        (rule("condition = upper(var.a) == \"2\"\nerror_message = \"m\""), "2:11"),
        (rule("condition = var.a > 0\nerror_message = \"m\"\nmore {}"), "6:1"),
    ];
    assert_places(&cases);
    assert!(read(&rule("condition = upper(var.a) == \"1\"\nerror_message = 1")).is_ok());
}

#[test]
fn locals_in_a_circle_are_marked_where_they_are_used() {
    let text = "locals {\na = \"${local.b}\"\nb = [local.a, local.c]\nc = 1\n}\njob \"j\" {}\n";
    assert_places(&[(text.to_owned(), "2:13 3:11")]);
}
