//! The files of the registry: one a job, written so that a kill at any moment leaves the old
//! state or the new one, and by one process at a time.
//!
//! `FOLDER/NAMESPACE/ID.json` holds the versions of a job, oldest first. A write goes to a
//! temporary file, which is synced, renamed over the old one, and the folder is synced. The lock
//! is that of the operating system on `FOLDER/.lock`: it ends with the process that holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compare;
use crate::cluster::{
    BROKEN_REGISTRY, JobDocument, JobStub, REGISTRY_IO, REGISTRY_LOCKED, RunningJob, Submission, VersionTag,
};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result, Source};

/// The form of the files; a newer one is refused, not guessed at.
const FORMAT: u64 = 1;

/// How long to wait for another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the registry keeps beside the job, so that the same job is the same document.
pub(super) const KEPT_BY_THE_REGISTRY: [&str; 10] = [
    "Version",
    "JobModifyIndex",
    "ModifyIndex",
    "CreateIndex",
    "SubmitTime",
    "Status",
    "StatusDescription",
    "Stop",
    "Stable",
    "VersionTag",
];

/// A step of a write, for tests of what a kill between two of them leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The temporary file is made.
    Create,
    /// Half of it is written.
    WriteHalf,
    /// All of it is written.
    WriteRest,
    /// It is synced.
    Sync,
    /// It takes the place of the old file.
    Rename,
    /// The folder is synced.
    SyncFolder,
}

type Hook = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// The folder.
#[derive(Clone)]
pub(super) struct Store {
    folder: PathBuf,
    root: PathBuf,
    namespace: String,
    pub hook: Option<Hook>,
}

/// All that is kept of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The form of the file.
    format: u64,
    /// The job's ID.
    pub id: String,
    /// The last index that was given to the job; never given again, not even after a purge.
    pub index: u64,
    /// Whether the job was purged: only the index is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub purged: bool,
    /// Oldest first.
    pub versions: Vec<Version>,
}

/// A version of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub version: u64,
    pub job_modify_index: u64,
    /// In nanoseconds since 1970.
    pub submit_time: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<VersionTag>,
    pub submission: Submission,
    pub job: JobDocument,
}

impl Record {
    pub fn new(id: &str) -> Self {
        Self { format: FORMAT, id: id.to_owned(), index: 0, purged: false, versions: Vec::new() }
    }
}

impl Version {
    pub fn kind(&self) -> &str {
        self.job.get("Type").and_then(Value::as_str).filter(|kind| !kind.is_empty()).unwrap_or("service")
    }

    pub fn is_set(&self, key: &str) -> bool {
        self.job.get(key).is_some_and(|value| !value.is_null())
    }

    fn is_parameterized(&self) -> bool {
        self.is_set("ParameterizedJob") && self.job.get("Dispatched") != Some(&Value::Bool(true))
    }

    /// Whether it has no allocations of its own: periodic and parameterized jobs.
    pub fn is_template(&self) -> bool {
        self.is_set("Periodic") || self.is_parameterized()
    }

    /// Whether it ends by itself, which it has, here.
    pub fn ends(&self) -> bool {
        !self.is_template() && matches!(self.kind(), "batch" | "sysbatch")
    }

    fn status(&self) -> &'static str {
        if self.stopped || self.ends() { "dead" } else { "running" }
    }

    pub fn running_job(&self) -> RunningJob {
        let mut job = self.job.clone();
        job["Version"] = self.version.into();
        job["JobModifyIndex"] = self.job_modify_index.into();
        job["SubmitTime"] = self.submit_time.into();
        job["Status"] = self.status().into();
        job["Stop"] = self.stopped.into();
        job["Stable"] = (self.kind() == "service" && !self.stopped).into();
        if let Some(tag) = &self.tag {
            job["VersionTag"] = serde_json::to_value(tag).unwrap_or_default();
        }
        let mut running = crate::cluster::nomad::running_job(job);
        running.kind = self.kind().to_owned();
        running
    }

    pub fn stub(&self, id: &str) -> JobStub {
        let job = self.running_job();
        let none = self.stopped || self.is_template();
        let summary = compare::groups(&self.job).into_iter().map(|group| {
            let count = if none { 0 } else { compare::count(&self.job, group) };
            let (running, complete) = if self.ends() { (0, count) } else { (count, 0) };
            let summary = crate::cluster::GroupSummary { running, complete, ..Default::default() };
            (compare::name(group).to_owned(), summary)
        });
        JobStub {
            id: id.to_owned(),
            parent: self.job.get("ParentID").and_then(Value::as_str).unwrap_or_default().to_owned(),
            summary: summary.collect(),
            kind: job.kind,
            status: job.status,
            stopped: self.stopped,
            periodic: job.periodic,
            parameterized: job.parameterized,
            job_modify_index: self.job_modify_index,
            submit_time: self.submit_time,
            meta: job.meta,
        }
    }
}

