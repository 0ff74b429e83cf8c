//! What the declarations say, for others: the JSON Schema of a job and the reference page.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::blocks::JOB;
use super::declare::{BlockType, Default, Field, MapForm, Type, Width};
use super::duration;

/// Every block, each once, in the order in which a reader meets them, with a name of its own.
fn all_blocks() -> Vec<(String, &'static BlockType)> {
    let mut blocks: Vec<(String, &'static BlockType)> = vec![("job".to_owned(), &JOB)];
    let mut i = 0;
    while let Some((parent, block)) = blocks.get(i).cloned() {
        for field in block.fields.iter().chain(block.inherited) {
            let Some(ty) = field.block_type() else { continue };
            if blocks.iter().any(|(_, known)| std::ptr::eq(*known, ty)) {
                continue;
            }
            // `proxy` of a sidecar and `proxy` of a gateway are two blocks.
            let taken = blocks.iter().any(|(name, _)| name == ty.name);
            let name = if taken { format!("{parent} {}", ty.name) } else { ty.name.to_owned() };
            blocks.push((name, ty));
        }
        i += 1;
    }
    blocks
}

/// The JSON Schema (draft 2020-12) of a job in the JSON of Nomad's API, bare or as
/// `{"Job": {…}}`. Every value may be null, as for Nomad.
pub fn json_schema() -> Value {
    let blocks = all_blocks();
    let definitions: Map<String, Value> =
        blocks.iter().map(|(name, block)| (name.replace(' ', "_"), block_schema(block, &blocks))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nomad job",
        "description": "A job in the JSON of Nomad's API. Generated from the block declarations.",
        "type": "object",
        "if": { "required": ["Job"] },
        "then": {
            "properties": { "Job": { "$ref": "#/$defs/job" } }
        },
        "else": { "$ref": "#/$defs/job" },
        "$defs": definitions,
    })
}

