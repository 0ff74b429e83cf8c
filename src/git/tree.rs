//! The files of a revision, with links followed as far as they stay within what is asked for.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use git2::{Blob, ObjectType, Oid, Tree, TreeWalkMode, TreeWalkResult};

use super::{GIT, Git, failure};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

/// The largest file that is read from a revision.
const LARGEST_FILE: usize = 16 * 1024 * 1024;

/// The mode of a symbolic link.
const LINK: i32 = 0o120_000;

/// Links that are followed on the way to one file, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// A file in a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the root of the repository.
    pub path: PathBuf,
    /// What is in it, or in what it leads to.
    pub bytes: Vec<u8>,
    /// Where it leads, if it is a link.
    pub link: Option<Leads>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To this file, relative to the root of the repository.
    To(PathBuf),
    /// Out of the folder that it must stay in.
    Outside,
    /// To nothing.
    Nowhere,
}

/// What a path is once its links are followed.
enum Found {
    Blob(Oid, PathBuf),
    Tree(Oid, PathBuf),
    Outside,
    Nothing,
}

impl Git {
    fn tree(&self, revision: &str) -> Result<Tree<'_>> {
        self.commit(revision)?.tree().map_err(|error| failure("a tree cannot be read", &error))
    }

    fn blob(&self, oid: Oid, path: &Path) -> Result<Blob<'_>> {
        let blob = self.repository.find_blob(oid);
        blob.map_err(|error| failure(&format!("`{}` cannot be read", path.display()), &error))
    }

    /// What is in a file of a revision; `None` if it is not there.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT`.
    pub fn file_at(&self, revision: &str, path: &Path) -> Result<Option<Vec<u8>>> {
        match self.follow(&self.tree(revision)?, path, Path::new(""))? {
            Found::Blob(oid, path) => Ok(Some(self.blob(oid, &path)?.content().to_vec())),
            Found::Tree(..) | Found::Outside | Found::Nothing => Ok(None),
        }
    }

    /// All files of a revision in a folder (relative to the root; empty: all), by path. A link to a file has what is
    /// in that, if that is in the folder `within`; links to folders, and submodules, are left out. `None` where the
    /// folder itself is a link that leaves `within`.
    ///
    /// # Errors
    /// `UNKNOWN_REVISION`, `GIT` also for a file over 16 MiB.
    pub fn tree_at(&self, revision: &str, folder: &Path, within: &Path) -> Result<Option<Vec<TreeFile>>> {
        let root = self.tree(revision)?;
        let (tree, real) = match self.follow(&root, folder, within)? {
            Found::Tree(oid, real) => (self.repository.find_tree(oid), real),
            Found::Outside => return Ok(None),
            Found::Blob(..) | Found::Nothing => return Ok(Some(Vec::new())),
        };
        let tree = tree.map_err(|error| failure("a tree cannot be read", &error))?;
        let mut found = Vec::new();
        tree.walk(TreeWalkMode::PreOrder, |parent, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                found.push((Path::new(parent).join(name), entry.id(), entry.filemode() == LINK));
            }
            TreeWalkResult::Ok
        })
        .map_err(|error| failure("a tree cannot be read", &error))?;
        let mut files = Vec::with_capacity(found.len());
        for (inner, oid, is_link) in found {
            let path = folder.join(&inner);
            let file = if is_link {
                match self.follow(&root, &real.join(&inner), within)? {
                    Found::Blob(oid, to) => {
                        let bytes = self.bytes(revision, oid, &path)?;
                        TreeFile { path, bytes, link: Some(Leads::To(to)) }
                    }
                    Found::Tree(..) => continue,
                    Found::Outside => TreeFile { path, bytes: Vec::new(), link: Some(Leads::Outside) },
                    Found::Nothing => TreeFile { path, bytes: Vec::new(), link: Some(Leads::Nowhere) },
                }
            } else {
                TreeFile { bytes: self.bytes(revision, oid, &path)?, path, link: None }
            };
            files.push(file);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(files))
    }

    fn bytes(&self, revision: &str, oid: Oid, path: &Path) -> Result<Vec<u8>> {
        let blob = self.blob(oid, path)?;
        if blob.size() > LARGEST_FILE {
            let message = format!("`{}` in `{revision}` is over {} MiB", path.display(), LARGEST_FILE >> 20);
            return Err(Failure::new(FailureKind::Other, Diagnostic::error(&GIT, message)));
        }
        Ok(blob.content().to_vec())
    }

    /// Follows the links on the way to a path, and the one that it may be itself.
    fn follow(&self, root: &Tree<'_>, path: &Path, within: &Path) -> Result<Found> {
        let parts = |path: &Path| -> Option<Vec<OsString>> {
            let part = |part: Component<'_>| match part {
                Component::CurDir => Some(OsString::new()),
                Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
                Component::RootDir | Component::Prefix(_) => None,
            };
            path.components().map(part).collect()
        };
        let Some(start) = parts(path) else { return Ok(Found::Outside) };
        let (mut open, mut at, mut links) = (VecDeque::from(start), PathBuf::new(), 0);
        let mut last = Some((root.id(), ObjectType::Tree));
        while let Some(part) = open.pop_front() {
            if part.is_empty() {
                continue;
            }
            if part == ".." {
                if !at.pop() {
                    return Ok(Found::Outside);
                }
            } else {
                at.push(part);
            }
            let entry = if at.as_os_str().is_empty() { None } else { root.get_path(&at).ok() };
            last = match entry {
                None if at.as_os_str().is_empty() => Some((root.id(), ObjectType::Tree)),
                None => return Ok(Found::Nothing),
                Some(entry) if entry.filemode() == LINK => {
                    links += 1;
                    let target = self.blob(entry.id(), &at)?;
                    let target = PathBuf::from(String::from_utf8_lossy(target.content()).into_owned());
                    let (Some(target), true) = (parts(&target), links <= MOST_LINKS) else {
                        return Ok(if links > MOST_LINKS { Found::Nothing } else { Found::Outside });
                    };
                    target.into_iter().rev().for_each(|part| open.push_front(part));
                    at.pop();
                    Some((root.id(), ObjectType::Tree))
                }
                Some(entry) => entry.kind().map(|kind| (entry.id(), kind)),
            };
        }
        Ok(match last {
            Some(_) if !at.starts_with(within) => Found::Outside,
            Some((oid, ObjectType::Blob)) => Found::Blob(oid, at),
            Some((oid, ObjectType::Tree)) => Found::Tree(oid, at),
            _ => Found::Nothing,
        })
    }
}
