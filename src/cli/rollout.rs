//! What `create`, `update` and `apply` share: plan, show, guard, register, watch.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};

use super::context::{SetArgs, login, masker};
use super::live::View;
use super::output::{Printer, Styled, style};
use super::submit_args::SubmitArgs;
use super::watching::{self, Back};
use super::{Result, versions};
use crate::cluster::{Cluster, Origin, RunningJob, placement};
use crate::compile::Compiled;
use crate::deploy::credit::{self, Credit};
use crate::deploy::guard::{self, Build, Claim, Escapes, Provenance};
use crate::deploy::submit::{self, Change, KeepCounts, Planned};
use crate::deploy::watch::{self, Outcome};
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind, Source};
use crate::diff::Spot;
use crate::diff::annotations::{Annotations, Updates};
use crate::diff::{self, JobDiff, style::Style, style::clean, text::Show};
use crate::jobspec::Job;
use crate::jobspec::tree::Value;
use crate::merge::SharedId;
use crate::project::{Project, Stage};
use crate::revision;

crate::codes! {
    /// The cluster holds something that is no job.
    BAD_RUNNING_JOB = "P0950", "the running job cannot be read", "docs/clusters.md";
    /// `create` of a job that runs already.
    EXISTS = "P0951", "the job exists already", "docs/commands.md";
    /// `update` of a job that does not exist.
    NOT_THERE = "P0952", "the job does not exist in the cluster", "docs/commands.md";
}

/// A job with its plan and what the plan means.
pub struct Prepared<'c> {
    /// The compiled job.
    pub compiled: &'c Compiled,
    /// The job as it is sent: compiled, with the counts that were kept.
    pub job: Cow<'c, Job>,
    /// What the cluster says, without the running job's text and the server's own difference.
    pub planned: Planned,
    /// The difference to what runs.
    pub diff: JobDiff,
    /// What happens to allocations.
    pub annotations: Annotations,
    /// Whether somebody changed the job by hand: the running version is not what a submission of this tool
    /// made. `None` where that is not known, and where nothing changes.
    pub drift: Option<bool>,
}

/// A job that is about to be submitted: its plan was just made, or stood in a file.
pub struct Ready<'p> {
    /// The job's name.
    pub name: &'p str,
    /// Its ID.
    pub id: &'p str,
    /// The jobs that come before it.
    pub needs: &'p [String],
    /// What is submitted.
    pub planned: &'p Planned,
    /// The HCL of that.
    pub source: String,
    /// Where it came from; who submits it, and when, is not known yet.
    pub origin: Origin,
    /// What it claims about its build.
    pub claim: Option<Claim>,
    /// The plan as JSON.
    pub json: Json,
}

impl Ready<'_> {
    /// What the guards judge.
    pub fn claimed(&self) -> (&str, Option<&Claim>) {
        (self.name, self.claim.as_ref())
    }
}

/// Opens the cluster of a stage.
pub fn open(project: &Project, stage: &Stage) -> Result<Box<dyn Cluster>> {
    crate::cluster::open(project.cluster(stage)?, stage, &super::context::nomad_environment(), &project.root)
}

/// A job of the cluster, read into our own type.
pub fn running_job(document: &Json) -> Result<Job> {
    let source = Source::new("running job", document.to_string());
    Job::from_json(&source).map_err(|problems| {
        let why = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        Failure::new(
            FailureKind::Other,
            Diagnostic::error(&BAD_RUNNING_JOB, format!("the running job cannot be read: {why}")),
        )
    })
}

/// The job that runs, in our own type; `None` where none does.
pub fn live_job(running: Option<&RunningJob>) -> Result<Option<Job>> {
    running.filter(|running| !running.stopped).map(|running| running_job(&running.job)).transpose()
}

