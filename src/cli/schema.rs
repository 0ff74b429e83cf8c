//! `schema`: the JSON Schemas that editors and other tools use.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::{Context, write_file};
use super::{Done, Result};
use crate::diagnostic::Failure;
use crate::jobspec::reference;
use crate::load::schema;

/// Print a JSON Schema: of job files, of platy.yaml, or of a compiled job
///
/// The schema of job files knows the `taskargs` of each template of the project.
#[derive(Debug, Args)]
pub struct Command {
    /// What the schema is of
    #[arg(value_enum, default_value = "job")]
    of: Of,
    /// Write all three into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "of")]
    write: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Job files, `jobs/NAME.yaml`.
    Job,
    /// The project file, `platy.yaml`.
    Platy,
    /// A job in the JSON of Nomad's API.
    NomadJob,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        match self.write {
            None => context.printer.result(text(context, self.of)?),
            Some(folder) => {
                for (of, name) in [(Of::Job, "job"), (Of::Platy, "platy"), (Of::NomadJob, "nomad-job")] {
                    let path = folder.join(format!("{name}.schema.json"));
                    write_file(&path, text(context, of)?.as_bytes())?;
                    context.printer.line(path.display());
                }
            }
        }
        Ok(Done::Ok)
    }
}

fn text(context: &Context, of: Of) -> Result<String> {
    Ok(match of {
        Of::Job => schema::text(&schema::job_of(&context.project()?).map_err(Failure::invalid)?),
        Of::Platy => schema::text(&schema::platy()),
        Of::NomadJob => schema::text(&reference::json_schema()),
    })
}
