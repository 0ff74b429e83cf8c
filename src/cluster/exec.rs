//! A command inside a task: what crosses the trait.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;

/// Which command runs where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecRequest {
    /// The allocation.
    pub allocation: String,
    /// The task.
    pub task: String,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Whether it has a terminal; its two streams are one then.
    pub tty: bool,
}

/// A stream that a command writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a command reads and writes.
pub struct ExecIo<'e> {
    /// Its standard input, which ends with the sender; `None` is an empty one.
    pub input: Option<Receiver<Vec<u8>>>,
    /// Takes what it writes.
    pub output: &'e mut dyn FnMut(Stream, &[u8]),
    /// How large our terminal is now, as rows and columns; asked often.
    pub size: Option<&'e dyn Fn() -> Option<(u16, u16)>>,
    /// Set from elsewhere to let go of it.
    pub interrupted: &'e AtomicBool,
}
