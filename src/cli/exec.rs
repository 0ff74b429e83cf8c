//! `exec`: a command inside a task.

use std::io::{Read, Write};
use std::sync::atomic::Ordering;

use clap::Args;

use super::context::{Access, Context};
use super::pick::PickArgs;
use super::target::TargetArgs;
use super::terminal::{self, Escape, Raw};
use super::{Done, Result};
use crate::cluster::{ExecIo, ExecRequest, Stream};
use crate::diagnostic::{Diagnostic, Failure, FailureKind};

/// Run a command in a task of a job; its exit code is ours
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pick: PickArgs,
    /// Pass on standard input; so it is where standard input and output are a terminal
    #[arg(long, short)]
    interactive: bool,
    /// Give the command a terminal; so it is where standard input and output are one
    #[arg(long, short, overrides_with = "no_tty")]
    tty: bool,
    /// Give the command no terminal
    #[arg(long)]
    no_tty: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let terminal = terminal::is_there();
        if self.tty && !terminal {
            let hint = "leave `--tty` out where one of them is a pipe or a file";
            return Err(super::usage(
                "standard input and output are no terminal that could be passed on",
                hint,
            ));
        }
        let tty = terminal && !self.no_tty;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        let log = self.pick.running(&target, &job)?;
        let request =
            ExecRequest { allocation: log.allocation.id, task: log.task, command: self.command, tty };
        let interrupted = context.interrupted();
        let input = (self.interactive || terminal).then(|| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(16);
            let mut escape = tty.then(Escape::new);
            // It ends with the process, for nothing ends a read that waits.
            std::thread::spawn(move || {
                let mut buffer = [0; 8192];
                while let Ok(read @ 1..) = std::io::stdin().lock().read(&mut buffer) {
                    let keys = &buffer[..read];
                    let passed =
                        escape.as_mut().map_or_else(|| Some(keys.to_vec()), |escape| escape.pass(keys));
                    let Some(passed) = passed else {
                        interrupted.store(true, Ordering::Relaxed);
                        break;
                    };
                    if sender.send(passed).is_err() {
                        break;
                    }
                }
            });
            receiver
        });
        // What the command writes is passed on as it is: it may be no text.
        let mut output = |stream, bytes: &[u8]| {
            let _ = match stream {
                Stream::Stdout => {
                    let mut out = std::io::stdout().lock();
                    out.write_all(bytes).and_then(|()| out.flush())
                }
                Stream::Stderr => std::io::stderr().lock().write_all(bytes),
            };
        };
        let size: Option<&dyn Fn() -> Option<(u16, u16)>> = if tty { Some(&terminal::size) } else { None };
        let mut io = ExecIo { input, output: &mut output, size, interrupted };
        let raw = tty.then(Raw::take).transpose().map_err(|error| {
            let message = format!("the terminal cannot be passed on: {error}");
            super::usage(message, "add `--no-tty`")
        })?;
        let ended = target.cluster.exec(&request, &mut io);
        // What is said from here on is for a terminal as it was.
        drop(raw);
        match ended? {
            Some(0) => Ok(Done::Ok),
            // A code beyond a byte is cut by every shell; here it is at least no success.
            Some(code) => Ok(Done::Exit(u8::try_from(code).unwrap_or(u8::MAX))),
            None => {
                let diagnostic =
                    Diagnostic::error(&super::NOT_CONFIRMED, "interrupted; the command may go on");
                Err(Failure::new(FailureKind::Interrupted, diagnostic))
            }
        }
    }
}
