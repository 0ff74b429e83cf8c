//! Registering a job, and finding out what happened where the answer was lost.

use serde_json::json;

use super::NomadCluster;
use super::decode::{self, Evaluated, errors};
use super::http::Call;
use super::trouble::Trouble;
use crate::cluster::{Cluster, JOB_REFUSED, JobDocument, Registered, RunningJob, STALE, Submission};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

impl NomadCluster {
    /// Registers the job. A lost answer is resolved by reading the job back: where the check index
    /// still holds, nothing was done and the request may be sent again; where the job holds our
    /// submission, it was done.
    pub(super) fn register_once(
        &self,
        job: &JobDocument,
        check: Option<u64>,
        submission: &Submission,
    ) -> Result<Registered> {
        let id = decode::id(job);
        let what = format!("register the job `{id}`");
        let mut body = json!({"Job": job});
        if !submission.source.is_empty() {
            body["Submission"] = serde_json::to_value(submission).unwrap_or_default();
        }
        if let Some(index) = check {
            body["EnforceIndex"] = true.into();
            body["JobModifyIndex"] = index.into();
        }
        let mut lost = false;
        loop {
            let call = Call::put("/v1/jobs".to_owned(), &body, &what, "submit-job");
            let trouble = match self.http.send(call) {
                Ok(answer) => match self.http.decode::<Evaluated>(&answer, &what) {
                    Ok(answer) => return Ok(answer.value.into()),
                    // An answer that cannot be read is a lost one.
                    Err(failure) => Trouble::Lost(failure),
                },
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Lost(failure) => {
                    let now = self.read_job(&id)?;
                    if let Some(registered) = self.ours(now.as_ref(), check, submission)? {
                        return Ok(registered);
                    }
                    let unchanged = now.as_ref().map_or(0, |job| job.job_modify_index);
                    // With a check index a second try cannot register twice.
                    if !lost && check == Some(unchanged) {
                        lost = true;
                        continue;
                    }
                    return Err(failure);
                }
                // After a lost answer "moved" may be our own first try, which came in late.
                Trouble::Refused { failure, .. } if lost && failure.kind == FailureKind::Stale => {
                    let now = self.read_job(&id)?;
                    return self.ours(now.as_ref(), check, submission)?.ok_or(failure);
                }
                trouble => return Err(refused_job(trouble)),
            }
        }
    }

    /// The registration, if the running version was submitted with exactly this submission.
    fn ours(
        &self,
        now: Option<&RunningJob>,
        check: Option<u64>,
        submission: &Submission,
    ) -> Result<Option<Registered>> {
        let Some(now) = now.filter(|now| check != Some(now.job_modify_index)) else { return Ok(None) };
        // Who and when are part of it, so that no other submission is equal.
        if submission.variables.is_empty()
            || self.submission(&now.id, now.version)?.as_ref() != Some(submission)
        {
            return Ok(None);
        }
        let evaluations = self.evaluations(&now.id)?;
        let eval = evaluations
            .iter()
            .find(|eval| eval.triggered_by == "job-register" && eval.create_index >= now.job_modify_index);
        Ok(Some(Registered {
            eval_id: eval.map(|eval| eval.id.clone()),
            job_modify_index: now.job_modify_index,
            warnings: Vec::new(),
            recovered: true,
        }))
    }
}

/// A refusal of the job itself, as the list of its errors.
pub(super) fn refused_job(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused { status: 400 | 500, text, failure, .. } if failure.kind == FailureKind::Other => {
            let diagnostics: Vec<_> = errors(&text)
                .into_iter()
                .map(|error| Diagnostic::error(&JOB_REFUSED, format!("the cluster refused the job: {error}")))
                .collect();
            if diagnostics.is_empty() { failure } else { Failure::invalid(diagnostics) }
        }
        trouble => trouble.failure(),
    }
}

/// A revert whose prior version does not hold any more is stale.
pub(super) fn moved_before_revert(trouble: Trouble, what: &str) -> Failure {
    match trouble {
        Trouble::Refused { text, .. }
            if text.contains("enforce version") || text.contains("Current job has version") =>
        {
            Failure::new(
                FailureKind::Stale,
                Diagnostic::error(
                    &STALE,
                    format!("could not {what}: the running job moved since it was read"),
                )
                .hint(format!("Nomad says: {text}")),
            )
        }
        trouble => trouble.failure(),
    }
}
