//! The jobs that a job needs: each must be one of the project, and none may need itself in the end.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::diagnostic::{Diagnostic, Place};
use crate::load::{self, JobFile, Node, yaml};
use crate::project::{JobEntry, Project};

crate::codes! {
    /// A name in `needs` that is no job.
    UNKNOWN_NEED = "P0816", "a job needs one that the project does not have", "docs/job-file.md";
    /// A needed job that is not in the cluster.
    NEED_NOT_THERE = "P0817", "a job needs one that does not run in the stage", "docs/job-file.md";
    /// Jobs that need each other in a circle.
    CIRCLE = "P0953", "jobs need each other in a circle", "docs/job-file.md";
}

/// A name in `needs`, and where it stands.
#[derive(Debug, Clone)]
pub struct Need {
    /// The job that is needed.
    pub name: String,
    /// The place of the name.
    pub place: Place,
}

/// What a job file says that it needs.
pub fn of(root: &Node) -> Vec<Need> {
    let items = root.get("needs").map(Node::items).unwrap_or_default().iter();
    items.filter_map(|node| Some(Need { name: node.text()?.to_owned(), place: node.place.clone() })).collect()
}

/// The needs of a project's jobs. Only the files that a job leads to are read, each once.
#[derive(Debug)]
pub struct Needs<'p> {
    project: &'p Project,
    jobs: OnceLock<Vec<JobEntry>>,
    read: Mutex<HashMap<String, Arc<[Need]>>>,
}

impl<'p> Needs<'p> {
    /// Nothing is read yet.
    pub fn new(project: &'p Project) -> Self {
        Self { project, jobs: OnceLock::new(), read: Mutex::default() }
    }

    /// What is wrong with the `needs` of a job file. All jobs of a circle give the same finding.
    pub fn check(&self, file: &JobFile) -> Vec<Diagnostic> {
        let own = of(&file.root);
        if own.is_empty() {
            return Vec::new();
        }
        // A project whose jobs cannot be listed has a finding of its own.
        let jobs = self.jobs.get_or_init(|| self.project.jobs().unwrap_or_default());
        if jobs.is_empty() {
            return Vec::new();
        }
        let unknown = own.iter().filter(|need| !jobs.iter().any(|job| job.name == need.name));
        let mut problems: Vec<_> = unknown
            .map(|need| {
                Diagnostic::error(
                    &UNKNOWN_NEED,
                    format!("`{}` needs `{}`, which is no job of this project", file.name, need.name),
                )
                .at(need.place.clone())
                .did_you_mean(&need.name, jobs.iter().map(|job| job.name.as_str()))
                .hint("`platy-manage list` shows the jobs of the project")
            })
            .collect();
        problems.extend(self.circle(&file.name, own.into(), jobs));
        problems
    }

    /// The shortest way from a job back to itself.
    fn circle(&self, name: &str, own: Arc<[Need]>, jobs: &[JobEntry]) -> Option<Diagnostic> {
        let mut seen = HashSet::new();
        // Every need that was met, with the place in this list of the one that led to it.
        let mut steps: Vec<(Option<usize>, Need)> = Vec::new();
        let mut open = VecDeque::from([(None, own)]);
        while let Some((before, needs)) = open.pop_front() {
            for need in needs.iter() {
                let closes = need.name == name;
                if !closes && !seen.insert(need.name.clone()) {
                    continue;
                }
                steps.push((before, need.clone()));
                let at = steps.len() - 1;
                if closes {
                    return Some(drawn(way(name, &steps, at)));
                }
                open.push_back((Some(at), self.needs_of(&need.name, jobs)));
            }
        }
        None
    }

    /// What another job needs; nothing where its file cannot be read, which is that job's finding.
    fn needs_of(&self, name: &str, jobs: &[JobEntry]) -> Arc<[Need]> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(name) {
            return known.clone();
        }
        let parse = |entry: &JobEntry| {
            let path = self.project.inside(&entry.path).ok()?;
            let source = load::read(&path, &self.project.display(&path)).ok()?;
            Some(of(&yaml::parse(&source).ok()?))
        };
        let entry = jobs.iter().find(|job| job.name == name);
        let needs: Arc<[Need]> = entry.and_then(parse).unwrap_or_default().into();
        read.insert(name.to_owned(), needs.clone());
        needs
    }
}

/// The way that led to a step, each need with the job that has it. The places in other files than the first job's show
/// no secret of theirs.
fn way(first: &str, steps: &[(Option<usize>, Need)], last: usize) -> Vec<(String, Need)> {
    let mut way = Vec::new();
    let mut at = Some(last);
    while let Some((before, need)) = at.map(|at| &steps[at]) {
        way.push(match before {
            Some(before) => (steps[*before].1.name.clone(), need.clone()),
            None => (first.to_owned(), need.clone()),
        });
        at = *before;
    }
    way.reverse();
    way
}

/// A circle, told from the first of its names on: so it reads the same whichever of its jobs it was found from.
fn drawn(mut way: Vec<(String, Need)>) -> Diagnostic {
    let first = way.iter().enumerate().min_by(|(_, a), (_, b)| a.0.cmp(&b.0)).map_or(0, |(at, _)| at);
    way.rotate_left(first);
    let names: Vec<_> = way.iter().map(|(from, _)| format!("`{from}`")).collect();
    let message = match &names[..] {
        [only] => format!("{only} needs itself"),
        _ => format!("these jobs need each other in a circle: {} → {}", names.join(" → "), names[0]),
    };
    let mut places =
        way.into_iter().map(|(from, need)| (need.place, format!("`{from}` needs `{}`", need.name)));
    let mut diagnostic = Diagnostic::error(&CIRCLE, message).hint("take one of these `needs` away");
    if let Some((place, text)) = places.next() {
        diagnostic = diagnostic.at_with(place, text);
    }
    places.fold(diagnostic, |diagnostic, (place, text)| diagnostic.related(place, text))
}
