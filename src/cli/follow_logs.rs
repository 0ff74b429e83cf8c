//! `logs --follow`: the logs of a job as they grow, of allocations that come later too, until the job has ended.
//!
//! Each log has a stream in a thread of its own, which ends with the stream; what is printed, what is tried again and
//! what is over is decided in one place, from messages.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use serde_json::json;

use super::context::Context;
use super::log_events::{Message, PATIENCE, PAUSES, has_begun, is_dead, watch};
use super::logs::{ReadArgs, named};
use super::output::{Printer, Styled, style};
use super::pick::{Log, PickArgs};
use super::{Done, Result};
use crate::cluster::{
    Allocation, Cluster, DENIED, LogMark, LogStart, NOT_FOUND, RUBBISH, RunningJob, SERVER_ERROR,
    UNREACHABLE, Wait,
};
use crate::diagnostic::{Code, FailureKind};

/// Logs that are followed at once.
const FOLLOWED: usize = 32;

/// How long nothing comes until interrupts and repetitions are looked at.
const TURN: Duration = Duration::from_millis(200);

/// A stream without any sign of life for so long is broken; there is one a second.
const SILENCE: Duration = Duration::from_secs(20);

/// How long what broke is tried again, of a log whose task has ended.
const LITTLE_PATIENCE: Duration = Duration::from_secs(10);

/// The longest line that is kept whole, in bytes.
const LONGEST: usize = 64 * 1024;

/// What is followed, and how it is shown.
pub struct Follow<'f> {
    /// Around the command.
    pub context: &'f Context,
    /// The name of the job.
    pub name: &'f str,
    /// Which allocations and task.
    pub pick: &'f PickArgs,
    /// Which stream, and how much of what is there.
    pub read: &'f ReadArgs,
}

/// How a log is followed.
enum Stream {
    /// By a thread, which was last heard of then.
    Open(Instant),
    /// Again, after a pause.
    Again(Instant),
    /// No more.
    Ended,
}

/// A log that is followed.
struct Followed {
    log: Log,
    stream: Stream,
    /// Counts its streams, to tell the words of an old one.
    number: u32,
    /// Where what was shown ends, if that is known.
    mark: Option<LogMark>,
    /// Tells its thread that nobody listens.
    over: Arc<AtomicBool>,
    /// Since when it fails, and the next pause.
    failing: Option<(Instant, Duration)>,
    /// Whether its task has ended, and the signs of life without a byte since that is known.
    dead: Option<u8>,
    /// A line that is not whole yet.
    line: Vec<u8>,
}

/// All that is followed.
struct State<'f> {
    follow: &'f Follow<'f>,
    cluster: Arc<dyn Cluster>,
    sender: SyncSender<Message>,
    logs: Vec<Followed>,
    /// Allocations that are looked at no more.
    passed: HashSet<String>,
    failed: Option<FailureKind>,
    /// Why nothing more can come.
    end: Option<&'static str>,
    /// Whether what was passed on as it is did not end with a line.
    in_line: bool,
}

impl Follow<'_> {
    /// Shows the ends, and what comes.
    ///
    /// # Errors
    /// Those of the cluster, at the beginning or for long; what befalls one log of several is told on the way.
    pub fn run(&self, cluster: Box<dyn Cluster>, job: &RunningJob, logs: Vec<Log>) -> Result<Done> {
        if logs.len() > FOLLOWED {
            return Err(super::usage(
                format!("{} allocations are too many to be followed at once", logs.len()),
                "name one with `--alloc`, or a group with `--group`",
            ));
        }
        let cluster: Arc<dyn Cluster> = Arc::from(cluster);
        // A slow reader holds the streams up, not the memory.
        let (sender, receiver) = std::sync::mpsc::sync_channel(64);
        let mut state = State {
            follow: self,
            cluster: cluster.clone(),
            sender: sender.clone(),
            logs: Vec::new(),
            passed: cluster
                .allocations(&job.id, Wait::NOW)?
                .value
                .into_iter()
                .filter(|one| !one.is_live() && !logs.iter().any(|log| log.allocation.id == one.id))
                .map(|one| one.id)
                .collect(),
            failed: None,
            end: None,
            in_line: false,
        };
        let several = logs.len() > 1;
        // What has not begun joins when it has.
        for log in logs.into_iter().filter(has_begun) {
            state.begin(log, several)?;
        }
        let id = job.id.clone();
        std::thread::spawn(move || watch(&*cluster, &id, &sender));
        state.until_the_end(&receiver)
    }
}

