//! The diffs of many jobs, identical hunks shown once: `37 jobs: + env.X = "1"`.
//!
//! A hunk is one change inside a job, a group or a task. Hunks are identical if they read the
//! same; which group or task they are in does not matter, because each job calls its own otherwise.
//!
//! As JSON:
//!
//! ```json
//! {
//!   "added": ["reporting"],
//!   "removed": [],
//!   "unchanged": 460,
//!   "hunks": [
//!     {
//!       "count": 37,
//!       "jobs": ["content_es_article_index", "…"],
//!       "level": "task",
//!       "changes": [{"type": "added", "path": "env.X", "new": "1"}],
//!       "at": [{"job": "content_es_article_index", "group": "main", "task": "main",
//!               "place": {"file": "platy.yaml", "line": 12, "column": 9}}]
//!     }
//!   ]
//! }
//! ```
//!
//! - `added`, `removed`: jobs that are new or gone as a whole. `unchanged`: how many are as they were.
//! - `hunks`: the most common first. `count` is the number of `jobs`; `level` is `job`, `group` or `task`; `changes` are
//!   as in the diff of one job ([`super::json`]); `at` is every occurrence.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::change::{Change, JobDiff, Kind, What};
use super::json;
use super::style::{clean, quote};
use super::text::{FindPlace, Show, draw, rows_of_one};
use crate::merge::Cause;

/// One job among many.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// The job's name.
    pub name: &'a str,
    /// What is different in it.
    pub diff: &'a JobDiff,
    /// Finds where its changes come from.
    pub place: Option<&'a FindPlace<'a>>,
}

/// The diffs of many jobs, by hunk.
pub struct Grouped {
    /// Jobs that are new.
    pub added: Vec<String>,
    /// Jobs that are gone.
    pub removed: Vec<String>,
    /// How many jobs are as they were.
    pub unchanged: usize,
    /// The differences in the others, the most common first.
    pub hunks: Vec<Hunk>,
}

/// A change that several jobs have in common.
pub struct Hunk {
    /// The change, as the first job has it.
    pub change: Change,
    /// What it is a change of.
    pub level: Level,
    /// Every job, group and task in which it is.
    pub at: Vec<Occurrence>,
}

/// What a hunk is a change of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The job itself.
    Job,
    /// A group.
    Group,
    /// A task.
    Task,
}

/// Where a hunk is.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The job's name.
    pub job: String,
    /// The group's name.
    pub group: Option<String>,
    /// The task's name.
    pub task: Option<String>,
    /// Where the change comes from.
    pub place: Option<Cause>,
}

impl Occurrence {
    /// The place.
    fn cause(&self) -> Option<String> {
        Some(clean(&self.place.as_ref()?.words()).into_owned())
    }
}

/// Groups the diffs of many jobs by identical hunks. `show` decides what identical is: two secrets with
/// one fingerprint are.
pub fn group<'a>(jobs: impl IntoIterator<Item = Member<'a>>, show: &Show<'_>) -> Grouped {
    let mut grouped = Grouped { added: Vec::new(), removed: Vec::new(), unchanged: 0, hunks: Vec::new() };
    let mut known: HashMap<(Level, String), usize> = HashMap::new();
    let plain = Show::plain(show.masker);
    for job in jobs {
        match job.diff.kind {
            None => grouped.unchanged += 1,
            Some(Kind::Added) => grouped.added.push(job.name.to_owned()),
            Some(Kind::Removed) => grouped.removed.push(job.name.to_owned()),
            Some(Kind::Changed) => {
                each_hunk(&job.diff.changes, (None, None), &mut |change, (group, task)| {
                    let level = match (group, task) {
                        (_, Some(_)) => Level::Task,
                        (Some(_), None) => Level::Group,
                        (None, None) => Level::Job,
                    };
                    let reads = draw(&rows_of_one(&change, &plain), plain.style);
                    let place =
                        innermost(&change).spot().and_then(|spot| job.place.and_then(|find| find(spot)));
                    let at = *known.entry((level, reads)).or_insert(grouped.hunks.len());
                    if at == grouped.hunks.len() {
                        grouped.hunks.push(Hunk { change: change.into_owned(), level, at: Vec::new() });
                    }
                    let (group, task) = (group.map(str::to_owned), task.map(str::to_owned));
                    grouped.hunks[at].at.push(Occurrence { job: job.name.to_owned(), group, task, place });
                });
            }
        }
    }
    grouped.hunks.sort_by_key(|hunk| std::cmp::Reverse(hunk.jobs().len()));
    grouped
}

