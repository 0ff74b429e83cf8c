//! Everything that the declarations of the job specification say is carried by every step: what
//! `docs/adding-an-attribute.md` promises of one line, shown for each of them at each place where it can stand.

use std::fmt::Write;
use std::path::Path;

use platy_manage::diagnostic::Source;
use platy_manage::diff;
use platy_manage::jobspec::blocks::JOB;
use platy_manage::jobspec::declare::{BlockType, Default, Field, MapForm, Type};
use platy_manage::jobspec::{self, Job, Variables, reference};
use serde_json::{Value, json};

/// A place where a block can stand: the blocks around it from the job inwards, each with the field that holds it.
#[derive(Clone)]
struct At {
    around: Vec<&'static Field>,
    ty: &'static BlockType,
}

impl At {
    fn path(&self) -> String {
        let names: Vec<_> = self.around.iter().map(|field| field.hcl).collect();
        names.join(".")
    }

    /// A job with `line` in the block, and in the blocks around it no more than the parser asks for.
    fn job(&self, line: &str) -> String {
        let mut text = "job \"j\" {\n".to_owned();
        for field in &self.around {
            let Some(ty) = field.block_type() else { continue };
            let labels = label(ty).map(|label| format!(" \"{label}\"")).unwrap_or_default();
            let _ = writeln!(text, "{}{labels} {{", field.hcl);
            if field.hcl != self.around.last().map_or("", |last| last.hcl) {
                text += &needed(ty, "");
            }
        }
        let name = line.split([' ', '=']).next().unwrap_or_default();
        if !self.around.is_empty() {
            text += &needed(self.ty, name);
        }
        text += line;
        text += &"\n}".repeat(self.around.len());
        // The group to which a job hands its `update`.
        let group = if self.around.first().is_some_and(|first| first.hcl == "group") {
            ""
        } else {
            "\ngroup \"l\" {\n}"
        };
        if self.around.is_empty() && line.starts_with("group") {
            text + "\n}\n"
        } else {
            text + group + "\n}\n"
        }
    }

    /// The block in the JSON of a job.
    fn json<'a>(&self, job: &'a Value) -> &'a Value {
        self.around.iter().fold(&job["Job"], |block, field| match field.ty {
            Type::Blocks(_) => &block[field.json][0],
            Type::BlockMap(ty) => &block[field.json][label(ty).unwrap_or_default()],
            _ => &block[field.json],
        })
    }
}

fn label(ty: &BlockType) -> Option<&'static str> {
    let word = ty.label_words.first().map(|(word, _)| *word);
    ty.labels.first().map(|_| word.unwrap_or("l"))
}

/// What a block must have besides the attribute under test: what is required, and a name where one without
/// it is another thing (the identity without a name is the task's own).
fn needed(ty: &BlockType, tested: &str) -> String {
    let named = |field: &&Field| field.required || (ty.name == "identity" && field.hcl == "name");
    let fields = ty.fields.iter().filter(named).filter(|field| field.hcl != tested);
    let mut text: String = fields.map(|field| written(field, 0) + "\n").collect();
    // The server drops a mount without a volume.
    if ty.name == "volume_mount" && tested != "volume" {
        text += "volume = \"v\"\n";
    }
    if ty.name == "volume" && tested != "type" {
        text += "type = \"csi\"\n";
    }
    if ty.name == "scaling" && tested != "max" {
        text += "max = 1\n";
    }
    text
}

/// Every place of every block that a job file can have.
fn places() -> Vec<At> {
    let mut places = vec![At { around: Vec::new(), ty: &JOB }];
    let mut i = 0;
    while let Some(at) = places.get(i).cloned() {
        for field in at.ty.fields.iter().filter(|field| !field.hcl.is_empty()) {
            let Some(ty) = field.block_type() else { continue };
            let around = at.around.iter().copied().chain([field]).collect();
            places.push(At { around, ty });
        }
        i += 1;
    }
    places
}

/// Every attribute and block with each place where it can stand.
fn everywhere() -> Vec<(At, &'static Field)> {
    let fields = |at: At| {
        let ty = at.ty;
        ty.fields.iter().filter(|field| !field.hcl.is_empty()).map(move |field| (at.clone(), field))
    };
    places().into_iter().flat_map(fields).collect()
}

