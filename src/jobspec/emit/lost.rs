//! What a printed job does not say any more, found by reading it back.

use crate::diagnostic::{Diagnostic, Source};
use crate::jobspec::declare::BlockType;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};
use crate::jobspec::{Job, Variables, parse};

/// The paths to what differs, with their places in the job's text.
///
/// # Errors
/// Those of the parser, where it refuses the text.
pub(super) fn lost(job: &Job, text: &str) -> Result<Vec<(String, Option<Span>)>, Vec<Diagnostic>> {
    let back = parse(&Source::new("job.hcl", text.to_owned()), &Variables::default())?;
    let mut comparison = Comparison { path: Vec::new(), lost: Vec::new() };
    comparison.objects(&job.with_defaults().root, &back.with_defaults().root);
    Ok(comparison.lost)
}

struct Comparison {
    /// The JSON keys down to here.
    path: Vec<&'static str>,
    lost: Vec<(String, Option<Span>)>,
}

impl Comparison {
    fn objects(&mut self, was: &Object, is: &Object) {
        for (field, (a, b)) in was.ty.fields.iter().zip(was.fields.iter().zip(&is.fields)) {
            if field.hcl.is_empty() && !is_said(was.ty, field.json) {
                continue;
            }
            self.path.push(field.json);
            if !(a.value.is_zero() && b.value.is_zero()) {
                self.nodes(a, b);
            }
            self.path.pop();
        }
    }

    fn nodes(&mut self, was: &Node, is: &Node) {
        match (&was.value, &is.value) {
            (Value::Object(a), Value::Object(b)) => self.objects(a, b),
            (Value::List(a), Value::List(b)) if a.len() == b.len() => {
                a.iter().zip(b).for_each(|(a, b)| self.nodes(a, b));
            }
            (Value::Map(a), Value::Map(b))
                if a.len() == b.len() && a.keys().all(|key| b.contains_key(key)) =>
            {
                a.iter().for_each(|(key, node)| self.nodes(node, &b[key]));
            }
            (a, b) if a == b => {}
            _ => {
                let path = self.path.join(".");
                if self.lost.iter().all(|(other, _)| *other != path) {
                    self.lost.push((path, was.span));
                }
            }
        }
    }
}

/// Whether a field without a name in HCL is said in another way. The others are the server's notes.
fn is_said(ty: &BlockType, json: &str) -> bool {
    ty.labels.contains(&json) || matches!(json, "Identity" | "ReservedPorts")
}
