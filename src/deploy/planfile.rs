//! Plan files: what was shown, kept until it is submitted.
//!
//! A plan file is two lines of JSON. The first names the format and its version and has the SHA-256 of the second,
//! so that a file that was cut off or changed is found out before anything in it is believed. The second is the
//! [`PlanFile`]. The digest is no signature: who may write the file decides what is submitted.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::guard::Claim;
use super::submit::Change;
use crate::cluster::{Cluster, JobDocument, Origin};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

crate::codes! {
    /// A plan file that cannot be used.
    BROKEN = "P0990", "a plan file cannot be read", "docs/plan.md";
    /// A plan file of a later version of this tool.
    NEWER = "P0991", "a plan file is of a newer version", "docs/plan.md";
    /// A plan file for another cluster.
    ELSEWHERE = "P0992", "a plan file is for another cluster", "docs/plan.md";
    /// A job moved since its plan was written.
    MOVED = "P0993", "a job moved since the plan file was written", "docs/plan.md";
    /// A job that would be written holds a secret.
    SECRET = "P0994", "a plan file would hold a secret", "docs/plan.md";
}

/// The version that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// The bytes that a plan file has at most.
pub const LARGEST: u64 = 64 * 1024 * 1024;

const FORMAT: &str = "platy-manage plan";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    #[serde(default)]
    sha256: String,
}

/// What was planned for one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// `platy-manage VERSION`.
    pub tool: String,
    /// When it was written, as RFC 3339.
    pub time: String,
    /// The stage.
    pub stage: String,
    /// Whether the stage was protected.
    pub protected: bool,
    /// The cluster that was asked.
    pub cluster: Identity,
    /// The commit of the project, in full; "" outside a repository.
    pub commit: String,
    /// Whether the project had changes that were not committed.
    pub dirty: bool,
    /// The jobs that change.
    pub jobs: Vec<PlannedJob>,
}

/// Which cluster it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its address, or the folder of the registry: as [`Cluster::describe`] says it.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// The region, from wherever it was set; `None` for that of the server.
    pub region: Option<String>,
}

impl Identity {
    /// That of an opened cluster.
    pub fn of(cluster: &dyn Cluster) -> Self {
        let namespace = cluster.namespace().to_owned();
        Self { cluster: cluster.describe(), namespace, region: cluster.region().map(str::to_owned) }
    }

    /// In words.
    pub fn words(&self) -> String {
        let region = self.region.as_ref().map_or_else(String::new, |region| format!(", region `{region}`"));
        format!("{}, namespace `{}`{region}", self.cluster, self.namespace)
    }
}

/// A job as it is to be submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// The job's name.
    pub name: String,
    /// Its ID.
    pub id: String,
    /// The jobs that come before it.
    pub needs: Vec<String>,
    /// What registering it is.
    pub change: Change,
    /// The index that it must still have; 0 where it must not exist.
    pub index: u64,
    /// The SHA-256 of `job`, as compact JSON.
    pub sha256: String,
    /// The job.
    pub job: JobDocument,
    /// The HCL of it, for the submission.
    pub source: String,
    /// Where it came from.
    pub origin: Origin,
    /// What it claims about its build.
    pub claim: Option<Claim>,
}

