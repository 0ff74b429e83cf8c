//! `jobspec`: what Nomad makes of a raw job file, without a Nomad.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{Context, masker};
use super::output::{Format, Styled, style};
use super::{Done, OUTPUT, Result, usage};
use crate::diagnostic::{self, Diagnostic, Failure, FailureKind, Source};
use crate::diff::{self, text::Show};
use crate::jobspec::functions::Files;
use crate::jobspec::{self, Job, Variables, syntax};
use crate::load;
use crate::validate::{self, Finding};

/// Work with Nomad job files directly: parse, validate, diff, format
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Parse(Parse),
    Validate(Validate),
    Diff(Diff),
    Fmt(Fmt),
    ToHcl(ToHcl),
}

/// Print the JSON that Nomad makes of job files
#[derive(Debug, Args)]
struct Parse {
    /// Job files in HCL or JSON; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
}

/// Judge job files by the rules of a Nomad server and its drivers, offline
#[derive(Debug, Args)]
struct Validate {
    /// Job files in HCL or JSON; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
}

/// Show the difference of two jobs, after defaults
#[derive(Debug, Args)]
struct Diff {
    /// The job as it was
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// The job as it will be
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// Exit with 2 if there are differences
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    variables: VariableArgs,
}

/// Format job files as `nomad fmt` does, keeping comments
#[derive(Debug, Args)]
struct Fmt {
    /// Files to format in place; `-` formats stdin to stdout
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; fail with exit code 3 if a file is not formatted
    #[arg(long)]
    check: bool,
}

/// Print HCL for a job in JSON
#[derive(Debug, Args)]
struct ToHcl {
    /// A job in JSON (or HCL); `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    variables: VariableArgs,
}

#[derive(Debug, Args)]
struct VariableArgs {
    /// Set a variable of the job file
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// A file of variables
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
}

impl VariableArgs {
    fn read(&self, file: &Path) -> Result<Variables> {
        let mut args = Vec::new();
        for arg in &self.vars {
            let (name, value) = arg
                .split_once('=')
                .ok_or_else(|| usage(format!("`--var {arg}` has no `=`"), "write `--var NAME=VALUE`"))?;
            args.push((name.to_owned(), value.to_owned()));
        }
        let env = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("NOMAD_VAR_").filter(|name| !name.is_empty())?;
            Some((name.to_owned(), value.into_string().ok()?))
        });
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let base = file.parent().filter(|parent| !parent.as_os_str().is_empty() && file != Path::new("-"));
        let folders = Files {
            base: base.map_or_else(|| working.clone(), |parent| working.join(parent)),
            working,
            home: std::env::var_os("HOME").map(PathBuf::from),
        };
        Ok(Variables {
            args,
            files: self.var_files.iter().map(|path| read(path)).collect::<Result<_>>()?,
            env: env.collect(),
            folders: Some(folders),
        })
    }
}

/// The largest job file that is read.
const MAX_BYTES: u64 = 64 << 20;

fn read(path: &Path) -> Result<Source> {
    let stdin = path == Path::new("-");
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = if stdin {
        load::bounded(std::io::stdin().lock(), MAX_BYTES)
    } else {
        std::fs::File::open(path).and_then(|file| load::bounded(file, MAX_BYTES))
    };
    let refuse = |message: String| Failure::new(FailureKind::Other, Diagnostic::error(&OUTPUT, message));
    match bytes {
        Ok(Some(bytes)) => {
            let text = load::utf8(&name, bytes).map_err(|problem| Failure::from(*problem))?;
            Ok(Source::new(name, text))
        }
        Ok(None) => Err(refuse(format!("`{name}` is larger than {} MiB", MAX_BYTES >> 20))),
        Err(error) => Err(refuse(format!("`{name}` cannot be read: {error}"))),
    }
}

fn job(path: &Path, variables: &VariableArgs) -> Result<Job> {
    let source = read(path)?;
    jobspec::parse(&source, &variables.read(path)?).map_err(Failure::invalid)
}

impl Command {
    /// Whether this is `jobspec diff`.
    pub(super) fn is_diff(&self) -> bool {
        matches!(self.action, Action::Diff(_))
    }

    pub(super) fn run(self, context: &Context) -> Result<Done> {
        match self.action {
            Action::Parse(command) => command.run(context),
            Action::Validate(command) => command.run(context),
            Action::Diff(command) => command.run(context),
            Action::Fmt(command) => command.run(context),
            Action::ToHcl(command) => command.run(context),
        }
    }
}

