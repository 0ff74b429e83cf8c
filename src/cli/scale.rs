//! `scale`: the count of a group, now.

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context, user};
use super::follow::{self, FollowArgs, Under};
use super::target::{Target, TargetArgs};
use super::{Done, Result, usage};
use crate::cluster::RunningJob;
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

crate::codes! {
    /// The job has no such group.
    NO_GROUP = "P0971", "the job has no such group", "docs/operate.md";
    /// A count that the group's `scaling` rules out.
    COUNT_OUT_OF_BOUNDS = "P0972", "a count is outside of what the group's `scaling` allows", "docs/operate.md";
}

/// Set the count of groups of a running job
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    /// The group and its count; the count alone where there is one group
    #[arg(value_name = "[GROUP=]COUNT", required = true)]
    counts: Vec<String>,
    #[command(flatten)]
    follow: FollowArgs,
}

/// A group whose count changes.
struct Step {
    group: String,
    from: u64,
    to: u64,
    /// Whether the group has `scaling`: what else decides its count is then expected.
    scaled: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        self.follow.check()?;
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        check(&target, &job)?;
        let steps: Vec<Step> = self.counts.iter().map(|text| step(&job, text)).collect::<Result<_>>()?;
        if let Some(twice) = steps
            .iter()
            .enumerate()
            .find(|(i, step)| steps[..*i].iter().any(|other| other.group == step.group))
        {
            return Err(usage(format!("the group `{}` is named twice", twice.1.group), "give it one count"));
        }
        let printer = &context.printer;
        let (mut done, mut outcome) = (Done::Ok, Json::Null);
        let changing: Vec<&Step> = steps.iter().filter(|step| step.from != step.to).collect();
        for step in &steps {
            if printer.is_text() {
                let arrow = if step.from == step.to { "is" } else { "→" };
                let from = if step.from == step.to { String::new() } else { format!("{} ", step.from) };
                printer
                    .line(format_args!("{}  group `{}`: {from}{arrow} {}", target.name, step.group, step.to));
            }
        }
        let by = user(&project);
        let by = if by.is_empty() { String::new() } else { format!(", by {by}") };
        let message = format!("platy-manage scale{by}");
        let mut last = None;
        for (i, step) in changing.iter().enumerate() {
            let scaled = target.cluster.scale(&target.id, &step.group, step.to, &message);
            last = Some(scaled.map_err(|failure| stopped_at(&changing, i, failure))?);
        }
        if let Some(registered) = &last {
            let job = target.held()?;
            (done, outcome) =
                follow::follow(context, &target, &job, Under::Registration(registered), &self.follow)?;
        }
        if printer.is_text() {
            if changing.iter().any(|step| !step.scaled) {
                printer.status("the next `update` or `apply` sets the file's count again: to keep this one, write it there");
            }
        } else {
            let groups: Vec<_> = steps
                .iter()
                .map(|step| json!({"group": step.group, "from": step.from, "to": step.to}))
                .collect();
            printer.json(&follow::as_json(&target, "scale", json!({ "groups": groups }), outcome));
        }
        Ok(done)
    }
}

/// A failure at one of several groups, with what is done already.
fn stopped_at(steps: &[&Step], failed: usize, mut failure: Failure) -> Failure {
    let shown = |steps: &[&Step]| {
        let each = |step: &&Step| format!("`{}` ({} → {})", step.group, step.from, step.to);
        steps.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    if let Some(problem) = failure.diagnostics.first_mut().filter(|_| steps.len() > 1) {
        let done = match failed {
            0 => "no group was scaled before".to_owned(),
            _ => format!("scaled already: {}", shown(&steps[..failed])),
        };
        problem.hints.push(done);
        problem.hints.push(format!("not scaled: {}", shown(&steps[failed..])));
    }
    failure
}

/// Refuses jobs whose count is decided by something else.
fn check(target: &Target<'_>, job: &RunningJob) -> Result<()> {
    let (why, verb) = match job.kind.as_str() {
        _ if job.periodic => ("runs by its schedule", "run"),
        _ if job.parameterized => ("runs when it is dispatched", "dispatch"),
        "system" | "sysbatch" => ("runs once on every node", "status"),
        _ => return Ok(()),
    };
    Err(target.wrong_kind(
        &format!("{why}, and has no count"),
        &format!("what is meant may be `{}`", target.command(verb)),
    ))
}

fn step(job: &RunningJob, text: &str) -> Result<Step> {
    let groups = job.job["TaskGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |group: &Json| group["Name"].as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = groups.iter().map(name).collect();
    let (group, count) = match (text.rsplit_once('='), &names[..]) {
        (Some((group, count)), _) => (group.to_owned(), count),
        (None, [only]) => (only.clone(), text),
        (None, _) => {
            let hint = format!("write GROUP=COUNT; the groups are: {}", names.join(", "));
            return Err(usage(format!("`{text}` names no group, and the job has {}", names.len()), hint));
        }
    };
    // Nomad counts in an `int`, and no cluster has that many.
    let to = count.parse::<u32>().map(u64::from).map_err(|_| {
        usage(format!("`{count}` is no count"), "write a whole number, as in `scale NAME web=3`")
    })?;
    let Some(found) = groups.iter().find(|found| name(found) == group) else {
        let diagnostic = Diagnostic::error(&NO_GROUP, format!("the job has no group `{group}`"))
            .did_you_mean(&group, names.iter().map(String::as_str))
            .hint(format!("its groups are: {}", names.join(", ")));
        return Err(Failure::new(FailureKind::Other, diagnostic));
    };
    let scaling = &found["Scaling"];
    let (min, max) = (scaling["Min"].as_u64().unwrap_or(0), scaling["Max"].as_u64().unwrap_or(u64::MAX));
    if !scaling.is_null() && !(min..=max).contains(&to) {
        let message =
            format!("{to} is not between {min} and {max}, which the `scaling` of group `{group}` allows");
        let hint = "change `scaling` in the job's template, or take another count";
        return Err(Failure::new(
            FailureKind::Other,
            Diagnostic::error(&COUNT_OUT_OF_BOUNDS, message).hint(hint),
        ));
    }
    Ok(Step { group, from: found["Count"].as_u64().unwrap_or(1), to, scaled: !scaling.is_null() })
}
