//! `update`: a job that runs in the stage already.

use clap::Args;

use super::context::{Context, StageArgs, job_names};
use super::create::{self, Verb};
use super::submit_args::SubmitArgs;
use super::{Done, Result};

/// Submit what changed of a job that runs in the stage, and wait for the deployment
#[derive(Debug, Args)]
pub struct Command {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    name: String,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    submit: SubmitArgs,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        create::run(context, Verb::Update, &self.name, &self.stage, &self.submit)
    }
}
