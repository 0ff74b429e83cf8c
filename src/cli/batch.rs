//! Many jobs submitted: in the order of their needs, some at once, with one summary.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value as Json, json};

use super::context::Context;
use super::output::{Styled, style};
use super::rollout::{self, Finished, Ready};
use super::submit_args::SubmitArgs;
use super::validate::count;
use super::watching::{self, Followed};
use super::{Done, Result, asking};
use crate::cluster::{Cluster, UNREACHABLE};
use crate::deploy::guard::Provenance;
use crate::deploy::submit::Change;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::validate::needs::CIRCLE;

crate::codes! {
    /// A job was not tried because one that it needs failed.
    NEEDED_FAILED = "P0954", "a job that this one needs failed", "docs/job-file.md";
    /// Too many jobs failed.
    TOO_MANY_FAILURES = "P0955", "too many jobs failed, the rest was not tried", "docs/commands.md";
}

/// What became of one job.
pub struct Line {
    /// The job.
    pub job: String,
    /// The stage.
    pub stage: String,
    /// What became of it.
    pub what: What,
    /// The plan, and the outcome.
    pub json: Json,
}

/// What became of a job.
pub enum What {
    /// Nothing changes.
    Unchanged,
    /// Only shown.
    Would(&'static str),
    /// Done.
    Done(&'static str),
    /// Not done.
    Failed(FailureKind, Vec<Diagnostic>),
}

/// A batch of jobs for one stage.
pub struct Batch<'b> {
    /// The context.
    pub context: &'b Context,
    /// The stage.
    pub stage: &'b str,
    /// Its cluster.
    pub cluster: &'b dyn Cluster,
    /// How each is submitted.
    pub submit: &'b SubmitArgs,
    /// Deployments at once.
    pub parallel: usize,
    /// Stop after so many failures.
    pub max_failures: Option<u32>,
}

impl Batch<'_> {
    /// Submits what differs, a wave after the other: a job comes after those that it needs. `waves` are the names of
    /// all jobs that were asked for, `lines` has those that failed already.
    pub fn run(
        &self,
        waves: &[Vec<&str>],
        ready: &[Ready<'_>],
        provenance: &Provenance,
        lines: &mut Vec<Line>,
    ) {
        let stage = self.stage;
        let mut broken: BTreeSet<String> = lines
            .iter()
            .filter(|line| line.is_failed() && line.stage == stage)
            .map(|line| line.job.clone())
            .collect();
        let gone = AtomicBool::new(false);
        let nobody = || {
            let cluster = self.cluster.describe();
            let message = format!("the rest was not tried: {cluster} does not answer any more");
            Failure::new(FailureKind::Unreachable, Diagnostic::error(&UNREACHABLE, message))
        };
        for wave in waves {
            let mut now = Vec::new();
            for job in wave.iter().filter_map(|name| ready.iter().find(|ready| ready.name == *name)) {
                match self.obstacle(job, &broken) {
                    _ if gone.load(Ordering::Relaxed) => {
                        lines.push(failed(job.name, stage, nobody()));
                        broken.insert(job.name.to_owned());
                    }
                    Some(problem) => {
                        lines.push(failed(job.name, stage, Failure::new(FailureKind::Other, problem)));
                        broken.insert(job.name.to_owned());
                    }
                    None => now.push(job),
                }
            }
            let failures = AtomicUsize::new(broken.len());
            let results = parallel(self.parallel, &now, |job| {
                // One that failed meanwhile may have been one too many.
                if self.is_over(failures.load(Ordering::Relaxed)) {
                    return Err(Failure::new(FailureKind::Other, too_many(job.name)));
                }
                if gone.load(Ordering::Relaxed) {
                    return Err(nobody());
                }
                let origin = rollout::signed(&job.origin, provenance);
                let (printer, interrupted) = (&self.context.printer, self.context.interrupted());
                let result =
                    rollout::submit(printer, self.cluster, job, &origin, self.submit, interrupted, false);
                if result.as_ref().map_or(true, |finished| finished.failure_kind().is_some()) {
                    failures.fetch_add(1, Ordering::Relaxed);
                }
                if result.as_ref().is_err_and(|failure| asking::is_gone(self.cluster, failure)) {
                    gone.store(true, Ordering::Relaxed);
                }
                result
            });
            for (job, result) in now.iter().zip(results) {
                let line = self.finished(job, result);
                if line.is_failed() {
                    broken.insert(line.job.clone());
                }
                lines.push(line);
            }
        }
    }

    fn is_over(&self, failures: usize) -> bool {
        self.max_failures.is_some_and(|most| failures >= most as usize)
    }

    /// Why a job is not tried.
    fn obstacle(&self, job: &Ready<'_>, broken: &BTreeSet<String>) -> Option<Diagnostic> {
        let name = job.name;
        if let Some(needed) = job.needs.iter().find(|needed| broken.contains(*needed)) {
            let message = format!("`{name}` was not tried: it needs `{needed}`, which failed");
            return Some(Diagnostic::error(&NEEDED_FAILED, message));
        }
        if self.is_over(broken.len()) {
            return Some(too_many(name));
        }
        self.context
            .interrupted()
            .load(Ordering::Relaxed)
            .then(|| Diagnostic::error(&super::NOT_CONFIRMED, format!("`{name}` was not tried: interrupted")))
    }

    fn finished(&self, job: &Ready<'_>, result: Result<Finished>) -> Line {
        let finished = match result {
            Ok(finished) => finished,
            Err(failure) => return failed(job.name, self.stage, failure),
        };
        let printer = &self.context.printer;
        if printer.is_text()
            && let Some(outcome) = &finished.outcome
        {
            let followed = Followed { name: job.name, stage: self.stage, back: finished.back };
            watching::outcome(printer, followed, outcome);
        }
        let what = match finished.failure_kind() {
            Some(kind) => What::Failed(kind, Vec::new()),
            None => What::Done(word(job.planned.change)),
        };
        let mut json = job.json.clone();
        rollout::add_outcome(&mut json, Some(&finished));
        Line { job: job.name.to_owned(), stage: self.stage.to_owned(), what, json }
    }
}

fn too_many(name: &str) -> Diagnostic {
    Diagnostic::error(&TOO_MANY_FAILURES, format!("`{name}` was not tried: too many jobs failed"))
}

/// Shows what became of all jobs; gives how the command ends.
pub(super) fn summary(context: &Context, lines: &[Line], dry_run: bool, exit_code: bool) -> Done {
    let printer = &context.printer;
    let kinds: Vec<FailureKind> = lines.iter().filter_map(Line::failure_kind).collect();
    if printer.is_text() {
        let mut told = BTreeSet::new();
        for line in lines {
            if let What::Failed(_, problems) = &line.what {
                // One reason may hold for many jobs: once is enough.
                let new = |problem: &&Diagnostic| told.insert(problem.to_string());
                printer.diagnostics(&problems.iter().filter(new).cloned().collect::<Vec<_>>());
            }
        }
        let width = lines.iter().map(|line| line.job.len()).max().unwrap_or(0);
        let stages = lines.iter().map(|line| line.stage.len()).max().unwrap_or(0);
        // Hundreds of lines that say the same would hide the one reason.
        let mut unreached: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.failure_kind() == Some(FailureKind::Unreachable)) {
            *unreached.entry(&line.stage).or_default() += 1;
        }
        unreached.retain(|_, jobs| *jobs > 3);
        for line in lines {
            let word = match &line.what {
                What::Failed(FailureKind::Unreachable, _) if unreached.contains_key(&*line.stage) => continue,
                What::Unchanged if !printer.verbose => continue,
                What::Unchanged => Styled(style::DIM, "unchanged".to_owned()),
                What::Would(word) => Styled(style::CHANGED, format!("would be {word}")),
                What::Done(word) => Styled(style::GOOD, (*word).to_owned()),
                What::Failed(kind, _) => {
                    Styled(style::BAD, format!("failed (exit code {})", kind.exit_code()))
                }
            };
            printer.line(format_args!("{:width$}  {:stages$}  {word}", line.job, line.stage));
        }
        for (stage, jobs) in unreached {
            let code = FailureKind::Unreachable.exit_code();
            let word = Styled(style::BAD, format!("failed (exit code {code})"));
            printer.line(format_args!("{:width$}  {stage:stages$}  {word}", count(jobs, "job")));
        }
        let changed = lines.iter().filter(|line| matches!(line.what, What::Done(_) | What::Would(_))).count();
        let would = if dry_run { "would change" } else { "changed" };
        let unchanged = lines.iter().filter(|line| matches!(line.what, What::Unchanged)).count();
        printer.line(format_args!(
            "{} {would}, {unchanged} unchanged, {} failed",
            count(changed, "job"),
            kinds.len()
        ));
    } else {
        let jobs: Vec<_> = lines
            .iter()
            .map(|line| match &line.what {
                What::Failed(kind, problems) => {
                    let mut json = line.json.clone();
                    json["exit_code"] = kind.exit_code().into();
                    json["errors"] = diagnostic::json::list(problems);
                    json
                }
                _ => line.json.clone(),
            })
            .collect();
        printer.json(&json!({"jobs": jobs}));
    }
    if let Some(kind) = worst(&kinds) {
        return Done::Shown(kind);
    }
    let differs = lines.iter().any(|line| matches!(line.what, What::Would(_)));
    if exit_code && differs { Done::Differences } else { Done::Ok }
}

