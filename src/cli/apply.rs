//! `apply`: many jobs brought to what their files say.

use std::path::{Path, PathBuf};

use clap::Args;

use super::batch::{self, Batch, Line, What, failed};
use super::context::{Access, AllStagesArg, Context, StageArgs, job_names};
use super::rollout::{self, Ready};
use super::submit_args::SubmitArgs;
use super::{Done, Result, guarded, planning, usage};
use crate::compile::{Compiled, Outcome};
use crate::deploy::submit::Change;
use crate::diagnostic::Failure;
use crate::git::Git;
use crate::merge::{self, SharedId};
use crate::project::{JobEntry, Project, Stage};

/// Create or update many jobs: what differs is submitted, the rest is left alone
#[derive(Debug, Args)]
pub struct Command {
    /// The jobs; or one plan file, which has a `/` in its path or ends in `.plan`
    #[arg(value_name = "NAME", add = job_names())]
    #[arg(required_unless_present_any = ["all", "changed_since", "plan"])]
    #[arg(conflicts_with_all = ["all", "changed_since", "plan"])]
    names: Vec<String>,
    /// Submit exactly what this file of `plan -o` holds
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "changed_since"])]
    plan: Option<PathBuf>,
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

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.submit.check()?;
        if let Some(file) = self.plan_file()? {
            return self.planned(context, &file);
        }
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
                        lines.push(failed(&job.name, &stage.name, failure.clone()));
                    }
                }
            }
        }
        Ok(batch::summary(context, &lines, self.submit.dry_run, self.exit_code))
    }

    /// The plan file that is named: by `--plan`, or as the only name, which is told apart from a job's by a `/` or
    /// by its ending.
    fn plan_file(&self) -> Result<Option<PathBuf>> {
        if let Some(file) = &self.plan {
            return Ok(Some(file.clone()));
        }
        match &self.names[..] {
            [file] if is_plan_file(file) => Ok(Some(PathBuf::from(file))),
            names => match names.iter().find(|name| is_plan_file(name)) {
                Some(file) => Err(usage(
                    format!("`{file}` is a plan file, which stands alone"),
                    format!("`platy-manage apply {file}` submits the jobs that are in it"),
                )),
                None => Ok(None),
            },
        }
    }

    /// Submits what a plan file holds.
    fn planned(&self, context: &Context, file: &Path) -> Result<Done> {
        let (counts, set) = (&self.submit.counts, &self.submit.set);
        let wrong = [
            (self.all_stages.all_stages, "--all-stages"),
            (!set.set.is_empty(), "--set"),
            (counts.reset_counts, "--reset-counts"),
            (counts.preserve_counts, "--preserve-counts"),
        ];
        if let Some((_, option)) = wrong.iter().find(|(given, _)| *given) {
            return Err(usage(
                format!("a plan file holds the jobs as they were planned, so `{option}` has no meaning"),
                "give it to `plan`, and write the file again",
            ));
        }
        let how = super::apply_file::How {
            stages: &self.stage.stages,
            submit: &self.submit,
            parallel: self.parallel.into(),
            max_failures: self.max_failures,
            exit_code: self.exit_code,
        };
        super::apply_file::run(context, file, &how)
    }

    fn stage(
        &self,
        context: &Context,
        project: &Project,
        stage: &Stage,
        outcomes: Vec<Outcome>,
        shared: &[SharedId],
        lines: &mut Vec<Line>,
    ) -> Result<()> {
        let printer = &context.printer;
        let mut compiled: Vec<Box<Compiled>> = Vec::new();
        for Outcome { name, result, .. } in outcomes {
            match result {
                Ok(job) => match rollout::check_id(shared, &name, stage) {
                    Ok(()) => compiled.push(job),
                    Err(failure) => lines.push(failed(&name, &stage.name, failure)),
                },
                Err(problems) => lines.push(failed(&name, &stage.name, Failure::invalid(problems))),
            }
        }
        let cluster = guarded::open(project, stage, compiled.iter().map(|job| &**job), &self.submit)?;
        printer.detail(format_args!("{} in {}", stage.name, cluster.describe()));
        let mut jobs: Vec<&mut Compiled> = compiled.iter_mut().map(|job| &mut **job).collect();
        planning::check_needs(&*cluster, stage, &mut jobs)?;
        let order: Vec<_> =
            compiled.iter().map(|job| (job.merged.name.as_str(), &job.merged.needs[..])).collect();
        let waves = batch::waves(&order)?;
        let mut prepared = Vec::new();
        let plans = planning::prepare(printer, &*cluster, &compiled, self.submit.counts.keep());
        for (job, plan) in compiled.iter().zip(plans) {
            match plan {
                Ok(plan) if plan.planned.change == Change::None => lines.push(Line {
                    job: job.merged.name.clone(),
                    stage: stage.name.clone(),
                    what: What::Unchanged,
                    json: rollout::as_json(&plan, None),
                }),
                Ok(plan) => prepared.push(plan),
                Err(failure) => lines.push(failed(&job.merged.name, &stage.name, failure)),
            }
        }
        if printer.is_text() {
            planning::show(printer, &prepared);
        }
        let ready: Vec<_> = prepared.iter().map(|plan| plan.ready(project, &self.submit.set)).collect();
        if self.submit.dry_run {
            lines.extend(ready.into_iter().map(|ready| Line {
                job: ready.name.to_owned(),
                stage: stage.name.clone(),
                what: What::Would(batch::word(ready.planned.change)),
                json: ready.json,
            }));
            return Ok(());
        }
        if !ready.is_empty() {
            let provenance =
                rollout::guard(project, stage, ready.iter().map(Ready::claimed), &self.submit, None)?;
            let batch = Batch {
                context,
                stage: &stage.name,
                cluster: &*cluster,
                submit: &self.submit,
                parallel: self.parallel.into(),
                max_failures: self.max_failures,
            };
            batch.run(&waves, &ready, &provenance, lines);
        }
        Ok(())
    }
}

/// Whether what stands in the place of a job's name is the path of a plan file.
fn is_plan_file(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".plan")
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
