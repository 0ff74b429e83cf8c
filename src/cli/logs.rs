//! `logs`: what the tasks of a job print.

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context};
use super::follow_logs::{self, Follow};
use super::output::Printer;
use super::pick::{Log, PickArgs};
use super::restart::{NOTHING_RUNS, short};
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{Cluster, LogChunk, LogMark, LogRequest, LogStart, RunningJob};

/// How much of a log is read first, to find its last lines, in bytes; then ever more.
const FIRST: u64 = 64 * 1024;

/// The most that is read of a log to find its last lines, in bytes.
const MOST: u64 = 16 << 20;

/// Show what the tasks of a job print
///
/// With `--follow`, allocations that come later are shown too, until the job is stopped or complete.
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pick: PickArgs,
    #[command(flatten)]
    read: ReadArgs,
    /// Go on until the job is stopped or complete
    #[arg(long, short)]
    follow: bool,
}

/// What is read of each log.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Standard error instead of standard output
    #[arg(long)]
    stderr: bool,
    /// So many of the last lines of each
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    lines: usize,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Reads)?;
        let job = self.instance(context, &target, target.held()?)?;
        let logs = match self.pick.logs(context, &target, &job) {
            // Something will run, as far as the cluster knows.
            Err(failure) if self.follow && self.may_come(&job) && failure.has(&NOTHING_RUNS) => {
                context.printer.status("nothing runs yet");
                Vec::new()
            }
            logs => logs?,
        };
        let printer = &context.printer;
        if self.follow {
            let follow = Follow { context, name: &target.name, pick: &self.pick, read: &self.read };
            return follow.run(target.cluster, &job, logs);
        }
        if !printer.is_text() {
            let logs = logs
                .iter()
                .map(|log| {
                    let tail = self.read.tail(&*target.cluster, log, None)?;
                    let lines = tail.last_texts(self.read.lines);
                    Ok(json!({"allocation": log.allocation.id, "task": log.task, "lines": lines}))
                })
                .collect::<Result<Vec<Json>>>()?;
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": job.id, "logs": logs,
            }));
            return Ok(Done::Ok);
        }
        for log in &logs {
            let tail = self.read.tail(&*target.cluster, log, None)?;
            show(printer, log, self.read.last(&tail), logs.len());
        }
        Ok(Done::Ok)
    }

    /// Whether allocations can come that are not there yet.
    fn may_come(&self, job: &RunningJob) -> bool {
        !job.stopped && job.status != "dead" && !self.pick.names_allocations()
    }

    /// A schedule prints nothing: its newest instance does.
    fn instance(&self, context: &Context, target: &Target<'_>, job: RunningJob) -> Result<RunningJob> {
        if !job.periodic && !job.parameterized {
            return Ok(job);
        }
        let prefix = format!("{}/", job.id);
        let instances = target.cluster.list(&prefix)?;
        let newest = instances.iter().filter(|one| one.parent == job.id).max_by_key(|one| one.submit_time);
        let newest = newest.map(|one| target.cluster.read_job(&one.id)).transpose()?.flatten();
        let Some(newest) = newest else {
            let verb = if job.periodic { "run" } else { "dispatch" };
            let hint = format!("to start one: `{}`", target.command(verb));
            return Err(target.wrong_kind("has no instance that the cluster still knows", &hint));
        };
        context.printer.status(format_args!("the newest instance: {}", newest.id));
        Ok(newest)
    }
}

/// Shows the end of one of several logs. What one log alone printed is passed on as it is, byte for byte.
fn show(printer: &Printer, log: &Log, bytes: &[u8], logs: usize) {
    if logs == 1 {
        return printer.bytes(bytes);
    }
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        follow_logs::line(printer, log, line);
    }
}

impl ReadArgs {
    /// Where to read.
    pub fn request(&self, log: &Log, from: LogStart, limit: u64) -> LogRequest {
        LogRequest {
            allocation: log.allocation.id.clone(),
            task: log.task.clone(),
            stderr: self.stderr,
            from,
            limit,
        }
    }

    /// `stdout` or `stderr`.
    pub fn stream(&self) -> &'static str {
        if self.stderr { "stderr" } else { "stdout" }
    }

    /// The end of a log, or what comes before a place in it, with as many lines as are shown.
    ///
    /// # Errors
    /// Those of the cluster.
    pub fn tail(&self, cluster: &dyn Cluster, log: &Log, before: Option<LogMark>) -> Result<LogChunk> {
        let mut limit = FIRST;
        loop {
            let from = before.map_or(LogStart::End(limit), LogStart::Before);
            let chunk = cluster.logs(&self.request(log, from, limit))?;
            let read = chunk.bytes.len() as u64;
            // The first line of what is not the whole log may have lost its beginning.
            let enough = self.last(&chunk).len() < chunk.bytes.len();
            if read < limit || enough || self.lines == 0 || limit >= MOST {
                return Ok(chunk);
            }
            limit *= 16;
        }
    }

    /// The last lines.
    pub fn last<'c>(&self, chunk: &'c LogChunk) -> &'c [u8] {
        chunk.last_lines(self.lines)
    }
}

/// How a log is named beside others.
pub fn named(log: &Log) -> String {
    format!("{} {}", short(&log.allocation.id), log.task)
}
