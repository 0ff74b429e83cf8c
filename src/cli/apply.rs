//! `apply`: many jobs brought to what their files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, AllStagesArg, Context, StageArgs, job_names};
use super::output::{Styled, style};
use super::rollout::{self, Finished, Prepared, SubmitArgs};
use super::validate::count;
use super::{Done, Result, usage, watching};
use crate::cluster::Cluster;
use crate::compile::{Compiled, Outcome as CompileOutcome};
use crate::deploy::submit::Change;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::git::Git;
use crate::merge::{self, SharedId};
use crate::project::{JobEntry, Project, Stage};

crate::codes! {
    /// Jobs that need each other in a circle.
    CIRCLE = "P0953", "jobs need each other in a circle", "docs/job-file.md";
    /// A job was not tried because one that it needs failed.
    NEEDED_FAILED = "P0954", "a job that this one needs failed", "docs/job-file.md";
    /// Too many jobs failed.
    TOO_MANY_FAILURES = "P0955", "too many jobs failed, the rest was not tried", "docs/commands.md";
}

/// Create or update many jobs: what differs is submitted, the rest is left alone
#[derive(Debug, Args)]
pub struct Command {
    /// The jobs
    #[arg(value_name = "NAME", add = job_names())]
    #[arg(required_unless_present_any = ["all", "changed_since"], conflicts_with_all = ["all", "changed_since"])]
    names: Vec<String>,
    /// Every job of the project
    #[arg(long, conflicts_with = "changed_since")]
    all: bool,
    /// The jobs whose file changed since this revision; all of them if platy.yaml or a template did
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
    #[command(flatten)]
    submit: SubmitArgs,
    /// Deployments that are under way at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Stop after this many jobs have failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_failures: Option<u32>,
    /// With `--dry-run`: exit with 2 if something would change
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
}

/// What became of one job.
struct Line {
    job: String,
    stage: String,
    what: What,
    json: Json,
}

