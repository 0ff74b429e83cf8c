//! The language of Nomad: parse, evaluate, the block declarations, decode, defaults, and
//! HCL and JSON out.

pub mod blocks;
pub mod declare;
pub(crate) mod decode;
mod defaults;
pub mod duration;
pub mod emit;
pub mod eval;
pub mod functions;
pub mod job;
pub mod json;
pub mod reference;
pub mod syntax;
pub mod tree;
pub(crate) mod variables;

pub use job::Job;
pub use variables::Variables;

use crate::diagnostic::{Diagnostic, Source};

/// Reads a job file, in HCL or as Nomad's JSON, the way Nomad's own parser does.
///
/// # Errors
/// Every mistake in the text, at its place.
pub fn parse(source: &Source, variables: &Variables) -> Result<Job, Vec<Diagnostic>> {
    if source.text().trim_start().starts_with('{') {
        return Job::from_json(source);
    }
    decode::hcl(source, variables)
}
