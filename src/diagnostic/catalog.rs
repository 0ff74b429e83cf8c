//! Every code that a finding may have: for the reference page, and for the test that none is used twice.

use std::fmt::Write as _;

use super::Code;

/// Every code, in order.
pub fn all() -> Vec<&'static Code> {
    let lists: &[&[&'static Code]] = &[
        crate::cli::CODES,
        crate::cli::rollout::CODES,
        crate::cli::batch::CODES,
        crate::cli::target::CODES,
        crate::cli::follow::CODES,
        crate::cli::scale::CODES,
        crate::cli::restart::CODES,
        crate::cli::dispatch::CODES,
        crate::deploy::hold::CODES,
        crate::revision::CODES,
        crate::load::yaml::CODES,
        crate::load::shape::CODES,
        crate::load::CODES,
        crate::load::waiver::CODES,
        crate::project::CODES,
        crate::merge::CODES,
        crate::render::CODES,
        crate::jobspec::syntax::CODES,
        crate::jobspec::eval::expression::CODES,
        crate::jobspec::variables::CODES,
        crate::jobspec::decode::CODES,
        crate::jobspec::json::CODES,
        crate::jobspec::emit::CODES,
        crate::inject::CODES,
        crate::validate::taskargs::CODES,
        crate::validate::policy::CODES,
        crate::validate::literal::CODES,
        crate::validate::needs::CODES,
        crate::compile::CODES,
        crate::cluster::CODES,
        crate::git::CODES,
        crate::deploy::guard::CODES,
        crate::deploy::submit::CODES,
        crate::deploy::verdict::CODES,
        crate::deploy::planfile::CODES,
        crate::deploy::drift::CODES,
        crate::cli::orphans::CODES,
        crate::cli::prune::CODES,
    ];
    let subjects = crate::validate::rules::SUBJECTS.iter().flat_map(|subject| subject.rules);
    let rules = subjects.chain(crate::validate::driver::RULES).map(|rule| rule.code);
    let mut codes: Vec<_> = lists.iter().copied().flatten().copied().chain(rules).collect();
    codes.sort_by_key(|code| code.id);
    codes
}

/// The text of `docs/findings.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Findings\n\n\
         Every finding has a code that never changes its meaning. This page is written from their\n\
         declarations; a test keeps it current. What is behind the rules of a Nomad server (P05xx to\n\
         P07xx) stands in [rules.md](rules.md).\n\n\
         | code | meaning | where the rule comes from |\n|---|---|---|\n",
    );
    for code in all() {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            code.id,
            code.title.replace('|', "\\|"),
            code.origin.replace('|', "\\|")
        );
    }
    out
}
