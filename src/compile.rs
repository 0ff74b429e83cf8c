//! From names to compiled jobs: load, merge, render, parse, inject and validate as one call.
//!
//! What is read once (the project, the templates, the schemas) is shared by all jobs of a
//! [`Compiler`]; a fleet is compiled in parallel.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rayon::prelude::*;

use crate::diagnostic::{self, Diagnostic, Failure, Label, Result};
use crate::diff::Spot;
use crate::inject::{self, Facts, Injected};
use crate::jobspec::{self, Job, Variables};
use crate::load::waiver::Waived;
use crate::load::{self, JobFile};
use crate::merge::{self, Cause, Merged, SetArg, Standing};
use crate::project::{JobEntry, Project, Stage};
use crate::render::{self, Rendered, Renderer};
use crate::validate::waive::Effect;
use crate::validate::{self, driver, literal, needs::Needs, policy, taskargs};

crate::codes! {
    /// A waiver whose last day has passed.
    EXPIRED_WAIVER = "P0812", "a waiver has expired", "docs/validation.md";
    /// A waiver without a finding.
    IDLE_WAIVER = "P0813", "a waiver waives nothing", "docs/validation.md";
    /// A waiver of a finding that nobody may waive.
    NOT_WAIVABLE = "P0814", "a waiver names a code that cannot be waived", "docs/validation.md";
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
    /// The waivers of the job's file that waive nothing in this stage.
    pub idle: Vec<Waived>,
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

    /// Where something stood that is gone from a newer revision of this job; `None` for what our own templates wrote.
    pub fn cause_before(&self, span: jobspec::syntax::Span) -> Option<Cause> {
        let origin = self.rendered.lines.origin(span.range())?;
        if origin.builtin && origin.value.is_none() {
            return None;
        }
        Some(Cause { standing: Standing::Before, ..self.origin(span)? })
    }

    /// What a change is due to.
    pub fn cause(&self, spot: Spot<'_>) -> Option<Cause> {
        match spot {
            Spot::At(span) => self.origin(span),
            Spot::Gone(gone, around) => {
                let origin = around.span.and_then(|span| self.rendered.lines.origin(span.range()));
                let beside = origin.and_then(|origin| origin.value);
                Some(self.merged.cause_of_absence(&gone.name, &around.name, beside.as_ref()))
            }
        }
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
        let home = |found: Vec<Diagnostic>| -> Vec<Diagnostic> {
            found.into_iter().map(|found| at_home(&merged, found)).collect()
        };
        let mut rendered = rendered.map_err(home)?;
        let facts = Facts::new(&merged).placed(&merged, |place| rendered.note(place));
        let placed = |found: Vec<Diagnostic>| -> Vec<Diagnostic> {
            found.into_iter().map(|found| at_home(&merged, rendered.map(found))).collect()
        };
        let mut job = jobspec::parse(&rendered.source, &Variables::default()).map_err(placed)?;
        job.root.set("ID", merged.job_id.as_str().into());
        let injected = inject::inject(job, &facts).map_err(placed)?;
        let verdict = validate::jobspec(&injected.job);
        let take = |findings: Vec<validate::Finding>| {
            placed(findings.into_iter().map(|finding| finding.diagnostic).collect())
        };
        let (mut waived, mut expired) = (Vec::new(), Vec::new());
        let mut idle = vec![true; merged.file.waivers.len()];
        let mut keep = |findings: Vec<Diagnostic>| {
            let mut kept = Vec::new();
            for finding in findings {
                let waiver = self.waiver(&merged, &finding);
                if let Some((at, _)) = waiver {
                    idle[at] = false;
                }
                match waiver.map(|(_, effect)| effect) {
                    Some(Effect::Waived) => waived.push(finding),
                    Some(Effect::Expired) => {
                        expired.push(finding.clone());
                        kept.push(finding);
                    }
                    Some(Effect::None) | None => kept.push(finding),
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
        warnings.extend(merged.file.waivers.iter().filter_map(vain));
        let idle =
            merged.file.waivers.iter().zip(idle).filter(|(_, idle)| *idle).map(|(waived, _)| waived.clone());
        let idle = idle.filter(|waived| validate::is_waivable(&waived.waiver.code)).collect();
        let not_checked = take(verdict.not_checked);
        if !problems.is_empty() {
            problems.extend(warnings);
            return Err(problems);
        }
        Ok(Compiled { merged, rendered, injected, warnings, not_checked, waived, idle })
    }

    /// The waiver of the job's file that speaks of a finding, and what it says.
    fn waiver(&self, merged: &Merged, finding: &Diagnostic) -> Option<(usize, Effect)> {
        let lines = lines_in(merged, finding);
        let waivers =
            merged.file.waivers.iter().enumerate().filter(|(_, waived)| lines.contains(&waived.line));
        waivers
            .map(|(at, waived)| (at, waived.waiver.effect(finding.code.id, self.today)))
            .find(|(_, effect)| *effect != Effect::None)
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

/// The waivers that waive nothing in any of the stages that a job was compiled for. Nothing is said of a job that did
/// not compile everywhere: what its waivers are for may not have been reached.
pub fn idle_waivers(outcomes: &[Outcome]) -> Vec<Diagnostic> {
    let mut jobs: BTreeMap<&str, Option<Vec<&Waived>>> = BTreeMap::new();
    for outcome in outcomes {
        let idle = outcome.result.as_ref().ok().map(|compiled| compiled.idle.iter().collect::<Vec<_>>());
        let same = |a: &Waived, b: &Waived| a.place.start == b.place.start && a.waiver.code == b.waiver.code;
        jobs.entry(&outcome.name)
            .and_modify(|known| {
                *known = known.take().zip(idle.clone()).map(|(mut known, idle)| {
                    known.retain(|waived| idle.iter().any(|other| same(waived, other)));
                    known
                });
            })
            .or_insert(idle);
    }
    let finding = |waived: &Waived| {
        let message = format!("this waiver of {} waives nothing", waived.waiver.code);
        Diagnostic::warning(&IDLE_WAIVER, message).at(waived.place.clone()).hint(
            "take it away; or put it beside the value that the finding is about, or on the line before that",
        )
    };
    jobs.into_values().flatten().flatten().map(finding).collect()
}

/// What is wrong with a waiver whatever is found.
fn vain(waived: &Waived) -> Option<Diagnostic> {
    let code = &waived.waiver.code;
    if validate::is_waivable(code) {
        return None;
    }
    let known = diagnostic::catalog::all();
    let diagnostic = match known.iter().find(|known| known.id == code) {
        Some(known) => {
            let message = format!("{code} ({}) cannot be waived", known.title);
            Diagnostic::warning(&NOT_WAIVABLE, message)
                .hint("mend what it is about, and take the comment away")
        }
        None => {
            let message = format!("{code} is the code of no finding");
            let hint = "a finding shows its code in brackets, `error[P0567]`; docs/findings.md lists all";
            Diagnostic::warning(&NOT_WAIVABLE, message).hint(hint)
        }
    };
    Some(diagnostic.at(waived.place.clone()))
}

/// Moves a finding about a built-in template, which no single value decides, to the values of the job: that template
/// cannot be changed.
fn at_home(merged: &Merged, mut finding: Diagnostic) -> Diagnostic {
    let is_builtin = |label: &Label| {
        let source = &label.place.source;
        source.is_file() && source.name().starts_with(render::BUILTIN)
    };
    let Some(label) = finding.primary.as_mut().filter(|label| is_builtin(label)) else { return finding };
    let config = merged.file.root.entry("config").map(|entry| entry.key_place.clone());
    let place = config.unwrap_or_else(|| merged.template_place.clone());
    let template =
        Label { place: std::mem::replace(&mut label.place, place), text: std::mem::take(&mut label.text) };
    let text = if template.text.is_empty() { "in the built-in template".to_owned() } else { template.text };
    finding.related.insert(0, Label { text, ..template });
    let runs = |key: &str| merged.get(key).is_some();
    if finding.code.id == driver::CONFIG_REQUIRED.id && !runs("image") && !runs("command") {
        finding.message = format!("the job has neither `image` nor `command`: {}", finding.message);
        finding.hints = vec!["add `image: IMAGE` for a container, or `command: PROGRAM`".to_owned()];
    }
    finding
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
