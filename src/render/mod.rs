//! Render: a template and the merged config become the text of a Nomad job.
//!
//! This module owns the template language (minijinja with the delimiters `[[ ]]`, `[[% %]]`,
//! `[[# #]]`), where templates are found, how values are escaped, the bounds, and the map from
//! the rendered text back to the template and the YAML. It knows nothing of HCL beyond its
//! strings: what the text means is `jobspec`'s business.

mod context;
mod error;
mod escape;
mod filters;
mod library;
mod map;
mod marks;
mod names;
mod strings;
mod view;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

pub use context::{Data, Item};
pub use library::{BUILTIN, EXTENSION, PATTERNS};
pub use map::{LineMap, Origin};

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::jobspec::syntax::Span;
use crate::merge::Merged;
use crate::project::Project;
use library::Library;
use marks::Prepared;

crate::codes! {
    /// `file:`, `extends`, `include` or `import` names no template.
    UNKNOWN_TEMPLATE = "P0301", "there is no template of this name", "docs/templates.md";
    /// A template's name leads out of the project.
    TEMPLATE_PATH = "P0302", "a template is outside the project's `templates/`", "docs/templates.md";
    /// A template cannot be read.
    TEMPLATE_UNREADABLE = "P0303", "a template cannot be read", "docs/templates.md";
    /// A template has a syntax error.
    TEMPLATE_SYNTAX = "P0304", "a template has a syntax error", "minijinja, template syntax";
    /// A template uses what is not defined.
    UNDEFINED = "P0305", "a template uses a value that is not defined", "docs/templates.md";
    /// A null, a list or a map is printed without `| hcl`.
    NO_TEXT = "P0306", "a null, a list or a map is printed without `| hcl`", "docs/templates.md";
    /// `[["a"]]` reads as a value of the template.
    NESTED_LIST = "P0307", "a list in a list reads as a value of the template", "docs/templates.md";
    /// A template does not end, or prints too much.
    BOUND = "P0308", "a template does not end, or prints too much", "docs/templates.md";
    /// A template fails in another way.
    TEMPLATE_FAILED = "P0309", "a template fails", "docs/templates.md";
    /// A value follows a backslash.
    AFTER_BACKSLASH = "P0310", "a value follows a backslash, which would change its meaning", "HCL native syntax, quoted templates";
    /// A text is printed outside quotes, or in a heredoc without `| heredoc`.
    UNQUOTED = "P0311", "a text is printed where its escapes do not hold", "HCL native syntax, quoted templates";
}

/// Steps a template may take; the largest built-in one takes some thousand.
const FUEL: u64 = 5_000_000;
/// Bytes that a template may print, the marks of the line map included.
const MAX_OUTPUT: usize = 4 << 20;
/// Depth of includes, macros and blocks; each include counts tenfold.
const MAX_RECURSION: usize = 200;

/// The text of a Nomad job, and where each piece of it came from.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The HCL.
    pub source: Source,
    /// The way back.
    pub lines: LineMap,
}

impl Rendered {
    /// A span past the text that stands for this place, for a value that comes into the job after
    /// rendering.
    pub fn note(&mut self, place: Place) -> Span {
        let range = self.lines.note(place);
        Span::new(range.start, range.end)
    }

    /// Moves a diagnostic's places from the rendered text to the templates and the YAML.
    #[must_use]
    pub fn map(&self, diagnostic: Diagnostic) -> Diagnostic {
        self.lines.map(&self.source, diagnostic)
    }
}

/// Renders the templates of one project; each is compiled once.
#[derive(Debug)]
pub struct Renderer {
    env: Environment<'static>,
    registry: Arc<Registry>,
    library: Library,
}

/// The templates that were loaded so far, by the number that their marks carry.
#[derive(Debug, Default)]
struct Registry(Mutex<Vec<Arc<Entry>>>);

/// A template that was loaded.
#[derive(Debug)]
struct Entry {
    name: String,
    source: Source,
    builtin: bool,
    given: Arc<HashSet<String>>,
    prepared: Prepared,
}

/// Why a template could not be loaded, on its way through minijinja.
#[derive(Debug)]
struct LoadProblem(Box<Diagnostic>);

impl std::fmt::Display for LoadProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for LoadProblem {}

impl From<LoadProblem> for Error {
    fn from(problem: LoadProblem) -> Self {
        // Only what does not exist may be passed over by `ignore missing`.
        let kind = if std::ptr::eq(problem.0.code, &raw const UNKNOWN_TEMPLATE) {
            ErrorKind::TemplateNotFound
        } else {
            ErrorKind::BadInclude
        };
        Self::new(kind, problem.0.message.clone()).with_source(problem)
    }
}

impl Registry {
    fn entries(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        // A panic while it was held left whole entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        self.entries().iter().find(|entry| entry.name == name).cloned()
    }

