//! The one place that decides what is printed, where, and in which form.
//!
//! Results go to stdout, all else to stderr. Colour is data: styles are written always and
//! taken out by the stream where it is no terminal, or where `NO_COLOR` is set.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

use crate::diagnostic::{Diagnostic, Failure, json, text};
use crate::diff;

/// The form of a command's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One documented object.
    Json,
    /// A comment on a pull request (only `plan`).
    Markdown,
    /// Nomad's job specification language (only `render`).
    Hcl,
    /// The JSON of the server's JobDiff (only `jobspec diff`).
    Nomad,
}

/// The styles that we use; each has one meaning.
pub mod style {
    use super::{AnsiColor, Style};

    /// A name the reader looks for.
    pub const BOLD: Style = Style::new().bold();
    /// Something added, or well.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// Something removed, or failed.
    pub const BAD: Style = AnsiColor::Red.on_default();
    /// Something changed, or a warning.
    pub const CHANGED: Style = AnsiColor::Yellow.on_default();
    /// Where something came from: worth knowing, not worth reading first.
    pub const DIM: Style = Style::new().dimmed();
}

/// A text in a style.
pub struct Styled<T>(pub Style, pub T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.0.render(), self.1, self.0.render_reset())
    }
}

/// Decides all output of one run.
#[derive(Debug)]
pub struct Printer {
    /// The form of the result.
    pub format: Format,
    /// Whether only results and errors are shown.
    pub quiet: bool,
    /// Whether details are shown that are usually left out.
    pub verbose: bool,
    /// Whether the reader of stdout has gone; nothing more is written then.
    closed: AtomicBool,
}

impl Printer {
    /// A printer for this form.
    pub fn new(format: Format, quiet: bool, verbose: bool) -> Self {
        Self { format, quiet, verbose, closed: AtomicBool::new(false) }
    }

    /// Whether results are for people.
    pub fn is_text(&self) -> bool {
        !matches!(self.format, Format::Json | Format::Markdown)
    }

    /// Whether stderr is a terminal on which a line may be redrawn.
    pub fn is_live(&self) -> bool {
        !self.quiet && self.is_text() && std::io::stderr().is_terminal()
    }

    /// The style of a difference on stdout.
    pub fn diff_style(&self) -> diff::style::Style {
        if self.colour() { diff::style::Style::coloured() } else { diff::style::Style::plain() }
    }

    /// Whether stdout shows colour.
    pub fn colour(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
    }

    /// Whether stderr shows colour.
    pub fn error_colour(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
    }

    /// Writes a part of the result to stdout as it is.
    pub fn result(&self, text: impl fmt::Display) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut out = anstream::stdout().lock();
        // A closed pipe (`| head`) is no failure: the reader has what it wanted.
        if write!(out, "{text}").and_then(|()| out.flush()).is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// Writes bytes to stdout as they are, whatever they are.
    pub fn bytes(&self, bytes: &[u8]) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut out = std::io::stdout().lock();
        if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether nobody reads the result any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Writes a line of the result to stdout.
    pub fn line(&self, text: impl fmt::Display) {
        self.result(format_args!("{text}\n"));
    }

    /// Writes the result as JSON.
    pub fn json(&self, value: &serde_json::Value) {
        self.result(format_args!("{value:#}\n"));
    }

    /// Says something about the way there, on stderr; not with `--quiet`.
    pub fn status(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says a detail, on stderr; only with `--verbose`.
    pub fn detail(&self, text: impl fmt::Display) {
        if self.verbose {
            self.say(text);
        }
    }

    /// Draws findings on stderr.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        if !diagnostics.is_empty() {
            self.say(text::render(diagnostics, self.error_colour()).trim_end());
            self.say("");
        }
    }

    /// Shows why the command failed: drawn on stderr, or as an object on stdout.
    pub fn failure(&self, failure: &Failure) {
        if self.format != Format::Json {
            self.diagnostics(&failure.diagnostics);
        } else {
            self.json(&serde_json::json!({
                "exit_code": failure.kind.exit_code(),
                "errors": json::list(&failure.diagnostics),
            }));
        }
    }

    fn say(&self, text: impl fmt::Display) {
        let mut err = anstream::stderr().lock();
        // Nothing can be said where stderr is gone.
        let _ = writeln!(err, "{text}");
    }
}
