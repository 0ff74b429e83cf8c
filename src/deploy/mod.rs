//! From a compiled job to a running one: the guards, the submission, the watch.

pub mod canaries;
pub mod credit;
pub mod drift;
pub mod failures;
pub mod guard;
pub mod hold;
pub mod instance;
pub mod outcome;
pub mod planfile;
pub mod submit;
pub mod verdict;
pub mod watch;