impl Line {
    /// Why it failed, if it did.
    pub fn failure_kind(&self) -> Option<FailureKind> {
        match self.what {
            What::Failed(kind, _) => Some(kind),
            _ => None,
        }
    }

    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        self.failure_kind().is_some()
    }
}

/// A job that failed.
pub fn failed(name: &str, stage: &str, failure: Failure) -> Line {
    let json = json!({"job": name, "stage": stage});
    Line {
        job: name.to_owned(),
        stage: stage.to_owned(),
        what: What::Failed(failure.kind, failure.diagnostics),
        json,
    }
}

/// What was done, in a word.
pub fn word(change: Change) -> &'static str {
    match change {
        Change::Create => "created",
        Change::Start => "started",
        Change::Update => "updated",
        Change::None => "unchanged",
    }
}

/// The kind that decides the exit code of many jobs, as docs/exit-codes.md orders them.
pub fn worst(kinds: &[FailureKind]) -> Option<FailureKind> {
    use FailureKind::{
        DeploymentFailed, Interrupted, Invalid, NotPromoted, Other, Refused, Stale, TimedOut, Unplaceable,
        Unreachable, Usage,
    };
    [
        Interrupted,
        Usage,
        Unreachable,
        Refused,
        Stale,
        DeploymentFailed,
        NotPromoted,
        Unplaceable,
        TimedOut,
        Invalid,
        Other,
    ]
    .into_iter()
    .find(|kind| kinds.contains(kind))
}