impl<'f> State<'f> {
    /// Shows the end of a log that is there, and goes on from that place.
    fn begin(&mut self, log: Log, several: bool) -> Result<()> {
        let read = self.follow.read;
        let mark = match self.cluster.log_end(&read.request(&log, LogStart::End(0), 0)) {
            Ok(mark) => Some(mark),
            // Reading the log may be allowed, and listing files not.
            Err(failure) if failure.has(&DENIED) => None,
            Err(failure) => return Err(failure),
        };
        let tail = read.tail(&*self.cluster, &log, mark)?;
        let i = self.add(log, mark);
        self.show(i, read.last(&tail), several);
        if is_dead(&self.logs[i].log) {
            self.finish(i);
        } else {
            self.open(i, mark.map_or(LogStart::End(0), LogStart::Mark));
        }
        Ok(())
    }

    /// Follows a log that came later, from its beginning.
    fn join(&mut self, log: Log) {
        if self.logs.iter().filter(|log| !matches!(log.stream, Stream::Ended)).count() >= FOLLOWED {
            self.printer().status(format_args!("{}: not followed, for there are {FOLLOWED}", named(&log)));
            return;
        }
        let allocation = &log.allocation;
        self.printer().status(format_args!(
            "{}: {} of version {} has begun",
            named(&log),
            allocation.name,
            allocation.job_version
        ));
        let i = self.add(log, Some(LogMark::default()));
        self.open(i, LogStart::Mark(LogMark::default()));
    }

    fn add(&mut self, log: Log, mark: Option<LogMark>) -> usize {
        self.logs.push(Followed {
            log,
            stream: Stream::Ended,
            number: 0,
            mark,
            over: Arc::default(),
            failing: None,
            dead: None,
            line: Vec::new(),
        });
        self.logs.len() - 1
    }

    /// Starts a stream.
    fn open(&mut self, i: usize, from: LogStart) {
        let followed = &mut self.logs[i];
        // What an older stream may still say is read again by this one.
        followed.over.store(true, Ordering::Relaxed);
        followed.over = Arc::default();
        followed.number += 1;
        followed.stream = Stream::Open(Instant::now());
        let request = self.follow.read.request(&followed.log, from, 0);
        let (number, over) = (followed.number, followed.over.clone());
        let (cluster, sender) = (self.cluster.clone(), self.sender.clone());
        std::thread::spawn(move || {
            let result = cluster.follow_logs(&request, &mut |part| {
                let message = Message::Part(i, number, part.bytes.to_vec(), part.end);
                sender.send(message).is_ok() && !over.load(Ordering::Relaxed)
            });
            let _ = sender.send(Message::Closed(i, number, result));
        });
    }

    fn until_the_end(mut self, receiver: &Receiver<Message>) -> Result<Done> {
        let interrupted = self.follow.context.interrupted();
        loop {
            match receiver.recv_timeout(TURN) {
                Ok(Message::Part(i, number, bytes, end)) if self.logs[i].number == number => {
                    self.take(i, &bytes, end);
                }
                Ok(Message::Closed(i, number, result)) if self.logs[i].number == number => {
                    self.closed(i, result);
                }
                Ok(Message::Part(..) | Message::Closed(..)) => {}
                Ok(Message::State(job, allocations)) => self.look(job.as_deref(), allocations),
                Ok(Message::Blind(failure)) => return Err(failure),
                Err(RecvTimeoutError::Timeout) => self.repeat(),
                // The sender of the state itself is never dropped.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.printer().is_closed() {
                return Ok(Done::Ok);
            }
            if interrupted.load(Ordering::Relaxed) {
                (0..self.logs.len()).for_each(|i| self.flush(i));
                return Ok(Done::Shown(FailureKind::Interrupted));
            }
            if let Some(why) = self.end
                && self.logs.iter().all(|log| matches!(log.stream, Stream::Ended))
            {
                self.printer().status(format_args!("{} {why}: that is all", self.follow.name));
                break;
            }
        }
        Ok(self.failed.map_or(Done::Ok, Done::Shown))
    }

    /// A part of a log came.
    fn take(&mut self, i: usize, bytes: &[u8], end: Option<LogMark>) {
        let several = self.logs.len() > 1;
        let followed = &mut self.logs[i];
        if let Stream::Ended = followed.stream {
            return;
        }
        followed.stream = Stream::Open(Instant::now());
        followed.mark = end;
        followed.failing = None;
        if !bytes.is_empty() {
            followed.dead = followed.dead.map(|_| 0);
            self.show(i, bytes, several);
            return;
        }
        // What was printed before the end comes before the second sign of life after it.
        match &mut followed.dead {
            Some(1..) => self.finish(i),
            Some(signs) => *signs += 1,
            None => {}
        }
    }

