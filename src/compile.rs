//! From names to compiled jobs: load, merge, render, parse, inject and validate as one call.
//!
//! What is read once (the project, the templates, the schemas) is shared by all jobs of a
//! [`Compiler`]; a fleet is compiled in parallel.

use jiff::civil::Date;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Failure, Result};
use crate::inject::{self, Facts, Injected};
use crate::jobspec::{self, Job, Variables};
use crate::load::{self, JobFile};
use crate::merge::{self, Cause, Merged, SetArg};
use crate::project::{JobEntry, Project, Stage};
use crate::render::{Rendered, Renderer};
use crate::validate::waive::Effect;
use crate::validate::{self, literal, needs::Needs, policy, taskargs};

crate::codes! {
    /// A waiver whose last day has passed.
    EXPIRED_WAIVER = "P0812", "a waiver has expired", "docs/validation.md";
}

/// A job that passed every step: ready to be shown, compared or submitted.
#[derive(Debug)]
pub struct Compiled {
    /// The merged values, each with the layer it came from.
    pub merged: Merged,
    /// The rendered template.
    pub rendered: Rendered,
    /// The job in the shape of Nomad's API, wrapper and all, and what was injected.
    pub injected: Injected,
    /// Warnings; a job with an error is not compiled.
    pub warnings: Vec<Diagnostic>,
    /// What only a cluster can judge.
    pub not_checked: Vec<Diagnostic>,
    /// Findings that a comment waives.
    pub waived: Vec<Diagnostic>,
}

impl Compiled {
    /// The job as it is submitted.
    pub fn job(&self) -> &Job {
        &self.injected.job
    }

    /// Where the YAML or the template says what stands in this span of the rendered text.
    pub fn origin(&self, span: jobspec::syntax::Span) -> Option<Cause> {
        let origin = self.rendered.lines.origin(span.range())?;
        Some(match origin.value {
            Some(value) => self.merged.cause(value),
            None => origin.template.into(),
        })
    }
}

/// One job of a fleet in one stage, compiled or not.
#[derive(Debug)]
pub struct Outcome {
    /// The job's name.
    pub name: String,
    /// The stage's name.
    pub stage: String,
    /// What became of it.
    pub result: std::result::Result<Box<Compiled>, Vec<Diagnostic>>,
}

/// Compiles the jobs of one project.
#[derive(Debug)]
pub struct Compiler<'p> {
    project: &'p Project,
    renderer: Renderer,
    schemas: taskargs::Schemas,
    policies: policy::Policies,
    needs: Needs<'p>,
    today: Date,
}

impl<'p> Compiler<'p> {
    /// A compiler; `today` decides which waivers still hold. Nothing is read yet.
    pub fn new(project: &'p Project, today: Date) -> Self {
        let folder = project.root.join("schemas");
        let schemas = taskargs::Schemas::new(&folder, project.display(&folder));
        let policies = policy::Policies::new(project);
        let needs = Needs::new(project);
        Self { project, renderer: Renderer::new(project), schemas, policies, needs, today }
    }

    /// Compiles one job for one stage; reads only the files that it needs.
    ///
    /// # Errors
    /// All that is wrong with the job: `Invalid`.
    pub fn job(&self, name: &str, stage: &Stage, sets: &[SetArg]) -> Result<Compiled> {
        let file = load::load(self.project, name).map_err(Failure::invalid)?;
        self.file(&file, stage, sets).map_err(Failure::invalid)
    }

