//! Diagnostics as people read them on a terminal: rustc's drawing.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Label, Severity};
use crate::secret::Concealer;

/// Draws the diagnostics, one after another, each ending in a newline.
///
/// `colour` decides whether ANSI escapes are used; the drawing is understandable without.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    let concealer = Concealer::of(diagnostics);
    for diagnostic in diagnostics {
        out.push_str(&render_one(&renderer, &concealer.shown(diagnostic)));
        out.push_str("\n\n");
    }
    out.pop();
    out
}

fn render_one(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    // One snippet a file, the primary file first, so that two places in one file share a frame.
    let mut labels: Vec<(&Label, AnnotationKind)> = Vec::new();
    labels.extend(diagnostic.primary.iter().map(|label| (label, AnnotationKind::Primary)));
    labels.extend(diagnostic.related.iter().map(|label| (label, AnnotationKind::Context)));
    while let Some((first, _)) = labels.first() {
        let source = first.place.source.clone();
        let (here, rest): (Vec<_>, Vec<_>) =
            labels.into_iter().partition(|(label, _)| label.place.source.same(&source));
        labels = rest;
        let text = here[0].0.place.source.text();
        // A file that was named and not read, or is empty: there is no line to draw.
        if text.is_empty() {
            group = group.element(Origin::path(here[0].0.place.source.name()));
            continue;
        }
        let mut snippet = Snippet::source(text).path(here[0].0.place.source.name()).fold(true);
        for (label, kind) in &here {
            let start = floor(text, label.place.start);
            let end = floor(text, label.place.end).max(start);
            let mut annotation = kind.span(start..end);
            if !label.text.is_empty() {
                annotation = annotation.label(&*label.text);
            }
            snippet = snippet.annotation(annotation);
        }
        group = group.element(snippet);
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.message(&**hint));
    }
    renderer.render(&[group])
}

/// The nearest character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
