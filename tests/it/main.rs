//! The integration tests: one module for each area, in one binary that links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test panics where it fails, and says what it skips"
)]

mod agent;
mod cluster;
mod cluster_local;
mod corpus;
mod deploy;
mod diff;
mod fake_nomad;
mod findings;
mod fleet;
mod functions;
mod jobspec_defaults;
mod jobspec_emit;
mod jobspec_json;
mod jobspec_parse;
mod jobspec_reference;
mod merge;
mod render;
mod rules;
mod syntax;
mod wrapper;
mod yaml;
