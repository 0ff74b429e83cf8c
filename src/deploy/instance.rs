//! Follows an instance of a periodic or parameterized job to its end, in bounded time.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::failures::{self, Ended};
use super::watch::{self, Options, Outcome, WatchEvent};
use crate::cluster::{Allocation, Cluster, Registered, Wait};
use crate::diagnostic::Result;

/// Follows an instance: until it is placed as any registration, then until its job is dead.
///
/// # Errors
/// Those of the cluster that waiting does not mend.
pub fn follow(
    cluster: &dyn Cluster,
    id: &str,
    registered: &Registered,
    options: &Options<'_>,
    on_event: &mut dyn FnMut(WatchEvent),
) -> Result<Outcome> {
    let began = Instant::now();
    // A failed attempt may be repeated: what counts is how the job ends.
    match watch::watch(cluster, id, registered, options, on_event)? {
        Outcome::NoDeployment(_) | Outcome::Failed { .. } => {}
        ended => return Ok(ended),
    }
    let (mut index, mut told) = (0, 0);
    loop {
        if options.interrupted.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        let left = options.timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(Outcome::TimedOut(options.timeout));
        }
        let dead = cluster.read_job(id)?.is_none_or(|job| job.status == "dead" || job.stopped);
        let observed = cluster.allocations(id, Wait::after(index, left.min(Duration::from_secs(2))))?;
        if dead {
            return Ok(ended(cluster, observed.value));
        }
        let attempts = observed.value.iter().filter(|one| one.has_failed()).count();
        if attempts > told {
            told = attempts;
            on_event(WatchEvent::AttemptFailed(words(attempts, &observed.value)));
        }
        if observed.index == 0 {
            // A cluster that runs nothing has nothing to wait for.
            return Ok(Outcome::NoDeployment(observed.value));
        }
        index = observed.index;
    }
}

/// `attempt 2 failed: exit code 7`.
fn words(attempt: usize, allocations: &[Allocation]) -> String {
    let newest = allocations.iter().filter(|one| one.has_failed()).max_by_key(|one| one.create_index);
    let events = newest.into_iter().flat_map(|one| one.task_states.values()).flat_map(|state| &state.events);
    match events.rev().find_map(failures::ended) {
        Some(Ended::Exit(code)) => format!("attempt {attempt} failed: exit code {code}"),
        Some(Ended::Signal(signal)) => format!("attempt {attempt} failed: {}", failures::signal_name(signal)),
        Some(Ended::OutOfMemory) => format!("attempt {attempt} failed: out of memory"),
        None => format!("attempt {attempt} failed"),
    }
}

/// How it ended: by the last attempt of each place.
fn ended(cluster: &dyn Cluster, allocations: Vec<Allocation>) -> Outcome {
    let is_last = |one: &Allocation| {
        !allocations.iter().any(|other| other.name == one.name && other.create_index > one.create_index)
    };
    let bad = |one: &&Allocation| one.has_failed() && is_last(one);
    let failed: Vec<Allocation> = allocations.iter().filter(bad).cloned().collect();
    if failed.is_empty() {
        return Outcome::NoDeployment(allocations);
    }
    let description = format!("{} of {} allocations failed", failed.len(), allocations.len());
    Outcome::Failed { description, tasks: failures::of(cluster, &failed) }
}
