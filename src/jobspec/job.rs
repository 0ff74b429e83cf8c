//! A job: the tree and the text that it was read from.

use super::blocks::JOB;
use super::syntax::Span;
use super::tree::Object;
use crate::diagnostic::{Diagnostic, Place, Source};

/// A job in the shape of Nomad's API.
#[derive(Debug, Clone)]
pub struct Job {
    /// The declared block `job`.
    pub root: Object,
    /// The text in which the spans of the tree are places; `None` for a job that was made here.
    pub source: Option<Source>,
    /// What was noticed while it was read and does not refuse it.
    pub notes: Vec<Diagnostic>,
}

impl Job {
    /// An empty job.
    pub fn new() -> Self {
        Self::from_root(Object::new(&JOB))
    }

    /// A job that no text says.
    pub fn from_root(root: Object) -> Self {
        Self { root, source: None, notes: Vec::new() }
    }

    /// The place of a span of the tree.
    pub fn place(&self, span: Option<Span>) -> Option<Place> {
        Some(self.source.as_ref()?.place(span?.range()))
    }

    /// The job's identifier in Nomad.
    pub fn id(&self) -> &str {
        self.root.str("ID")
    }
}

impl Default for Job {
    fn default() -> Self {
        Self::new()
    }
}

/// Jobs are equal if they say the same, wherever it was written.
impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}
