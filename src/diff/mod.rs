//! The difference of two jobs, after what the server fills in.
//!
//! [`diff`] compares and gives a [`JobDiff`]: for people by [`text`], for programs by [`json`], over
//! many jobs by [`group`]. [`nomad`] gives the server's own form instead, quirks and all.
//! What is shown goes through a [`secret::Masker`]: no secret is printed, and a changed one is seen
//! to change.

pub mod annotations;
mod change;
mod compare;
mod equal;
mod free;
pub mod group;
pub mod json;
pub mod nomad;
pub mod number;
mod pair;
pub mod secret;
pub mod style;
pub mod text;
pub mod unified;

pub use change::{Change, Item, JobDiff, Kind, Unit, What};

use crate::jobspec::Job;

/// Compares two jobs; `None` stands for a job that does not exist.
///
/// Defaults are filled in on both sides first, so that it makes no difference whether a side was just
/// compiled or is what the server has stored.
pub fn diff(from: Option<&Job>, to: Option<&Job>) -> JobDiff {
    compare::jobs(from.map(side), to.map(side))
}

fn side(job: &Job) -> compare::Side<'_> {
    compare::Side { block: &job.root, baseline: None, around: None }
}