type Within<'c> = (Option<&'c str>, Option<&'c str>);

/// Calls `hunk` for each change, with the group and task that it is in. A group or task that came or went
/// is a hunk of what is around it.
fn each_hunk<'c>(
    changes: &'c [Change],
    within: Within<'c>,
    hunk: &mut impl FnMut(Cow<'c, Change>, Within<'c>),
) {
    for change in changes {
        let edited = change.kind == Kind::Changed;
        match (&change.what, &*change.name) {
            (What::Block { label, changes, .. }, "group") if edited => {
                each_hunk(changes, (label.as_deref(), None), hunk);
            }
            (What::Block { label, changes, .. }, "task") if edited => {
                each_hunk(changes, (within.0, label.as_deref()), hunk);
            }
            // Each entry of a map and each attribute of a block is a hunk of its own.
            (What::Map(entries), _) if entries.len() > 1 => {
                for entry in entries {
                    let what = What::Map(vec![entry.clone()]);
                    hunk(Cow::Owned(showing(change, entry, what)), within);
                }
            }
            (What::Block { repeated: false, label, changes }, _) if edited && changes.len() > 1 => {
                for inner in changes {
                    let what =
                        What::Block { repeated: false, label: label.clone(), changes: vec![inner.clone()] };
                    hunk(Cow::Owned(showing(change, inner, what)), within);
                }
            }
            _ => hunk(Cow::Borrowed(change), within),
        }
    }
}

/// A change that shows only one of those in it, by the name of the outer one.
fn showing(outer: &Change, inner: &Change, what: What) -> Change {
    Change {
        kind: inner.kind,
        name: outer.name.clone(),
        what,
        span: inner.span,
        around: inner.around.clone(),
        was: inner.was,
    }
}

/// What a hunk is about: a block in which one thing changed is shown for the sake of that.
fn innermost(change: &Change) -> &Change {
    match &change.what {
        What::Block { changes, .. } | What::Map(changes) if change.kind == Kind::Changed => {
            match &changes[..] {
                [only] => innermost(only),
                _ => change,
            }
        }
        _ => change,
    }
}

impl Hunk {
    /// The jobs in which it is, each once, in their order.
    pub fn jobs(&self) -> Vec<&str> {
        let mut jobs: Vec<&str> = self.at.iter().map(|at| &*at.job).collect();
        jobs.dedup();
        jobs
    }

    /// `task "web"` where all occurrences are in tasks of this name, else `task`; empty for the job itself.
    pub(super) fn within(&self) -> String {
        let (word, name): (_, fn(&Occurrence) -> Option<&String>) = match self.level {
            Level::Job => return String::new(),
            Level::Group => ("group", |at| at.group.as_ref()),
            Level::Task => ("task", |at| at.task.as_ref()),
        };
        let first = self.at.first().and_then(name);
        match first {
            Some(first) if self.at.iter().all(|at| name(at) == Some(first)) => {
                format!("{word} {}", quote(first))
            }
            _ => word.to_owned(),
        }
    }

    /// Where the change comes from, each place once with its jobs; jobs of which that is not known have "".
    pub(super) fn causes(&self) -> Vec<(String, Vec<&str>)> {
        let mut causes: Vec<(String, Vec<&str>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for at in &self.at {
            let cause = at.cause().unwrap_or_default();
            let at_cause = *known.entry(cause.clone()).or_insert(causes.len());
            if at_cause == causes.len() {
                causes.push((cause, Vec::new()));
            }
            let jobs = &mut causes[at_cause].1;
            if jobs.last() != Some(&&*at.job) {
                jobs.push(&at.job);
            }
        }
        causes
    }
}

impl Grouped {
    /// Whether nothing is different in any job.
    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.hunks.is_empty()
    }