/// A value of the field's type in HCL: one of two.
fn written(field: &Field, which: usize) -> String {
    let name = field.hcl;
    let pick = |values: [&str; 2]| values[which].to_owned();
    match field.ty {
        // The parser refuses every other scaling of a group.
        Type::String if name == "type" && field.default == Default::Str("horizontal") => {
            format!("{name} = \"{}\"", pick(["horizontal", ""]))
        }
        // The server forgets every other kind of volume.
        Type::String if field.doc.starts_with("Kind of volume") => {
            format!("{name} = \"{}\"", pick(["host", "csi"]))
        }
        Type::String => format!("{name} = \"{}\"", pick(["first", "second"])),
        Type::Bool => format!("{name} = {}", pick(["true", "false"])),
        Type::Int(_) => format!("{name} = {}", pick(["41", "43"])),
        Type::Duration => format!("{name} = \"{}\"", pick(["41s", "43s"])),
        Type::Strings => format!("{name} = [\"first\", \"{}\"]", pick(["second", "third"])),
        Type::Ints(_) => format!("{name} = [1, {}]", pick(["2", "3"])),
        Type::StringMap(MapForm::Attribute) => {
            format!("{name} = {{ k = \"{}\" }}", pick(["first", "second"]))
        }
        Type::StringMap(_) | Type::Any => format!("{name} {{\nk = \"{}\"\n}}", pick(["first", "second"])),
        Type::ListMap => format!("{name} {{\nk = [\"{}\"]\n}}", pick(["first", "second"])),
        Type::Block(ty) | Type::Blocks(ty) | Type::BlockMap(ty) => {
            let labels = label(ty).map(|label| format!(" \"{label}\"")).unwrap_or_default();
            format!("{name}{labels} {{\n{}}}", needed(ty, ""))
        }
    }
}

/// What the JSON has for the first of the two values; `None` for a block.
fn expected(field: &Field) -> Option<Value> {
    Some(match field.ty {
        Type::String if field.default == Default::Str("horizontal") => json!("horizontal"),
        Type::String if field.doc.starts_with("Kind of volume") => json!("host"),
        Type::String => json!("first"),
        Type::Bool => json!(true),
        Type::Int(_) => json!(41),
        Type::Duration => json!(41_000_000_000_i64),
        Type::Strings => json!(["first", "second"]),
        Type::Ints(_) => json!([1, 2]),
        Type::StringMap(_) | Type::Any => json!({"k": "first"}),
        Type::ListMap => json!({"k": ["first"]}),
        Type::Block(_) | Type::Blocks(_) | Type::BlockMap(_) => return None,
    })
}

fn parse(text: &str) -> Job {
    jobspec::parse(&Source::new("job.hcl", text.to_owned()), &Variables::default()).unwrap_or_else(
        |problems| {
            let messages: Vec<_> = problems.iter().map(|problem| &problem.message).collect();
            panic!("{messages:#?}\n{text}")
        },
    )
}

fn shown(job: &Job) -> Value {
    serde_json::from_str(&job.to_json()).unwrap()
}

/// Whether the attribute moves its block: the parser lists a port with a number as reserved, though not in a
/// sidecar's task.
fn moves(at: &At, field: &Field) -> bool {
    at.ty.name == "port" && field.hcl == "static" && !at.path().contains("sidecar_task")
}

#[test]
fn the_walk_reaches_every_block_of_the_reference() {
    let mut seen: Vec<&BlockType> = Vec::new();
    for at in places() {
        if !seen.iter().any(|ty| std::ptr::eq(*ty, at.ty)) {
            seen.push(at.ty);
        }
    }
    let sections = reference::markdown().lines().filter(|line| line.starts_with("## ")).count();
    // `version_tag` is the server's alone.
    assert_eq!(seen.len() + 1, sections);
}

#[test]
fn every_attribute_is_read_into_its_key_and_written_back() {
    for (at, field) in everywhere() {
        let text = at.job(&written(field, 0));
        let job = parse(&text);
        let json = shown(&job);
        let mut block = at.json(&json);
        let reserved;
        if moves(&at, field) {
            let network = At { around: at.around[..at.around.len() - 1].to_vec(), ty: at.ty };
            reserved = network.json(&json)["ReservedPorts"][0].clone();
            block = &reserved;
        }
        // A label that is a word says it, whatever the attribute says.
        let word = at.ty.label_words.first().filter(|_| at.ty.labels.contains(&field.json));
        let labelled = word.map(|(_, value)| json!(value));
        match labelled.or_else(|| expected(field)) {
            Some(value) => assert_eq!(block[field.json], value, "{} {}\n{text}", at.path(), field.hcl),
            None => assert!(!block[field.json].is_null(), "{} {}\n{text}", at.path(), field.hcl),
        }
        let hcl = job.emit();
        assert!(hcl.left_out.is_empty(), "{} {}\n{}", at.path(), field.hcl, hcl.text);
        assert_eq!(shown(&parse(&hcl.text)), json, "{} {}\n{}", at.path(), field.hcl, hcl.text);
        let reread = Job::from_json(&Source::new("job.json", job.to_json())).unwrap();
        assert_eq!(shown(&reread), json, "{} {}", at.path(), field.hcl);
    }
}

