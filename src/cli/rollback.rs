//! `rollback`: an older version of a job runs again.

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context, masker, user};
use super::follow::{self, FollowArgs, NO_VERSION, Under};
use super::history::{made_by, when};
use super::output::{Printer, Styled, style};
use super::rollout::{self, running_job};
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{JobDocument, JobVersion, Origin};
use crate::deploy::credit;
use crate::deploy::submit::{self, Change, KeepCounts, Planned};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff::{self, JobDiff, annotations::Annotations, style::Style, text::Show};
use crate::jobspec::Job;

/// Go back to an older version of a job, and follow the deployment
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// The version, or the beginning of the commit that it was made from; without it, the newest stable version before
    /// the running one
    #[arg(long, value_name = "VERSION|COMMIT")]
    to: Option<String>,
    #[command(flatten)]
    follow: FollowArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// A version beside what it is as a job.
struct Version {
    version: JobVersion,
    job: Job,
}

/// What going back would be.
struct Way {
    back: Version,
    /// Who made it first.
    origin: Option<Origin>,
    planned: Planned,
    diff: JobDiff,
    annotations: Annotations,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        target.held()?;
        let way = self.way(&target)?;
        let printer = &context.printer;
        let version = way.back.version.version;
        let more = |submitted: bool| {
            json!({
                "to_version": version, "index": way.planned.check_index(), "submitted": submitted,
                "diff": way.shown(Style::plain(), diff::json::to_json), "origin": way.origin,
            })
        };
        if printer.is_text() {
            way.show(printer, &target);
        }
        if self.dry_run {
            if printer.is_text() {
                printer.status("dry run: nothing was submitted");
            } else {
                printer.json(&follow::as_json(&target, "rollback", more(false), Json::Null));
            }
            return Ok(Done::Ok);
        }
        let question = format!("go back to version {version} of `{}`?", target.id);
        context.confirm(self.yes, &question)?;
        let (source, origin) = way.submission(&target)?;
        let submitted = submit::register(&*target.cluster, &way.planned, &source, &origin)?;
        let Some(registered) = submitted.registered else { return Ok(Done::Ok) };
        if let Some(Err(warning)) = submit::tag(&*target.cluster, &target.id, &registered, &origin) {
            printer.diagnostics(&[warning]);
        }
        let job = target.held()?;
        let (done, outcome) =
            follow::follow(context, &target, &job, Under::Registration(&registered), &self.follow)?;
        if printer.is_text() {
            printer.status(format_args!(
                "its file is as it was; the next `update` or `apply` submits that again: {}",
                target.command("diff")
            ));
        } else {
            printer.json(&follow::as_json(&target, "rollback", more(true), outcome));
        }
        Ok(done)
    }

    /// Finds the version, and asks the cluster what going back to it would do.
    fn way(&self, target: &Target<'_>) -> Result<Way> {
        let versions: Vec<Version> = target
            .cluster
            .versions(&target.id)?
            .into_iter()
            .map(|version| Ok(Version { job: running_job(&version.job)?, version }))
            .collect::<Result<_>>()?;
        let back = match &self.to {
            Some(to) => named(target, versions, to)?,
            None => last_stable(target, versions)?,
        };
        let origin = credit::of(&*target.cluster, &back.version, &back.job).origin();
        let document = as_new(back.version.job.clone());
        let planned = submit::plan(&*target.cluster, document, KeepCounts::Scaled)?;
        if planned.change == Change::None {
            let message = format!("version {} is what runs of `{}`", back.version.version, target.name);
            return Err(refuse(message, "there is nothing to go back to: it is the same job"));
        }
        let running = rollout::live_job(planned.running.as_ref())?;
        let job = running_job(&planned.job)?;
        let diff = diff::diff(running.as_ref(), Some(&job));
        let groups = planned.answer.groups.iter().map(|(group, updates)| (group.clone(), *updates)).collect();
        Ok(Way { back, origin, planned, diff, annotations: Annotations { groups, ..Annotations::default() } })
    }
}