/// Plans a compiled job.
pub fn prepare<'c>(cluster: &dyn Cluster, compiled: &'c Compiled, keep: KeepCounts) -> Result<Prepared<'c>> {
    let mut planned = submit::plan(cluster, compiled.job().to_value(), keep)?;
    let job = with_counts(compiled.job(), &planned.job);
    let annotations = planned.answer.annotations();
    // What was compared is not kept: a plan may be one of hundreds.
    let held = planned.running.as_mut().map(|held| {
        let job = held.job.take();
        RunningJob { job, ..held.clone() }
    });
    planned.answer.diff = Json::Null;
    if planned.change == Change::None {
        let diff = JobDiff { id: job.id().to_owned(), kind: None, changes: Vec::new() };
        return Ok(Prepared { compiled, job, planned, diff, annotations, drift: None });
    }
    let running = live_job(held.as_ref())?;
    let diff = diff::diff(running.as_ref(), Some(&job));
    let drift = held.as_ref().zip(running.as_ref()).and_then(|(held, running)| {
        match credit::of(cluster, held, running) {
            Credit::Made(_) => Some(false),
            Credit::ByHand => Some(true),
            Credit::Unknown => None,
        }
    });
    Ok(Prepared { compiled, job, planned, diff, annotations, drift })
}

/// `submitted by USER at TIME`, fit to be shown.
pub fn signature(origin: &Origin) -> String {
    let by = if origin.user.is_empty() { String::new() } else { format!(" by `{}`", clean(&origin.user)) };
    format!("submitted{by} at {}", clean(&origin.time))
}

/// The counts that are kept from the running job, where the file says others.
fn kept<'p>(compiled: &Job, planned: &'p Json) -> impl Iterator<Item = Kept<'p>> {
    submit::counts(planned).into_iter().filter_map(|(group, count)| {
        let own = compiled.root.blocks("TaskGroups").find(|own| own.str("Name") == group)?;
        let (running, config) = (i64::try_from(count?).ok()?, own.int("Count").unwrap_or(1));
        (running != config).then_some(Kept { group, running, config })
    })
}

/// The job with the counts that will be submitted, which may be those of the running job.
fn with_counts<'c>(compiled: &'c Job, planned: &Json) -> Cow<'c, Job> {
    let mut job = Cow::Borrowed(compiled);
    for kept in kept(compiled, planned) {
        let groups = job.to_mut().root.blocks_mut("TaskGroups");
        let own = groups.filter(|own| own.str("Name") == kept.group);
        own.for_each(|own| own.set("Count", Value::Int(kept.running)));
    }
    job
}

/// Draws the difference, or for a new job what it is.
pub fn show(printer: &Printer, prepared: &Prepared<'_>) {
    let merged = &prepared.compiled.merged;
    let key = Styled(style::BOLD, &merged.job_key);
    match prepared.planned.change {
        Change::None => {
            let kept: Vec<String> = prepared.kept().map(|kept| kept.to_string()).collect();
            let kept = if kept.is_empty() { String::new() } else { format!(" ({})", kept.join("; ")) };
            printer.line(format_args!("{key}: nothing changes{kept}"));
        }
        Change::Create | Change::Start if !printer.verbose => {
            let word = if prepared.planned.change == Change::Start { "starts again" } else { "is new" };
            printer.line(format_args!("{key} {word}"));
            summary(printer, prepared.compiled.job());
        }
        _ => printer.result(prepared.shown(printer.diff_style(), diff::text::render)),
    }
    remarks(printer, prepared);
}

/// Says what the cluster says beside the difference.
pub fn remarks(printer: &Printer, prepared: &Prepared<'_>) {
    for kept in prepared.kept().filter(|_| prepared.planned.change != Change::None) {
        printer.line(format_args!("  {kept} (`--reset-counts` sets that)"));
    }
    verdict(printer, &prepared.planned);
    if prepared.drift == Some(true) {
        let version = prepared.planned.running.as_ref().map_or(0, |running| running.version);
        printer.line(format_args!(
            "{} version {version}, which runs, was not made by platy-manage: its changes would be undone",
            Styled(style::CHANGED, "!")
        ));
    }
}