enum What {
    Unchanged,
    Would(&'static str),
    Done(&'static str),
    Failed(FailureKind, Vec<Diagnostic>),
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        rollout::check(&self.submit)?;
        let project = context.project()?;
        let stages = context.stages(&project, &self.stage, self.all_stages.all_stages, Access::Writes)?;
        let jobs = match &self.changed_since {
            Some(revision) => changed(&project, revision)?,
            None if self.all => project.jobs()?,
            None => project.pick(&self.names)?,
        };
        let sets = self.submit.set.parse()?;
        let compiler = context.compiler(&project);
        let shared = merge::shared_ids(&project, &project.jobs()?);
        let mut lines = Vec::new();
        for stage in stages {
            let outcomes = compiler.fleet(&jobs, &[stage], &sets);
            if let Err(failure) = self.stage(context, &project, stage, outcomes, &shared, &mut lines) {
                // What stops a stage, such as a guard, is the end of its jobs only.
                for job in &jobs {
                    let told = lines.iter().any(|line| line.job == job.name && line.stage == stage.name);
                    if !told {
                        lines.push(failed(&job.name, stage, failure.clone()));
                    }
                }
            }
        }
        Ok(self.summary(context, &lines))
    }

    fn stage(
        &self,
        context: &Context,
        project: &Project,
        stage: &Stage,
        outcomes: Vec<CompileOutcome>,
        shared: &[SharedId],
        lines: &mut Vec<Line>,
    ) -> Result<()> {
        let printer = &context.printer;
        let mut compiled = Vec::new();
        for CompileOutcome { name, result, .. } in outcomes {
            match result {
                Ok(job) => match rollout::check_id(shared, &name, stage) {
                    Ok(()) => compiled.push(job),
                    Err(failure) => lines.push(failed(&name, stage, failure)),
                },
                Err(problems) => lines.push(failed(&name, stage, Failure::invalid(problems))),
            }
        }
        let waves = waves(&compiled)?;
        let cluster = rollout::open(project, stage)?;
        printer.detail(format_args!("{} in {}", stage.name, cluster.describe()));
        let plans = parallel(16, &compiled, |job| rollout::prepare(&*cluster, job, &self.submit));
        let mut prepared: BTreeMap<&str, Prepared<'_>> = BTreeMap::new();
        for (job, plan) in compiled.iter().zip(plans) {
            match plan {
                Ok(plan) if plan.planned.change == Change::None => {
                    let json = rollout::as_json(&plan, None);
                    lines.push(Line {
                        job: job.merged.name.clone(),
                        stage: stage.name.clone(),
                        what: What::Unchanged,
                        json,
                    });
                }
                Ok(plan) => {
                    if printer.is_text() {
                        printer.diagnostics(&job.warnings);
                        rollout::show(printer, &plan);
                    }
                    prepared.insert(&job.merged.name, plan);
                }
                Err(failure) => lines.push(failed(&job.merged.name, stage, failure)),
            }
        }
        if self.submit.dry_run {
            lines.extend(prepared.values().map(|plan| Line {
                job: plan.compiled.merged.name.clone(),
                stage: stage.name.clone(),
                what: What::Would(word(plan.planned.change)),
                json: rollout::as_json(plan, None),
            }));
            return Ok(());
        }
        if !prepared.is_empty() {
            self.submit_all(context, project, stage, &*cluster, &waves, &prepared, lines)?;
        }
        Ok(())
    }

    /// Submits what differs, a wave after the other: a job comes after those that it needs.
    #[expect(clippy::too_many_arguments, reason = "one call, and each is a different thing")]
    fn submit_all(
        &self,
        context: &Context,
        project: &Project,
        stage: &Stage,
        cluster: &dyn Cluster,
        waves: &[Vec<&Compiled>],
        prepared: &BTreeMap<&str, Prepared<'_>>,
        lines: &mut Vec<Line>,
    ) -> Result<()> {
        let changing: Vec<&Compiled> = prepared.values().map(|plan| plan.compiled).collect();
        let provenance = rollout::guard(project, stage, &changing, &self.submit)?;
        let mut broken: BTreeSet<String> = lines
            .iter()
            .filter(|line| line.is_failed() && line.stage == stage.name)
            .map(|line| line.job.clone())
            .collect();
        for wave in waves {
            let mut ready = Vec::new();
            for job in wave.iter().filter_map(|job| prepared.get(job.merged.name.as_str())) {
                let name = &job.compiled.merged.name;
                let needed = job.compiled.merged.needs.iter().find(|needed| broken.contains(*needed));
                let over = self.max_failures.is_some_and(|most| broken.len() >= most as usize);
                let problem = match needed {
                    Some(needed) => Some((
                        &NEEDED_FAILED,
                        format!("`{name}` was not tried: it needs `{needed}`, which failed"),
                    )),
                    None if over => {
                        Some((&TOO_MANY_FAILURES, format!("`{name}` was not tried: too many jobs failed")))
                    }
                    None if context.interrupted().load(Ordering::Relaxed) => {
                        Some((&super::NOT_CONFIRMED, format!("`{name}` was not tried: interrupted")))
                    }
                    None => None,
                };
                match problem {
                    Some((code, message)) => {
                        lines.push(failed(
                            name,
                            stage,
                            Failure::new(FailureKind::Other, Diagnostic::error(code, message)),
                        ));
                        broken.insert(name.clone());
                    }
                    None => ready.push(job),
                }
            }
            let results = parallel(self.parallel.into(), &ready, |job| {
                let origin = rollout::origin(project, job.compiled, &provenance, &self.submit);
                rollout::submit(
                    &context.printer,
                    cluster,
                    job,
                    &origin,
                    &self.submit,
                    context.interrupted(),
                    false,
                )
            });
            for (job, result) in ready.iter().zip(results) {
                let line = self.finished(context, stage, job, result);
                if line.is_failed() {
                    broken.insert(line.job.clone());
                }
                lines.push(line);
            }
        }
        Ok(())
    }

    fn finished(
        &self,
        context: &Context,
        stage: &Stage,
        job: &Prepared<'_>,
        result: Result<Finished>,
    ) -> Line {
        let name = &job.compiled.merged.name;
        let finished = match result {
            Ok(finished) => finished,
            Err(failure) => return failed(name, stage, failure),
        };
        if context.printer.is_text()
            && let Some(outcome) = &finished.outcome
        {
            watching::outcome(&context.printer, job.followed(), outcome);
        }
        let what = match finished.failure_kind() {
            Some(kind) => What::Failed(kind, Vec::new()),
            None => What::Done(word(job.planned.change)),
        };
        Line {
            job: name.clone(),
            stage: stage.name.clone(),
            what,
            json: rollout::as_json(job, Some(&finished)),
        }
    }

    fn summary(&self, context: &Context, lines: &[Line]) -> Done {
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
            for line in lines {
                let word = match &line.what {
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
            let changed =
                lines.iter().filter(|line| matches!(line.what, What::Done(_) | What::Would(_))).count();
            let would = if self.submit.dry_run { "would change" } else { "changed" };
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
        if self.exit_code && differs { Done::Differences } else { Done::Ok }
    }
}

impl Line {
    fn failure_kind(&self) -> Option<FailureKind> {
        match self.what {
            What::Failed(kind, _) => Some(kind),
            _ => None,
        }
    }

    fn is_failed(&self) -> bool {
        self.failure_kind().is_some()
    }
}

fn failed(name: &str, stage: &Stage, failure: Failure) -> Line {
    let json = json!({"job": name, "stage": stage.name});
    Line {
        job: name.to_owned(),
        stage: stage.name.clone(),
        what: What::Failed(failure.kind, failure.diagnostics),
        json,
    }
}

fn word(change: Change) -> &'static str {
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
        DeploymentFailed, Interrupted, Invalid, Other, Refused, Stale, TimedOut, Unplaceable, Unreachable,
        Usage,
    };
    [Interrupted, Usage, Unreachable, Refused, Stale, DeploymentFailed, Unplaceable, TimedOut, Invalid, Other]
        .into_iter()
        .find(|kind| kinds.contains(kind))
}

/// Runs `work` over the items in at most `most` threads; the results are in the items' order.
fn parallel<'i, T: Sync, R: Send>(most: usize, items: &'i [T], work: impl Fn(&'i T) -> R + Sync) -> Vec<R> {
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

/// The jobs in the order of their `needs`: each wave needs only what is in those before it.
fn waves(jobs: &[Box<Compiled>]) -> Result<Vec<Vec<&Compiled>>> {
    let names: BTreeSet<&str> = jobs.iter().map(|job| job.merged.name.as_str()).collect();
    let mut open: Vec<&Compiled> = jobs.iter().map(|job| &**job).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut waves = Vec::new();
    while !open.is_empty() {
        let (ready, waiting): (Vec<&Compiled>, Vec<&Compiled>) = open.into_iter().partition(|job| {
            job.merged
                .needs
                .iter()
                .all(|needed| !names.contains(needed.as_str()) || done.contains(needed.as_str()))
        });
        if ready.is_empty() {
            let circle: Vec<_> = waiting.iter().map(|job| job.merged.name.as_str()).collect();
            return Err(Failure::from(
                Diagnostic::error(
                    &CIRCLE,
                    format!("these jobs need each other in a circle: {}", circle.join(", ")),
                )
                .hint("take one of their `needs` away"),
            ));
        }
        done.extend(ready.iter().map(|job| job.merged.name.as_str()));
        waves.push(ready);
        open = waiting;
    }
    Ok(waves)
}

/// The jobs that changed since a revision.
///
/// What is shared (platy.yaml, templates, schemas) may change any job, so then all are taken:
/// those that come out the same are left alone anyway.
fn changed(project: &Project, revision: &str) -> Result<Vec<JobEntry>> {
    let git = Git::open(&project.root)?;
    let root = project.root.canonicalize().unwrap_or_else(|_| project.root.clone());
    let base = git.root().canonicalize().unwrap_or_else(|_| git.root().to_owned());
    let paths = git.changed_since(revision)?;
    let inside: Vec<_> = paths
        .iter()
        .filter_map(|path| base.join(path).strip_prefix(&root).map(Path::to_owned).ok())
        .collect();
    let shared = |path: &Path| {
        path == Path::new(crate::project::FILE)
            || path.starts_with("templates")
            || path.starts_with("schemas")
    };
    let jobs = project.jobs()?;
    if inside.iter().any(|path| shared(path)) {
        return Ok(jobs);
    }
    let own = |job: &JobEntry| {
        job.path.strip_prefix(&project.root).is_ok_and(|path| inside.iter().any(|other| other == path))
    };
    let changed: Vec<_> = jobs.into_iter().filter(own).collect();
    if changed.is_empty() && paths.is_empty() {
        return Err(usage(format!("nothing changed since `{revision}`"), "name the jobs, or use `--all`"));
    }
    Ok(changed)
}
