//! What happens while a registration is followed, and how it can end.

use std::time::Duration;

use indexmap::IndexMap;

use super::failures::TaskFailure;
use crate::cluster::{Allocation, Deployment, Evaluation};
use crate::diagnostic::FailureKind;

/// What happens on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// The evaluation changed.
    Evaluation(Box<Evaluation>),
    /// Groups wait for a place, with the reasons; this may pass.
    Waiting(IndexMap<String, Vec<String>>),
    /// The deployment changed.
    Deployment(Box<Deployment>),
    /// The canaries are healthy and wait to be promoted.
    CanariesHealthy(Box<Deployment>),
    /// Canaries that were healthy are no longer: what is missing, in words.
    CanariesUnwell(Vec<String>),
    /// The canaries were promoted.
    Promoted,
    /// An attempt of an instance failed, in words; the cluster tries again.
    AttemptFailed(String),
    /// The cluster does not answer; the watch goes on.
    Unreachable(String),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The deployment succeeded.
    Successful(Box<Deployment>),
    /// There is no deployment to follow, and nothing failed: these are the allocations.
    NoDeployment(Vec<Allocation>),
    /// The deployment or a task failed.
    Failed {
        /// Words of the cluster.
        description: String,
        /// The tasks that failed, at most three.
        tasks: Vec<TaskFailure>,
    },
    /// It failed, and the cluster went back.
    Reverted {
        /// The version that runs again.
        to: u64,
        /// Words of the cluster.
        description: String,
        /// The tasks that failed, at most three.
        tasks: Vec<TaskFailure>,
    },
    /// Some allocations find no place: the reasons, per group.
    Unplaceable(IndexMap<String, Vec<String>>),
    /// The canaries are healthy, and somebody has to promote them.
    AwaitsPromotion(Box<Deployment>),
    /// The canaries should have been promoted after a time in which they were healthy, and that never came.
    NotPromoted {
        /// Why, in words.
        description: String,
        /// Whether the deployment has ended; else it goes on.
        over: bool,
        /// The version that runs again, if the cluster went back.
        reverted_to: Option<u64>,
        /// The tasks that failed, at most three.
        tasks: Vec<TaskFailure>,
    },
    /// The job was changed or stopped by somebody else meanwhile.
    Superseded(String),
    /// The time was over; the deployment goes on.
    TimedOut(Duration),
    /// The watch was interrupted; the deployment goes on.
    Interrupted,
}

impl Outcome {
    /// What decides the exit code; `None` where all is well.
    pub fn failure_kind(&self) -> Option<FailureKind> {
        match self {
            Self::Successful(_) | Self::NoDeployment(_) | Self::AwaitsPromotion(_) => None,
            Self::Failed { .. } | Self::Reverted { .. } => Some(FailureKind::DeploymentFailed),
            Self::NotPromoted { .. } => Some(FailureKind::NotPromoted),
            Self::Unplaceable(_) => Some(FailureKind::Unplaceable),
            Self::Superseded(_) => Some(FailureKind::Stale),
            Self::TimedOut(_) => Some(FailureKind::TimedOut),
            Self::Interrupted => Some(FailureKind::Interrupted),
        }
    }
}
