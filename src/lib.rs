//! platy-manage: ten lines of YAML become a submitted, monitored job on Nomad.
//!
//! ```text
//! platy.yaml ─┐
//! jobs/N.yaml ┴─ load ── merge ── render ── parse ── inject ── validate ──┬── render/emit
//!                spans   layers   minijinja  HCL2     wrapper   all levels ├── diff
//!                                                                         └── submit
//! ```
//!
//! One direction, no way back: each step takes the previous one's value and gives the next one
//! a new value or [`diagnostic::Diagnostic`]s. Only `cli` and the report renderers print.

pub mod project;

pub mod load;

pub mod merge;

pub mod render;

pub mod jobspec;

pub mod inject;

pub mod validate;

pub mod compile;

pub mod diff;

pub mod secret;

pub mod git;

pub mod revision;

pub mod cluster;

pub mod deploy;

pub mod diagnostic;

pub mod cli;