impl Parse {
    fn run(&self, context: &Context) -> Result<Done> {
        let mut problems = Vec::new();
        for file in &self.files {
            match job(file, &self.variables) {
                Ok(job) => context.printer.line(job.to_json().trim_end()),
                Err(failure) if failure.kind == FailureKind::Invalid => problems.extend(failure.diagnostics),
                Err(failure) => return Err(failure),
            }
        }
        if problems.is_empty() { Ok(Done::Ok) } else { Err(Failure::invalid(problems)) }
    }
}

impl Validate {
    fn run(&self, context: &Context) -> Result<Done> {
        let printer = &context.printer;
        let mut refused = false;
        for file in &self.files {
            let verdict = match job(file, &self.variables) {
                Ok(job) => validate::jobspec(&job),
                Err(failure) if failure.kind == FailureKind::Invalid => {
                    refused = true;
                    if printer.is_text() {
                        printer.diagnostics(&failure.diagnostics);
                        printer.line(format_args!("{}: {}", file.display(), Styled(style::BAD, "invalid")));
                    } else {
                        let errors = diagnostic::json::list(&failure.diagnostics);
                        printer.json(&json!({"file": file.display().to_string(), "errors": errors, "warnings": [], "not_checked": []}));
                    }
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            refused |= !verdict.is_accepted();
            if printer.is_text() {
                let all: Vec<Diagnostic> = verdict.diagnostics().cloned().collect();
                printer.diagnostics(&all);
                let word = if verdict.is_accepted() {
                    Styled(style::GOOD, "valid")
                } else {
                    Styled(style::BAD, "invalid")
                };
                let unchecked = match verdict.not_checked.len() {
                    0 => String::new(),
                    number => format!(", {number} not checked offline"),
                };
                printer.line(format_args!("{}: {word}{unchecked}", file.display()));
            } else {
                printer.json(&json!({
                    "file": file.display().to_string(),
                    "errors": list(&verdict.errors),
                    "warnings": list(&verdict.warnings),
                    "not_checked": list(&verdict.not_checked),
                }));
            }
        }
        Ok(if refused { Done::Shown(FailureKind::Invalid) } else { Done::Ok })
    }
}

fn list(findings: &[Finding]) -> serde_json::Value {
    let mut list = diagnostic::json::list(findings.iter().map(|finding| &finding.diagnostic));
    for (value, finding) in list.as_array_mut().into_iter().flatten().zip(findings) {
        value["path"] = finding.path.clone().into();
    }
    list
}

impl Diff {
    fn run(&self, context: &Context) -> Result<Done> {
        let (from, to) = (job(&self.from, &self.variables)?, job(&self.to, &self.variables)?);
        let difference = diff::diff(Some(&from), Some(&to));
        let printer = &context.printer;
        let show = Show { style: printer.diff_style(), ..Show::plain(masker()) };
        match printer.format {
            Format::Json => printer.json(&diff::json::to_json(&difference, &show)),
            Format::Nomad => {
                let shown = diff::nomad::diff(Some(&from), Some(&to));
                printer.json(&serde_json::to_value(shown).unwrap_or_default());
            }
            _ if difference.is_none() => printer.status("the jobs are the same"),
            _ => printer.result(diff::text::render(&difference, &show)),
        }
        Ok(if self.exit_code && !difference.is_none() { Done::Differences } else { Done::Ok })
    }
}

impl Fmt {
    fn run(&self, context: &Context) -> Result<Done> {
        let mut unformatted = false;
        for path in &self.files {
            let source = read(path)?;
            let formatted = syntax::format(source.text()).map_err(|errors| {
                Failure::invalid(errors.iter().map(|error| error.to_diagnostic(&source)).collect())
            })?;
            if path == Path::new("-") && !self.check {
                context.printer.result(formatted);
            } else if formatted != source.text() {
                unformatted = true;
                context.printer.line(source.name());
                if !self.check {
                    super::context::write_file(path, formatted.as_bytes())?;
                }
            }
        }
        Ok(if self.check && unformatted { Done::Shown(FailureKind::Invalid) } else { Done::Ok })
    }
}

impl ToHcl {
    fn run(&self, context: &Context) -> Result<Done> {
        let hcl = job(&self.file, &self.variables)?.emit();
        context.printer.diagnostics(&hcl.left_out);
        context.printer.result(&hcl.text);
        Ok(Done::Ok)
    }
}