/// Attributes of which no change is a difference, by the end of their path, with the reason.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("id", "a job with another ID is another job"),
    ("scaling type", "a group has one kind of scaling, a task's is the label"),
    ("service.check_restart", "handed to the checks, of which there are none here"),
    ("service.identity name", "the server names it after the service"),
    ("service.identity service_name", "the server sets it"),
    ("task.service.check task", "the server sets it to the task around"),
];

/// What the server's diff leaves out (`nomad/structs/diff.go`); ours has all of it.
const LEFT_OUT_BY_THE_SERVER: &[(&str, &str)] = &[
    ("spread", "the server forgets the block; `diff_with_spreads` has it"),
    ("spread.target", "the server forgets the block around"),
    ("task.lifecycle", "the server forgets the block"),
    ("task.restart", "the server forgets a task's own"),
    ("task.csi_plugin", "the server forgets the block"),
    ("task.scaling", "the server forgets a task's own"),
    ("device.constraint", "the server shows only the attributes of a device"),
    ("device.affinity", "the server shows only the attributes of a device"),
    ("group max_run_duration", "the server leaves it out by name"),
    ("update stagger", "the server leaves it out by name"),
    ("network cidr", "the server leaves it out by name"),
    ("network ip", "the server leaves it out by name"),
    ("network mbits", "the server leaves it out by name"),
    ("sidecar_task kill_timeout", "the server leaves it out by name"),
    ("sidecar_task shutdown_delay", "the server leaves it out by name"),
    ("multiregion.region datacenters", "the server leaves out an object with no change but a list's"),
    ("identity extra_claims", "a list that the server has no code for"),
    ("service.check args", "a list that the server has no code for"),
    ("numa devices", "a list that the server has no code for"),
    ("sidecar_service tags", "a list that the server has no code for"),
    ("upstreams config", "a free block that the server has no code for"),
];

/// Whether `path attribute` is among the exceptions, or is in a block that is.
fn excepted(list: &[(&str, &str)], at: &At, field: &Field) -> bool {
    let (block, whole) = (at.path(), format!("{} {}", at.path(), field.hcl).trim().to_owned());
    let ends = |text: &str, end: &str| text == end || text.ends_with(&format!(".{end}"));
    list.iter().any(|(end, _)| ends(&whole, end) || ends(&block, end))
}

/// Whether a field of the server's diff is not as it was.
fn shows_a_field(diff: &Value) -> bool {
    let changed = |field: &Value| field["Type"] != "None";
    diff["Fields"].as_array().is_some_and(|fields| fields.iter().any(changed))
        || ["Objects", "TaskGroups", "Tasks"]
            .iter()
            .any(|inside| diff[inside].as_array().is_some_and(|list| list.iter().any(shows_a_field)))
}

#[test]
fn every_change_is_in_the_diff() {
    let (mut ours, mut servers) = (Vec::new(), Vec::new());
    for (at, field) in everywhere() {
        if field.block_type().is_some() || !field.kept || at.around.iter().any(|field| !field.kept) {
            continue;
        }
        let [old, new] = [0, 1].map(|which| parse(&at.job(&written(field, which))));
        let name = format!("{} {}", at.path(), field.hcl);
        let without_effect = excepted(WITHOUT_EFFECT, &at, field);
        if diff::diff(Some(&old), Some(&new)).is_none() != without_effect {
            ours.push(name.clone());
        }
        let shown = shows_a_field(&serde_json::to_value(diff::nomad::diff(Some(&old), Some(&new))).unwrap());
        if !without_effect && shown == excepted(LEFT_OUT_BY_THE_SERVER, &at, field) {
            servers.push(name);
        }
    }
    assert!(ours.is_empty() && servers.is_empty(), "{ours:#?}\n{servers:#?}");
}

#[test]
fn every_near_miss_is_told_the_name() {
    for (at, field) in everywhere() {
        let wrong = written(field, 0).replacen(field.hcl, &format!("{}x", field.hcl), 1);
        let source = Source::new("job.hcl", at.job(&wrong));
        let problems = jobspec::parse(&source, &Variables::default()).unwrap_err();
        let hint = format!("did you mean `{}`?", field.hcl);
        assert!(
            problems.iter().any(|problem| problem.hints.contains(&hint)),
            "{} {}: {:?}",
            at.path(),
            field.hcl,
            problems.iter().map(|problem| &problem.hints).collect::<Vec<_>>()
        );
    }
}

