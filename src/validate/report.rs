//! Where rules put what they find.

use super::rules::{Cx, Rule};
use super::view::{Block, Site};
use crate::diagnostic::Diagnostic;

/// One finding in a job.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong, where, and what to do.
    pub diagnostic: Diagnostic,
    /// The value's path in the job, by HCL names: `group.api.task.web.template[0].destination`.
    pub path: String,
}

impl Finding {
    /// Adds a sentence on what to do.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.diagnostic.hints.push(hint.into());
        self
    }

    /// Adds a place that explains the finding, if it stands in the file.
    pub fn related(&mut self, site: Site, text: impl Into<String>) -> &mut Self {
        if let Some(place) = site.place {
            self.diagnostic.related.push(crate::diagnostic::Label { place, text: text.into() });
        }
        self
    }

    /// Adds the place of a field's value, if it was written and is not the place already shown.
    pub fn related_written(&mut self, block: &Block<'_>, json: &str, text: &str) -> &mut Self {
        let site = block.at(json);
        let shown = self.diagnostic.primary.as_ref().map(|label| label.place.start);
        let here = site.place.as_ref().map(|place| place.start);
        if block.get(json).span.is_some() && here != shown {
            self.related(site, text);
        }
        self
    }

    /// Adds "did you mean" if one of `known` is close to `name`.
    pub fn did_you_mean<'a>(&mut self, name: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Self {
        if let Some(near) = crate::diagnostic::nearest(name, known) {
            self.hint(format!("did you mean `{near}`?"));
        }
        self
    }

    /// Where it begins in the file; what has no place comes first.
    pub(super) fn start(&self) -> usize {
        self.diagnostic.primary.as_ref().map_or(0, |label| label.place.start)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub struct Report {
    pub(super) findings: Vec<Finding>,
}

/// Where one running rule says what it found.
#[derive(Debug)]
pub struct Out<'r> {
    rule: &'static Rule,
    report: &'r mut Report,
}

impl Out<'_> {
    /// Reports what the rule found at a site.
    pub fn say(&mut self, site: Site, message: impl Into<String>) -> &mut Finding {
        self.report.push(self.rule, site, message)
    }

    /// How many findings there are so far, of all rules.
    pub fn count(&self) -> usize {
        self.report.findings.len()
    }
}

impl Report {
    /// Runs every rule on a block.
    pub fn run(&mut self, rules: &'static [Rule], cx: &Cx<'_>, block: &Block<'_>) {
        for rule in rules {
            (rule.check)(cx, block, &mut Out { rule, report: self });
        }
    }

    /// Runs rules on a block until one of them finds something, as Nomad does for some blocks;
    /// whether one did.
    pub fn run_first(&mut self, rules: &'static [Rule], cx: &Cx<'_>, block: &Block<'_>) -> bool {
        let before = self.findings.len();
        for rule in rules {
            (rule.check)(cx, block, &mut Out { rule, report: self });
            if self.findings.len() > before {
                return true;
            }
        }
        false
    }

    /// Reports a finding of a given rule.
    pub fn push(&mut self, rule: &'static Rule, site: Site, message: impl Into<String>) -> &mut Finding {
        let mut diagnostic = Diagnostic::error(rule.code, message);
        diagnostic.severity = rule.severity;
        if let Some(place) = site.place {
            diagnostic = diagnostic.at(place);
        }
        self.findings.push(Finding { diagnostic, path: site.path });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.diagnostic.is_error()).count()
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
}
