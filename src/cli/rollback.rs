//! `rollback`: an older version of a job runs again.

use clap::Args;
use serde_json::Value as Json;

use super::again::{Again, Version};
use super::context::{Access, Context};
use super::follow::{self, FollowArgs, NO_VERSION, Under};
use super::output::{Styled, style};
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::deploy::credit;
use crate::deploy::submit::Change;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff;

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

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        target.held()?;
        let again = self.find(&target)?;
        let printer = &context.printer;
        let version = again.version.version;
        if printer.is_text() {
            again.show(printer, &format!("{} back to", Styled(style::BOLD, &target.name)));
        }
        if self.dry_run {
            if printer.is_text() {
                printer.status("dry run: nothing was submitted");
            } else {
                printer.json(&follow::as_json(&target, "rollback", again.to_json(false), Json::Null));
            }
            return Ok(Done::Ok);
        }
        let question = format!("go back to version {version} of `{}`?", target.id);
        context.confirm(self.yes, &question)?;
        let Some(registered) = again.submit(printer, &target, Some(version))? else { return Ok(Done::Ok) };
        let job = target.held()?;
        let (done, outcome) =
            follow::follow(context, &target, &job, Under::Registration(&registered), &self.follow)?;
        if printer.is_text() {
            printer.status(format_args!(
                "its file is as it was; the next `update` or `apply` submits that again: {}",
                target.command("diff")
            ));
        } else {
            printer.json(&follow::as_json(&target, "rollback", again.to_json(true), outcome));
        }
        Ok(done)
    }

    /// Finds the version, and asks the cluster what going back to it would do.
    fn find(&self, target: &Target<'_>) -> Result<Again> {
        let versions: Vec<Version> =
            target.cluster.versions(&target.id)?.into_iter().map(Version::read).collect::<Result<_>>()?;
        let back = match &self.to {
            Some(to) => named(target, versions, to)?,
            None => last_stable(target, versions)?,
        };
        let again = Again::plan(target, back)?;
        if again.planned.change == Change::None {
            let message = format!("version {} is what runs of `{}`", again.version.version, target.name);
            return Err(refuse(message, "there is nothing to go back to: it is the same job"));
        }
        Ok(again)
    }
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
