//! What is wrong with a job, offline: the rules of a Nomad server and the drivers' `config`.
//!
//! This module owns the verdict; `rules/` holds the server's rules, a file a subject, and
//! `driver/` what the task drivers know of their `config`. Nothing here reads the network: what
//! depends on a cluster becomes a sentence in [`Verdict::not_checked`], never an error and never
//! silence.

pub mod driver;
pub mod formats;
pub mod literal;
pub mod needs;
pub mod policy;
pub mod reference;
mod report;
pub mod rules;
pub mod taskargs;
pub mod view;
pub mod waive;

pub use report::{Finding, Out, Report};

use crate::diagnostic::{Diagnostic, Severity};
use crate::jobspec::Job;

/// What is known of a job without asking a cluster.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What a server (or, at the start of a task, its driver) refuses.
    pub errors: Vec<Finding>,
    /// What is accepted and probably not meant.
    pub warnings: Vec<Finding>,
    /// What only a cluster can tell.
    pub not_checked: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing in the job itself is refused.
    pub fn is_accepted(&self) -> bool {
        self.errors.is_empty()
    }

    /// Every diagnostic: errors, then warnings, then notes on what was not checked.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        let all = self.errors.iter().chain(&self.warnings).chain(&self.not_checked);
        all.map(|finding| &finding.diagnostic)
    }
}

/// Judges a job as a Nomad server would, and its drivers' `config` as the drivers would.
///
/// The rules see the job after the server's defaults, as the server does; places are those of
/// the job as it was written.
pub fn jobspec(job: &Job) -> Verdict {
    let complete = job.with_defaults();
    let root = view::Block::root(&complete.root, job.source.as_ref());
    let written = view::Block::root(&job.root, job.source.as_ref());
    let mut report = Report::default();
    if !rules::request(&written, &mut report) && !rules::admission(&root, &mut report) {
        rules::check(&root, &mut report);
    }
    // The drivers see what was written: a server fills nothing into `config`.
    driver::check(&written, &mut report);
    report.finish()
}

/// Whether a comment in a job's file can waive findings with this code: those of the rules, of the drivers, of policies,
/// and secrets. What cannot be read or compiled is not waived, nor is what nobody checked.
pub fn is_waivable(code: &str) -> bool {
    let rules = rules::SUBJECTS.iter().flat_map(|subject| subject.rules).chain(driver::RULES);
    let mut rules = rules.filter(|rule| rule.severity != Severity::Note);
    [policy::POLICY.id, literal::LITERAL_SECRET.id].contains(&code) || rules.any(|rule| rule.code.id == code)
}

impl Report {
    /// The verdict: findings by severity, each list in the order of the file.
    fn finish(self) -> Verdict {
        let mut verdict = Verdict::default();
        for finding in self.findings {
            match finding.diagnostic.severity {
                Severity::Error => verdict.errors.push(finding),
                Severity::Warning => verdict.warnings.push(finding),
                Severity::Note => verdict.not_checked.push(finding),
            }
        }
        for list in [&mut verdict.errors, &mut verdict.warnings, &mut verdict.not_checked] {
            list.sort_by_key(Finding::start);
        }
        verdict
    }
}
