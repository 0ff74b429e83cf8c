//! `drift`: what is written, what was submitted last, and what runs, told apart.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::batch::worst;
use super::context::{Access, Context, StageArgs, job_names, masker};
use super::history::{made_by, when};
use super::orphans::{self, Orphan};
use super::output::{Printer, Styled, style};
use super::planning::REQUESTS;
use super::progress::Progress;
use super::rollout;
use super::validate::count;
use super::{Done, Result, asking};
use crate::cluster::RunningJob;
use crate::compile::Compiled;
use crate::deploy::drift::{self, Drift, State};
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::diff::Spot;
use crate::diff::text::Show;
use crate::diff::{self, JobDiff, style::Style};
use crate::git::Git;
use crate::project::{FILE, Project, Stage};
use crate::revision;

/// Tell a config that is not applied yet from a job that somebody changed by hand
#[derive(Debug, Args)]
pub struct Command {
    /// The jobs; all of the project unless some are named
    #[arg(value_name = "NAME", conflicts_with = "all", add = job_names())]
    names: Vec<String>,
    /// Every job of the project, and those that run without a file
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    stage: StageArgs,
    /// Exit with 2 if anything drifts
    #[arg(long)]
    exit_code: bool,
}

/// A job with its drift, or why that is not known.
struct Line {
    name: String,
    found: std::result::Result<Found, Failure>,
}

struct Found {
    compiled: Box<Compiled>,
    drift: Drift,
    since: Option<Since>,
}

/// Since when the files of a job are not what was submitted.
#[derive(Default)]
struct Since {
    /// The first commit that changed one of them, in full.
    commit: Option<String>,
    /// Whether they have changes that are not committed.
    uncommitted: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Reads)?;
        let all = self.names.is_empty();
        let jobs = if all { project.jobs()? } else { project.pick(&self.names)? };
        let cluster = rollout::open(&project, stage)?;
        let printer = &context.printer;
        let outcomes = context.compiler(&project).fleet(&jobs, &[stage], &[]);
        let progress = Progress::new(printer, "drift", outcomes.len());
        let compared = asking::each(&*cluster, REQUESTS, &outcomes, |outcome| {
            let drift = outcome.result.as_ref().ok().map(|compiled| drift::of(&*cluster, compiled.job()));
            progress.step();
            drift.transpose()
        });
        drop(progress);
        let files = Files::new(&project);
        let lines: Vec<Line> = outcomes
            .into_iter()
            .zip(compared)
            .map(|(outcome, drift)| {
                let found = match (outcome.result, drift) {
                    (Err(problems), _) => Err(Failure::invalid(problems)),
                    (Ok(_), Err(failure)) => Err(failure),
                    (Ok(compiled), Ok(Some(drift))) => {
                        let since = files.since(&compiled, &drift);
                        Ok(Found { compiled, drift, since })
                    }
                    (Ok(_), Ok(None)) => Err(Failure::invalid(Vec::new())),
                };
                Line { name: outcome.name, found }
            })
            .collect();
        let unreachable =
            |line: &&Line| matches!(&line.found, Err(failure) if failure.kind == FailureKind::Unreachable);
        let orphans = match all && !lines.iter().any(|line| unreachable(&line)) {
            true => orphans::if_allowed(&*cluster, &project, stage)?,
            false => Ok(Vec::new()),
        };
        let kinds: Vec<_> =
            lines.iter().filter_map(|line| line.found.as_ref().err()).map(|it| it.kind).collect();
        let drifting =
            lines.iter().filter(|line| matches!(&line.found, Ok(found) if found.drift.drifts())).count();
        if printer.is_text() {
            show(printer, stage, &lines, &orphans, !all);
        } else {
            let objects: Vec<_> = lines.iter().map(Line::to_json).collect();
            let orphans = orphans.as_ref().ok().filter(|_| all);
            let ids = |foreign: bool| {
                let ids = |found: &Vec<Orphan>| -> Vec<String> {
                    let these = found.iter().filter(|orphan| orphan.of.is_some() == foreign);
                    these.map(|orphan| orphan.stub.id.clone()).collect()
                };
                orphans.map(ids)
            };
            printer.json(&json!({
                "stage": stage.name, "jobs": objects, "drifting": drifting, "orphans": ids(false), "foreign": ids(true),
            }));
        }
        if let Some(kind) = worst(&kinds) {
            return Ok(Done::Shown(kind));
        }
        let any = drifting > 0 || orphans.is_ok_and(|found| found.iter().any(|orphan| orphan.of.is_none()));
        Ok(if self.exit_code && any { Done::Differences } else { Done::Ok })
    }
}

/// What git says of the files of jobs.
struct Files {
    git: Option<Git>,
    /// The project's folder in the repository.
    folder: PathBuf,
    dirty: Vec<PathBuf>,
}

