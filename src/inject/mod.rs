//! Inject: passes over the compiled job that give every job its monitoring and its names.
//!
//! A pass is small, named, and says what it changed, so that `explain` can list it. What the
//! passes add is stable: nothing here changes with a commit, an hour or a user, because each
//! change of `env` or `meta` restarts allocations.

mod environment;
mod meta;
mod wrapper;

pub use wrapper::{CODES, DESTINATION, SCRIPT};

use crate::diagnostic::{Diagnostic, Place};
use crate::jobspec::Job;
use crate::jobspec::syntax::Span;
use crate::merge::{Layer, Merged};

/// What the passes know of a job beside the job itself.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The job's name: that of its file.
    pub name: String,
    /// The stage.
    pub stage: String,
    /// The name of the stage's cluster.
    pub cluster: String,
    /// The user in the job key.
    pub user: String,
    /// `CLUSTER/USER/STAGE/NAME`.
    pub job_key: String,
    /// The template that the job names.
    pub template: String,
    /// Who answers for the job.
    pub owner: Option<String>,
    /// The hash of the commit that was built, or the version: the job's `githash`.
    pub build: Option<String>,
    /// Where events are sent.
    pub events: Option<String>,
    /// What the job says of its monitoring.
    pub mode: Option<Mode>,
    /// What the stage says where the job says nothing.
    pub stage_mode: Option<Mode>,
    /// Where these are written.
    pub spans: Spans,
}

/// Where the facts are written that a job's values decide, as spans of the job's text or past it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spans {
    /// The user.
    pub user: Option<Span>,
    /// The name of the template.
    pub template: Option<Span>,
    /// Who answers for the job.
    pub owner: Option<Span>,
    /// The job's `githash`.
    pub build: Option<Span>,
    /// What the job says of its monitoring.
    pub mode: Option<Span>,
    /// The signal that asks a task to end, where the job or its stage sets one.
    pub kill_signal: Option<Span>,
    /// How long a task may take to end, where the job or its stage says so.
    pub kill_timeout: Option<Span>,
}

impl Facts {
    /// What the passes need of a merged config.
    pub fn new(merged: &Merged) -> Self {
        let text = |path: &str| merged.text(path).map(str::to_owned);
        let mode = |name: Option<&str>| name.and_then(Mode::from_name);
        let stage = &merged.stage;
        Self {
            name: merged.name.clone(),
            stage: stage.name.clone(),
            cluster: stage.cluster.clone(),
            user: merged.user.clone(),
            job_key: merged.job_key.clone(),
            template: merged.template.clone(),
            owner: text("owner"),
            build: text("githash"),
            events: stage.monitoring.events.clone(),
            mode: mode(merged.text("monitoring")),
            stage_mode: mode(stage.monitoring.mode.as_deref()),
            spans: Spans::default(),
        }
    }

    /// The same with the places of the values that decide them; `note` makes a span of a place.
    #[must_use]
    pub fn placed(mut self, merged: &Merged, mut note: impl FnMut(Place) -> Span) -> Self {
        let mut at = |path: &str| {
            let value = merged.get(path).filter(|value| value.layer != Layer::BuiltIn)?;
            Some(note(value.place.clone()))
        };
        self.spans = Spans {
            user: at("user"),
            owner: at("owner"),
            build: at("githash"),
            mode: at("monitoring"),
            kill_signal: at("kill_signal"),
            kill_timeout: at("kill_timeout"),
            template: None,
        };
        self.spans.template = Some(note(merged.template_place.clone()));
        self
    }
}

/// Who reports how a task started and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The wrapper, put around the task's command.
    Inject,
    /// The image, which brings the wrapper: only the environment is injected.
    Image,
    /// Nobody.
    Off,
}

impl Mode {
    /// The mode by its name in YAML.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "inject" => Some(Self::Inject),
            "image" => Some(Self::Image),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// A pass: a name for `explain`, what it does, and the function that does it.
#[derive(Debug)]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub doc: &'static str,
    run: Run,
}

/// Changes a job and tells what it changed.
type Run = fn(&mut Job, &Facts) -> Result<Vec<String>, Vec<Diagnostic>>;

/// Every pass, in the order in which they run.
pub static PASSES: &[Pass] = &[wrapper::PASS, environment::PASS, meta::PASS];

/// A pass that changed something.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The pass.
    pub pass: &'static Pass,
    /// What it changed or left alone, a short sentence each.
    pub changes: Vec<String>,
}

/// A job with all that is injected.
#[derive(Debug, Clone)]
pub struct Injected {
    /// The job.
    pub job: Job,
    /// What each pass did.
    pub passes: Vec<Applied>,
}

/// Runs every pass over a job.
///
/// # Errors
///
/// A task that should be wrapped and whose command is not known. All such tasks are reported,
/// at their places in the job's source.
pub fn inject(mut job: Job, facts: &Facts) -> Result<Injected, Vec<Diagnostic>> {
    let (mut passes, mut errors) = (Vec::new(), Vec::new());
    for pass in PASSES {
        match (pass.run)(&mut job, facts) {
            Ok(changes) => passes.push(Applied { pass, changes }),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(Injected { job, passes }) } else { Err(errors) }
}

#[cfg(test)]
mod tests;
