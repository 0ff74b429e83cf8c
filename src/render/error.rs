//! minijinja's errors as diagnostics at the template's line.

use minijinja::{Error, ErrorKind};

use super::context::Item;
use super::library::Library;
use super::{
    BOUND, FUEL, LoadProblem, MAX_OUTPUT, NESTED_LIST, NO_TEXT, Registry, TEMPLATE_FAILED, TEMPLATE_SYNTAX,
    UNDEFINED,
};
use crate::diagnostic::{Diagnostic, Place};

/// What is wrong with a template, at its innermost place.
pub(super) fn diagnose(error: &Error, registry: &Registry, library: &Library, context: &Item) -> Diagnostic {
    let chain = chain(error);
    let innermost = chain.last().copied().unwrap_or(error);
    // The problem of a template that could not be loaded is known already.
    let mut diagnostic =
        problem(innermost).unwrap_or_else(|| describe(innermost, registry, library, context));
    let mut placed = chain.iter().rev().filter_map(|error| place(error, registry));
    if diagnostic.primary.is_none()
        && let Some(place) = placed.next()
    {
        diagnostic = diagnostic.at(place);
    }
    for place in placed {
        let known = diagnostic.primary.as_ref().is_some_and(|label| same(&label.place, &place));
        if !known && !diagnostic.related.iter().any(|label| same(&label.place, &place)) {
            diagnostic = diagnostic.related(place, "used here");
        }
    }
    diagnostic
}

fn same(a: &Place, b: &Place) -> bool {
    a.source.name() == b.source.name() && a.position().line == b.position().line
}

/// The error and its sources, outermost first.
fn chain(error: &Error) -> Vec<&Error> {
    let mut chain = vec![error];
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        if let Some(error) = source.downcast_ref::<Error>() {
            chain.push(error);
        }
        next = source.source();
    }
    chain
}

/// Why a template could not be loaded, if that is what went wrong.
fn problem(error: &Error) -> Option<Diagnostic> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<LoadProblem>().map(|problem| (*problem.0).clone())
}

/// Where an error says it is.
fn place(error: &Error, registry: &Registry) -> Option<Place> {
    let entry = registry.entry(error.name()?)?;
    match error.range() {
        Some(range) if range.end > 0 => {
            let start = entry.prepared.original(range.start);
            let end = entry.prepared.original(range.end).max(start);
            Some(entry.source.place(start..end))
        }
        _ => {
            let line = entry.source.line(error.line()?);
            let text = &entry.source.text()[line.clone()];
            let start = line.start + (text.len() - text.trim_start().len());
            Some(entry.source.place(start..start + text.trim().len()))
        }
    }
}

fn describe(error: &Error, registry: &Registry, library: &Library, context: &Item) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError if detail.is_empty() => {
            // A filter met it: what stands before the filter is undefined.
            undefined(&format!("`{}`", filtered(error, registry).unwrap_or_default()), context)
        }
        ErrorKind::UndefinedError => undefined(detail, context),
        ErrorKind::SyntaxError => syntax(detail, place(error, registry)),
        ErrorKind::TemplateNotFound if detail.contains(['\'', '"']) => {
            library.unknown(detail.split(['\'', '"']).nth(1).unwrap_or_default())
        }
        ErrorKind::OutOfFuel => {
            Diagnostic::error(&BOUND, format!("the template does not end: it was stopped after {FUEL} steps"))
        }
        ErrorKind::WriteFailure => {
            Diagnostic::error(&BOUND, format!("the template prints more than {} MiB", MAX_OUTPUT >> 20))
        }
        ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
            Diagnostic::error(&BOUND, "the template includes or calls itself without end")
        }
        ErrorKind::InvalidOperation if detail.contains("cycle in template inheritance") => {
            Diagnostic::error(&BOUND, "the templates extend each other in a circle")
        }
        ErrorKind::InvalidOperation if detail.starts_with("a null has no text") => {
            null(place(error, registry).as_ref().map(Place::text), context)
        }
        ErrorKind::InvalidOperation if detail.contains("has no text") => {
            let (message, hint) = detail.split_once(": ").unwrap_or((detail, ""));
            let mut diagnostic = Diagnostic::error(&NO_TEXT, message);
            if !hint.is_empty() {
                diagnostic = diagnostic.hint(hint);
            }
            diagnostic
        }
        ErrorKind::InvalidOperation if detail.ends_with("is undefined)") => {
            let name =
                detail.rsplit_once("(`").and_then(|(_, rest)| rest.split_once('`')).map(|(name, _)| name);
            undefined(&format!("`{}` is undefined", name.unwrap_or_default()), context)
        }
        ErrorKind::UnknownFilter => Diagnostic::error(&TEMPLATE_FAILED, detail.to_owned())
            .hint("beside minijinja's filters there are `hcl`, `heredoc`, `raw`, `json` and `args`"),
        kind if detail.is_empty() => Diagnostic::error(&TEMPLATE_FAILED, kind.to_string()),
        kind => Diagnostic::error(&TEMPLATE_FAILED, format!("{kind}: {detail}")),
    }
}

