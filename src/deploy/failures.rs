//! Why tasks failed: their events in words, exit code or signal, and the end of their log.

use crate::cluster::{Allocation, Cluster, LogRequest, LogStart, TaskEvent, TaskState};

/// Lines of the log that are shown.
const LOG_LINES: usize = 20;

/// Tasks that are told of; more are the same story.
const TOLD: usize = 3;

/// A task that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// The allocation.
    pub allocation: String,
    /// Its node.
    pub node: String,
    /// The group.
    pub group: String,
    /// The task.
    pub task: String,
    /// How it ended last, if it ran.
    pub ended: Option<Ended>,
    /// How often it was restarted.
    pub restarts: u64,
    /// Its last events in words, oldest first, each with its time in nanoseconds since 1970.
    pub events: Vec<(i64, String)>,
    /// The last lines of standard error, or of standard output where that is empty.
    pub log: Vec<String>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Exit(i64),
    /// By this signal.
    Signal(i64),
    /// It used more memory than it may.
    OutOfMemory,
}

/// The failures in these allocations, at most three, one per task name and group.
pub fn of(cluster: &dyn Cluster, allocations: &[Allocation]) -> Vec<TaskFailure> {
    let mut told: Vec<TaskFailure> = Vec::new();
    let mut newest: Vec<_> = allocations.iter().collect();
    newest.sort_by_key(|found| std::cmp::Reverse(found.modify_index));
    for allocation in newest {
        for (name, state) in &allocation.task_states {
            let same = |other: &TaskFailure| other.task == *name && other.group == allocation.task_group;
            if told.len() >= TOLD || told.iter().any(same) || !has_failed(allocation, state) {
                continue;
            }
            told.push(TaskFailure {
                allocation: allocation.id.clone(),
                node: allocation.node_name.clone(),
                group: allocation.task_group.clone(),
                task: name.clone(),
                ended: state.events.iter().rev().find_map(ended),
                restarts: state.restarts,
                events: state.events.iter().map(|event| (event.time, words(event))).collect(),
                log: log(cluster, &allocation.id, name),
            });
        }
    }
    told
}

fn has_failed(allocation: &Allocation, state: &TaskState) -> bool {
    let unhealthy = allocation.deployment_status.healthy == Some(false);
    let ended_badly = state.events.iter().any(|event| {
        event.fails_task
            || event.kind == "Driver Failure"
            || matches!(ended(event), Some(end) if end != Ended::Exit(0))
    });
    // A task that only never became healthy has no bad event; its allocation says so.
    state.failed || ended_badly || (unhealthy && state.state != "dead")
}

/// How a task ended, if the event says that it did.
pub fn ended(event: &TaskEvent) -> Option<Ended> {
    if event.kind != "Terminated" {
        return None;
    }
    if event.details.get("oom_killed").is_some_and(|killed| killed == "true") {
        return Some(Ended::OutOfMemory);
    }
    Some(if event.signal != 0 { Ended::Signal(event.signal) } else { Ended::Exit(event.exit_code) })
}

/// The words of an event in one line.
fn words(event: &TaskEvent) -> String {
    let message = event.display_message.split_whitespace().collect::<Vec<_>>().join(" ");
    match (event.kind.as_str(), message.is_empty()) {
        (kind, true) => kind.to_owned(),
        ("Terminated", false) => match ended(event) {
            Some(Ended::Exit(code)) => format!("Terminated: exit code {code}"),
            Some(Ended::Signal(signal)) => format!("Terminated: {}", signal_name(signal)),
            Some(Ended::OutOfMemory) => "Terminated: out of memory".to_owned(),
            None => message,
        },
        (kind, false) => format!("{kind}: {message}"),
    }
}

/// The name of a signal, as kill(1) writes it.
pub fn signal_name(signal: i64) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// The end of the log. A log that cannot be read is no reason to hide the rest.
fn log(cluster: &dyn Cluster, allocation: &str, task: &str) -> Vec<String> {
    for stderr in [true, false] {
        let request = LogRequest {
            allocation: allocation.to_owned(),
            task: task.to_owned(),
            stderr,
            from: LogStart::End(16 * 1024),
            limit: 16 * 1024,
        };
        match cluster.logs(&request) {
            Ok(chunk) if !chunk.bytes.trim_ascii().is_empty() => return chunk.last_texts(LOG_LINES),
            Ok(_) => {}
            Err(_) => return Vec::new(),
        }
    }
    Vec::new()
}