/// Runs `work` over the items in at most `most` threads; the results are in the items' order.
pub fn parallel<'i, T: Sync, R: Send>(
    most: usize,
    items: &'i [T],
    work: impl Fn(&'i T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..most.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(i) else { return };
                    let result = work(item);
                    *results[i].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let take = |slot: Mutex<Option<R>>| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().filter_map(take).collect()
}

/// The jobs (name and needs) in the order of their needs: each wave needs only what is in those before it.
///
/// # Errors
/// `CIRCLE`.
pub fn waves<'n>(jobs: &[(&'n str, &[String])]) -> Result<Vec<Vec<&'n str>>> {
    let names: BTreeSet<&str> = jobs.iter().map(|(name, _)| *name).collect();
    let mut open = jobs.to_vec();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut waves = Vec::new();
    while !open.is_empty() {
        let free = |needs: &[String]| {
            needs.iter().all(|needed| !names.contains(needed.as_str()) || done.contains(needed.as_str()))
        };
        let (ready, waiting): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, needs)| free(needs));
        if ready.is_empty() {
            let circle: Vec<_> = waiting.iter().map(|(name, _)| *name).collect();
            let message = format!("these jobs need each other in a circle: {}", circle.join(", "));
            return Err(Diagnostic::error(&CIRCLE, message).hint("take one of their `needs` away").into());
        }
        done.extend(ready.iter().map(|(name, _)| *name));
        waves.push(ready.into_iter().map(|(name, _)| name).collect());
        open = waiting;
    }
    Ok(waves)
}
