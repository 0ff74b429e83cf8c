//! What is heard while logs are followed: parts of them, and how the job and its allocations are.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use super::Result;
use super::pick::Log;
use crate::cluster::{Allocation, Cluster, LogMark, RUBBISH, RunningJob, SERVER_ERROR, UNREACHABLE, Wait};
use crate::diagnostic::Failure;

/// How long the state of the job is waited for.
const STATE: Duration = Duration::from_secs(2);

/// How long what broke is tried again.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The first pause before a repetition, and the longest.
pub const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(5)];

/// What the threads say.
pub enum Message {
    /// A part of the log at this place of the list; the number is that of its stream.
    Part(usize, u32, Vec<u8>, Option<LogMark>),
    /// A stream ended.
    Closed(usize, u32, Result<()>),
    /// How the job is now; `None` where it is gone.
    State(Option<Box<RunningJob>>, Vec<Allocation>),
    /// The state could not be had for too long.
    Blind(Failure),
}

/// Tells how the job is, again and again.
pub fn watch(cluster: &dyn Cluster, job: &str, sender: &SyncSender<Message>) {
    let mut index = 0;
    let mut failing: Option<(Instant, Duration)> = None;
    loop {
        let seen = cluster.read_job(job).and_then(|job_now| {
            let allocations = cluster.allocations(job, Wait::after(index, STATE))?;
            Ok((job_now, allocations))
        });
        let message = match seen {
            Ok((job, allocations)) => {
                failing = None;
                // A wait of zero begins anew where the index went back.
                index = if allocations.index < index { 0 } else { allocations.index };
                Message::State(job.map(Box::new), allocations.value)
            }
            Err(failure) => {
                let (since, pause) = failing.unwrap_or((Instant::now(), PAUSES[0]));
                let passing = [&UNREACHABLE, &RUBBISH, &SERVER_ERROR].iter().any(|code| failure.has(code));
                if passing && since.elapsed() < PATIENCE {
                    failing = Some((since, (pause * 2).min(PAUSES[1])));
                    std::thread::sleep(pause);
                    continue;
                }
                Message::Blind(failure)
            }
        };
        if sender.send(message).is_err() {
            return;
        }
    }
}

/// Whether the task has ended for good.
pub fn is_dead(log: &Log) -> bool {
    let state = log.allocation.task_states.get(&log.task).map(|task| task.state.as_str());
    state == Some("dead") || log.allocation.client_status == "complete" || log.allocation.has_failed()
}

/// Whether there is a log: Nomad has none of a task that never started.
pub fn has_begun(log: &Log) -> bool {
    let task = log.allocation.task_states.get(&log.task);
    task.is_some_and(|task| !task.started_at.is_empty())
}
