//! The language of Nomad: parse, evaluate, the block declarations, decode, defaults, and
//! HCL and JSON out.

pub mod declare;
pub mod syntax;
pub mod tree;
