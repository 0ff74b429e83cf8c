//! `watch`: what is under way already, to its end.

use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context};
use super::duration;
use super::follow::{self, FollowArgs, Under};
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{Deployment, Evaluation, Registered, RunningJob, Wait};

/// Follow what is under way to its end: a deployment, or the run of a batch job
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// How long to wait for the end, e.g. `90s`, `15m`; decided by the job's deadlines unless given
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

/// What is under way.
enum Found {
    Deployment(Deployment),
    Evaluation(Evaluation),
    /// Nothing; the last deployment, if there ever was one.
    Nothing(Option<Deployment>),
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Reads)?;
        let job = target.held()?;
        let args = FollowArgs { detach: false, timeout: self.timeout };
        let (done, outcome) = match find(&target, &job)? {
            Found::Deployment(deployment) => {
                follow::follow(context, &target, &job, Under::Deployment(&deployment), &args)?
            }
            Found::Evaluation(evaluation) => {
                let registered = Registered {
                    eval_id: Some(evaluation.id),
                    job_modify_index: job.job_modify_index,
                    ..Registered::default()
                };
                // A batch job is under way until its tasks have ended.
                let under = match job.kind.as_str() {
                    "batch" | "sysbatch" => Under::Instance(&registered),
                    _ => Under::Registration(&registered),
                };
                follow::follow(context, &target, &job, under, &args)?
            }
            Found::Nothing(last) => {
                let printer = &context.printer;
                if printer.is_text() {
                    printer.line(format_args!("{}: nothing is under way", target.name));
                    if let Some(last) = last {
                        let (version, status) = (last.job_version, last.status);
                        printer.line(format_args!(
                            "  the deployment of version {version} ended: {status} ({})",
                            last.status_description
                        ));
                    }
                    printer.status(format_args!("see what runs: {}", target.command("status")));
                }
                (Done::Ok, Json::Null)
            }
        };
        if !context.printer.is_text() {
            context.printer.json(&follow::as_json(
                &target,
                "watch",
                json!({"version": job.version}),
                outcome,
            ));
        }
        Ok(done)
    }
}

fn find(target: &Target<'_>, job: &RunningJob) -> Result<Found> {
    let latest = target.cluster.latest_deployment(&target.id, Wait::NOW)?.value;
    if let Some(deployment) = latest.as_ref().filter(|latest| !latest.is_over()) {
        return Ok(Found::Deployment(deployment.clone()));
    }
    // A schedule has nothing to follow; its instances are jobs of their own.
    if job.stopped || job.periodic || job.parameterized {
        return Ok(Found::Nothing(latest));
    }
    let evaluations = target.cluster.evaluations(&target.id)?;
    let open =
        evaluations.iter().find(|evaluation| matches!(evaluation.status.as_str(), "pending" | "blocked"));
    let allocations = target.cluster.allocations(&target.id, Wait::NOW)?.value;
    let ends = matches!(job.kind.as_str(), "batch" | "sysbatch");
    let under_way = allocations.iter().any(|allocation| {
        allocation.job_version == job.version
            && allocation.desired_status == "run"
            && (allocation.client_status == "pending" || ends && allocation.client_status == "running")
    });
    Ok(match open.or_else(|| evaluations.first().filter(|_| under_way)) {
        Some(evaluation) => Found::Evaluation(evaluation.clone()),
        None => Found::Nothing(latest),
    })
}
