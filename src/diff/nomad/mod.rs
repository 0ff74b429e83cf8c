//! The difference of two jobs in the shape of the server's `JobDiff`: what `plan` answers.
//!
//! Its quirks are kept on purpose (a network is never edited, a `wait` is called `Template`,
//! `spread` is forgotten), so that the result equals the server's, field for field. For
//! people, and for what the server forgets, there is the [`JobDiff`](super::JobDiff) of `diff` itself;
//! [`diff_with_spreads`] adds the one thing that is missed most.
//!
//! Source of the rules: `Job.Diff` in Nomad's `nomad/structs/diff.go`.

mod flat;
mod objects;
mod rules;

use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use crate::jobspec::Job;
use objects::Differ;

/// The difference of two jobs as the server's `plan` shows it, with defaults filled in on both sides.
///
/// `None` stands for a job that does not exist: what is compared with it is added or deleted.
/// Values are not masked.
pub fn diff(from: Option<&Job>, to: Option<&Job>) -> JobDiff {
    compare(from, to, false)
}

/// As [`diff`], with the changes of `spread` too, as objects `Spread`.
pub fn diff_with_spreads(from: Option<&Job>, to: Option<&Job>) -> JobDiff {
    compare(from, to, true)
}

fn compare(from: Option<&Job>, to: Option<&Job>, spreads: bool) -> JobDiff {
    let (from, to) = (from.map(Job::with_defaults), to.map(Job::with_defaults));
    let (from, to) = (from.as_ref().map(|job| &job.root), to.as_ref().map(|job| &job.root));
    Differ::new(from, to, spreads).job(from, to)
}

/// Whether something is new, gone, changed, or as it was; in the order in which the server sorts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Kind {
    /// On both sides and different.
    Edited,
    /// Only on the new side.
    Added,
    /// Only on the old side.
    Deleted,
    /// The same on both sides.
    None,
}

/// The difference of two jobs.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobDiff {
    /// What happened to the job.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// The job's ID.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its attributes.
    #[serde(serialize_with = "null_if_empty")]
    pub fields: Vec<FieldDiff>,
    /// Its blocks and lists, apart from groups.
    #[serde(serialize_with = "null_if_empty")]
    pub objects: Vec<ObjectDiff>,
    /// Its groups, by name.
    #[serde(serialize_with = "null_if_empty")]
    pub task_groups: Vec<GroupDiff>,
}

/// The difference of two groups.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupDiff {
    /// What happened to the group.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// The group's name.
    pub name: String,
    /// Its attributes.
    #[serde(serialize_with = "null_if_empty")]
    pub fields: Vec<FieldDiff>,
    /// Its blocks and lists, apart from tasks.
    #[serde(serialize_with = "null_if_empty")]
    pub objects: Vec<ObjectDiff>,
    /// Its tasks, by name.
    #[serde(serialize_with = "null_if_empty")]
    pub tasks: Vec<TaskDiff>,
}

/// The difference of two tasks.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskDiff {
    /// What happened to the task.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// The task's name.
    pub name: String,
    /// Its attributes.
    #[serde(serialize_with = "null_if_empty")]
    pub fields: Vec<FieldDiff>,
    /// Its blocks and lists.
    #[serde(serialize_with = "null_if_empty")]
    pub objects: Vec<ObjectDiff>,
}

/// The difference of two blocks, lists or free maps.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ObjectDiff {
    /// What happened to it.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// What it is.
    pub name: String,
    /// Its attributes.
    #[serde(serialize_with = "null_if_empty")]
    pub fields: Vec<FieldDiff>,
    /// The blocks and lists inside.
    #[serde(serialize_with = "null_if_empty")]
    pub objects: Vec<ObjectDiff>,
}

/// The difference of two values as text; what is not there is `""`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FieldDiff {
    /// What happened to it.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// Its name, with the key of a map in brackets: `Env[PATH]`.
    pub name: String,
    /// The value before.
    pub old: String,
    /// The value now.
    pub new: String,
}

/// The server writes `null` for an empty list.
fn null_if_empty<T: Serialize, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    if list.is_empty() { serializer.serialize_none() } else { serializer.collect_seq(list) }
}

/// As the server sorts: name, then what happened, then size, then content.
impl Ord for ObjectDiff {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, self.kind, self.fields.len(), self.objects.len(), &self.fields, &self.objects).cmp(&(
            &other.name,
            other.kind,
            other.fields.len(),
            other.objects.len(),
            &other.fields,
            &other.objects,
        ))
    }
}

impl PartialOrd for ObjectDiff {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As the server sorts: name, then the values.
impl Ord for FieldDiff {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.old, &self.new).cmp(&(&other.name, &other.old, &other.new))
    }
}

impl PartialOrd for FieldDiff {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
