//! `job` and what stands only there: `periodic`, `parameterized`, `multiregion`, `ui`.

use super::{AFFINITY, CONSTRAINT, GROUP, MIGRATE, RESCHEDULE, SECRET, SPREAD, TASK, UPDATE, VAULT};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, Width};

/// The whole job.
#[rustfmt::skip]
pub static JOB: BlockType = BlockType::new("job", "Job", "A unit of work that Nomad runs and keeps running", &[
    Field::string("region", "Region", "Region in which the job runs").null().default(Default::Str("global")),
    Field::string("namespace", "Namespace", "Namespace in which the job runs").null().default(Default::Str("default")),
    Field::string("id", "ID", "Identifier of the job, unique in its namespace; the block's label unless written").null().default(Default::Str("")),
    Field::string("name", "Name", "Name that is shown; the identifier unless written").null(),
    Field::string("type", "Type", "Scheduler: `service`, `batch`, `system` or `sysbatch`").null().default(Default::Str("service")),
    Field::int("priority", "Priority", Width::Int, "Precedence when resources are scarce, 1 to 100").null().default(Default::Int(50)),
    Field::bool("all_at_once", "AllAtOnce", "Whether all groups must be placed in one go").null().default(Default::Bool(false)),
    Field::strings("datacenters", "Datacenters", "Datacenters that may run the job; `*` matches any text"),
    Field::string("node_pool", "NodePool", "Pool of nodes that may run the job").null().default(Default::Str("default")),
    Field::blocks("constraint", "Constraints", &CONSTRAINT, "Conditions that a node must meet"),
    Field::blocks("affinity", "Affinities", &AFFINITY, "Preferences among nodes"),
    Field::blocks("group", "TaskGroups", &GROUP, "Groups of tasks that run together on one node"),
    Field::block("update", "Update", &UPDATE, "How a new version is rolled out, for all groups"),
    Field::block("multiregion", "Multiregion", &MULTIREGION, "Regions in which the job runs (Nomad Enterprise)"),
    Field::blocks("spread", "Spreads", &SPREAD, "How allocations are spread over nodes"),
    Field::block("periodic", "Periodic", &PERIODIC, "When the job is started again and again"),
    Field::block("parameterized", "ParameterizedJob", &PARAMETERIZED, "What a dispatch of the job must or may bring"),
    Field::block("reschedule", "Reschedule", &RESCHEDULE, "How failed allocations move to other nodes, for all groups").not_kept(),
    Field::block("migrate", "Migrate", &MIGRATE, "How allocations leave a draining node, for all groups").not_kept(),
    Field::map("meta", "Meta", MapForm::Either, "Free metadata, seen by tasks as `NOMAD_META_*`"),
    Field::block("ui", "UI", &UI, "What Nomad's web page shows of the job"),
    Field::bool("", "Stop", "Whether the job is stopped").null().default(Default::Bool(false)),
    Field::string("", "ParentID", "The periodic or parameterized job that started this one").null().default(Default::Str("")),
    Field::bool("", "Dispatched", "Whether a dispatch made this job").not_kept(),
    Field::string("", "DispatchIdempotencyToken", "Token that makes a dispatch happen once").null().default(Default::Str("")).not_kept(),
    Field::string("", "Payload", "What the dispatch brought, in base64").null(),
    Field::string("", "ConsulNamespace", "Consul namespace of all groups that name none (Nomad Enterprise)").null().default(Default::Str("")).not_kept(),
    Field::string("", "VaultNamespace", "Vault namespace of the whole job (Nomad Enterprise)").null().default(Default::Str("")),
    Field::string("", "NomadTokenID", "Accessor of the token that registered the job").null().default(Default::Str("")),
    Field::string("", "Status", "State of the job: `pending`, `running` or `dead`").null().default(Default::Str("")),
    Field::string("", "StatusDescription", "State of the job in words").null().default(Default::Str("")),
    Field::bool("", "Stable", "Whether this version was deployed with success").null().default(Default::Bool(false)),
    Field::int("", "Version", Width::U64, "Version of the job, from 0").null().default(Default::Int(0)),
    Field::int("", "SubmitTime", Width::Int, "When it was submitted, in nanoseconds since 1970").null().default(Default::Int(0)),
    Field::int("", "CreateIndex", Width::U64, "Raft index at which it was first registered").null().default(Default::Int(0)),
    Field::int("", "ModifyIndex", Width::U64, "Raft index of its last change of any kind").null().default(Default::Int(0)),
    Field::int("", "JobModifyIndex", Width::U64, "Raft index of the last change of its specification").null().default(Default::Int(0)),
    Field::block("", "VersionTag", &VERSION_TAG, "Name given to this version"),
]).labels(&["ID"]).inherited(&[
    Field::block("vault", "", &VAULT, "Vault access of every task that has none of its own"),
    Field::blocks("secret", "", &SECRET, "Secrets of every task"),
    Field::blocks("task", "", &TASK, "A group of one task, named like it"),
]);

