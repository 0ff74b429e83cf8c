//! The guards of a protected stage.
//!
//! A protected stage is reached only by its name on the command line, from a clean work tree,
//! with a commit that is on the upstream branch, and with a `githash` that exists where the job's
//! repository is known. Each refusal says how to satisfy it. An escape works only if `platy.yaml`
//! permits it, and is recorded with the submission.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
use crate::git::{Git, Upstream};
use crate::project::{Guards, Stage};

crate::codes! {
    /// The stage was not named.
    NOT_NAMED = "P0930", "a protected stage is reached only by its name on the command line", "docs/guards.md";
    /// The work tree has changes.
    DIRTY = "P0931", "the work tree has changes that are not committed", "docs/guards.md";
    /// The commit is not on the upstream branch.
    NOT_UPSTREAM = "P0932", "the commit is not on the upstream branch", "docs/guards.md";
    /// The githash does not exist.
    UNKNOWN_GITHASH = "P0933", "the `githash` is no commit of the job's repository", "docs/guards.md";
    /// An escape that platy.yaml does not permit.
    ESCAPE_NOT_PERMITTED = "P0934", "a guard may not be switched off here", "docs/guards.md";
    /// The project is in no repository.
    NOT_IN_GIT = "P0935", "a protected stage needs a project in git", "docs/guards.md";
}

/// The guards that the command line switches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Escapes {
    /// `--allow-dirty`.
    pub dirty: bool,
    /// `--allow-unpushed`.
    pub unpushed: bool,
    /// `--allow-unknown-githash`.
    pub unknown_githash: bool,
}

/// What a job claims about its build, beside the repository that the project knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build<'b> {
    /// The job.
    pub job: &'b str,
    /// Its `githash`.
    pub githash: &'b str,
    /// The repository that has it, if the project knows it.
    pub repository: Option<&'b Path>,
}

/// What a job claims about its build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The `githash`.
    pub githash: String,
    /// The name of the build, by which the project knows its repository.
    pub build: String,
}

/// The state of the project's repository when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The commit in full, or "" outside a repository.
    pub commit: String,
    /// The files of the project that are not committed.
    pub dirty: Vec<String>,
    /// Whom git names as the author of commits, if it names one.
    pub user: Option<String>,
    /// Guards that were switched off and would have refused, by their option.
    pub escapes: Vec<String>,
}

/// Whether a stage may be written to by a command that selected it this way.
///
/// # Errors
/// `NOT_NAMED` (kind `Refused`) for a protected stage that was not written on the command line.
pub fn named(stage: &Stage, on_the_command_line: bool) -> Result<()> {
    if !stage.protected || on_the_command_line {
        return Ok(());
    }
    Err(refused(
        Diagnostic::error(&NOT_NAMED, format!("the stage `{}` is protected", stage.name))
            .at_with(stage.place.clone(), "declared here")
            .hint(format!("name it on the command line: `--stage={}`", stage.name)),
    ))
}

/// What a plan was made from that is submitted later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<'a> {
    /// The commit in full, or "".
    pub commit: &'a str,
    /// Whether there were changes that were not committed.
    pub dirty: bool,
}