impl Way {
    fn shown<T>(&self, style: Style, show: impl FnOnce(&JobDiff, &Show<'_>) -> T) -> T {
        let how = Show { style, masker: masker(), place: None, annotations: Some(&self.annotations) };
        show(&self.diff, &how)
    }

    fn show(&self, printer: &Printer, target: &Target<'_>) {
        let version = &self.back.version;
        printer.line(format_args!(
            "{} back to version {} of {}  {}",
            Styled(style::BOLD, &target.name),
            version.version,
            when(version),
            Styled(style::DIM, made_by(self.origin.as_ref())),
        ));
        printer.result(self.shown(printer.diff_style(), diff::text::render));
        rollout::verdict(printer, &self.planned);
    }

    /// What is kept beside the new version: who went back, when, and what the version was made from.
    fn submission(&self, target: &Target<'_>) -> Result<(String, Origin)> {
        let version = self.back.version.version;
        let same_counts = submit::counts(&self.planned.job) == submit::counts(&self.back.version.job);
        let source = match &self.origin {
            Some(_) if same_counts => {
                target.cluster.submission(&target.id, version)?.map(|found| found.source)
            }
            _ => None,
        };
        let source = match source {
            Some(source) => source,
            None => running_job(&self.planned.job)?.to_hcl(),
        };
        let origin = Origin {
            tool: concat!("platy-manage ", env!("CARGO_PKG_VERSION")).to_owned(),
            stage: target.stage.name.clone(),
            user: user(target.project),
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            rollback_to: Some(version),
            escapes: Vec::new(),
            ..self.origin.clone().unwrap_or_default()
        };
        Ok((source, origin))
    }
}

/// A version as it is registered again: without what the server keeps of it.
fn as_new(mut document: JobDocument) -> JobDocument {
    const KEPT_BY_THE_SERVER: [&str; 9] = [
        "CreateIndex",
        "JobModifyIndex",
        "ModifyIndex",
        "Stable",
        "Status",
        "StatusDescription",
        "SubmitTime",
        "Version",
        "VersionTag",
    ];
    if let Some(job) = document.as_object_mut() {
        job.retain(|key, _| !KEPT_BY_THE_SERVER.contains(&key.as_str()));
        job.insert("Stop".to_owned(), false.into());
    }
    document
}

fn refuse(message: String, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Other, Diagnostic::error(&NO_VERSION, message).hint(hint))
}

/// The version of this number, tag or commit.
fn named(target: &Target<'_>, versions: Vec<Version>, to: &str) -> Result<Version> {
    if let Ok(number) = to.parse::<u64>()
        && versions.iter().any(|version| version.version.version == number)
    {
        let found = versions.into_iter().find(|version| version.version.version == number);
        return found.ok_or_else(|| target.not_there());
    }
    let known: Vec<_> = versions.iter().map(|version| version.version.version.to_string()).collect();
    let is_it = |version: &Version| {
        let by_tag = version.version.tag.as_ref().is_some_and(|tag| tag.name == to);
        // A rollback is of the same commit as what it went back to: either is right, and the newest is taken.
        by_tag
            || to.len() >= 4
                && credit::of(&*target.cluster, &version.version, &version.job)
                    .origin()
                    .is_some_and(|origin| origin.commit.starts_with(&to.to_lowercase()))
    };
    versions.into_iter().find(is_it).ok_or_else(|| {
        let message = format!("the cluster has no version `{to}` of `{}`", target.name);
        let history = target.command("history");
        refuse(message, format!("it still has {}; with their commits: `{history}`", known.join(", ")))
    })
}

/// The newest version before the current one that was stable, and differs from it.
fn last_stable(target: &Target<'_>, versions: Vec<Version>) -> Result<Version> {
    let mut versions = versions.into_iter();
    let Some(current) = versions.next() else { return Err(target.not_there()) };
    let found = versions.find(|version| {
        version.version.stable
            && !version.version.stopped
            && diff::diff(Some(&version.job), Some(&current.job)).kind.is_some()
    });
    found.ok_or_else(|| {
        let message = format!("no older version of `{}` was stable and differs from what runs", target.name);
        let history = target.command("history");
        refuse(message, format!("name a version of `{history}` with `--to`"))
    })
}
