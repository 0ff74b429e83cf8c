//! A project as it was at a revision of git.
//!
//! The files of the revision are laid into a private folder that is gone with the value; what is shown of them
//! reads as git writes it: `main:./jobs/web.yaml`. Nothing of the work tree is touched.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
use crate::git::{Git, Leads};
use crate::load::yaml;
use crate::project::{self, FILE, Project};

crate::codes! {
    /// A revision has no project in this folder.
    NO_PROJECT_THEN = "P0923", "the revision has no project here", "docs/diff.md";
    /// A revision could not be laid out.
    NOT_LAID_OUT = "P0924", "the files of a revision could not be written", "docs/diff.md";
}

/// What of a repository makes a project, and where its links may lead: all else may be large, and is not read.
const PARTS: [(&str, &str); 3] = [("jobs", ""), ("templates", "templates"), ("schemas", "")];

/// A project at a revision.
#[derive(Debug)]
pub struct Snapshot {
    /// The project, whose root is the private folder.
    pub project: Project,
    /// The commit, in full.
    pub commit: String,
    /// The links among its files and what they lead to, both relative to the project.
    pub links: BTreeMap<PathBuf, PathBuf>,
    _folder: tempfile::TempDir,
}

impl Snapshot {
    /// The project that is in the folder of `project` now, as it was at `revision`.
    ///
    /// # Errors
    /// An unknown revision; `NO_PROJECT_THEN` where the revision has no `platy.yaml` in this folder; what is wrong
    /// with that.
    pub fn open(git: &Git, project: &Project, revision: &str) -> Result<Self> {
        let commit = git.resolve(revision)?;
        let inside = within(git, project);
        let Some(platy) = git.file_at(&commit, &inside.join(FILE))? else {
            let message = format!("`{revision}` has no `{FILE}` in this folder");
            return Err(Failure::new(
                FailureKind::Other,
                Diagnostic::error(&NO_PROJECT_THEN, message)
                    .hint("the project began later, or was somewhere else: name a later revision"),
            ));
        };
        let folder =
            tempfile::Builder::new().prefix("platy-").tempdir().map_err(|error| unwritten(&error))?;
        write(folder.path(), Path::new(FILE), &platy)?;
        let shown = PathBuf::from(format!("{revision}:."));
        let (mut links, mut refused) = (BTreeMap::new(), Vec::new());
        for (part, within) in PARTS {
            let Some(files) = git.tree_at(&commit, &inside.join(part), &inside.join(within))? else {
                return Err(Failure::invalid(vec![project::leaves(&shown.join(part).display())]));
            };
            for file in files {
                let path = file.path.strip_prefix(&inside).unwrap_or(&file.path);
                match &file.link {
                    None => {}
                    Some(Leads::To(to)) => {
                        let to = to.strip_prefix(&inside).unwrap_or(to);
                        links.insert(path.to_owned(), to.to_owned());
                    }
                    // What stands at the place of the link, so that it is seen to be there, is never read.
                    Some(leads) if part == "jobs" => {
                        refused.push((path.to_owned(), refusal(&shown.join(path), leads)));
                    }
                    Some(_) => continue,
                }
                write(folder.path(), path, &file.bytes)?;
            }
        }
        let mut project = Project::open_as(folder.path(), shown)?;
        refused.into_iter().for_each(|(path, problem)| project.refuse(&path, problem));
        Ok(Self { project, commit, links, _folder: folder })
    }
}

/// Why a link cannot be followed.
fn refusal(shown: &Path, leads: &Leads) -> Diagnostic {
    match leads {
        Leads::Nowhere => {
            let message = format!("`{}` is a link that leads nowhere", shown.display());
            Diagnostic::error(&yaml::UNREADABLE, message).hint("commit what it leads to, or remove it")
        }
        Leads::To(_) | Leads::Outside => project::leaves(&shown.display()),
    }
}

/// The folder of the project, relative to the root of the repository.
pub fn within(git: &Git, project: &Project) -> PathBuf {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let root = real(git.root());
    real(&project.root).strip_prefix(&root).map(Path::to_owned).unwrap_or_default()
}

/// What the project is called, wherever it was cloned to: `git.example.com/team/fleet`, and `//FOLDER` where it is not
/// at the root of its repository. Empty without a repository that has a remote.
pub fn identity(project: &Project) -> &str {
    project.identity(|| {
        let Some(git) = Git::find(&project.root).ok().flatten() else { return String::new() };
        let Some(repository) = git.home() else { return String::new() };
        match within(&git, project).to_str() {
            None | Some("") => repository,
            Some(folder) => format!("{repository}//{folder}"),
        }
    })
}

fn write(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    // A tree can be made by hand with any names in it.
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(());
    }
    let path = folder.join(path);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|error| unwritten(&error))
}

fn unwritten(error: &std::io::Error) -> Failure {
    let message = format!("the files of the revision cannot be written: {error}");
    let hint = "they are laid into the folder for temporary files (`TMPDIR`)";
    Failure::new(FailureKind::Other, Diagnostic::error(&NOT_LAID_OUT, message).hint(hint))
}
