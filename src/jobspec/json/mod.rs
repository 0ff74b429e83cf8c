//! A job from the JSON of Nomad's API and back.
//!
//! Reading gives every value its place in the text, so that an error in a JSON job file can be
//! shown. Writing makes exactly what `nomad job run -output` prints: every key in Nomad's
//! order, `null` and zero where nothing was written.

mod read;
mod text;
mod write;

pub use read::CODES;
pub use text::{Json, JsonNode, parse};