/// The jobs whose allocations would be evicted, and how many of each.
pub fn preempted(planned: &Planned) -> BTreeMap<&str, usize> {
    let mut jobs = BTreeMap::new();
    for allocation in &planned.answer.preempted {
        *jobs.entry(allocation.job.as_str()).or_default() += 1;
    }
    jobs
}

/// Says what finds no place, what has to make room, when the job runs next, and what the server warns of.
pub fn verdict(printer: &Printer, planned: &Planned) {
    for (group, failure) in &planned.answer.failures {
        for reason in placement::reasons(failure) {
            printer.line(format_args!(
                "{} group `{}` finds no place: {}",
                Styled(style::BAD, "!"),
                clean(group),
                clean(&reason)
            ));
        }
    }
    for (job, count) in preempted(planned) {
        let noun = if count == 1 { "allocation" } else { "allocations" };
        printer.line(format_args!(
            "{} {count} {noun} of `{}` would be evicted to make room",
            Styled(style::BAD, "!"),
            clean(job)
        ));
    }
    if let Some(next) = &planned.answer.next_periodic_launch {
        printer.line(format_args!("next run: {next}"));
    }
    for warning in &planned.answer.warnings {
        printer.line(format_args!("{} {}", Styled(style::CHANGED, "warning:"), clean(warning)));
    }
}

/// A count that is kept from the running job.
pub struct Kept<'p> {
    group: &'p str,
    /// What runs, and is submitted.
    running: i64,
    /// What the file says.
    config: i64,
}

impl fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, running, config } = self;
        write!(f, "group `{}` keeps its count of {running}, where the file says {config}", clean(group))
    }
}

impl Prepared<'_> {
    /// The counts that are kept from the running job, where the file says others.
    pub fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        kept(self.compiled.job(), &self.planned.job)
    }

    /// How many allocations are not what they were.
    pub fn moved(&self) -> u64 {
        self.annotations.groups.values().map(Updates::moved).sum()
    }

    /// The job, about to be submitted.
    pub fn ready(&self, project: &Project, set: &SetArgs) -> Ready<'_> {
        let merged = &self.compiled.merged;
        Ready {
            name: &merged.name,
            id: &merged.job_id,
            needs: &merged.needs,
            planned: &self.planned,
            // The source is of the job that is sent: `status` compares the two.
            source: self.job.to_hcl(),
            origin: origin(project, self.compiled, set),
            claim: claim(self.compiled),
            json: as_json(self, None),
        }
    }

    /// Shows the difference in some way, with the place of each change and what happens to allocations.
    pub fn shown<T>(&self, style: Style, show: impl FnOnce(&JobDiff, &Show<'_>) -> T) -> T {
        let find = |spot: Spot<'_>| self.compiled.cause(spot);
        let how = Show { style, masker: masker(), place: Some(&find), annotations: Some(&self.annotations) };
        show(&self.diff, &how)
    }
}

/// A new job in a few lines: `-v` shows all of it.
fn summary(printer: &Printer, job: &Job) {
    let kind = job.root.str("Type");
    let mark = Styled(style::GOOD, "+");
    printer.line(format_args!(
        "{mark} job \"{}\" ({})",
        job.id(),
        if kind.is_empty() { "service" } else { kind }
    ));
    if let Some(periodic) = job.root.block("Periodic") {
        let specs = crons(periodic);
        let zone = periodic.str("TimeZone");
        printer.line(format_args!("{mark}   runs at {specs} {}", if zone.is_empty() { "UTC" } else { zone }));
    }
    if job.root.block("ParameterizedJob").is_some() {
        printer.line(format_args!("{mark}   runs when it is dispatched"));
    }
    for group in job.root.blocks("TaskGroups") {
        let count = group.int("Count").unwrap_or(1);
        printer.line(format_args!("{mark}   group \"{}\" × {count}", group.str("Name")));
        for task in group.blocks("Tasks") {
            let config = task.map("Config");
            let text = |key: &str| config.and_then(|config| config.get(key)).and_then(|node| node.as_str());
            let what = text("image").or_else(|| text("command")).unwrap_or_default();
            let resources = task.block("Resources");
            let number = |key: &str| resources.and_then(|resources| resources.int(key));
            let cpu = match (number("Cores"), number("CPU")) {
                (Some(cores), _) if cores > 0 => format!(", {cores} cores"),
                (_, Some(cpu)) => format!(", {cpu} MHz"),
                _ => String::new(),
            };
            let memory = number("MemoryMB").map_or_else(String::new, |memory| format!(", {memory} MB"));
            printer.line(format_args!(
                "{mark}     task \"{}\": {} {what}{cpu}{memory}",
                task.str("Name"),
                task.str("Driver"),
            ));
        }
    }
}

