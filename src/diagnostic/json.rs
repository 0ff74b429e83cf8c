//! Diagnostics as JSON: the form inside every `--format json` answer.

use serde_json::{Value, json};

use super::{Diagnostic, Label, Place, Severity};
use crate::secret::Concealer;

/// A list of diagnostics as `[{code, severity, message, place, related, hints}, …]`.
pub fn list<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic, IntoIter: Clone>) -> Value {
    let diagnostics = diagnostics.into_iter();
    let concealer = Concealer::of(diagnostics.clone());
    diagnostics.map(|diagnostic| one(&concealer.shown(diagnostic))).collect()
}

fn one(diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code.id,
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": diagnostic.message,
        "place": diagnostic.primary.as_ref().map(|label| place(&label.place)),
        "related": diagnostic.related.iter().map(related).collect::<Vec<_>>(),
        "hints": diagnostic.hints,
    })
}

/// A place as `{file, line, column, end_line, end_column}`, lines and columns from 1.
pub fn place(place: &Place) -> Value {
    let (start, end) = (place.position(), place.end_position());
    json!({
        "file": place.source.name(),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    })
}

fn related(label: &Label) -> Value {
    json!({ "message": label.text, "place": place(&label.place) })
}
