//! `completions`: completion of commands, options, and the names of jobs and stages.

use std::ffi::OsStr;

use clap::Args;
use clap_complete::CompletionCandidate;
use clap_complete::env::Shells;

use super::context::Context;
use super::{Done, Result, usage};
use crate::project::Project;

/// Print what a shell needs to complete commands, jobs and stages
///
/// For bash: `source <(platy-manage completions bash)` in ~/.bashrc.
#[derive(Debug, Args)]
pub struct Command {
    /// The shell
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let mut script = Vec::new();
        let shells = Shells::builtins();
        let written = shells.completer(&self.shell).map(|shell| {
            shell.write_registration("COMPLETE", "platy-manage", "platy-manage", "platy-manage", &mut script)
        });
        match written {
            Some(Ok(())) => {
                context.printer.result(String::from_utf8_lossy(&script));
                Ok(Done::Ok)
            }
            _ => Err(usage(
                format!("there are no completions for `{}`", self.shell),
                "see `--help` for the shells",
            )),
        }
    }
}

fn project() -> Option<Project> {
    Project::find(&std::env::current_dir().ok()?).ok()
}

fn candidates(names: impl Iterator<Item = String>, current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    names.filter(|name| name.starts_with(&*current)).map(CompletionCandidate::new).collect()
}

/// Stages that begin with what was typed.
pub(super) fn stages(current: &OsStr) -> Vec<CompletionCandidate> {
    let stages = project().map(|project| project.stages.keys().cloned().collect::<Vec<_>>());
    candidates(stages.unwrap_or_default().into_iter(), current)
}

/// Jobs that begin with what was typed.
pub(super) fn jobs(current: &OsStr) -> Vec<CompletionCandidate> {
    let jobs = project().and_then(|project| project.jobs().ok()).unwrap_or_default();
    candidates(jobs.into_iter().map(|job| job.name), current)
}
