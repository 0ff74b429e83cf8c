//! What the cluster itself says of a compiled job: its verdict, and a placement dry run.
//!
//! It changes nothing. What our own rules have said already is not said again.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, placement};
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Result};

crate::codes! {
    /// The server refuses a job that we accept.
    SERVER_REFUSES = "P0832", "the cluster's server refuses the job", "https://developer.hashicorp.com/nomad/api-docs/validate";
    /// The server warns of a job.
    SERVER_WARNS = "P0833", "the cluster's server warns of the job", "https://developer.hashicorp.com/nomad/api-docs/validate";
    /// The scheduler finds no place for some allocations.
    NO_PLACE = "P0834", "some allocations would find no place", "https://developer.hashicorp.com/nomad/api-docs/jobs#create-job-plan";
}

/// Asks the cluster; the findings stand at the job's choice of its template, for the server gives no place.
///
/// # Errors
/// Those of the cluster.
pub fn ask(cluster: &dyn Cluster, compiled: &Compiled) -> Result<Vec<Diagnostic>> {
    let name = &compiled.merged.name;
    let at = |diagnostic: Diagnostic| diagnostic.at(compiled.merged.template_place.clone());
    let job = compiled.job().to_value();
    let verdict = cluster.validate(&job)?;
    let mut found: Vec<_> = verdict
        .errors
        .iter()
        .map(|error| {
            at(Diagnostic::error(
                &SERVER_REFUSES,
                format!("{} refuses `{name}`: {error}", cluster.describe()),
            ))
        })
        .collect();
    let mut warnings = verdict.warnings;
    // The scheduler cannot judge what the server refuses.
    if found.is_empty() {
        let plan = cluster.plan(&job, false)?;
        warnings.extend(plan.warnings);
        for (group, failure) in &plan.failures {
            let reasons = placement::reasons(failure).join("; ");
            let message = format!("the group `{group}` of `{name}` would find no place: {reasons}");
            found.push(at(Diagnostic::error(&NO_PLACE, message)));
        }
    }
    let ours: Vec<_> =
        compiled.warnings.iter().chain(&compiled.waived).map(|known| words(&known.message)).collect();
    let mut said: Vec<BTreeSet<String>> = Vec::new();
    for warning in warnings {
        let these = words(&warning);
        if !ours.iter().chain(&said).any(|known| same(known, &these)) {
            let message = format!("{} warns of `{name}`: {warning}", cluster.describe());
            found.push(at(Diagnostic::warning(&SERVER_WARNS, message)));
            said.push(these);
        }
    }
    Ok(found)
}

/// The words that carry the sense of a sentence, and its numbers.
fn words(text: &str) -> BTreeSet<String> {
    let words = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.len() > 3 || word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Whether two sentences are about one thing: half of the shorter one's words are in the other.
fn same(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let shorter = a.len().min(b.len());
    shorter > 0 && a.intersection(b).count() * 2 >= shorter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_in_two_wordings_is_one() {
        let server = words(
            "Group \"web\" has warnings: update max parallel count is greater than task group count (5 > 2)",
        );
        assert!(same(&words("`max_parallel` 5 is greater than the count 2 of the group `web`"), &server));
        assert!(!same(&words("the task `web` has no `image`, which its driver needs"), &server));
        assert!(!same(&words(""), &server));
    }
}
