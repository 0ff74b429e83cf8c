//! What a difference is made of: changes of values, lists, maps and blocks, nested as in the job.

use std::fmt;

use crate::jobspec::syntax::Span;
use crate::jobspec::tree::Value;

/// The difference of two jobs, for people and for programs.
///
/// It holds the values as they are, secrets too; what shows it asks a
/// [`Masker`](crate::secret::Masker).
#[derive(Clone, PartialEq)]
pub struct JobDiff {
    /// The job's ID.
    pub id: String,
    /// What happened to the job; `None` where it is as it was.
    pub kind: Option<Kind>,
    /// What is different in it, in the order of the job specification.
    pub changes: Vec<Change>,
}

impl JobDiff {
    /// Whether nothing is different.
    pub fn is_none(&self) -> bool {
        self.kind.is_none()
    }
}

/// Whether a block came or went as a whole, or the job did.
pub(super) fn any_one_sided(diff: &JobDiff) -> bool {
    fn any(changes: &[Change]) -> bool {
        changes.iter().any(|change| match &change.what {
            What::Block { changes, .. } => change.kind != Kind::Changed || any(changes),
            What::Value { .. } | What::List(_) | What::Map(_) => false,
        })
    }
    matches!(diff.kind, Some(Kind::Added | Kind::Removed)) || any(&diff.changes)
}

/// What happened to a part of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is different.
    Changed,
}

impl Kind {
    /// `added`, `removed` or `changed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    /// `+`, `-` or `~`.
    pub fn marker(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

/// One difference.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// The name of the attribute or block in HCL, or a key of a map.
    pub name: String,
    /// Before and after.
    pub what: What,
    /// Where the new value stands in the text of the new job; `None` for what is gone and what no text says.
    pub span: Option<Span>,
    /// For those: what it was in.
    pub around: Option<Around>,
    /// For those: where it stood in the text of the old job.
    pub was: Option<Span>,
}

/// The map, list or block that something is gone from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// Its name, as that of a change.
    pub name: String,
    /// Where it stands in the text of the new job, by a member that stayed or by its header.
    pub span: Option<Span>,
}

/// Where the cause of a change is to be looked for in the text of the new job.
#[derive(Clone, Copy)]
pub enum Spot<'c> {
    /// What came stands here.
    At(Span),
    /// This is gone, from what is around it.
    Gone(&'c Change, &'c Around),
}

impl Change {
    /// Where its cause is to be looked for.
    pub fn spot(&self) -> Option<Spot<'_>> {
        self.span.map(Spot::At).or_else(|| self.around.as_ref().map(|around| Spot::Gone(self, around)))
    }

    /// Says what it was in, unless that or a place of its own is known; and the same of all in it.
    pub(super) fn was_in(&mut self, name: &str, span: Option<Span>) {
        if self.span.is_none() && self.around.as_ref().is_none_or(|around| around.span.is_none()) {
            self.around = Some(Around { name: name.to_owned(), span });
        }
        if let What::Map(changes) | What::Block { changes, .. } = &mut self.what {
            let inside = self.span.or(self.around.as_ref().and_then(|around| around.span));
            changes.iter_mut().for_each(|change| change.was_in(&self.name, inside));
        }
    }

    /// Whether it is a block or map of which everything is as it was.
    pub(super) fn is_empty(&self) -> bool {
        match &self.what {
            What::Value { .. } | What::List(_) => false,
            What::Map(changes) | What::Block { changes, .. } => changes.is_empty(),
        }
    }
}

/// Before and after.
#[derive(Clone, PartialEq)]
pub enum What {
    /// A single value, or a free one of another shape than before.
    Value {
        /// The value before, null where there was none.
        old: Value,
        /// The value now, null where there is none.
        new: Value,
        /// How it is written for people.
        unit: Unit,
    },
    /// A list, aligned: what stayed, what went, what came, in order.
    List(Vec<Item>),
    /// The entries of a map that are different, by key.
    Map(Vec<Change>),
    /// What is different in a block.
    Block {
        /// What tells it from others of its kind: the name of a task, the destination of a template.
        label: Option<String>,
        /// Whether there can be several in its place.
        repeated: bool,
        /// What is different in it.
        changes: Vec<Change>,
    },
}

/// An element of an aligned list.
#[derive(Clone, PartialEq)]
pub struct Item {
    /// `None` for an element that stayed.
    pub kind: Option<Kind>,
    /// The element.
    pub value: Value,
    /// Where it stands in the text of the new job.
    pub span: Option<Span>,
}

/// How a number is written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As it is.
    None,
    /// Nanoseconds: `9s`.
    Nanoseconds,
    /// `300 MB`.
    Megabytes,
    /// `500 MHz`.
    Megahertz,
}

/// Shows no values.
impl fmt::Debug for JobDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobDiff")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("changes", &self.changes)
            .finish()
    }
}

/// Shows no values.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.marker(), self.name)?;
        match &self.what {
            What::Value { .. } | What::List(_) => Ok(()),
            What::Map(changes) => f.debug_list().entries(changes).finish(),
            What::Block { label, changes, .. } => {
                write!(f, " {label:?} ")?;
                f.debug_list().entries(changes).finish()
            }
        }
    }
}
