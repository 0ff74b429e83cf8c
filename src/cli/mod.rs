//! The command line: a thin shell over the library, one file a command.
//!
//! A command's file holds its arguments (whose doc comments are its help) and one function from
//! them to a [`Failure`] or an exit code. Only this module and the report renderers print, and
//! only this module reads the environment.

mod again;
mod apply;
mod apply_file;
mod asking;
mod back;
pub(crate) mod batch;
mod completions;
mod context;
mod create;
mod diff;
pub(crate) mod dispatch;
mod drift;
mod emergency_start;
mod emergency_stop;
mod exec;
mod explain;
mod fail;
pub(crate) mod follow;
mod follow_logs;
mod guarded;
mod history;
mod instances;
mod jobspec;
mod list;
mod live;
mod log_events;
mod logs;
pub(crate) mod orphans;
mod output;
mod pick;
mod plan;
mod planning;
mod progress;
mod promote;
pub(crate) mod prune;
pub mod reference;
mod render;
pub(crate) mod restart;
mod revisions;
mod rollback;
pub(crate) mod rollout;
mod run;
pub(crate) mod scale;
mod schema;
mod start;
mod status;
mod stop;
mod submit_args;
pub(crate) mod target;
mod terminal;
mod update;
mod validate;
mod versions;
mod watch;
mod watching;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
pub use output::{Format, Printer};

crate::codes! {
    /// The arguments contradict each other or the project.
    USAGE = "P0001", "the command line is wrong", "docs/commands.md";
    /// A question could not be asked.
    NOT_CONFIRMED = "P0002", "a destructive command was not confirmed", "docs/commands.md";
    /// An output could not be written.
    OUTPUT = "P0003", "a file could not be read or written", "";
}

/// Turn a few lines of YAML into a monitored job on Nomad.
///
/// A job is one file, jobs/NAME.yaml. Each command works on jobs by name, in the stage that is
/// named: `platy-manage create fooserver --stage=devel`.
#[derive(Debug, Parser)]
#[command(name = "platy-manage", version, max_term_width = 100, subcommand_required = true)]
#[command(arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The folder with platy.yaml; without it, found by walking up from the working folder
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// The form of the result
    #[arg(long, global = true, value_enum, default_value_t, hide_default_value = true)]
    format: Format,
    /// Show details that are usually left out
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Show only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Command),
    Update(update::Command),
    Plan(plan::Command),
    Apply(apply::Command),
    Prune(prune::Command),
    Diff(diff::Command),
    Drift(drift::Command),
    Status(status::Command),
    List(list::Command),
    Watch(watch::Command),
    Promote(promote::Command),
    Fail(fail::Command),
    History(history::Command),
    Rollback(rollback::Command),
    Logs(logs::Command),
    Exec(exec::Command),
    Scale(scale::Command),
    Restart(restart::Command),
    Dispatch(dispatch::Command),
    Run(run::Command),
    Stop(stop::Command),
    Start(start::Command),
    EmergencyStop(emergency_stop::Command),
    EmergencyStart(emergency_start::Command),
    Schema(schema::Command),
    Render(render::Command),
    Validate(validate::Command),
    Explain(explain::Command),
    Jobspec(jobspec::Command),
    Completions(completions::Command),
}

impl Command {
    /// Refuses a form of output that the command does not have.
    fn takes(&self, format: Format) -> Result<()> {
        let only = match (format, self) {
            (Format::Text | Format::Json, _) | (Format::Hcl, Self::Render(_)) => return Ok(()),
            (Format::Markdown, Self::Plan(_)) => return Ok(()),
            (Format::Markdown, Self::Diff(command)) if command.is_of_revisions() => return Ok(()),
            (Format::Markdown, _) => "`plan` and `diff --base`",
            (Format::Nomad, Self::Jobspec(command)) if command.is_diff() => return Ok(()),
            (Format::Hcl, _) => "`render`",
            _ => "`jobspec diff`",
        };
        Err(usage(format!("this form of output is only for {only}"), "use `--format json`, or leave it out"))
    }
}

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Exit code 0.
    Ok,
    /// Exit code 2: there are differences, and `--exit-code` was given.
    Differences,
    /// The failure has been shown already, as part of the command's own result.
    Shown(FailureKind),
    /// The exit code of a command that ran elsewhere.
    Exit(u8),
}

/// Runs the command line and gives the exit code of the process.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    clap_complete::CompleteEnv::with_factory(Cli::command).bin("platy-manage").complete();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; all else is a wrong command line.
            let code = if error.use_stderr() { FailureKind::Usage.exit_code() } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let printer = Printer::new(cli.global.format, cli.global.quiet, cli.global.verbose);
    if let Err(failure) = cli.command.takes(cli.global.format) {
        printer.failure(&failure);
        return ExitCode::from(failure.kind.exit_code());
    }
    let context = context::Context::new(cli.global.project, printer);
    let done = match cli.command {
        Command::Create(command) => command.run(&context),
        Command::Update(command) => command.run(&context),
        Command::Plan(command) => command.run(&context),
        Command::Apply(command) => command.run(&context),
        Command::Prune(command) => command.run(&context),
        Command::Diff(command) => command.run(&context),
        Command::Drift(command) => command.run(&context),
        Command::Status(command) => command.run(&context),
        Command::List(command) => command.run(&context),
        Command::Watch(command) => command.run(&context),
        Command::Promote(command) => command.run(&context),
        Command::Fail(command) => command.run(&context),
        Command::History(command) => command.run(&context),
        Command::Rollback(command) => command.run(&context),
        Command::Logs(command) => command.run(&context),
        Command::Exec(command) => command.run(&context),
        Command::Scale(command) => command.run(&context),
        Command::Restart(command) => command.run(&context),
        Command::Dispatch(command) => command.run(&context),
        Command::Run(command) => command.run(&context),
        Command::Stop(command) => command.run(&context),
        Command::Start(command) => command.run(&context),
        Command::EmergencyStop(command) => command.run(&context),
        Command::EmergencyStart(command) => command.run(&context),
        Command::Schema(command) => command.run(&context),
        Command::Render(command) => command.run(&context),
        Command::Validate(command) => command.run(&context),
        Command::Explain(command) => command.run(&context),
        Command::Jobspec(command) => command.run(&context),
        Command::Completions(command) => command.run(&context),
    };
    let code = match done {
        Ok(Done::Ok) => 0,
        Ok(Done::Differences) => 2,
        Ok(Done::Shown(kind)) => kind.exit_code(),
        Ok(Done::Exit(code)) => code,
        Err(failure) => {
            context.printer.failure(&failure);
            failure.kind.exit_code()
        }
    };
    ExitCode::from(code)
}

/// The command line as the reference page and the man pages need it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// A duration of the command line.
fn duration(text: &str) -> std::result::Result<Duration, String> {
    let nanoseconds = crate::jobspec::duration::parse(text).and_then(|number| u64::try_from(number).ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| "write it as `90s` or `15m`".to_owned())
}

/// Refuses a deadline for what is not waited for.
fn check_wait(detach: bool, timeout: Option<Duration>) -> Result<()> {
    if detach && timeout.is_some() {
        return Err(usage(
            "`--detach` waits for nothing, so `--timeout` has no meaning",
            "leave one of them out",
        ));
    }
    Ok(())
}

/// A failure of the command line itself.
fn usage(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Usage, Diagnostic::error(&USAGE, message).hint(hint))
}
