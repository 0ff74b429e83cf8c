//! What people see while a deployment is followed.
//!
//! On a terminal a few lines that are redrawn, one for each group, and gone when it is over; else a line for each
//! change.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Printer;
use crate::cluster::{Deployment, DeploymentGroup};
use crate::deploy::watch::WatchEvent;
use crate::diff::style::clean;

/// Shows the events of one watch.
pub struct View<'p> {
    printer: &'p Printer,
    name: String,
    last: String,
    live: Option<ProgressBar>,
}

impl<'p> View<'p> {
    /// A view of the job with this name; only one that is `alone` may redraw its lines.
    pub fn new(printer: &'p Printer, name: &str, alone: bool) -> Self {
        let live = (alone && printer.is_live()).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { printer, name: name.to_owned(), last: String::new(), live }
    }

    /// Shows an event, if it says something new.
    pub fn event(&mut self, event: &WatchEvent) {
        let (head, groups) = words(event);
        let text = match &self.live {
            None if groups.is_empty() => head,
            None => format!("{head}: {}", groups.join(", ")),
            Some(_) => groups.iter().fold(head, |text, group| format!("{text}\n    {group}")),
        };
        if text == self.last {
            return;
        }
        match &self.live {
            Some(bar) => bar.set_message(text.clone()),
            None => self.printer.status(format_args!("{}  {text}", self.name)),
        }
        self.last = text;
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.live {
            bar.finish_and_clear();
        }
    }
}

/// What happened, and how far each group is. What comes from the cluster is made fit for a terminal.
fn words(event: &WatchEvent) -> (String, Vec<String>) {
    let alone = |text: String| (clean(&text).into_owned(), Vec::new());
    match event {
        WatchEvent::Evaluation(evaluation) => alone(format!("evaluation {}", evaluation.status)),
        WatchEvent::Waiting(groups) => {
            let group = |(group, reasons): (&String, &Vec<String>)| {
                clean(&format!("`{group}`: {}", reasons.join("; "))).into_owned()
            };
            ("waiting for a place".to_owned(), groups.iter().map(group).collect())
        }
        WatchEvent::Deployment(deployment) => progress(deployment, ""),
        WatchEvent::CanariesHealthy(deployment) => progress(deployment, ", canaries are healthy"),
        WatchEvent::CanariesUnwell(missing) => ("canaries are not healthy".to_owned(), cleaned(missing)),
        WatchEvent::Promoted => alone("canaries promoted".to_owned()),
        WatchEvent::AttemptFailed(why) => alone(format!("{why}; the cluster tries again")),
        WatchEvent::Unreachable(why) => alone(format!("the cluster does not answer, trying again: {why}")),
    }
}

fn cleaned(words: &[String]) -> Vec<String> {
    words.iter().map(|words| clean(words).into_owned()).collect()
}

fn progress(deployment: &Deployment, more: &str) -> (String, Vec<String>) {
    let group = |(name, group): (&String, &DeploymentGroup)| {
        let canaries = match group.desired_canaries {
            0 => String::new(),
            wanted => format!(", {}/{wanted} canaries", group.placed_canaries.len()),
        };
        let unhealthy = match group.unhealthy_allocs {
            0 => String::new(),
            unhealthy => format!(", {unhealthy} unhealthy"),
        };
        let (healthy, desired, placed) = (group.healthy_allocs, group.desired_total, group.placed_allocs);
        let name = clean(name);
        format!("{name} {healthy}/{desired} healthy ({placed} placed{canaries}{unhealthy})")
    };
    let head = clean(&format!("deployment {}{more}", deployment.status)).into_owned();
    (head, deployment.task_groups.iter().map(group).collect())
}