fn crons(periodic: &crate::jobspec::tree::Object) -> String {
    let list = match &periodic.get("Specs").value {
        Value::List(specs) => specs.iter().filter_map(|spec| spec.as_str()).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    if list.is_empty() { periodic.str("Spec").to_owned() } else { list }
}

/// What a job claims about its build.
pub fn claim(compiled: &Compiled) -> Option<Claim> {
    let merged = &compiled.merged;
    let githash = merged.text("githash").filter(|_| merged.text("hashtype") == Some("git"))?;
    let build = merged.text("buildname").unwrap_or(&merged.name);
    Some(Claim { githash: githash.to_owned(), build: build.to_owned() })
}

/// Lets the guards of the stage decide over all jobs that would be submitted, by their names and claims; `at` is the
/// commit of their plan, if that was made before.
pub fn guard<'r>(
    project: &Project,
    stage: &Stage,
    jobs: impl IntoIterator<Item = (&'r str, Option<&'r Claim>)>,
    args: &SubmitArgs,
    at: Option<guard::At<'_>>,
) -> Result<Provenance> {
    let escapes = Escapes {
        dirty: args.allow_dirty,
        unpushed: args.allow_unpushed,
        unknown_githash: args.allow_unknown_githash,
    };
    let builds: Vec<Build<'_>> = jobs
        .into_iter()
        .filter_map(|(job, claim)| {
            let claim = claim?;
            let repository = project.repositories.get(&claim.build).map(std::path::PathBuf::as_path);
            Some(Build { job, githash: &claim.githash, repository })
        })
        .collect();
    guard::check_at(stage, &project.root, at, &builds, escapes)
}

/// Where a job comes from. Who submits it, when, and from which commit is [`signed`] later.
fn origin(project: &Project, compiled: &Compiled, set: &SetArgs) -> Origin {
    let merged = &compiled.merged;
    Origin {
        tool: concat!("platy-manage ", env!("CARGO_PKG_VERSION")).to_owned(),
        job_key: merged.job_key.clone(),
        config: project.within(merged.file.source.name()).display().to_string(),
        project: revision::identity(project).to_owned(),
        stage: merged.stage.name.clone(),
        set: set.masked(),
        ..Origin::default()
    }
}

/// The origin with who submits it, now, and from which commit.
pub fn signed(origin: &Origin, provenance: &Provenance) -> Origin {
    Origin {
        commit: provenance.commit.clone(),
        dirty: !provenance.dirty.is_empty(),
        user: provenance.user.clone().unwrap_or_else(login),
        time: now(),
        escapes: provenance.escapes.clone(),
        ..origin.clone()
    }
}

/// The time, as submissions write it down.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What became of a submission.
pub struct Finished {
    /// How the deployment ended; `None` where it was not watched, or nothing was sent.
    pub outcome: Option<Outcome>,
    /// Whether a version was registered.
    pub registered: bool,
    /// The way back.
    pub back: Back,
}

impl Finished {
    /// What decides the exit code.
    pub fn failure_kind(&self) -> Option<FailureKind> {
        self.outcome.as_ref().and_then(Outcome::failure_kind)
    }

