//! Drift: the file, the last version that this tool submitted, and what runs, told apart.
//!
//! Two differences decide: from the last version of ours to the file (a config that is not applied yet), and from
//! that version to what runs (somebody else's change). Only who made a version is asked of the cluster beside the
//! job, and only where the file differs from what runs.

use super::credit::{self, Credit};
use crate::cluster::{Cluster, JobVersion, Origin, RunningJob};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result, Source};
use crate::diff::{self, JobDiff};
use crate::jobspec::Job;
use crate::jobspec::tree::{Object, Value};

crate::codes! {
    /// A version that is no job.
    UNREADABLE = "P0925", "a version of a job cannot be read", "docs/diff.md";
}

/// How the three stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// What runs is what the file says.
    InStep,
    /// What runs is what was submitted last; the file has changed since.
    NotApplied,
    /// Somebody else changed what runs; the file says what was submitted last.
    ByHand,
    /// Both.
    Both,
    /// Only counts are not those that were submitted.
    Scaled,
    /// An older version of ours runs again, such as after a deployment that failed.
    Reverted,
    /// It was stopped.
    Stopped,
    /// The cluster does not have it.
    NotCreated,
    /// The file differs from what runs, and the cluster has forgotten who made that.
    Unknown,
}

impl State {
    /// In a word, as JSON has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InStep => "in_step",
            Self::NotApplied => "not_applied",
            Self::ByHand => "by_hand",
            Self::Both => "both",
            Self::Scaled => "scaled",
            Self::Reverted => "reverted",
            Self::Stopped => "stopped",
            Self::NotCreated => "not_created",
            Self::Unknown => "unknown",
        }
    }
}

/// A version that this tool made.
#[derive(Debug, Clone)]
pub struct Ours {
    /// The version.
    pub version: JobVersion,
    /// Where it came from.
    pub origin: Origin,
}

/// What is known of one job.
#[derive(Debug, Clone)]
pub struct Drift {
    /// How it stands.
    pub state: State,
    /// Whether only groups that something else scales (`scaling`) have other counts: that is as it should be.
    pub autoscaled: bool,
    /// What the cluster holds.
    pub running: Option<RunningJob>,
    /// The newest version that this tool made, where that was looked for.
    pub last: Option<Ours>,
    /// The versions that came after that one, newest first.
    pub others: Vec<JobVersion>,
    /// The older version of ours that runs again.
    pub back_to: Option<u64>,
    /// What others changed: from the last version of ours to what runs.
    pub by_hand: Option<JobDiff>,
    /// What is not applied: from the last version of ours to the file; from what runs, where there is no such version.
    pub not_applied: Option<JobDiff>,
}

impl Drift {
    fn new(state: State, running: Option<RunningJob>) -> Self {
        Self {
            state,
            autoscaled: false,
            running,
            last: None,
            others: Vec::new(),
            back_to: None,
            by_hand: None,
            not_applied: None,
        }
    }

    /// Whether the file and what runs are not what they should be to each other.
    pub fn drifts(&self) -> bool {
        self.state != State::InStep && !self.autoscaled
    }
}

/// Compares a compiled job with what the cluster has under its ID.
///
/// # Errors
/// Those of the cluster; `UNREADABLE`.
pub fn of(cluster: &dyn Cluster, file: &Job) -> Result<Drift> {
    let Some(running) = cluster.read_job(file.id())? else { return Ok(Drift::new(State::NotCreated, None)) };
    if running.stopped {
        return Ok(Drift::new(State::Stopped, Some(running)));
    }
    let live = read(&running)?;
    if same(&live, file) {
        return Ok(Drift::new(State::InStep, Some(running)));
    }
    if same(&live, &with_counts(file, &live, is_scaled)) {
        return Ok(Drift { autoscaled: true, ..Drift::new(State::Scaled, Some(running)) });
    }
    compare(cluster, running, &live, file)
}

