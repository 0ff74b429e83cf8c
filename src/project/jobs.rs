//! The job files of a project: found by name, none opened.

use std::path::{Path, PathBuf};

use super::{BAD_JOB_NAME, OUTSIDE, Project, TWO_FILES, UNKNOWN_JOB};
use crate::diagnostic::{Diagnostic, Failure, Place, Result, Source};
use crate::load::{units, yaml};

/// A job file that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobEntry {
    /// The job's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Project {
    /// All job files, by name, in order of their names. None is opened.
    ///
    /// # Errors
    /// Two files of one name, a name that can be no job, a folder that cannot be read.
    pub fn jobs(&self) -> Result<Vec<JobEntry>> {
        let mut found = Vec::new();
        let mut problems = Vec::new();
        let folder = self.root.join("jobs");
        if folder.is_dir() {
            let folder = self.inside(&folder)?;
            self.walk(&folder, 0, &mut found, &mut problems);
        }
        found.sort();
        for pair in found.windows(2) {
            if pair[0].name == pair[1].name {
                problems.push(self.two_files(&pair[0], &pair[1]));
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(Failure::invalid(problems)) }
    }

    fn two_files(&self, first: &JobEntry, second: &JobEntry) -> Diagnostic {
        Diagnostic::error(&TWO_FILES, format!("two files make the job `{}`", first.name))
            .at(self.file(&second.path))
            .related(self.file(&first.path), "")
            .hint("names are unique over all subfolders of jobs/: rename one")
    }

    fn walk(&self, folder: &Path, depth: usize, found: &mut Vec<JobEntry>, problems: &mut Vec<Diagnostic>) {
        let unreadable = |error: std::io::Error| {
            Diagnostic::error(
                &yaml::UNREADABLE,
                format!("`{}` cannot be read: {error}", self.display(folder)),
            )
        };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return problems.push(unreadable(error)),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return problems.push(unreadable(error)),
            };
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            // Links are not followed into folders: they could leave the project, or go in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < 16 {
                    self.walk(&path, depth + 1, found, problems);
                }
            } else if let Some(stem) = name.strip_suffix(".yaml") {
                if units::is_name(stem) {
                    found.push(JobEntry { name: stem.to_owned(), path });
                } else {
                    problems.push(
                        Diagnostic::error(&BAD_JOB_NAME, format!("`{}` cannot be the name of a job", stem))
                            .at(self.file(&path))
                            .hint("a name has letters, digits, `-`, `_` and `.`, and at most 128 characters"),
                    );
                }
            } else if name.ends_with(".yml") {
                problems.push(
                    Diagnostic::error(&BAD_JOB_NAME, format!("`{}` would not be found", self.display(&path)))
                        .hint("a job file ends in `.yaml`: rename it"),
                );
            }
        }
    }

    /// The job of this name.
    ///
    /// # Errors
    /// `UNKNOWN_JOB`, with the nearest name; `OUTSIDE` for a link that leaves the project.
    pub fn job(&self, name: &str) -> Result<JobEntry> {
        self.find_job(name, &self.jobs()?)
    }

    /// The jobs of these names, each once, in the order of the names.
    ///
    /// # Errors
    /// As [`Project::job`], for every name that is none.
    pub fn pick(&self, names: &[String]) -> Result<Vec<JobEntry>> {
        let jobs = self.jobs()?;
        let (mut picked, mut problems) = (Vec::new(), Vec::new());
        for name in names {
            match self.find_job(name, &jobs) {
                Ok(job) if picked.contains(&job) => {}
                Ok(job) => picked.push(job),
                Err(failure) => problems.extend(failure.diagnostics),
            }
        }
        if problems.is_empty() { Ok(picked) } else { Err(Failure::invalid(problems)) }
    }

    fn find_job(&self, name: &str, jobs: &[JobEntry]) -> Result<JobEntry> {
        if name.contains(['/', '\\']) || !units::is_name(name) {
            return Err(not_a_name(name).into());
        }
        if let Some(job) = jobs.iter().find(|job| job.name == name) {
            self.inside(&job.path)?;
            return Ok(job.clone());
        }
        let direct = self.root.join("jobs").join(format!("{name}.yaml"));
        let message = format!("there is no job `{name}`: `{}` does not exist", self.display(&direct));
        Err(Diagnostic::error(&UNKNOWN_JOB, message)
            .did_you_mean(name, jobs.iter().map(|job| job.name.as_str()))
            .hint("`platy-manage list` shows the jobs of the project")
            .into())
    }

    /// A file as a place, where the file as a whole is meant.
    pub fn file(&self, path: &Path) -> Place {
        Source::new(self.display(path), "").place(0..0)
    }

    /// The path, if what it leads to is inside the project.
    ///
    /// # Errors
    /// `OUTSIDE` for a link that leaves it.
    pub fn inside(&self, path: &Path) -> Result<PathBuf> {
        if let Some(problem) = self.refused.get(path) {
            return Err(Failure::invalid(vec![problem.clone()]));
        }
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
        if is_link {
            let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
            if path.canonicalize().is_ok_and(|real| !real.starts_with(&root)) {
                return Err(Failure::invalid(vec![leaves(&self.display(path))]));
            }
        }
        Ok(path.to_owned())
    }

    /// Makes a file (relative to the project) one that is there and cannot be read: in a revision of git, a link that
    /// leads out of it.
    pub fn refuse(&mut self, path: &Path, why: Diagnostic) {
        self.refused.insert(self.root.join(path), why);
    }
}

/// What to say of a link that leaves the project.
pub fn leaves(shown: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(&OUTSIDE, format!("`{shown}` is a link that leaves the project"))
        .hint("put what it leads to into the project itself")
}

/// What cannot be a job's name: usually the path of its file.
fn not_a_name(name: &str) -> Diagnostic {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let diagnostic = Diagnostic::error(&UNKNOWN_JOB, format!("`{name}` is not the name of a job"))
        .hint("a job is named by its file without folder and `.yaml`");
    if units::is_name(stem) && stem != name {
        diagnostic.hint(format!("did you mean `{stem}`?"))
    } else {
        diagnostic
    }
}
