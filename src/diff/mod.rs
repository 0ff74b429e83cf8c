//! The difference of two jobs, after what the server fills in.
//!
//! [`diff`] compares and gives a [`JobDiff`]: for people by [`text`], for programs by [`json`], over
//! many jobs by [`group`]. [`nomad`] gives the server's own form instead, quirks and all.
//! What is shown goes through a [`Masker`](crate::secret::Masker): no secret is printed, and a changed one is seen
//! to change.

pub mod annotations;
mod baseline;
mod change;
mod compare;
mod equal;
mod free;
pub mod group;
pub mod json;
pub mod markdown;
mod narrow;
pub mod nomad;
pub mod number;
mod pair;
pub mod style;
pub mod text;
pub mod unified;

pub use change::{Around, Change, Item, JobDiff, Kind, Spot, Unit, What};

use crate::jobspec::Job;

/// Compares two jobs; `None` stands for a job that does not exist.
///
/// Defaults are filled in on both sides first, so that it makes no difference whether a side was just
/// compiled or is what the server has stored, and what the server fills in is never shown as written.
pub fn diff(from: Option<&Job>, to: Option<&Job>) -> JobDiff {
    let (old, new) = (from.map(Job::with_defaults), to.map(Job::with_defaults));
    let mut found = compare::jobs(side(old.as_ref(), None), side(new.as_ref(), None));
    if change::any_one_sided(&found) {
        // Only what came or went as a whole needs to know what the server filled into it.
        let (old_bare, new_bare) = (from.map(baseline::baseline), to.map(baseline::baseline));
        found = compare::jobs(side(old.as_ref(), old_bare.as_ref()), side(new.as_ref(), new_bare.as_ref()));
    }
    if let Some(source) = to.and_then(|job| job.source.as_ref()) {
        narrow::narrow(&mut found.changes, source.text());
    }
    found
}

fn side<'a>(job: Option<&'a Job>, baseline: Option<&'a Job>) -> Option<compare::Side<'a>> {
    Some(compare::Side {
        block: &job?.root,
        baseline: baseline.map(|job| &job.root),
        around: None,
        key: None,
    })
}
