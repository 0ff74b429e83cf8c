//! The options of the commands that submit a job.

use std::time::Duration;

use clap::Args;

use super::context::SetArgs;
use super::{Result, check_wait, duration};
use crate::deploy::submit::KeepCounts;

/// How a job is submitted.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    #[command(flatten)]
    pub set: SetArgs,
    /// Show what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not wait for the deployment
    #[arg(long)]
    pub detach: bool,
    /// How long to wait for the deployment, e.g. `90s`, `15m`; decided by the job's deadlines unless given
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Promote the canaries once they have been healthy for this long, e.g. `60s`
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "detach")]
    pub promote_after: Option<Duration>,
    #[command(flatten)]
    pub counts: CountArgs,
    /// Submit to a protected stage with uncommitted changes, where platy.yaml permits it
    #[arg(long)]
    pub allow_dirty: bool,
    /// Submit to a protected stage from a commit that is not upstream, where platy.yaml permits it
    #[arg(long)]
    pub allow_unpushed: bool,
    /// Submit to a protected stage with an unknown githash, where platy.yaml permits it
    #[arg(long)]
    pub allow_unknown_githash: bool,
}

/// Whose counts are submitted.
#[derive(Debug, Clone, Copy, Args)]
pub struct CountArgs {
    /// Set the counts of groups with `scaling` to what the file says; else the running job's are kept
    #[arg(long, conflicts_with = "preserve_counts")]
    pub reset_counts: bool,
    /// Keep the running job's counts of all groups
    #[arg(long)]
    pub preserve_counts: bool,
}

impl CountArgs {
    /// As the plan takes it.
    pub fn keep(self) -> KeepCounts {
        match self {
            Self { preserve_counts: true, .. } => KeepCounts::All,
            Self { reset_counts: true, .. } => KeepCounts::No,
            _ => KeepCounts::Scaled,
        }
    }
}

impl SubmitArgs {
    /// Refuses options that only make sense together.
    pub fn check(&self) -> Result<()> {
        check_wait(self.detach, self.timeout)
    }
}
