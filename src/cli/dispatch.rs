//! `dispatch`: an instance of a parameterized job.

use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::context::{Access, Context};
use super::follow::{self, FollowArgs, Under};
use super::target::{Target, TargetArgs};
use super::{Done, OUTPUT, Result, usage};
use crate::cluster::{DispatchRequest, Dispatched, Registered, RunningJob};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::load;

crate::codes! {
    /// The meta or payload is not what the job takes.
    BAD_DISPATCH = "P0975", "a dispatch does not have what the job takes", "docs/operate.md";
}

/// Nomad's limit (`DispatchPayloadSizeLimit` in `nomad/job_endpoint.go`).
const LARGEST_PAYLOAD: u64 = 16 * 1024;

/// Start an instance of a parameterized job, and follow it to its end
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// A value for the job, which it sees as NOMAD_META_KEY
    #[arg(long = "meta", value_name = "KEY=VALUE")]
    meta: Vec<String>,
    /// A file for the job; `-` is standard input
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    #[command(flatten)]
    follow: FollowArgs,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        if !job.parameterized {
            let (why, verb) = if job.periodic {
                ("runs by its schedule, and is not dispatched", "run")
            } else {
                ("takes no parameters, and is not dispatched", "status")
            };
            let hint = format!("what is meant may be `{}`", target.command(verb));
            return Err(target.wrong_kind(why, &hint));
        }
        let meta = self.meta.iter().map(|text| pair(text)).collect::<Result<IndexMap<_, _>>>()?;
        let payload = self.payload.as_deref().map_or(Ok(Vec::new()), read)?;
        check(&job, &meta, payload.is_empty())?;
        let request = DispatchRequest {
            job: target.id.clone(),
            meta,
            payload,
            // A lost answer is asked for again, and starts nothing twice.
            idempotency_token: Some(uuid::Uuid::new_v4().to_string()),
        };
        let started = target.cluster.dispatch(&request)?;
        follow_instance(context, &target, started, &self.follow, "dispatch")
    }
}

/// Tells what was started, and follows it.
pub(super) fn follow_instance(
    context: &Context,
    target: &Target<'_>,
    started: Dispatched,
    args: &FollowArgs,
    action: &str,
) -> Result<Done> {
    let printer = &context.printer;
    if printer.is_text() && started.job.is_empty() {
        printer.line(format_args!("{}: started; the cluster does not say what", target.name));
        printer.line(format_args!("  see what runs: {}", target.command("status")));
    } else if printer.is_text() {
        printer.line(format_args!("{}: started {}", target.name, started.job));
    }
    let (done, outcome) = match target.cluster.read_job(&started.job)?.filter(|_| !started.job.is_empty()) {
        Some(instance) => {
            let registered = Registered {
                eval_id: started.eval_id,
                job_modify_index: instance.job_modify_index,
                ..Registered::default()
            };
            follow::follow(context, target, &instance, Under::Instance(&registered), args)?
        }
        None => (Done::Ok, Json::Null),
    };
    if !printer.is_text() {
        printer.json(&follow::as_json(target, action, json!({"instance": started.job}), outcome));
    }
    Ok(done)
}

fn pair(text: &str) -> Result<(String, String)> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) =
        pair.ok_or_else(|| usage("a meta is a key and a value", "write it as `--meta KEY=VALUE`"))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = if path == Path::new("-") {
        load::bounded(std::io::stdin().lock(), LARGEST_PAYLOAD)
    } else {
        std::fs::File::open(path).and_then(|file| load::bounded(file, LARGEST_PAYLOAD))
    };
    let refuse = |code, message| Failure::new(FailureKind::Other, Diagnostic::error(code, message));
    match bytes {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            let message = format!(
                "`{}` is larger than {} KiB, the most that Nomad takes",
                path.display(),
                LARGEST_PAYLOAD >> 10
            );
            Err(refuse(&BAD_DISPATCH, message))
        }
        Err(error) => Err(refuse(&OUTPUT, format!("`{}` cannot be read: {error}", path.display()))),
    }
}

/// Refuses what the server would refuse, all at once.
fn check(job: &RunningJob, meta: &IndexMap<String, String>, no_payload: bool) -> Result<()> {
    let rules = &job.job["ParameterizedJob"];
    let keys = |key: &str| -> Vec<&str> {
        rules[key].as_array().into_iter().flatten().filter_map(Json::as_str).collect()
    };
    let (required, optional) = (keys("MetaRequired"), keys("MetaOptional"));
    let mut problems = Vec::new();
    for key in required.iter().filter(|key| !meta.contains_key(**key)) {
        problems.push(
            Diagnostic::error(&BAD_DISPATCH, format!("the meta `{key}` is missing"))
                .hint(format!("add `--meta {key}=VALUE`")),
        );
    }
    let known: Vec<&str> = required.iter().chain(&optional).copied().collect();
    for key in meta.keys().filter(|key| !known.contains(&key.as_str())) {
        let problem = Diagnostic::error(&BAD_DISPATCH, format!("the job takes no meta `{key}`"));
        let problem = problem.did_you_mean(key, known.iter().copied());
        problems.push(match &known[..] {
            [] => problem.hint("it takes none; `parameters` in its file declares them"),
            known => problem.hint(format!("it takes: {}", known.join(", "))),
        });
    }
    match rules["Payload"].as_str() {
        Some("required") if no_payload => problems
            .push(Diagnostic::error(&BAD_DISPATCH, "the job needs a payload").hint("add `--payload FILE`")),
        Some("forbidden") if !no_payload => problems
            .push(Diagnostic::error(&BAD_DISPATCH, "the job takes no payload").hint("leave `--payload` out")),
        _ => {}
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure { kind: FailureKind::Other, diagnostics: problems })
    }
}
