//! Logs: Nomad keeps them in numbered files, of which the oldest are taken away, and counts an offset from the
//! oldest that is left. So a place is kept as a file and an offset in it, and turned into theirs when it is asked for.

use std::io::BufReader;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::NomadCluster;
use super::http::{Call, segment};
use super::trouble::Trouble;
use crate::cluster::{LogChunk, LogMark, LogPart, LogRequest, LogStart, RUBBISH};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

/// What comes while a log is followed; an empty one is a sign of life.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Frame {
    data: Option<String>,
    file: String,
    file_event: String,
}

/// A file in the folder of the logs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    name: String,
    size: u64,
}

/// A file of one log: its number and its size.
type File = (u64, u64);

fn stream(request: &LogRequest) -> &'static str {
    if request.stderr { "stderr" } else { "stdout" }
}

/// The number of a file of this log.
fn number(request: &LogRequest, name: &str) -> Option<u64> {
    name.strip_prefix(&request.task)?
        .strip_prefix('.')?
        .strip_prefix(stream(request))?
        .strip_prefix('.')?
        .parse()
        .ok()
}

/// How far a place is from the beginning of the oldest file.
fn from_start(files: &[File], mark: LogMark) -> u64 {
    let before: u64 = files.iter().filter(|(file, _)| *file < mark.file).map(|(_, size)| size).sum();
    let within = files.iter().any(|(file, _)| *file == mark.file);
    before + if within { mark.offset } else { 0 }
}

/// Where the last file ends.
fn end(files: &[File]) -> LogMark {
    files.last().map_or_else(LogMark::default, |(file, size)| LogMark { file: *file, offset: *size })
}

impl NomadCluster {
    fn log_call(&self, request: &LogRequest) -> Result<Call<'static>> {
        let path = format!("/v1/client/fs/logs/{}", segment(&request.allocation));
        let (origin, offset) = match request.from {
            LogStart::End(offset) => ("end", offset),
            LogStart::Mark(mark) if mark == LogMark::default() => ("start", 0),
            LogStart::Mark(mark) => ("start", from_start(&self.log_files(request)?, mark)),
            LogStart::Before(mark) => {
                ("start", from_start(&self.log_files(request)?, mark).saturating_sub(request.limit))
            }
        };
        Ok(Call::get(path, format!("read the log of the task `{}`", request.task), "read-logs")
            .with("task", &request.task)
            .with("type", stream(request))
            .with("origin", origin)
            .with("offset", offset.to_string()))
    }

    /// The files of a log, the oldest first.
    fn log_files(&self, request: &LogRequest) -> Result<Vec<File>> {
        let path = format!("/v1/client/fs/ls/{}", segment(&request.allocation));
        let what = format!("list the logs of the task `{}`", request.task);
        let call = Call::get(path, what, "read-fs").with("path", "alloc/logs");
        let entries = self.http.json::<Option<Vec<Entry>>>(call)?.value.unwrap_or_default();
        let mut files: Vec<File> = entries
            .into_iter()
            .filter_map(|entry| Some((number(request, &entry.name)?, entry.size)))
            .collect();
        files.sort_unstable();
        Ok(files)
    }

    pub(super) fn end_of_log(&self, request: &LogRequest) -> Result<LogMark> {
        Ok(end(&self.log_files(request)?))
    }

    pub(super) fn read_log(&self, request: &LogRequest) -> Result<LogChunk> {
        let call = self.log_call(request)?.with("plain", "true");
        let mut bytes = self.http.send(call).map_err(Trouble::failure)?.body;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        if bytes.len() > limit {
            match request.from {
                LogStart::End(_) => drop(bytes.drain(..bytes.len() - limit)),
                LogStart::Mark(_) | LogStart::Before(_) => bytes.truncate(limit),
            }
        }
        Ok(LogChunk { bytes })
    }

    pub(super) fn follow_log(
        &self,
        request: &LogRequest,
        sink: &mut dyn FnMut(LogPart<'_>) -> bool,
    ) -> Result<()> {
        let call = self.log_call(request)?.with("follow", "true");
        // Counting begins where it is known; in a file that begins while it is followed, it is known too.
        let mut mark = match request.from {
            LogStart::Mark(mark) => Some(mark),
            LogStart::End(_) | LogStart::Before(_) => None,
        };
        let mut response = self.http.open(&call)?;
        let reader = BufReader::new(response.body_mut().as_reader());
        let mut file = None;
        for frame in serde_json::Deserializer::from_reader(reader).into_iter::<Frame>() {
            let frame = frame.map_err(|error| self.broken_log(request, &error))?;
            let bytes = STANDARD
                .decode(frame.data.unwrap_or_default())
                .map_err(|error| self.broken_log(request, &error))?;
            let name = frame.file.rsplit('/').next().unwrap_or_default();
            if let Some(number) = number(request, name) {
                let begins = file.is_some_and(|file| file != number) || frame.file_event == "file truncated";
                // A stream that begins at the end of a file may send the next one first.
                let next = file.is_none() && mark.is_some_and(|mark| mark.file != number);
                if begins || next {
                    mark = Some(LogMark { file: number, offset: 0 });
                }
                file = Some(number);
            }
            if let Some(mark) = &mut mark {
                mark.offset += bytes.len() as u64;
            }
            if !sink(LogPart { bytes: &bytes, end: mark }) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn broken_log(&self, request: &LogRequest, why: &dyn std::fmt::Display) -> Failure {
        let message = format!(
            "could not read the log of the task `{}`: what {} sends broke off ({})",
            request.task,
            self.http.name(),
            self.http.scrub(&why.to_string())
        );
        Failure::new(FailureKind::Unreachable, Diagnostic::error(&RUBBISH, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_that_old_files_go() {
        let mark = LogMark { file: 3, offset: 7 };
        assert_eq!(from_start(&[(1, 100), (2, 50), (3, 20)], mark), 157);
        assert_eq!(from_start(&[(3, 20), (4, 5)], mark), 7);
        // Its own file is gone: what is left comes after it.
        assert_eq!(from_start(&[(4, 5)], mark), 0);
        assert_eq!(end(&[(3, 20), (4, 5)]), LogMark { file: 4, offset: 5 });
        assert_eq!(end(&[]), LogMark::default());
    }

    #[test]
    fn files_of_other_logs_are_left_out() {
        let request = LogRequest {
            allocation: String::new(),
            task: "web".to_owned(),
            stderr: false,
            from: LogStart::End(0),
            limit: 0,
        };
        let names = ["web.stdout.12", "web.stderr.1", "web.stdout.x", "web2.stdout.1", ".web.stdout.fifo"];
        assert_eq!(names.map(|name| number(&request, name)), [Some(12), None, None, None, None]);
    }
}
