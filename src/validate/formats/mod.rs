//! The small languages inside a job's texts, each parsed as far as a server parses it.

pub mod cron;
pub mod duration;
pub mod go_regex;
pub mod name;
pub mod path;
pub mod url;
pub mod version;