/// Holds the lock of the registry.
pub(super) struct Guard(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

impl Store {
    pub fn new(folder: &Path, root: &Path, namespace: &str) -> Self {
        let (folder, root) = (folder.to_owned(), root.to_owned());
        Self { folder, root, namespace: namespace.to_owned(), hook: None }
    }

    /// The folder as it is shown.
    pub fn shown(&self) -> String {
        self.show(&self.folder)
    }

    fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    fn jobs(&self) -> PathBuf {
        self.folder.join(file_name(&self.namespace))
    }

    fn path(&self, id: &str) -> PathBuf {
        self.jobs().join(format!("{}.json", file_name(id)))
    }

    fn io(&self, what: &str, path: &Path, error: &io::Error) -> Failure {
        let message = format!("`{}` could not be {what}: {error}", self.show(path));
        Failure::new(
            FailureKind::Unreachable,
            Diagnostic::error(&REGISTRY_IO, message)
                .hint("check that the folder is yours and that there is room on the disk"),
        )
    }

    /// Takes the lock, and waits for it if another process has it.
    pub fn lock(&self) -> Result<Guard> {
        let path = self.folder.join(".lock");
        std::fs::create_dir_all(self.jobs()).map_err(|error| self.io("made", &self.jobs(), &error))?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| self.io("opened", &path, &error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Guard(file)),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let message = format!(
                        "another process has held `{}` for {} s",
                        self.show(&path),
                        PATIENCE.as_secs()
                    );
                    return Err(Failure::new(
                        FailureKind::Unreachable,
                        Diagnostic::error(&REGISTRY_LOCKED, message)
                            .hint("wait for it to end, then repeat; the lock ends with its process"),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(self.io("locked", &path, &error)),
            }
        }
    }

    /// What is kept of a job.
    pub fn read(&self, id: &str) -> Result<Option<Record>> {
        let path = self.path(id);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let record = self.parse(&path, bytes)?;
                if record.id != id {
                    let problem = format!("the file is for the job `{}`, its name for `{id}`", record.id);
                    return Err(self.broken(&Source::new(self.show(&path), ""), 0, &problem));
                }
                Ok(Some(record))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io("read", &path, &error)),
        }
    }

    /// All records, by ID.
    pub fn all(&self) -> Result<Vec<Record>> {
        let folder = self.jobs();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io("read", &folder, &error)),
        };
        let mut records = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| self.io("read", &folder, &error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match std::fs::read(&path) {
                Ok(bytes) => records.push(self.parse(&path, bytes)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.io("read", &path, &error)),
            }
        }
        records.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(records)
    }

    fn parse(&self, path: &Path, bytes: Vec<u8>) -> Result<Record> {
        let name = self.show(path);
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            self.broken(&Source::new(name.as_str(), text), valid, "invalid UTF-8")
        })?;
        let record = serde_json::from_str::<Record>(&text).map_err(|error| {
            let source = Source::new(name.as_str(), text.as_str());
            let line = source.line(error.line());
            let offset = (line.start + error.column().saturating_sub(1)).min(text.len());
            let words = error.to_string();
            let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
            self.broken(&source, offset, words)
        })?;
        if record.format != FORMAT {
            let source = Source::new(name, text);
            let problem = format!("the form is {}, this platy-manage knows {FORMAT}", record.format);
            return Err(self.broken(&source, 0, &problem));
        }
        Ok(record)
    }

    fn broken(&self, source: &Source, offset: usize, problem: &str) -> Failure {
        let name = source.name();
        let diagnostic = Diagnostic::error(&BROKEN_REGISTRY, format!("`{name}` is broken: {problem}"))
            .at(source.place(offset..offset))
            .hint(format!("if the registry is in git, take the last good state: `git checkout -- {name}`"))
            .hint("or move the file away: then the job counts as not running");
        Failure::new(FailureKind::Unreachable, diagnostic)
    }

    /// Writes a record in place of the old one.
    pub fn write(&self, _: &Guard, record: &Record) -> Result<()> {
        let path = self.path(&record.id);
        let folder = self.jobs();
        self.remove_leftovers(&folder);
        let mut text = serde_json::to_string_pretty(record)
            .map_err(|error| self.io("written", &path, &io::Error::other(error)))?;
        text.push('\n');
        let temporary = folder.join(format!(".{}.tmp", std::process::id()));
        self.replace(&folder, &temporary, &path, text.as_bytes()).map_err(|error| {
            let _ = std::fs::remove_file(&temporary);
            self.io("written", &path, &error)
        })
    }

    fn replace(&self, folder: &Path, temporary: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
        self.step(Step::Create)?;
        let mut file = File::create(temporary)?;
        let (first, rest) = text.split_at(text.len() / 2);
        self.step(Step::WriteHalf)?;
        file.write_all(first)?;
        self.step(Step::WriteRest)?;
        file.write_all(rest)?;
        self.step(Step::Sync)?;
        file.sync_all()?;
        drop(file);
        self.step(Step::Rename)?;
        std::fs::rename(temporary, path)?;
        self.step(Step::SyncFolder)?;
        // A folder cannot be opened for this everywhere; the rename has been done by then.
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error) if cfg!(unix) => Err(error),
            _ => Ok(()),
        }
    }

    fn step(&self, step: Step) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(step))
    }

    /// Removes what a killed process left; the lock is held, so nobody is writing.
    fn remove_leftovers(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// A name as one part of a path, whatever is in it: percent-encoded, and never hidden.
fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && !name.is_empty());
        if plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.is_empty() { "%".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder() {
        assert_eq!(file_name("a.b-c_d"), "a.b-c_d");
        assert_eq!(file_name("../x"), "%2E.%2Fx");
        assert_eq!(file_name("nightly/periodic-1"), "nightly%2Fperiodic-1");
        assert_eq!(file_name(""), "%");
    }
}