    /// Finds a template and puts the marks into it.
    fn load(&self, library: &Library, name: &str) -> Result<String, LoadProblem> {
        let found = library.find(name).map_err(LoadProblem)?;
        let mut entries = self.entries();
        let prepared = marks::prepare(found.source.text(), entries.len());
        if let Some(range) = prepared.nested_list.clone() {
            return Err(LoadProblem(Box::new(error::nested_list(found.source.place(range)))));
        }
        let text = prepared.text.clone();
        entries.push(Arc::new(Entry {
            name: name.to_owned(),
            given: Arc::new(names::given(found.source.text())),
            source: found.source,
            builtin: found.builtin,
            prepared,
        }));
        Ok(text)
    }
}

impl Renderer {
    /// A renderer for a project; nothing is read yet.
    pub fn new(project: &Project) -> Self {
        let shown = project.display(&project.root.join("templates"));
        Self::in_folder(&project.root, PathBuf::from(shown))
    }

    /// A renderer for the templates in this folder's `templates/`, shown below `shown`.
    pub fn in_folder(root: &Path, shown: PathBuf) -> Self {
        let library = Library::new(root, shown);
        let registry = Arc::new(Registry::default());
        let mut env = Environment::new();
        env.set_syntax(syntax());
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        // The formatter escapes; this only makes captured output safe from a second escaping.
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::Custom("hcl".into()));
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(MAX_RECURSION);
        // Errors then know their range and the expression that was undefined.
        env.set_debug(true);
        filters::install(&mut env);
        let (loads, finds) = (registry.clone(), library.clone());
        env.set_loader(move |name| Ok(Some(loads.load(&finds, name)?)));
        Self { env, registry, library }
    }

    /// The names that `file:` may have.
    pub fn template_names(&self) -> Vec<String> {
        self.library.names()
    }

    /// Renders the template of a job for one stage.
    ///
    /// # Errors
    ///
    /// The first problem in the templates, at its line.
    pub fn render(&self, project: &Project, merged: &Merged) -> Result<Rendered, Vec<Diagnostic>> {
        let context = view::view(project, merged);
        self.render_with(&merged.template, Some(&merged.template_place), &context)
    }

    /// Renders a template with a context whose top level is a map.
    ///
    /// `named` is where the job names its template.
    ///
    /// # Errors
    ///
    /// The first problem in the templates, at its line.
    pub fn render_with(
        &self,
        template: &str,
        named: Option<&Place>,
        context: &Arc<Item>,
    ) -> Result<Rendered, Vec<Diagnostic>> {
        let fail = |error: &Error| {
            let mut diagnostic = error::diagnose(error, &self.registry, &self.library, context);
            if let (None, Some(place)) = (&diagnostic.primary, named) {
                diagnostic = diagnostic.at(place.clone());
            }
            vec![diagnostic]
        };
        let compiled = self.env.get_template(template).map_err(|error| fail(&error))?;
        let mut writer = Bounded(Vec::new());
        context::begin();
        let result = compiled.render_captured_to(context::value(context), &mut writer).map(drop);
        let places = context::end();
        result.map_err(|error| fail(&error))?;
        let marked = String::from_utf8(writer.0).unwrap_or_default();
        let templates = self
            .registry
            .entries()
            .iter()
            .map(|entry| map::Template {
                source: entry.source.clone(),
                builtin: entry.builtin,
                given: entry.given.clone(),
            })
            .collect();
        let (text, lines, refused) = map::unmark(&marked, templates, &places, context);
        let main = self.registry.entry(template);
        let name = main.as_ref().map_or(template, |entry| entry.source.name());
        let rendered = Rendered { source: Source::new(format!("{name} (rendered)"), text), lines };
        if refused.is_empty() {
            return Ok(rendered);
        }
        Err(refused.into_iter().map(|found| rendered.map(misplaced(&rendered.source, found))).collect())
    }
}

/// What to say of a value that cannot be made safe where it stands.
fn misplaced(source: &Source, found: map::Unsafe) -> Diagnostic {
    let (code, message, hint) = match found.why {
        map::Why::Backslash => (
            &AFTER_BACKSLASH,
            "a value follows a backslash, which would change its first character",
            "write the backslash as `\\\\`, or leave it out: values are escaped already",
        ),
        map::Why::Code => (
            &UNQUOTED,
            "a text stands outside quotes",
            "put quotes around it, or write `| hcl`, which brings its own",
        ),
        map::Why::Heredoc => {
            (&UNQUOTED, "a text in a heredoc has the escapes of a quoted string", "write `| heredoc`")
        }
    };
    Diagnostic::error(code, message).at(source.place(found.range)).hint(hint)
}

fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .variable_delimiters("[[", "]]")
        .block_delimiters("[[%", "%]]")
        .comment_delimiters("[[#", "#]]")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        // Only a delimiter that is empty, or used twice, is refused.
        .unwrap_or_default()
}

/// A buffer that refuses to grow past the bound.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