    /// Compiles a job file that was read already.
    ///
    /// # Errors
    /// All that is wrong with it. A step whose predecessor failed is not run.
    pub fn file(
        &self,
        file: &JobFile,
        stage: &Stage,
        sets: &[SetArg],
    ) -> std::result::Result<Compiled, Vec<Diagnostic>> {
        let mut problems = self.needs.check(file);
        let merged = match merge::merge(self.project, file, stage, sets) {
            Ok(merged) => merged,
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        let secrets = literal::secrets(&merged);
        // No finding shows a secret that stands in its line.
        let mut result = match self.merged(merged, stage, &secrets) {
            Ok(compiled) if problems.is_empty() => Ok(compiled),
            Ok(compiled) => {
                problems.extend(compiled.warnings);
                Err(problems)
            }
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        };
        match &mut result {
            Ok(compiled) => {
                for findings in [&mut compiled.warnings, &mut compiled.not_checked, &mut compiled.waived] {
                    literal::conceal(findings, &secrets);
                }
            }
            Err(problems) => literal::conceal(problems, &secrets),
        }
        result
    }

    /// Compiles merged values.
    fn merged(
        &self,
        merged: Merged,
        stage: &Stage,
        secrets: &[literal::Secret],
    ) -> std::result::Result<Compiled, Vec<Diagnostic>> {
        let mut problems = self.schemas.check(&merged);
        let rendered = self.renderer.render(self.project, &merged);
        // What is missing in taskargs fails the template too: once is enough.
        if !problems.is_empty() {
            return Err(problems);
        }
        let rendered = rendered?;
        let placed =
            |found: Vec<Diagnostic>| found.into_iter().map(|found| rendered.map(found)).collect::<Vec<_>>();
        let mut job = jobspec::parse(&rendered.source, &Variables::default()).map_err(placed)?;
        job.root.set("ID", merged.job_id.as_str().into());
        let injected = inject::inject(job, &Facts::new(&merged)).map_err(placed)?;
        let verdict = validate::jobspec(&injected.job);
        let take = |findings: Vec<validate::Finding>| {
            findings.into_iter().map(|finding| rendered.map(finding.diagnostic)).collect::<Vec<_>>()
        };
        let (mut waived, mut expired) = (Vec::new(), Vec::new());
        let mut keep = |findings: Vec<Diagnostic>| {
            let mut kept = Vec::new();
            for finding in findings {
                match self.waiver(&merged, &finding) {
                    Effect::None => kept.push(finding),
                    Effect::Waived => waived.push(finding),
                    Effect::Expired => {
                        expired.push(finding.clone());
                        kept.push(finding);
                    }
                }
            }
            kept
        };
        let policies = self.policies.check(self.project, &stage.name, &injected.job);
        let by_template = |mut finding: Diagnostic| {
            finding = rendered.map(finding);
            // What no value of the job's file decides is decided by its choice of the template.
            if lines_in(&merged, &finding).is_empty() && finding.code.id == policy::POLICY.id {
                finding = finding.related(merged.template_place.clone(), "by this template");
            }
            finding
        };
        let (refused, disliked): (Vec<_>, Vec<_>) =
            policies.into_iter().map(by_template).partition(Diagnostic::is_error);
        problems.extend(keep(take(verdict.errors)));
        problems.extend(keep(refused));
        let mut warnings = keep(take(verdict.warnings));
        warnings.extend(keep(disliked));
        warnings.extend(keep(secrets.iter().filter_map(literal::Secret::finding).collect()));
        warnings.extend(expired.iter().flat_map(|finding| self.expired(&merged, finding)));
        let not_checked = take(verdict.not_checked);
        if !problems.is_empty() {
            problems.extend(warnings);
            return Err(problems);
        }
        Ok(Compiled { merged, rendered, injected, warnings, not_checked, waived })
    }

    /// What the waivers of the job's file say of a finding.
    fn waiver(&self, merged: &Merged, finding: &Diagnostic) -> Effect {
        let lines = lines_in(merged, finding);
        let waivers = merged.file.waivers.iter().filter(|waived| lines.contains(&waived.line));
        waivers
            .map(|waived| waived.waiver.effect(finding.code.id, self.today))
            .find(|effect| *effect != Effect::None)
            .unwrap_or(Effect::None)
    }

    fn expired(&self, merged: &Merged, finding: &Diagnostic) -> Option<Diagnostic> {
        let lines = lines_in(merged, finding);
        let waived = merged.file.waivers.iter().find(|waived| {
            lines.contains(&waived.line)
                && waived.waiver.effect(finding.code.id, self.today) == Effect::Expired
        })?;
        let until = waived.waiver.until.map(|until| until.to_string()).unwrap_or_default();
        Some(
            Diagnostic::warning(
                &EXPIRED_WAIVER,
                format!("this waiver of {} expired after {until}", finding.code.id),
            )
            .at(waived.place.clone())
            .hint("fix the finding, or give the waiver a later day"),
        )
    }

    /// Compiles many jobs for many stages, in parallel; the results are in the order of the names.
    pub fn fleet(&self, jobs: &[JobEntry], stages: &[&Stage], sets: &[SetArg]) -> Vec<Outcome> {
        jobs.par_iter()
            .flat_map_iter(|entry| {
                let file = load::load_entry(self.project, entry);
                stages.iter().map(move |stage| Outcome {
                    name: entry.name.clone(),
                    stage: stage.name.clone(),
                    result: match &file {
                        Ok(file) => self.file(file, stage, sets).map(Box::new),
                        Err(problems) => Err(problems.clone()),
                    },
                })
            })
            .collect()
    }
}

/// The lines of the job's file that a finding is about.
fn lines_in(merged: &Merged, finding: &Diagnostic) -> Vec<usize> {
    finding
        .primary
        .iter()
        .chain(&finding.related)
        .filter(|label| label.place.source.same(&merged.file.source))
        .map(|label| label.place.position().line)
        .collect()
}
