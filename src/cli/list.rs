//! `list`: the jobs of the project, and what runs of them.

use std::collections::{BTreeMap, HashMap};

use clap::Args;
use serde_json::json;

use super::context::{Access, AllStagesArg, Context, StageArgs};
use super::output::{Styled, style};
use super::{Done, Result, rollout};
use crate::cluster::{GroupSummary, JobStub};
use crate::diagnostic::{Diagnostic, Failure, Severity};
use crate::diff::style::clean;
use crate::load;
use crate::merge::{self, Merged};
use crate::project::{JobEntry, Project, Stage};

/// List the jobs of the project, and what runs of them
///
/// Asks the clusters of the stages that are named, or of the default stage. Where there is neither, or with `--offline`,
/// no cluster is asked.
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
    /// Ask no cluster
    #[arg(long)]
    offline: bool,
    /// Only jobs whose name has this text in it
    #[arg(value_name = "TEXT")]
    filter: Option<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let named =
            !self.stage.stages.is_empty() || self.all_stages.all_stages || project.default_stage.is_some();
        let stages = if named {
            context.stages(&project, &self.stage, self.all_stages.all_stages, Access::Reads)?
        } else {
            project.stages.values().take(1).collect()
        };
        let filter = self.filter.as_deref().unwrap_or_default();
        let jobs: Vec<_> = project.jobs()?.into_iter().filter(|job| job.name.contains(filter)).collect();
        if jobs.is_empty() {
            let none = match filter {
                "" => "the project has no jobs; write the first one to `jobs/NAME.yaml`:\n\n    file: server\n    config:\n      image: \
                       IMAGE\n\nand check it: platy-manage validate NAME"
                    .to_owned(),
                _ => format!("no job has `{filter}` in its name"),
            };
            context.printer.status(none);
        }
        let (mut merged, mut problems) = (Vec::new(), Vec::new());
        for job in &jobs {
            for stage in &stages {
                match one(&project, job, stage) {
                    Ok(found) => merged.push(found),
                    Err(found) => problems.extend(found),
                }
            }
        }
        let mut clusters = Clusters::default();
        if named && !self.offline && !merged.is_empty() {
            for stage in &stages {
                clusters.ask(&project, stage);
            }
        }
        if context.printer.is_text() {
            show(context, &merged, &clusters);
        } else {
            let jobs: Vec<_> = merged.iter().map(|merged| as_json(merged, &clusters)).collect();
            context.printer.json(&json!({ "jobs": jobs }));
        }
        // The jobs are listed; what is not known of them is said, and fails nothing.
        context.printer.diagnostics(&clusters.problems);
        if problems.is_empty() { Ok(Done::Ok) } else { Err(Failure::invalid(problems)) }
    }
}

/// What the clusters of the stages say.
#[derive(Default)]
struct Clusters {
    /// The jobs of each stage that could be asked, by ID.
    stubs: BTreeMap<String, HashMap<String, JobStub>>,
    problems: Vec<Diagnostic>,
}

impl Clusters {
    /// Asks the cluster of a stage for all its jobs at once.
    fn ask(&mut self, project: &Project, stage: &Stage) {
        match rollout::open(project, stage).and_then(|cluster| cluster.list("")) {
            Ok(stubs) => {
                let stubs = stubs.into_iter().map(|stub| (stub.id.clone(), stub)).collect();
                self.stubs.insert(stage.name.clone(), stubs);
            }
            Err(failure) => {
                let warning = |problem| {
                    Diagnostic { severity: Severity::Warning, ..problem }
                        .hint("what runs is not shown; to ask no cluster: `platy-manage list --offline`")
                };
                self.problems.extend(failure.diagnostics.into_iter().map(warning));
            }
        }
    }

    /// What runs of a job; `None` where its cluster was not asked, or did not answer.
    fn state(&self, merged: &Merged) -> Option<Option<&JobStub>> {
        self.stubs.get(&merged.stage.name).map(|stubs| stubs.get(&merged.job_id))
    }
}

