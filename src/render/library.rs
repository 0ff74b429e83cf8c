//! Where templates are found: the project's `templates/`, then the ones in the binary.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::{TEMPLATE_PATH, TEMPLATE_UNREADABLE, UNKNOWN_TEMPLATE};
use crate::diagnostic::{Diagnostic, Source};

/// How a template's file name ends.
pub const EXTENSION: &str = ".nomad.hcl";
/// What names a built-in template although the project has one of that name.
pub const BUILTIN: &str = "builtin/";
/// A larger template is refused (bytes).
const MAX_BYTES: u64 = 1 << 20;

/// The templates in the binary: their names behind [`BUILTIN`], and their texts.
static BUILTINS: &[(&str, &str)] = &[
    ("server", include_str!("../../templates/builtin/server.nomad.hcl")),
    ("worker", include_str!("../../templates/builtin/worker.nomad.hcl")),
    ("consumer", include_str!("../../templates/builtin/consumer.nomad.hcl")),
    ("parts", include_str!("../../templates/builtin/parts.nomad.hcl")),
];

/// The built-in templates that a job may name in `file:`.
pub static PATTERNS: &[&str] = &["server", "worker", "consumer"];

/// The folders in which templates are looked up.
#[derive(Debug, Clone)]
pub(super) struct Library {
    /// The project's `templates/`.
    folder: PathBuf,
    /// How that folder is shown.
    shown: PathBuf,
}

/// A template's text.
pub(super) struct Found {
    pub source: Source,
    pub builtin: bool,
}

impl Library {
    /// The library of the project in this folder, whose templates are shown below `shown`.
    pub fn new(root: &Path, shown: PathBuf) -> Self {
        Self { folder: root.join("templates"), shown }
    }

    /// Finds a template by the name that `file:`, `extends`, `include` or `import` gives.
    pub fn find(&self, name: &str) -> Result<Found, Box<Diagnostic>> {
        if !stays_inside(name) {
            return Err(Box::new(leaves(name)));
        }
        if let Some(name) = name.strip_prefix(BUILTIN) {
            return builtin(name).ok_or_else(|| Box::new(self.unknown(name)));
        }
        for file in [format!("{name}{EXTENSION}"), name.to_owned()] {
            if let Some(source) = self.read(name, &file)? {
                return Ok(Found { source, builtin: false });
            }
        }
        builtin(name).ok_or_else(|| Box::new(self.unknown(name)))
    }

    /// Reads a file of the project; `None` if there is none.
    fn read(&self, name: &str, file: &str) -> Result<Option<Source>, Box<Diagnostic>> {
        let shown = self.shown.join(file).display().to_string();
        let path = self.folder.join(file);
        if !path.is_file() {
            return Ok(None);
        }
        let fail = |why: String| {
            let message = format!("cannot read the template `{shown}`: {why}");
            Box::new(Diagnostic::error(&TEMPLATE_UNREADABLE, message))
        };
        // A symbolic link may lead out although the name does not.
        let real = path.canonicalize().map_err(|error| fail(error.to_string()))?;
        let folder = self.folder.canonicalize().map_err(|error| fail(error.to_string()))?;
        if !real.starts_with(folder) {
            return Err(Box::new(leaves(name)));
        }
        let file = std::fs::File::open(real).map_err(|error| fail(error.to_string()))?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(fail("it is larger than 1 MiB".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            fail(format!("it is not UTF-8 (byte {} on)", error.utf8_error().valid_up_to() + 1))
        })?;
        Ok(Some(Source::new(shown, text)))
    }

    /// The names that `file:` may have: the project's templates, then the built-in ones.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.folder, "", 0, &mut names);
        names.sort();
        names.extend(PATTERNS.iter().map(|name| (*name).to_owned()));
        names.dedup();
        names
    }

    /// What to say of a name that no template has.
    pub fn unknown(&self, name: &str) -> Diagnostic {
        let names = self.names();
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Diagnostic::error(&UNKNOWN_TEMPLATE, format!("there is no template `{name}`"))
            .did_you_mean(name, names.iter().map(String::as_str))
            .hint(format!("templates are files `templates/NAME{EXTENSION}`; here are {known}"))
    }
}

fn leaves(name: &str) -> Diagnostic {
    Diagnostic::error(&TEMPLATE_PATH, format!("the template `{name}` is outside the project's `templates/`"))
        .hint("name a template by its path below `templates/`, with `/` and without `..`")
}

fn builtin(name: &str) -> Option<Found> {
    let name = name.strip_suffix(EXTENSION).unwrap_or(name);
    let (_, text) = BUILTINS.iter().find(|(known, _)| *known == name)?;
    Some(Found { source: Source::new(format!("{BUILTIN}{name}{EXTENSION}"), *text), builtin: true })
}

/// Whether a name is a plain relative path.
fn stays_inside(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(['\\', '\0', ':'])
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn collect(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(file) = entry.file_name().into_string() else { continue };
        if let Some(name) = file.strip_suffix(EXTENSION) {
            names.push(format!("{prefix}{name}"));
        } else if depth < 4
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
            && !(depth == 0 && file == "builtin")
        {
            collect(&entry.path(), &format!("{prefix}{file}/"), depth + 1, names);
        }
    }
}