/// The same as [`check`] for what was compiled before, from another commit perhaps: that commit is judged, not the
/// one that is checked out now.
///
/// # Errors
/// As [`check`].
pub fn check_at(
    stage: &Stage,
    project: &Path,
    at: Option<At<'_>>,
    builds: &[Build<'_>],
    escapes: Escapes,
) -> Result<Provenance> {
    let Some(at) = at else { return check(stage, project, builds, escapes) };
    let git = Git::find(project)?;
    let user = git.as_ref().and_then(Git::user);
    let dirty = if at.dirty { vec!["the files of the plan".to_owned()] } else { Vec::new() };
    let provenance = Provenance { commit: at.commit.to_owned(), dirty, user, escapes: Vec::new() };
    decide(stage, git.as_ref(), provenance, builds, escapes)
}

/// Looks at the repository of the project and, for a protected stage, lets its guards decide.
///
/// # Errors
/// One diagnostic for each guard that refuses (kind `Refused`).
pub fn check(stage: &Stage, project: &Path, builds: &[Build<'_>], escapes: Escapes) -> Result<Provenance> {
    let git = Git::find(project)?;
    let provenance = look_in(git.as_ref(), project)?;
    decide(stage, git.as_ref(), provenance, builds, escapes)
}

/// The state of the project's repository, with nothing decided.
///
/// # Errors
/// A repository that cannot be read.
pub fn look(project: &Path) -> Result<Provenance> {
    look_in(Git::find(project)?.as_ref(), project)
}

fn look_in(git: Option<&Git>, project: &Path) -> Result<Provenance> {
    let mut provenance = Provenance::default();
    if let Some(git) = git {
        provenance.commit = git.head()?.unwrap_or_default();
        provenance.user = git.user();
        provenance.dirty = git.dirty(Some(project))?.iter().map(|path| path.display().to_string()).collect();
    }
    Ok(provenance)
}

fn decide(
    stage: &Stage,
    git: Option<&Git>,
    mut provenance: Provenance,
    builds: &[Build<'_>],
    escapes: Escapes,
) -> Result<Provenance> {
    if !stage.protected {
        return Ok(provenance);
    }
    let mut gate = Gate { stage, guards: &stage.guards, escapes: Vec::new(), refusals: Vec::new() };
    gate.permitted(escapes);
    match git {
        None => gate.refuse(
            Diagnostic::error(
                &NOT_IN_GIT,
                format!("the stage `{}` is protected, and the project is in no git repository", stage.name),
            )
            .hint("keep the project in git, and push it"),
        ),
        Some(git) => {
            gate.clean(&provenance.dirty, escapes);
            gate.upstream(git, &provenance.commit, escapes);
        }
    }
    for build in builds {
        gate.githash(build, escapes);
    }
    if gate.refusals.is_empty() {
        provenance.escapes = gate.escapes;
        Ok(provenance)
    } else {
        Err(Failure { kind: FailureKind::Refused, diagnostics: gate.refusals })
    }
}

fn refused(diagnostic: Diagnostic) -> Failure {
    Failure::new(FailureKind::Refused, diagnostic)
}

struct Gate<'g> {
    stage: &'g Stage,
    guards: &'g Guards,
    escapes: Vec<String>,
    refusals: Vec<Diagnostic>,
}

impl Gate<'_> {
    fn refuse(&mut self, diagnostic: Diagnostic) {
        self.refusals.push(diagnostic);
    }

    /// An escape that `platy.yaml` does not permit refuses by itself.
    fn permitted(&mut self, escapes: Escapes) {
        let asked = [
            ("dirty", escapes.dirty, self.guards.allow_dirty),
            ("unpushed", escapes.unpushed, self.guards.allow_unpushed),
            ("unknown-githash", escapes.unknown_githash, self.guards.allow_unknown_githash),
        ];
        for (name, asked, permitted) in asked {
            if asked && !permitted {
                let key = format!("allow_{}", name.replace('-', "_"));
                self.refuse(
                    Diagnostic::error(
                        &ESCAPE_NOT_PERMITTED,
                        format!("`--allow-{name}` is not permitted for the stage `{}`", self.stage.name),
                    )
                    .at_with(self.stage.place.clone(), "declared here")
                    .hint(format!("`guards: {{{key}: true}}` of the stage in platy.yaml would permit it")),
                );
            }
        }
    }

    /// Refuses, or records the escape; `option` is named only where `platy.yaml` permits it.
    fn decide(&mut self, escape: bool, permitted: bool, option: &str, diagnostic: Diagnostic) {
        if escape && permitted {
            self.escapes.push(option.to_owned());
        } else if permitted {
            self.refuse(diagnostic.hint(format!("or add `--{option}`, which is recorded")));
        } else {
            self.refuse(diagnostic);
        }
    }

    fn clean(&mut self, dirty: &[String], escapes: Escapes) {
        if dirty.is_empty() {
            return;
        }
        let mut names: Vec<_> = dirty.iter().take(3).map(|path| format!("`{path}`")).collect();
        if dirty.len() > 3 {
            names.push(format!("and {} more", dirty.len() - 3));
        }
        let message = format!("the work tree has changes that are not committed: {}", names.join(", "));
        let diagnostic =
            Diagnostic::error(&DIRTY, message).hint("commit them, or put them away: `git stash -u`");
        self.decide(escapes.dirty, self.guards.allow_dirty, "allow-dirty", diagnostic);
    }

    fn upstream(&mut self, git: &Git, commit: &str, escapes: Escapes) {
        let Some(problem) = self.upstream_problem(git, commit) else { return };
        self.decide(escapes.unpushed, self.guards.allow_unpushed, "allow-unpushed", problem);
    }

    fn upstream_problem(&self, git: &Git, commit: &str) -> Option<Diagnostic> {
        let refuse = |message: String| Diagnostic::error(&NOT_UPSTREAM, message);
        if commit.is_empty() {
            return Some(
                refuse("the repository has no commit yet".to_owned()).hint("commit the project, and push it"),
            );
        }
        let upstream = match git.upstream(self.guards.upstream.as_deref()) {
            Ok(Some(upstream)) => upstream,
            Ok(None) => {
                return Some(
                    refuse("the repository has no upstream branch".to_owned())
                        .hint("push it: `git push -u origin HEAD`; or name the branch in `guards.upstream`"),
                );
            }
            Err(_) => {
                let name = self.guards.upstream.as_deref().unwrap_or_default();
                return Some(
                    refuse(format!("git does not know the upstream branch `{name}`"))
                        .at_with(self.stage.place.clone(), "`guards.upstream` of this stage")
                        .hint("`git fetch` gets it, or correct the name"),
                );
            }
        };
        let Upstream { name, commit: theirs } = &upstream;
        match git.is_on(commit, theirs) {
            Ok(true) => None,
            Ok(false) => Some(
                refuse(format!("the commit {} is not on `{name}`", &commit[..commit.len().min(10)]))
                    .hint(format!("merge it into `{name}` and push; `git fetch` if that was done elsewhere")),
            ),
            Err(failure) => failure.diagnostics.into_iter().next(),
        }
    }

    fn githash(&mut self, build: &Build<'_>, escapes: Escapes) {
        let Some(path) = build.repository else { return };
        let problem = |message: String, hint: &str| Diagnostic::error(&UNKNOWN_GITHASH, message).hint(hint);
        let shown = path.display();
        let diagnostic = match Git::find(path) {
            Ok(Some(git)) if git.has_commit(build.githash) => return,
            Ok(Some(_)) => problem(
                format!("`githash: {}` of the job `{}` is no commit of `{shown}`", build.githash, build.job),
                "correct the hash; `git fetch` in that repository if it is new",
            ),
            Ok(None) | Err(_) => problem(
                format!(
                    "`githash: {}` of the job `{}` cannot be checked: `{shown}` is no git repository",
                    build.githash, build.job
                ),
                "clone it there, or take it out of `repositories` in platy.yaml",
            ),
        };
        self.decide(
            escapes.unknown_githash,
            self.guards.allow_unknown_githash,
            "allow-unknown-githash",
            diagnostic,
        );
    }
}
