//! Every block of Nomad's job specification, declared once: its attributes, types, labels,
//! nested blocks, JSON names and constant defaults.
//!
//! Nomad's documentation calls these the blocks of a job; its API has the same names in
//! `api.Job`. A line is an attribute: HCL name, JSON name, meaning. What the helpers mean is in
//! [`declare`](super::declare).

mod connect;
mod gateway;
mod group;
mod job;
mod placement;
mod resources;
mod service;
mod strategy;
mod task;
mod template;

pub use connect::*;
pub use gateway::*;
pub use group::*;
pub use job::*;
pub use placement::*;
pub use resources::*;
pub use service::*;
pub use strategy::*;
pub use task::*;
pub use template::*;
