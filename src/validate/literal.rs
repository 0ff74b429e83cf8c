//! Literal secrets in YAML: found in the merged values, and kept out of what findings show.
//!
//! What looks like a secret is decided by [`crate::secret`], as for diffs and plan files.

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::merge::{Kind, Merged, Value};
use crate::secret::{Why, find, find_certain, hidden, listed_name, redraw};

crate::codes! {
    /// A secret in a file that everybody can read.
    LITERAL_SECRET = "P0815", "a secret stands in YAML as text", "docs/validation.md";
}

/// A secret that stands in a file as text.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The dotted path of its value: `env.DB_PASSWORD`.
    path: String,
    place: Place,
    /// What gave it away; `None` where it is only hidden, for it may be none.
    why: Option<Why>,
}

/// The secrets among the merged values. What refers to a secret (`${…}`, `{{ … }}`, `secrets:`) is none.
pub fn secrets(merged: &Merged) -> Vec<Secret> {
    let mut found = Vec::new();
    if let Kind::Map(map) = &merged.tree.kind {
        for (key, value) in map.iter().filter(|(key, _)| *key != "secrets") {
            walk(value, key, key, &mut found);
        }
    }
    found
}

fn walk(value: &Value, name: &str, path: &str, found: &mut Vec<Secret>) {
    match &value.kind {
        Kind::Map(map) => {
            for (key, value) in map {
                walk(value, key, &format!("{path}.{key}"), found);
            }
        }
        Kind::List(items) => {
            let mut before = "";
            for (i, item) in items.iter().enumerate() {
                walk(item, listed_name(before, name), &format!("{path}[{i}]"), found);
                before = item.text().unwrap_or_default();
            }
        }
        Kind::Text { text, .. } => {
            let certain = find_certain(name, text).first().map(|finding| finding.why);
            if certain.is_some() || !find(name, text).is_empty() {
                found.push(Secret { path: path.to_owned(), place: value.place.clone(), why: certain });
            }
        }
        Kind::Null | Kind::Bool(_) => {}
    }
}

impl Secret {
    /// The finding, which does not have the value; `None` where it may be no secret.
    pub fn finding(&self) -> Option<Diagnostic> {
        let why = self.why?.words();
        let message = format!("`{}` looks like a secret that stands here as text: {why}", self.path);
        let variable = self.path.strip_prefix("env.").unwrap_or("NAME");
        Some(Diagnostic::warning(&LITERAL_SECRET, message).at(self.place.clone()).hint(format!(
            "keep the value in a Nomad variable, and write `secrets: {{{variable}: \"PATH#KEY\"}}`; whoever reads the \
             file or its history knows it by now"
        )))
    }
}

/// Puts stars in the place of secrets in the lines that findings show.
pub fn conceal(findings: &mut [Diagnostic], secrets: &[Secret]) {
    let mut hidden: Vec<(Source, Source)> = Vec::new();
    for secret in secrets {
        if !hidden.iter().any(|(open, _)| open.same(&secret.place.source)) {
            hidden.push((secret.place.source.clone(), starred(&secret.place.source, secrets)));
        }
    }
    let starred =
        |source: &Source| hidden.iter().find(|(open, _)| open.same(source)).map(|(_, starred)| starred);
    findings.iter_mut().for_each(|finding| redraw(finding, starred));
}

/// The text with stars in the place of secrets.
fn starred(source: &Source, secrets: &[Secret]) -> Source {
    let places = secrets.iter().map(|secret| &secret.place).filter(|place| place.source.same(source));
    hidden(source, places.map(|place| place.start..place.end))
}
