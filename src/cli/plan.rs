//! `plan`: what submitting jobs would change, as the cluster sees it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::batch::worst;
use super::context::{Access, AllStagesArg, Context, JobsArgs, SetArgs, StageArgs, write_private};
use super::orphans::{self, Orphan};
use super::output::{Format, Styled, style};
use super::rollout::{self, Prepared};
use super::submit_args::CountArgs;
use super::validate::count;
use super::{Done, Result, planning, usage};
use crate::compile::{Compiled, Outcome};
use crate::deploy::guard;
use crate::deploy::planfile::{Identity, PlanFile, PlannedJob, SECRET};
use crate::deploy::submit::Change;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::diff::markdown::{Comment, Section, code, words};
use crate::merge::{self, SharedId};
use crate::project::{Project, Stage};
use crate::secret::find_in_job;

/// Show what submitting jobs would change in the cluster; changes nothing
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    counts: CountArgs,
    /// Write the plan to this file, for `apply FILE`; refused where a job holds a secret
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 2 if there are differences
    #[arg(long)]
    exit_code: bool,
}

/// What was found in one stage, as far as it is shown at the end.
#[derive(Default)]
struct Found {
    /// For JSON, in the order of the jobs.
    objects: Vec<Json>,
    orphans: Vec<(String, Orphan)>,
    /// Whether all orphans are known.
    orphans_known: bool,
    failures: Vec<(String, String, Failure)>,
    comments: Vec<String>,
    groups: Vec<Json>,
    file: Option<Vec<u8>>,
    changed: usize,
    unchanged: usize,
    moved: u64,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stages = context.stages(&project, &self.stage, self.all_stages.all_stages, Access::Reads)?;
        if self.output.is_some() && stages.len() != 1 {
            return Err(usage("a plan file is for one stage", "name one with `--stage=STAGE`"));
        }
        let jobs = self.jobs.select(&project)?;
        let sets = self.set.parse()?;
        let compiler = context.compiler(&project);
        let shared = merge::shared_ids(&project, &project.jobs()?);
        let mut found = Found { orphans_known: self.jobs.all, ..Found::default() };
        for stage in stages {
            let outcomes = compiler.fleet(&jobs, &[stage], &sets);
            if let Err(failure) = self.stage(context, &project, stage, outcomes, &shared, &mut found) {
                for job in &jobs {
                    let told =
                        |(name, at, _): &(String, String, Failure)| *name == job.name && *at == stage.name;
                    if !found.failures.iter().any(told) {
                        found.failures.push((job.name.clone(), stage.name.clone(), failure.clone()));
                    }
                }
            }
        }
        self.finish(context, &found)
    }

    fn stage(
        &self,
        context: &Context,
        project: &Project,
        stage: &Stage,
        outcomes: Vec<Outcome>,
        shared: &[SharedId],
        found: &mut Found,
    ) -> Result<()> {
        let printer = &context.printer;
        let mut compiled: Vec<Box<Compiled>> = Vec::new();
        let first_failure = found.failures.len();
        for Outcome { name, result, .. } in outcomes {
            let result = result.map_err(Failure::invalid);
            match result.and_then(|job| rollout::check_id(shared, &name, stage).map(|()| job)) {
                Ok(job) => compiled.push(job),
                Err(failure) => found.failures.push((name, stage.name.clone(), failure)),
            }
        }
        let cluster = rollout::open(project, stage)?;
        printer.detail(format_args!("{} in {}", stage.name, cluster.describe()));
        let mut jobs: Vec<&mut Compiled> = compiled.iter_mut().map(|job| &mut **job).collect();
        planning::check_needs(&*cluster, stage, &mut jobs)?;
        let mut prepared = Vec::new();
        let plans = planning::prepare(printer, &*cluster, &compiled, self.counts.keep());
        for (job, plan) in compiled.iter().zip(plans) {
            match plan {
                Ok(plan) => prepared.push(plan),
                Err(failure) => found.failures.push((job.merged.name.clone(), stage.name.clone(), failure)),
            }
        }
        // What cannot be reached for the jobs cannot be for the list either.
        let unreachable = prepared.is_empty() && !compiled.is_empty();
        let orphans = match self.jobs.all && !unreachable {
            true => match orphans::if_allowed(&*cluster, project, stage)? {
                Ok(orphans) => orphans,
                Err(warning) => {
                    found.orphans_known = false;
                    printer.diagnostics(&[warning]);
                    Vec::new()
                }
            },
            false => Vec::new(),
        };
        let changing: Vec<_> = prepared.iter().filter(|plan| plan.planned.change != Change::None).collect();
        found.changed += changing.len();
        found.unchanged += prepared.len() - changing.len();
        found.moved += changing.iter().map(|plan| plan.moved()).sum::<u64>();
        match printer.format {
            Format::Json => {
                found.objects.extend(prepared.iter().map(|plan| rollout::as_json(plan, None)));
                if prepared.len() > 1 {
                    let mut groups =
                        planning::grouped(&prepared.iter().collect::<Vec<_>>()).to_json(&planning::plain());
                    groups["stage"] = stage.name.clone().into();
                    found.groups.push(groups);
                }
            }
            Format::Markdown => {
                let failures = &found.failures[first_failure..];
                found.comments.push(comment(stage, &prepared, &orphans, failures));
            }
            _ => {
                if prepared.len() == 1 && changing.is_empty() {
                    rollout::show(printer, &prepared[0]);
                } else if printer.verbose {
                    for plan in prepared.iter().filter(|plan| plan.planned.change == Change::None) {
                        rollout::show(printer, plan);
                    }
                }
                planning::show(printer, &prepared);
                orphans::show(printer, stage, &orphans);
            }
        }
        found.orphans.extend(orphans.into_iter().map(|stub| (stage.name.clone(), stub)));
        if self.output.is_some() && found.failures.is_empty() {
            refuse_secrets(&changing)?;
            let identity = Identity::of(&*cluster);
            found.file = Some(self.plan_file(project, stage, identity, &changing)?);
        }
        Ok(())
    }

    fn plan_file(
        &self,
        project: &Project,
        stage: &Stage,
        cluster: Identity,
        changing: &[&Prepared<'_>],
    ) -> Result<Vec<u8>> {
        let seen = guard::look(&project.root)?;
        let dirty = !seen.dirty.is_empty();
        let jobs = changing.iter().map(|plan| {
            let ready = plan.ready(project, &self.set);
            PlannedJob {
                name: ready.name.to_owned(),
                id: ready.id.to_owned(),
                needs: ready.needs.to_vec(),
                change: ready.planned.change,
                index: ready.planned.check_index(),
                sha256: PlannedJob::digest(&ready.planned.job),
                job: ready.planned.job.clone(),
                source: ready.source,
                origin: ready.origin,
                claim: ready.claim,
            }
        });
        PlanFile {
            tool: concat!("platy-manage ", env!("CARGO_PKG_VERSION")).to_owned(),
            time: rollout::now(),
            stage: stage.name.clone(),
            protected: stage.protected,
            cluster,
            commit: seen.commit,
            dirty,
            jobs: jobs.collect(),
        }
        .to_bytes()
    }

    fn finish(&self, context: &Context, found: &Found) -> Result<Done> {
        let printer = &context.printer;
        match printer.format {
            Format::Json => {
                let mut jobs = found.objects.clone();
                jobs.extend(found.failures.iter().map(|(name, stage, failure)| {
                    json!({
                        "job": name, "stage": stage, "stale": failure.kind == FailureKind::Stale,
                        "exit_code": failure.kind.exit_code(),
                        "errors": diagnostic::json::list(&failure.diagnostics),
                    })
                }));
                let orphan = |(stage, orphan): &(String, Orphan)| {
                    json!({"job_id": orphan.stub.id, "job": orphan.name(), "stage": stage,
                           "status": orphan.stub.status, "project": orphan.of})
                };
                let orphans: Vec<_> = found.orphans.iter().map(orphan).collect();
                printer.json(&json!({
                    "jobs": jobs,
                    "changed": found.changed,
                    "unchanged": found.unchanged,
                    "moved": found.moved,
                    "groups": found.groups,
                    "orphans": if found.orphans_known { Json::from(orphans) } else { Json::Null },
                }));
            }
            Format::Markdown => printer.result(found.comments.join("\n")),
            _ => self.summary(context, found),
        }
        if printer.format == Format::Markdown {
            for (_, _, failure) in &found.failures {
                printer.diagnostics(&failure.diagnostics);
            }
        }
        let kinds: Vec<_> = found.failures.iter().map(|(_, _, failure)| failure.kind).collect();
        if let Some(kind) = worst(&kinds) {
            if self.output.is_some() {
                printer.status("no plan file was written");
            }
            return Ok(Done::Shown(kind));
        }
        if let (Some(path), Some(bytes)) = (&self.output, &found.file) {
            write_private(path, bytes)?;
            printer.status(format_args!("the plan is in `{}`", path.display()));
        }
        Ok(if self.exit_code && found.changed > 0 { Done::Differences } else { Done::Ok })
    }

    fn summary(&self, context: &Context, found: &Found) {
        let printer = &context.printer;
        let mut told = std::collections::BTreeSet::new();
        for (_, _, failure) in &found.failures {
            // One reason may hold for many jobs: once is enough.
            let new = |problem: &&Diagnostic| told.insert(problem.to_string());
            printer.diagnostics(&failure.diagnostics.iter().filter(new).cloned().collect::<Vec<_>>());
        }
        if found.changed + found.unchanged + found.failures.len() < 2 {
            return;
        }
        let moved = if found.moved > 0 {
            format!(" ({} moved)", count(usize::try_from(found.moved).unwrap_or(usize::MAX), "allocation"))
        } else {
            String::new()
        };
        let failed = match found.failures.len() {
            0 => String::new(),
            failed => format!(", {}", Styled(style::BAD, format!("{failed} failed"))),
        };
        let changed = count(found.changed, "job");
        printer.line(format_args!("{changed} would change{moved}, {} unchanged{failed}", found.unchanged));
    }
}

