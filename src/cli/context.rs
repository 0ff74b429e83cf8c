//! What the commands share: the project, the stages they were told, the cluster of a stage.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use clap::Args;
use clap_complete::ArgValueCompleter;

use super::{NOT_CONFIRMED, OUTPUT, Printer, usage};
use crate::compile::Compiler;
use crate::deploy::guard;
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
use crate::git::Git;
use crate::merge::SetArg;
use crate::project::{JobEntry, Project, Stage};
use crate::secret::Masker;

/// What was found around the command: printer, project folder.
pub struct Context {
    /// Decides all output.
    pub printer: Printer,
    folder: Option<PathBuf>,
}

/// The stages that a command works on.
#[derive(Debug, Args)]
pub struct StageArgs {
    /// The stage; several with commas. A protected stage is reached only by writing its name here
    #[arg(short, long = "stage", value_name = "STAGE", value_delimiter = ',')]
    #[arg(add = ArgValueCompleter::new(super::completions::stages))]
    pub stages: Vec<String>,
}

/// All stages at once, for the commands that take many.
#[derive(Debug, Args)]
pub struct AllStagesArg {
    /// Every stage; a command that writes leaves the protected ones out
    #[arg(long, conflicts_with = "stages")]
    pub all_stages: bool,
}

/// The jobs that a command works on.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// The jobs
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all", add = job_names())]
    pub names: Vec<String>,
    /// Every job of the project
    #[arg(long)]
    pub all: bool,
}

impl JobsArgs {
    /// The jobs, in the order in which they were named.
    pub fn select(&self, project: &Project) -> Result<Vec<JobEntry>> {
        if self.all { project.jobs() } else { project.pick(&self.names) }
    }
}

/// One value set from the command line.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Set a value above all layers, e.g. `--set num_instances=3`, `--set taskargs.workers=8`
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

impl SetArgs {
    /// The values as the merge takes them.
    pub fn parse(&self) -> Result<Vec<SetArg>> {
        self.set
            .iter()
            .map(|text| SetArg::parse(text).map_err(|problem| Failure::new(FailureKind::Usage, *problem)))
            .collect()
    }

    /// The values as they may be recorded: secrets are masked.
    pub fn masked(&self) -> Vec<String> {
        let masker = masker();
        let one = |text: &String| match text.split_once('=') {
            Some((path, value)) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                format!("{path}={}", masker.value(name, value))
            }
            None => text.clone(),
        };
        self.set.iter().map(one).collect()
    }
}

/// Whether a command changes a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads: protected stages are as any other.
    Reads,
    /// It writes: a protected stage must be named on the command line.
    Writes,
}

impl Context {
    /// The context of one run.
    pub fn new(folder: Option<PathBuf>, printer: Printer) -> Self {
        Self { printer, folder }
    }

    /// Opens the project: `--project`, else by walking up from the working folder.
    pub fn project(&self) -> Result<Project> {
        match &self.folder {
            Some(folder) => Project::open(folder),
            None => Project::find(&std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))),
        }
    }

    /// Set once the user presses Ctrl-C; from the first call on, that no longer ends the process.
    pub fn interrupted(&self) -> &'static AtomicBool {
        static INTERRUPTED: AtomicBool = AtomicBool::new(false);
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // Without a handler Ctrl-C ends the process, which is right too.
            let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
        });
        &INTERRUPTED
    }

    /// A compiler for the project, today.
    pub fn compiler<'p>(&self, project: &'p Project) -> Compiler<'p> {
        Compiler::new(project, jiff::Zoned::now().date())
    }

    /// The stages that the command line selects.
    ///
    /// Without `--stage`, `default_stage` is taken; it can never be a protected one, nor does
    /// `--all-stages` select a protected stage for a command that writes.
    pub fn stages<'p>(
        &self,
        project: &'p Project,
        args: &StageArgs,
        all: bool,
        access: Access,
    ) -> Result<Vec<&'p Stage>> {
        if all {
            let stages = project.stages.values();
            return Ok(stages.filter(|stage| may(access, stage).is_ok()).collect());
        }
        if !args.stages.is_empty() {
            let mut stages: Vec<&Stage> = Vec::new();
            for name in &args.stages {
                let stage = project.stage(name)?;
                if !stages.iter().any(|other| other.name == stage.name) {
                    stages.push(stage);
                }
            }
            return Ok(stages);
        }
        match &project.default_stage {
            Some(name) => {
                let stage = project.stage(name)?;
                may(access, stage)?;
                Ok(vec![stage])
            }
            None => {
                let names: Vec<_> = project.stages.keys().map(String::as_str).collect();
                Err(usage(
                    "no stage is named, and the project has no `default_stage`",
                    format!("add `--stage=STAGE`, one of: {}", names.join(", ")),
                ))
            }
        }
    }

    /// The one stage that the command line selects.
    pub fn stage<'p>(&self, project: &'p Project, args: &StageArgs, access: Access) -> Result<&'p Stage> {
        match self.stages(project, args, false, access)?[..] {
            [stage] => Ok(stage),
            _ => Err(usage("this command works on one stage", "name one with `--stage=STAGE`")),
        }
    }

    /// Asks before something that cannot be taken back.
    ///
    /// # Errors
    /// `Usage` where nobody can be asked and `--yes` was not given; `Interrupted` for a no.
    pub fn confirm(&self, yes: bool, question: &str) -> Result<()> {
        if yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(usage(
                format!("nobody can be asked here: {question}"),
                "add `--yes` to confirm it on the command line",
            ));
        }
        let mut err = anstream::stderr().lock();
        let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Interrupted,
            Diagnostic::error(&NOT_CONFIRMED, "not confirmed; nothing was changed"),
        ))
    }
}

/// Whether a stage may be taken that the command line does not name.
fn may(access: Access, stage: &Stage) -> Result<()> {
    match access {
        Access::Reads => Ok(()),
        Access::Writes => guard::named(stage, false),
    }
}

/// Completion of job names.
pub fn job_names() -> ArgValueCompleter {
    ArgValueCompleter::new(super::completions::jobs)
}

/// What hides secrets in this run: the key is random, so a fingerprint tells nothing to others, and one for the
/// whole run, so that the same secret is seen to be the same in every job.
pub fn masker() -> &'static Masker {
    static MASKER: OnceLock<Masker> = OnceLock::new();
    MASKER.get_or_init(|| Masker::new(uuid::Uuid::new_v4().as_bytes()))
}

/// The user that the system knows.
pub fn login() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default()
}

/// Who works on the cluster: as git names them, else as the system does.
pub fn user(project: &Project) -> String {
    Git::find(&project.root).ok().flatten().and_then(|git| git.user()).unwrap_or_else(login)
}

/// Writes a file whole or not at all: beside it, then in its place.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write_beside(path, bytes, OpenOptions::new().write(true).create(true).truncate(true))
}

/// The same, for its owner's eyes only.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    write_beside(path, bytes, &options)
}

fn write_beside(path: &Path, bytes: &[u8], options: &OpenOptions) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let open = options.open(&beside);
    let written = open
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // What could not be put in place is of no use.
        let _ = std::fs::remove_file(&beside);
        let message = format!("`{}` cannot be written: {error}", path.display());
        Failure::new(FailureKind::Other, Diagnostic::error(&OUTPUT, message))
    })
}

/// The `NOMAD_*` variables that the process was started with.
pub fn nomad_environment() -> crate::cluster::Environment {
    crate::cluster::Environment::from_lookup(|name| std::env::var(name).ok())
}