/// The allocations of all groups.
fn total(stub: &JobStub) -> GroupSummary {
    stub.summary.values().fold(GroupSummary::default(), |sum, group| GroupSummary {
        queued: sum.queued + group.queued,
        complete: sum.complete + group.complete,
        failed: sum.failed + group.failed,
        running: sum.running + group.running,
        starting: sum.starting + group.starting,
        lost: sum.lost + group.lost,
        unknown: sum.unknown + group.unknown,
    })
}

/// The state in a few words.
fn words(stub: Option<&JobStub>) -> Styled<String> {
    let Some(stub) = stub else { return Styled(style::DIM, "does not run".to_owned()) };
    if stub.stopped {
        return Styled(style::DIM, "stopped".to_owned());
    }
    let sum = total(stub);
    let parts = [
        (sum.running, "running"),
        (sum.starting, "starting"),
        (sum.queued, "without a place"),
        (sum.lost + sum.unknown, "lost"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let colour = if sum.queued + sum.lost + sum.unknown > 0 {
        style::BAD
    } else if stub.status == "running" {
        style::GOOD
    } else {
        style::CHANGED
    };
    match parts.is_empty() {
        true => Styled(colour, clean(&stub.status).into_owned()),
        false => Styled(colour, parts.join(", ")),
    }
}

fn one(project: &Project, job: &JobEntry, stage: &Stage) -> std::result::Result<Merged, Vec<Diagnostic>> {
    let file = load::load_entry(project, job)?;
    merge::merge(project, &file, stage, &[])
}

/// What kind of job it is, in a word.
fn kind(merged: &Merged) -> String {
    if let Some(schedule) = merged.get("schedule") {
        return format!("at {}", schedule.text().map_or_else(|| schedule.shown(), str::to_owned));
    }
    if merged.get("parameters").is_some() {
        return "on dispatch".to_owned();
    }
    format!("× {}", merged.text("num_instances").unwrap_or("1"))
}

fn show(context: &Context, merged: &[Merged], clusters: &Clusters) {
    let rows: Vec<[String; 4]> = merged
        .iter()
        .map(|merged| [merged.name.clone(), merged.template.clone(), kind(merged), merged.job_key.clone()])
        .collect();
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let states: Vec<_> = merged.iter().map(|merged| clusters.state(merged).map(words)).collect();
    let widest = states.iter().flatten().map(|state| state.1.chars().count()).max().unwrap_or(0);
    for ([name, template, kind, key], state) in rows.iter().zip(states) {
        let state = match state {
            Some(Styled(colour, words)) => format!("  {}", Styled(colour, format!("{words:widest$}"))),
            None if widest > 0 => " ".repeat(widest + 2),
            None => String::new(),
        };
        let pad = |text: &str, i: usize| " ".repeat(widths[i] - text.chars().count());
        context.printer.line(format_args!(
            "{}{}  {template}{}  {kind}{}{state}  {}",
            Styled(style::BOLD, name),
            pad(name, 0),
            pad(template, 1),
            pad(kind, 2),
            Styled(style::DIM, key),
        ));
    }
}

fn as_json(merged: &Merged, clusters: &Clusters) -> serde_json::Value {
    let mut json = json!({
        "job": merged.name,
        "stage": merged.stage.name,
        "template": merged.template,
        "user": merged.user,
        "job_key": merged.job_key,
        "job_id": merged.job_id,
        "file": merged.file.source.name(),
        "num_instances": merged.text("num_instances").and_then(|text| text.parse::<u64>().ok()),
        "schedule": merged.get("schedule").map(merge::Value::json),
        "parameterized": merged.get("parameters").is_some(),
    });
    if let Some(state) = clusters.state(merged) {
        json["running"] = state.map_or(serde_json::Value::Null, |stub| {
            let sum = total(stub);
            json!({
                "status": stub.status, "stopped": stub.stopped, "running": sum.running, "starting": sum.starting,
                "queued": sum.queued, "failed": sum.failed, "complete": sum.complete, "lost": sum.lost + sum.unknown,
            })
        });
    }
    json
}