fn checked_in(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn everything_is_in_the_schema() {
    let schema: Value = serde_json::from_str(&checked_in("schemas/nomad-job.schema.json")).unwrap();
    let definition = |property: &Value| {
        let holders = [property, &property["items"], &property["additionalProperties"]];
        let name = holders.iter().find_map(|holder| holder["$ref"].as_str()).unwrap();
        schema["$defs"][name.trim_start_matches("#/$defs/")].clone()
    };
    for (at, field) in everywhere() {
        let mut block = schema["$defs"]["job"].clone();
        for holder in &at.around {
            block = definition(&block["properties"][holder.json]);
        }
        assert_eq!(block["description"], at.ty.doc);
        let property = &block["properties"][field.json];
        let said = property["description"].as_str().unwrap_or_default();
        assert!(said.starts_with(field.doc), "{} {}: {property}", at.path(), field.json);
        if let Some(value) = expected(field) {
            let type_says = jsonschema::validator_for(property).unwrap();
            assert!(type_says.is_valid(&value), "{} {}: {property}", at.path(), field.json);
            assert!(!type_says.is_valid(&json!({"k": 1.5})) || matches!(field.ty, Type::Any));
        }
    }
}

#[test]
fn everything_is_in_the_reference() {
    let page = checked_in("docs/jobspec-reference.md");
    for (at, field) in everywhere() {
        let heading = format!("{}: `{}", at.ty.doc, at.ty.name);
        let section = page.split("\n## ").find(|section| section.contains(&heading)).unwrap();
        let required = if field.required { " (required)" } else { "" };
        let start = format!("| `{}`{required} | `{}` |", field.hcl, field.json);
        assert!(
            section
                .lines()
                .any(|line| line.starts_with(&start) && line.ends_with(&format!("| {} |", field.doc))),
            "{} {}: {start}\n{section}",
            at.path(),
            field.hcl
        );
    }
}

#[test]
fn every_default_is_filled_in() {
    for (at, field) in everywhere() {
        let default = match field.default {
            Default::Str(text) => json!(text),
            Default::Bool(truth) => json!(truth),
            Default::Int(number) => json!(number),
            Default::Seconds(seconds) => json!(seconds * 1_000_000_000),
            Default::None | Default::Empty | Default::Block => continue,
        };
        // What a job or service hands down is filled in where it arrives.
        let handed = ["update", "migrate", "check_restart"].iter().any(|name| at.path().ends_with(name));
        if at.ty.labels.contains(&field.json)
            || handed
                && !at.path().ends_with("check.check_restart")
                && !at.path().starts_with("group.update")
                && !at.path().starts_with("group.migrate")
        {
            continue;
        }
        let json = shown(&parse(&at.job("")).with_defaults());
        assert_eq!(at.json(&json)[field.json], default, "{} {}", at.path(), field.hcl);
    }
}

#[test]
fn what_has_no_name_in_hcl_survives_in_json() {
    let nameless: Vec<_> = JOB.fields.iter().filter(|field| field.hcl.is_empty()).collect();
    assert!(nameless.iter().any(|field| field.json == "Status"));
    for field in nameless {
        let value =
            expected(field).unwrap_or_else(|| json!({"Name": "first", "Description": "", "TaggedTime": 0}));
        let text = json!({"ID": "j", field.json: value}).to_string();
        let job = Job::from_json(&Source::new("job.json", text)).unwrap();
        assert_eq!(shown(&job)["Job"][field.json], value);
        assert!(!reference::json_schema()["$defs"]["job"]["properties"][field.json].is_null());
    }
}

#[test]
fn what_is_handed_down_reaches_the_task() {
    let job = parse(
        "job \"j\" {\ntask \"t\" {\n}\nvault {\nrole = \"r\"\n}\nsecret \"s\" {\npath = \"p\"\n}\ngroup \"g\" {\ntask \"u\" {\n}\n}\n}\n",
    );
    let json = shown(&job);
    for group in json["Job"]["TaskGroups"].as_array().unwrap() {
        assert_eq!(group["Tasks"][0]["Vault"]["Role"], "r");
        assert_eq!(group["Tasks"][0]["Secrets"][0]["Path"], "p");
    }
}

#[test]
fn every_operator_may_stand_as_an_attribute() {
    for at in places() {
        for short in at.ty.shorthands {
            let value = if short.boolean { "true" } else { "first" };
            let text = if short.boolean { "true" } else { "\"first\"" };
            let json = shown(&parse(&at.job(&format!("{} = {text}", short.hcl))));
            let block = at.json(&json);
            if !short.into.is_empty() {
                assert_eq!((&block["Operand"], &block[short.into]), (&json!(short.hcl), &json!(value)));
            }
        }
    }
}