/// When a job is started again and again.
#[rustfmt::skip]
pub static PERIODIC: BlockType = BlockType::new("periodic", "Periodic", "When a batch job is started again and again", &[
    Field::bool("enabled", "Enabled", "Whether the schedule is followed").null().default(Default::Bool(true)),
    Field::string("cron", "Spec", "When to start: a cron expression").null().default(Default::Str("")),
    Field::strings("crons", "Specs", "When to start: several cron expressions").default(Default::Empty),
    Field::string("", "SpecType", "Kind of schedule: `cron`").null().default(Default::Str("cron")),
    Field::bool("prohibit_overlap", "ProhibitOverlap", "Whether a start waits for the end of the run before").null().default(Default::Bool(false)),
    Field::string("time_zone", "TimeZone", "Time zone of the cron expressions, as in `Europe/Berlin`").null().default(Default::Str("UTC")),
]);

/// What a dispatch of the job must or may bring.
#[rustfmt::skip]
pub static PARAMETERIZED: BlockType = BlockType::new("parameterized", "ParameterizedJob", "Makes the job one that runs when it is dispatched", &[
    Field::string("payload", "Payload", "Whether a payload is `optional`, `required` or `forbidden`").default(Default::Str("optional")),
    Field::strings("meta_required", "MetaRequired", "Metadata keys that a dispatch must set").empty_is_set(),
    Field::strings("meta_optional", "MetaOptional", "Metadata keys that a dispatch may set").empty_is_set(),
]);

/// Regions in which the job runs.
#[rustfmt::skip]
pub static MULTIREGION: BlockType = BlockType::new("multiregion", "Multiregion", "Runs the job in several regions (Nomad Enterprise)", &[
    Field::block("strategy", "Strategy", &MULTIREGION_STRATEGY, "How a version is rolled out over the regions").default(Default::Block),
    Field::blocks("region", "Regions", &MULTIREGION_REGION, "The regions, in the order of the rollout").default(Default::Empty),
]);

/// How a version is rolled out over regions.
#[rustfmt::skip]
pub static MULTIREGION_STRATEGY: BlockType = BlockType::new("strategy", "Strategy", "How a version is rolled out over the regions", &[
    Field::int("max_parallel", "MaxParallel", Width::Int, "Regions deployed at once; 0 for all").null().default(Default::Int(0)),
    Field::string("on_failure", "OnFailure", "What a failed region does to the others: `fail_all` or `fail_local`").null().default(Default::Str("")),
]);

/// One region of a job in several.
#[rustfmt::skip]
pub static MULTIREGION_REGION: BlockType = BlockType::new("region", "Region", "One of the regions in which the job runs", &[
    Field::string("", "Name", "Name of the region"),
    Field::int("count", "Count", Width::Int, "Count of groups that set none").null().default(Default::Int(1)),
    Field::strings("datacenters", "Datacenters", "Datacenters in this region").default(Default::Empty),
    Field::string("node_pool", "NodePool", "Pool of nodes in this region"),
    Field::map("meta", "Meta", MapForm::Block, "Metadata of the job in this region").default(Default::Empty),
]).labels(&["Name"]);

/// What Nomad's web page shows.
#[rustfmt::skip]
pub static UI: BlockType = BlockType::new("ui", "UI", "What Nomad's web page shows of the job", &[
    Field::string("description", "Description", "Text in Markdown"),
    Field::blocks("link", "Links", &UI_LINK, "Links to other pages"),
]);

/// A link on Nomad's web page.
#[rustfmt::skip]
pub static UI_LINK: BlockType = BlockType::new("link", "Link", "A link to another page", &[
    Field::string("label", "Label", "Text of the link"),
    Field::string("url", "URL", "Address of the link"),
]);

/// A name given to a version.
#[rustfmt::skip]
pub static VERSION_TAG: BlockType = BlockType::new("version_tag", "VersionTag", "A name given to a version of the job", &[
    Field::string("", "Name", "The name"),
    Field::string("", "Description", "What is special about the version"),
    Field::int("", "TaggedTime", Width::Int, "When it was named, in nanoseconds since 1970"),
]);