/// Refuses to write secrets into a file.
fn refuse_secrets(changing: &[&Prepared<'_>]) -> Result<()> {
    let mut problems = Vec::new();
    for plan in changing {
        for literal in find_in_job(&plan.job) {
            let message = format!(
                "`{}` of the job `{}` looks like a secret: {}",
                literal.path,
                plan.compiled.merged.name,
                literal.why.words()
            );
            let mut diagnostic = Diagnostic::error(&SECRET, message)
                .hint("no plan file was written: let the task fetch the secret, with `secrets:`");
            if let Some(cause) = literal.span.and_then(|span| plan.compiled.origin(span)) {
                // The line would show it.
                diagnostic = diagnostic.hint(format!("it comes from {}", cause.words()));
            }
            problems.push(diagnostic);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::invalid(problems)) }
}

/// The plan of a stage as a comment on a pull request.
fn comment(
    stage: &Stage,
    prepared: &[Prepared<'_>],
    orphans: &[Orphan],
    failures: &[(String, String, Failure)],
) -> String {
    let changing: Vec<_> = prepared.iter().filter(|plan| plan.planned.change != Change::None).collect();
    let row = |plan: &&Prepared<'_>| {
        let mut remarks: Vec<String> = plan.kept().map(|kept| words(&kept.to_string())).collect();
        for (group, failure) in &plan.planned.answer.failures {
            let reasons = crate::cluster::placement::reasons(failure).join("; ");
            remarks.push(format!("{} finds no place: {}", code(group), words(&reasons)));
        }
        for (job, count) in rollout::preempted(&plan.planned) {
            remarks.push(format!("evicts {count} of {}", code(job)));
        }
        if plan.drift == Some(true) {
            remarks.push("was changed by hand".to_owned());
        }
        if let Some(next) = &plan.planned.answer.next_periodic_launch {
            remarks.push(format!("next run {}", words(next)));
        }
        remarks.extend(plan.planned.answer.warnings.iter().map(|warning| words(warning)));
        vec![
            code(&plan.compiled.merged.name),
            plan.planned.change.word().to_owned(),
            words(&planning::words(plan)),
            remarks.join("<br>"),
        ]
    };
    let of = |foreign: bool| orphans.iter().filter(move |orphan| orphan.of.is_some() == foreign);
    let failed = if failures.is_empty() { String::new() } else { format!(", {} failed", failures.len()) };
    let comment = Comment {
        title: format!("Plan for {}", code(&stage.name)),
        summary: format!(
            "{} would change, {} unchanged{failed}",
            count(changing.len(), "job"),
            prepared.len() - changing.len()
        ),
        columns: ["job", "change", "allocations", "remarks"].map(str::to_owned).to_vec(),
        rows: changing.iter().map(row).collect(),
        sections: vec![
            Section {
                title: "Run without a file".to_owned(),
                items: of(false).map(|orphan| code(&orphan.stub.id)).collect(),
            },
            Section {
                title: "Of other projects".to_owned(),
                items: of(true)
                    .map(|orphan| {
                        format!(
                            "{}: {}",
                            code(&orphan.stub.id),
                            code(orphan.of.as_deref().unwrap_or_default())
                        )
                    })
                    .collect(),
            },
            Section {
                title: "Failed".to_owned(),
                items: failures
                    .iter()
                    .map(|(name, _, failure)| {
                        let first = failure.diagnostics.first().map(ToString::to_string).unwrap_or_default();
                        format!("{}: {}", code(name), words(&first))
                    })
                    .collect(),
            },
        ],
    };
    comment.render(&planning::grouped(&changing), &planning::plain())
}