    /// It was not watched.
    fn unwatched(registered: bool) -> Self {
        Self { outcome: None, registered, back: Back::NotNeeded }
    }
}

/// Registers a planned job and follows it to its end; `alone` means that no other is followed.
pub fn submit(
    printer: &Printer,
    cluster: &dyn Cluster,
    ready: &Ready<'_>,
    origin: &Origin,
    args: &SubmitArgs,
    interrupted: &AtomicBool,
    alone: bool,
) -> Result<Finished> {
    let submitted = submit::register(cluster, ready.planned, &ready.source, origin)?;
    let Some(registered) = submitted.registered else {
        return Ok(Finished::unwatched(false));
    };
    let id = ready.id;
    if registered.recovered {
        printer.status("the answer was lost on the way; reading the job shows that it was registered");
    }
    if let Some(Err(warning)) = submit::tag(cluster, id, &registered, origin) {
        printer.diagnostics(&[warning]);
    }
    if args.detach {
        return Ok(Finished::unwatched(true));
    }
    let mut options = watch::Options::for_job(&ready.planned.job, interrupted);
    if let Some(timeout) = args.timeout {
        options.timeout = timeout;
    } else if let Some(healthy) = args.promote_after {
        options.timeout += healthy;
    }
    options.promote_after = args.promote_after;
    let mut view = View::new(printer, ready.name, alone);
    let outcome = watch::watch(cluster, id, &registered, &options, &mut |event| view.event(&event))?;
    drop(view);
    let back = versions::way_back_from(cluster, id, &outcome);
    Ok(Finished { outcome: Some(outcome), registered: true, back })
}

/// The difference and the plan of a job as JSON.
pub fn as_json(prepared: &Prepared<'_>, finished: Option<&Finished>) -> Json {
    let merged = &prepared.compiled.merged;
    let mut json = json!({
        "job": merged.name,
        "stage": merged.stage.name,
        "job_key": merged.job_key,
        "job_id": merged.job_id,
        "changed": prepared.planned.change != Change::None,
        "change": prepared.planned.change.word(),
        "index": prepared.planned.check_index(),
        "diff": prepared.shown(Style::plain(), diff::json::to_json),
        "groups": prepared.annotations.groups,
        "tasks": prepared.annotations.tasks,
        "moved": prepared.moved(),
        "preempted": preempted(&prepared.planned),
        "kept_counts": prepared.kept()
            .map(|kept| (kept.group.to_owned(), json!({"running": kept.running, "config": kept.config})))
            .collect::<serde_json::Map<String, Json>>(),
        "stale": false,
        "drift": prepared.drift,
        "unplaceable": prepared.planned.answer.failures.iter()
            .map(|(group, failure)| (group.clone(), placement::reasons(failure).into()))
            .collect::<serde_json::Map<String, Json>>(),
        "next_periodic_launch": prepared.planned.answer.next_periodic_launch,
        "server_warnings": prepared.planned.answer.warnings,
        "warnings": diagnostic::json::list(&prepared.compiled.warnings),
    });
    add_outcome(&mut json, finished);
    json
}

/// Adds what became of a submission to its plan.
pub fn add_outcome(json: &mut Json, finished: Option<&Finished>) {
    json["submitted"] = finished.is_some_and(|finished| finished.registered).into();
    let outcome = |finished: &Finished| {
        finished.outcome.as_ref().map(|outcome| watching::outcome_json(outcome, finished.back))
    };
    json["outcome"] = finished.and_then(outcome).unwrap_or_default();
}

/// Refuses to write to a job that another one would overwrite.
pub fn check_id(shared: &[SharedId], name: &str, stage: &Stage) -> Result<()> {
    match shared.iter().find(|shared| shared.concerns(name, &stage.name)) {
        Some(shared) => Err(Failure::invalid(vec![shared.diagnostic.clone()])),
        None => Ok(()),
    }
}