impl PlannedJob {
    /// The digest of a job's document.
    pub fn digest(job: &JobDocument) -> String {
        sha256(job.to_string().as_bytes())
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PlanFile {
    /// The bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let body =
            serde_json::to_vec(self).map_err(|error| broken(format!("it cannot be written: {error}")))?;
        let header = Header { format: FORMAT.to_owned(), version: VERSION, sha256: sha256(&body) };
        let mut bytes =
            serde_json::to_vec(&header).map_err(|error| broken(format!("it cannot be written: {error}")))?;
        bytes.push(b'\n');
        bytes.extend(body);
        bytes.push(b'\n');
        if bytes.len() as u64 > LARGEST {
            return Err(broken(format!("it would be larger than {} MiB", LARGEST >> 20)));
        }
        Ok(bytes)
    }

    /// Reads the bytes of a file, and proves that they are as they were written.
    ///
    /// # Errors
    /// `BROKEN`, `NEWER`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| broken("it is no text"))?;
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let header: Header =
            serde_json::from_str(head).map_err(|_| broken("its first line is not that of a plan file"))?;
        if header.format != FORMAT || header.version == 0 {
            return Err(broken("its first line is not that of a plan file"));
        }
        if header.version > VERSION {
            let message = format!(
                "the plan file has version {} of the format, and this platy-manage knows up to {VERSION}",
                header.version
            );
            let hint = "apply it with the platy-manage that wrote it, or plan again";
            return Err(Failure::new(FailureKind::Other, Diagnostic::error(&NEWER, message).hint(hint)));
        }
        let body = body.strip_suffix('\n').ok_or_else(|| broken("it is cut off"))?;
        if sha256(body.as_bytes()) != header.sha256 {
            return Err(broken("it was changed since it was written, or is cut off"));
        }
        let file: Self =
            serde_json::from_str(body).map_err(|error| broken(format!("it has another shape: {error}")))?;
        match file.jobs.iter().find(|job| PlannedJob::digest(&job.job) != job.sha256) {
            Some(job) => Err(broken(format!("the job `{}` in it is not the one that was planned", job.name))),
            None => Ok(file),
        }
    }
}

/// A file that cannot be used.
pub fn broken(why: impl std::fmt::Display) -> Failure {
    let diagnostic = Diagnostic::error(&BROKEN, format!("the plan file cannot be used: {why}"));
    Failure::new(FailureKind::Other, diagnostic.hint("write it again: `platy-manage plan … -o FILE`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> PlanFile {
        let job = serde_json::json!({"ID": "web-prod", "Priority": 50, "X": 0.25});
        PlanFile {
            tool: "platy-manage 0".to_owned(),
            time: "2026-01-01T00:00:00Z".to_owned(),
            stage: "prod".to_owned(),
            protected: true,
            cluster: Identity { cluster: "x".to_owned(), namespace: "default".to_owned(), region: None },
            commit: String::new(),
            dirty: false,
            jobs: vec![PlannedJob {
                name: "web".to_owned(),
                id: "web-prod".to_owned(),
                needs: Vec::new(),
                change: Change::Update,
                index: 7,
                sha256: PlannedJob::digest(&job),
                job,
                source: "job \"web-prod\" {}\n".to_owned(),
                origin: Origin::default(),
                claim: None,
            }],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = file().to_bytes().unwrap();
        assert_eq!(PlanFile::from_bytes(&bytes).unwrap(), file());
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_found_out() {
        let bytes = file().to_bytes().unwrap();
        for end in 0..bytes.len() {
            assert!(PlanFile::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(PlanFile::from_bytes(&changed).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn another_document_and_a_newer_version_are_told_apart() {
        let mut other = file();
        other.jobs[0].job["Priority"] = 51.into();
        let failure = PlanFile::from_bytes(&other.to_bytes().unwrap()).unwrap_err();
        assert_eq!(failure.diagnostics[0].code.id, BROKEN.id);
        let text = String::from_utf8(file().to_bytes().unwrap()).unwrap();
        let newer = text.replacen("\"version\":1", "\"version\":2", 1);
        assert_eq!(PlanFile::from_bytes(newer.as_bytes()).unwrap_err().diagnostics[0].code.id, NEWER.id);
        for foreign in ["", "{}", "[]", "null", "job \"x\" {}", "{\"format\": \"x\", \"version\": 1}\n"] {
            let failure = PlanFile::from_bytes(foreign.as_bytes()).unwrap_err();
            assert_eq!(failure.diagnostics[0].code.id, BROKEN.id, "{foreign}");
        }
    }
}
