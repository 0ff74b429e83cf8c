//! `history`: the versions of a job that the cluster still has.

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context, masker};
use super::output::{Printer, Styled, style};
use super::rollout::running_job;
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{JobVersion, Origin};
use crate::deploy::credit;
use crate::diff::{self, JobDiff, style::Style, text::Show};
use crate::jobspec::Job;

/// Show the versions of a job: when, from which commit, by whom
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// At most this many, the newest first
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    most: usize,
    /// Show what each version changed
    #[arg(long)]
    diff: bool,
}

/// A version with what is known of it.
struct Entry {
    version: JobVersion,
    origin: Option<Origin>,
    /// What it changed of the version before; `None` where that is not known any more, or was not asked for.
    diff: Option<JobDiff>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Reads)?;
        target.held()?;
        let entries = self.entries(&target)?;
        let printer = &context.printer;
        if printer.is_text() {
            for (i, entry) in entries.iter().enumerate() {
                line(printer, entry, i == 0);
                if let Some(diff) = &entry.diff {
                    let show = Show { style: printer.diff_style(), ..Show::plain(masker()) };
                    for line in diff::text::render(diff, &show).lines() {
                        printer.line(format_args!("    {line}"));
                    }
                }
            }
            if entries.len() > 1 {
                let rollback = target.command("rollback");
                printer.status(format_args!("go back to one of them: {rollback} --to=VERSION"));
            }
        } else {
            let versions: Vec<_> = entries.iter().map(as_json).collect();
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": target.id, "versions": versions,
            }));
        }
        Ok(Done::Ok)
    }

    fn entries(&self, target: &Target<'_>) -> Result<Vec<Entry>> {
        let versions = target.cluster.versions(&target.id)?;
        let shown: Vec<(JobVersion, Job)> = versions
            .into_iter()
            // The diff of the last one needs the one before.
            .take(self.most.saturating_add(1))
            .map(|version| running_job(&version.job).map(|job| (version, job)))
            .collect::<Result<_>>()?;
        let entries = shown.iter().enumerate().take(self.most).map(|(i, (version, job))| {
            let before = shown.get(i + 1).filter(|_| self.diff);
            Entry {
                version: version.clone(),
                origin: credit::of(&*target.cluster, version, job).origin(),
                diff: before.map(|(_, before)| diff::diff(Some(before), Some(job))),
            }
        });
        Ok(entries.collect())
    }
}

/// When a version was submitted.
pub fn when(version: &JobVersion) -> String {
    jiff::Timestamp::from_nanosecond(version.submit_time.into())
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

/// From which commit, by whom.
pub fn made_by(origin: Option<&Origin>) -> String {
    let Some(origin) = origin else { return "not by platy-manage".to_owned() };
    let commit = origin.commit.get(..12).unwrap_or("no commit");
    let dirty = if origin.dirty { " with uncommitted changes" } else { "" };
    let by = if origin.user.is_empty() { String::new() } else { format!(", by {}", origin.user) };
    let back = origin.rollback_to.map_or_else(String::new, |to| format!(", back to version {to}"));
    format!("{commit}{dirty}{by}{back}")
}

fn line(printer: &Printer, entry: &Entry, newest: bool) {
    let version = &entry.version;
    let state = match (version.stopped, newest, version.stable) {
        (true, true, _) => Styled(style::DIM, "  stopped"),
        (true, false, _) => Styled(style::DIM, "  a stop"),
        (false, true, _) => Styled(style::GOOD, "  current"),
        (false, false, true) => Styled(style::DIM, "  was stable"),
        (false, false, false) => Styled(style::DIM, ""),
    };
    let tag = version.tag.as_ref().map_or_else(String::new, |tag| format!("  [{}]", tag.name));
    printer.line(format_args!(
        "{}  {}  {}{state}{}",
        Styled(style::BOLD, format_args!("{:>4}", version.version)),
        when(version),
        made_by(entry.origin.as_ref()),
        Styled(style::DIM, tag),
    ));
}

fn as_json(entry: &Entry) -> Json {
    let version = &entry.version;
    let mut json = json!({
        "version": version.version,
        "submit_time": version.submit_time,
        "stable": version.stable,
        "stopped": version.stopped,
        "tag": version.tag.as_ref().map(|tag| &tag.name),
        "origin": entry.origin,
    });
    if let Some(diff) = &entry.diff {
        json["diff"] = diff::json::to_json(diff, &Show { style: Style::plain(), ..Show::plain(masker()) });
    }
    json
}
