//! `apply FILE`: what a plan file holds is submitted, or nothing.

use std::io::Read;
use std::path::Path;

use super::batch::{self, Batch, Line, What};
use super::context::{Context, nomad_environment};
use super::output::{Styled, style};
use super::rollout::{self, Ready};
use super::submit_args::SubmitArgs;
use super::validate::count;
use super::{Done, Result, asking, usage};
use crate::cluster::nomad::{Connection, NomadCluster};
use crate::cluster::{Cluster, PlanAnswer, RunningJob};
use crate::deploy::credit::{self, Credit};
use crate::deploy::guard::{self, At, Provenance};
use crate::deploy::hold;
use crate::deploy::planfile::{ELSEWHERE, Identity, LARGEST, MOVED, PlanFile, PlannedJob, broken};
use crate::deploy::submit::Planned;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff::style::clean;
use crate::project::{NO_PROJECT, Project, Stage};

/// How the file is applied.
pub struct How<'h> {
    /// The stages that the command line names.
    pub stages: &'h [String],
    /// How each job is submitted.
    pub submit: &'h SubmitArgs,
    /// Deployments at once.
    pub parallel: usize,
    /// Stop after so many failures.
    pub max_failures: Option<u32>,
    /// With a dry run: whether differences have an exit code.
    pub exit_code: bool,
}

/// Applies a plan file.
pub fn run(context: &Context, path: &Path, how: &How<'_>) -> Result<Done> {
    let file = PlanFile::from_bytes(&read(path)?)?;
    check_stage(&file, how.stages)?;
    let printer = &context.printer;
    let project = match context.project() {
        Ok(project) => Some(project),
        Err(failure) if failure.diagnostics.iter().all(|found| found.code.id == NO_PROJECT.id) => None,
        Err(failure) => return Err(failure),
    };
    let stage = project.as_ref().map(|project| project.stage(&file.stage)).transpose()?;
    if let Some(stage) = stage {
        guard::named(stage, !how.stages.is_empty())?;
    }
    let at = At { commit: &file.commit, dirty: file.dirty };
    let cluster = match open(project.as_ref().zip(stage), &file) {
        Ok(cluster) => cluster,
        Err(failure) => {
            // As in `guarded`: the guards speak before what the settings lack.
            if let (Some(project), Some(stage), false) = (&project, stage, how.submit.dry_run) {
                rollout::guard(project, stage, [], how.submit, Some(at))?;
            }
            return Err(failure);
        }
    };
    let here = Identity::of(&*cluster);
    if here != file.cluster {
        return Err(elsewhere(format!("it is for {}, and here is {}", file.cluster.words(), here.words())));
    }
    printer.detail(format_args!("planned at {} for {}", file.time, file.cluster.words()));
    let held =
        asking::each(&*cluster, super::planning::REQUESTS, &file.jobs, |job| cluster.read_job(&job.id));
    let held = held.into_iter().collect::<Result<Vec<_>>>()?;
    // A mark does not move the index, and nothing is submitted where any job is held.
    held.iter().flatten().try_for_each(hold::check)?;
    let moved: Vec<_> = file
        .jobs
        .iter()
        .zip(&held)
        .filter(|(job, held)| held.as_ref().map_or(0, |held| held.job_modify_index) != job.index)
        .map(|(job, held)| moved(&*cluster, job, held.as_ref()))
        .collect();
    if !moved.is_empty() {
        return Err(Failure { kind: FailureKind::Stale, diagnostics: moved });
    }
    let planned: Vec<Planned> = file.jobs.iter().zip(held).map(|(job, held)| planned(job, held)).collect();
    let ready: Vec<Ready<'_>> =
        file.jobs.iter().zip(&planned).map(|(job, planned)| ready(&file, job, planned)).collect();
    if printer.is_text() {
        printer.line(format_args!(
            "{} of {}, planned at {}",
            Styled(style::BOLD, count(ready.len(), "job")),
            file.stage,
            clean(&file.time)
        ));
    }
    let mut lines = Vec::new();
    if how.submit.dry_run {
        lines.extend(ready.into_iter().map(|ready| Line {
            job: ready.name.to_owned(),
            stage: file.stage.clone(),
            what: What::Would(batch::word(ready.planned.change)),
            json: ready.json,
        }));
        return Ok(batch::summary(context, &lines, true, how.exit_code));
    }
    let provenance = match (&project, stage) {
        (Some(project), Some(stage)) => {
            rollout::guard(project, stage, ready.iter().map(Ready::claimed), how.submit, Some(at))?
        }
        _ => Provenance {
            commit: file.commit.clone(),
            dirty: if file.dirty { vec![String::new()] } else { Vec::new() },
            ..Provenance::default()
        },
    };
    let order: Vec<_> = ready.iter().map(|ready| (ready.name, ready.needs)).collect();
    let waves = batch::waves(&order)?;
    let batch = Batch {
        context,
        stage: &file.stage,
        cluster: &*cluster,
        submit: how.submit,
        parallel: how.parallel,
        max_failures: how.max_failures,
    };
    batch.run(&waves, &ready, &provenance, &mut lines);
    Ok(batch::summary(context, &lines, false, false))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let unreadable = |error: std::io::Error| broken(format!("`{}` cannot be read: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(broken(format!("`{}` is no file", path.display())));
    }
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(broken(format!("`{}` is larger than {} MiB", path.display(), LARGEST >> 20)));
    }
    Ok(bytes)
}

