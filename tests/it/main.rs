//! The integration tests: one module for each area, in one binary that links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test panics where it fails, and says what it skips"
)]

mod agent;
mod cli_cases;
mod cli_commands;
mod cli_drift;
mod cli_gone;
mod cli_list;
mod cli_needs;
mod cli_operate;
mod cli_places;
mod cli_plan;
mod cli_project;
mod cli_prune;
mod cli_stages;
mod cli_status;
mod cli_waivers;
mod cluster;
mod cluster_local;
mod connection;
mod connection_agent;
mod corpus;
mod declared;
mod deploy;
mod diff;
mod docs;
mod driver_config;
mod e2e;
mod e2e_deploy;
mod e2e_drift;
#[cfg(unix)]
mod e2e_exec;
mod e2e_logs;
mod e2e_operate;
mod e2e_plan;
mod e2e_restart;
mod e2e_status;
mod e2e_under_way;
mod fake_nomad;
mod findings;
mod fleet;
mod functions;
mod git_diff;
mod hold;
mod jobspec_defaults;
mod jobspec_emit;
mod jobspec_json;
mod jobspec_parse;
mod jobspec_places;
mod jobspec_reference;
mod literal_secrets;
mod merge;
mod parser_edges;
mod places;
mod policies;
mod readme;
mod render;
mod rules;
mod secret_findings;
mod secret_values;
mod server_differences;
mod server_requests;
mod syntax;
mod wrapper;
mod yaml;
