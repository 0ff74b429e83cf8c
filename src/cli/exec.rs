//! `exec`: a command inside a task.

use std::io::{Read, Write};

use clap::Args;

use super::context::{Access, Context};
use super::pick::PickArgs;
use super::target::TargetArgs;
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
    /// Pass on standard input
    #[arg(long, short)]
    interactive: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let target = self.target.open(context, &project, Access::Writes)?;
        let job = target.running()?;
        let log = self.pick.running(&target, &job)?;
        let request = ExecRequest { allocation: log.allocation.id, task: log.task, command: self.command };
        let input = self.interactive.then(|| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(16);
            // It ends with the process, for nothing ends a read that waits.
            std::thread::spawn(move || {
                let mut buffer = [0; 8192];
                while let Ok(read @ 1..) = std::io::stdin().lock().read(&mut buffer) {
                    if sender.send(buffer[..read].to_vec()).is_err() {
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
        let mut io = ExecIo { input, output: &mut output, interrupted: context.interrupted() };
        match target.cluster.exec(&request, &mut io)? {
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
