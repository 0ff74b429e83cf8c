//! The reference pages `docs/job-file.md` and `docs/project.md`, written from the tables in `model`.

use std::fmt::Write as _;

use super::model;
use super::shape::{Key, Shape};

const JOB: &str = "\
# The job file

Generated from `src/load/model/mod.rs`; a test keeps it current. A job is one file `jobs/NAME.yaml`, in any
subfolder, and its name is the name of the file. `config` holds the values for all stages, `envs` those of
one stage. Layers, lowest first: built-in, `defaults.config`, `defaults.envs.STAGE`, the stage in
`platy.yaml`, the job's `config`, the job's `envs.STAGE`, `--set PATH=VALUE`. Maps merge key by key, scalars
and lists replace, `null` removes a key, `!append [..]` and `!prepend [..]` extend an inherited list,
`!replace {..}` swaps a whole map.

A text stays as it was written: `githash: 1234e56`, `0123456` and `no` are those texts. A truth is `true` or
`false`, nothing else.
";

const PROJECT: &str = "\
# platy.yaml

Generated from `src/load/model/project.rs`; a test keeps it current. The folder with `platy.yaml` is the project: it
is found by walking up from the working folder, or named by `--project DIR`. Jobs are in `jobs/`, templates
in `templates/`, schemas in `schemas/`.
";

/// The text of `docs/job-file.md`.
pub fn job_file() -> String {
    let mut out = JOB.to_owned();
    table(&mut out, "The keys of the file", model::JOB);
    table(&mut out, "The keys of `config`, and of each stage in `envs`", model::CONFIG);
    nested(&mut out, "", model::CONFIG);
    let _ = write!(out, "\n## Built-in defaults\n\n```yaml\n{}```\n", model::BUILT_IN);
    out
}

/// The text of `docs/project.md`.
pub fn project() -> String {
    let mut out = PROJECT.to_owned();
    table(&mut out, "The keys of the file", model::PROJECT);
    nested(&mut out, "", model::PROJECT);
    out
}

/// A table for each key of these that is itself a map of known keys.
fn nested(out: &mut String, prefix: &str, keys: &[Key]) {
    for key in keys {
        let (path, inner) = match inner(&key.shape) {
            // The keys of `config` have a table of their own, on the page of the job file.
            Some((_, keys)) if keys.len() == model::CONFIG.len() => continue,
            Some((true, inner)) => (format!("{prefix}{}.NAME", key.name), inner),
            Some((false, inner)) => (format!("{prefix}{}", key.name), inner),
            None => continue,
        };
        table(out, &format!("`{path}`"), inner);
        nested(out, &format!("{path}."), inner);
    }
}

/// The known keys in a value, and whether they stand under a name or in a list.
fn inner(shape: &Shape) -> Option<(bool, &'static [Key])> {
    match shape {
        Shape::Record(keys) => Some((false, keys)),
        Shape::Map(shape) => inner(shape).map(|(_, keys)| (true, keys)),
        Shape::List(shape) => inner(shape),
        Shape::Either(shapes) => shapes.iter().find_map(inner),
        _ => None,
    }
}

fn table(out: &mut String, title: &str, keys: &[Key]) {
    let _ = write!(out, "\n## {title}\n\n| key | takes | meaning | example |\n|---|---|---|---|\n");
    for key in keys {
        let unit = if key.unit.is_empty() { String::new() } else { format!(", in {}", key.unit) };
        let needed = if key.required { "; required" } else { "" };
        let takes = format!("{}{unit}{needed}", key.shape.describe());
        let cell = |text: &str| text.replace('|', "\\|");
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | `{}` |",
            key.name,
            cell(&takes),
            cell(key.doc),
            cell(&format!("{}: {}", key.name, key.example))
        );
    }
}
