//! A version that is registered again as it was: what `rollback` and `start` share.

use serde_json::{Value as Json, json};

use super::Result;
use super::context::{masker, user};
use super::history::{made_by, when};
use super::output::{Printer, Styled, style};
use super::rollout::{self, running_job};
use super::target::Target;
use super::versions::Version;
use crate::cluster::{JobDocument, JobVersion, Origin, Registered};
use crate::deploy::credit;
use crate::deploy::submit::{self, KeepCounts, Planned};
use crate::diff::{self, JobDiff, annotations::Annotations, style::Style, text::Show};

/// What registering a version again would be.
pub struct Again {
    /// The version.
    pub version: JobVersion,
    /// Who made it first.
    origin: Option<Origin>,
    /// What would happen.
    pub planned: Planned,
    /// The difference to what runs.
    pub diff: JobDiff,
    annotations: Annotations,
}

impl Again {
    /// Asks the cluster.
    ///
    /// # Errors
    /// Those of the cluster, and where the job is held.
    pub fn plan(target: &Target<'_>, back: Version) -> Result<Self> {
        let origin = credit::of(&*target.cluster, &back.version, &back.job).origin();
        let document = as_new(back.version.job.clone());
        let planned = submit::plan(&*target.cluster, document, KeepCounts::Scaled)?;
        let running = rollout::live_job(planned.running.as_ref())?;
        let diff = diff::diff(running.as_ref(), Some(&running_job(&planned.job)?));
        let annotations = planned.answer.annotations();
        Ok(Self { version: back.version, origin, planned, diff, annotations })
    }

    /// Draws the version, the difference, and what the cluster says of it.
    pub fn show(&self, printer: &Printer, what: &str) {
        printer.line(format_args!(
            "{what} version {} of {}  {}",
            self.version.version,
            when(&self.version),
            Styled(style::DIM, made_by(self.origin.as_ref())),
        ));
        if self.planned.running.as_ref().is_some_and(|running| !running.stopped) {
            printer.result(self.shown(printer.diff_style(), diff::text::render));
        }
        rollout::verdict(printer, &self.planned);
    }

    fn shown<T>(&self, style: Style, show: impl FnOnce(&JobDiff, &Show<'_>) -> T) -> T {
        let how = Show { style, masker: masker(), place: None, annotations: Some(&self.annotations) };
        show(&self.diff, &how)
    }

    /// As JSON.
    pub fn to_json(&self, submitted: bool) -> Json {
        json!({
            "to_version": self.version.version, "index": self.planned.check_index(), "submitted": submitted,
            "diff": self.shown(Style::plain(), diff::json::to_json), "origin": self.origin,
        })
    }

    /// Registers exactly what was planned; `None` where nothing changes.
    ///
    /// # Errors
    /// `Stale` where the job moved; those of the cluster.
    pub fn submit(
        &self,
        printer: &Printer,
        target: &Target<'_>,
        rollback_to: Option<u64>,
    ) -> Result<Option<Registered>> {
        let (source, origin) = self.submission(target, rollback_to)?;
        let submitted = submit::register(&*target.cluster, &self.planned, &source, &origin)?;
        if let Some(registered) = &submitted.registered
            && let Some(Err(warning)) = submit::tag(&*target.cluster, &target.id, registered, &origin)
        {
            printer.diagnostics(&[warning]);
        }
        Ok(submitted.registered)
    }

    /// What is kept beside the new version: who registered it, when, and what the version was made from.
    fn submission(&self, target: &Target<'_>, rollback_to: Option<u64>) -> Result<(String, Origin)> {
        let same_counts = submit::counts(&self.planned.job) == submit::counts(&self.version.job);
        let source = match &self.origin {
            Some(_) if same_counts => target.cluster.submission(&target.id, self.version.version)?,
            _ => None,
        };
        let source = match source {
            Some(submission) => submission.source,
            None => running_job(&self.planned.job)?.to_hcl(),
        };
        let origin = Origin {
            tool: concat!("platy-manage ", env!("CARGO_PKG_VERSION")).to_owned(),
            stage: target.stage.name.clone(),
            user: user(target.project),
            time: rollout::now(),
            rollback_to,
            escapes: Vec::new(),
            ..self.origin.clone().unwrap_or_default()
        };
        Ok((source, origin))
    }
}

/// A version as it is registered again: without what the server keeps of it.
fn as_new(mut document: JobDocument) -> JobDocument {
    const KEPT_BY_THE_SERVER: [&str; 9] = [
        "CreateIndex",
        "JobModifyIndex",
        "ModifyIndex",
        "Stable",
        "Status",
        "StatusDescription",
        "SubmitTime",
        "Version",
        "VersionTag",
    ];
    if let Some(job) = document.as_object_mut() {
        job.retain(|key, _| !KEPT_BY_THE_SERVER.contains(&key.as_str()));
        job.insert("Stop".to_owned(), false.into());
    }
    document
}
