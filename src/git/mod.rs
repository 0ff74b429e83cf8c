//! All that is asked of git, in one place.
//!
//! libgit2 reads repositories itself, without a `git` on the machine. It refuses repositories
//! with SHA-256 object names, and reports the files that a sparse checkout leaves out as deleted;
//! the first is said in a message, the second is taken out here.

mod tree;

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository, Status, StatusOptions};

pub use tree::{Leads, TreeFile};

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result, nearest};

crate::codes! {
    /// The folder is in no repository.
    NO_REPOSITORY = "P0920", "the project is in no git repository", "docs/guards.md";
    /// A revision that does not exist.
    UNKNOWN_REVISION = "P0921", "git knows no such revision", "gitrevisions(7)";
    /// git could not do it.
    GIT = "P0922", "the git repository could not be read", "docs/guards.md";
}

/// A repository with a work tree.
pub struct Git {
    repository: Repository,
    root: PathBuf,
}

/// A branch that commits are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// `origin/main`.
    pub name: String,
    /// Its commit.
    pub commit: String,
}

fn failure(what: &str, error: &git2::Error) -> Failure {
    let diagnostic = Diagnostic::error(&GIT, format!("{what}: {}", error.message()));
    let diagnostic = if error.message().contains("sha256") || error.message().contains("objectformat") {
        diagnostic.hint("repositories with SHA-256 object names cannot be read")
    } else if error.code() == ErrorCode::Owner {
        diagnostic.hint("the repository belongs to another user: see `safe.directory` in git-config(1)")
    } else {
        diagnostic
    };
    Failure::new(FailureKind::Other, diagnostic)
}

