//! The integration tests: one module for each area, in one binary that links once.

mod corpus;
mod diff;
mod fleet;
mod jobspec_defaults;
mod jobspec_emit;
mod jobspec_json;
mod jobspec_parse;
mod render;
mod rules;
mod syntax;
mod wrapper;