/// The same where the file is known to differ from what runs.
fn compare(cluster: &dyn Cluster, running: RunningJob, live: &Job, file: &Job) -> Result<Drift> {
    let found = search(cluster, &running, live)?;
    let differs = |from: &Job| {
        let difference = diff::diff(Some(from), Some(&with_counts(file, from, is_scaled)));
        (!difference.is_none()).then_some(difference)
    };
    let Some((ours, last)) = found.ours else {
        let state = if found.forgotten { State::Unknown } else { State::ByHand };
        let not_applied = differs(live);
        return Ok(Drift { others: found.others, not_applied, ..Drift::new(state, Some(running)) });
    };
    let not_applied = differs(&last);
    let by_hand = Some(diff::diff(Some(&last), Some(live))).filter(|difference| !difference.is_none());
    let scaled = by_hand.is_some() && same(live, &with_counts(&last, live, |_| true));
    let autoscaled = scaled && same(live, &with_counts(&last, live, is_scaled));
    let state = match (&by_hand, &not_applied) {
        (Some(_), None) if found.back_to.is_some() => State::Reverted,
        (Some(_), None) if scaled => State::Scaled,
        (Some(_), None) => State::ByHand,
        // The counts of an autoscaler are nobody's change.
        (Some(_), Some(_)) if !autoscaled => State::Both,
        _ => State::NotApplied,
    };
    Ok(Drift {
        state,
        autoscaled: false,
        last: Some(ours),
        others: found.others,
        back_to: found.back_to,
        by_hand,
        not_applied,
        running: Some(running),
    })
}

/// What the versions of a job say.
struct Search {
    ours: Option<(Ours, Job)>,
    others: Vec<JobVersion>,
    back_to: Option<u64>,
    /// Whether the cluster does not know any more who made a version.
    forgotten: bool,
}

fn search(cluster: &dyn Cluster, running: &RunningJob, live: &Job) -> Result<Search> {
    let mut found = Search { ours: None, others: Vec::new(), back_to: None, forgotten: false };
    let versions = cluster.versions(&running.id)?;
    let versions =
        versions.into_iter().map(|version| Ok((read(&version)?, version))).collect::<Result<Vec<_>>>()?;
    for (i, (job, version)) in versions.iter().enumerate() {
        // Once ours is known, only what runs is looked for among the older ones.
        if found.ours.is_some() && (version.stopped || !same(job, live)) {
            continue;
        }
        match credit::of(cluster, version, job) {
            Credit::Made(_) if found.ours.is_some() => {
                found.back_to = Some(version.version);
                break;
            }
            Credit::Made(origin) => match copied(cluster, job, &origin, &versions[i + 1..]) {
                Some(from) => {
                    if found.back_to.is_none() && same(job, live) {
                        found.back_to = Some(from);
                    }
                    found.others.push(version.clone());
                }
                None => {
                    found.ours = Some((Ours { version: version.clone(), origin: *origin }, job.clone()));
                    if found.others.is_empty() || found.back_to.is_some() {
                        break;
                    }
                }
            },
            credit if found.ours.is_none() => {
                found.forgotten |= credit == Credit::Unknown;
                found.others.push(version.clone());
            }
            Credit::ByHand | Credit::Unknown => {}
        }
    }
    Ok(found)
}

/// The older version that a version is a copy of, with something else in between: what Nomad goes back to takes its
/// submission along, to the second in which it was made.
fn copied(cluster: &dyn Cluster, job: &Job, origin: &Origin, older: &[(Job, JobVersion)]) -> Option<u64> {
    let between = older.iter().take_while(|(other, version)| version.stopped || same(other, job)).count();
    let (job, version) = older.get(between + 1..)?.iter().find(|(other, _)| same(other, job))?;
    let before = credit::of(cluster, version, job).origin()?;
    (before == *origin).then_some(version.version)
}

fn read(version: &RunningJob) -> Result<Job> {
    let source = Source::new("version", version.job.to_string());
    Job::from_json(&source).map_err(|problems| {
        let why = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        let message = format!("version {} of `{}` cannot be read: {why}", version.version, version.id);
        Failure::new(FailureKind::Other, Diagnostic::error(&UNREADABLE, message))
    })
}

fn same(from: &Job, to: &Job) -> bool {
    diff::diff(Some(from), Some(to)).is_none()
}

fn is_scaled(group: &Object) -> bool {
    group.block("Scaling").is_some()
}

/// The job with the counts that another one has, in the groups that are chosen.
fn with_counts(job: &Job, like: &Job, chosen: impl Fn(&Object) -> bool) -> Job {
    let mut job = job.clone();
    for group in job.root.blocks_mut("TaskGroups") {
        let other = like.root.blocks("TaskGroups").find(|other| other.str("Name") == group.str("Name"));
        if let Some(count) = other.and_then(|other| other.int("Count"))
            && chosen(group)
        {
            group.set("Count", Value::Int(count));
        }
    }
    job
}
