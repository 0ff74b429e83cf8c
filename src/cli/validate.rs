//! `validate`: everything that can be known offline, of one job or of the whole fleet.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::context::{Access, AllStagesArg, Context, JobsArgs, SetArgs, StageArgs};
use super::output::{Styled, style};
use super::{Done, Result, asking, planning, rollout, usage};
use crate::compile::{Compiled, Outcome, idle_waivers};
use crate::deploy::verdict;
use crate::diagnostic::{self, Diagnostic, FailureKind};
use crate::merge;
use crate::project::{JobEntry, Project, Stage};

/// At most this many jobs are asked about at once.
const AT_ONCE: usize = 8;

/// Check jobs by all that Nomad and the project demand of them, offline or with the cluster
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
    /// Ask each stage's cluster too: the server's own verdict, and whether all would find a place
    #[arg(long)]
    cluster: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        // Without a word on stages a job is checked in all of them: validating only reads.
        let all = self.all_stages.all_stages || self.stage.stages.is_empty();
        let stages = context.stages(&project, &self.stage, all, Access::Reads)?;
        let jobs = self.jobs.select(&project)?;
        if jobs.is_empty() {
            return Err(usage("the project has no jobs", "a job is a file `jobs/NAME.yaml`"));
        }
        let mut problems = Vec::new();
        let all_jobs = project.jobs()?;
        for shared in merge::shared_ids(&project, &all_jobs) {
            let selected = |name: &str, stage: &str| {
                jobs.iter().any(|job| job.name == name) && stages.iter().any(|other| other.name == stage)
            };
            if self.jobs.all || shared.jobs.iter().any(|(name, stage)| selected(name, stage)) {
                problems.push(shared.diagnostic);
            }
        }
        let mut outcomes = context.compiler(&project).fleet(&jobs, &stages, &self.set.parse()?);
        let asked = if self.cluster { ask(&project, &stages, &mut outcomes)? } else { Asked::default() };
        let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
        let found = collect(&outcomes);
        problems.extend(found.problems);
        problems.extend(asked.problems);
        // A waiver may be for another stage, or for a value that `--set` replaces.
        if stages.len() == project.stages.len() && self.set.set.is_empty() {
            problems.extend(idle_waivers(&outcomes));
        }
        self.show(context, &jobs, &stages, &outcomes, &problems, &found.not_checked);
        let invalid = |problem: &Diagnostic| problem.code.id != verdict::NO_PLACE.id;
        let errors = || problems.iter().filter(|problem| problem.is_error());
        // A cluster that could not be asked comes first; a job without a place is not invalid for that.
        let kind = match asked.unreachable {
            Some(kind) => Some(kind),
            None if failed > 0 || errors().any(invalid) => Some(FailureKind::Invalid),
            None => errors().next().map(|_| FailureKind::Unplaceable),
        };
        Ok(kind.map_or(Done::Ok, Done::Shown))
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

/// What the clusters said.
#[derive(Default)]
struct Asked {
    problems: Vec<Diagnostic>,
    /// Why a cluster could not be asked.
    unreachable: Option<FailureKind>,
}

/// Asks the clusters about every job that compiled, a few at a time.
fn ask(project: &Project, stages: &[&Stage], outcomes: &mut [Outcome]) -> Result<Asked> {
    let mut asked = Asked::default();
    let mut seen = BTreeSet::new();
    for stage in stages {
        let cluster = rollout::open(project, stage)?;
        let here = outcomes.iter_mut().filter(|outcome| outcome.stage == stage.name);
        let mut jobs: Vec<&mut Compiled> =
            here.filter_map(|outcome| outcome.result.as_deref_mut().ok()).collect();
        let answers = match planning::check_needs(&*cluster, stage, &mut jobs) {
            Ok(()) => asking::each(&*cluster, AT_ONCE, &jobs, |job| verdict::ask(&*cluster, job)),
            Err(failure) => vec![Err(failure)],
        };
        for answer in answers {
            let problems = answer.unwrap_or_else(|failure| {
                asked.unreachable = asked.unreachable.or(Some(failure.kind));
                failure.diagnostics
            });
            asked.problems.extend(problems.into_iter().filter(|problem| seen.insert(problem.to_string())));
        }
    }
    Ok(asked)
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