/// A null that is printed, with its name where the expression is one.
fn null(expression: Option<&str>, context: &Item) -> Diagnostic {
    let known = |name: &&str| context.at(name.split('.')).is_some();
    match expression.filter(known) {
        Some(name) => Diagnostic::error(&NO_TEXT, format!("`{name}` is null, which has no text"))
            .hint(format!("set `{name}` in the job, or ask `[[% if {name} %]]` first")),
        None => Diagnostic::error(&NO_TEXT, "this value is null, which has no text"),
    }
    .hint("write `| hcl` where HCL's `null` is meant")
}

fn syntax(detail: &str, place: Option<Place>) -> Diagnostic {
    let diagnostic = Diagnostic::error(&TEMPLATE_SYNTAX, format!("the template cannot be read: {detail}"));
    let in_value = place.is_some_and(|place| {
        let before = place.source.text().get(..place.start).unwrap_or_default();
        before.rfind("[[").is_some_and(|at| !before[at..].starts_with("[[%"))
    });
    if !in_value {
        return diagnostic;
    }
    diagnostic.hint("`[[` begins a value of the template: where it is meant as text, write `[[ \"[[\" ]]`")
}

/// The name to which the filter at an error's place is applied.
fn filtered(error: &Error, registry: &Registry) -> Option<String> {
    let place = place(error, registry)?;
    let before = place.source.text().get(..place.start)?.trim_end().strip_suffix('|')?.trim_end();
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let name = &before[before.trim_end_matches(is_name).len()..];
    (!name.is_empty()).then(|| name.to_owned())
}

/// An undefined variable, with the near miss among its siblings.
fn undefined(detail: &str, context: &Item) -> Diagnostic {
    let name = detail.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Diagnostic::error(&UNDEFINED, "a value is not defined");
    };
    let mut path: Vec<&str> = name.split('.').collect();
    let last = path.pop().unwrap_or_default();
    let parent = context.at(path.iter().copied());
    let mut diagnostic = Diagnostic::error(&UNDEFINED, format!("`{name}` is not defined"));
    if let Some(parent) = parent {
        let mut keys: Vec<&str> = parent.keys().collect();
        diagnostic = diagnostic.did_you_mean(last, keys.iter().copied());
        if path.is_empty() {
            if diagnostic.hints.is_empty() {
                diagnostic = diagnostic.hint("docs/templates.md lists what a template sees; values of your own are below `taskargs` and `vars`");
            }
        } else {
            keys.sort_unstable();
            let of = path.join(".");
            diagnostic = diagnostic.hint(if keys.is_empty() {
                format!("`{of}` is empty: set `{name}` in the job, or write `[[ {name} | default(…) ]]`")
            } else {
                let known = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                format!("`{of}` has {known}; set `{name}` in the job, or write `[[ {name} | default(…) ]]`")
            });
        }
    }
    diagnostic
}

/// A nested HCL list that reads as a value of the template.
pub(super) fn nested_list(place: Place) -> Diagnostic {
    let text = place.text();
    let spaced = text
        .strip_prefix("[[")
        .map(|rest| format!("[ [{}", rest.trim_start()))
        .map(|rest| match rest.strip_suffix("]]") {
            Some(head) => format!("{}] ]", head.trim_end()),
            None => rest,
        })
        .unwrap_or_default();
    Diagnostic::error(&NESTED_LIST, "`[[` begins a value of the template, and this is a list in a list")
        .at(place)
        .hint(format!("write `{spaced}`"))
}
