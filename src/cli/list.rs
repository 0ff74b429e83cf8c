//! `list`: the jobs of the project.

use clap::Args;
use serde_json::json;

use super::context::{Access, AllStagesArg, Context, StageArgs};
use super::output::{Styled, style};
use super::{Done, Result};
use crate::diagnostic::{Diagnostic, Failure};
use crate::load;
use crate::merge::{self, Merged};
use crate::project::{JobEntry, Project, Stage};

/// List the jobs of the project, with what they are in a stage
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    all_stages: AllStagesArg,
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
        let (mut merged, mut problems) = (Vec::new(), Vec::new());
        for job in &jobs {
            for stage in &stages {
                match one(&project, job, stage) {
                    Ok(found) => merged.push(found),
                    Err(found) => problems.extend(found),
                }
            }
        }
        if context.printer.is_text() {
            show(context, &merged);
        } else {
            let jobs: Vec<_> = merged.iter().map(as_json).collect();
            context.printer.json(&json!({ "jobs": jobs }));
        }
        if problems.is_empty() { Ok(Done::Ok) } else { Err(Failure::invalid(problems)) }
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

fn show(context: &Context, merged: &[Merged]) {
    let rows: Vec<[String; 4]> = merged
        .iter()
        .map(|merged| [merged.name.clone(), merged.template.clone(), kind(merged), merged.job_key.clone()])
        .collect();
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [name, template, kind, key] in &rows {
        let pad = |text: &str, i: usize| " ".repeat(widths[i] - text.chars().count());
        context.printer.line(format_args!(
            "{}{}  {template}{}  {kind}{}  {}",
            Styled(style::BOLD, name),
            pad(name, 0),
            pad(template, 1),
            pad(kind, 2),
            Styled(style::DIM, key),
        ));
    }
}

fn as_json(merged: &Merged) -> serde_json::Value {
    json!({
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
    })
}
