//! Load: YAML files to nodes with places, each checked against the model.
//!
//! `yaml` makes nodes of text, `shape` checks them, `model` declares what is known. Nothing
//! here knows layers or stages: that is the merge.

pub mod model;
pub mod node;
pub mod reference;
pub mod schema;
pub mod shape;
pub mod units;
pub mod waiver;
pub mod yaml;

use std::io::Read;
use std::path::Path;

pub use node::{Directive, Entry, Kind, Node};

use crate::diagnostic::{Diagnostic, Source};
use crate::project::{JobEntry, Project};

crate::codes! {
    /// An `envs` name is no stage.
    NOT_A_STAGE = "P0120", "a name in `envs` is no stage of the project", "docs/job-file.md";
}

/// A job file, read and checked.
#[derive(Debug, Clone)]
pub struct JobFile {
    /// The name of the job: the file's, without `.yaml`.
    pub name: String,
    /// The text.
    pub source: Source,
    /// The whole file as nodes.
    pub root: Node,
    /// The `# platy: allow …` comments.
    pub waivers: Vec<waiver::Waived>,
}

/// Reads the file of one job and checks it against the model.
///
/// # Errors
/// Everything that is wrong with the file; an unknown name, with the nearest known one.
pub fn load(project: &Project, name: &str) -> Result<JobFile, Vec<Diagnostic>> {
    let job = project.job(name).map_err(|failure| failure.diagnostics)?;
    load_entry(project, &job)
}

/// Reads a job file that was found already.
///
/// # Errors
/// As [`load`].
pub fn load_entry(project: &Project, entry: &JobEntry) -> Result<JobFile, Vec<Diagnostic>> {
    let path = project.inside(&entry.path).map_err(|failure| failure.diagnostics)?;
    load_text(project, &entry.name, read(&path, &project.display(&path))?)
}

/// Checks the text of a job file, wherever it came from (the work tree, or a git revision).
///
/// # Errors
/// As [`load`].
pub fn load_text(project: &Project, name: &str, source: Source) -> Result<JobFile, Vec<Diagnostic>> {
    let root = yaml::parse(&source)?;
    let mut problems = Vec::new();
    shape::check(&root, &shape::Shape::Record(model::JOB), "", shape::Mode::Layer, &mut problems);
    if root.get("file").is_none_or(Node::is_null) {
        let place = source.place(0..source.text().lines().next().map_or(0, str::len));
        problems.push(
            Diagnostic::error(&shape::MISSING_KEY, "the file has no `file`")
                .at(place)
                .hint("add `file: server`, or the name of another template"),
        );
    }
    for entry in root.get("envs").map(Node::entries).unwrap_or_default() {
        if !project.stages.contains_key(&entry.key) {
            let stages = || project.stages.keys().map(String::as_str);
            problems.push(
                Diagnostic::error(&NOT_A_STAGE, format!("`{}` is no stage of this project", entry.key))
                    .at(entry.key_place.clone())
                    .did_you_mean(&entry.key, stages())
                    .hint(format!(
                        "the stages in platy.yaml are: {}",
                        stages().collect::<Vec<_>>().join(", ")
                    )),
            );
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (waivers, problems) = waiver::find(&source);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(JobFile { name: name.to_owned(), source, root, waivers })
}

/// Reads a file of at most 1 MiB of UTF-8, to be shown as `name`.
///
/// # Errors
/// Why it cannot be read.
pub fn read(path: &Path, name: &str) -> Result<Source, Vec<Diagnostic>> {
    let bytes = std::fs::File::open(path).and_then(|file| bounded(file, yaml::MAX_BYTES));
    let refuse = |message: String| vec![Diagnostic::error(&yaml::UNREADABLE, message)];
    match bytes {
        Ok(Some(bytes)) => utf8(name, bytes)
            .map(|text| Source::new(name, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
            .map_err(|problem| vec![*problem]),
        Ok(None) => Err(refuse(format!("`{name}` is larger than 1 MiB"))),
        Err(error) => Err(refuse(format!("`{name}` cannot be read: {error}"))),
    }
}

/// All of a stream, or `None` where that is more than `most` bytes.
///
/// # Errors
/// Those of the stream.
pub fn bounded(stream: impl Read, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Bytes as text, to be shown as `name`.
///
/// # Errors
/// The first byte that is not UTF-8, at its place.
pub fn utf8(name: &str, bytes: Vec<u8>) -> Result<String, Box<Diagnostic>> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
        let place = source.place(valid..valid + '\u{fffd}'.len_utf8());
        let diagnostic = Diagnostic::error(&yaml::UNREADABLE, "the file is not UTF-8");
        Box::new(diagnostic.at_with(place, "this byte").hint("save the file as UTF-8"))
    })
}