fn block_schema(block: &BlockType, blocks: &[(String, &BlockType)]) -> Value {
    let properties: Map<String, Value> =
        block.fields.iter().map(|field| (field.json.to_owned(), field_schema(field, blocks))).collect();
    json!({
        "description": block.doc,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn field_schema(field: &Field, blocks: &[(String, &BlockType)]) -> Value {
    let reference = |ty: &BlockType| {
        let name = blocks.iter().find(|(_, known)| std::ptr::eq(*known, ty)).map_or("", |(name, _)| name);
        json!({ "$ref": format!("#/$defs/{}", name.replace(' ', "_")) })
    };
    let int = |width: Width| {
        let (least, greatest) = width.range();
        let bounded = |bound: i128| i64::try_from(bound).unwrap_or(i64::MAX);
        json!({ "type": ["integer", "null"], "minimum": bounded(least), "maximum": bounded(greatest) })
    };
    let text = || json!({ "type": ["string", "null"] });
    let list = |items: Value| json!({ "type": ["array", "null"], "items": items });
    let map = |members: Value| json!({ "type": ["object", "null"], "additionalProperties": members });
    let mut schema = match field.ty {
        Type::String => text(),
        Type::Bool => json!({ "type": ["boolean", "null"] }),
        Type::Int(width) => int(width),
        Type::Duration => int(Width::Int),
        Type::Strings => list(text()),
        Type::Ints(width) => list(int(width)),
        Type::StringMap(_) => map(text()),
        Type::ListMap => map(list(text())),
        Type::Any => map(json!(true)),
        Type::Block(ty) => reference(ty),
        Type::Blocks(ty) => list(reference(ty)),
        Type::BlockMap(ty) => map(reference(ty)),
    };
    let unit = if matches!(field.ty, Type::Duration) { ", in nanoseconds" } else { "" };
    schema["description"] = format!("{}{unit}", field.doc).into();
    match field.default {
        Default::None | Default::Empty | Default::Block => {}
        Default::Str(text) => schema["default"] = text.into(),
        Default::Bool(truth) => schema["default"] = truth.into(),
        Default::Int(number) => schema["default"] = number.into(),
        Default::Seconds(seconds) => schema["default"] = seconds.saturating_mul(1_000_000_000).into(),
    }
    schema
}

/// The reference page: every block with its attributes, in Markdown.
pub fn markdown() -> String {
    let mut out = String::from(
        "# The job specification\n\n\
         Every block and attribute of a Nomad job file that platy-manage knows, with the name it has in\n\
         Nomad's JSON and the value that the server fills in. Generated from `src/jobspec/blocks/`; see\n\
         [adding an attribute](adding-an-attribute.md).\n",
    );
    let blocks = all_blocks();
    for (name, block) in &blocks {
        write_block(&mut out, name, block, &blocks);
    }
    out
}

fn write_block(out: &mut String, name: &str, block: &BlockType, blocks: &[(String, &BlockType)]) {
    let labels: String = block.labels.iter().map(|label| format!(" \"{label}\"")).collect();
    let _ = write!(out, "\n## {name}\n\n{}: `{}{labels} {{ … }}`.\n", block.doc, block.name);
    for (word, value) in block.label_words {
        let _ = writeln!(out, "The label `{word}` stands for the type `{value}`.");
    }
    let fields: Vec<_> = block.fields.iter().filter(|field| !field.hcl.is_empty()).collect();
    if !fields.is_empty() {
        out.push_str("\n| name | JSON | type | default | meaning |\n|---|---|---|---|---|\n");
    }
    for field in fields {
        let required = if field.required { " (required)" } else { "" };
        let _ = writeln!(
            out,
            "| `{}`{required} | `{}` | {} | {} | {} |",
            field.hcl,
            field.json,
            type_words(field, blocks),
            default_words(field.default),
            field.doc
        );
    }
    if !block.shorthands.is_empty() {
        let names: Vec<_> = block.shorthands.iter().filter(|short| !short.into.is_empty()).collect();
        let names: Vec<_> = names.iter().map(|short| format!("`{}`", short.hcl)).collect();
        let _ = write!(
            out,
            "\nAn operator may also stand as an attribute with its value: {}.\n",
            names.join(", ")
        );
    }
    for field in block.inherited {
        let _ = write!(out, "\nAlso allowed here: `{}`. {}.\n", field.hcl, field.doc);
    }
}

fn type_words(field: &Field, blocks: &[(String, &BlockType)]) -> String {
    let link = |ty: &BlockType| {
        let name = blocks.iter().find(|(_, known)| std::ptr::eq(*known, ty)).map_or("", |(name, _)| name);
        format!("[{name}](#{})", name.replace(' ', "-"))
    };
    match field.ty {
        Type::String => "text".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int(_) => "number".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Strings => "list of texts".to_owned(),
        Type::Ints(_) => "list of numbers".to_owned(),
        Type::StringMap(MapForm::Attribute) => "map".to_owned(),
        Type::StringMap(MapForm::Block) => "block of texts".to_owned(),
        Type::StringMap(MapForm::Either) => "block or map of texts".to_owned(),
        Type::ListMap => "block of lists".to_owned(),
        Type::Any => "block of any values".to_owned(),
        Type::Block(ty) => format!("block {}", link(ty)),
        Type::Blocks(ty) => format!("blocks {}", link(ty)),
        Type::BlockMap(ty) => format!("labelled blocks {}", link(ty)),
    }
}

fn default_words(default: Default) -> String {
    match default {
        Default::None | Default::Empty | Default::Str("") => String::new(),
        Default::Str(text) => format!("`{text}`"),
        Default::Bool(truth) => format!("`{truth}`"),
        Default::Int(number) => format!("`{number}`"),
        Default::Seconds(seconds) => format!("`{}`", duration::format(seconds.saturating_mul(1_000_000_000))),
        Default::Block => "with its defaults".to_owned(),
    }
}