impl Git {
    /// The repository that the folder is in, if it is in one.
    ///
    /// # Errors
    /// `GIT` where there is a repository that cannot be read.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let repository = match Repository::discover(folder) {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(failure("the git repository cannot be opened", &error)),
        };
        let Some(root) = repository.workdir().map(Path::to_owned) else { return Ok(None) };
        Ok(Some(Self { repository, root }))
    }

    /// The repository that the folder is in.
    ///
    /// # Errors
    /// `NO_REPOSITORY`.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::find(folder)?.ok_or_else(|| {
            let message = format!("`{}` is in no git repository", folder.display());
            Failure::new(
                FailureKind::Other,
                Diagnostic::error(&NO_REPOSITORY, message).hint("keep the project in git: `git init`"),
            )
        })
    }

    /// The root of the work tree, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit of the work tree in full; `None` before the first one.
    ///
    /// # Errors
    /// `GIT`.
    pub fn head(&self) -> Result<Option<String>> {
        Ok(self.head_oid()?.map(|oid| oid.to_string()))
    }

    fn head_oid(&self) -> Result<Option<Oid>> {
        match self.repository.head() {
            Ok(head) => Ok(head.peel_to_commit().ok().map(|commit| commit.id())),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(failure("the current commit cannot be read", &error)),
        }
    }

    /// The name of the current branch, if there is one.
    pub fn branch(&self) -> Option<String> {
        let head = self.repository.head().ok().filter(git2::Reference::is_branch)?;
        head.shorthand().ok().map(str::to_owned)
    }

    /// The paths that differ from the commit, relative to the root: changed, staged, deleted, and
    /// new ones that are not ignored. With `folder`, only those in it.
    ///
    /// # Errors
    /// `GIT`.
    pub fn dirty(&self, folder: Option<&Path>) -> Result<Vec<PathBuf>> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).exclude_submodules(true);
        let folder = folder.and_then(|folder| self.relative(folder));
        if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
            options.pathspec(folder).disable_pathspec_match(true);
        }
        let statuses = self.repository.statuses(Some(&mut options));
        let statuses =
            statuses.map_err(|error| failure("the state of the work tree cannot be read", &error))?;
        let index = self.repository.index().map_err(|error| failure("the index cannot be read", &error))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in statuses.iter() {
            let path = PathBuf::from(String::from_utf8_lossy(entry.path_bytes()).into_owned());
            // A file that a sparse checkout leaves out looks deleted; its flag says that it is not.
            let left_out = entry.status() == Status::WT_DELETED
                && index.get_path(&path, 0).is_some_and(|entry| {
                    git2::IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended)
                        .contains(git2::IndexEntryExtendedFlag::SKIP_WORKTREE)
                });
            if !left_out && !entry.status().is_ignored() {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// The path relative to the root of the repository.
    fn relative(&self, path: &Path) -> Option<PathBuf> {
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        path.strip_prefix(&root).ok().map(Path::to_owned)
    }

    /// The commit of a revision, in full.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`.
    pub fn resolve(&self, revision: &str) -> Result<String> {
        Ok(self.commit(revision)?.id().to_string())
    }

    fn commit(&self, revision: &str) -> Result<git2::Commit<'_>> {
        let found = self.repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        found.map_err(|error| {
            let mut diagnostic =
                Diagnostic::error(&UNKNOWN_REVISION, format!("git knows no commit `{revision}`"));
            if let Some(near) = self.near(revision) {
                diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
            }
            let shallow = self.repository.is_shallow();
            Failure::new(
                FailureKind::Other,
                if shallow {
                    diagnostic.hint("the clone is shallow: fetch the history, `git fetch --unshallow`")
                } else if error.code() == ErrorCode::Ambiguous {
                    diagnostic.hint("more than one commit begins like this: write more of it")
                } else {
                    diagnostic.hint("name a commit, a branch or a tag; `git fetch` gets what is new")
                },
            )
        })
    }

    /// The branch or tag that a revision was probably meant to begin with, and the rest of the revision.
    fn near(&self, revision: &str) -> Option<String> {
        let (name, rest) = revision.split_at(revision.find(['~', '^', '@', ':']).unwrap_or(revision.len()));
        let references = self.repository.references().ok()?.flatten();
        let known: Vec<String> = references
            .filter(|reference| reference.is_branch() || reference.is_remote() || reference.is_tag())
            .filter_map(|reference| reference.shorthand().ok().map(str::to_owned))
            .collect();
        // A branch that only the other side has is named with the side.
        let there =
            known.iter().find(|known| known.split_once('/').is_some_and(|(_, branch)| branch == name));
        let near = match there {
            Some(there) => there,
            None => nearest(name, known.iter().map(String::as_str)).or_else(|| {
                // `mian` is nearer to `origin/main` than its letters say.
                let branch = |known: &'_ String| known.split_once('/').map(|(_, branch)| branch.to_owned());
                let branches: Vec<String> = known.iter().filter_map(branch).collect();
                let near = nearest(name, branches.iter().map(String::as_str))?;
                known.iter().find(|known| known.ends_with(&format!("/{near}"))).map(String::as_str)
            })?,
        };
        Some(format!("{near}{rest}"))
    }

    /// Whether the repository has this commit, named in full or in part.
    pub fn has_commit(&self, name: &str) -> bool {
        let is_hash = (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash && self.commit(name).is_ok()
    }

    /// The upstream branch: the one that is named, else that of the current branch, else where
    /// `origin/HEAD` leads, else `origin/main` or `origin/master`.
    pub fn upstream(&self, named: Option<&str>) -> Result<Option<Upstream>> {
        if let Some(name) = named {
            return Ok(Some(Upstream { name: name.to_owned(), commit: self.resolve(name)? }));
        }
        let own = self.branch().and_then(|branch| {
            let branch = self.repository.find_branch(&branch, git2::BranchType::Local).ok()?;
            let upstream = branch.upstream().ok()?;
            let name = upstream.name().ok()??;
            Some(name.to_owned())
        });
        let candidates =
            own.into_iter().chain(["origin/HEAD", "origin/main", "origin/master"].map(str::to_owned));
        for name in candidates {
            if let Ok(commit) = self.resolve(&name) {
                return Ok(Some(Upstream { name, commit }));
            }
        }
        Ok(None)
    }

    /// Whether `commit` is `branch`, or before it.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT`.
    pub fn is_on(&self, commit: &str, branch: &str) -> Result<bool> {
        let (commit, branch) = (self.commit(commit)?.id(), self.commit(branch)?.id());
        if commit == branch {
            return Ok(true);
        }
        let related = self.repository.graph_descendant_of(branch, commit);
        related.map_err(|error| failure("the history cannot be read", &error))
    }

    /// The last commit that both have in common, which is what a change is measured from.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>> {
        let (a, b) = (self.commit(a)?.id(), self.commit(b)?.id());
        Ok(self.repository.merge_base(a, b).ok().map(|oid| oid.to_string()))
    }

    /// The paths that differ between a revision and the work tree, new files included, relative to
    /// the root of the repository.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT`.
    pub fn changed_since(&self, revision: &str) -> Result<Vec<PathBuf>> {
        let tree = self.commit(revision)?.tree().map_err(|error| failure("a tree cannot be read", &error))?;
        let mut options = git2::DiffOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).ignore_submodules(true);
        let diff = self.repository.diff_tree_to_workdir_with_index(Some(&tree), Some(&mut options));
        let diff = diff.map_err(|error| failure("the difference cannot be read", &error))?;
        let index = self.repository.index().map_err(|error| failure("the index cannot be read", &error))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for delta in diff.deltas() {
            let left_out = delta.status() == git2::Delta::Deleted
                && delta.old_file().path().and_then(|path| index.get_path(path, 0)).is_some_and(|entry| {
                    git2::IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended)
                        .contains(git2::IndexEntryExtendedFlag::SKIP_WORKTREE)
                });
            if !left_out {
                paths.extend(
                    [delta.old_file().path(), delta.new_file().path()]
                        .into_iter()
                        .flatten()
                        .map(Path::to_owned),
                );
            }
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The paths that differ between two revisions, relative to the root of the repository.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT`.
    pub fn changed_between(&self, from: &str, to: &str) -> Result<Vec<PathBuf>> {
        let tree = |revision| {
            self.commit(revision)?.tree().map_err(|error| failure("a tree cannot be read", &error))
        };
        let (from, to) = (tree(from)?, tree(to)?);
        let diff = self.repository.diff_tree_to_tree(Some(&from), Some(&to), None);
        let diff = diff.map_err(|error| failure("the difference cannot be read", &error))?;
        let both = |delta: git2::DiffDelta<'_>| {
            [delta.old_file().path().map(Path::to_owned), delta.new_file().path().map(Path::to_owned)]
        };
        let mut paths: Vec<PathBuf> = diff.deltas().flat_map(both).flatten().collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }
}

impl Git {
    /// Where the repository comes from, the same however it was cloned: `git.example.com/team/fleet`. It is that of the
    /// remote `origin`, or of the only one.
    pub fn home(&self) -> Option<String> {
        let remotes = self.repository.remotes().ok()?;
        let names: Vec<&str> = remotes.iter().flatten().flatten().collect();
        let name = match &names[..] {
            [only] => only,
            names => names.iter().find(|name| **name == "origin")?,
        };
        let remote = self.repository.find_remote(name).ok()?;
        let url = remote.url().ok()?;
        Some(address(url).unwrap_or_else(|| self.folder(url)))
    }

    /// A remote that is a folder of this machine, or of its network.
    fn folder(&self, url: &str) -> String {
        let path = self.root.join(url.strip_prefix("file://").unwrap_or(url));
        path.canonicalize().unwrap_or(path).display().to_string()
    }
}

/// Host and path of the address of a repository, without user, password, port and what the forms differ in.
fn address(url: &str) -> Option<String> {
    let (host, path) = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        // `git@host:path`; a path of this machine has its slash first.
        None => url.split_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'))?,
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    Some(format!("{host}/{path}"))
}

impl Git {
    /// Who works here, if git is told.
    pub fn user(&self) -> Option<String> {
        let signature = self.repository.signature().ok()?;
        let (name, mail) = (signature.name().ok()?, signature.email().ok()?);
        Some(format!("{name} <{mail}>"))
    }
}

/// Commits that are looked at for a change, at most.
const MOST_COMMITS: usize = 5_000;

impl Git {
    /// The oldest commit after `since`, up to the one of the work tree, that changed one of the paths (relative to the
    /// root of the repository; a folder stands for all in it). `None` where none did, and in a history so long that
    /// nobody could read it.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT`.
    pub fn first_change(&self, since: &str, paths: &[PathBuf]) -> Result<Option<String>> {
        let unreadable = |error: &git2::Error| failure("the history cannot be read", error);
        let since = self.commit(since)?.id();
        let walk = || -> std::result::Result<Vec<Oid>, git2::Error> {
            let mut walk = self.repository.revwalk()?;
            walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
            walk.push_head()?;
            walk.hide(since)?;
            walk.take(MOST_COMMITS).collect()
        };
        let changes = |oid: Oid| -> std::result::Result<bool, git2::Error> {
            let commit = self.repository.find_commit(oid)?;
            // What a merge brings was changed by a commit of the other side.
            if commit.parent_count() > 1 {
                return Ok(false);
            }
            let parent = commit.parents().next().map(|parent| parent.tree()).transpose()?;
            let mut options = git2::DiffOptions::new();
            options.disable_pathspec_match(true);
            for path in paths {
                options.pathspec(path);
            }
            let diff = self.repository.diff_tree_to_tree(
                parent.as_ref(),
                Some(&commit.tree()?),
                Some(&mut options),
            )?;
            Ok(diff.deltas().len() > 0)
        };
        for oid in walk().map_err(|error| unreadable(&error))?.into_iter().rev() {
            if changes(oid).map_err(|error| unreadable(&error))? {
                return Ok(Some(oid.to_string()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_all_its_forms() {
        for url in [
            "https://git.example.com/team/fleet.git",
            "https://user:s3cret@Git.Example.com/team/fleet",
            "https://git.example.com:8443/team/fleet/",
            "ssh://git@git.example.com:2222/team/fleet.git",
            "git@git.example.com:team/fleet.git",
            "git.example.com:/team/fleet",
        ] {
            assert_eq!(address(url).as_deref(), Some("git.example.com/team/fleet"), "{url}");
        }
        for folder in ["/srv/git/fleet.git", "../fleet.git", "file:///srv/git/fleet.git", "./a:b"] {
            assert_eq!(address(folder), None, "{folder}");
        }
    }
}
