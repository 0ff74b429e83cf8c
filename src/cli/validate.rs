//! `validate`: everything that can be known offline, of one job or of the whole fleet.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::context::{Access, AllStagesArg, Context, SetArgs, StageArgs, job_names};
use super::output::{Styled, style};
use super::{Done, Result, usage};
use crate::compile::Outcome;
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind};
use crate::merge;
use crate::project::{JobEntry, Project, Stage};

/// Check jobs offline, by all that Nomad and the project demand of them
#[derive(Debug, Args)]
pub struct Command {
    /// The jobs
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all", add = job_names())]
    names: Vec<String>,
    /// Every job of the project
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
    #[command(flatten)]
    set: SetArgs,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        // Without a word on stages a job is checked in all of them: validating only reads.
        let all = self.all_stages.all_stages || self.stage.stages.is_empty();
        let stages = context.stages(&project, &self.stage, all, Access::Reads)?;
        let jobs = select(&project, &self.names, self.all)?;
        if jobs.is_empty() {
            return Err(usage("the project has no jobs", "a job is a file `jobs/NAME.yaml`"));
        }
        let mut problems = Vec::new();
        for shared in merge::shared_ids(&project, &project.jobs()?) {
            let selected = |name: &str, stage: &str| {
                jobs.iter().any(|job| job.name == name) && stages.iter().any(|other| other.name == stage)
            };
            if self.all || shared.jobs.iter().any(|(name, stage)| selected(name, stage)) {
                problems.push(shared.diagnostic);
            }
        }
        let outcomes = context.compiler(&project).fleet(&jobs, &stages, &self.set.parse()?);
        let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
        let found = collect(&outcomes);
        problems.extend(found.problems);
        self.show(context, &jobs, &stages, &outcomes, &problems, &found.not_checked);
        Ok(match problems.iter().any(Diagnostic::is_error) || failed > 0 {
            true => Done::Shown(FailureKind::Invalid),
            false => Done::Ok,
        })
    }

    fn show(
        &self,
        context: &Context,
        jobs: &[JobEntry],
        stages: &[&Stage],
        outcomes: &[Outcome],
        problems: &[Diagnostic],
        not_checked: &[String],
    ) {
        let printer = &context.printer;
        let errors = problems.iter().filter(|problem| problem.is_error()).count();
        let warnings = problems.len() - errors;
        if !printer.is_text() {
            let results: Vec<_> = outcomes
                .iter()
                .map(|outcome| json!({"job": outcome.name, "stage": outcome.stage, "valid": outcome.result.is_ok()}))
                .collect();
            printer.json(&json!({
                "jobs": results,
                "findings": diagnostic::json::list(problems),
                "not_checked": not_checked,
            }));
            return;
        }
        printer.diagnostics(problems);
        let invalid: BTreeSet<_> =
            outcomes.iter().filter(|outcome| outcome.result.is_err()).map(|outcome| &outcome.name).collect();
        let names = stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>().join(", ");
        let what = format!("{} in {names}", count(jobs.len(), "job"));
        let verdict = match errors {
            0 => Styled(style::GOOD, "valid".to_owned()),
            // Two jobs with one ID are an error of the project, not of either of them.
            _ if invalid.is_empty() => Styled(style::BAD, count(errors, "error")),
            _ => Styled(style::BAD, format!("{} in {}", count(errors, "error"), count(invalid.len(), "job"))),
        };
        let warned = if warnings > 0 { format!(", {}", count(warnings, "warning")) } else { String::new() };
        printer.line(format_args!("{what}: {verdict}{warned}"));
        for sentence in not_checked {
            printer
                .detail(format_args!("{}", Styled(style::DIM, format!("not checked offline: {sentence}"))));
        }
    }
}

/// The jobs that the command line selects, in its order.
pub(super) fn select(project: &Project, names: &[String], all: bool) -> Result<Vec<JobEntry>> {
    if all {
        return project.jobs();
    }
    let mut problems = Vec::new();
    let mut jobs: Vec<JobEntry> = Vec::new();
    for name in names {
        match project.job_path(name) {
            Ok(path) if jobs.iter().all(|job| job.name != *name) => {
                jobs.push(JobEntry { name: name.clone(), path })
            }
            Ok(_) => {}
            Err(failure) => problems.extend(failure.diagnostics),
        }
    }
    if problems.is_empty() { Ok(jobs) } else { Err(Failure::invalid(problems)) }
}

/// What was found, each thing once, however many stages have it.
struct Found {
    problems: Vec<Diagnostic>,
    not_checked: Vec<String>,
}

fn collect(outcomes: &[Outcome]) -> Found {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    let mut not_checked = BTreeSet::new();
    for outcome in outcomes {
        let found = match &outcome.result {
            Ok(compiled) => {
                not_checked.extend(compiled.not_checked.iter().map(|note| note.message.clone()));
                &compiled.warnings
            }
            Err(found) => found,
        };
        for problem in found {
            if seen.insert(problem.to_string()) {
                problems.push(problem.clone());
            }
        }
    }
    Found { problems, not_checked: not_checked.into_iter().collect() }
}

/// `1 job`, `2 jobs`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