    /// As text: each hunk with the number and the names of its jobs.
    pub fn render(&self, show: &Show<'_>) -> String {
        let style = show.style;
        let mut out = String::new();
        let mut whole = |kind: Kind, names: &[String], what: &str| {
            if !names.is_empty() {
                let head = format!("{} {} {what}:", kind.marker(), jobs(names.len()));
                out.push_str(&style.kind(Some(kind), &head));
                out.push('\n');
                out.push_str(&wrap(names.iter().map(String::as_str)));
            }
        };
        whole(Kind::Added, &self.added, "new");
        whole(Kind::Removed, &self.removed, "gone");
        for hunk in &self.hunks {
            let names = hunk.jobs();
            out.push_str(&style.bold(&format!("{}:", jobs(names.len()))));
            let within = hunk.within();
            let causes = hunk.causes();
            // A place that all have in common stands beside the change, others with their jobs.
            let place = match &causes[..] {
                [(cause, _)] if !cause.is_empty() => Some(cause),
                _ => None,
            };
            let text =
                draw(&rows_of_one(&hunk.change, &Show { place: None, annotations: None, ..*show }), style);
            for (i, line) in text.lines().enumerate() {
                out.push_str(if i == 0 { " " } else { "    " });
                out.push_str(line);
                if i == 0 && !within.is_empty() {
                    out.push_str(&style.dim(&format!("  ({within})")));
                }
                if let Some(place) = place.filter(|_| i == 0) {
                    out.push_str(&style.dim(&format!("  # {place}")));
                }
                out.push('\n');
            }
            if place.is_some() {
                out.push_str(&style.dim(&wrap(names.into_iter())));
                continue;
            }
            for (cause, jobs) in causes.iter().filter(|(cause, jobs)| !cause.is_empty() && jobs.len() > 1) {
                out.push_str(&style.dim(&format!("    # {cause}\n{}", wrap(jobs.iter().copied()))));
            }
            let alone = causes.iter().flat_map(|(cause, jobs)| match (&**cause, &jobs[..]) {
                ("", jobs) => jobs.iter().map(|job| (*job).to_owned()).collect(),
                (cause, [job]) => vec![format!("{job} ({cause})")],
                _ => Vec::new(),
            });
            let alone: Vec<String> = alone.collect();
            if !alone.is_empty() {
                out.push_str(&style.dim(&wrap(alone.iter().map(String::as_str))));
            }
        }
        if self.unchanged > 0 {
            out.push_str(&style.dim(&format!("{} unchanged", jobs(self.unchanged))));
            out.push('\n');
        }
        out
    }

    /// As the documented JSON object.
    pub fn to_json(&self, show: &Show<'_>) -> Json {
        let hunks = self.hunks.iter().map(|hunk| {
            let names = hunk.jobs();
            let at = hunk.at.iter().map(|at| {
                let mut entry = Map::from_iter([("job".to_owned(), at.job.clone().into())]);
                for (key, name) in [("group", &at.group), ("task", &at.task)] {
                    if let Some(name) = name {
                        entry.insert(key.to_owned(), name.clone().into());
                    }
                }
                if let Some(place) = &at.place {
                    entry.insert("place".to_owned(), json::place(place));
                }
                Json::Object(entry)
            });
            let level = match hunk.level {
                Level::Job => "job",
                Level::Group => "group",
                Level::Task => "task",
            };
            json!({
                "count": names.len(),
                "jobs": names,
                "level": level,
                "changes": json::changes(std::slice::from_ref(&hunk.change), &Show { place: None, ..*show }),
                "at": at.collect::<Vec<_>>(),
            })
        });
        json!({
            "added": self.added,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "hunks": hunks.collect::<Vec<_>>(),
        })
    }
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

/// Names, separated by commas, on lines of up to 100 columns.
fn wrap<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut names = names.map(clean).peekable();
    while let Some(name) = names.next() {
        let width = name.chars().count() + 2;
        if column == 0 || column + width > 100 {
            out.push_str(if column == 0 { "    " } else { "\n    " });
            column = 4;
        } else {
            out.push(' ');
        }
        out.push_str(&name);
        column += width;
        if names.peek().is_some() {
            out.push(',');
        }
    }
    out.push('\n');
    out
}
