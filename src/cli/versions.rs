//! The versions of a job that the cluster still holds: which one is meant, and which one there is to go back to.

use super::Result;
use super::follow::NO_VERSION;
use super::rollout::running_job;
use super::target::Target;
use super::watching::{self, Back};
use crate::cluster::{Cluster, JobVersion};
use crate::deploy::credit;
use crate::deploy::outcome::Outcome;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};
use crate::diff;
use crate::jobspec::Job;

/// The beginning of a commit or of a tag names a version only if it is this long.
const SHORTEST: usize = 4;

/// A version beside what it is as a job.
pub struct Version {
    /// What the cluster holds.
    pub version: JobVersion,
    /// The same in our own type.
    pub job: Job,
}

impl Version {
    /// Reads what the cluster holds.
    ///
    /// # Errors
    /// `BAD_RUNNING_JOB`.
    pub fn read(version: JobVersion) -> Result<Self> {
        Ok(Self { job: running_job(&version.job)?, version })
    }

    /// Whether it ran well, as far as the cluster knows: only deployments find out.
    fn was_good(&self) -> bool {
        !self.version.stopped && (self.version.stable || !self.has_deployments())
    }

    /// Whether the cluster rolls it out by deployments, which make versions stable.
    fn has_deployments(&self) -> bool {
        let root = &self.job.root;
        let runs_on = matches!(root.str("Type"), "" | "service" | "system")
            && root.block("Periodic").is_none()
            && root.block("ParameterizedJob").is_none();
        let update = |block: &crate::jobspec::tree::Object| {
            block.block("Update").is_some_and(|update| update.int("MaxParallel") != Some(0))
        };
        runs_on && (update(root) || root.blocks("TaskGroups").any(update))
    }
}

/// All versions of a job, newest first.
///
/// # Errors
/// Those of the cluster, and `BAD_RUNNING_JOB`.
pub fn read(cluster: &dyn Cluster, id: &str) -> Result<Vec<Version>> {
    cluster.versions(id)?.into_iter().map(Version::read).collect()
}

/// The newest version before the current one that was stable, and differs from it.
pub fn way_back(versions: Vec<Version>) -> Option<Version> {
    let mut versions = versions.into_iter();
    let current = versions.next()?;
    versions.find(|version| {
        version.was_good() && diff::diff(Some(&version.job), Some(&current.job)).kind.is_some()
    })
}

/// The way back from this end of a job's rollout. A cluster that does not tell its versions is no reason to hide
/// the end.
pub fn way_back_from(cluster: &dyn Cluster, id: &str, outcome: &Outcome) -> Back {
    if !watching::needs_way_back(outcome) {
        return Back::NotNeeded;
    }
    let found = read(cluster, id).ok().and_then(way_back);
    found.map_or(Back::Nowhere, |version| Back::To(version.version.version))
}

/// The version of this number, tag or commit.
///
/// # Errors
/// There is none, or the beginning of a commit or of a tag is that of several.
pub fn named(target: &Target<'_>, versions: Vec<Version>, to: &str) -> Result<Version> {
    let known: Vec<_> = versions.iter().map(|version| version.version.version.to_string()).collect();
    let tag = |version: &Version| version.version.tag.as_ref().map(|tag| tag.name.clone());
    let exact = |version: &Version| {
        to.parse() == Ok(version.version.version) || tag(version).is_some_and(|tag| tag == to)
    };
    let history = target.command("history");
    if let Some(found) = versions.iter().position(exact) {
        return versions.into_iter().nth(found).ok_or_else(|| target.not_there());
    }
    // A rollback is of the same commit as what it went back to: either is right, and the newest is taken.
    let mut found: Vec<(String, Version)> = Vec::new();
    for version in versions.into_iter().filter(|_| to.len() >= SHORTEST) {
        let commit = || {
            credit::of(&*target.cluster, &version.version, &version.job).origin().map(|origin| origin.commit)
        };
        let begins = |name: &String| name.starts_with(&to.to_lowercase()) || name.starts_with(to);
        let name = tag(&version).filter(begins).or_else(|| commit().filter(begins));
        if let Some(name) = name
            && !found.iter().any(|(other, _)| same(other, &name))
        {
            found.push((name, version));
        }
    }
    if found.len() > 1 {
        let names: Vec<_> = found
            .iter()
            .map(|(name, version)| format!("{name} (version {})", version.version.version))
            .collect();
        let message = format!("`{to}` is the beginning of several versions of `{}`", target.name);
        return Err(refuse(message, format!("write more of one: {}; see `{history}`", names.join(", "))));
    }
    found.pop().map(|(_, version)| version).ok_or_else(|| {
        let message = format!("the cluster has no version `{to}` of `{}`", target.name);
        refuse(message, format!("it still has {}; with their commits: `{history}`", known.join(", ")))
    })
}

/// Whether two names are of one commit: a tag holds its beginning.
fn same(one: &str, other: &str) -> bool {
    let commit = |name: &str| name.strip_prefix("commit-").unwrap_or(name).to_owned();
    let (one, other) = (commit(one), commit(other));
    one.starts_with(&other) || other.starts_with(&one)
}

/// Why there is no way back.
pub fn none_was_stable(target: &Target<'_>) -> Failure {
    let message = format!("no older version of `{}` was stable and differs from what runs", target.name);
    refuse(message, format!("name a version of `{}` with `--to`", target.command("history")))
}

/// A version that nobody can go back to.
pub fn refuse(message: String, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Other, Diagnostic::error(&NO_VERSION, message).hint(hint))
}