/// A stage may be named, and a protected one must be: the file alone selects none.
fn check_stage(file: &PlanFile, stages: &[String]) -> Result<()> {
    if let Some(other) = stages.iter().find(|name| **name != file.stage) {
        return Err(usage(
            format!("the plan is for the stage `{}`, not for `{other}`", file.stage),
            format!("name that one: `--stage={}`", file.stage),
        ));
    }
    if file.protected && stages.is_empty() {
        let message = format!("the plan is for the stage `{}`, which is protected", file.stage);
        let hint = format!("name it on the command line: `--stage={}`", file.stage);
        let diagnostic = Diagnostic::error(&guard::NOT_NAMED, message).hint(hint);
        return Err(Failure::new(FailureKind::Refused, diagnostic));
    }
    Ok(())
}

/// The cluster: that of the project; without one, that of the environment.
///
/// A file alone decides no address, for a token would be sent there; and without a project nobody guards a protected
/// stage.
fn open(project: Option<(&Project, &Stage)>, file: &PlanFile) -> Result<Box<dyn Cluster>> {
    if let Some((project, stage)) = project {
        return rollout::open(project, stage);
    }
    if file.protected {
        return Err(elsewhere(format!(
            "the stage `{}` is protected, and its guards are in the project, which is not here",
            file.stage
        )));
    }
    let environment = nomad_environment();
    let Some(address) = environment.address.as_deref() else {
        return Err(elsewhere(format!("it is for {}, and there is no project here", file.cluster.words())));
    };
    let connection = Connection::bare(address, &file.cluster.namespace, &environment)?;
    Ok(Box::new(NomadCluster::new(connection)?))
}

fn elsewhere(why: String) -> Failure {
    let diagnostic = Diagnostic::error(&ELSEWHERE, format!("the plan file cannot be applied here: {why}"));
    Failure::new(
        FailureKind::Refused,
        diagnostic.hint(
            "run this in the project, or set `NOMAD_ADDR` (and `NOMAD_REGION`, if any) to what was planned for",
        ),
    )
}

/// What moved, and by whom if that is known.
fn moved(cluster: &dyn Cluster, job: &PlannedJob, held: Option<&RunningJob>) -> Diagnostic {
    let says = match (job.index, held) {
        (index, None) => format!("was at index {index}, and does not exist any more"),
        (0, Some(held)) => format!("did not exist, and is at version {} now", held.version),
        (index, Some(held)) => {
            format!(
                "was at index {index}, and is at {} (version {}) now",
                held.job_modify_index, held.version
            )
        }
    };
    let mut diagnostic = Diagnostic::error(&MOVED, format!("`{}` {says}: nothing was submitted", job.id));
    if let Some(held) = held {
        let credit = rollout::running_job(&held.job).map(|job| credit::of(cluster, held, &job));
        let who = match credit.unwrap_or(Credit::Unknown) {
            _ if held.stopped => "it was stopped".to_owned(),
            Credit::Made(origin) => rollout::signature(&origin),
            Credit::ByHand => "it was changed without platy-manage".to_owned(),
            Credit::Unknown => "the cluster does not say by whom".to_owned(),
        };
        diagnostic = diagnostic.hint(who);
    }
    diagnostic.hint("look at the difference again: `platy-manage plan`")
}

fn planned(job: &PlannedJob, running: Option<RunningJob>) -> Planned {
    let answer = PlanAnswer { job_modify_index: job.index, ..PlanAnswer::default() };
    Planned { job: job.job.clone(), running, answer, change: job.change }
}

fn ready<'p>(file: &PlanFile, job: &'p PlannedJob, planned: &'p Planned) -> Ready<'p> {
    Ready {
        name: &job.name,
        id: &job.id,
        needs: &job.needs,
        planned,
        source: job.source.clone(),
        origin: job.origin.clone(),
        claim: job.claim.clone(),
        json: serde_json::json!({
            "job": job.name,
            "stage": file.stage,
            "job_key": job.origin.job_key,
            "job_id": job.id,
            "changed": true,
            "change": job.change.word(),
            "index": job.index,
        }),
    }
}
