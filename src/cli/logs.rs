//! `logs`: what the tasks of a job print.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::context::{Access, Context};
use super::output::{Printer, Styled, style};
use super::restart::{NO_TASK, short, unknown};
use super::scale::NO_GROUP;
use super::target::{Target, TargetArgs};
use super::{Done, Result};
use crate::cluster::{Allocation, Cluster, LogRequest, LogStart, RunningJob, Wait};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

/// The most that is read of a log to find its last lines, in bytes.
const TAIL: u64 = 1 << 20;

/// Allocations that are followed at once.
const FOLLOWED: usize = 32;

/// How long nothing comes until the state of the tasks is asked for.
const PAUSE: Duration = Duration::from_secs(1);

/// Show what the tasks of a job print
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pick: PickArgs,
    /// Standard error instead of standard output
    #[arg(long)]
    stderr: bool,
    /// Go on until the tasks end
    #[arg(long, short)]
    follow: bool,
    /// So many of the last lines of each
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    lines: usize,
}

/// Which task, of which allocations.
#[derive(Debug, Args)]
pub struct PickArgs {
    /// The task; without it, the only one, or the main one of its group
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Only the allocations of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only the allocation whose ID begins like this
    #[arg(long, value_name = "ID")]
    alloc: Option<String>,
}

/// A task of an allocation.
pub struct Log {
    /// The allocation.
    pub allocation: Allocation,
    /// The name of the task.
    pub task: String,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Reads)?;
        let job = self.instance(context, &target, target.held()?)?;
        let logs = self.pick.logs(context, &target, &job)?;
        let printer = &context.printer;
        if !printer.is_text() {
            let logs = logs
                .iter()
                .map(|log| {
                    let lines = self.tail(&*target.cluster, log)?.1;
                    Ok(json!({"allocation": log.allocation.id, "task": log.task, "lines": lines}))
                })
                .collect::<Result<Vec<Json>>>()?;
            printer.json(&json!({
                "job": target.name, "stage": target.stage.name, "job_id": job.id, "logs": logs,
            }));
            return Ok(Done::Ok);
        }
        if self.follow {
            return self.follow(printer, target.cluster, &logs);
        }
        for log in &logs {
            let prefix = prefix(log, logs.len());
            for line in self.tail(&*target.cluster, log)?.1 {
                printer.line(format_args!("{prefix}{line}"));
            }
        }
        Ok(Done::Ok)
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

    fn request(&self, log: &Log, from: LogStart) -> LogRequest {
        LogRequest {
            allocation: log.allocation.id.clone(),
            task: log.task.clone(),
            stderr: self.stderr,
            from,
            limit: TAIL,
        }
    }

    /// The last lines, and how many bytes they are from the end.
    fn tail(&self, cluster: &dyn Cluster, log: &Log) -> Result<(u64, Vec<String>)> {
        let chunk = cluster.logs(&self.request(log, LogStart::End(TAIL)))?;
        let lines = chunk.last_lines(self.lines);
        let bytes = lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
        Ok((bytes.min(chunk.bytes), lines))
    }

    /// Shows the ends, and what comes, until all tasks have ended. Ctrl-C ends the process, as of any filter.
    fn follow(&self, printer: &Printer, cluster: Box<dyn Cluster>, logs: &[Log]) -> Result<Done> {
        if logs.len() > FOLLOWED {
            return Err(super::usage(
                format!("{} allocations are too many to be followed at once", logs.len()),
                "name one with `--alloc`, or a group with `--group`",
            ));
        }
        let cluster: Arc<dyn Cluster> = Arc::from(cluster);
        // A slow reader holds the streams up, not the memory.
        let (sender, receiver) = std::sync::mpsc::sync_channel(64);
        let mut streams = Vec::new();
        for (i, log) in logs.iter().enumerate() {
            let (bytes, _) = self.tail(&*cluster, log)?;
            let request = self.request(log, LogStart::End(bytes));
            let (cluster, sender) = (cluster.clone(), sender.clone());
            // Nothing ends a read that waits: the threads end with the process.
            std::thread::spawn(move || {
                let result =
                    cluster.follow_logs(&request, &mut |bytes| sender.send((i, Ok(bytes.to_vec()))).is_ok());
                if let Err(failure) = result {
                    let _ = sender.send((i, Err(failure)));
                }
            });
            streams.push(Lines { printer, prefix: prefix(log, logs.len()), line: Vec::new() });
        }
        drop(sender);
        let mut over = false;
        loop {
            match receiver.recv_timeout(PAUSE) {
                Ok((i, Ok(bytes))) => {
                    streams[i].push(&bytes);
                    over = false;
                }
                // The others go on.
                Ok((_, Err(failure))) if logs.len() > 1 => printer.diagnostics(&failure.diagnostics),
                Ok((_, Err(failure))) => return Err(failure),
                Err(RecvTimeoutError::Disconnected) => break,
                // What was printed last comes within a pause of the end.
                Err(RecvTimeoutError::Timeout) if over => break,
                Err(RecvTimeoutError::Timeout) => over = self.are_over(&*cluster, logs)?,
            }
            if printer.is_closed() {
                return Ok(Done::Ok);
            }
        }
        streams.iter_mut().for_each(Lines::finish);
        printer.status(format_args!(
            "{} ended",
            if logs.len() == 1 { "the task has" } else { "all tasks have" }
        ));
        Ok(Done::Ok)
    }

    /// Whether nothing more can come.
    fn are_over(&self, cluster: &dyn Cluster, logs: &[Log]) -> Result<bool> {
        let Some(first) = logs.first() else { return Ok(true) };
        let now = cluster.allocations(&first.allocation.job, Wait::NOW)?.value;
        Ok(logs.iter().all(|log| {
            let state = now.iter().find(|one| one.id == log.allocation.id);
            state.and_then(|one| one.task_states.get(&log.task)).is_none_or(|state| state.state == "dead")
        }))
    }
}