impl Files {
    fn new(project: &Project) -> Self {
        // What only explains more may be missing.
        let git = Git::find(&project.root).ok().flatten();
        let folder = git.as_ref().map(|git| revision::within(git, project)).unwrap_or_default();
        let dirty = git.as_ref().and_then(|git| git.dirty(Some(&project.root)).ok()).unwrap_or_default();
        Self { git, folder, dirty }
    }

    fn since(&self, compiled: &Compiled, drift: &Drift) -> Option<Since> {
        let (git, last) = (self.git.as_ref()?, drift.last.as_ref()?);
        drift.not_applied.as_ref()?;
        let merged = &compiled.merged;
        let inside = |name: &str| {
            let parts = Path::new(name).components().filter(|part| matches!(part, Component::Normal(_)));
            self.folder.join(parts.collect::<PathBuf>())
        };
        let mut paths = vec![inside(merged.file.source.name()), inside(FILE)];
        paths.extend(compiled.rendered.lines.templates().map(inside));
        paths.push(inside(&format!("schemas/{}.schema.json", merged.template)));
        let uncommitted = self.dirty.iter().any(|path| paths.contains(path));
        let commit = match last.origin.commit.as_str() {
            "" => None,
            commit => git.first_change(commit, &paths).ok().flatten(),
        };
        Some(Since { commit, uncommitted })
    }
}

impl Since {
    fn words(&self) -> String {
        match (&self.commit, self.uncommitted) {
            (Some(commit), uncommitted) => {
                let more = if uncommitted { ", and changes that are not committed" } else { "" };
                format!(", since commit {}{more}", commit.get(..12).unwrap_or(commit))
            }
            (None, true) => ", by changes that are not committed".to_owned(),
            (None, false) => String::new(),
        }
    }
}

/// The state in the words of the first column.
fn title(drift: &Drift) -> Styled<&'static str> {
    match drift.state {
        State::InStep => Styled(style::GOOD, "in step"),
        State::Scaled if drift.autoscaled => Styled(style::GOOD, "autoscaled"),
        State::NotApplied => Styled(style::CHANGED, "not applied"),
        State::ByHand => Styled(style::BAD, "by hand"),
        State::Both => Styled(style::BAD, "both"),
        State::Scaled => Styled(style::CHANGED, "scaled"),
        State::Reverted => Styled(style::BAD, "reverted"),
        State::Stopped => Styled(style::CHANGED, "stopped"),
        State::NotCreated => Styled(style::CHANGED, "not created"),
        State::Unknown => Styled(style::CHANGED, "unknown"),
    }
}

/// As wide as the widest title.
const TITLE: usize = 11;

impl Found {
    /// What there is to say in a line.
    fn words(&self) -> String {
        let drift = &self.drift;
        let version = drift.running.as_ref().map_or(0, |running| running.version);
        match drift.state {
            State::InStep | State::NotCreated => String::new(),
            State::Stopped => format!("at version {version}"),
            State::Unknown => {
                format!("differs from its file; the cluster has forgotten who made version {version}")
            }
            State::Scaled if drift.autoscaled => "only counts of groups with `scaling` differ".to_owned(),
            State::NotApplied => self.not_applied(),
            State::ByHand | State::Scaled | State::Reverted => self.by_hand(),
            State::Both => format!("{}; {}", self.by_hand(), self.not_applied()),
        }
    }

    fn not_applied(&self) -> String {
        let since = self.since.as_ref().map(Since::words).unwrap_or_default();
        match &self.drift.last {
            Some(last) => {
                let set = if last.origin.set.is_empty() {
                    String::new()
                } else {
                    format!(" with --set {}", last.origin.set.join(" --set "))
                };
                format!(
                    "the file differs from version {} ({}{set}){since}",
                    last.version.version,
                    made_by(Some(&last.origin)),
                )
            }
            None => "the file differs from what runs".to_owned(),
        }
    }

    fn by_hand(&self) -> String {
        let drift = &self.drift;
        let Some(last) = &drift.last else {
            let version = drift.running.as_ref().map(version_of).unwrap_or_default();
            return format!(
                "{version} is not by platy-manage, nor is any other version that the cluster has"
            );
        };
        let since = match &drift.others[..] {
            [] => drift.running.as_ref().map(version_of).unwrap_or_default(),
            [one] => version_of(one),
            [newest, .., oldest] => format!(
                "versions {} to {}",
                oldest.version,
                version_of(newest).trim_start_matches("version ")
            ),
        };
        let ours = format!("version {} ({})", last.version.version, made_by(Some(&last.origin)));
        match (drift.back_to, drift.state) {
            (Some(to), _) => format!("version {to} runs again, as {since}, instead of {ours}"),
            (None, State::Scaled) => format!("{since} only has other counts than {ours}"),
            _ => format!("{since} is not by platy-manage, and changed {ours}"),
        }
    }
}

fn version_of(version: &RunningJob) -> String {
    format!("version {} of {}", version.version, when(version))
}

