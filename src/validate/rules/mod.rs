//! The rules that a Nomad server applies to a job, one item a rule, one file a subject.
//!
//! [`check`] walks the job and runs the rules of each block on it; [`SUBJECTS`] is the list of
//! them all, from which `docs/rules.md` is written. Rules report as many findings as the server
//! does: where Nomad stops at the first mistake of a block, so does the walk
//! ([`Report::run_first`]).

mod admission;
mod artifact;
mod check;
mod cluster;
mod connect;
mod constraint;
mod csi;
mod gateway;
mod group;
mod identity;
mod job;
mod lifetime;
mod network;
mod periodic;
mod resources;
mod restart;
mod secret;
mod service;
mod task;
mod template;
mod update;
mod volume;
mod walk;

use super::report::{Out, Report};
use super::view::Block;
use crate::diagnostic::{Code, Severity};

pub use admission::{admission, request};
pub use walk::check;

/// One rule of the server.
#[derive(Debug)]
pub struct Rule {
    /// Its identity, what it demands, and the function or page of Nomad that it is from.
    pub code: &'static Code,
    /// Error where the server refuses, warning where it warns, note where only a cluster knows.
    pub severity: Severity,
    /// Looks at one block and says what is wrong.
    pub check: fn(&Cx<'_>, &Block<'_>, &mut Out<'_>),
}

/// The blocks around the one that a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// The job.
    pub job: &'a Block<'a>,
    /// The group, in a group.
    pub group: Option<&'a Block<'a>>,
    /// The task, in a task.
    pub task: Option<&'a Block<'a>>,
    /// The service, in a service.
    pub service: Option<&'a Block<'a>>,
}

impl Cx<'_> {
    /// `service`, `batch`, `system`, `sysbatch`, or what was written.
    fn job_type(&self) -> &str {
        match self.job.get("Type").as_str() {
            Some(kind) => kind,
            None => "service",
        }
    }
}

/// The rules of one kind of block.
#[derive(Debug)]
pub struct Subject {
    /// The block, as a heading.
    pub title: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
}

/// Every rule, by subject, in the order of their codes.
pub static SUBJECTS: &[Subject] = &[
    Subject { title: "job", rules: job::RULES },
    Subject { title: "what a cluster decides", rules: cluster::RULES },
    Subject { title: "before validation", rules: admission::RULES },
    Subject { title: "periodic and parameterized", rules: periodic::RULES },
    Subject { title: "group", rules: group::RULES },
    Subject { title: "update and migrate", rules: update::RULES },
    Subject { title: "restart, reschedule and disconnect", rules: restart::RULES },
    Subject { title: "constraint, affinity and spread", rules: constraint::RULES },
    Subject { title: "network", rules: network::RULES },
    Subject { title: "volume and volume_mount", rules: volume::RULES },
    Subject { title: "service", rules: service::RULES },
    Subject { title: "check", rules: check::RULES },
    Subject { title: "connect", rules: connect::RULES },
    Subject { title: "gateway", rules: gateway::RULES },
    Subject { title: "task", rules: task::RULES },
    Subject { title: "kill_timeout and shutdown_delay", rules: lifetime::RULES },
    Subject { title: "resources and logs", rules: resources::RULES },
    Subject { title: "template", rules: template::RULES },
    Subject { title: "artifact", rules: artifact::RULES },
    Subject { title: "identity and vault", rules: identity::RULES },
    Subject { title: "secret and action", rules: secret::RULES },
    Subject { title: "csi_plugin", rules: csi::RULES },
];

/// Declares the rules of one file: their codes and the lists in which they run.
///
/// Each rule is one line: severity, name of the code, id, the check function, what it demands,
/// and its source. Lists group rules that run on the same block; `RULES` and `CODES` have all.
macro_rules! rules {
    ($($list:ident { $($severity:ident $name:ident = $id:literal, $check:ident, $title:literal, $origin:literal;)+ })+) => {
        $($(
            #[doc = $title]
            pub static $name: $crate::diagnostic::Code =
                $crate::diagnostic::Code { id: $id, title: $title, origin: $origin };
        )+)+
        $(
            #[doc = concat!("The rules of the list `", stringify!($list), "`, in the server's order.")]
            pub static $list: &[$crate::validate::rules::Rule] = &[
                $($crate::validate::rules::Rule {
                    code: &$name,
                    severity: $crate::diagnostic::Severity::$severity,
                    check: $check,
                }),+
            ];
        )+
        /// Every rule of this file.
        pub static RULES: &[$crate::validate::rules::Rule] = &[
            $($($crate::validate::rules::Rule {
                code: &$name,
                severity: $crate::diagnostic::Severity::$severity,
                check: $check,
            }),+),+
        ];
    };
}
pub(in crate::validate) use rules;