impl PickArgs {
    /// The logs that are meant: of what runs, else of what ran last.
    fn logs(&self, context: &Context, target: &Target<'_>, job: &RunningJob) -> Result<Vec<Log>> {
        let all = self.allocations(target, job)?;
        let (live, ended): (Vec<Allocation>, Vec<Allocation>) =
            all.into_iter().partition(|one| one.client_status == "running");
        let chosen = match (live.is_empty(), ended.into_iter().next()) {
            (false, _) => live,
            (true, Some(last)) => {
                context.printer.status(format_args!(
                    "nothing runs; the last allocation: {} ({})",
                    short(&last.id),
                    last.client_status
                ));
                vec![last]
            }
            (true, None) => {
                let message = format!("`{}` has no allocation that printed anything", target.name);
                let hint = format!("to see why: `{}`", target.command("status"));
                let diagnostic = Diagnostic::error(&super::restart::NOTHING_RUNS, message).hint(hint);
                return Err(Failure::new(FailureKind::Other, diagnostic));
            }
        };
        chosen.into_iter().map(|allocation| self.log(job, allocation)).collect()
    }

    /// Decides the task.
    fn log(&self, job: &RunningJob, allocation: Allocation) -> Result<Log> {
        let tasks: Vec<String> = allocation.task_states.keys().cloned().collect();
        if let Some(task) = &self.task {
            if !tasks.contains(task) {
                return Err(unknown(&NO_TASK, "task", task, &tasks));
            }
            return Ok(Log { allocation, task: task.clone() });
        }
        let groups = job.job["TaskGroups"].as_array();
        let group =
            groups.into_iter().flatten().find(|group| group["Name"] == allocation.task_group.as_str());
        let main: Vec<&str> = group
            .and_then(|group| group["Tasks"].as_array())
            .into_iter()
            .flatten()
            .filter(|task| task["Lifecycle"].is_null())
            .filter_map(|task| task["Name"].as_str())
            .collect();
        match (&main[..], &tasks[..]) {
            ([only], _) => Ok(Log { task: (*only).to_owned(), allocation }),
            (_, [only]) => Ok(Log { task: only.clone(), allocation }),
            _ => {
                let message = format!("group `{}` has several tasks", allocation.task_group);
                let hint = format!("name one with `--task`: {}", tasks.join(", "));
                Err(Failure::new(FailureKind::Other, Diagnostic::error(&NO_TASK, message).hint(hint)))
            }
        }
    }

    /// The newest allocation that runs.
    pub fn running(&self, target: &Target<'_>, job: &RunningJob) -> Result<Log> {
        let mut all = self.allocations(target, job)?;
        all.retain(|one| one.client_status == "running");
        let message = format!("nothing of `{}` runs in `{}`", target.name, target.stage.name);
        let newest = all.into_iter().next().ok_or_else(|| {
            let hint = format!("to see why: `{}`", target.command("status"));
            Failure::new(
                FailureKind::Other,
                Diagnostic::error(&super::restart::NOTHING_RUNS, message).hint(hint),
            )
        })?;
        self.log(job, newest)
    }

    /// The allocations that are meant, the newest first.
    fn allocations(&self, target: &Target<'_>, job: &RunningJob) -> Result<Vec<Allocation>> {
        let mut all = target.cluster.allocations(&job.id, Wait::NOW)?.value;
        all.retain(|one| !one.task_states.is_empty());
        all.sort_by_key(|one| std::cmp::Reverse(one.create_index));
        if let Some(id) = &self.alloc {
            let known: Vec<String> = all.iter().map(|one| short(&one.id).to_owned()).collect();
            all.retain(|one| one.id.starts_with(id.as_str()));
            if all.is_empty() {
                return Err(unknown(&super::restart::NOTHING_RUNS, "allocation", id, &known));
            }
        }
        if let Some(group) = &self.group {
            let known: Vec<String> = all.iter().map(|one| one.task_group.clone()).collect();
            all.retain(|one| one.task_group == *group);
            if all.is_empty() {
                return Err(unknown(&NO_GROUP, "group", group, &known));
            }
        }
        Ok(all)
    }
}

/// What stands before each line where there are several logs.
fn prefix(log: &Log, logs: usize) -> String {
    if logs == 1 {
        return String::new();
    }
    Styled(style::DIM, format!("{} {}  ", short(&log.allocation.id), log.task)).to_string()
}

/// Puts a prefix before each line of a stream, and shows whole lines only, so that streams do not mix in a line.
struct Lines<'p> {
    printer: &'p Printer,
    prefix: String,
    line: Vec<u8>,
}

impl Lines<'_> {
    /// The longest line that is kept whole, in bytes.
    const LONGEST: usize = 64 * 1024;

    fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() > Self::LONGEST {
                self.show();
            }
        }
    }

    fn finish(&mut self) {
        if !self.line.is_empty() {
            self.show();
        }
    }

    fn show(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        self.printer.line(format_args!("{}{}", self.prefix, text.trim_end_matches(['\n', '\r'])));
        self.line.clear();
    }
}
