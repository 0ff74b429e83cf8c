//! A project as it was at a revision of git.
//!
//! The files of the revision are laid into a private folder that is gone with the value; what is shown of them
//! reads as git writes it: `main:./jobs/web.yaml`. Nothing of the work tree is touched.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
use crate::git::Git;
use crate::project::{FILE, Project};

crate::codes! {
    /// A revision has no project in this folder.
    NO_PROJECT_THEN = "P0923", "the revision has no project here", "docs/diff.md";
    /// A revision could not be laid out.
    NOT_LAID_OUT = "P0924", "the files of a revision could not be written", "docs/diff.md";
}

/// What of a repository makes a project: all else may be large, and is not read.
const PARTS: [&str; 3] = ["jobs", "templates", "schemas"];

/// A project at a revision.
#[derive(Debug)]
pub struct Snapshot {
    /// The project, whose root is the private folder.
    pub project: Project,
    /// The commit, in full.
    pub commit: String,
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
        for part in PARTS {
            for file in git.tree_at(&commit, &inside.join(part))? {
                let path = file.path.strip_prefix(&inside).unwrap_or(&file.path);
                write(folder.path(), path, &file.bytes)?;
            }
        }
        let project = Project::open_as(folder.path(), PathBuf::from(format!("{revision}:.")))?;
        Ok(Self { project, commit, _folder: folder })
    }
}

/// The folder of the project, relative to the root of the repository.
pub fn within(git: &Git, project: &Project) -> PathBuf {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let root = real(git.root());
    real(&project.root).strip_prefix(&root).map(Path::to_owned).unwrap_or_default()
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
