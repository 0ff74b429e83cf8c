//! Following what is under way already: what `promote`, `fail`, `watch` and `rollback` share.

use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::Context;
use super::duration;
use super::live::View;
use super::target::Target;
use super::watching::{self, Back, Followed};
use super::{Done, Result, check_wait, versions};
use crate::cluster::{Deployment, Registered, RunningJob, Wait};
use crate::deploy::instance;
use crate::deploy::watch::{self, Options, Outcome, WatchEvent};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

crate::codes! {
    /// No deployment is under way.
    NO_DEPLOYMENT = "P0960", "no deployment of the job is under way", "docs/deploy.md";
    /// The deployment has no canaries that could be promoted now.
    NO_CANARIES = "P0961", "there are no canaries to promote", "docs/deploy.md";
    /// The job has no such version.
    NO_VERSION = "P0962", "the job has no version to go back to", "docs/deploy.md";
}

/// How long, and whether, the end is waited for.
#[derive(Debug, Args)]
pub struct FollowArgs {
    /// Do not wait for the end
    #[arg(long)]
    pub detach: bool,
    /// How long to wait for the end, e.g. `90s`, `15m`; decided by the job's deadlines unless given
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
}

impl FollowArgs {
    /// Refuses options that only make sense apart.
    pub fn check(&self) -> Result<()> {
        check_wait(self.detach, self.timeout)
    }
}

/// What is followed.
pub enum Under<'a> {
    /// A deployment.
    Deployment(&'a Deployment),
    /// What began with an evaluation.
    Registration(&'a Registered),
    /// An instance of a periodic or parameterized job, to its end.
    Instance(&'a Registered),
}

/// The deployment that is under way; why there is none to work on else.
pub fn current(target: &Target<'_>, job: &RunningJob) -> Result<Deployment> {
    if !matches!(job.kind.as_str(), "service" | "system") || job.periodic || job.parameterized {
        let status = format!("to see what runs: `{}`", target.command("status"));
        return Err(
            target.wrong_kind(&format!("is a {} job: only services are rolled out", job.kind), &status)
        );
    }
    let latest = target.cluster.latest_deployment(&target.id, Wait::NOW)?.value;
    let message = format!("no deployment of `{}` is under way in `{}`", target.name, target.stage.name);
    let none = Diagnostic::error(&NO_DEPLOYMENT, message);
    let status = format!("to see what runs: `{}`", target.command("status"));
    let none = match latest {
        Some(latest) if !latest.is_over() => return Ok(latest),
        Some(latest) => none.hint(format!(
            "that of version {} ended: {} ({})",
            latest.job_version, latest.status, latest.status_description
        )),
        None => none.hint("the job never had one"),
    };
    Err(Failure::new(FailureKind::Other, none.hint(status)))
}

/// Follows to the end, and tells it. Gives what decides the exit code, and the outcome as JSON.
pub(super) fn follow(
    context: &Context,
    target: &Target<'_>,
    job: &RunningJob,
    what: Under<'_>,
    args: &FollowArgs,
) -> Result<(Done, Json)> {
    if args.detach {
        return Ok((Done::Ok, Json::Null));
    }
    let printer = &context.printer;
    let mut options = Options::for_job(&job.job, context.interrupted());
    if let Some(timeout) = args.timeout {
        options.timeout = timeout;
    }
    let mut view = View::new(printer, &target.name, true);
    let mut show = |event: WatchEvent| view.event(&event);
    let is_instance = matches!(what, Under::Instance(_));
    let outcome: Outcome = match what {
        Under::Deployment(deployment) => watch::resume(&*target.cluster, deployment, &options, &mut show),
        Under::Registration(registered) => {
            watch::watch(&*target.cluster, &job.id, registered, &options, &mut show)
        }
        Under::Instance(registered) => {
            instance::follow(&*target.cluster, &job.id, registered, &options, &mut show)
        }
    }?;
    drop(view);
    let back = match (is_instance, versions::way_back_from(&*target.cluster, &target.id, &outcome)) {
        // An instance that failed is no reason to stop the job.
        (true, Back::Nowhere) => Back::NotNeeded,
        (_, back) => back,
    };
    if printer.is_text() {
        let job = Followed { name: &target.name, stage: &target.stage.name, back };
        watching::outcome(printer, job, &outcome);
    }
    let done = outcome.failure_kind().map_or(Done::Ok, Done::Shown);
    Ok((done, watching::outcome_json(&outcome, back)))
}

/// The answer of a command on one job as JSON.
pub fn as_json(target: &Target<'_>, action: &str, more: Json, outcome: Json) -> Json {
    let mut json = json!({
        "job": target.name, "stage": target.stage.name, "job_id": target.id, "action": action,
    });
    if let (Some(json), Json::Object(more)) = (json.as_object_mut(), more) {
        json.extend(more);
        json.insert("outcome".to_owned(), outcome);
    }
    json
}
