//! `render`: the job file as Nomad gets it.

use clap::Args;

use super::context::{Access, Context, SetArgs, StageArgs, job_names};
use super::output::Format;
use super::{Done, Result};

/// Print the job as Nomad gets it, wrapper and all
///
/// HCL unless `--format json` asks for the JSON of Nomad's API.
#[derive(Debug, Args)]
pub struct Command {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    name: String,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    set: SetArgs,
    /// Print the template's text after rendering, before anything is injected
    #[arg(long)]
    template: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Reads)?;
        let compiled = context.compiler(&project).job(&self.name, stage, &self.set.parse()?)?;
        let printer = &context.printer;
        if self.template {
            printer.result(compiled.rendered.source.text());
        } else if printer.format == Format::Json {
            printer.line(compiled.job().to_json().trim_end());
        } else {
            let hcl = compiled.job().emit();
            printer.diagnostics(&hcl.left_out);
            printer.result(&hcl.text);
        }
        printer.diagnostics(&compiled.warnings);
        Ok(Done::Ok)
    }
}