    /// A stream ended, or broke.
    fn closed(&mut self, i: usize, result: Result<()>) {
        let printer = self.printer();
        let followed = &mut self.logs[i];
        if let Stream::Ended = followed.stream {
            return;
        }
        let failure = result.err();
        let is = |code: &Code| failure.as_ref().is_some_and(|failure| failure.has(code));
        // The cluster throws the logs of what has ended away.
        if followed.dead.is_some() && is(&NOT_FOUND) {
            return self.finish(i);
        }
        let passing =
            failure.is_none() || [&UNREACHABLE, &RUBBISH, &NOT_FOUND, &SERVER_ERROR].into_iter().any(is);
        let (since, pause) = followed.failing.unwrap_or((Instant::now(), PAUSES[0]));
        let patience = if followed.dead.is_some() { LITTLE_PATIENCE } else { PATIENCE };
        if !passing || since.elapsed() > patience {
            if let Some(failure) = &failure {
                printer.diagnostics(&failure.diagnostics);
            }
            self.failed =
                self.failed.or(Some(failure.map_or(FailureKind::Unreachable, |failure| failure.kind)));
            return self.finish(i);
        }
        if followed.failing.is_none() {
            let lost = if followed.mark.is_none() { "; what is printed meanwhile is not shown" } else { "" };
            printer.status(format_args!(
                "{}: the stream broke off, and is opened again{lost}",
                named(&followed.log)
            ));
        }
        followed.failing = Some((since, (pause * 2).min(PAUSES[1])));
        followed.stream = Stream::Again(Instant::now() + pause);
    }

    /// Opens streams again, the broken and the silent ones.
    fn repeat(&mut self) {
        for i in 0..self.logs.len() {
            let followed = &self.logs[i];
            let again = match followed.stream {
                Stream::Open(heard) => heard.elapsed() > SILENCE,
                Stream::Again(at) => Instant::now() >= at,
                Stream::Ended => false,
            };
            if again {
                self.open(i, followed.mark.map_or(LogStart::End(0), LogStart::Mark));
            }
        }
    }

    /// Looks at what came, what has ended, and whether anything can come.
    fn look(&mut self, job: Option<&RunningJob>, allocations: Vec<Allocation>) {
        let pick = self.follow.pick;
        for followed in self.logs.iter_mut().filter(|log| log.dead.is_none()) {
            match allocations.iter().find(|one| one.id == followed.log.allocation.id) {
                Some(now) => followed.log.allocation = now.clone(),
                None => followed.dead = Some(0),
            }
            if is_dead(&followed.log) {
                followed.dead = Some(0);
            }
        }
        let mut live = false;
        for allocation in allocations.into_iter().filter(|one| pick.means(one)) {
            live |= allocation.is_live();
            let known = self.logs.iter().any(|log| log.log.allocation.id == allocation.id);
            let (Some(job), false) = (job, known || self.passed.contains(&allocation.id)) else { continue };
            let id = allocation.id.clone();
            match pick.log(job, allocation) {
                Ok(log) if has_begun(&log) => self.join(log),
                // Its tasks are not known yet.
                Ok(_) => continue,
                Err(failure) => self.printer().diagnostics(&failure.diagnostics),
            }
            self.passed.insert(id);
        }
        self.end = match job {
            _ if live => None,
            None => Some("is gone"),
            Some(job) if job.stopped => Some("is stopped"),
            Some(job) if job.status == "dead" => Some("has ended"),
            Some(_) if pick.names_allocations() => Some("runs on, but not the allocation"),
            Some(_) => None,
        };
    }

    /// A log is at its end.
    fn finish(&mut self, i: usize) {
        self.flush(i);
        let printer = self.printer();
        let followed = &mut self.logs[i];
        followed.stream = Stream::Ended;
        followed.over.store(true, Ordering::Relaxed);
        printer.status(format_args!("{}: has ended", named(&followed.log)));
    }

    /// Shows bytes of a log: of the only one as they are, else whole lines, so that logs do not mix in a line.
    fn show(&mut self, i: usize, bytes: &[u8], several: bool) {
        let printer = self.printer();
        if !several && printer.is_text() {
            self.in_line = bytes.last().map_or(self.in_line, |last| *last != b'\n');
            return printer.bytes(bytes);
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.logs[i].line;
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() > LONGEST {
                self.flush(i);
            }
        }
    }

    /// Shows what there is of a line.
    fn flush(&mut self, i: usize) {
        let printer = self.printer();
        let followed = &mut self.logs[i];
        let bytes = std::mem::take(&mut followed.line);
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.in_line) {
            printer.bytes(b"\n");
        }
        if printer.is_text() {
            return line(printer, &followed.log, &bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        let object = json!({
            "allocation": followed.log.allocation.id, "task": followed.log.task,
            "stream": self.follow.read.stream(), "line": text.strip_suffix('\n').unwrap_or(&text),
        });
        printer.result(format_args!("{object}\n"));
    }

    fn printer(&self) -> &'f Printer {
        &self.follow.context.printer
    }
}

/// A line of one of several logs.
pub fn line(printer: &Printer, log: &Log, bytes: &[u8]) {
    let name = format!("{}  ", named(log));
    let prefix = if printer.colour() { Styled(style::DIM, name).to_string() } else { name };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    printer.bytes(&[prefix.as_bytes(), bytes, b"\n"].concat());
}