fn show(
    printer: &Printer,
    stage: &Stage,
    lines: &[Line],
    orphans: &std::result::Result<Vec<Orphan>, Diagnostic>,
    named: bool,
) {
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let mut shown = HashMap::new();
    let (mut drifting, mut broken) = (0, 0);
    for line in lines {
        let name = Styled(style::BOLD, format!("{:width$}", line.name));
        match &line.found {
            Ok(found) => {
                drifting += usize::from(found.drift.drifts());
                let (Styled(colour, word), words) = (title(&found.drift), found.words());
                let pad = if words.is_empty() { 0 } else { TITLE + 2 - word.len() };
                printer.line(format_args!("{name}  {}{:pad$}{words}", Styled(colour, word), ""));
                if named && lines.len() == 1 {
                    details(printer, stage, &line.name, found);
                }
            }
            Err(failure) => {
                broken += 1;
                // Nobody is there to ask about the others: once is enough.
                let why = failure
                    .diagnostics
                    .iter()
                    .map(|found| found.message.as_str())
                    .collect::<Vec<_>>()
                    .join("\n");
                if shown.insert(why, ()).is_none() {
                    printer.diagnostics(&failure.diagnostics);
                }
                // Hundreds of lines that say the same would hide the one reason.
                if failure.kind == FailureKind::Unreachable && lines.len() > 1 {
                    continue;
                }
                let word = if failure.kind == FailureKind::Invalid { "invalid" } else { "not known" };
                printer.line(format_args!("{name}  {}", Styled(style::BAD, word)));
            }
        }
    }
    match orphans {
        Ok(found) => orphans::show(printer, stage, found),
        Err(warning) => printer.diagnostics(std::slice::from_ref(warning)),
    }
    if lines.len() > 1 {
        let verb = if drifting == 1 { "drifts" } else { "drift" };
        let rest = lines.len() - drifting - broken;
        let broken = if broken > 0 { format!(", {broken} not known") } else { String::new() };
        printer.line(format_args!("{} {verb}, {rest} in step{broken}", count(drifting, "job")));
    }
}

/// The differences of the one job that was named, and what to do.
fn details(printer: &Printer, stage: &Stage, name: &str, found: &Found) {
    let drift = &found.drift;
    let find = |spot: Spot<'_>| found.compiled.cause(spot);
    let plain = Show { style: printer.diff_style(), ..Show::plain(masker()) };
    if let Some(diff) = drift.by_hand.as_ref().filter(|_| drift.state != State::NotApplied) {
        printer.line("changed in the cluster:");
        indented(printer, diff, &plain);
    }
    if let Some(diff) = &drift.not_applied {
        printer.line("not applied:");
        indented(printer, diff, &Show { place: Some(&find), ..plain });
    }
    let stage = &stage.name;
    let say = |text: String| printer.status(text);
    match drift.state {
        State::InStep => {}
        State::NotCreated => say(format!("create it: platy-manage create {name} --stage={stage}")),
        State::Stopped => say(format!("start it again: platy-manage start {name} --stage={stage}")),
        State::Scaled if drift.autoscaled => {}
        State::NotApplied | State::Unknown => {
            say(format!("apply it: platy-manage update {name} --stage={stage}"))
        }
        State::ByHand | State::Both | State::Scaled => say(format!(
            "write the change into its file to keep it; to undo it: platy-manage update {name} --stage={stage}"
        )),
        State::Reverted => say(format!("submit the file again: platy-manage update {name} --stage={stage}")),
    }
}

fn indented(printer: &Printer, diff: &JobDiff, show: &Show<'_>) {
    for line in diff::text::render(diff, show).lines() {
        printer.line(format_args!("    {line}"));
    }
}

impl Line {
    fn to_json(&self) -> Json {
        let found = match &self.found {
            Ok(found) => found,
            Err(failure) => {
                let errors = diagnostic::json::list(&failure.diagnostics);
                return json!({"job": self.name, "errors": errors});
            }
        };
        let drift = &found.drift;
        let find = |spot: Spot<'_>| found.compiled.cause(spot);
        let show = Show { style: Style::plain(), ..Show::plain(masker()) };
        let version =
            |version: &RunningJob| json!({"version": version.version, "submit_time": version.submit_time});
        let placed = Show { place: Some(&find), ..Show::plain(masker()) };
        json!({
            "job": self.name,
            "job_id": found.compiled.merged.job_id,
            "state": drift.state.word(),
            "drift": drift.drifts(),
            "running": drift.running.as_ref().map(version),
            "last": drift.last.as_ref().map(|last| json!({
                "version": last.version.version,
                "submit_time": last.version.submit_time,
                "origin": last.origin,
            })),
            "others": drift.others.iter().map(version).collect::<Vec<_>>(),
            "back_to": drift.back_to,
            "by_hand": drift.by_hand.as_ref().map(|diff| diff::json::to_json(diff, &show)),
            "not_applied": drift.not_applied.as_ref().map(|diff| diff::json::to_json(diff, &placed)),
            "since": found.since.as_ref().map(|since| json!({
                "commit": since.commit, "uncommitted": since.uncommitted,
            })),
        })
    }
}
